"""What each of two processes does in test_crew.

python -m tests.signgen.training.crew_child FOLDER
"""

import dataclasses
import json
import math
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from signgen.training.crew import Crew, join_crew
from signgen.training.denoiser import DenoiserObjective
from signgen.training.loop import fit
from signgen.training.settings import DenoiserTraining, Optimisation
from signgen.training.stages import freeze_all_but
from signgen.training.trainer import Trainer, dice, step_seed
from tests.signgen.training.lines import SETTINGS, line, run_in
from tests.signgen.training.tiny import CPU, tiny_pipeline, tiny_scenes

BATCH = Optimisation(batch_size=2)


def denoiser() -> DenoiserObjective:
    """Return an untrained denoiser; what is frozen is in eval mode, without dropout."""
    pipeline, settings = tiny_pipeline(), DenoiserTraining()
    objective = DenoiserObjective(pipeline=pipeline, scenes=tiny_scenes(), settings=settings)
    freeze_all_but(pipeline, objective)
    return objective


def batch_of(rank: int, objective: DenoiserObjective) -> object:
    """Return the first batch of a process."""
    return objective.draw(BATCH.batch_size, dice(step_seed(0, "denoiser", 0, rank), CPU))


def average_gradient(folder: Path, crew: Crew) -> None:
    """Write the gradient that this process has when all have averaged."""
    objective = denoiser()
    trainer = Trainer(objective, BATCH, run_in(folder, crew=crew))
    trainer.backward(batch_of(crew.rank, objective))
    found = {n: p.grad for n, p in trainer.parameters.items() if p.grad is not None}
    crew.average(list(found.values()))
    save_file(found, folder / f"gradient-{crew.rank}.safetensors")


def train_lines(folder: Path, crew: Crew) -> None:
    """Train to the end, and once with a process that is out of time before it begins."""
    trained = line(seed=crew.rank)  # the lead's weights are everybody's
    fit(trained, SETTINGS, run_in(folder / f"all-{crew.rank}", crew=crew))
    late = 0.0 if crew.rank == 1 else math.inf
    stopped = fit(line(), SETTINGS, run_in(folder / f"late-{crew.rank}", crew=crew, stop_at=late))
    said = {"weight": trained.model.weight.tolist(), "stopped": dataclasses.asdict(stopped)}
    (folder / f"said-{crew.rank}.json").write_text(json.dumps(said))


def main() -> None:
    folder = Path(sys.argv[1])
    torch.set_num_threads(1)
    with join_crew() as crew:
        average_gradient(folder, crew)
        train_lines(folder, crew)


if __name__ == "__main__":
    main()
