"""Hair, beards, glasses, cloth of the wide studio: where they belong, and nowhere else."""

from dataclasses import replace

import pytest
import torch

from pose_sequences.layout import layout
from signgen.studio.beard import beard_inside, beard_pieces
from signgen.studio.camera import Camera, Framing
from signgen.studio.clothmap import ClothMap, clothe
from signgen.studio.coiffure import coiffure_pieces
from signgen.studio.creases import arm_bends
from signgen.studio.figure import Figure, dress
from signgen.studio.garments import garment_piece
from signgen.studio.keypoints import LAYOUT, project_keypoints
from signgen.studio.kinematics import BoneMotion, move_bones
from signgen.studio.picture import render
from signgen.studio.pieces import Material
from signgen.studio.scalp import Head
from signgen.studio.sewing import sewn_pieces
from signgen.studio.strands import Growth, grown
from signgen.studio.style import Beard, Coiffure, Cut, Features, Frames, Outfit, Style
from signgen.studio.trinkets import trinket_pieces
from signgen.studio.turnout import style_pieces
from signgen.studio.wardrobe import draw_look
from tests.signgen.studio.people import hands_up, wide_figure, wide_signer

FACE_MIDDLE = Framing(1.2, 0.8)


def style(seed: int) -> Style:
    found = draw_look(wide_signer(seed), seed, "wide").style
    assert found is not None
    return found


def coiffure(seed: int, cut: Cut, fringe: float = 0.0) -> Coiffure:
    return replace(style(seed).coiffure, cut=cut, fringe=fringe)


def features(seed: int, beard: Beard = "none", frames: Frames = "none") -> Features:
    return replace(style(seed).features, beard=beard, frames=frames)


@pytest.mark.parametrize(
    ("seed", "cut", "fringe"),
    [(0, "bob", 1.0), (1, "long", 0.0), (2, "afro", 0.0), (3, "scarf", 0.0), (4, "pixie", 0.0)],
)
def test_hair_leaves_eyes_and_mouth_free(seed: int, cut: Cut, fringe: float) -> None:
    person = wide_signer(seed)
    look = draw_look(person, seed, "wide")
    worn = Style(style(seed).outfit, coiffure(seed, cut, fringe), features(seed))
    dressed = dress(person, replace(look, style=worn))
    camera = Camera.framed(person, (160, 160), FACE_MIDDLE)
    pose = hands_up(person)
    depth = render(dressed, pose, camera, supersample=1).depth
    points = project_keypoints(dressed, pose, camera, depth)
    names = layout(LAYOUT).points
    free = [n for n, name in enumerate(names) if name in ("body.left_eye", "body.right_eye")]
    free += [n for n, name in enumerate(names) if name.startswith("body.mouth")]
    assert len(free) == 4
    assert points.visible[0, free].all()


@pytest.mark.parametrize("cut", ["sidepart", "curls", "wavy", "long", "braids", "scarf"])
def test_hair_stands_out_of_the_skin_but_for_its_roots(cut: Cut) -> None:
    person = wide_signer(5)
    head = Head(person, coiffure(5, cut))
    skin = head.body_rows
    for piece in coiffure_pieces(person, head.coiffure):
        rows = piece.triangles.unique()
        points = piece.rest[rows[piece.cut[rows] > 0.003]]
        nearest = skin[torch.cdist(points, person.rest[skin]).argmin(1)]
        heights = ((points - person.rest[nearest]) * head.normals[nearest]).sum(1)
        near = (points - person.rest[nearest]).norm(dim=1) < 0.012
        assert heights[near].quantile(0.05) > -0.003
        assert torch.allclose(piece.skin.sum(1), torch.ones(len(piece.skin)), atol=1e-3)


@pytest.mark.parametrize("seed", [0, 5, 9])
def test_a_scarf_is_closed_above_the_crown(seed: int) -> None:
    (scarf,) = coiffure_pieces(wide_signer(seed), coiffure(seed, "scarf"))
    highest = scarf.rest[scarf.rest[:, 2] > scarf.rest[:, 2].max() - 0.004]
    assert (highest[:, :2] - highest[:, :2].mean(0)).norm(dim=1).median() < 0.04
    assert (scarf.rest[:80, :2] - scarf.rest[:80, :2].mean(0)).norm(dim=1).max() < 0.002


