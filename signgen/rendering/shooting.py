"""The shooting: frames are made, put back into the picture's shape, and written as they come."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pose_sequences.errors import ToolError
from pose_sequences.images import write_png
from signgen.rendering.film import ContactSheet, open_film
from signgen.rendering.marks import comment
from signgen.rendering.report import write_report
from signgen.rendering.script import Script

_NO_MEMORY = "can't allocate memory"


@dataclass(frozen=True, kw_only=True)
class Shot:
    """How a shooting went.

    first_frame, seconds: from its beginning until the first and until the last frame was written.
    """

    num_frames: int
    first_frame: float
    seconds: float

    @property
    def frames_per_second(self) -> float:
        """How fast it was."""
        return self.num_frames / max(self.seconds, 1e-9)


def shoot(script: Script, advance: Callable[[int], object] = lambda _: None) -> Shot:
    """Render a script into its files; each appears whole or not at all.

    advance: told of each frame that is written. Raises OutputError where a file cannot be written
    and ToolError where the device lacks memory.
    """
    request = script.request
    began = time.monotonic()
    first, sheet = 0.0, ContactSheet(script.num_frames)
    with open_film(
        request.output,
        script.framing.size,
        script.poses.fps,
        comment=comment(script),
        overwrite=request.overwrite,
    ) as film:
        for frame in _frames(script):
            film.write(frame)
            first = first or time.monotonic() - began
            sheet.write(frame)
            advance(1)
    shot = Shot(num_frames=script.num_frames, first_frame=first, seconds=time.monotonic() - began)
    if request.sheet:
        write_png(request.sheet, sheet.picture(), overwrite=request.overwrite)
    if request.report:
        write_report(script, shot)
    return shot


def _frames(script: Script) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames (H, W, 3) in their final shape."""
    frames = script.model.pipeline.stream(
        script.signer.picture,
        script.signer.keypoints,
        script.poses,
        generator=torch.Generator().manual_seed(script.request.seed),
        steps=script.steps,
        windows=script.windows,
    )
    try:
        yield from map(script.framing.undo, frames)
    except RuntimeError as error:
        # on a CPU torch has no error of its own for it
        if not isinstance(error, torch.OutOfMemoryError) and _NO_MEMORY not in str(error):
            raise
        raise ToolError(
            "the device has not enough memory; give a smaller --batch or --window, or --device cpu"
        ) from error
