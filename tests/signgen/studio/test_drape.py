"""Cloth fits: near the skin on shoulders and arms, at rest and in motion, and never inside it."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import Tensor

from signgen.studio.camera import WEBCAM, Camera
from signgen.studio.drape import Bare
from signgen.studio.factory import Signer
from signgen.studio.figure import Pose, dress
from signgen.studio.garments import garment_piece
from signgen.studio.kinematics import SIDES, hand_axes, move_bones, rest_pose
from signgen.studio.limbs import Reach, hand_turn, reach
from signgen.studio.pieces import Material, Piece
from signgen.studio.raster import rasterise
from signgen.studio.skin import fans, skin_transforms, skin_vertices, vertex_normals
from signgen.studio.wardrobe import Garment, draw_look
from tests.signgen.studio.people import signer, still

SEEDS = (0, 1, 2, 3, 4, 5)
# from the left shoulder to the wrist, mirrored for the right: hanging, out, up and across
WRISTS = ((0.10, -0.02, -0.62), (0.45, -0.05, 0.0), (0.25, -0.15, 0.45), (-0.25, -0.35, 0.05))
COLOUR = (0.1, 0.1, 0.1)


def arms(person: Signer) -> Pose:
    """Return both arms hanging, stretched out, raised and crossed."""
    skeleton, heads = person.anatomy.skeleton, person.heads
    rotations = rest_pose(skeleton, len(WRISTS), heads)
    for side in SIDES:
        axes = hand_axes(skeleton, heads, side)
        mirror = torch.tensor([1.0 if side == "L" else -1.0, 1.0, 1.0])
        away = torch.tensor(WRISTS) * mirror
        palm = torch.tensor([[0.0, -1.0, 0.05]]).expand_as(away)
        turn = hand_turn(away, palm, (axes.fingers, axes.palm))
        wrist = heads[skeleton.rows[f"upperarm01.{side}"]] + away
        goal = Reach(wrist, torch.full((len(away),), 0.3), turn)
        rotations = reach(skeleton, heads, rotations, side, goal)
    return still(rotations, person)


class Worn:
    """A garment on a signer: its vertices that are seen, and the skin below each of them."""

    def __init__(self, person: Signer, garment: Garment) -> None:
        self.person = person
        self.piece: Piece = garment_piece(person, garment)
        self.body = person.anatomy.group("body")
        self.fan = fans(self.body, len(person.rest))
        rows = self.piece.triangles.unique()
        self.rows = rows[self.piece.cut[rows] > 0]
        bare = self.body.unique()
        self.below = bare[torch.cdist(self.piece.rest[self.rows], person.rest[bare]).argmin(1)]

    def posed(self, pose: Pose) -> tuple[Tensor, Tensor]:
        """Return the cloth (T, V, 3) and the bare body."""
        skeleton, heads = self.person.anatomy.skeleton, self.person.heads
        bones = move_bones(skeleton, heads, pose.rotations)
        transforms = skin_transforms(bones, heads, self.person.to_reference)
        skin = skin_vertices(self.person.rest, self.person.anatomy.skin, transforms)
        return skin_vertices(self.piece.rest, self.piece.skin, transforms), skin

    def heights(self, pose: Pose | None = None) -> Tensor:
        """Return how high the cloth is over the skin that it lies on at rest (T, V)."""
        cloth, skin = self.piece.rest[None], self.person.rest[None]
        if pose is not None:
            cloth, skin = self.posed(pose)
        normals = vertex_normals(skin, self.fan)[:, self.below]
        return ((cloth[:, self.rows] - skin[:, self.below]) * normals).sum(2)

    def breadths(self, pose: Pose) -> tuple[float, float]:
        """Return how broad the shoulders are in the first frame, dressed and bare, in metres."""
        cloth, skin = (vertices[0] for vertices in self.posed(pose))
        row = self.person.anatomy.skeleton.rows["upperarm01.L"]
        top = float(self.person.heads[row, 2])

        def breadth(points: Tensor) -> float:
            low = points[(points[:, 2] < top) & (points[:, 2] > top - 0.10), 0]
            return float(low.max() - low.min())

        return breadth(cloth[self.rows]), breadth(skin[self.body.unique()])

    def along(self) -> tuple[Tensor, Tensor]:
        """Return how far from shoulder to wrist vertices are (V,), and which an arm moves."""
        rows = self.person.anatomy.skeleton.rows
        along, _ = _places(self.person, self.piece.template[self.rows])
        bones = [row for name, row in rows.items() if name.startswith(("upperarm", "lowerarm"))]
        return along, self.piece.skin[self.rows][:, bones].sum(1) > 0.5

    def shoulder_caps(self) -> Tensor:
        """Return which vertices lie on the shoulders (V,)."""
        along, _ = self.along()
        place = self.piece.template[self.rows]
        return (place[:, 2] > 0.53) & (place[:, 0].abs() > 0.10) & (along < 0.1)


@cache
def worn(seed: int, sleeve: float = 0.97, looseness: float = 0.010) -> Worn:
    return Worn(signer(seed), Garment("crew", sleeve, COLOUR, looseness, 0.5))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("looseness", [0.006, 0.014])
def test_cloth_lies_near_the_skin_on_shoulders_and_arms(seed: int, looseness: float) -> None:
    cloth = worn(seed, looseness=looseness)
    along, arm = cloth.along()
    heights = cloth.heights()[0]
    caps, sleeves = heights[cloth.shoulder_caps()], heights[arm]
    assert len(caps) > 30
    assert len(sleeves) > 150
    assert caps.min() > 0.001
    assert caps.max() < 0.012
    assert sleeves.min() > 0.001
    assert sleeves.quantile(0.95) < 0.007 + 0.8 * looseness
    elbows = heights[arm & ((along - 0.5).abs() < 0.1)]
    assert elbows.median() > caps.median()


@pytest.mark.parametrize("seed", SEEDS)
def test_cloth_stays_as_near_however_the_arms_are_held(seed: int) -> None:
    cloth = worn(seed)
    heights = cloth.heights(arms(signer(seed)))
    caps = heights[:, cloth.shoulder_caps()]
    assert caps.min() > -0.001
    assert caps.max() < 0.013
    along, arm = cloth.along()
    upper = heights[:, arm & (along > 0.15) & (along < 0.42)]  # but for the creases
    assert upper.min() > -0.001
    assert upper.max() < 0.018
    assert (heights[:, arm] > 0).float().mean() > 0.98


def test_a_looser_garment_is_looser_and_a_short_sleeve_is_widest_at_its_hem() -> None:
    tight, loose = (worn(1, looseness=looseness) for looseness in (0.006, 0.014))
    _, arm = tight.along()
    assert loose.heights()[0, arm].mean() > tight.heights()[0, arm].mean() + 0.002
    short = worn(1, sleeve=0.33)
    along, arm = short.along()
    hem = arm & (along > 0.24)
    above = arm & (along < 0.12)
    assert short.heights()[0, hem].median() > short.heights()[0, above].median() + 0.003


def test_hands_do_not_move_cuffs() -> None:
    cloth = worn(2)
    rows = cloth.person.anatomy.skeleton.rows
    hands = [r for n, r in rows.items() if n.startswith(("wrist", "finger", "metacarpal"))]
    assert cloth.piece.skin[:, hands].abs().max() == 0
    assert torch.allclose(cloth.piece.skin.sum(1), torch.ones(len(cloth.piece.skin)), atol=1e-3)


def test_a_garment_makes_nobody_much_broader() -> None:
    breadths = []
    for seed in SEEDS:
        cloth = Worn(signer(seed), draw_look(signer(seed), seed).garment)
        breadths.append(cloth.breadths(arms(signer(seed))))
    dressed, bare = torch.tensor(breadths).mean(0).tolist()
    assert bare < dressed < 1.05 * bare


@pytest.mark.parametrize("sleeve", [0.33, 0.97])
def test_no_skin_but_at_the_edges_is_seen_through_cloth(sleeve: float) -> None:
    cloth, skin = 0, 0
    for seed in SEEDS[:4]:
        person, look = signer(seed), draw_look(signer(seed), seed)
        garment = replace(look.garment, neck="crew", sleeve=sleeve)
        dressed = dress(person, replace(look, garment=garment))
        view = Camera.framed(person, (160, 160), WEBCAM)
        vertices = dressed.posed(arms(person)).vertices
        seen = rasterise(dressed.mesh, view.project(vertices), view.size).triangle
        along, trunk = _places(person, dressed.piece.template[dressed.piece.triangles].mean(1))
        material = dressed.piece.material
        stray = (material == Material.SKIN) & trunk & (along < sleeve - 0.08)
        cloth += int((material[seen] == Material.CLOTH).sum())
        skin += int(stray[seen].sum())
    assert cloth > 20_000
    assert skin < 0.001 * cloth


def _places(person: Signer, place: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far from shoulder to wrist places (V, 3) are, and which lie below the neck."""
    rows = person.anatomy.skeleton.rows
    shoulder = person.anatomy.template_heads[rows["upperarm01.L"]]
    line = person.anatomy.template_heads[rows["wrist.L"]] - shoulder
    as_left = torch.cat([place[:, :1].abs(), place[:, 1:]], 1)
    return (as_left - shoulder) @ line / line.norm() ** 2, place[:, 2] < 0.53


def test_cloth_inside_the_body_is_pushed_out_and_other_cloth_is_left_alone() -> None:
    bare = Bare.of(signer(3))
    inside = bare.places - 0.002 * bare.normals
    outside = bare.places + 0.02 * bare.normals
    _, nearest = torch.cdist(inside, bare.places).min(1)
    moved = bare.cleared(inside, 0.003)
    heights = ((moved - bare.places[nearest]) * bare.normals[nearest]).sum(1)
    assert heights.min() > 0.0029
    assert torch.equal(bare.cleared(outside, -0.05), outside)


def test_the_skin_below_a_point_is_told_with_its_height_and_its_bones() -> None:
    bare = Bare.of(signer(3))
    below = bare.below(bare.places + 0.004 * bare.normals)
    assert (below.height - 0.004).abs().quantile(0.95) < 0.001
    assert (below.normal * bare.normals).sum(1).quantile(0.05) > 0.95
    assert (below.skin - bare.skin).abs().sum(1).median() < 0.08
    assert (below.skin.sum(1) - 1).abs().max() < 1e-3
