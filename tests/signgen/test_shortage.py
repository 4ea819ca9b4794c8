"""Too little memory: windows become smaller, from the first frame on, and nothing is mixed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel

from pose_sequences.files import write_poses
from pose_sequences.images import write_png
from signgen.cli import main
from signgen.pipeline import SignVideoPipeline
from signgen.sampling import Steps
from signgen.shortage import Shrinking, smaller
from signgen.take import Windows
from signgen.training.stages import write_pipeline
from temporal.windows import WindowPlan
from tests.signer import signing
from tests.signgen.training.tiny import SIZE, tiny_pipeline
from tests.signgen.training.toy_corpus import draw_signer

FEW = Steps(num_steps=2)
Forward = Callable[..., object]


@pytest.fixture
def shortage(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """Return what lets every UNet lack memory for more pictures than so many.

    after: only from so many calls on; it gives the number of pictures of each call.
    """
    whole: Forward = UNet2DConditionModel.forward

    def lack(most: int, *, after: int = 0) -> list[int]:
        calls: list[int] = []

        def forward(
            unet: UNet2DConditionModel, sample: torch.Tensor, *more: object, **named: object
        ) -> object:
            calls.append(len(sample))
            if len(sample) > most and len(calls) > after:
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
            return whole(unet, sample, *more, **named)

        monkeypatch.setattr(UNet2DConditionModel, "forward", forward)
        return calls

    return lack


def frames_of(pipeline: SignVideoPipeline, windows: Windows) -> np.ndarray:
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    signs = signing(0).frames(0, 20)
    return pipeline.render_frames(
        picture,
        signs.frames(0, 1),
        signs,
        generator=torch.Generator().manual_seed(0),
        steps=FEW,
        windows=windows,
    )


@pytest.mark.parametrize("after", [0, 3])
def test_with_less_memory_the_clip_is_that_of_smaller_windows(
    shortage: Callable[..., list[int]], caplog: pytest.LogCaptureFixture, after: int
) -> None:
    pipeline = tiny_pipeline()
    expected = frames_of(pipeline, Windows(size=4))
    shortage(4, after=after)
    found = frames_of(pipeline, Windows(at_once=2))
    assert np.array_equal(found, expected)
    assert [record.getMessage() for record in caplog.records] == [
        "the device has not enough memory; beginning again with 1 at once of windows of "
        f"{size} frames, overlapping by 0"
        for size in (8, 4)
    ]


def test_what_four_tries_do_not_help_is_an_error(shortage: Callable[..., list[int]]) -> None:
    calls = shortage(0)
    with pytest.raises(torch.OutOfMemoryError):
        frames_of(tiny_pipeline(), Windows(at_once=2))
    assert calls == [16, 8, 4, 2, 1]


def test_another_error_is_not_taken_for_a_shortage() -> None:
    pipeline = tiny_pipeline()
    take = pipeline.plan(20, FEW)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        Shrinking(Windows(), take).shrink(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))


@pytest.mark.parametrize("num_steps", [1, 2, 4, 7])
@pytest.mark.parametrize("overlap", [0, 1, 3])
def test_smaller_windows_can_always_be_planned(num_steps: int, overlap: int) -> None:
    plan = WindowPlan(num_frames=50, num_steps=num_steps, size=16, overlap=overlap)
    windows: Windows | None = Windows(at_once=3, overlap=overlap)
    sizes = []
    while windows is not None and (windows := smaller(windows, plan)) is not None:
        plan = replace(plan, size=windows.size, overlap=windows.overlap)
        sizes.append((windows.at_once, windows.size))
    assert sizes == [(1, 16), (1, 8), (1, 4), (1, 2), (1, 1)]


def test_a_window_longer_than_the_clip_counts_as_long_as_the_clip() -> None:
    plan = WindowPlan(num_frames=6, num_steps=2, size=16)
    found = smaller(Windows(at_once=8), plan)
    assert found is not None
    assert (found.at_once, found.size) == (1, 3)


def render(folder: Path, *more: str) -> Result:
    words = ["render", "--model", "model", "--signer", "me.png", "--signer-keypoints", "me.npz"]
    words += ["--poses", "poses.npz", "--device", "cpu", "--steps", "2"]
    return CliRunner().invoke(main, [*words, *more, "--json"])


@pytest.mark.parametrize("after", [0, 3])
def test_a_film_is_begun_anew_and_says_with_what(
    shortage: Callable[..., list[int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_pipeline(tiny_pipeline(), tmp_path / "model", 1024)
    own = signing(1)
    write_png(tmp_path / "me.png", draw_signer(own, 3)[0], overwrite=False)
    write_poses(own, tmp_path / "me.npz", overwrite=False)
    write_poses(signing(20), tmp_path / "poses.npz", overwrite=False)
    assert render(tmp_path, "-o", "small.mp4", "--window", "4").exit_code == 0
    shortage(4, after=after)
    short = render(tmp_path, "-o", "short.mp4", "--report", "short.json", "--batch", "2")
    assert short.exit_code == 0, short.stderr
    said = [line for line in short.stderr.splitlines() if "enough memory" in line]
    assert len(said) == 2
    assert (tmp_path / "short.mp4").read_bytes() == (tmp_path / "small.mp4").read_bytes()
    report = json.loads((tmp_path / "short.json").read_text())
    assert report["windows"]["size"] == json.loads(short.stdout)["window"] == 4
    assert report["timing"]["stages"]["given up"] > 0
    assert report["settings"]["batch"] == json.loads(short.stdout)["batch"] == 1

    shortage(0)
    nothing = render(tmp_path, "-o", "none.mp4")
    assert nothing.exit_code == 1
    assert nothing.stderr.splitlines()[-1].startswith("Error: the device has not enough memory")
    assert not (tmp_path / "none.mp4").exists()
