"""Flow against what geometry says, and against the pictures that it is the flow of."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from signgen.studio.camera import CLOSE, DISTANCE, Camera
from signgen.studio.figure import Pose, Posed
from signgen.studio.flow import Flow, figure_flow, mesh_flow, warped_back
from signgen.studio.gloss import Gloss
from signgen.studio.motion import perform
from signgen.studio.picture import render_posed
from signgen.studio.pieces import Part
from signgen.studio.raster import Mesh
from tests.signgen.studio.people import figure, hands_up, signer

pytestmark = pytest.mark.light

SIZE = (128, 128)
HANDS = torch.tensor((Part.LEFT_HAND, Part.RIGHT_HAND), dtype=torch.uint8)


def camera(seed: int) -> Camera:
    return Camera.framed(signer(seed), SIZE, CLOSE)


def sheet(depth: float, tilt: float = 0.0) -> tuple[Mesh, Tensor]:
    """Return a square of two triangles before the camera, its corners in the world (4, 3)."""
    faces = torch.tensor([[0, 1, 2], [1, 3, 2]])
    drawn = torch.ones(2, dtype=torch.bool)
    x = torch.tensor([-0.3, 0.3, -0.3, 0.3])
    z = torch.tensor([0.3, 0.3, -0.3, -0.3])
    places = torch.stack([x, torch.full((4,), depth - DISTANCE) + tilt * x, z], 1)
    return Mesh(faces, drawn, torch.ones(4), ~drawn), places


def lens(**moved: tuple[float, float, float]) -> Camera:
    return replace(Camera((0.0, 0.0, 0.0), 150.0, SIZE), **moved)


def moving(pose: Pose, steps: list[list[float]]) -> Pose:
    count = len(steps)
    return Pose(
        pose.rotations.expand(count, -1, -1, -1),
        pose.actions.expand(count, -1),
        torch.tensor(steps),
    )


def seen(flow: Flow, mask: Tensor) -> Tensor:
    return flow.visible & mask[:-1]


def test_what_stands_still_has_no_flow_and_is_all_visible() -> None:
    posed = figure(3).posed(moving(hands_up(signer(3)), [[0.0, 0.0, 0.0]] * 2))
    flow = figure_flow(figure(3), posed, camera(3))
    assert flow.moves.abs().max() < 2e-3
    assert flow.visible.float().mean() > 0.99


@pytest.mark.parametrize("depth", [1.5, 2.6])
def test_a_camera_that_moves_aside_moves_a_plane_by_the_same_everywhere(depth: float) -> None:
    mesh, places = sheet(depth)
    before, after = lens(), lens(centre=(0.05, 0.0, -0.02))
    screen = torch.stack([before.project(places), after.project(places)])
    flow = mesh_flow(mesh, screen, SIZE)
    covered = flow.moves.abs().amax(3)[0] > 0
    assert covered.sum() > 3000
    scale = before.pixels_a_metre * DISTANCE / depth
    wanted = torch.tensor([-0.05, -0.02]) * scale
    assert (flow.moves[0][covered] - wanted).abs().max() < 1e-2
    assert flow.visible[0][covered].float().mean() > 0.85  # all but the edge


def test_the_flow_of_a_slanted_plane_knows_perspective() -> None:
    mesh, places = sheet(2.0, tilt=1.5)
    step = torch.tensor([0.0, -0.3, 0.0])  # towards the camera
    screen = torch.stack([lens().project(places), lens().project(places + step)])
    flow = mesh_flow(mesh, screen, SIZE)
    # a point of the plane on a pixel, found by cutting the plane with the pixel's ray
    column, line = 40, 70
    x = (column + 0.5 - SIZE[0] / 2) / (lens().pixels_a_metre * DISTANCE)
    far = 2.0 / (1 - 1.5 * x)
    z = -(line + 0.5 - SIZE[1] / 2) / (lens().pixels_a_metre * DISTANCE) * far
    point = torch.tensor([x * far, far - DISTANCE, z])
    wanted = (lens().project(point + step) - lens().project(point))[:2]
    torch.testing.assert_close(flow.moves[0, line, column], wanted, atol=1e-2, rtol=0)


def test_a_backdrop_stays_and_is_gone_where_somebody_steps_before_it() -> None:
    posed = figure(3).posed(moving(hands_up(signer(3)), [[0.0, 0.0, 0.0], [0.10, 0.0, 0.0]]))
    flow = figure_flow(figure(3), posed, camera(3))
    depth = render_posed(figure(3), posed, camera(3), 1).depth
    empty, empty_after = depth.isinf()
    assert not flow.moves[0][empty].any()
    assert torch.equal(flow.visible[0][empty], empty_after[empty])
    assert (~flow.visible[0][empty]).sum() > 100


def test_what_leaves_the_picture_is_not_visible() -> None:
    mesh, places = sheet(2.0)
    screen = torch.stack(
        [lens().project(places), lens().project(places + torch.tensor([0.3, 0, 0]))]
    )
    flow = mesh_flow(mesh, screen, SIZE)
    column = torch.arange(SIZE[0]) + 0.5
    gone = (column + flow.moves[0, 64, :, 0]) > SIZE[0]
    assert gone.any()
    assert not flow.visible[0, 64][gone].any()


def test_a_hidden_surface_is_not_visible_though_its_way_is_known() -> None:
    mesh, places = sheet(2.0)
    pair = torch.cat([mesh.triangles, mesh.triangles + 4])
    both = Mesh(
        pair, torch.ones(4, dtype=torch.bool), torch.ones(8), torch.zeros(4, dtype=torch.bool)
    )
    small = places * torch.tensor([0.3, 1.0, 0.3]) + torch.tensor([0.0, -0.4, 0.0])
    aside = torch.tensor([5.0, 0.0, 0.0])
    before, after = torch.cat([places, small + aside]), torch.cat([places, small])
    screen = torch.stack([lens().project(before), lens().project(after)])
    flow = mesh_flow(both, screen, SIZE)
    assert not flow.visible[0, 64, 64]
    assert flow.moves[0, 64, 64].abs().max() < 1e-3
    assert flow.visible[0, 64, 100]


def walk() -> tuple[Posed, Camera]:
    steps = [[0.012 * n, 0.0, 0.005 * n] for n in range(4)]
    return figure(3).posed(moving(hands_up(signer(3)), steps)), camera(3)


def test_the_next_frame_warped_back_is_this_frame_where_it_is_visible() -> None:
    posed, view = walk()
    pictures = render_posed(figure(3), posed, view)
    flow = figure_flow(figure(3), posed, view)
    frames = pictures.frames.movedim(3, 1).float()
    on_figure = seen(flow, pictures.parts > 0)
    still, warped = (
        (f - frames[:-1]).abs().mean(1) for f in (frames[1:], warped_back(frames, flow))
    )
    assert on_figure.float().mean() > 0.3
    assert warped[on_figure].mean() < 0.35 * still[on_figure].mean()
    assert warped[on_figure].mean() < 4


def test_flow_follows_hands_that_sign() -> None:
    gloss = Gloss(handshape="b", location="space", orientation="palm_forward", path="out")
    pose = perform(signer(3), [gloss], fps=25.0, rng=np.random.default_rng(0)).pose
    posed = figure(3).posed(pose.chunk(8, 16))
    pictures = render_posed(figure(3), posed, camera(3))
    flow = figure_flow(figure(3), posed, camera(3))
    hands = seen(flow, torch.isin(pictures.parts, HANDS))
    assert hands.sum() > 500
    frames = pictures.frames.movedim(3, 1).float()
    still, warped = (
        (f - frames[:-1]).abs().mean(1) for f in (frames[1:], warped_back(frames, flow))
    )
    assert flow.moves[hands].norm(dim=1).mean() > 0.5
    assert warped[hands].mean() < 0.7 * still[hands].mean()


def test_flow_of_many_frames_is_that_of_its_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    posed, view = walk()
    together = figure_flow(figure(3), posed, view)
    monkeypatch.setattr("signgen.studio.raster._ON_CPU", 1)
    alone = figure_flow(figure(3), posed, view)
    torch.testing.assert_close(together.moves, alone.moves)
    assert torch.equal(together.visible, alone.visible)


def test_one_frame_has_no_flow() -> None:
    mesh, places = sheet(2.0)
    with pytest.raises(ValueError, match="1 frame has no flow; give at least 2"):
        mesh_flow(mesh, lens().project(places)[None], SIZE)
