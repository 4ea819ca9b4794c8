"""The script of a rendering: all is read, checked and fitted before the first frame is made."""

import logging
from dataclasses import dataclass

import torch

from pose_sequences.errors import OutputError, PoseFileError
from pose_sequences.files import read_poses
from pose_sequences.layout import layout
from pose_sequences.repair import MissingHandsError, Repair, RepairReport, repair
from pose_sequences.retarget import RetargetReport, retarget
from pose_sequences.sequence import PoseSequence
from signgen.data import LAYOUT
from signgen.rendering.framing import Framing, frame_result
from signgen.rendering.model import Model, find_model, open_model
from signgen.rendering.request import Request
from signgen.rendering.signer import Signer, placed, read_signer
from signgen.sampling import Steps
from signgen.take import Take, Windows

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Script:
    """What is going to be shot.

    poses: of the whole clip, repaired, in the signer's frame; windows, take: which of its frames,
    and how; retargeted: None where the poses were not to be aligned.
    """

    request: Request
    signer: Signer
    model: Model
    poses: PoseSequence
    repaired: RepairReport
    retargeted: RetargetReport | None
    steps: Steps
    windows: Windows
    take: Take
    framing: Framing

    @property
    def num_frames(self) -> int:
        """The number of frames that come out."""
        return self.take.num_frames


def prepare(request: Request, device: torch.device) -> Script:
    """Read what a request names, and fit it together.

    Raises InputError for what cannot be used, OutputError for an output that cannot be, and
    ValueError for settings that do not fit the model.
    """
    folder = find_model(request.model, request.revision)
    sequence = _without_spare_points(read_poses(request.poses))
    start, stop = _part(request, sequence)
    sequence, repaired = _repaired(request, sequence)
    signer = read_signer(request.signer, request.signer_keypoints)
    sequence, retargeted = _aligned(request, sequence, signer)
    model = open_model(folder, request.model, device)
    windows = Windows(
        size=request.window,
        overlap=request.overlap,
        at_once=request.batch,
        start=start,
        stop=stop,
    )
    steps = model.pipeline.steps_like(request.steps, request.guidance_scale)
    return Script(
        request=request,
        signer=signer,
        model=model,
        poses=sequence,
        repaired=repaired,
        retargeted=retargeted,
        steps=steps,
        windows=windows,
        take=model.pipeline.plan(len(sequence), steps, windows),
        framing=_framing(request, signer, model),
    )


def _without_spare_points(sequence: PoseSequence) -> PoseSequence:
    """Return a sequence without the points that no network sees; a long one is a third as large.

    The rest is repaired and fitted just as with them.
    """
    spare = len(sequence.points.points) > len(layout(LAYOUT).points)
    return sequence.converted(LAYOUT) if spare else sequence


def _part(request: Request, sequence: PoseSequence) -> tuple[int, int]:
    """Return the frames that are shown from ``start`` to ``end`` seconds."""
    start = round((request.start or 0.0) * sequence.fps)
    stop = sequence.num_frames
    if request.end is not None:
        stop = min(stop, round(request.end * sequence.fps))
    if not start < stop:
        asked = f"from {request.start or 0:g} s" + (
            "" if request.end is None else f" to {request.end:g} s"
        )
        raise PoseFileError(
            request.poses,
            f"lasts {sequence.seconds:g} s and has no frame {asked}",
            "choose another --start or --end",
        )
    if request.is_still and stop - start > 1:
        raise OutputError(
            request.output,
            f"is a picture, but there are {stop - start} frames",
            "end the name in .mp4, or choose one frame by --start and --end",
        )
    return start, stop


def _repaired(request: Request, sequence: PoseSequence) -> tuple[PoseSequence, RepairReport]:
    try:
        return repair(sequence, Repair(missing_hands=request.missing_hands))
    except MissingHandsError as error:
        raise PoseFileError(
            request.poses, str(error), "choose another --missing-hands or another file"
        ) from error


def _aligned(
    request: Request, sequence: PoseSequence, signer: Signer
) -> tuple[PoseSequence, RetargetReport | None]:
    """Return the poses in the signer's frame, done by the signer's body where that is asked for."""
    if not request.align:
        return placed(sequence, signer.size), None
    try:
        fitted, report = retarget(sequence, signer.body)
    except ValueError as error:
        raise PoseFileError(
            request.poses, str(error), "give one with head and shoulders, or pass --no-align"
        ) from error
    for part, reason in report.scales.fallbacks.items():
        logger.info("%s: %s: %s", request.poses, part.replace("_", " "), reason)
    if report.scales.fallbacks:
        parts = ", ".join(report.scales.fallbacks).replace("_", " ")
        logger.warning(
            "%s: scaled as shoulders and head, for want of a measure: %s", request.poses, parts
        )
    return fitted, report


def _framing(request: Request, signer: Signer, model: Model) -> Framing:
    """Return how frames are put back into the picture's shape, and say what that does to them."""
    framing = frame_result(signer.size, model.pipeline.size, request.size)
    left, top, right, bottom = framing.box
    if framing.scales:
        logger.warning(
            "the model's frames of %dx%d are scaled to %dx%d by Lanczos",
            *(right - left, bottom - top, *framing.inner),
        )
    if framing.fills:
        logger.warning(
            "%dx%d has another shape than the signer's picture; its edges are continued",
            *framing.size,
        )
    return framing
