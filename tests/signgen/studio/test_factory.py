"""Signers: the same from the same seed, all kinds of grown people, and the body model's own."""

import pytest
import torch

from signgen.studio.complexion import draw_complexion
from signgen.studio.kinematics import move_bones, rest_pose, rotation_about
from signgen.studio.phenotypes import TRAITS, age_trait, draw_traits, variation_weights
from signgen.studio.skin import skin_transforms, skin_vertices
from tests.signgen.studio.people import factory, signer


def test_a_signer_alone_and_in_a_crowd_is_the_same() -> None:
    alone, crowd = factory().signer(7), factory().signers([3, 7, 11])
    torch.testing.assert_close(alone.rest, crowd[1].rest)
    torch.testing.assert_close(alone.heads, crowd[1].heads)
    assert alone.complexion == crowd[1].complexion


def test_different_seeds_are_different_people() -> None:
    people = factory().signers(range(6))
    gaps = [(a.rest - b.rest).norm(dim=1).mean() for a in people for b in people if a is not b]
    assert min(gaps) > 0.003


def test_people_are_grown_and_of_all_kinds() -> None:
    generator = torch.Generator().manual_seed(0)
    traits = draw_traits(500, generator)
    age = traits[:, TRAITS.index("age")]
    eighteen, old = age_trait(torch.tensor([18.0, 75.0]))
    assert (age >= eighteen - 1e-6).all()
    assert (age <= old + 1e-6).all()
    darkness = [draw_complexion(t, generator).darkness for t in traits]
    assert min(darkness) < 0.05
    assert max(darkness) > 0.95
    women = (traits[:, TRAITS.index("gender")] > 0.5).float().mean()
    assert 0.4 < women < 0.6
    torch.testing.assert_close(traits[:, -3:].sum(1), torch.ones(500))


def test_blend_shapes_of_a_complete_set_of_variations_share_one_person() -> None:
    # the two genders times the three ancestries: their products sum to one for everybody
    mask = torch.zeros(6, 26, dtype=torch.bool)
    for row in range(6):
        mask[row, row % 3] = mask[row, 3 + row // 3] = True
    traits = draw_traits(20, torch.Generator().manual_seed(1))
    torch.testing.assert_close(variation_weights(traits, mask).sum(1), torch.ones(20))


def test_arms_and_hands_have_the_sizes_of_people() -> None:
    for person in factory().signers(range(20)):
        rows = person.anatomy.skeleton.rows
        for side in "LR":
            chain = [rows[f"{b}.{side}"] for b in ("upperarm01", "lowerarm01", "wrist")]
            upper, lower = person.heads[chain].diff(dim=0).norm(dim=1)
            assert 0.20 < upper < 0.40
            assert 0.18 < lower < 0.34


def test_turning_the_root_turns_the_whole_body_rigidly() -> None:
    person = signer(0)
    skeleton = person.anatomy.skeleton
    poses = rest_pose(skeleton, 2, person.heads)
    turn = rotation_about(torch.tensor([0.0, 0.0, 1.0]), torch.tensor(0.7))
    poses[1, 0] = turn
    motion = move_bones(skeleton, person.heads, poses)
    transforms = skin_transforms(motion, person.heads, person.to_reference)
    still, turned = skin_vertices(person.rest, person.anatomy.skin, transforms)
    torch.testing.assert_close((turn @ still.T).T, turned, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_the_factory_poses_bodies_as_the_body_model_does() -> None:
    anny = pytest.importorskip("anny")
    model = anny.Anny(
        topology="anny-full",
        phenotypes="all",
        facial_actions="all",
        local_changes="default",
        phenotype_blendshapes="original",
        skinning_method="lbs",
    )
    made, anatomy = factory(), factory().anatomy
    generator = torch.Generator().manual_seed(5)
    traits = draw_traits(4, generator)
    identity = torch.zeros(4, len(made.shapes.identity_basis))
    bodies = made.bodies(traits, identity)
    angles = 0.4 * torch.randn(len(anatomy.skeleton.names), generator=generator)
    axes = torch.nn.functional.normalize(torch.randn(len(angles), 3, generator=generator))
    rotations = rotation_about(axes, angles)[None]
    deltas = torch.eye(4, dtype=torch.float64).repeat(1, len(angles), 1, 1)
    deltas[..., :3, :3] = rotations
    kept = _kept_vertices(model, anatomy.template)
    for n in range(4):
        kinds = {name: float(traits[n, c]) for c, name in enumerate(TRAITS)}
        theirs = model(pose_parameters=deltas, phenotype_kwargs=kinds)["vertices"][0, kept]
        motion = move_bones(anatomy.skeleton, bodies.heads[n], rotations)
        transforms = skin_transforms(motion, bodies.heads[n], bodies.to_reference[n])
        ours = skin_vertices(bodies.rest[n], anatomy.skin, transforms)[0]
        gap = (ours - theirs.float()).norm(dim=1)
        assert gap.mean() < 0.0005  # metres
        assert gap.max() < 0.002


def _kept_vertices(model: torch.nn.Module, template: torch.Tensor) -> torch.Tensor:
    exact = "donot_use_mm_for_euclid_dist"
    gaps = torch.cdist(template, model.template_vertices.float(), compute_mode=exact)
    assert gaps.amin(1).max() < 1e-5
    return gaps.argmin(1)
