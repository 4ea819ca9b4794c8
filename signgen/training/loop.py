"""The training loop: one for every stage. It plans the steps, keeps the time, and reports."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from numpy import uint8
from numpy.typing import NDArray

from signgen.training import snapshot
from signgen.training.board import Board, open_board
from signgen.training.curve import Curve
from signgen.training.selection import dev_loss, keep_best
from signgen.training.settings import Optimisation
from signgen.training.throughput import Meter
from signgen.training.trainer import Objective, RunSettings, Trainer

Example = TypeVar("Example")
Look = Callable[[int], NDArray[uint8]]
_WARM_STEPS, _PACE_STEPS = 5, 20  # then as many as the pace is measured over, before the plan


@dataclass(frozen=True)
class Outcome:
    """Whether a stage came to its end, and the seconds it has taken in all its runs.

    figures: what was measured of what it hands on, by name.
    """

    finished: bool
    seconds: float
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What looks at a training under way.

    dev: the objective, with the same networks, on the dev split; look: makes a sheet of samples
    (H, W, 3) after so many steps, with the moving average in the modules; board: one of BOARDS.
    """

    dev: Objective[object] | None = None
    look: Look | None = None
    board: str = "none"


def fit(
    objective: Objective[Example],
    settings: Optimisation,
    run: RunSettings,
    watch: Watch = Watch(),
) -> Outcome:
    """Train a stage to its end, or until the time is up in one of the processes.

    The modules then hold the moving average of their weights, the best on dev if it was looked at.
    Raises InputError if a checkpoint belongs to something else, and ValueError if the loss is no
    number any more.
    """
    trainer = Trainer(objective, settings, run)
    if not snapshot.read(trainer):
        objective.prepare()
        run.crew.share([tensor.data for tensor in trainer.tensors().values()])
    records = _Records(trainer, watch)
    clock = _Clock(trainer, records.meter)
    while trainer.step < trainer.planned_steps:
        if run.crew.any(time.monotonic() >= run.stop_at):
            break
        records.curve.add(trainer.step, trainer.update())
        clock.tick()
        last = trainer.step == trainer.planned_steps
        if last or trainer.step % settings.log_every == 0:
            records.report()
        if watch.dev and settings.dev_every and (last or trainer.step % settings.dev_every == 0):
            records.look_at_dev(watch.dev)
        if last or trainer.step % settings.checkpoint_every == 0:
            records.save(clock.seconds)
    finished = trainer.step >= trainer.planned_steps
    if not finished:
        records.save(clock.seconds)
    records.board.close()
    trainer.close()
    trainer.adopt()
    return Outcome(finished, clock.seconds)


class _Records:
    """What is written of a stage under way, by the lead alone."""

    def __init__(self, trainer: Trainer, watch: Watch) -> None:
        run = trainer.run
        leads = run.crew.leads
        self.trainer, self._look = trainer, watch.look if leads else None
        self.curve = Curve(run.folder / "curve.jsonl" if leads else None, trainer.step)
        self.board: Board = open_board(
            watch.board if leads else "none", run.folder / "events", trainer.step
        )
        self.meter = Meter(
            run.device,
            getattr(torch, trainer.settings.precision),
            processes=run.crew.size,
            num_samples=self._num_samples,
        )

    @property
    def _num_samples(self) -> int:
        return self.trainer.step * self.trainer.settings.batch_size * self.trainer.run.crew.size

    def report(self) -> None:
        """Say the loss and the speed."""
        trainer, loss = self.trainer, self.curve.flush()
        stage, step = trainer.objective.stage, trainer.step
        if not math.isfinite(loss):
            raise ValueError(
                f"the loss of {stage} is {loss} at step {step}; remove {trainer.run.folder}, and "
                f'--resume with a lower {stage}.learning_rate or {stage}.precision="float32"'
            )
        speed = self.meter.report(self._num_samples, trainer.flop_per_sample)
        trainer.run.say(f"{stage} {step}/{trainer.planned_steps}: loss {loss:.4f}, {speed}")
        figures = {
            "loss": loss,
            "learning_rate": trainer.learning_rate(step - 1),
            "samples_per_second": speed.rate,
            "share_of_peak": speed.share,
        }
        self.board.add(step, figures)

    def look_at_dev(self, dev: Objective[object]) -> None:
        """Measure the loss on the dev split, and keep the best moving average."""
        trainer = self.trainer
        go_on = self.meter.pause()
        trainer.settle()
        loss = dev_loss(trainer, dev)
        best = keep_best(trainer, loss)
        go_on()
        stage, step = trainer.objective.stage, trainer.step
        trainer.run.say(f"{stage} {step}: dev {loss:.4f}{', the best so far' if best else ''}")
        self.curve.add_dev(step - 1, loss)
        self.board.add(step, {"dev": loss})

    def save(self, seconds: float) -> None:
        """Write a checkpoint, and a sheet of samples beside it."""
        trainer = self.trainer
        go_on = self.meter.pause()
        self.curve.flush()
        trainer.seconds = seconds
        if trainer.run.crew.leads:
            snapshot.write(trainer)
        if self._look is not None and trainer.step:
            trainer.settle()
            with trainer.averaged():
                self.board.show(trainer.step, "samples", self._look(trainer.step))
        go_on()


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
        pool = trainer.settings.reuse**2  # steps, of which the first few draw
        paced = math.ceil(_PACE_STEPS / pool) * pool
        if taken == _WARM_STEPS:
            self.meter.wait()
            self._paced_from = time.monotonic()
        elif taken == _WARM_STEPS + paced:
            self.meter.wait()
            pace = (time.monotonic() - self._paced_from) / paced
            more = int(max(0.0, trainer.run.minutes * 60 - self.seconds) / pace)
            more = trainer.run.crew.told(more)
            trainer.planned_steps = min(trainer.planned_steps, trainer.step + more)
            trainer.planned = True
