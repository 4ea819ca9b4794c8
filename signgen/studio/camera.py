"""Where the camera stands: framings of a signer, and points of the world on the picture."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from signgen.studio.factory import Signer

DISTANCE = 2.6  # metres from the camera to the signer
CROWN = 0.20  # metres from the head joint to a little above the hair
HEADROOM = 0.15  # metres of backdrop above that, at most, for the sake of the lower edge
_HIPS = 0.24  # metres to each side of the middle within which nothing below the hips may be seen
_NEARER = 1.02  # a step towards the signer
_MOST_STEPS = 60


@dataclass(frozen=True)
class Framing:
    """How much of a signer a picture shows.

    width_in_shoulders: the picture's width over the distance of the shoulder joints;
    shoulder_line: the height of the shoulders over the picture's, from the top; shift: how far the
    signer stands beside the middle, of the picture's width; turn: radians, the signer seen from
    their left if positive; pitch: radians, seen from above if positive; roll: radians, the signer
    leaning to the picture's right if positive; distance: metres from the signer; lens: how much of
    a barrel the picture is, see Camera; headroom: metres of backdrop above the crown, at most.
    """

    width_in_shoulders: float = 2.8
    shoulder_line: float = 0.45
    shift: float = 0.0
    turn: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    distance: float = DISTANCE
    lens: float = 0.0
    headroom: float = HEADROOM


PHOENIX = Framing(width_in_shoulders=2.25, shoulder_line=0.45)
WEBCAM = Framing(width_in_shoulders=2.8, shoulder_line=0.45)
CLOSE = Framing(width_in_shoulders=2.1, shoulder_line=0.52)


@dataclass(frozen=True)
class Camera:
    """A camera that looks along +y at ``centre``, about which it is turned.

    centre: the point in the middle of the picture; pixels_a_metre: at the centre's depth; size:
    width and height in pixels; turn, pitch, roll: radians, about the vertical, the horizontal and
    the line of sight; distance: metres to the centre; lens: of a wide lens, which draws the edges
    in: what a pinhole has r half diagonals from the middle, it has atan(lens r) / lens from there
    (Devernay and Faugeras 2001, eq. 13, of unit scale in the middle).
    """

    centre: tuple[float, float, float]
    pixels_a_metre: float
    size: tuple[int, int]
    turn: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    distance: float = DISTANCE
    lens: float = 0.0

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
        pixels_a_metre = max(wanted, height / (crown + framing.headroom - lowest))
        tall = height / pixels_a_metre
        above = max(framing.shoulder_line * tall, crown - middle[2], lowest - middle[2] + tall)
        z = middle[2] + above - tall / 2
        x = middle[0] - framing.shift * width / pixels_a_metre
        camera = cls(
            (x, middle[1], z),
            pixels_a_metre,
            size,
            framing.turn,
            framing.pitch,
            framing.roll,
            framing.distance,
            framing.lens,
        )
        if camera.is_plain:
            return camera
        hips = middle[0], middle[1], lowest
        return _without_legs(camera, hips, crown, framing.headroom)

    @property
    def is_plain(self) -> bool:
        """Whether the camera stands level, at the usual distance, and has no lens to speak of."""
        return not (self.pitch or self.roll or self.lens) and self.distance == DISTANCE

    def project(self, points: Tensor) -> Tensor:
        """Return points (..., 3) of the world as x, y in pixels and depth in metres."""
        centre = points.new_tensor(self.centre)
        x, y, z = (points - centre).unbind(-1)
        x, y = _turned(x, y, self.turn)
        if self.pitch:
            y, z = _turned(y, z, -self.pitch)
        depth = y + self.distance
        scale = self.pixels_a_metre * self.distance / depth
        width, height = self.size
        right, up = scale * x, scale * z
        if self.roll:
            right, up = _turned(right, up, self.roll)
        if self.lens:
            bent = bend(right.square() + up.square(), self.lens, self.half_diagonal)
            right, up = right * bent, up * bent
        return torch.stack([width / 2 + right, height / 2 - up, depth], -1)

    @property
    def half_diagonal(self) -> float:
        """Pixels from the middle to a corner."""
        return math.hypot(*self.size) / 2

    def scaled(self, factor: int) -> "Camera":
        """Return the same view with ``factor`` times as many pixels."""
        size = self.size[0] * factor, self.size[1] * factor
        return replace(self, pixels_a_metre=self.pixels_a_metre * factor, size=size)


def bend(squares: Tensor, lens: float, half_diagonal: float) -> Tensor:
    """Return how much nearer to the middle a lens puts points, squared pixels from it as given."""
    away = (squares.sqrt() * (lens / half_diagonal)).clamp(min=1e-4)
    return away.atan() / away


def _turned(first: Tensor, second: Tensor, angle: float) -> tuple[Tensor, Tensor]:
    turn = first.new_tensor(angle)
    return first * turn.cos() + second * turn.sin(), second * turn.cos() - first * turn.sin()


def _without_legs(
    camera: Camera, middle: tuple[float, float, float], crown: float, headroom: float
) -> Camera:
    """Return the camera, higher or nearer, so that the head shows and what is below hips does not.

    middle: between the hips; crown: its height; headroom: metres above it, at most.
    """
    x, y, lowest = middle
    hips = [(x + side, y, lowest) for side in (-_HIPS, 0.0, _HIPS)]
    points = torch.tensor([(x, y, crown), *hips], dtype=torch.float64)
    for _ in range(_MOST_STEPS):
        top, *bottoms = camera.project(points)[:, 1].tolist()
        lacking = max(-top, camera.size[1] - min(bottoms))
        nearer = top + max(lacking, 0) > headroom * camera.pixels_a_metre
        if lacking <= 0 and not nearer:
            break
        scale = camera.pixels_a_metre * (_NEARER if nearer else 1)
        across, _, up = camera.centre
        centre = across, y, up + max(lacking, 0) / camera.pixels_a_metre
        camera = replace(camera, centre=centre, pixels_a_metre=scale)
    return camera
