"""What face, eyes, head and shoulders do in a sign: targets for actions and angles.

Angles are radians: forward (chin down), turned to the left, tilted to the left. A head movement
that repeats swings about zero.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class HeadMove:
    """pitch, yaw, roll: the largest angles; swings: how often it goes to and fro, 0 stays there."""

    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0
    swings: float = 0.0


@dataclass(frozen=True)
class ShoulderMove:
    """lean: forward, sideways: to the left, turn: to the left, radians; lift: of both shoulders."""

    lean: float = 0.0
    sideways: float = 0.0
    turn: float = 0.0
    lift: float = 0.0


Actions = dict[str, float]  # a name without a side is both sides


def _both(**actions: float) -> Actions:
    return {
        f"{name}{side}": amount for name, amount in actions.items() for side in ("Left", "Right")
    }


# Each mouth is one shape or several in turn, as the parts of a word.
MOUTHS: dict[str, tuple[Actions, ...]] = {
    "mouth_closed": ({},),
    "mouth_a": ({"jawOpen": 0.5},),
    "mouth_o": ({"jawOpen": 0.30, "mouthFunnel": 0.7},),
    "mouth_u": ({"jawOpen": 0.08, "mouthPucker": 0.9},),
    "mouth_i": ({"jawOpen": 0.10} | _both(mouthStretch=0.5, mouthSmile=0.3),),
    "mouth_smile": (_both(mouthSmile=0.8, cheekSquint=0.4),),
    "mouth_frown": (_both(mouthFrown=0.8),),
    "mouth_press": (_both(mouthPress=0.8) | {"mouthRollLower": 0.4, "mouthRollUpper": 0.4},),
    "mouth_puff": ({"cheekPuff": 0.9, "mouthPucker": 0.3},),
    "mouth_teeth": ({"jawOpen": 0.06} | _both(mouthStretch=0.6, mouthUpperUp=0.4),),
    "mouth_tongue": ({"jawOpen": 0.25, "tongueOut": 0.6},),
    "mouth_ma": (_both(mouthPress=0.6), {"jawOpen": 0.5}),
    "mouth_bam": (_both(mouthPress=0.6), {"jawOpen": 0.5}, _both(mouthPress=0.5)),
    "mouth_schu": ({"mouthFunnel": 0.8, "jawOpen": 0.1}, {"mouthPucker": 0.9}),
    "mouth_fa": ({"mouthRollLower": 0.7} | _both(mouthUpperUp=0.3), {"jawOpen": 0.45}),
    "mouth_iau": (
        {"jawOpen": 0.08} | _both(mouthStretch=0.5),
        {"jawOpen": 0.5},
        {"mouthPucker": 0.8, "jawOpen": 0.1},
    ),
}
BROWS: dict[str, Actions] = {
    "brows_level": {},
    "brows_up": {"browInnerUp": 0.8} | _both(browOuterUp=0.8, eyeWide=0.4),
    "brows_down": _both(browDown=0.9, eyeSquint=0.4),
    "brows_worried": {"browInnerUp": 0.9} | _both(browDown=0.3),
    "eyes_narrow": _both(eyeSquint=0.8, browDown=0.3, cheekSquint=0.4),
    "nose_wrinkle": _both(noseSneer=0.8, browDown=0.4),
}
# Angles of the eyes: to the left, down.
GAZES: dict[str, tuple[float, float]] = {
    "gaze_ahead": (0.0, 0.0),
    "gaze_down": (0.0, 0.30),
    "gaze_up": (0.0, -0.22),
    "gaze_left": (0.35, 0.05),
    "gaze_right": (-0.35, 0.05),
}
HEADS: dict[str, HeadMove] = {
    "head_still": HeadMove(),
    "head_nod": HeadMove(pitch=0.14, swings=2),
    "head_shake": HeadMove(yaw=0.22, swings=2),
    "head_wobble": HeadMove(roll=0.12, swings=1.5),
    "head_left": HeadMove(yaw=0.35),
    "head_right": HeadMove(yaw=-0.35),
    "head_tilt": HeadMove(roll=0.22),
    "head_tilt_right": HeadMove(roll=-0.22),
    "head_down": HeadMove(pitch=0.22),
    "head_back": HeadMove(pitch=-0.18),
}
SHOULDERS: dict[str, ShoulderMove] = {
    "shoulders_level": ShoulderMove(),
    "lean_forward": ShoulderMove(lean=0.10),
    "lean_back": ShoulderMove(lean=-0.07),
    "lean_left": ShoulderMove(sideways=0.09),
    "lean_right": ShoulderMove(sideways=-0.09),
    "turn_left": ShoulderMove(turn=0.22),
    "turn_right": ShoulderMove(turn=-0.22),
    "shrug": ShoulderMove(lift=0.16),
}
