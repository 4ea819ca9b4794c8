# mypy: disable-error-code="no-untyped-call"
"""Frames through the autoencoder of a pipeline: how good, unpainted, it could be."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.errors import InputError
from pose_sequences.sequence import PoseSequence
from signgen.data import LAYOUT, fit, fit_frames, to_points
from signgen.latents import Surroundings, decode, encode, to_frames, to_pixels
from signgen.models.autoencoder import BlockAutoencoder
from signgen.pose_maps import draw_pose_maps
from signgen.training.stages import read_pipeline


class Autoencoded:
    """The autoencoder of a pipeline folder.

    linear: whether its components alone decode. Raises InputError where the folder is none, or the
    autoencoder has no such components.
    """

    def __init__(self, model: Path, *, linear: bool = False) -> None:
        self._pipeline = read_pipeline(model)
        self._linear = linear
        if linear and not isinstance(self._pipeline.autoencoder, BlockAutoencoder):
            raise InputError(model, "has a public autoencoder", "leave out --baseline components")
        self._size = self._pipeline.size

    @torch.no_grad()
    def frames(
        self, chunks: Iterator[NDArray[np.uint8]], poses: PoseSequence
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield each frame as the autoencoder shows it, in its own size.

        chunks (N, H, W, 3): a clip's frames; poses: theirs, at which our decoder looks beside the
        first frame.
        """
        maps = draw_pose_maps(to_points(poses, self._size), LAYOUT, self._size)[None]
        reference: Tensor | None = None
        done = 0
        for chunk in chunks:
            frames = fit_frames(torch.from_numpy(chunk).movedim(-1, 1), self._size)
            pixels = to_pixels(frames)[None]  # (1, N, 3, H, W)
            reference = pixels[:, 0] if reference is None else reference
            surroundings = Surroundings(
                maps=maps[:, done : done + len(chunk)],
                reference=reference,
                reference_maps=maps[:, 0],
            )
            latents = encode(self._pipeline.autoencoder, pixels)
            shown = to_frames(self._decoded(latents, surroundings))[0]
            yield from _unfitted(shown.movedim(1, -1).numpy(), (chunk.shape[2], chunk.shape[1]))
            done += len(chunk)

    def _decoded(self, latents: Tensor, surroundings: Surroundings) -> Tensor:
        autoencoder = self._pipeline.autoencoder
        if self._linear:
            return autoencoder.decode_linear(latents.flatten(0, 1)).unflatten(0, latents.shape[:2])
        return decode(autoencoder, latents, surroundings)


def _unfitted(frames: NDArray[np.uint8], size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    """Yield frames (N, H, W, 3) as they were before fit_frames, of ``size`` (width, height)."""
    into = (frames.shape[2], frames.shape[1])
    scale, left, top = fit(size, into)
    width, height = round(size[0] * scale), round(size[1] * scale)
    for frame in frames[:, round(top) : round(top) + height, round(left) : round(left) + width]:
        yield frame if (width, height) == size else _resized(frame, size)


def _resized(frame: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    from PIL import Image

    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC))
