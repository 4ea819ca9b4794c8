"""How much noise there is at each time, and what a network says of noisy latents: three ways.

Rectified flow is ours; v-prediction and epsilon are those of Stable Diffusion, and kept as a stock
scheduler. Times run from 1, noise, to 0, clean; of N steps of training, index i is time (i + 1)/N.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self

import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from torch import Tensor

from signgen.constants import constant
from signgen.schedule_names import SCHEDULES

TIME_UNITS = 1000  # schedulers and the time embedding count a thousand steps

_STOCK = {
    "num_train_timesteps": TIME_UNITS,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "clip_sample": False,
}


class StockScheduler(Protocol):
    """What we ask of a scheduler of diffusers."""

    alphas_cumprod: Tensor
    timesteps: Tensor
    init_noise_sigma: float
    step: Callable[..., tuple[Tensor, ...]]

    @property
    def config(self) -> dict[str, Any]:
        """Its settings; ``prediction_type`` is one of them."""
        ...

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return one that has not been walked with."""
        ...

    def set_timesteps(self, num_inference_steps: int, device: torch.device) -> None:
        """Choose the indices of the steps."""
        ...

    def scale_model_input(self, sample: Tensor, timestep: Tensor) -> Tensor:
        """Return noisy latents with the variance that the network knows."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Level:
    """How noisy B clips are, and how to read what the network says of them; all fields (B,).

    noisy = signal * clean + noise * epsilon, and clean = kept * noisy + said * what is said.
    time in [0, 1]; mark: what the UNet's time embedding takes.
    """

    time: Tensor
    mark: Tensor
    signal: Tensor
    noise: Tensor
    kept: Tensor
    said: Tensor

    def noised(self, clean: Tensor, epsilon: Tensor) -> Tensor:
        """Return clean latents (B, T, c, h, w) with noise of the same shape in them."""
        return _wide(self.signal) * clean + _wide(self.noise) * epsilon

    def clean_of(self, said: Tensor, noisy: Tensor) -> Tensor:
        """Return the clean latents that the network sees in noisy ones."""
        return _wide(self.kept) * noisy + _wide(self.said) * said

    def said_of(self, clean: Tensor, noisy: Tensor) -> Tensor:
        """Return what the network would say, if it saw these clean latents in noisy ones."""
        return (clean - _wide(self.kept) * noisy) / _wide(self.said)

    def step(self, noisy: Tensor, clean: Tensor, to: "Level") -> Tensor:
        """Go to another level with the clean latents seen in noisy ones, and the noise they leave.

        Of a flow it is Euler's step; of the others DDIM's (Song et al. 2021, eq. 12 with no noise).
        """
        share = _wide(to.noise / self.noise)
        return share * noisy + (_wide(to.signal) - share * _wide(self.signal)) * clean

    def aim(self, noisy: Tensor, reached: Tensor, to: "Level") -> Tensor:
        """Return the clean latents with which a single step arrives at what was reached."""
        share = _wide(to.noise / self.noise)
        return (reached - share * noisy) / (_wide(to.signal) - share * _wide(self.signal))


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What the network says, and the noise at each time.

    kind: flow says clean latents, v the velocity signal * epsilon - noise * clean (Salimans and Ho
    2022), epsilon the noise; alpha_bars: the share of the signal's variance at each index of a
    stock schedule, none of a flow.
    """

    kind: str = "flow"
    alpha_bars: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in SCHEDULES:
            raise ValueError(f"the schedule is {self.kind!r}; give {', '.join(SCHEDULES)}")
        if self.kind == "epsilon" and min(self.alpha_bars) <= 0:
            raise ValueError(
                "noise alone says nothing of the picture where no signal is left: "
                'an epsilon schedule cannot have zero_terminal_snr; use schedule = "v"'
            )

    def at(self, times: Tensor) -> Level:
        """Return the level at times (B,) in [0, 1]; a stock schedule takes its nearest index."""
        times = times.float()
        if self.kind == "flow":
            none, one = torch.zeros_like(times), torch.ones_like(times)
            return Level(
                time=times,
                mark=times * TIME_UNITS,
                signal=1 - times,
                noise=times,
                kept=none,
                said=one,
            )
        rows = (times * len(self.alpha_bars)).round().long()  # 0: clean
        alpha_bar = constant((1.0, *self.alpha_bars), times.device)[rows]
        signal, noise = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
        velocity = self.kind == "v"
        return Level(
            time=times,
            mark=(rows - 1).clamp(min=0).float(),
            signal=signal,
            noise=noise,
            kept=signal if velocity else 1 / signal,
            said=-noise if velocity else -noise / signal,
        )

    def on_grid(self, times: Tensor) -> Tensor:
        """Return times (B,) in (0, 1], moved up to the next that the schedule knows."""
        if self.kind == "flow":
            return times
        num_times = len(self.alpha_bars)
        return (times * num_times).ceil().clamp(1, num_times) / num_times

    def error_weights(self, level: Level, least: float) -> Tensor:
        """Return weights (B,) that turn the squared error of clean latents into the loss's.

        Of a flow, the velocity's (noisy - clean) / time, times the square of ``least``; of v and
        epsilon exactly that of what is said. With less noise than ``least`` (of a flow above 0)
        they grow no further.
        """
        noise = level.noise.clamp(min=least)
        if self.kind == "flow":
            return (least / noise) ** 2
        return noise**-2 if self.kind == "v" else (level.signal / noise) ** 2


FLOW = Schedule()


def schedule_of(scheduler: StockScheduler | None) -> Schedule:
    """Return the schedule of a stock scheduler, the flow where there is none.

    Raises ValueError for a scheduler whose network says something else.
    """
    if scheduler is None:
        return FLOW
    kinds = {"v_prediction": "v", "epsilon": "epsilon"}
    said = str(scheduler.config["prediction_type"])
    if said not in kinds:
        raise ValueError(
            f"the scheduler's prediction_type is {said!r}; use one of {', '.join(kinds)}"
        )
    return Schedule(kind=kinds[said], alpha_bars=tuple(scheduler.alphas_cumprod.tolist()))


def stock_scheduler(kind: str, *, zero_terminal_snr: bool, sampler: str) -> StockScheduler | None:
    """Return the scheduler that a pipeline keeps for a kind of SCHEDULES; None for the flow.

    zero_terminal_snr: betas rescaled so that the last index is noise alone (Lin et al. 2024);
    sampler: ddim, or ddpm, which adds noise at every step. With signal left at the last index, ddpm
    leaves it out, as FPDM and CFLD do.
    """
    if kind == "flow":
        return None
    leading = sampler == "ddpm" and not zero_terminal_snr
    settings = {
        **_STOCK,
        "prediction_type": "v_prediction" if kind == "v" else kind,
        "rescale_betas_zero_snr": zero_terminal_snr,
        "timestep_spacing": "leading" if leading else "trailing",
        "steps_offset": int(leading),
    }
    stock: dict[str, Callable[..., Any]] = {"ddim": DDIMScheduler, "ddpm": DDPMScheduler}
    made: StockScheduler = stock[sampler](**settings)
    return made


def segment_scheduler(scheduler: StockScheduler) -> DDIMScheduler:
    """Return the scheduler whose steps cut the way into equal segments, down to the clean end."""
    made: DDIMScheduler = DDIMScheduler.from_config(
        scheduler.config, timestep_spacing="trailing", steps_offset=0, set_alpha_to_one=True
    )
    return made


def _wide(numbers: Tensor) -> Tensor:
    return numbers[:, None, None, None, None]
