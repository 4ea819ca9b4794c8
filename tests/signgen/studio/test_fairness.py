"""The measurement of fairness: the skin, its exposure and the cloth's colour alone differ."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from signgen.studio.complexion import contrast, linear
from signgen.studio.pieces import Material
from tests.signgen.studio.fairness_figures import TONES, Fairness, Scene, lines
from tests.signgen.studio.people import factory


@pytest.mark.parametrize("number", [0, 5])
def test_tones_differ_in_skin_exposure_and_dye_alone(number: int) -> None:
    scene = Scene.drawn(factory(), number, 2, "wide")
    assert scene.moments.num_frames == 2
    pale, dark = (scene.figure(tone) for tone in ("very light", "very dark"))
    assert torch.equal(pale.piece.rest, dark.piece.rest)
    assert torch.equal(pale.piece.triangles, dark.piece.triangles)
    assert pale.look.light.exposure < dark.look.light.exposure
    lit = dark.look.light
    assert replace(pale.look.light, exposure=lit.exposure, gloss=lit.gloss) == lit
    assert pale.look.background == dark.look.background
    assert pale.look.framing == dark.look.framing
    pale_style, dark_style = pale.look.style, dark.look.style
    assert pale_style is not None
    assert dark_style is not None
    dyed = replace(
        pale_style.outfit, second=dark_style.outfit.second, inner=dark_style.outfit.inner
    )
    assert dyed == dark_style.outfit
    scarf = dark_style.coiffure.cloth
    assert replace(pale_style.coiffure, cloth=scarf) == dark_style.coiffure
    assert replace(pale.look.garment, colour=dark.look.garment.colour) == dark.look.garment
    for look, tone in ((pale.look, "very light"), (dark.look, "very dark")):
        assert contrast(look.garment.colour, linear(TONES[tone])) > 0.45
    skin = pale.piece.triangles[pale.piece.material == Material.SKIN]
    assert (pale.piece.colour[skin].mean() > 2 * dark.piece.colour[skin].mean()).all()


def test_the_gap_is_between_the_best_tone_and_the_worst() -> None:
    found = np.ones((len(TONES), 50), bool)
    found[1, :5] = False
    found[4, :10] = False
    fairness = Fairness(found)
    assert fairness.gap == pytest.approx(0.2)
    assert fairness.doubt == pytest.approx(np.sqrt(0.2 * 0.8 / 50))
    told = list(lines(fairness))
    assert told[0].startswith("50 clear hands")
    assert told[-1].startswith("the worst tone is 20.0 points below the best")
