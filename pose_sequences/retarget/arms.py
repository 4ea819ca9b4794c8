"""Elbows between given shoulders and wrists, with bones that are never longer than they are."""

import numpy as np

from pose_sequences.retarget.landmarks import SIDES, Array, Landmarks, Side, length
from pose_sequences.retarget.proportions import Body
from pose_sequences.retarget.warp import Warp

LONGEST = 1.1  # of a bone's length: what the detector's jitter and a near camera add


def bone_lengths(source: Body, warp: Warp) -> tuple[float, float]:
    """Return the longest that upper arm and forearm may appear in the result, in pixels."""
    lengths = source.lengths
    # An arm that the source never shows whole is given an average one's length.
    upper = max(lengths.get("upper_arm", 0.0), 0.8 * warp.unit) * warp.scales.upper_arm
    forearm = max(lengths.get("forearm", 0.0), 0.65 * warp.unit) * warp.scales.forearm
    return LONGEST * upper, LONGEST * forearm


def place_elbows(
    marks: Landmarks, warp: Warp, wrists: dict[Side, Array], longest: tuple[float, float]
) -> dict[Side, Array]:
    """Return the elbow (T, 2) of each side, NaN where the source has none.

    wrists: of the result, (T, 2); longest: of upper arm and forearm.
    """
    elbows = {}
    for side in SIDES:
        elbow, wrist = (marks.mean(f"body.{side}_{joint}") for joint in ("elbow", "wrist"))
        shoulder = warp.shoulders[side]
        new_shoulder = warp.on_torso(shoulder[:, None])[:, 0]
        from_shoulder = new_shoulder + warp.scales.upper_arm * (elbow - shoulder)
        from_wrist = wrists[side] + warp.scales.forearm * (elbow - wrist)
        between = (from_shoulder + from_wrist) / 2
        wished = np.where(np.isnan(between), from_shoulder, between)
        # A bone that the source shows longer than that, near the camera, may stay so.
        radii = (
            np.fmax(longest[0], warp.scales.upper_arm * length(elbow - shoulder)),
            np.fmax(longest[1], warp.scales.forearm * length(elbow - wrist)),
        )
        elbows[side] = _within_reach(wished, (new_shoulder, wrists[side]), radii)
    return elbows


def _within_reach(wished: Array, centres: tuple[Array, Array], radii: tuple[Array, Array]) -> Array:
    """Return the point nearest to the wished one (T, 2) that lies in two discs, radii (T,).

    Discs too far apart share the way between them, and both bones are stretched alike. Nearest
    points of convex sets move without jumps.
    """
    (start, end), (upper, forearm) = centres, radii
    end = np.where(np.isnan(end), wished, end)
    apart = length(end - start)
    stretch = np.maximum(apart / (upper + forearm), 1)
    upper_reach, forearm_reach = upper * stretch, forearm * stretch
    at_start = _in_disc(wished, start, upper_reach)
    at_end = _in_disc(wished, end, forearm_reach)
    corner = _corner(wished, start, end, upper_reach, forearm_reach)
    from_end, from_start = length(at_start - end), length(at_end - start)
    nearest = np.where((from_start <= upper_reach + 1e-9)[:, None], at_end, corner)
    return np.where((from_end <= forearm_reach + 1e-9)[:, None], at_start, nearest)


def _in_disc(point: Array, centre: Array, radius: Array) -> Array:
    away = point - centre
    return centre + away * np.minimum(1, radius / np.maximum(length(away), 1e-9))[:, None]


def _corner(wished: Array, start: Array, end: Array, upper: Array, forearm: Array) -> Array:
    """Return where the two circles meet, on the wished point's side of the line between them."""
    apart = np.maximum(length(end - start), 1e-9)
    along = (end - start) / apart[:, None]
    across = np.stack((-along[:, 1], along[:, 0]), axis=1)
    foot = (apart**2 + upper**2 - forearm**2) / (2 * apart)
    height = np.sqrt(np.maximum(upper**2 - foot**2, 0))
    side = np.where(((wished - start) * across).sum(axis=1) < 0, -1.0, 1.0)
    return start + foot[:, None] * along + (side * height)[:, None] * across
