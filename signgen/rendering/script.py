"""The script of a rendering: all is read, checked and fitted before the first frame is made."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch

from pose_sequences.errors import OutputError, PoseFileError
from pose_sequences.files import read_poses
from pose_sequences.layout import layout
from pose_sequences.repair import MissingHandsError, Repair, RepairReport, repair
from pose_sequences.retarget import RetargetReport, retarget
from pose_sequences.sequence import PoseSequence
from signgen.data import LAYOUT
from signgen.rendering.dressing import Label, find_label
from signgen.rendering.framing import Framing, frame_result
from signgen.rendering.model import Model, find_model, open_model
from signgen.rendering.redetection import check_detector
from signgen.rendering.request import Request
from signgen.rendering.signer import Signer, placed, read_signer
from signgen.sampling import Steps
from signgen.stopwatch import Stopwatch
from signgen.take import Take, Windows

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Script:
    """What is going to be shot.

    poses: of the whole clip, repaired, in the signer's frame; windows, take: which of its frames,
    and how; retargeted: None where the poses were not to be aligned; label: None where none is
    wanted.
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
    label: Label | None

    @property
    def num_frames(self) -> int:
        """The number of frames that come out."""
        return self.take.num_frames

    @property
    def shown_poses(self) -> PoseSequence:
        """The poses of the whole clip, in the pixels of the frames that come out."""
        return placed(self.poses, self.framing.size)


def prepare(
    request: Request,
    device: torch.device,
    watch: Stopwatch | None = None,
    found: Callable[[], PoseSequence] | None = None,
) -> Script:
    """Read what a request names, and fit it together.

    watch: what the stages are timed with; found: as of read_signer. Raises InputError for what
    cannot be used, OutputError for an output that cannot be, ToolError for a detector that is asked
    for and not here, and ValueError for settings that do not fit the model.
    """
    watch = watch or Stopwatch()
    folder = find_model(request.model, request.revision)
    if request.redetect:
        check_detector()
    with watch.stage("poses"):
        sequence = _without_spare_points(read_poses(request.poses))
        start, stop = _part(request, sequence)
        sequence, repaired = _repaired(request, sequence)
    with watch.stage("signer"):
        signer = read_signer(request.signer, request.signer_keypoints, found)
        sequence, retargeted = _aligned(request, sequence, signer)
    with watch.stage("model"):
        model = open_model(folder, request.model, device, request.precision)
    windows = Windows(
        size=request.window,
        overlap=request.overlap,
        at_once=request.batch,
        start=start,
        stop=stop,
    )
    steps = model.pipeline.steps_like(request.steps, request.guidance_scale)
    framing = _framing(request, signer, model)
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
        framing=framing,
        label=_label(request, placed(sequence, framing.size)) if request.label else None,
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
    if request.captions and not sequence.segments:
        raise PoseFileError(
            request.poses,
            "has no gloss segments to write captions of",
            "leave out --webvtt, or give one from signgen poses join",
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


def _label(request: Request, poses: PoseSequence) -> Label:
    label = find_label(poses)
    if label is None:
        raise OutputError(
            request.output,
            f"has frames of {poses.width}x{poses.height}, too small for a label",
            "choose a larger --size, or leave out --label",
        )
    return label


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
