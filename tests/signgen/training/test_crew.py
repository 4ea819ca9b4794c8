"""Several processes train as one: averaged gradients, one writer, one end."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from signgen.training.crew import Crew, crew_device, join_crew
from signgen.training.stages import read_pipeline
from signgen.training.trainer import step_seed
from tests.signgen.training.crew_child import batch_of, denoiser
from tests.signgen.training.tiny import write_recipe
from tests.signgen.training.toy_corpus import write_toy_corpus


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def crewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that two processes have written to."""
    folder = tmp_path_factory.mktemp("crew")
    words = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    crew = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.signgen.training.crew_child", str(folder)],
            env={**os.environ, **words, "RANK": rank, "LOCAL_RANK": rank, "OMP_NUM_THREADS": "1"},
        )
        for rank in ("0", "1")
    ]
    assert [process.wait(timeout=120) for process in crew] == [0, 0]
    return folder


def test_the_averaged_gradient_is_that_of_both_batches_in_one_process(crewed: Path) -> None:
    objective = denoiser()
    batches = [batch_of(rank, objective) for rank in (0, 1)]
    torch.stack([objective.loss(batch).mean() for batch in batches]).mean().backward()
    found = [load_file(crewed / f"gradient-{rank}.safetensors") for rank in (0, 1)]
    num_compared = 0
    for name, module in objective.trained.items():
        for key, value in module.named_parameters():
            if value.grad is not None:
                ours = found[0][f"{name}.{key}"]
                torch.testing.assert_close(ours, value.grad, rtol=1e-6, atol=1e-6)
                assert torch.equal(ours, found[1][f"{name}.{key}"])
                num_compared += 1
    assert num_compared == len(found[0]) > 20


def test_all_end_with_the_same_weights_and_only_the_lead_writes(crewed: Path) -> None:
    said = [json.loads((crewed / f"said-{rank}.json").read_text()) for rank in (0, 1)]
    assert said[0]["weight"] == said[1]["weight"]
    assert (crewed / "all-0" / "curve.jsonl").exists()
    assert (crewed / "all-0" / "checkpoints").is_dir()
    assert not list((crewed / "all-1").iterdir())


def test_all_stop_when_one_is_out_of_time(crewed: Path) -> None:
    said = [json.loads((crewed / f"said-{rank}.json").read_text()) for rank in (0, 1)]
    assert [one["stopped"]["finished"] for one in said] == [False, False]
    assert (crewed / "late-0" / "checkpoints" / "step-00000000").is_dir()


def test_each_process_has_chance_of_its_own() -> None:
    seeds = {step_seed(0, "denoiser", step, rank) for step in range(3) for rank in range(3)}
    assert len(seeds) == 9


def test_a_process_by_itself_is_a_crew_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    with join_crew() as crew:
        assert crew == Crew()
        value = torch.tensor([3.0])
        crew.average([value])
        assert (float(value), crew.any(True), crew.any(False), crew.told(7)) == (3, True, False, 7)
    assert crew_device("cpu") == torch.device("cpu")


def test_words_of_a_launcher_that_make_no_sense_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "two")
    with pytest.raises(ValueError, match="WORLD_SIZE is 'two'"), join_crew():
        pass


ACCELERATE = (
    *("accelerate.commands.launch", "--multi_gpu", "--num_machines", "1"),
    *("--mixed_precision", "no", "--dynamo_backend", "no", "--num_processes", "2"),
    "--main_process_port",
)
TORCHRUN = ("torch.distributed.run", "--nproc_per_node", "2", "--master_port")
COMMAND = ("-m", "signgen", "train")
LAUNCHES = {
    "accelerate": (ACCELERATE, COMMAND),
    "accelerate-file": (ACCELERATE, ("scripts/train.py",)),
    "torchrun": (TORCHRUN, COMMAND),
}


@pytest.mark.slow
@pytest.mark.parametrize("launch", LAUNCHES)
def test_a_launch_of_two_processes_ends_with_one_pipeline(tmp_path: Path, launch: str) -> None:
    launcher, command = LAUNCHES[launch]
    corpus = write_toy_corpus(tmp_path / "corpus")
    loop = {"steps": 2, "batch_size": 2}
    recipe = write_recipe(tmp_path / "tiny.toml", autoencoder={**loop, "fit_batches": 1})
    output = tmp_path / "out"
    arguments = ["--config", recipe, "--data", corpus, "--output-dir", output, "--device", "cpu"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", *launcher, str(free_port())),
            *(*command, "autoencoder", *map(str, arguments)),
        ],
        cwd=Path(__file__).parents[3],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(output / "pipeline")]
    assert done.stderr.count("autoencoder 2/2") == 1
    assert len((output / "autoencoder" / "curve.jsonl").read_text().splitlines()) == 2
    assert json.loads((output / "autoencoder" / "settings.json").read_text())["processes"] == 2
    read_pipeline(output / "pipeline")
