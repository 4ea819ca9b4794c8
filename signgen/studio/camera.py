"""Where the camera stands: framings of a signer, and points of the world on the picture."""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.studio.factory import Signer

DISTANCE = 2.6  # metres from the camera to the signer
CROWN = 0.20  # metres from the head joint to a little above the hair
HEADROOM = 0.15  # metres of backdrop above that, at most, for the sake of the lower edge


@dataclass(frozen=True)
class Framing:
    """How much of a signer a picture shows.

    width_in_shoulders: the picture's width over the distance of the shoulder joints;
    shoulder_line: the height of the shoulders over the picture's, from the top; shift: how far the
    signer stands beside the middle, of the picture's width; turn: radians, the signer seen from
    their left if positive.
    """

    width_in_shoulders: float = 2.8
    shoulder_line: float = 0.45
    shift: float = 0.0
    turn: float = 0.0


PHOENIX = Framing(width_in_shoulders=2.25, shoulder_line=0.45)
WEBCAM = Framing(width_in_shoulders=2.8, shoulder_line=0.45)
CLOSE = Framing(width_in_shoulders=2.1, shoulder_line=0.52)


@dataclass(frozen=True)
class Camera:
    """A pinhole that looks along +y, turned about the vertical through ``centre``.

    centre: the point in the middle of the picture; pixels_a_metre: at the centre's depth; size:
    width and height in pixels.
    """

    centre: tuple[float, float, float]
    pixels_a_metre: float
    size: tuple[int, int]
    turn: float = 0.0

    @classmethod
    def framed(cls, signer: Signer, size: tuple[int, int], framing: Framing = WEBCAM) -> "Camera":
        """Return the camera that shows a signer so."""
        width, height = size
        rows = signer.anatomy.skeleton.rows
        left, right = (signer.heads[rows[f"upperarm01.{side}"]] for side in "LR")
        shoulders = float((left - right).norm())
        middle = ((left + right) / 2).tolist()
        crown = float(signer.heads[rows["head"], 2]) + CROWN
        lowest = float(signer.heads[rows["upperleg01.L"], 2])
        # whatever the build, the head is in the picture and the legs are not
        wanted = width / (framing.width_in_shoulders * shoulders)
        pixels_a_metre = max(wanted, height / (crown + HEADROOM - lowest))
        tall = height / pixels_a_metre
        above = max(framing.shoulder_line * tall, crown - middle[2], lowest - middle[2] + tall)
        z = middle[2] + above - tall / 2
        x = middle[0] - framing.shift * width / pixels_a_metre
        return cls((x, middle[1], z), pixels_a_metre, size, framing.turn)

    def project(self, points: Tensor) -> Tensor:
        """Return points (..., 3) of the world as x, y in pixels and depth in metres."""
        centre = points.new_tensor(self.centre)
        x, y, z = (points - centre).unbind(-1)
        turn = points.new_tensor(self.turn)
        x, y = x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin()
        depth = y + DISTANCE
        scale = self.pixels_a_metre * DISTANCE / depth
        width, height = self.size
        return torch.stack([width / 2 + scale * x, height / 2 - scale * z, depth], -1)

    def scaled(self, factor: int) -> "Camera":
        """Return the same view with ``factor`` times as many pixels."""
        size = self.size[0] * factor, self.size[1] * factor
        return Camera(self.centre, self.pixels_a_metre * factor, size, self.turn)
