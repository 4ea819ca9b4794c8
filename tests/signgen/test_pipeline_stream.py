"""Frames as they leave the pipeline: the laws of streaming, seen from outside."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pose_sequences.sequence import PoseSequence
from signgen.pipeline import Callback, SignVideoPipeline
from signgen.sampling import Steps
from signgen.take import Windows
from temporal.adapter import TemporalAdapter
from tests.signer import signing
from tests.signgen.training.tiny import SIZE, tiny_pipeline

pytestmark = pytest.mark.light

WINDOW = 8  # as far as the tiny adapter looks
FEW = Steps(num_steps=2)


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)


def poses(num_frames: int) -> PoseSequence:
    return signing(0).frames(0, num_frames)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def frames_of(
    pipeline: SignVideoPipeline, num_frames: int, windows: Windows | None = None, steps: Steps = FEW
) -> np.ndarray:
    """Return frames as whole numbers, of which differences can be taken."""
    signs = poses(num_frames)
    frames = pipeline.render_frames(
        picture(), signs.frames(0, 1), signs, generator=seeded(), steps=steps, windows=windows
    )
    return frames.astype(int)


def trained() -> SignVideoPipeline:
    """Return a pipeline whose motion modules say something."""
    pipeline = tiny_pipeline()
    adapter: TemporalAdapter = pipeline.motion_adapter
    for module in adapter.motion:
        weight = module.get_submodule("proj_out").weight
        assert isinstance(weight, torch.Tensor)
        torch.nn.init.normal_(weight, std=0.3, generator=seeded(2))
    return pipeline


def counted(module: torch.nn.Module) -> Callable[[], list[int]]:
    """Return what tells how many pictures a module was given in each call."""
    calls: list[int] = []
    module.register_forward_pre_hook(lambda _, inputs: calls.append(len(inputs[0])))
    return lambda: calls


@pytest.mark.parametrize("method", ["fpdm", "cfld"])
def test_an_untrained_adapter_leaves_the_frames_as_they_are(method: str) -> None:
    pipeline = tiny_pipeline(method)
    with_it = frames_of(pipeline, 11)
    pipeline.motion_adapter = None
    assert np.array_equal(with_it, frames_of(pipeline, 11, Windows(size=WINDOW)))
    assert np.abs(with_it - frames_of(pipeline, 11, Windows(size=1))).max() <= 1


def test_a_trained_adapter_makes_the_window_matter() -> None:
    pipeline = trained()
    assert np.abs(frames_of(pipeline, 11) - frames_of(pipeline, 11, Windows(size=5))).max() > 2


def test_how_many_windows_go_at_once_changes_frames_by_rounding_alone() -> None:
    pipeline = trained()
    one, three = (frames_of(pipeline, 30, Windows(at_once=at_once)) for at_once in (1, 3))
    assert np.abs(one - three).max() <= 2


def test_a_longer_clip_starts_with_the_same_frames() -> None:
    pipeline = trained()
    first = frames_of(pipeline, 40, Windows(stop=16))
    assert np.abs(first - frames_of(pipeline, 40)[:16]).max() <= 1


@pytest.mark.parametrize(("start", "stop"), [(0, 3), (17, 18), (20, 31), (35, 40)])
def test_a_part_joins_the_rest(start: int, stop: int) -> None:
    whole = frames_of(tiny_pipeline(), 40)
    part = frames_of(tiny_pipeline(), 40, Windows(start=start, stop=stop))
    assert part.shape[0] == stop - start
    assert np.abs(part - whole[start:stop]).max() <= 1
    pipeline = trained()
    seams = pipeline.plan(40, FEW).seams
    own = pipeline.plan(40, FEW, Windows(start=start, stop=stop)).seams
    assert own == tuple(seam - start for seam in seams if start < seam < stop)


def test_frames_come_early_and_few_are_alive() -> None:
    pipeline = trained()
    drawn, signers = counted(pipeline.pose_encoder), counted(pipeline.appearance)
    signs = poses(48)
    steps = Steps(num_steps=8)
    stream = pipeline.stream(picture(), signs.frames(0, 1), signs, generator=seeded(), steps=steps)
    next(stream)
    assert sum(drawn()) - 1 <= 3 * WINDOW  # one is the reference's
    most = pipeline.plan(48, steps).plan.most_alive()
    for handed, _ in enumerate(stream, start=1):
        assert sum(drawn()) - 1 - handed <= most <= 3 * WINDOW
    assert sum(drawn()) - 1 == 48
    assert signers() == [1]


def test_training_goes_on_between_two_frames() -> None:
    pipeline = tiny_pipeline()
    pipeline.unet.train()
    signs = poses(3)
    for _ in islice(
        pipeline.stream(picture(), signs.frames(0, 1), signs, generator=seeded(), steps=FEW), 2
    ):
        assert torch.is_grad_enabled()
        assert pipeline.unet.training


def test_a_call_hands_out_what_is_asked_for() -> None:
    pipeline = tiny_pipeline()
    pipeline.set_progress_bar_config(disable=True)
    signs = poses(3)

    def call(output_type: str) -> object:
        return pipeline(
            Image.fromarray(picture()),
            signs.frames(0, 1),
            signs,
            generator=seeded(),
            num_inference_steps=2,
            guidance_scale=1.0,
            output_type=output_type,
        ).frames

    arrays, tensors, pictures = map(call, ("np", "pt", "pil"))
    assert np.array_equal(arrays, frames_of(pipeline, 3))
    assert np.array_equal(tensors.movedim(1, -1).numpy(), arrays)  # type: ignore[attr-defined]
    assert np.array_equal(np.stack(list(map(np.asarray, pictures))), arrays)  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="output_type is 'latent'; give np, pt, pil"):
        call("latent")


def called(
    callback: Callback | None,
    num_frames: int = 20,
    windows: Windows | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Return the frames of a call that is watched."""
    pipeline, signs = trained(), poses(num_frames)
    pipeline.set_progress_bar_config(disable=True)
    frames = pipeline(
        picture(),
        signs.frames(0, 1),
        signs,
        generator=seeded(seed),
        num_inference_steps=3,
        windows=windows,
        callback_on_step_end=callback,
    ).frames
    assert isinstance(frames, np.ndarray)
    return frames.astype(int)


