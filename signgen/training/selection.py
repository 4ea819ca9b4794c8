"""Selection on the dev split: its loss, and the moving average that was best there.

The test split is never looked at here.
"""

import math

import torch

from signgen.training.pool import parts
from signgen.training.trainer import Best, Objective, Trainer, dice, forked_chance, step_seed


def dev_loss(trainer: Trainer, dev: Objective[object]) -> float:
    """Return the loss of the moving average on the dev split: on the same draws at every look.

    dev: draws there; its networks are those of the trainer's objective.
    """
    run, settings = trainer.run, trainer.settings
    total = torch.zeros((), dtype=torch.double, device=run.device)
    with trainer.averaged():
        for number in range(run.crew.rank, settings.dev_batches, run.crew.size):
            seed = step_seed(run.seed, f"{dev.stage}/dev", number)
            example = dev.draw(settings.batch_size, dice(seed, run.device))
            with forked_chance(seed, run.device):
                for part in parts(example, settings.accumulation):
                    total += trainer.loss(part).double().sum()
    run.crew.average([total])
    return float(total) * run.crew.size / (settings.dev_batches * settings.batch_size)


def keep_best(trainer: Trainer, loss: float) -> bool:
    """Keep the moving average if it is the best on the dev split so far; return whether it is."""
    least = math.inf if trainer.best is None else trainer.best.loss
    if not loss < least:
        return False
    averages = [average.detach().cpu().clone() for average in trainer.average.shadow_params]
    trainer.best = Best(loss=loss, step=trainer.step, averages=averages)
    return True
