"""A procedural signer: anatomically plausible keypoints of invented signs, for tests and examples.

``python -m tests.signer OUT.npz`` writes the sequence that ships as ``example:hello``.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences import face_mesh
from pose_sequences.layout import FINGERS, HAND_POINTS, layout
from pose_sequences.sequence import PoseSequence, Segment, mark_missing

Array = NDArray[np.float64]

# Flexion of thumb, index, middle, ring, pinky (0 straight, 1 in the palm), and spread.
HANDSHAPES = {
    "flat": ((0.1, 0, 0, 0, 0), 0.3),
    "spread": ((0.0, 0, 0, 0, 0), 1.0),
    "fist": ((0.7, 1, 1, 1, 1), 0.2),
    "point": ((0.7, 0, 1, 1, 1), 0.2),
    "two": ((0.8, 0, 0, 1, 1), 0.9),
    "three": ((0.0, 0, 0, 1, 1), 0.8),
    "horns": ((0.0, 0, 1, 1, 0), 0.8),
    "claw": ((0.3, 0.5, 0.5, 0.5, 0.5), 0.8),
    "ring": ((0.45, 0.6, 0, 0, 0), 0.7),
    "call": ((0.0, 1, 1, 1, 0), 0.8),
}
# Where a wrist goes, in shoulder widths from the neck: x outwards from the midline, y down, z away.
PLACES = {
    "rest": (0.30, 1.25, -0.3),
    "space": (0.40, 0.55, -0.7),
    "centre": (0.05, 0.60, -0.6),
    "chin": (0.18, 0.02, -0.5),
    "brow": (0.35, -0.45, -0.4),
    "high": (0.75, -0.25, -0.5),
    "chest": (0.20, 0.75, -0.4),
    "crossed": (-0.22, 0.50, -0.6),
}
# Turn of the hand: about the vertical (0 palm out, 1 palm in), and about the line of sight.
TURNS = {
    "out": (0.0, 0.0),
    "in": (1.0, 0.0),
    "side": (0.5, 0.0),
    "level": (0.15, 1.2),
    "folded": (0.9, 1.3),
}

# (gloss, frames, left, right): a hand is (handshape, place, turn); None rests.
SIGNS = (
    ("HELLO", 14, None, ("flat", "brow", "out")),
    ("WORLD", 14, ("claw", "space", "in"), ("claw", "space", "in")),
    ("I", 10, None, ("point", "chest", "in")),
    ("SHOW", 12, ("flat", "centre", "side"), ("point", "centre", "in")),
    ("SIGN", 14, ("spread", "crossed", "out"), ("two", "crossed", "in")),
    ("THREE", 12, None, ("three", "high", "out")),
    ("LIKE", 12, ("horns", "space", "out"), ("ring", "chin", "in")),
)
_FINGER_BASE = {"index": -0.10, "middle": -0.035, "ring": 0.03, "pinky": 0.09}
_FINGER_LENGTH = {"index": 0.20, "middle": 0.225, "ring": 0.205, "pinky": 0.16}
_MAX_FLEXION = np.array((1.5, 1.75, 1.2))


def signing(
    num_frames: int | None = None, seed: int = 0, *, name: str = "holistic553"
) -> PoseSequence:
    """Return SIGNS performed at 256x256, cut or held to ``num_frames``, with seeded variation."""
    rng = np.random.default_rng(seed)
    tracks, segments = _performed(rng)
    length = num_frames or len(tracks["left_place"])
    frames = np.minimum(np.arange(length), len(tracks["left_place"]) - 1)
    tracks = {key: track[frames] for key, track in tracks.items()}
    points = _face(tracks) | _body(tracks)
    for side, outwards in (("left", 1.0), ("right", -1.0)):
        points |= _hand(side, outwards, tracks)
    rows = layout("holistic553")
    keypoints = np.full((length, len(rows.points), 3), np.nan)
    for point, track in points.items():
        keypoints[:, rows.rows[point]] = track
    unit = 90 + 3 * rng.standard_normal()  # pixels a shoulder width
    keypoints = keypoints * unit + (128, 108, 0)
    keypoints[..., 2] /= 256  # MediaPipe's z: about frame widths
    clean, confidence = mark_missing(keypoints, np.ones(keypoints.shape[:2]))
    return PoseSequence(
        keypoints=clean,
        confidence=confidence,
        fps=25.0,
        width=256,
        height=256,
        layout="holistic553",
        segments=tuple(s for s in segments if s.stop <= length),
        source="procedural signer",
    ).converted(name)


def _performed(rng: np.random.Generator) -> tuple[dict[str, Array], list[Segment]]:
    keys: list[dict[str, Array]] = [_posture(None, None, rng)]
    times, segments, now = [0.0], [], 4
    for gloss, frames, left, right in SIGNS:
        segments.append(Segment(gloss, now, now + frames))
        for moment in (now + 0.3 * frames, now + 0.75 * frames):  # a hold between two movements
            times.append(moment)
            keys.append(_posture(left, right, rng))
        now += frames
    times.append(now + 5)
    keys.append(_posture(None, None, rng))
    at = np.arange(now + 8)
    return {
        key: _eased(at, np.array(times), np.array([k[key] for k in keys])) for key in keys[0]
    }, (segments)


def _posture(
    left: tuple[str, str, str] | None, right: tuple[str, str, str] | None, rng: np.random.Generator
) -> dict[str, Array]:
    posture = {"mouth": rng.uniform(0, 1, 1), "brow": rng.uniform(-0.3, 1, 1)}
    for side, hand in (("left", left), ("right", right)):
        shape, place, turn = hand or ("flat", "rest", "folded")
        flexion, spread = HANDSHAPES[shape]
        posture[f"{side}_flexion"] = np.array((*flexion, spread))
        posture[f"{side}_place"] = np.array(PLACES[place]) + 0.02 * rng.standard_normal(3)
        posture[f"{side}_turn"] = np.array(TURNS[turn]) + 0.05 * rng.standard_normal(2)
    return posture


def _eased(at: Array, times: Array, values: Array) -> Array:
    after = np.clip(np.searchsorted(times, at, side="right"), 1, len(times) - 1)
    share = np.clip((at - times[after - 1]) / (times[after] - times[after - 1]), 0, 1)
    share = (share * share * (3 - 2 * share))[:, None]
    return values[after - 1] * (1 - share) + values[after] * share


def _body(tracks: dict[str, Array]) -> dict[str, Array]:
    still = {
        "nose": (0, -0.62, -0.45),
        **{f"mouth_{s}": (x * 0.09, -0.5, -0.35) for s, x in (("left", 1), ("right", -1))},
    }
    for side, x in (("left", 1.0), ("right", -1.0)):
        eye = {"inner": 0.06, "": 0.11, "outer": 0.16}
        still |= {f"{side}_eye_{k}".rstrip("_"): (x * v, -0.72, -0.35) for k, v in eye.items()}
        still |= {f"{side}_ear": (x * 0.25, -0.66, 0), f"{side}_shoulder": (x * 0.5, 0, 0)}
        still |= {f"{side}_hip": (x * 0.33, 1.6, 0)}
    length = len(tracks["mouth"])
    points = {
        f"body.{k}": np.broadcast_to(np.array(v, float), (length, 3)) for k, v in still.items()
    }
    for side, x in (("left", 1.0), ("right", -1.0)):
        wrist = tracks[f"{side}_place"] * (x, 1, 1)
        points[f"body.{side}_wrist"] = wrist
        points[f"body.{side}_elbow"] = _elbow(points[f"body.{side}_shoulder"], wrist, x)
    return points


def _elbow(shoulder: Array, wrist: Array, outwards: float, bone: float = 0.85) -> Array:
    reach = wrist - shoulder
    distance = np.linalg.norm(reach, axis=1, keepdims=True)
    bend = np.sqrt(np.clip(bone**2 - (distance / 2) ** 2, 0.0025, None))
    axis = reach / distance
    hang = np.array((0.5 * outwards, 1.0, 0.4))
    down = hang - (axis @ hang)[:, None] * axis
    return shoulder + reach / 2 + bend * down / np.linalg.norm(down, axis=1, keepdims=True)


def _hand(side: str, outwards: float, tracks: dict[str, Array]) -> dict[str, Array]:
    flexion = tracks[f"{side}_flexion"]
    spread = flexion[:, 5]
    local = {"wrist": np.zeros((len(flexion), 3))}
    for f, finger in enumerate(FINGERS):
        if finger == "thumb":
            base, angle, lengths = np.array((-0.05, -0.06, 0)), -0.9 + 0.5 * flexion[:, 0], 0.25
            bend = flexion[:, :1] * (0.2, 0.9, 0.9)
        else:
            base = np.array((_FINGER_BASE[finger], -0.23 + abs(_FINGER_BASE[finger]) * 0.25, 0))
            angle = spread * (f - 2.4) * 0.16
            lengths, bend = _FINGER_LENGTH[finger], flexion[:, f : f + 1] * _MAX_FLEXION
        local |= _finger(f, base, angle, lengths * np.array((0.45, 0.3, 0.25)), bend)
    turned, tilt = tracks[f"{side}_turn"].T
    points = {}
    for point, track in local.items():
        x, y, z = (track * (outwards, 1, 1)).T
        yaw, roll = np.pi * turned * outwards, -tilt * outwards
        x, z = x * np.cos(yaw) - z * np.sin(yaw), x * np.sin(yaw) + z * np.cos(yaw)
        x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
        wrist = tracks[f"{side}_place"] * (outwards, 1, 1)
        points[f"{side}_hand.{point}"] = wrist + 1.15 * np.stack((x, y, z), axis=1)
    depth = points[f"{side}_hand.wrist"][:, 2:].copy()
    return {point: track - depth * (0, 0, 1) for point, track in points.items()}


def _finger(finger: int, base: Array, angle: Array, bones: Array, bend: Array) -> dict[str, Array]:
    """Return a finger's four points in the hand's frame: fingers up, palm towards the viewer."""
    names = HAND_POINTS[1 + 4 * finger : 5 + 4 * finger]
    place = np.broadcast_to(base, (len(angle), 3)).copy()
    points = {names[0]: place}
    for bone in range(3):
        curl = bend[:, : bone + 1].sum(axis=1)
        along = np.stack(
            (np.sin(angle) * np.cos(curl), -np.cos(angle) * np.cos(curl), -np.sin(curl)), axis=1
        )
        place = place + bones[bone] * along
        points[names[bone + 1]] = place
    return points


def _face(tracks: dict[str, Array]) -> dict[str, Array]:
    mouth, brow = tracks["mouth"][:, 0], tracks["brow"][:, 0]
    points: dict[str, Array] = {}

    def ellipse(
        ring: tuple[int, ...], centre: tuple[float, float], size: Array, turn: Array
    ) -> None:
        for k, index in enumerate(ring):
            x = centre[0] + size[0] * np.cos(turn[k])
            y = centre[1] - size[1] * np.sin(turn[k])
            track = np.stack(np.broadcast_arrays(x, y, np.full_like(mouth, -0.4)), axis=1)
            points[f"face.{index}"] = track

    full = np.zeros_like(mouth)
    for ring, height, width in (
        (face_mesh.OVAL, full + 0.36, 0.26),
        (face_mesh.OUTER_LIPS, 0.035 + 0.05 * mouth, 0.09),
        (face_mesh.INNER_LIPS, 0.004 + 0.05 * mouth, 0.07),
    ):
        turn = np.pi / 2 + np.linspace(0, 2 * np.pi, len(ring))
        ellipse(ring, (0, -0.62 if width > 0.2 else -0.47), np.stack((full + width, height)), turn)
    for eye, x in ((face_mesh.RIGHT_EYE, -1), (face_mesh.LEFT_EYE, 1)):
        start = np.pi if x < 0 else 0.0
        turn = start + x * (np.arange(17) - 1) * 2 * np.pi / 16
        ellipse(eye, (x * 0.11, -0.72), np.stack((full + 0.05, full + 0.022)), turn)
    for iris, x in ((face_mesh.RIGHT_IRIS, -1), (face_mesh.LEFT_IRIS, 1)):
        ellipse(iris[:1], (x * 0.11, -0.72), np.zeros((2, len(mouth))), np.zeros(1))
        ellipse(
            iris[1:], (x * 0.11, -0.72), np.full((2, len(mouth)), 0.02), np.arange(4) * np.pi / 2
        )
    for upper, lower, x in (
        (face_mesh.RIGHT_BROW_UPPER, face_mesh.RIGHT_BROW_LOWER, -1),
        (face_mesh.LEFT_BROW_UPPER, face_mesh.LEFT_BROW_LOWER, 1),
    ):
        for chain, lift in ((upper, 0.02), (lower, 0.0)):
            for k, index in enumerate(chain):
                y = -0.79 - lift - 0.02 * np.sin(np.pi * k / 4) - 0.03 * brow
                track = np.stack((full + x * (0.17 - 0.03 * k), y, full - 0.4), axis=1)
                points[f"face.{index}"] = track
    return points


if __name__ == "__main__":
    from pose_sequences.files import write_poses

    write_poses(signing(name="reduced203"), Path(sys.argv[1]), overwrite=True)
