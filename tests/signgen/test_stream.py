"""Latents as they stream: the same as all at once, few frames alive, whatever the windows."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_heun_discrete import HeunDiscreteScheduler

from signgen.conditioning import Conditioning
from signgen.latents import to_frames
from signgen.sampling import Guidance, Steps, denoise, flow_times, guided
from signgen.schedules import FLOW, StockScheduler, stock_scheduler
from signgen.stream import Sampler, Source, stream_latents
from temporal.adapter import TemporalAdapter
from temporal.noise import ClipNoise
from temporal.windows import WindowPlan
from tests.signgen.training.tiny import tiny_pipeline

SIZE = 6  # frames in a window
GUIDED = Guidance(first=3.0, rest=1.5)
PLANS: list[dict[str, int]] = [
    {"size": SIZE},
    {"size": SIZE, "overlap": 2},
    {"size": SIZE, "at_once": 3},
    {"size": SIZE, "overlap": 2, "at_once": 2},
    {"size": 1},
]


def stock(kind: str, sampler: str) -> StockScheduler | None:
    return stock_scheduler(kind, zero_terminal_snr=kind == "v", sampler=sampler)


DDIM = stock("v", "ddim")
assert DDIM is not None
EVERY_WALK: dict[str, StockScheduler | None] = {
    "flow": None,
    "v-ddim": DDIM,
    "epsilon-ddpm": stock("epsilon", "ddpm"),
}
SOME_MEMORY: dict[str, Any] = {
    "multistep": DPMSolverMultistepScheduler.from_config(
        stock_scheduler("v", zero_terminal_snr=False, sampler="ddim").config  # type: ignore[union-attr]
    ),
    "scaled": EulerDiscreteScheduler.from_config(
        stock_scheduler("v", zero_terminal_snr=False, sampler="ddim").config  # type: ignore[union-attr]
    ),
}


def sampler(
    scheduler: StockScheduler | None = None,
    *,
    trained: bool = True,
    num_steps: int = 3,
    guidance: Guidance | None = None,
) -> Sampler:
    """Return the tiny pipeline's; trained: whether its motion modules say something."""
    pipeline = tiny_pipeline()
    adapter: TemporalAdapter = pipeline.motion_adapter
    if trained:
        generator = torch.Generator().manual_seed(2)
        for module in adapter.motion:
            weight = module.get_submodule("proj_out").weight
            assert isinstance(weight, torch.Tensor)
            torch.nn.init.normal_(weight, std=0.3, generator=generator)
    return Sampler(
        unet=pipeline.unet.eval(),
        scheduler=scheduler,
        adapter=adapter.eval(),
        steps=Steps(num_steps=num_steps, guidance=guidance or Guidance()),
    )


def conditions_of(num_frames: int, num_clips: int = 1) -> Conditioning:
    """Return random conditions of the tiny pipeline's shapes; a longer clip has more of them."""

    def draw(seed: int, *shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))

    def draw_frames(seed: int, *shape: int) -> torch.Tensor:
        return draw(seed, num_frames, num_clips, *shape).movedim(0, 1)

    return Conditioning(
        appearance=draw(1, num_clips, 16, 16),
        reference_latents=draw(2, num_clips, 8, 8, 8),
        reference_features=draw(3, num_clips, 8, 8, 8),
        features=draw_frames(4, 8, 8, 8),
        hands=draw_frames(5, 4, 16),
        fusion=draw_frames(6, 64),
        no_appearance=draw(7, 1, 1, 16),
        no_fusion=draw(8, 1, 1, 64),
    )


def source_of(num_frames: int, num_clips: int = 1) -> Source:
    noise = ClipNoise(seeds=tuple(range(num_clips)), shape=(8, 8, 8))
    return Source(noise=noise.frames, conditions=conditions_of(num_frames, num_clips).frames)


def exactly(made: Sampler) -> Sampler:
    """Return a sampler in double precision, where rounding hides nothing.

    It copies nothing from the reference, which is done in single precision.
    """
    said = made.unet.conv_out
    made.unet.conv_out = torch.nn.Conv2d(said.in_channels, 8, 3, padding=1)
    made.unet.conv_out.load_state_dict({k: v[:8] for k, v in said.state_dict().items()})
    made.unet.double()
    assert made.adapter is not None
    made.adapter.double()
    return made


