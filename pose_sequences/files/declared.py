"""What a person says about a pose file that does not say so itself."""

from dataclasses import dataclass
from pathlib import Path

from pose_sequences.errors import PoseFileError
from pose_sequences.limits import MAX_FPS, MAX_SIDE, MIN_FPS

_CLOSE = 0.01  # 29.97 is said of 29.97003
_RANGES = {"fps": (MIN_FPS, MAX_FPS), "width": (1, MAX_SIDE), "height": (1, MAX_SIDE)}
_OPTIONS = {"fps": "--fps", "width": "--size WxH", "height": "--size WxH"}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """Facts given beside a file; None leaves the word to the file.

    layout: a name of layout.py; fps: frames a second; width, height: the frame size in pixels.
    """

    layout: str | None = None
    fps: float | None = None
    width: int | None = None
    height: int | None = None


NOTHING = Declared()


def agreed_number(path: Path, key: str, stated: float | None, declared: float | None) -> float:
    """Return what the file states or, where it is silent (None), what is declared beside it.

    key: "fps", "width" or "height". Raises PoseFileError if the two contradict each other, if
    neither is there, or if the number is out of range.
    """
    option = _OPTIONS[key]
    if stated is None and declared is None:
        raise PoseFileError(path, f"does not say its {key}", f"pass {option}")
    if stated is not None and declared is not None and abs(stated - declared) > _CLOSE:
        raise PoseFileError(
            path,
            f"says its {key} is {stated:g}, but {declared:g} is declared",
            f"leave {option} out or correct it",
        )
    number = declared if stated is None else stated
    lowest, highest = _RANGES[key]
    if number is None or not lowest <= number <= highest:
        raise PoseFileError(
            path, f"its {key} is {number}", f"{lowest:g} to {highest:g} is possible; pass {option}"
        )
    return number
