"""Noisy latents and the loss on what the denoiser sees in them: shared by three stages."""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.conditioning import EVERYTHING, NOTHING, POSE, State
from signgen.constants import constant
from signgen.latents import encode
from signgen.models.autoencoder import BlockAutoencoder
from signgen.models.conditioner import Evidence
from signgen.sampling import MIDDLE_STATES
from signgen.training.scene import Scene, Stage
from signgen.training.settings import DenoiserTraining
from signgen.training.trainer import Dice
from temporal.noise import shared_noise


@dataclass(frozen=True, kw_only=True, eq=False)
class Noising:
    """B clips of T frames on their way: noisy = (1 - time) clean + time noise.

    clean, noisy (B, T, c, h, w); times (B,); weights (B, T, 1, h, w); kept (B, 3): which conditions
    stay.
    """

    evidence: Evidence
    clean: Tensor
    noisy: Tensor
    times: Tensor
    weights: Tensor
    kept: Tensor


def draw_noising(
    scene: Scene, autoencoder: BlockAutoencoder, times: Tensor, kept: Tensor, noise: Tensor
) -> Noising:
    """Encode a scene and go towards noise (B, T, c, h, w) by times (B,)."""
    clean = encode(autoencoder, scene.pixels)
    return Noising(
        evidence=evidence_of(scene, autoencoder),
        clean=clean,
        noisy=torch.lerp(clean, noise, times[:, None, None, None, None]),
        times=times,
        weights=scene.weights,
        kept=kept,
    )


def evidence_of(scene: Scene, autoencoder: BlockAutoencoder) -> Evidence:
    """Return what is known of a scene before it is drawn."""
    return Evidence(
        reference=scene.reference,
        reference_maps=scene.reference_maps,
        reference_latents=autoencoder.encode(scene.reference),
        maps=scene.maps,
        hands=scene.hands,
    )


def latent_shape(
    autoencoder: BlockAutoencoder, scenes: Stage, num_samples: int, num_frames: int
) -> tuple[int, int, int, int, int]:
    """Return (B, T, c, h, w)."""
    cells = scenes.size // autoencoder.block
    return num_samples, num_frames, len(autoencoder.scale), cells, cells


def draw_times(settings: DenoiserTraining, num_samples: int, dice: Dice) -> Tensor:
    """Draw times (B,) in (0, 1), logit-normal (Esser et al. 2024, eq. 19)."""
    normal = torch.randn(num_samples, generator=dice.values, device=dice.values.device)
    return torch.sigmoid(settings.time_mean + settings.time_spread * normal)


def drop_rates(settings: DenoiserTraining) -> dict[State, float]:
    """Return how often training sees each state that guidance can ask about."""
    return {
        NOTHING: settings.drop_all,
        POSE: settings.drop_to_pose,
        MIDDLE_STATES["appearance"]: settings.drop_fusion,
        EVERYTHING: 1 - settings.dropped,
    }


def draw_kept(settings: DenoiserTraining, num_samples: int, dice: Dice) -> Tensor:
    """Draw which conditions stay, (B, 3): a state for each sample by itself."""
    rates = drop_rates(settings)
    device = dice.values.device
    states = constant(tuple(rates), device, torch.bool)
    bounds = constant(tuple(rates.values()), device).cumsum(0)
    chance = torch.rand(num_samples, generator=dice.values, device=device)
    return states[torch.searchsorted(bounds, chance).clamp(max=len(rates) - 1)]


def draw_noise(shape: tuple[int, int, int, int, int], dice: Dice, *, shared: float = 0.0) -> Tensor:
    """Draw noise (B, T, c, h, w) on the device."""
    return shared_noise(shape, dice.values, shared=shared)


def channel_weights(autoencoder: BlockAutoencoder, power: float) -> Tensor:
    """Return weights (c, 1, 1) of mean 1: a component counts by a power of its variance."""
    weights = autoencoder.scale ** (2 * power)
    return (weights / weights.mean())[:, None, None]


def velocity_weights(times: Tensor, least: float) -> Tensor:
    """Return weights (B,) that make an error of the clean latents one of the velocity.

    velocity = (noisy - clean) / time; nearer to clean than ``least`` the weight grows no further.
    """
    return (least / times.clamp(min=least)) ** 2


def weighted_error(error: Tensor, weights: Tensor, channels: Tensor) -> Tensor:
    """Return the mean square (B,) of an error (B, T, c, h, w)."""
    return (weights * channels * error.float() ** 2).flatten(1).mean(1)
