"""The studio's judge: tells the signs of a lexicon apart by a linear discriminant.

A sign is a fixed number of moments of features.py's rows; where the weights come from is the
business of training.py. A judge is worth what it reaches in its exam, and says so.
"""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from pose_sequences.errors import InputError
from pose_sequences.inputs import read_input
from pose_sequences.outputs import fresh_folder
from pose_sequences.sequence import PoseSequence
from signgen import __version__
from signgen.evaluation.recognition.features import ROW, SETTINGS, Features, features, resampled
from signgen.studio.gloss import Gloss, name
from signgen.weights import writing_tensors

SCHEMA = 1
TENSORS, WORDS = "judge.safetensors", "judge.json"
NEEDED = 95.0  # % of the exam's signs, below which a verdict means nothing
LOUDEST = 5.0  # standard deviations: what is farther out is the detector's fault
_MAX_BYTES = 1_000_000
_REMEDY = "train it with scripts/train_judge"

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Accuracy:
    """right of ``asked`` signs were told; how: who signed, and who looked."""

    right: int
    asked: int
    how: str

    @property
    def percent(self) -> float:
        """The share that was right, 0 where nothing was asked."""
        return 100 * self.right / self.asked if self.asked else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Judge:
    """A recogniser of glosses (L of them).

    steps: moments of a sign; mean, scale (D,): of its D = steps x features numbers; weights (D, L)
    and bias (L,): of the scores; settings: of the training; held_out: how it did on signers of the
    training's kind; exam: on filmed clips as MediaPipe sees them, None before it sat it.
    """

    glosses: tuple[Gloss, ...]
    steps: int
    mean: Array
    scale: Array
    weights: Array
    bias: Array
    settings: dict[str, Any]
    held_out: Accuracy
    exam: Accuracy | None = None

    def labels(self) -> tuple[str, ...]:
        """Return the names of the glosses."""
        return tuple(name(gloss) for gloss in self.glosses)

    def predict(self, poses: PoseSequence, start: int, stop: int) -> list[float]:
        """Return the log-probability of each gloss for the sign from ``start`` to ``stop``."""
        return self.scores(features(poses).part(start, stop)).tolist()

    def scores(self, sign: Features) -> NDArray[np.float64]:
        """Return the log-probability (L,) of each gloss for the frames of one sign."""
        row = resampled(sign, self.steps).ravel()
        standard = ((row - self.mean) * self.scale).clip(-LOUDEST, LOUDEST)
        logits = standard.astype(np.float64) @ self.weights + self.bias
        logits -= logits.max()
        return np.asarray(logits - np.log(np.exp(logits).sum()), np.float64)

    @property
    def means_something(self) -> bool:
        """Whether the judge reaches what is needed in its exam."""
        return self.exam is not None and self.exam.percent >= NEEDED

    @property
    def verdict(self) -> str:
        """Why its verdicts mean nothing, "" if they do."""
        if self.exam is None:
            return "the judge sat no exam on filmed clips: its verdicts mean nothing"
        if not self.means_something:
            return (
                f"the judge tells {self.exam.percent:.1f} % of the signs of real clips, less than "
                f"{NEEDED:g} %: its verdicts mean nothing"
            )
        return ""

    @property
    def signature(self) -> str:
        """Who judges: weights, glosses, and how well it does on true clips."""
        exam = "none" if self.exam is None else f"{self.exam.percent:.1f} % of {self.exam.asked}"
        return f"judge:{self._hash()}|glosses:{len(self.glosses)}|exam:{exam}|{SETTINGS}"

    def save(self, folder: Path, *, overwrite: bool = False) -> None:
        """Write the judge as a folder: tensors, and words about it as JSON."""
        with fresh_folder(folder, overwrite=overwrite, ours=_is_ours) as temporary:
            with writing_tensors(folder):
                save_file(self._tensors(), temporary / TENSORS)
            words = json.dumps(self._words(), indent=1, ensure_ascii=False)
            (temporary / WORDS).write_text(words + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Judge":
        """Read a judge; raises InputError for anything else."""
        content = read_input(folder / WORDS, InputError, _MAX_BYTES, _REMEDY)
        try:
            words = json.loads(content)
            _check_kind(folder, words)
            tensors = load_file(folder / TENSORS)
            judge = cls(
                glosses=tuple(Gloss(**gloss) for gloss in words["glosses"]),
                steps=words["steps"],
                settings=words["settings"],
                held_out=Accuracy(**words["held_out"]),
                exam=None if words["exam"] is None else Accuracy(**words["exam"]),
                **{part: tensors[part] for part in ("mean", "scale", "weights", "bias")},
            )
        except InputError:
            raise
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise InputError(folder, f"holds no judge ({error})", _REMEDY) from error
        _check_shapes(folder, judge)
        return judge

    def _tensors(self) -> dict[str, Array]:
        parts = {"mean": self.mean, "scale": self.scale}
        parts |= {"weights": self.weights, "bias": self.bias}
        return {part: np.ascontiguousarray(values) for part, values in parts.items()}

    def _words(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "features": SETTINGS,
            "steps": self.steps,
            "settings": self.settings,
            "held_out": asdict(self.held_out),
            "exam": None if self.exam is None else asdict(self.exam),
            "needed": NEEDED,
            "verdict": self.verdict,
            "versions": {"signgen": __version__, "numpy": np.__version__},
            "glosses": [asdict(gloss) for gloss in self.glosses],
        }

    def _hash(self) -> str:
        found = sha256(repr(self.labels()).encode())
        for values in self._tensors().values():
            found.update(values.tobytes())
        return found.hexdigest()[:8]


def _check_kind(folder: Path, words: dict[str, Any]) -> None:
    kind = words["schema"], words["features"]
    if kind != (SCHEMA, SETTINGS):
        raise InputError(folder, f"is a judge of another kind ({kind})", _REMEDY)


def _check_shapes(folder: Path, judge: Judge) -> None:
    size, labels = judge.steps * ROW, len(judge.glosses)
    shapes = judge.mean.shape, judge.scale.shape, judge.weights.shape, judge.bias.shape
    if shapes != ((size,), (size,), (size, labels), (labels,)):
        raise InputError(folder, f"has tensors of {shapes} for {labels} glosses", _REMEDY)


def _is_ours(entry: Path) -> bool:
    return entry.name in (TENSORS, WORDS)
