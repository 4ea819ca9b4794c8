"""The stand-in for H.264 against x264 itself, and what both do to any picture."""

import shutil
from functools import cache

import pytest
import torch
from torch import Tensor

from pose_sequences.errors import ToolError
from signgen.studio.camera import CLOSE, Camera
from signgen.studio.degrade import Wear, wear_down
from signgen.studio.h264 import code_h264, code_like_h264
from signgen.studio.picture import render
from tests.signgen.studio.people import figure, hands_up, signer

CRFS = (28, 34, 40)
_LIGHT = torch.tensor([0.2126, 0.7152, 0.0722])[:, None, None]


@cache
def pictures() -> Tensor:
    """Return signers of six looks, (6, 3, 192, 192)."""
    frames = []
    for seed in (2, 3, 6, 8, 11, 13):
        camera = Camera.framed(signer(seed), (192, 192), CLOSE)
        frames.append(render(figure(seed), hands_up(signer(seed), 0.5), camera).frames)
    return torch.cat(frames).movedim(3, 1).float() / 255


@cache
def really_coded(crf: int) -> Tensor:
    """Return each picture after x264, each a clip of its own."""
    return torch.cat([code_h264(frame[None], crf) for frame in pictures()])


def quality(frames: Tensor, of: Tensor) -> float:
    """Return the peak signal to noise ratio in dB."""
    return float(-10 * (frames - of).square().mean().log10())


def blockiness(frames: Tensor) -> float:
    """Return the mean step of light between blocks of 8x8 over the mean step inside them."""
    light = (frames * _LIGHT).sum(1)
    between, inside = [], []
    for plane in (light, light.transpose(1, 2)):
        steps = plane.diff(dim=2).abs()
        edge = torch.arange(steps.shape[2]) % 8 == 7
        between.append(steps[..., edge].mean())
        inside.append(steps[..., ~edge].mean())
    return float(sum(between) / sum(inside))


@pytest.mark.parametrize("crf", CRFS)
def test_the_stand_in_loses_and_blocks_as_much_as_x264(crf: int) -> None:
    ours, theirs = code_like_h264(pictures(), crf), really_coded(crf)
    assert quality(ours, pictures()) == pytest.approx(quality(theirs, pictures()), abs=1.0)
    assert blockiness(ours) == pytest.approx(blockiness(theirs), abs=0.12)
    assert blockiness(theirs) > blockiness(pictures()) + 0.2  # or there is nothing to compare


@pytest.mark.parametrize("crf", [34, 40])  # at 28 both are as near: little is lost
def test_the_stand_in_is_nearer_to_x264_than_the_clean_picture_is(crf: int) -> None:
    ours, theirs = code_like_h264(pictures(), crf), really_coded(crf)
    assert quality(ours, theirs) > quality(pictures(), theirs)


@pytest.mark.light
def test_a_higher_rate_factor_is_worse() -> None:
    losses = [quality(code_like_h264(pictures(), crf), pictures()) for crf in (10, 22, 34, 46)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] - losses[-1] > 10


@pytest.mark.light
def test_frames_are_coded_each_by_itself_and_the_same_every_time() -> None:
    together = code_like_h264(pictures(), 34)
    alone = torch.cat([code_like_h264(frame[None], 34) for frame in pictures()])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    assert torch.equal(together, code_like_h264(pictures(), 34))


@pytest.mark.light
@pytest.mark.parametrize("size", [(52, 44), (45, 51), (8, 8)])
def test_any_size_keeps_its_size_and_a_flat_picture_its_colour(size: tuple[int, int]) -> None:
    flat = torch.tensor([0.3, 0.5, 0.7])[:, None, None].expand(1, 3, *size)
    coded = code_like_h264(flat, 34)
    assert coded.shape == flat.shape
    assert (coded - flat).abs().max() < 0.04


def test_x264_takes_odd_sizes_and_gives_them_back() -> None:
    odd = pictures()[:2, :, :65, :47]
    coded = code_h264(odd, 20)
    assert coded.shape == odd.shape
    assert quality(coded, odd) > 25


def test_wear_takes_the_real_coder_where_it_is_asked_to() -> None:
    moments, wear = pictures()[:1, None], Wear(crf=36)
    dice = torch.Generator().manual_seed(0)
    assert torch.equal(wear_down(moments, wear, dice), code_like_h264(moments[:, 0], 36))
    worn = wear_down(moments, wear, dice, coder=code_h264)
    assert torch.equal(worn, code_h264(moments[:, 0], 36))


def test_without_ffmpeg_only_the_real_coder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from pose_sequences.video import ffmpeg

    def missing() -> str:
        raise ToolError("imageio-ffmpeg is not installed; run: pip install imageio-ffmpeg")

    assert shutil.which(ffmpeg.ffmpeg_path())
    monkeypatch.setattr(ffmpeg, "ffmpeg_path", missing)
    assert code_like_h264(pictures(), 30).shape == pictures().shape
    with pytest.raises(ToolError, match="imageio-ffmpeg is not installed"):
        code_h264(pictures(), 30)


@pytest.mark.light
@pytest.mark.parametrize("crf", [0, 52])
def test_a_rate_factor_that_x264_does_not_know_is_refused(crf: int) -> None:
    with pytest.raises(ValueError, match=f"crf is {crf}; give 1 .best. to 51 .worst."):
        code_like_h264(pictures(), crf)
