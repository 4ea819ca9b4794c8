"""Warp: where a place on or about the source's body lies on the reference's.

Head and torso each have a map of their own, exact on them; between them and in the space before the
body the maps are blended by distance, so that a hand at the temple goes to the temple.
"""

from dataclasses import dataclass

import numpy as np

from pose_sequences.retarget.landmarks import SIDES, Array, Landmarks, Side, down, filled, length
from pose_sequences.retarget.outlines import distance_outside
from pose_sequences.retarget.proportions import TYPICAL_FACE, TYPICAL_NECK, Body
from pose_sequences.retarget.scales import Scales

_HEAD_RADIUS = 1.4  # eyes-to-mouth lengths: from the middle of the face to hairline and chin
_TORSO_HEIGHT, _HIPS_APART = 1.4, 0.6  # shoulder widths, where no hips are seen
# Distances in shoulder widths: how far the space before the body always is, and a floor.
_SPACE, _TOUCHING = 0.6, 0.01


@dataclass(frozen=True)
class Warp:
    """The maps of a clip of T frames; points are (T, N, 2), in pixels, and may be NaN.

    unit: the source's shoulder width in pixels; every other array is (T, 2), for the source and
    for the result, but for the torso's outline (T, 4, 2) and its matrix (2, 2).
    """

    scales: Scales
    unit: float
    radius: float
    neck: tuple[Array, Array]
    head: tuple[Array, Array]
    shoulders: dict[Side, Array]
    outline: Array
    matrix: Array

    @property
    def num_frames(self) -> int:
        """The number of frames T."""
        return len(self.outline)

    def on_torso(self, points: Array) -> Array:
        """Map points that belong to the torso: stretched across and down by themselves."""
        source, result = self.neck
        return (points - source[:, None]) @ self.matrix.T + result[:, None]

    def on_head(self, points: Array) -> Array:
        """Map points that belong to the head: scaled and shifted as one."""
        source, result = self.head
        return self.scales.head * (points - source[:, None]) + result[:, None]

    def place(self, points: Array, side: Side) -> Array:
        """Map places that the hand or arm of a side may reach, on the body or before it."""
        shoulder = self.shoulders[side][:, None]
        reached = self.on_torso(shoulder) + self.scales.arm * (points - shoulder)
        from_head = np.maximum(length(points - self.head[0][:, None]) - self.radius, 0)
        far = np.stack(
            (from_head / self.unit, distance_outside(points, self.outline) / self.unit),
            axis=-1,
        )
        near = 1 / (far**2 + _TOUCHING**2)  # (T, N, 2)
        space = np.full(near.shape[:2], 1 / _SPACE**2)
        weights = np.concatenate((near, space[..., None]), axis=-1)[..., None]
        places = np.stack((self.on_head(points), self.on_torso(points), reached), axis=2)
        return np.asarray((weights * places).sum(axis=2) / weights.sum(axis=2), np.float64)


def plan_warp(marks: Landmarks, source: Body, reference: Body, scales: Scales) -> Warp:
    """Return the maps from a source's landmarks to the place of the reference."""
    unit = source.shoulders
    head = filled(marks.head())
    neck = filled(marks.neck())
    if np.isnan(neck).any():  # no shoulders in any frame: measure_body found a face
        neck = head + down(TYPICAL_NECK * unit)
    if np.isnan(head).any():
        head = neck - down(TYPICAL_NECK * unit)
    sway = scales.shoulders * (neck - source.neck)
    new_neck = np.array(reference.neck) + sway
    face = source.lengths.get("face", TYPICAL_FACE * unit)
    return Warp(
        scales=scales,
        unit=unit,
        radius=_HEAD_RADIUS * face,
        neck=(neck, new_neck),
        head=(head, new_neck + scales.neck * (head - neck)),
        shoulders=dict(zip(SIDES, _shoulders(marks, neck, unit), strict=True)),
        outline=_outline(marks, neck, unit),
        matrix=_torso_matrix(source, reference, scales),
    )


def _torso_matrix(source: Body, reference: Body, scales: Scales) -> Array:
    # A shoulder line has no direction: exchanged sides must not turn the torso upside down.
    half_turns = np.round((reference.tilt - source.tilt) / np.pi)
    level = _rotation(source.tilt + np.pi * half_turns).T
    return _rotation(reference.tilt) @ np.diag((scales.shoulders, scales.torso)) @ level


def _shoulders(marks: Landmarks, neck: Array, unit: float) -> list[Array]:
    tracks = [filled(track) for track in marks.torso()[:, :2].swapaxes(0, 1)]
    return [
        neck + np.array((x * unit / 2, 0)) if np.isnan(track).any() else track
        for track, x in zip(tracks, (1, -1), strict=True)
    ]


def _outline(marks: Landmarks, neck: Array, unit: float) -> Array:
    left, right = _shoulders(marks, neck, unit)
    hips = [filled(track) for track in marks.torso()[:, 2:].swapaxes(0, 1)]
    for i, x in enumerate((-1, 1)):
        if np.isnan(hips[i]).any():
            hips[i] = neck + unit * np.array((x * _HIPS_APART / 2, _TORSO_HEIGHT))
    return np.stack((left, right, *hips), axis=1)


def _rotation(angle: float) -> Array:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array(((cos, -sin), (sin, cos)))
