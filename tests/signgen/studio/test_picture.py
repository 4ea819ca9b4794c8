"""Pictures: the same from the same seed, decently dressed, readable on every skin."""

import time
from dataclasses import replace

import pytest
import torch

from pose_sequences.layout import layout
from signgen.studio.camera import CLOSE, Camera
from signgen.studio.clip import film
from signgen.studio.figure import Pose, dress
from signgen.studio.keypoints import LAYOUT, project_keypoints
from signgen.studio.picture import backdrop, render
from signgen.studio.pieces import Material, Part
from signgen.studio.raster import rasterise
from signgen.studio.wardrobe import Garment, Hair, draw_look
from tests.signgen.studio.people import figure, hands_up, signer

SIZE = (128, 128)
HANDS = (Part.LEFT_HAND, Part.RIGHT_HAND)


def camera(seed: int) -> Camera:
    return Camera.framed(signer(seed), SIZE, CLOSE)


def test_the_same_seed_gives_the_same_picture() -> None:
    person = signer(3)
    again = dress(person, draw_look(person, 3))
    pose = hands_up(person)
    first, second = (render(f, pose, camera(3)) for f in (figure(3), again))
    assert torch.equal(first.frames, second.frames)
    assert torch.equal(first.parts, second.parts)


def test_frames_rendered_together_and_alone_are_equal() -> None:
    poses = [hands_up(signer(2), bends) for bends in (0.0, 0.6, 1.2)]
    together = Pose(
        torch.cat([p.rotations for p in poses]),
        torch.cat([p.actions for p in poses]),
        torch.cat([p.root for p in poses]),
    )
    batch = render(figure(2), together, camera(2)).frames.int()
    alone = torch.cat([render(figure(2), p, camera(2)).frames for p in poses]).int()
    assert ((batch - alone).abs() <= 2).float().mean() > 0.999


def test_both_hands_the_face_and_the_body_are_seen_and_named() -> None:
    pictures = render(figure(4), hands_up(signer(4)), camera(4))
    for part in Part:
        share = (pictures.parts == part).float().mean()
        assert share > 0.01, part.name
    where = [(pictures.parts[0] == part).nonzero().float().mean(0) for part in HANDS]
    assert where[0][1] > where[1][1]  # the signer's left is the picture's right
    assert (pictures.depth.isinf() == (pictures.parts == Part.BACKGROUND)).all()


def test_nobody_in_the_picture_leaves_the_backdrop() -> None:
    person = figure(1)
    away = replace(hands_up(signer(1)), root=torch.tensor([[0.0, 0.0, 50.0]]))
    frame = render(person, away, camera(1)).frames[0].float()
    light = backdrop(person.look.background, SIZE, torch.zeros(()))
    wanted = (255 * light.clamp(0, 1) ** (1 / 2.2)).movedim(0, 2)
    assert (frame - wanted).abs().max() <= 1


@pytest.mark.parametrize("seed", [3, 8])
def test_no_skin_shows_through_a_high_necked_garment(seed: int) -> None:
    person = signer(seed)
    look = draw_look(person, seed)
    garment = Garment("high", 0.97, (0.1, 0.1, 0.1), 0.008, 0.0)
    bald = Hair("bald", (0.0, 0.0, 0.0), 0.0, 0.0, 0.01, 0)
    dressed = dress(person, replace(look, garment=garment, hair=bald))
    pose = hands_up(person)
    view = camera(seed)
    fragments = rasterise(dressed.mesh, view.project(dressed.posed(pose).vertices), view.size)
    triangles = fragments.triangle
    place = dressed.piece.template[dressed.piece.triangles[triangles]].mean(1)
    trunk = (place[:, 2] < 0.58) & (place[:, 0].abs() < 0.30)
    skin = dressed.piece.material[triangles] == Material.SKIN
    assert (skin & trunk).sum() <= 0.002 * trunk.sum()


@pytest.mark.parametrize("seed", [1, 2, 3, 5])
def test_hands_stand_out_from_the_cloth_and_are_neither_black_nor_burnt_out(seed: int) -> None:
    pictures = render(figure(seed), hands_up(signer(seed)), camera(seed))
    hands = torch.isin(pictures.parts, torch.tensor(HANDS, dtype=torch.uint8))
    brightness = pictures.frames[hands].float().mean(1)
    assert 60 < brightness.median() < 235
    assert (
        brightness.quantile(0.9) - brightness.quantile(0.1) > 25
    )  # shaded, so fingers can be read


