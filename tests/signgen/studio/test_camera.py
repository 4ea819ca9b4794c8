"""Cameras: what a picture shows stands where its points say, whatever the lens and the tilt."""

from dataclasses import replace
from functools import cache
from math import atan, cos, hypot, pi, sin, tan
from typing import Literal

import numpy as np
import pytest
import torch

from pose_sequences.layout import layout
from signgen.studio.camera import CLOSE, DISTANCE, Camera, Framing
from signgen.studio.figure import Figure, dress
from signgen.studio.furniture import Patch
from signgen.studio.keypoints import LAYOUT, project_keypoints
from signgen.studio.picture import render
from signgen.studio.pieces import Part
from signgen.studio.rooms import Room
from signgen.studio.scenery import room_light
from signgen.studio.surroundings import look_around
from tests.signgen.studio.people import hands_up, signer

SIZE = (160, 128)
TILTED = Camera(
    (0.05, -0.02, 0.5), 90.0, SIZE, turn=0.2, pitch=-0.25, roll=0.09, distance=1.4, lens=0.5
)

PARTS: dict[Literal["left_hand", "right_hand", "face"], Part] = {
    "left_hand": Part.LEFT_HAND,
    "right_hand": Part.RIGHT_HAND,
    "face": Part.FACE,
}


@cache
def wide(seed: int) -> Figure:
    """Return a signer out of the wide world."""
    return dress(signer(seed), look_around(signer(seed), seed, "wide"))


def test_a_tilted_wide_lens_projects_by_its_equations() -> None:
    point = np.array([0.21, -0.33, 0.18])
    x, y, z = point - TILTED.centre
    x, y = x * cos(0.2) + y * sin(0.2), y * cos(0.2) - x * sin(0.2)
    y, z = y * cos(0.25) + z * sin(0.25), z * cos(0.25) - y * sin(0.25)
    depth = y + 1.4
    right, up = (90 * 1.4 / depth * part for part in (x, z))
    right, up = right * cos(0.09) + up * sin(0.09), up * cos(0.09) - right * sin(0.09)
    half = hypot(*SIZE) / 2
    away = hypot(right, up) / half
    bent = atan(0.5 * away) / (0.5 * away)
    wanted = (SIZE[0] / 2 + right * bent, SIZE[1] / 2 - up * bent, depth)
    assert TILTED.project(torch.from_numpy(point)).tolist() == pytest.approx(wanted)


def test_from_above_a_lifted_hand_is_lower_and_leaning_right_moves_heads_right() -> None:
    ahead, head = torch.tensor([[0.0, -0.4, 0.0], [0.0, 0.0, 0.4]])
    level = Camera((0.0, 0.0, 0.0), 100.0, SIZE)
    above, leaning = replace(level, pitch=0.2), replace(level, roll=0.1)
    assert above.project(ahead)[1] > level.project(ahead)[1]
    assert leaning.project(head)[0] > level.project(head)[0]
    assert above.project(head)[2] < level.project(head)[2]


def test_the_room_is_seen_through_the_same_lens_and_tilt_as_points() -> None:
    camera = replace(TILTED, turn=0.0, pitch=0.0)
    height = SIZE[1]
    for x, y in ((0.35, -0.25), (-0.4, 0.3), (0.1, 0.4)):
        spot = Patch("blob", x, y, 0.08, 0.08, (1.0, 1.0, 1.0), 0.01)
        room = Room("wall", (0.0,) * 3, (0.0,) * 3, (0.0, 0.0), 0.0, 0.0, 0.0, (spot,))
        light = room_light(room, camera, torch.zeros(()))[0]
        down, across = ((torch.arange(n) + 0.5).float() for n in light.shape)
        seen = (light.sum(0) @ across / light.sum(), light.sum(1) @ down / light.sum())
        metres = height / camera.pixels_a_metre
        place = torch.tensor(camera.centre) + torch.tensor([x * metres, 0.0, -y * metres])
        told = camera.project(place)
        assert told[:2].tolist() == pytest.approx([float(part) for part in seen], abs=0.6)


