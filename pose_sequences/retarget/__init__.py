"""Retargeting: the signing of one body, done by another.

The reference gives the frame and the proportions; the source gives everything that moves. A hand
keeps its shape, a place on the body stays that place, and what touched touches.
"""

from pose_sequences.retarget.arms import bone_lengths
from pose_sequences.retarget.hands import place_hands, scene_of
from pose_sequences.retarget.landmarks import Landmarks
from pose_sequences.retarget.moving import moved
from pose_sequences.retarget.proportions import Body, measure_body
from pose_sequences.retarget.report import Kept, RetargetReport, judge
from pose_sequences.retarget.scales import Scales, scales
from pose_sequences.retarget.turns import turned
from pose_sequences.retarget.warp import plan_warp
from pose_sequences.sequence import PoseSequence

__all__ = ["Body", "Kept", "RetargetReport", "Scales", "measure_body", "retarget"]


def retarget(
    sequence: PoseSequence, reference: PoseSequence | Body
) -> tuple[PoseSequence, RetargetReport]:
    """Fit a sequence to the body of a reference signer, in the reference's frame.

    sequence: who signs, any layout. reference: one frame or many of whom it shall become, any
    layout, whole or in part. Returns the sequence with the same frames, rate, layout and missing
    points, and what was measured and kept; where one of the two cameras was held sideways, the
    sequence is turned. Raises ValueError where either shows neither both shoulders nor a face.
    """
    target = reference if isinstance(reference, Body) else _measured("reference", reference)
    quarters = (target.quarters - _measured("sequence", sequence).quarters) % 4
    sequence = turned(sequence, quarters)
    source = measure_body(sequence)
    marks = Landmarks(sequence)
    warp = plan_warp(marks, source, target, scales(source, target))
    longest = bone_lengths(source, warp)
    scene = scene_of(marks, warp, longest)
    result = moved(sequence, scene, place_hands(scene), target)
    return result, judge(sequence, result, warp, longest, turned=90 * quarters)


def _measured(role: str, sequence: PoseSequence) -> Body:
    try:
        return measure_body(sequence)
    except ValueError as error:
        raise ValueError(f"the {role} {error}; give one that shows head and shoulders") from error
