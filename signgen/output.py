"""What a call of the pipeline hands out: frames, in the form that is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers.utils.outputs import BaseOutput
from numpy.typing import NDArray
from PIL.Image import Image, fromarray
from torch import Tensor

OUTPUT_TYPES = ("np", "pt", "pil")


@dataclass
class SignVideoOutput(BaseOutput):
    """frames: T pictures, as an array (T, H, W, 3), a tensor (T, 3, H, W), both uint8, or PIL's."""

    frames: NDArray[np.uint8] | Tensor | list[Image]


def check_output_type(output_type: str) -> None:
    """Raise ValueError for a form that frames cannot have."""
    if output_type not in OUTPUT_TYPES:
        raise ValueError(f"output_type is {output_type!r}; give {', '.join(OUTPUT_TYPES)}")


def hand_out(frames: Sequence[NDArray[np.uint8]], output_type: str) -> SignVideoOutput:
    """Return frames (H, W, 3) in one of OUTPUT_TYPES."""
    if output_type == "pil":
        return SignVideoOutput(frames=[fromarray(frame) for frame in frames])
    clip = np.stack(frames)
    if output_type == "np":
        return SignVideoOutput(frames=clip)
    return SignVideoOutput(frames=torch.from_numpy(clip).movedim(-1, 1))
