"""Framing: a picture is fitted into the model's frame, and what comes out is put back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from signgen.data import fit

_ROUNDING = 1  # pixel: sides that differ by no more have the same shape


@dataclass(frozen=True, kw_only=True)
class Framing:
    """Which part of a frame is wanted, and how large.

    box: (left, top, right, bottom) in the model's frame; inner: (width, height) that it is scaled
    to; size: of the result, with edges where ``inner`` is smaller.
    """

    box: tuple[int, int, int, int]
    inner: tuple[int, int]
    size: tuple[int, int]

    @property
    def scales(self) -> bool:
        """Whether the model's pixels are not those of the result."""
        return self.inner != (self.box[2] - self.box[0], self.box[3] - self.box[1])

    @property
    def fills(self) -> bool:
        """Whether the result has edges that nothing was rendered for."""
        return self.inner != self.size

    def undo(self, frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the result (H, W, 3) of a frame of the model's; scaled by Lanczos, if at all."""
        left, top, right, bottom = self.box
        part = frame[top:bottom, left:right]
        return self._filled(_scaled(part, self.inner))

    def show(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture of the shape that the framing is for as large as in the result."""
        return self._filled(_scaled(picture, self.inner))

    def _filled(self, part: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if not self.fills:
            return part
        spare = [own - inner for own, inner in zip(self.size, self.inner, strict=True)]
        before = [each // 2 for each in spare]
        sides = [(b, s - b) for b, s in zip(before, spare, strict=True)]
        return np.pad(part, (sides[1], sides[0], (0, 0)), mode="edge")


def frame_result(
    picture: tuple[int, int], model: tuple[int, int], asked: tuple[int, int] | None
) -> Framing:
    """Return the framing of a picture's size, the model's and the one asked for, if any.

    Sizes are (width, height). Without one asked for, the result is as large as the picture is in
    the model's frame, to even sides; else the picture is as large in it as fits.
    """
    scale, left, top = fit(picture, model)
    wide, high = (max(1, round(side * scale)) for side in picture)
    box = (round(left), round(top), round(left) + wide, round(top) + high)
    if asked is None:
        even = _even(wide), _even(high)
        return Framing(box=box, inner=even, size=even)
    scale = fit(picture, asked)[0]
    inner = max(1, round(picture[0] * scale)), max(1, round(picture[1] * scale))
    if all(abs(own - fitted) <= _ROUNDING for own, fitted in zip(asked, inner, strict=True)):
        inner = asked
    return Framing(box=box, inner=inner, size=asked)


def _scaled(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    scaled = Image.fromarray(np.ascontiguousarray(picture))
    return np.asarray(scaled.resize(size, Image.Resampling.LANCZOS))


def _even(side: int) -> int:
    return max(2, 2 * round(side / 2))