@pytest.mark.parametrize("windows", [Windows(), Windows(overlap=2), Windows(at_once=2)])
def test_every_frame_ends_every_step_once_and_a_callback_that_only_looks_changes_nothing(
    windows: Windows,
) -> None:
    ended: list[tuple[int, int]] = []
    marks: dict[int, float] = {}

    def look(
        pipeline: SignVideoPipeline, step: int, timestep: torch.Tensor, given: dict[str, Any]
    ) -> dict[str, Any]:
        assert isinstance(pipeline, SignVideoPipeline)
        marks[step] = float(timestep[0])
        first, latents = given["first_frame"], given["latents"]
        ended.extend((step, first + frame) for frame in range(latents.shape[1]))
        return {}

    frames = called(look, windows=windows)
    assert sorted(ended) == [(step, frame) for step in range(3) for frame in range(20)]
    assert marks[0] > marks[1] > marks[2]
    assert np.array_equal(frames, called(None, windows=windows))


def test_a_callback_numbers_the_frames_of_a_part_as_those_of_the_clip() -> None:
    seen: set[int] = set()

    def look(
        pipeline: SignVideoPipeline, step: int, timestep: torch.Tensor, given: dict[str, Any]
    ) -> dict[str, Any]:
        seen.update(range(given["first_frame"], given["first_frame"] + given["latents"].shape[1]))
        return given

    called(look, 40, Windows(start=30, stop=34))
    assert set(range(30, 34)) <= seen <= set(range(40))
    assert 0 not in seen


def test_latents_that_a_callback_returns_are_gone_on_with() -> None:
    def emptied(
        pipeline: SignVideoPipeline, step: int, timestep: torch.Tensor, given: dict[str, Any]
    ) -> dict[str, Any]:
        return {"latents": torch.zeros_like(given["latents"])} if step == 2 else given

    # of no latents another seed makes the same frames
    assert np.array_equal(called(emptied), called(emptied, seed=1))
    assert not np.array_equal(called(None), called(None, seed=1))


def test_what_cannot_be_is_refused_at_once() -> None:
    pipeline, signs = tiny_pipeline(), poses(20)
    for windows, said in (
        (Windows(size=9), "a window has 9 frames, but the adapter looks along 8"),
        (Windows(overlap=8), "windows overlap by 8 frames"),
        (Windows(start=5, stop=21), "frames 5 to 21 are not inside the 20 frames"),
        (Windows(at_once=0), "0 windows at once"),
    ):
        with pytest.raises(ValueError, match=said):
            pipeline.stream(
                picture(), signs.frames(0, 1), signs, generator=seeded(), windows=windows
            )
    with pytest.raises(ValueError, match="keypoints of 20 frames"):
        pipeline(picture(), signs, signs, generator=seeded())
    with pytest.raises(ValueError, match="the image is float64"):
        pipeline(picture() / 255, signs.frames(0, 1), signs, generator=seeded())
