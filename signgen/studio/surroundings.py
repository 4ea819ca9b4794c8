"""How a wide studio films its signers: the light, the camera and the room, all from a seed.

The signer's clothes and hair are the wardrobe's; here is what lies around them.
"""

import math
from dataclasses import replace

import numpy as np

from signgen.studio.breadth import Breadth
from signgen.studio.camera import Framing
from signgen.studio.complexion import FOLLOWS, WELL_LIT, Colour, luminance
from signgen.studio.factory import Signer
from signgen.studio.rooms import draw_room
from signgen.studio.wardrobe import Light, Look, draw_look

_FRONT = (0.0, -1.0, 0.0)  # where a face and an open hand look
_DARKEST, _BRIGHTEST = 0.7, 5.5  # exposures that are meant; slips do not go beyond the brightest
_POWDER = 0.5  # how much less signers shine: 0 for as ever, 1 until glare stays as it was
_SLIP = 0.25  # of an f-stop, that the exposure is off


def look_around(signer: Signer, seed: int, breadth: Breadth) -> Look:
    """Return the look of a seed in as wide a world."""
    look = draw_look(signer, seed, breadth)
    return look if breadth == "narrow" else _surrounded(look, signer, seed)


def _surrounded(look: Look, signer: Signer, seed: int) -> Look:
    """Return the look before another camera, in other light and another room."""
    rng = np.random.default_rng([seed, *b"surroundings"])
    framing, light, room = _framing(rng), _light(rng), draw_room(rng)
    follows, slip = float(rng.uniform(*FOLLOWS)), 2 ** float(rng.normal(0, _SLIP))
    exposure = min(exposure_for(light, signer.complexion.skin, follows) * slip, _BRIGHTEST)
    # where the camera opens, glare would make skin look like metal: signers are powdered
    light = replace(light, exposure=exposure, gloss=min(1.0, exposure**-_POWDER))
    return replace(look, framing=framing, light=light, background=room)


def exposure_for(light: Light, skin: Colour, follows: float) -> float:
    """Return the exposure that an operator gives a face or hand of a linear colour.

    follows: from 0, whatever the skin, to 1, until every skin is as bright.
    """
    brightness = luminance(skin) * _arriving(light)
    return min(max((WELL_LIT / brightness) ** follows, _DARKEST), _BRIGHTEST)


def _arriving(light: Light) -> float:
    """Return the light on a surface that looks to the camera."""
    key, fill = (
        strength * max(0.0, float(np.dot(_unit(towards), _FRONT)))
        for strength, towards in ((light.key, light.key_from), (light.fill, light.fill_from))
    )
    return key + fill + 0.75 * light.ambient


def _framing(rng: np.random.Generator) -> Framing:
    """Draw a studio's camera, far and level, or a webcam, near and anyhow."""
    if rng.random() < 0.4:
        return Framing(
            width_in_shoulders=float(rng.uniform(2.0, 3.8)),
            shoulder_line=float(rng.uniform(0.38, 0.5)),
            pitch=float(rng.normal(0, 0.03)),
            roll=float(rng.normal(0, 0.008)),
            distance=float(rng.uniform(2.2, 3.6)),
            headroom=float(rng.uniform(0.05, 0.5)),
        )
    return Framing(
        width_in_shoulders=float(rng.uniform(1.9, 3.2)),
        shoulder_line=float(rng.uniform(0.40, 0.58)),
        shift=float(rng.uniform(-0.06, 0.06)),
        turn=float(rng.uniform(-0.15, 0.15)),
        # from a laptop on a table, or from a screen's upper edge
        pitch=float(rng.uniform(-0.30, 0.22)),
        roll=min(max(float(rng.normal(0, 0.035)), -0.09), 0.09),
        distance=float(rng.uniform(1.25, 2.2)),
        lens=float(rng.uniform(0.0, 0.55)),
        headroom=float(rng.uniform(0.05, 0.45)),
    )


def _light(rng: np.random.Generator) -> Light:
    """Draw a key light from any side, and a fill that mostly comes from the other one."""
    side = float(rng.choice((-1.0, 1.0)))
    # from behind, hands have no shades by which fingers can be told
    away = side * float(rng.uniform(0.1, 1.0) if rng.random() < 0.8 else rng.uniform(1.0, 1.3))
    high = float(rng.uniform(0.0, 1.0))
    other = -side * float(rng.uniform(0.1, 1.2))
    grazing = abs(math.sin(away)) ** 2  # then the fill has to show what the key does not
    return Light(
        key=float(rng.uniform(0.7, 1.0)),
        fill=float(rng.uniform(0.08, 0.22)) + 0.15 * grazing,
        ambient=float(rng.uniform(0.15, 0.26)),
        key_from=_towards(away, high),
        warmth=float(rng.uniform(-1.0, 2.2)),
        exposure=1.0,
        fill_from=_towards(other, float(rng.uniform(-0.2, 0.5))),
        coldness=float(rng.uniform(-0.6, 2.0)),
        knee=0.7,
    )


def _towards(away: float, high: float) -> tuple[float, float, float]:
    """Return the direction ``away`` radians beside the camera's, ``high`` above it."""
    level = math.cos(high)
    return level * math.sin(away), -level * math.cos(away), math.sin(high)


def _unit(direction: tuple[float, float, float]) -> tuple[float, ...]:
    length = math.hypot(*direction)
    return tuple(part / length for part in direction)
