"""Promises of the `signgen` style: what a map shows, and what it must not depend on."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from pose_sequences import face_mesh
from pose_sequences.draw import draw, stroke_plan
from pose_sequences.draw.signgen_style import (
    SHOULDERS_OF_MAP,
    left_is_nearer,
    palm_facing,
    shoulder_width,
)
from pose_sequences.layout import HAND_POINTS, LAYOUTS, Part, layout
from pose_sequences.sequence import PoseSequence, mark_missing
from tests.pose_sequences.sequences import random_sequence
from tests.signer import signing

pytestmark = pytest.mark.light

SIZE = 64
# A right hand, palm to the camera and fingers up: places around the wrist, in pixels.
OPEN_HAND = {
    "wrist": (0, 0),
    **{
        f"thumb_{joint}": (4 + 3 * i, -4 - 2 * i)
        for i, joint in enumerate(("cmc", "mcp", "ip", "tip"))
    },
    **{
        f"{finger}_{joint}": (x, -12 - 4 * i)
        for finger, x in (("index", 5), ("middle", 1), ("ring", -3), ("pinky", -7))
        for i, joint in enumerate(("mcp", "pip", "dip", "tip"))
    },
}


def posed(points: Mapping[str, tuple[float, ...]], name: str = "holistic553") -> PoseSequence:
    """Return one frame of SIZE x SIZE with the named points alone, z 0.5 where none is given."""
    rows = layout(name)
    keypoints = np.full((1, len(rows.points), 3), np.nan)
    for point, place in points.items():
        keypoints[0, rows.rows[point]] = (*place, 0.5)[:3]
    clean, confidence = mark_missing(keypoints, np.ones(keypoints.shape[:2]))
    return PoseSequence(
        keypoints=clean, confidence=confidence, fps=25, width=SIZE, height=SIZE, layout=name
    )


def hand(side: str, x: float, y: float, scale: float = 1.0) -> dict[str, tuple[float, float]]:
    flip = 1 if side == "right" else -1
    return {
        f"{side}_hand.{point}": (x + flip * scale * u, y + scale * v)
        for point, (u, v) in OPEN_HAND.items()
    }


def map_of(sequence: PoseSequence, frame: int = 0) -> NDArray[np.int64]:
    return next(draw(sequence, frames=[frame])).astype(np.int64)


def moved(sequence: PoseSequence, x: float, y: float) -> PoseSequence:
    there = sequence.confidence[..., None] > 0
    keypoints = sequence.keypoints + there * np.array((x, y, 0), np.float32)
    return replace(sequence, keypoints=keypoints)


def mirrored(sequence: PoseSequence) -> PoseSequence:
    rows = sequence.points.mirrored
    keypoints, confidence = sequence.keypoints[:, rows].copy(), sequence.confidence[:, rows]
    keypoints[..., 0] = np.where(confidence > 0, sequence.width - keypoints[..., 0], 0)
    return replace(sequence, keypoints=keypoints, confidence=confidence)


def without(sequence: PoseSequence, *prefixes: str) -> PoseSequence:
    gone = np.array([point.startswith(prefixes) for point in sequence.points.points])
    confidence = np.where(gone, 0, sequence.confidence)
    return replace(
        sequence, confidence=confidence, keypoints=sequence.keypoints * (confidence > 0)[..., None]
    )


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("size", [(16, 16), (45, 31), (96, 128)])
def test_every_layout_draws_at_every_size(name: str, size: tuple[int, int]) -> None:
    maps = list(draw(random_sequence(name, 3), size=size))
    assert [m.shape for m in maps] == [(size[1], size[0], 3)] * 3
    assert all(m.dtype == np.uint8 and m.any() for m in maps)


def test_shoulders_beyond_any_frame_do_not_widen_the_strokes_without_end() -> None:
    signer = signing(1)
    keypoints = signer.keypoints.copy()
    ends = signer.points.find(("body.left_shoulder", "body.right_shoulder"))
    keypoints[:, ends, 0] = (9e5, -9e5)
    giant = replace(signer, keypoints=keypoints)
    assert shoulder_width(giant, 64, 64) == SHOULDERS_OF_MAP * 64
    assert (next(draw(giant, size=(64, 64))) == 0).mean() > 0.3


def test_maps_have_the_frame_size_unless_told_otherwise() -> None:
    assert next(draw(random_sequence("reduced178"))).shape == (260, 210, 3)


def test_moving_the_signer_moves_the_map() -> None:
    before, after = (map_of(moved(signing(), x, y), 40) for x, y in ((0, 0), (7, -4)))
    assert np.abs(after[8:-8, 12:-12] - before[12:-4, 5:-19]).max() <= 1


def test_a_larger_map_shows_the_same_picture() -> None:
    small, large = (
        next(draw(signing(), size=(side, side), frames=[40])).astype(float) for side in (256, 512)
    )
    shrunk = large.reshape(256, 2, 256, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - small).mean() < 0.04 * small[small.any(axis=2)].mean()


def test_sides_scale_on_their_own_and_strokes_stay_round() -> None:
    wide = next(draw(posed({"left_hand.wrist": (16, 32)}), size=(192, 64)))
    rows, columns = np.nonzero(wide.any(axis=2))
    assert columns.mean() + 0.5 == pytest.approx(48)
    assert np.ptp(rows) == np.ptp(columns)


def test_strokes_grow_with_the_signer() -> None:
    arms = without(signing(), "face", "left_hand", "right_hand")
    twice = np.array((2, 2, 1), np.float32)
    large = replace(arms, keypoints=arms.keypoints * twice, width=512, height=512)
    assert shoulder_width(large, 512, 512) == pytest.approx(2 * shoulder_width(arms, 256, 256))
    assert map_of(large, 40).sum() == pytest.approx(4 * map_of(arms, 40).sum(), rel=0.03)


def test_a_mirrored_signer_gives_the_mirrored_map() -> None:
    signer = signing()
    for frame in (20, 50, 70):
        one, other = map_of(signer, frame), map_of(mirrored(signer), frame)[:, ::-1]
        assert ((one.max(axis=2) > 20) == (other.max(axis=2) > 20)).mean() > 0.999
    fingers = without(signer, "body", "left_hand.wrist", "right_hand.wrist")  # no side colours
    assert np.abs(map_of(fingers, 50) - map_of(mirrored(fingers), 50)[:, ::-1]).max() <= 2


def test_arms_and_wrists_tell_the_sides_apart() -> None:
    for side, other, colour in (
        ("left", "right", stroke_plan.LEFT_COLOUR),
        ("right", "left", stroke_plan.RIGHT_COLOUR),
    ):
        arm = without(signing(), "face", "body.nose", f"body.{other}", "left_hand", "right_hand")
        drawn = map_of(arm, 50)
        assert np.abs(drawn[drawn.any(axis=2)] - colour).sum(axis=1).min() <= 3
        wrist = map_of(posed({f"{side}_hand.wrist": (32.5, 32.5)}))
        assert np.abs(wrist[32, 32] - colour).max() <= 1


def test_fingers_have_hues_of_their_own_on_both_hands() -> None:
    tips = [point for point in HAND_POINTS if point.endswith("_tip")]
    seen = [
        [tuple(map_of(posed({f"{side}_hand.{tip}": (32.5, 32.5)}))[32, 32]) for tip in tips]
        for side in ("left", "right")
    ]
    assert seen[0] == seen[1]
    assert len(set(seen[0])) == 5


def test_missing_points_are_not_drawn() -> None:
    nothing = without(signing(), "")
    assert not any(m.any() for m in draw(nothing, frames=[0, 50]))
    both = posed(hand("left", 20, 40) | hand("right", 44, 40))
    alone = posed(hand("right", 44, 40))
    assert (map_of(without(both, "left_hand")) == map_of(alone)).all()


def test_doubtful_points_are_dimmed() -> None:
    sequence = posed(hand("right", 32, 40))
    ink = []
    for trust in (0.04, 0.1, 0.3, 0.5, 1.0):
        drawn = map_of(replace(sequence, confidence=sequence.confidence * np.float32(trust)))
        ink.append(int(drawn.sum()))
    assert ink[0] == 0
    assert ink[0] < ink[1] < ink[2] < ink[3] == ink[4]


def test_the_nearer_finger_is_on_top() -> None:
    crossing = {
        "left_hand.index_mcp": (10.5, 32.5),
        "left_hand.index_pip": (54.5, 32.5),
        "left_hand.pinky_mcp": (32.5, 10.5),
        "left_hand.pinky_pip": (32.5, 54.5),
    }
    for nearer, colour in (
        ("index", stroke_plan.FINGER_COLOURS[1]),
        ("pinky", stroke_plan.FINGER_COLOURS[4]),
    ):
        places = {p: (*xy, -1.0 if nearer in p else 1.0) for p, xy in crossing.items()}
        shaded = np.array(colour) * stroke_plan.BONE_SHARES[0]
        assert np.abs(map_of(posed(places))[32, 32] - shaded).max() <= 1


def test_a_dark_rim_parts_crossing_fingers() -> None:
    signer = posed(
        {
            "left_hand.index_mcp": (10.5, 32.5, 0.1),
            "left_hand.index_pip": (54.5, 32.5, 0.1),
            "left_hand.pinky_mcp": (32.5, 10.5, 0.9),
            "left_hand.pinky_pip": (32.5, 54.5, 0.9),
        }
    )
    along_pinky = map_of(signer)[:, 32].sum(axis=1)
    assert along_pinky[29:32].min() < 0.5 * along_pinky[20]


@pytest.mark.parametrize("near", ["left", "right"])
@pytest.mark.parametrize("name", ["holistic553", "wholebody133"])
def test_the_nearer_hand_is_in_front(near: str, name: str) -> None:
    """By the depth of the wrists, or by size where there is no depth."""
    far = "right" if near == "left" else "left"
    deep = name == "holistic553"
    larger = 1.0 if deep else 1.4
    hands = hand(near, 32, 44, larger) | hand(far, 32, 44)
    depth = {f"body.{near}_wrist": (32, 44, -1), f"body.{far}_wrist": (32, 44, 1)}
    sequence = posed(hands | (depth if deep else {}), name)
    left = left_is_nearer(sequence.keypoints, sequence.confidence, sequence.points)
    assert left.tolist() == [near == "left"]
    both, front = map_of(sequence), map_of(without(sequence, f"{far}_hand"))
    opaque = front.max(axis=2) > 200
    assert opaque.any()
    assert (both[opaque].max(axis=1) >= front[opaque].max(axis=1) - 1).all()
    tip = f"{near}_hand.index_tip"
    x, y = sequence.keypoints[0, sequence.points.rows[tip], :2].astype(int)
    assert np.abs(both[y, x] - front[y, x]).max() <= 1


@pytest.mark.parametrize("side", ["left", "right"])
def test_palm_and_back_of_the_hand_differ(side: Literal["left", "right"]) -> None:
    hand_part: Part = "left_hand" if side == "left" else "right_hand"
    palm = hand(side, 32, 44)
    back = {point: (64 - x, y) for point, (x, y) in palm.items()}
    middle = (slice(36, 40), slice(30, 34))  # between wrist and knuckles
    for points, towards in ((palm, 1), (back, -1)):
        sequence = posed(points)
        facing = palm_facing(sequence.keypoints, sequence.confidence, sequence.points, hand_part)
        assert towards * facing[0] > 0.9
        red, _, blue = map_of(sequence)[middle].max(axis=(0, 1))
        assert towards * (red - blue) > 20


def test_an_edge_on_palm_faces_nowhere() -> None:
    flat = posed({point: (32, y) for point, (_, y) in hand("left", 32, 44).items()})
    assert palm_facing(flat.keypoints, flat.confidence, flat.points, "left_hand").tolist() == [0]


def test_the_mouth_shows_open_and_closed() -> None:
    ring = face_mesh.INNER_LIPS[:-1]
    turns = np.pi / 2 + 2 * np.pi * np.arange(len(ring)) / len(ring)
    middle = []
    for opening in (0, 3):
        lips = {
            f"face.{index}": (32.5 + 9 * np.cos(turn), 32.5 - opening * np.sin(turn))
            for index, turn in zip(ring, turns, strict=True)
        }
        middle.append(int(map_of(posed(lips))[32, 32].sum()))
    assert middle[0] > 300
    assert middle[1] == 0


def test_the_head_is_hinted_at_only_without_a_face() -> None:
    signer = without(signing(), "left_hand", "right_hand")
    head = ("body.nose", "body.left_e", "body.right_e")  # eyes, ears, and elbows with them
    arms = without(signer, "body.left_elbow", "body.right_elbow")
    assert (map_of(arms, 30) == map_of(without(arms, *head), 30)).all()
    above_shoulders = slice(0, 80)
    assert map_of(without(arms, "face"), 30)[above_shoulders].any()
    assert not map_of(without(arms, "face", *head), 30)[above_shoulders].any()


def test_a_frame_gives_the_same_map_however_it_is_drawn() -> None:
    signer = signing(40)
    together = list(draw(signer, size=(128, 128)))
    for frame in (0, 15, 16, 39):
        assert (next(draw(signer, size=(128, 128), frames=[frame])) == together[frame]).all()
    backwards = list(draw(signer, size=(128, 128), frames=range(39, -1, -1)))
    assert all((a == b).all() for a, b in zip(together, backwards[::-1], strict=True))


@pytest.mark.parametrize("far", [300.0, 1e4, 9e5])
def test_what_lies_outside_leaves_no_mark(far: float) -> None:
    for x, y in ((far, 32), (-far, 32), (32, far), (32, -far), (far, -far)):
        fist = {p: (x, y) for p in hand("left", 0, 0)}
        assert not map_of(posed(fist)).any()


def test_a_stroke_that_leaves_the_frame_is_cut_there() -> None:
    arm = {"body.left_shoulder": (32.0, 20.0), "body.left_elbow": (1e5 + 32, 20.0)}
    drawn = map_of(posed(arm))
    assert not drawn[:17].any()
    assert not drawn[23:].any()
    assert drawn[19:21, 31:].any(axis=2).all()
    assert not drawn[:, :28].any()


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"style": "oil"}, "no style is called 'oil'"),
        ({"size": (8, 64)}, "8x64"),
        ({"size": (64, 9000)}, "64x9000"),
        ({"frames": [0, 5]}, "no frame 5"),
        ({"frames": [-1]}, "no frame -1"),
    ],
)
def test_impossible_requests_are_refused_at_once(request_: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        draw(random_sequence("reduced178"), **request_)  # type: ignore[arg-type]
