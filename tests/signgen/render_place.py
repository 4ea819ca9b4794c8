"""A folder to render in: the tiny model, a signer's picture with its keypoints, and the command."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result

from pose_sequences.files import write_poses
from pose_sequences.images import write_png
from pose_sequences.sequence import PoseSequence
from signgen.cli import main
from signgen.training.stages import write_pipeline
from tests.signer import signing
from tests.signgen.training.tiny import tiny_pipeline
from tests.signgen.training.toy_corpus import draw_signer


@dataclass(frozen=True)
class Place:
    """A folder with a model, a signer's picture and its keypoints."""

    root: Path

    def words(self, poses: PoseSequence | str, *more: str | Path | int) -> list[str]:
        """Return the words of a command that renders poses in two steps."""
        if isinstance(poses, PoseSequence):
            write_poses(poses, self.root / "poses.npz", overwrite=True)
            poses = str(self.root / "poses.npz")
        fixed = {
            "--signer": self.root / "me.png",
            "--signer-keypoints": self.root / "me.npz",
            "--model": self.root / "model",
            "--poses": poses,
            "--device": "cpu",
            "--steps": 2,
        }
        given = [*map(str, more)]
        left = {key: value for key, value in fixed.items() if key not in given}
        return ["render", *(str(word) for pair in left.items() for word in pair), *given]

    def run(self, poses: PoseSequence | str, *more: str | Path | int) -> Result:
        """Run the command in this process."""
        return CliRunner().invoke(main, self.words(poses, *more))


def make_place(root: Path) -> Place:
    """Fill a folder."""
    write_pipeline(tiny_pipeline(), root / "model" / "pipeline", 1024)
    own = signing(1)
    write_png(root / "me.png", draw_signer(own, 3)[0], overwrite=False)
    write_poses(own, root / "me.npz", overwrite=False)
    return Place(root)


def decoded(path: Path) -> tuple[Fraction | None, np.ndarray, str]:
    """Return the rate, the frames (T, H, W, 3) and the comment of a video, by PyAV."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return stream.average_rate, np.stack(frames), container.metadata["comment"]
