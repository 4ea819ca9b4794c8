"""The training loop: one for every stage. It plans the steps, keeps the time, and reports."""

import math
import time
from dataclasses import dataclass
from typing import TypeVar

from signgen.training.curve import Curve
from signgen.training.settings import Optimisation
from signgen.training.throughput import Meter
from signgen.training.trainer import Objective, RunSettings, Trainer

Example = TypeVar("Example")
_PACE_STEPS = (5, 25)  # between these the pace is measured, before the steps are planned


@dataclass(frozen=True)
class Outcome:
    """Whether a stage came to its end, and the seconds it has taken in all its runs."""

    finished: bool
    seconds: float


def fit(objective: Objective[Example], settings: Optimisation, run: RunSettings) -> Outcome:
    """Train a stage to its end, or until the time is up.

    The modules then hold the moving average of their weights. Raises InputError if a checkpoint
    belongs to something else, and ValueError if the loss is no number any more.
    """
    trainer = Trainer(objective, settings, run)
    if not trainer.read():
        objective.prepare()
    curve = Curve(run.folder / "curve.jsonl", trainer.step)
    meter = Meter(run.device, trainer.step * settings.batch_size)
    clock = _Clock(trainer, meter)
    while trainer.step < trainer.planned_steps and time.monotonic() < run.stop_at:
        curve.add(trainer.step, trainer.update())
        clock.tick()
        last = trainer.step == trainer.planned_steps
        if last or trainer.step % settings.log_every == 0:
            _report(trainer, curve, meter)
        if last or trainer.step % settings.checkpoint_every == 0:
            _save(trainer, curve, clock)
    finished = trainer.step >= trainer.planned_steps
    if not finished:
        _save(trainer, curve, clock)
    trainer.adopt_average()
    return Outcome(finished, clock.seconds)


@dataclass
class _Clock:
    """Knows how long the stage has run, and plans its steps for the minutes it may take."""

    trainer: Trainer
    meter: Meter

    def __post_init__(self) -> None:
        self._started = time.monotonic()
        self._before = self.trainer.seconds
        self._first_step = self.trainer.step
        self._paced_from = math.nan

    @property
    def seconds(self) -> float:
        """Seconds that the stage has taken, the runs before this one included."""
        return self._before + time.monotonic() - self._started

    def tick(self) -> None:
        """Count a step. The steps are planned once: a run that goes on keeps to the plan."""
        trainer = self.trainer
        if trainer.planned or trainer.run.minutes == math.inf:
            return
        taken = trainer.step - self._first_step
        if taken == _PACE_STEPS[0]:
            self.meter.wait()
            self._paced_from = time.monotonic()
        elif taken == _PACE_STEPS[1]:
            self.meter.wait()
            pace = (time.monotonic() - self._paced_from) / (_PACE_STEPS[1] - _PACE_STEPS[0])
            more = int(max(0.0, trainer.run.minutes * 60 - self.seconds) / pace)
            trainer.planned_steps = min(trainer.planned_steps, trainer.step + more)
            trainer.planned = True


def _report(trainer: Trainer, curve: Curve, meter: Meter) -> None:
    loss = curve.flush()
    stage, step = trainer.objective.stage, trainer.step
    if not math.isfinite(loss):
        raise ValueError(
            f"the loss of {stage} is {loss} at step {step}; lower {stage}.learning_rate, or set "
            f'{stage}.precision to "float32", and resume'
        )
    speed = meter.report(step * trainer.settings.batch_size, trainer.flop_per_sample)
    trainer.run.say(f"{stage} {step}/{trainer.planned_steps}: loss {loss:.4f}, {speed}")


def _save(trainer: Trainer, curve: Curve, clock: _Clock) -> None:
    curve.flush()
    trainer.seconds = clock.seconds
    trainer.write()