def test_a_scarf_covers_earrings() -> None:
    worn = replace(style(0), features=replace(features(0), earrings=0.01))

    def gear(cut: Cut) -> int:
        pieces = style_pieces(wide_signer(0), replace(worn, coiffure=coiffure(0, cut)))
        return sum(bool((piece.material == Material.GEAR).any()) for piece in pieces)

    assert gear("bald") == 2
    assert gear("scarf") == 0


def test_under_a_scarf_there_is_no_collar() -> None:
    person, look = wide_signer(0), draw_look(wide_signer(0), 0, "wide")
    cloth = garment_piece(person, look.garment)
    bare, scarfed = (
        replace(style(0), coiffure=coiffure(0, cut), outfit=outfit(kind="shirt"))
        for cut in ("bald", "scarf")
    )
    sewn = [len(sewn_pieces(person, look.garment, worn, cloth)) for worn in (bare, scarfed)]
    assert sewn == [2, 1]


@pytest.mark.parametrize("seed", [1, 3, 8])
@pytest.mark.parametrize("parting", [-0.7, 0.0, 0.7])
def test_a_fringe_has_no_gaps(seed: int, parting: float) -> None:
    cut = replace(coiffure(seed, "bob", fringe=0.8), parting=parting)
    fringe = coiffure_pieces(wide_signer(seed), cut)[-1]
    roots = fringe.template[:, 1] == 0  # strand coordinates: nothing along the strand yet
    assert roots.sum() == 40
    assert (fringe.cut[roots] > 0.02).all()
    assert fringe.cut[roots].diff().abs().max() < 0.03


def test_lines_of_hair_keep_their_distance_and_hang_at_last() -> None:
    head = Head(wide_signer(6), coiffure(6, "long"))
    roots, normals = head.on(torch.tensor([[0.0, 0.045, 0.81], [0.07, -0.03, 0.79]]))
    length, margin = torch.full((2,), 0.5), torch.full((2,), 0.01)
    lines = grown(head, Growth(roots + 0.01 * normals, normals, length, margin, 25, 0.4))
    body = head.signer.rest[head.body_rows]
    assert torch.cdist(lines[:, 3:].flatten(0, 1), body).min() > 0.009
    down = lines[:, -1] - lines[:, -2]
    assert (down[:, 2] / down.norm(dim=1)).max() < -0.8


def test_a_beard_follows_the_jaw() -> None:
    person = wide_signer(1)
    pieces = beard_pieces(person, Style(style(1).outfit, style(1).coiffure, features(1, "full")))
    assert len(pieces) == 1
    look = draw_look(person, 1, "wide")
    worn = Style(style(1).outfit, coiffure(1, "bald"), features(1, "full"))
    dressed = dress(person, replace(look, style=worn))
    calm = hands_up(person)
    actions = calm.actions.clone()
    actions[:, person.anatomy.actions.index("jawOpen")] = 1.0
    closed, opened = (dressed.posed(p).vertices[0] for p in (calm, replace(calm, actions=actions)))
    hair = dressed.piece.triangles[dressed.piece.material == Material.HAIR].unique()
    skin = dressed.body_rows[dressed.piece.source[hair]]
    assert (skin >= 0).all()
    assert torch.allclose(opened[hair] - closed[hair], opened[skin] - closed[skin], atol=1e-4)
    assert (opened[hair] - closed[hair]).norm(dim=1).max() > 0.008


def test_a_moustache_is_part_of_a_goatee_and_that_of_no_bare_chin() -> None:
    anatomy = wide_signer(1).anatomy
    place, lips = anatomy.template, anatomy.painted("lips")
    inside = {beard: beard_inside(place, lips, beard) for beard in ("moustache", "goatee", "none")}
    assert (inside["goatee"] >= inside["moustache"]).all()
    assert (inside["goatee"] > 0).sum() > (inside["moustache"] > 0).sum() > 20
    assert (inside["none"] < 0).all()


