"""The pipeline: a folder of its own, the same clip for the same seed."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pose_sequences.errors import InputError
from signgen.pipeline import SignVideoPipeline
from signgen.training.stages import read_pipeline, write_pipeline
from tests.signer import signing
from tests.signgen.training.tiny import SIZE, tiny_pipeline


def frames_of(pipeline: SignVideoPipeline, num_frames: int = 3, seed: int = 0) -> np.ndarray:
    poses = signing(12)
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    return pipeline.render_frames(
        picture,
        poses.frames(0, 1),
        poses.frames(0, num_frames),
        generator=torch.Generator().manual_seed(seed),
    )


@pytest.mark.parametrize("method", ["fpdm", "cfld"])
def test_a_folder_gives_back_the_same_clip(tmp_path: Path, method: str) -> None:
    pipeline = tiny_pipeline(method)
    write_pipeline(pipeline, tmp_path / "p", 1024)
    again = read_pipeline(tmp_path / "p")
    difference = frames_of(again).astype(int) - frames_of(pipeline)
    assert np.abs(difference).max() <= 1  # weights lie elsewhere in memory, sums end elsewhere
    kinds = {path.suffix for path in (tmp_path / "p").rglob("*") if path.is_file()}
    assert kinds == {".json", ".safetensors"}


def test_there_is_a_frame_for_every_pose_beyond_one_window_too() -> None:
    frames = frames_of(tiny_pipeline(), 11)  # the adapter looks along 8
    assert (frames.shape, frames.dtype) == ((11, SIZE, SIZE, 3), np.uint8)


def test_the_seed_says_all() -> None:
    pipeline = tiny_pipeline()
    assert np.array_equal(frames_of(pipeline, seed=1), frames_of(pipeline, seed=1))
    assert not np.array_equal(frames_of(pipeline, seed=1), frames_of(pipeline, seed=2))


def test_a_folder_that_is_no_pipeline_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pipeline folder"):
        read_pipeline(tmp_path)
