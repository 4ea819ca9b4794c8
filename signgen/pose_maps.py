"""The `signgen` style of pose maps in torch, for any batch on any device.

The same strokes, widths and colours as pose_sequences.draw draws in numpy; the tables are shared,
and a test holds the two within 2 of 255.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.draw.signgen_style import (
    BACK_COLOUR,
    MIN_HALO,
    MIN_RADIUS,
    OPEN_PALM,
    PALM_COLOUR,
    SHOULDERS_OF_HEIGHT,
    SURE,
)
from pose_sequences.draw.stroke_plan import (
    EDGE_COLOUR,
    HEAD,
    LEFT_ARM,
    LEFT_HAND,
    RIGHT_ARM,
    RIGHT_HAND,
    plan,
)
from pose_sequences.layout import Part, layout
from pose_sequences.sequence import FAINT
from signgen.constants import constant, rows_of
from signgen.strokes import Strokes, paint

MAP_CHANNELS = 3
_SHOULDERS = ("body.left_shoulder", "body.right_shoulder")
_SHADES = tuple(tuple(map(float, shade)) for shade in (BACK_COLOUR, EDGE_COLOUR, PALM_COLOUR))


@dataclass(frozen=True, kw_only=True, eq=False)
class Points:
    """Keypoints of N pictures.

    places (N, K, 3): x and y in pixels, z in picture widths; confidence (N, K) in [0, 1], 0 for
    missing; shoulders (N,): the signer's shoulder width in pixels.
    """

    places: Tensor
    confidence: Tensor
    shoulders: Tensor

    def to(self, device: torch.device) -> "Points":
        """Return the points on another device."""
        return Points(
            places=self.places.to(device),
            confidence=self.confidence.to(device),
            shoulders=self.shoulders.to(device),
        )

    def and_those_of(self, other: "Points") -> "Points":
        """Return the points of these pictures and then of others."""
        return Points(
            places=torch.cat((self.places, other.places)),
            confidence=torch.cat((self.confidence, other.confidence)),
            shoulders=torch.cat((self.shoulders, other.shoulders)),
        )


def shoulder_width(places: Tensor, confidence: Tensor, name: str, height: int) -> Tensor:
    """Return (N,): the distance of the shoulders, or a usual one where they are not seen.

    places (N, K, 3), confidence (N, K) in the layout ``name``; height: of the picture in pixels.
    """
    ends = rows_of(name, _SHOULDERS, places.device)
    across = places[:, ends, :2].diff(dim=1)[:, 0].norm(dim=1)
    seen = (confidence[:, ends] > FAINT).all(dim=1)
    return torch.where(seen, across, SHOULDERS_OF_HEIGHT * height)


def draw_pose_maps(points: Points, name: str, size: tuple[int, int]) -> Tensor:
    """Return maps (N, 3, H, W) in [0, 1] of points in the layout ``name``, size (width, height)."""
    table = _table(name, points.places.device)
    places, confidence = _with_neck(points, name)
    order = _painting_order(table, places, confidence, name)  # (N, P)
    colour = _colours(table, places, confidence, name)
    strokes = Strokes(
        start=_gather(places[..., :2], table.start[order]),
        end=_gather(places[..., :2], table.end[order]),
        radius=_widths(table.radius, points.shoulders, MIN_RADIUS).gather(1, order),
        colour=_gather(colour, order),
        opacity=_opacities(table, confidence).gather(1, order),
        halo=(_widths(table.halo, points.shoulders, MIN_HALO) * (table.halo > 0)).gather(1, order),
        layers=table.layers,
    )
    return paint(strokes, *size)


@dataclass(frozen=True, eq=False)
class _Table:
    """stroke_plan.Plan on a device; layers: how many strokes each layer has."""

    start: Tensor
    end: Tensor
    radius: Tensor
    halo: Tensor
    colour: Tensor
    group: Tensor
    palm: Tensor
    over: Tensor
    chin: int
    layers: tuple[int, ...]


@lru_cache(maxsize=8)
def _table(name: str, device: torch.device) -> _Table:
    known = plan(name)
    layers = torch.from_numpy(known.layer).unique_consecutive(return_counts=True)[1]

    def there(array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(device)

    return _Table(
        start=there(known.start),
        end=there(known.end),
        radius=there(known.radius),
        halo=there(known.halo),
        colour=there(known.colour),
        group=there(known.group),
        palm=there(known.palm),
        over=there(known.over),
        chin=int(known.chin),
        layers=tuple(layers.tolist()),
    )


def _gather(values: Tensor, index: Tensor) -> Tensor:
    """Return (N, P, D): rows of values (N, K, D) by index (N, P)."""
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[-1]))


def _widths(shares: Tensor, shoulders: Tensor, least: float) -> Tensor:
    return (shares * shoulders[:, None]).clamp(min=least)


def _with_neck(points: Points, name: str) -> tuple[Tensor, Tensor]:
    ends = rows_of(name, _SHOULDERS, points.places.device)
    neck = points.places[:, ends].mean(dim=1, keepdim=True)
    sure = points.confidence[:, ends].amin(dim=1, keepdim=True)
    return torch.cat((points.places, neck), dim=1), torch.cat((points.confidence, sure), dim=1)


def _opacities(table: _Table, confidence: Tensor) -> Tensor:
    opaque = ((confidence - FAINT) / (SURE - FAINT)).clamp(0, 1)
    opacity = torch.minimum(opaque[:, table.start], opaque[:, table.end])
    hidden = torch.where(table.group == HEAD, opaque[:, table.chin, None], 0.0)
    return opacity * (1 - hidden)


def _painting_order(table: _Table, places: Tensor, confidence: Tensor, name: str) -> Tensor:
    left = ((table.group == LEFT_ARM) | (table.group == LEFT_HAND)).long()
    right = ((table.group == RIGHT_ARM) | (table.group == RIGHT_HAND)).long()
    group = table.group + _left_is_nearer(places, confidence, name)[:, None] * (left - right)
    z = places[:, table.start, 2] + places[:, table.end, 2]
    farness = z[:, table.over].amin(dim=2) * (table.group >= LEFT_HAND)
    far_first = torch.argsort(-farness, dim=1, stable=True)
    return far_first.gather(1, torch.argsort(group.gather(1, far_first), dim=1, stable=True))


def _left_is_nearer(places: Tensor, confidence: Tensor, name: str) -> Tensor:
    wrists = rows_of(name, ("body.left_wrist", "body.right_wrist"), places.device)
    z = places[:, wrists, 2]
    known = (confidence[:, wrists] > 0).all(dim=1) & (z[:, 0] != z[:, 1])
    larger = _bone_length(places, confidence, name, "left_hand") > _bone_length(
        places, confidence, name, "right_hand"
    )
    return torch.where(known, z[:, 0] < z[:, 1], larger)


def _bone_length(places: Tensor, confidence: Tensor, name: str, hand: Part) -> Tensor:
    limbs = _limbs(name, hand, places.device)
    bones = places[:, limbs[:, 0], :2] - places[:, limbs[:, 1], :2]
    there = (confidence[:, limbs] > 0).all(dim=2)
    return (bones.norm(dim=2) * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)


@lru_cache(maxsize=32)
def _limbs(name: str, hand: Part, device: torch.device) -> Tensor:
    return torch.from_numpy(layout(name).limbs(hand)).to(device)


def _colours(table: _Table, places: Tensor, confidence: Tensor, name: str) -> Tensor:
    colour = table.colour.expand(len(places), -1, -1)
    back, edge, palm = constant(_SHADES, places.device)
    hands: tuple[tuple[Part, int], ...] = (("left_hand", LEFT_HAND), ("right_hand", RIGHT_HAND))
    for hand, group in hands:
        facing = _palm_facing(places, confidence, name, hand)[:, None, None]
        shade = edge + facing.clamp(min=0) * (palm - edge) + (-facing).clamp(min=0) * (back - edge)
        colour = torch.where((table.palm & (table.group == group))[:, None], shade, colour)
    return colour


def _palm_facing(places: Tensor, confidence: Tensor, name: str, hand: Part) -> Tensor:
    points = tuple(f"{hand}.{point}" for point in ("wrist", "index_mcp", "pinky_mcp"))
    at = rows_of(name, points, places.device)
    wrist, index, pinky = places[:, at, :2].unbind(1)
    a, b = index - wrist, pinky - wrist
    cross = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    size = ((a * a).sum(dim=1) * (b * b).sum(dim=1)).sqrt()
    side = 1 if hand == "left_hand" else -1
    there = (confidence[:, at] > 0).all(dim=1)
    facing = (side * cross / size.clamp(min=1e-6) / OPEN_PALM).clamp(-1, 1)
    return torch.where(there, facing, 0.0)