@pytest.mark.parametrize(("seed", "lens"), [(4, 0.55), (5, 0.3)])
def test_points_lie_on_the_parts_that_a_bent_picture_shows(seed: int, lens: float) -> None:
    framing = replace(CLOSE, pitch=0.2, roll=-0.08, distance=1.3, lens=lens, turn=0.1)
    camera = Camera.framed(signer(seed), SIZE, framing)
    figure, pose = wide(seed), hands_up(signer(seed))
    pictures = render(figure, pose, camera)
    keypoints = project_keypoints(figure, pose, camera, pictures.depth)
    plain = project_keypoints(figure, pose, replace(camera, lens=0.0))
    for part, value in PARTS.items():
        rows = torch.from_numpy(layout(LAYOUT).part(part))
        shown = keypoints.visible[0, rows]
        x, y, _ = keypoints.points[0, rows][shown].long().unbind(1)
        assert shown.float().mean() > 0.6, part
        assert (pictures.parts[0, y, x] == value).float().mean() > 0.85, part
        # without the lens the points would be elsewhere: this is no test that cannot fail
        mask = (pictures.parts[0] == value).nonzero().float().mean(0).flip(0)
        bent, straight = (k.points[0, rows, :2].mean(0) for k in (keypoints, plain))
        if part != "face":
            assert (bent - mask).norm() < (straight - mask).norm()


def test_a_lens_of_nothing_is_a_pinhole_and_a_stronger_one_draws_corners_in() -> None:
    places = torch.tensor([[-0.6, 0.0, 0.5], [0.3, -0.2, -0.4]])
    pinhole = Camera((0.0, 0.0, 0.0), 100.0, SIZE)
    middle = torch.tensor(SIZE) / 2
    away = [
        (replace(pinhole, lens=lens).project(places)[:, :2] - middle).norm(dim=1)
        for lens in (0.0, 1e-4, 0.3, 0.6)
    ]
    assert torch.allclose(away[0], away[1], rtol=1e-4)
    assert (away[0] > away[2]).all()
    assert (away[2] > away[3]).all()
    corner = torch.tensor([[SIZE[0] / 200, 0.0, SIZE[1] / 200]])
    shown = (replace(pinhole, lens=0.6).project(corner)[:, :2] - middle).norm()
    assert float(shown) == pytest.approx(hypot(*SIZE) / 2 * atan(0.6) / 0.6, rel=1e-4)
    assert tan(0.6) / 0.6 < 1.3 < pi / 2  # what a canvas of 1.3 pictures has to spare


@pytest.mark.parametrize("size", [(96, 96), (210, 260), (128, 72)])
def test_every_wide_framing_has_the_head_and_no_legs(size: tuple[int, int]) -> None:
    for seed in range(1, 40):
        person = signer(seed % 4 + 1)
        look = look_around(person, seed, "wide")
        camera = Camera.framed(person, size, look.framing)
        rows = person.anatomy.skeleton.rows
        head, hips = person.heads[rows["head"]], person.heads[rows["upperleg01.L"]]
        crown = torch.tensor([0.0, camera.centre[1], float(head[2]) + 0.20])
        low = torch.tensor([0.0, camera.centre[1], float(hips[2])])
        assert camera.project(crown)[1] >= -0.5, seed
        assert camera.project(low)[1] >= size[1] - 0.5, seed


def test_todays_framings_have_todays_camera() -> None:
    camera = Camera.framed(signer(4), SIZE, CLOSE)
    assert camera.is_plain
    plain = Camera(camera.centre, camera.pixels_a_metre, SIZE)
    assert camera == plain
    assert camera.distance == DISTANCE
    assert Framing() == Framing(pitch=0.0, roll=0.0, distance=DISTANCE, lens=0.0, headroom=0.15)
