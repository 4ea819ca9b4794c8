"""What is asked of a rendering: one flat value, checked where it is made."""

from dataclasses import dataclass
from pathlib import Path

from pose_sequences.errors import OutputError
from pose_sequences.repair.gaps import Policy
from pose_sequences.video.mp4 import MAX_SIDE

FILM, STILL = ".mp4", ".png"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to render, with what, and where to.

    signer: a picture; poses: a pose file; model: a folder or an id of the hub, at ``revision``;
    signer_keypoints: of the picture, None to find them. steps, guidance_scale: None for what the
    weights are meant for; size: (width, height) of the frames, None for the model's; start, end: in
    seconds, None for the beginning and the end; align: whether the poses are fitted to the signer's
    body; window, overlap, batch: as size, overlap and at_once of take.Windows. side_by_side: with
    the signer's picture and the poses beside each frame; label: with a visible word on it. report,
    sheet, captions: where else to write; redetect: whether the detector looks at the frames for the
    report; precision: as of model.open_model. Raises OutputError for an output that cannot be, and
    ValueError for ``redetect`` without a report.
    """

    signer: Path
    poses: Path
    output: Path
    model: str
    revision: str | None = None
    signer_keypoints: Path | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    seed: int = 0
    size: tuple[int, int] | None = None
    start: float | None = None
    end: float | None = None
    missing_hands: Policy = "interpolate"
    align: bool = True
    window: int = 0
    overlap: int = 0
    batch: int = 1
    precision: str = "auto"
    side_by_side: bool = False
    label: bool = False
    report: Path | None = None
    sheet: Path | None = None
    captions: Path | None = None
    redetect: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.output.suffix.lower() not in (FILM, STILL):
            raise OutputError(
                self.output, "is no .mp4", "end the name in .mp4, or in .png for a single frame"
            )
        if self.redetect and not self.report:
            raise ValueError("redetect is for the report; ask for one")
        if self.size:
            self._check_size(*self.size)

    def _check_size(self, width: int, height: int) -> None:
        if self.side_by_side:
            width *= 3
        if width % 2 or height % 2 or max(width, height) > MAX_SIDE:
            raise OutputError(
                self.output,
                f"cannot be {width}x{height}: the sides of a video are even, at most {MAX_SIDE}",
                "choose another size",
            )

    @property
    def is_still(self) -> bool:
        """Whether a picture is to be written, not a video."""
        return self.output.suffix.lower() == STILL