def test_a_fist_shows_less_hand_than_an_open_hand() -> None:
    areas = []
    for bends in (0.0, 1.3):
        parts = render(figure(5), hands_up(signer(5), bends), camera(5)).parts
        areas.append((parts == Part.LEFT_HAND).sum())
    assert areas[1] < 0.8 * areas[0]


def test_an_open_mouth_changes_the_face_alone() -> None:
    person = signer(6)
    calm = hands_up(person)
    actions = calm.actions.clone()
    actions[:, person.anatomy.actions.index("jawOpen")] = 1.0
    first, second = (
        render(figure(6), p, camera(6)) for p in (calm, replace(calm, actions=actions))
    )
    changed = (first.frames.int() - second.frames.int()).abs().amax(3) > 8
    face = (first.parts == Part.FACE) | (second.parts == Part.FACE)
    assert changed.sum() > 20
    assert (changed & face).sum() > 0.6 * changed.sum()


def test_the_head_is_in_every_framing() -> None:
    for seed in range(1, 7):
        parts = render(figure(seed), hands_up(signer(seed)), camera(seed), supersample=1).parts
        assert (parts[0, 0] == Part.BACKGROUND).all()
        assert (parts == Part.FACE).sum() > 100


def test_points_lie_on_the_parts_they_belong_to() -> None:
    pose = hands_up(signer(4))
    pictures = render(figure(4), pose, camera(4))
    keypoints = project_keypoints(figure(4), pose, camera(4), pictures.depth)
    rows = layout(LAYOUT)
    for part, value in (
        ("left_hand", Part.LEFT_HAND),
        ("right_hand", Part.RIGHT_HAND),
        ("face", Part.FACE),
    ):
        chosen = torch.from_numpy(rows.part(part))
        x, y, _ = keypoints.points[0, chosen].round().long().clamp(0, 127).unbind(1)
        assert (pictures.parts[0, y, x] == value).float().mean() > 0.85, part
        assert keypoints.visible[0, chosen].float().mean() > 0.9, part


def test_a_mirrored_pose_gives_mirrored_points() -> None:
    pose = hands_up(signer(4))
    points = project_keypoints(figure(4), pose, camera(4)).points[0, :, 0]
    mirrored = points[torch.from_numpy(layout(LAYOUT).mirrored)]
    body = slice(11, 17)
    assert ((points + mirrored)[body] - SIZE[0]).abs().max() < 3


def test_looks_differ_and_cloth_never_hides_the_hands() -> None:
    looks = [draw_look(signer(seed % 8), seed) for seed in range(60)]
    assert len({look.hair.style for look in looks}) >= 4
    assert len({look.garment.neck for look in looks}) == 4
    assert len({look.garment.colour for look in looks}) >= 8
    for seed, look in enumerate(looks):
        skin = signer(seed % 8).complexion.skin
        pairs = zip(look.garment.colour, skin, strict=True)
        assert sum(abs(a ** (1 / 2.2) - b ** (1 / 2.2)) for a, b in pairs) > 0.4


@pytest.mark.gpu
def test_the_picture_is_the_same_on_an_accelerator() -> None:
    pose = hands_up(signer(3), num_frames=2)
    there = Pose(pose.rotations.cuda(), pose.actions.cuda(), pose.root.cuda())
    ours = render(figure(3), pose, camera(3)).frames.int()
    theirs = render(figure(3).to("cuda"), there, camera(3)).frames.cpu().int()
    assert ((ours - theirs).abs().amax(3) <= 2).float().mean() > 0.999


@pytest.mark.gpu
def test_an_accelerator_draws_500_frames_a_second() -> None:
    num_frames, person = 256, figure(3).to("cuda")
    pose = hands_up(signer(3), 0.4, num_frames)
    pose = Pose(pose.rotations.cuda(), pose.actions.cuda(), pose.root.cuda())
    view = Camera.framed(signer(3), (256, 256), CLOSE)

    def drawn() -> float:
        torch.cuda.synchronize()
        begin = time.perf_counter()
        for shot in film(person, pose, view):
            assert shot.frames.shape[1:] == (256, 256, 3)
        torch.cuda.synchronize()
        return time.perf_counter() - begin

    drawn()
    assert num_frames / min(drawn() for _ in range(3)) >= 500