def exact(source: Source) -> Source:
    """Return a source in double precision."""

    def double(value: torch.Tensor | tuple[torch.Tensor, ...]) -> Any:
        return tuple(map(double, value)) if isinstance(value, tuple) else value.double()

    def conditions(start: int, stop: int) -> Conditioning:
        given = source.conditions(start, stop)
        return replace(given, **{name: double(value) for name, value in vars(given).items()})

    return Source(noise=lambda *ends: source.noise(*ends).double(), conditions=conditions)


@torch.no_grad()
def stream(made: Sampler, source: Source, num_frames: int, **windows: int) -> torch.Tensor:
    at_once = windows.pop("at_once", 1)
    plan = WindowPlan(num_frames=num_frames, num_steps=made.steps.num_steps, **windows)  # type: ignore[arg-type]
    parts = stream_latents(made, plan, source, at_once=at_once)
    return torch.cat(list(parts), dim=1)


@torch.no_grad()
def plain(made: Sampler, source: Source, start: int, stop: int) -> torch.Tensor:
    noise, conditions = source.noise(start, stop), source.conditions(start, stop)
    with made.attached(stop - start):
        return denoise(made.unet, made.scheduler, noise, conditions, made.steps)


@pytest.mark.parametrize("walk", [*EVERY_WALK, *SOME_MEMORY])
def test_one_window_for_all_is_denoising_all_at_once(walk: str) -> None:
    made = sampler({**EVERY_WALK, **SOME_MEMORY}[walk], guidance=GUIDED)
    whole = plain(made, source_of(5), 0, 5)
    torch.testing.assert_close(stream(made, source_of(5), 5, size=SIZE), whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("plan", [PLANS[0], PLANS[3], PLANS[4]])
@pytest.mark.parametrize("walk", [*EVERY_WALK, *SOME_MEMORY])
def test_with_an_untrained_adapter_frames_are_denoised_each_by_itself(
    walk: str, plan: dict[str, int]
) -> None:
    made = exactly(sampler({**EVERY_WALK, **SOME_MEMORY}[walk], trained=False))
    alone = replace(made, adapter=None)
    source = exact(source_of(11))
    frames = [plain(alone, source, frame, frame + 1) for frame in range(11)]
    torch.testing.assert_close(
        stream(made, source, 11, **plan), torch.cat(frames, dim=1), rtol=0, atol=1e-6
    )


@torch.no_grad()
def step_by_step(made: Sampler, plan: WindowPlan) -> torch.Tensor:
    """Return the latents of a flow, of a walk that keeps all frames: step by step, by weights."""
    source = source_of(plan.num_frames)
    latents = source.noise(0, plan.num_frames)
    levels = [FLOW.at(torch.tensor([time])) for time in flow_times(plan.num_steps)]
    for step in range(plan.num_steps):
        clean = torch.zeros_like(latents)
        for window in plan.windows(step):
            part = slice(window.start, window.stop)
            conditions = source.conditions(window.start, window.stop)
            with made.attached(window.num_frames):
                ask = guided(made.unet, conditions, made.steps.guidance)
                answer = ask(latents[:, part], levels[step])
            clean[:, part] += answer * torch.tensor(window.weights)[:, None, None, None]
        latents = levels[step].step(latents, clean, levels[step + 1])
    return latents


@pytest.mark.parametrize("plan", PLANS[:4])
def test_streaming_is_walking_with_all_frames_from_step_to_step(plan: dict[str, int]) -> None:
    made = sampler(guidance=GUIDED)
    windows = {name: number for name, number in plan.items() if name != "at_once"}
    whole = step_by_step(made, WindowPlan(num_frames=15, num_steps=3, **windows))  # type: ignore[arg-type]
    torch.testing.assert_close(stream(made, source_of(15), 15, **plan), whole, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("walk", "overlap"), [("flow", 0), ("v-ddim", 2), ("epsilon-ddpm", 2)])
def test_how_many_windows_are_asked_at_once_changes_no_frame(walk: str, overlap: int) -> None:
    made = sampler(EVERY_WALK[walk], guidance=Guidance(first=2, rest=2))
    one, three = (
        stream(made, source_of(21, num_clips=2), 21, size=SIZE, overlap=overlap, at_once=at_once)
        for at_once in (1, 3)
    )
    torch.testing.assert_close(one, three, rtol=1e-4, atol=1e-4)
    assert (to_frames(one).int() - to_frames(three).int()).abs().max() <= 2


def test_a_trained_adapter_makes_windows_matter() -> None:
    made = sampler()
    source = source_of(15)
    alone = stream(replace(made, adapter=None), source, 15, size=SIZE)
    together = stream(made, source, 15, size=SIZE)
    assert (together - alone).std() > 0.01 * alone.std()
    assert not torch.allclose(together, stream(made, source, 15, size=SIZE - 1), atol=1e-3)


@pytest.mark.parametrize("num_frames", [1, 2, SIZE - 1, SIZE, SIZE + 1, 2 * SIZE + 1])
def test_there_are_as_many_frames_as_were_asked_for(num_frames: int) -> None:
    made = sampler(num_steps=2)
    frames = stream(made, source_of(num_frames), num_frames, size=SIZE)
    assert frames.shape == (1, num_frames, 8, 8, 8)
    assert frames.isfinite().all()


def test_a_longer_clip_starts_with_the_same_frames() -> None:
    made = sampler()
    long, short = (stream(made, source_of(length), length, size=SIZE) for length in (40, 26))
    torch.testing.assert_close(long[:, :18], short[:, :18], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("overlap", [0, 2])
@torch.no_grad()
def test_only_frames_that_are_alive_have_noise_and_conditions(overlap: int) -> None:
    made, given = sampler(), source_of(36)
    begun: list[int] = []

    def conditions(start: int, stop: int) -> Conditioning:
        assert start == sum(begun)
        begun.append(stop - start)
        return given.conditions(start, stop)

    plan = WindowPlan(num_frames=36, num_steps=3, size=SIZE, overlap=overlap)
    finished = 0
    for part in stream_latents(made, plan, replace(given, conditions=conditions)):
        assert sum(begun) - finished <= plan.most_alive() <= 3 * SIZE
        assert max(begun) <= SIZE
        finished += part.shape[1]
        # nothing of the frames that are still alive hangs on what has left
        assert part.untyped_storage().nbytes() == part.nbytes
    assert sum(begun) == finished == 36


@torch.no_grad()
def test_the_first_frames_come_before_the_fourth_window_is_begun() -> None:
    begun: list[tuple[int, int]] = []
    given = source_of(36)

    def noise(start: int, stop: int) -> torch.Tensor:
        begun.append((start, stop))
        return given.noise(start, stop)

    plan = WindowPlan(num_frames=36, num_steps=12, size=SIZE)  # as many steps as keep three alive
    made = sampler(num_steps=12)
    assert next(stream_latents(made, plan, replace(given, noise=noise))).shape[1] >= 1
    assert len(begun) <= 3


@torch.no_grad()
def test_nothing_hangs_on_the_network_while_frames_are_taken() -> None:
    made = sampler()
    plan = WindowPlan(num_frames=15, num_steps=3, size=SIZE)

    def hooks() -> Iterator[Any]:
        return (hook for module in made.unet.modules() for hook in module._forward_hooks)

    for _ in stream_latents(made, plan, source_of(15)):
        assert not list(hooks())


@torch.no_grad()
def test_the_sources_noise_is_left_as_it_is() -> None:
    noise = source_of(5).noise(0, 5)
    before = noise.clone()
    plan = WindowPlan(num_frames=5, num_steps=3, size=SIZE)
    source = replace(source_of(5), noise=lambda start, stop: noise[:, start:stop])
    list(stream_latents(sampler(), plan, source))
    assert torch.equal(noise, before)


def test_a_plan_of_other_steps_than_the_schedulers_is_refused_at_once() -> None:
    plan = WindowPlan(num_frames=5, num_steps=4, size=SIZE)
    with pytest.raises(ValueError, match="plan has 4 steps, but the sampler goes 3; make"):
        stream_latents(sampler(), plan, source_of(5))
    heun = HeunDiscreteScheduler.from_config(SOME_MEMORY["scaled"].config)
    with pytest.raises(ValueError, match="sampler goes 7"):
        stream_latents(sampler(heun, num_steps=4), plan, source_of(5))


def test_a_shift_of_a_stock_schedulers_times_is_refused() -> None:
    made = replace(sampler(DDIM), steps=Steps(num_steps=3, shift=3.0))
    plan = WindowPlan(num_frames=5, num_steps=3, size=SIZE)
    with pytest.raises(ValueError, match="shift is 3"):
        stream_latents(made, plan, source_of(5))
