"""Handshapes stay within fingers' limits, differ from each other, and glosses pair up."""

from itertools import combinations

import numpy as np
import pytest
import torch

from signgen.studio.gloss import PARAMETERS, Gloss, minimal_pair, name, random_gloss
from signgen.studio.handshapes import HANDSHAPES
from signgen.studio.locations import LOCATIONS
from signgen.studio.movements import LOCALS, PATHS


def glosses(count: int, seed: int = 0) -> list[Gloss]:
    rng = np.random.default_rng(seed)
    return [random_gloss(rng) for _ in range(count)]


def test_there_are_forty_handshapes_and_all_differ() -> None:
    assert len(HANDSHAPES) >= 40
    for one, other in combinations(HANDSHAPES.values(), 2):
        bends = (one.bends - other.bends).abs().max()
        assert max(float(bends), float((one.spreads - other.spreads).abs().max())) > 0.08


def test_fingers_keep_their_limits() -> None:
    for shape in HANDSHAPES.values():
        assert (shape.bends[1:] <= torch.tensor([1.6, 1.9, 1.4])).all()
        assert (shape.bends >= -0.5).all()
        assert shape.spreads[1:].abs().max() <= 0.4


@pytest.mark.parametrize("word", PATHS)
def test_paths_begin_at_their_place_and_end_still(word: str) -> None:
    path = PATHS[word](torch.tensor([-1.0, 0.0, 0.002, 0.998, 1.0, 2.0]))
    torch.testing.assert_close(path[:2], torch.zeros(2, 3))
    torch.testing.assert_close(path[4], path[5])
    assert (path[2] - path[1]).norm() < 1e-4
    assert (path[4] - path[3]).norm() < 1e-4


@pytest.mark.parametrize("word", LOCALS)
def test_local_movements_begin_from_the_handshape(word: str) -> None:
    play = LOCALS[word](torch.zeros(1))
    for part in (play.bends, play.opened, play.twist, play.nod):
        torch.testing.assert_close(part, torch.zeros_like(part))


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_minimal_pairs_differ_in_one_parameter(parameter: str) -> None:
    rng = np.random.default_rng(1)
    for gloss in glosses(20):
        if parameter == "hands" and LOCATIONS[gloss.location].other_side and gloss.hands == "one":
            continue
        other = minimal_pair(gloss, parameter, rng)
        changed = [p for p in PARAMETERS if getattr(gloss, p) != getattr(other, p)]
        assert changed == [parameter]


def test_names_tell_glosses_apart() -> None:
    words = [word for values in PARAMETERS.values() for word in values]
    assert len(set(words)) == len(words)
    assert not any("-" in word or " " in word for word in words)
    drawn = glosses(300)
    assert len({name(gloss) for gloss in drawn}) == len(set(drawn))


def test_the_same_seed_draws_the_same_glosses() -> None:
    assert glosses(5, seed=3) == glosses(5, seed=3)


@pytest.mark.parametrize(
    "words",
    [
        {"handshape": "hand"},
        {"hands": "on_palm", "location": "chin"},
        {"hands": "mirror", "location": "heart"},
        {"hands": "alternating", "path": "hold"},
    ],
)
def test_what_nobody_can_sign_is_refused(words: dict[str, str]) -> None:
    plain = {"handshape": "index", "location": "space", "orientation": "palm_in"}
    with pytest.raises(ValueError, match=r"unknown; use one of|does not go with"):
        Gloss(**plain | words)


def test_a_hand_that_crosses_over_signs_alone() -> None:
    gloss = Gloss(handshape="index", location="heart", orientation="palm_back")
    with pytest.raises(ValueError, match="can take no other hands"):
        minimal_pair(gloss, "hands", np.random.default_rng(0))


def test_an_unknown_parameter_has_no_pair() -> None:
    with pytest.raises(ValueError, match="parameter 'colour' is unknown"):
        minimal_pair(glosses(1)[0], "colour", np.random.default_rng(0))