@pytest.mark.parametrize("frames", ["round", "square"])
@pytest.mark.parametrize("seed", [0, 5, 9])
def test_glasses_stand_before_the_eyes_and_touch_no_skin(seed: int, frames: Frames) -> None:
    person = wide_signer(seed)
    eyes = person.rest[person.anatomy.group("eyes").unique()]
    rims = trinket_pieces(person, replace(features(seed, frames=frames), earrings=0.0))
    assert len(rims) == 5
    front = torch.cat([piece.rest for piece in (rims[0], rims[2])])
    assert front[:, 1].max() < eyes[:, 1].min() + 0.012
    assert front[:, 1].min() > eyes[:, 1].min() - 0.05
    for side in (1, -1):
        own = front[front[:, 0] * side > 0]
        assert own[:, 0].abs().min() < eyes[eyes[:, 0] * side > 0, 0].abs().mean()
        assert own[:, 2].max() > eyes[:, 2].mean() > own[:, 2].min()


def outfit(**changes: object) -> Outfit:
    return replace(style(2).outfit, **changes)  # type: ignore[arg-type]


def bones(dressed: Figure) -> BoneMotion:
    pose = hands_up(dressed.signer)
    return move_bones(dressed.skeleton, dressed.heads, pose.rotations)


def test_cloth_is_dyed_once_and_its_trousers_begin_at_the_hem() -> None:
    dressed = wide_figure(2)
    plain = outfit(kind="tee", pattern="plain", hem=0.10, creases=0.0)
    cloth = ClothMap.of(dressed.signer.anatomy, plain, 0.97)
    place = torch.tensor([[0.02, -0.1, 0.30], [0.02, -0.1, 0.05], [0.30, -0.01, 0.36]])
    normal = torch.tensor([[0.0, -1.0, 0.0]]).expand(3, 3)
    moving = cloth, bones(dressed), dressed.skeleton
    dye = torch.tensor([0.2, 0.3, 0.4]).expand(3, 3)
    colour, turned = clothe(dye, normal, place, torch.zeros(3, dtype=torch.long), moving)
    assert torch.allclose(colour[[0, 2]], dye[[0, 2]], atol=1e-4)
    assert torch.allclose(colour[1], torch.tensor(plain.lower), atol=1e-4)
    assert torch.allclose(turned, normal)


def test_folds_are_deeper_on_a_bent_arm() -> None:
    dressed = wide_figure(2)
    cloth = ClothMap.of(dressed.signer.anatomy, outfit(creases=1.0), 0.98)
    anatomy = dressed.signer.anatomy
    elbow = anatomy.template_heads[anatomy.skeleton.rows["lowerarm01.L"]]
    place = elbow + 0.04 * torch.linspace(-1, 1, 200)[:, None] * torch.tensor([0.7, 0.0, -0.7])
    normal = torch.tensor([[0.0, -1.0, 0.0]]).expand(200, 3)
    straight = move_bones(
        dressed.skeleton, dressed.heads, torch.eye(3).expand(1, len(dressed.heads), 3, 3)
    )
    tilts = []
    for motion in (straight, bones(dressed)):
        frame = torch.zeros(200, dtype=torch.long)
        moving = cloth, motion, dressed.skeleton
        _, turned = clothe(torch.ones(200, 3), normal, place, frame, moving)
        tilts.append(torch.acos((turned * normal).sum(1).clamp(-1, 1)).mean())
    assert tilts[1] > 1.5 * tilts[0] > 0


def test_bends_are_told_for_both_arms_apart() -> None:
    dressed = wide_figure(2)
    driven = arm_bends(bones(dressed), dressed.skeleton).unflatten(0, (1, 2, 2))
    assert driven.shape == (1, 2, 2, 7)
    assert (driven[..., 1, 0] > 0.3).all()  # elbows
    assert torch.allclose(driven[..., 1:4].norm(dim=-1), torch.ones(1, 2, 2), atol=1e-4)
    mirrored = driven[:, 1, 1, 1:4] * torch.tensor([-1.0, 1.0, 1.0])
    assert torch.allclose(driven[:, 0, 1, 1:4], mirrored, atol=0.05)
