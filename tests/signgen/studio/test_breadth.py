"""Two breadths: narrow looks stay what they were, wide ones cover far more."""

from dataclasses import asdict, fields, replace
from hashlib import sha256

import pytest
import torch

from signgen.studio.camera import CLOSE, WEBCAM, Camera
from signgen.studio.complexion import WELL_LIT, contrast, linear, luminance
from signgen.studio.factory import Signer
from signgen.studio.figure import Pose, dress
from signgen.studio.paint import skin_colour
from signgen.studio.phenotypes import age_in_years, age_trait
from signgen.studio.picture import render
from signgen.studio.style import CUTS, KINDS, PATTERNS, Style
from signgen.studio.wardrobe import Look, draw_look
from tests.signgen.studio.people import (
    factory,
    figure,
    hands_up,
    signer,
    wide_figure,
    wide_signer,
)

# what looks of the wide studio have besides; a narrow one has its defaults
NEW = (
    *("style", "pitch", "roll", "distance", "lens", "headroom", "fill_from", "coldness", "knee"),
    "gloss",
)


def plain(value: object) -> object:
    """Return a value with its numbers rounded, to be compared between machines."""
    if isinstance(value, dict):
        return [(name, plain(part)) for name, part in value.items() if name not in NEW]
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    return round(value, 5) if isinstance(value, float) else value


def test_narrow_looks_are_drawn_as_before_there_was_another_breadth() -> None:
    looks = [plain(asdict(draw_look(signer(seed), seed))) for seed in range(40)]
    assert sha256(repr(looks).encode()).hexdigest()[:16] == "063f6e0c93e973e1"


@pytest.mark.parametrize(("seed", "digest"), [(0, "0849d9dcfb4d307f"), (4, "cf2ddc0386520695")])
def test_narrow_figures_are_sewn_as_before_there_was_another_breadth(
    seed: int, digest: str
) -> None:
    dressed = figure(seed)
    piece = dressed.piece
    whole = (piece.triangles.flatten(), piece.material, piece.part, piece.source)
    numbers = torch.cat([*whole, dressed.body_rows, dressed.acting]).numpy().tobytes()
    assert sha256(numbers).hexdigest()[:16] == digest
    assert dressed.detail is None


def wide_looks(count: int) -> list[Look]:
    return [draw_look(wide_signer(seed % 24), seed, "wide") for seed in range(count)]


def style_of(look: Look) -> Style:
    assert look.style is not None
    return look.style


def test_wide_looks_cover_cuts_garments_and_patterns() -> None:
    styles = [style_of(look) for look in wide_looks(360)]
    assert {style.coiffure.cut for style in styles} == set(CUTS)
    assert {style.outfit.kind for style in styles} == set(KINDS)
    assert {style.outfit.pattern for style in styles} == set(PATTERNS)
    plainly = sum(style.outfit.pattern == "plain" for style in styles)
    assert plainly > 0.55 * len(styles)


def test_no_cloth_of_a_wide_look_hides_the_hands() -> None:
    for seed, look in enumerate(wide_looks(60)):
        skin, outfit = wide_signer(seed % 24).complexion.skin, style_of(look).outfit
        for colour in (look.garment.colour, outfit.second, outfit.inner):
            assert contrast(colour, skin) > 0.45


def test_no_cloth_is_much_brighter_than_the_skin_that_a_camera_is_set_for() -> None:
    for seed, look in enumerate(wide_looks(120)):
        skin, outfit = wide_signer(seed % 24).complexion.skin, style_of(look).outfit
        open_by = (WELL_LIT / luminance(skin)) ** 0.75
        scarf = style_of(look).coiffure.cloth
        for colour in (look.garment.colour, outfit.second, outfit.inner, scarf):
            assert luminance(colour) * open_by < 0.95


def test_palms_of_the_darkest_skin_are_light_but_less_so_before_an_open_camera() -> None:
    dark = linear((84, 53, 38))

    def palest(person: Signer) -> float:
        complexion = replace(person.complexion, skin=dark, lips=dark, darkness=1.0)
        hand = person.anatomy.weight_of("metacarpal", "finger") > 0.5
        return float(skin_colour(replace(person, complexion=complexion))[hand, 1].max())

    assert 3 * dark[1] < palest(wide_signer(1)) < 0.8 * palest(signer(1))


def test_wide_signers_are_from_teenagers_to_the_old() -> None:
    people = factory().signers(range(80), "wide")
    years = [age_in_years(person.trait("age")) for person in people]
    assert min(years) < 17
    assert max(years) > 75
    narrow = [age_in_years(person.trait("age")) for person in factory().signers(range(80))]
    assert min(narrow) > 17.9


@pytest.mark.parametrize("years", [8.0, 14.0, 25.0, 60.0, 90.0])
def test_years_are_told_from_the_trait_they_give(years: float) -> None:
    assert age_in_years(float(age_trait(torch.tensor(years)))) == pytest.approx(years, abs=1e-3)


def test_the_same_seed_gives_the_same_wide_picture_and_another_than_the_narrow_one() -> None:
    person = wide_signer(3)
    again = dress(person, draw_look(person, 3, "wide"))
    camera = Camera.framed(person, (96, 96), CLOSE)
    first, second = (render(f, hands_up(person), camera).frames for f in (wide_figure(3), again))
    assert torch.equal(first, second)
    narrow = render(dress(person, draw_look(person, 3)), hands_up(person), camera).frames
    assert (first != narrow).float().mean() > 0.2


def test_every_tensor_of_a_wide_figure_moves_to_a_device() -> None:
    there = wide_figure(3).to("meta")
    assert there.detail is not None
    for part in fields(there.detail):
        for field in fields(getattr(there.detail, part.name)):
            assert getattr(getattr(there.detail, part.name), field.name).is_meta


@pytest.mark.gpu
def test_a_wide_picture_is_the_same_on_an_accelerator() -> None:
    person = wide_signer(3)
    pose, camera = hands_up(person, num_frames=2), Camera.framed(person, (128, 128), WEBCAM)
    there = Pose(pose.rotations.cuda(), pose.actions.cuda(), pose.root.cuda())
    ours = render(wide_figure(3), pose, camera).frames.int()
    theirs = render(wide_figure(3).to("cuda"), there, camera).frames.cpu().int()
    assert ((ours - theirs).abs().amax(3) <= 2).float().mean() > 0.99
