"""Who looks at frames on their way into the film: measures, detector, contact sheet, a person.

Measures and detector see the frames as they were made; mark and panels are for people.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.errors import PathError, ToolError
from pose_sequences.sequence import PoseSequence
from signgen.evaluation.identity import Embed, fusion_embedding
from signgen.evaluation.networks import Features, fusion_features
from signgen.models.rest import at_rest
from signgen.pipeline import SignVideoPipeline
from signgen.rendering.dressing import Label, Panels, open_panels
from signgen.rendering.film import ContactSheet
from signgen.rendering.redetection import Copy, Redetection, open_copy
from signgen.rendering.script import Script
from signgen.rendering.steadiness import Steadiness
from signgen.stopwatch import Stopwatch

Frame = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """What was seen in the frames.

    redetection: None where the detector did not look, or failed; fault: how it failed.
    """

    steadiness: Steadiness
    redetection: Redetection | None = None
    fault: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Viewers:
    """Those that a request asks for, None for the rest; poses: of the frames, in their pixels.

    size: (width, height) of what is shown.
    """

    poses: PoseSequence
    size: tuple[int, int]
    sheet: ContactSheet
    steadiness: Steadiness | None
    copy: Copy | None
    label: Label | None
    panels: Panels | None

    def show(self, frame: Frame) -> Frame:
        """Let everybody look at the next frame (H, W, 3), and return what the film shows."""
        if self.steadiness is not None:
            self.steadiness.write(frame)
        if self.copy is not None:
            self.copy.write(frame)
        if self.label is not None:
            frame = self.label.put(frame)
        self.sheet.write(frame)
        return frame if self.panels is None else self.panels.beside(frame)

    def findings(self, look: Callable[[int], object], watch: Stopwatch) -> Findings:
        """Return what was found for the report; look: told of each frame the detector has seen.

        A detector that fails is no reason to lose a film that is done.
        """
        assert self.steadiness is not None
        if self.copy is None:
            return Findings(steadiness=self.steadiness)
        with watch.stage("detector"):
            try:
                redetection = self.copy.look(self.poses, look)
            except (PathError, ToolError) as error:
                fault = error.fault if isinstance(error, PathError) else str(error)
                return Findings(steadiness=self.steadiness, fault=fault)
        return Findings(steadiness=self.steadiness, redetection=redetection)


@contextmanager
def open_viewers(script: Script) -> Iterator[Viewers]:
    """Give the viewers that a script asks for; what they keep on the disk goes afterwards."""
    request, take, size = script.request, script.take, script.framing.size
    whole = script.shown_poses
    poses = whole.frames(take.start, take.stop)
    with ExitStack() as opened:
        yield Viewers(
            poses=poses,
            size=(3 * size[0], size[1]) if request.side_by_side else size,
            sheet=ContactSheet(script.num_frames),
            steadiness=Steadiness(poses, take.seams, _fusion(script.model.pipeline))
            if request.report
            else None,
            copy=opened.enter_context(open_copy(size, poses.fps)) if request.redetect else None,
            label=script.label,
            panels=open_panels(
                script.framing.show(script.signer.picture), whole, take.start, take.stop
            )
            if request.side_by_side
            else None,
        )


def _fusion(pipeline: SignVideoPipeline) -> Embed | None:
    """Return what the fusion encoder sees in pictures, at rest, None without one."""
    with at_rest([pipeline.fusion]):
        features = fusion_features(pipeline.fusion, pipeline.size)
    if not isinstance(features, Features):
        return None
    embed = fusion_embedding(features)

    def resting(pictures: NDArray[np.float32]) -> Tensor:
        with at_rest([pipeline.fusion]):
            return embed(pictures)

    return resting
