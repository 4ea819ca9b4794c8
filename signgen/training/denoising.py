"""Noisy latents and the loss on what the denoiser sees in them: shared by three stages."""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.conditioner import Evidence
from signgen.conditioning import EVERYTHING, NOTHING, POSE, State
from signgen.constants import constant
from signgen.latents import Autoencoder, block_of, channels_of, draw_latents, encode, spread_of
from signgen.pipeline import SignVideoPipeline
from signgen.sampling import MIDDLE_STATES
from signgen.schedules import Level, Schedule
from signgen.training.scene import Scene, Stage
from signgen.training.settings import DenoiserTraining
from signgen.training.trainer import Dice
from temporal.noise import shared_noise


@dataclass(frozen=True, kw_only=True, eq=False)
class Noising:
    """B clips of T frames on their way from clean to noise.

    clean, noisy (B, T, c, h, w); level: how far they are; weights (B, T, 1, h, w); kept (B, 3):
    which conditions stay.
    """

    evidence: Evidence
    clean: Tensor
    noisy: Tensor
    level: Level
    weights: Tensor
    kept: Tensor


def draw_noising(
    scene: Scene,
    pipeline: SignVideoPipeline,
    level: Level,
    kept: Tensor,
    noise: Tensor,
    generator: torch.Generator | None = None,
) -> Noising:
    """Encode a scene and go towards noise (B, T, c, h, w) up to a level.

    generator: draws from the autoencoder's posterior; None for its mean.
    """
    if scene.latents is None:
        clean = encode(pipeline.autoencoder, scene.pixels, generator)
    else:
        clean = draw_latents(pipeline.autoencoder, scene.latents, generator)
    return Noising(
        evidence=evidence_of(scene, pipeline),
        clean=clean,
        noisy=level.noised(clean, noise),
        level=level,
        weights=scene.weights,
        kept=kept,
    )


def evidence_of(scene: Scene, pipeline: SignVideoPipeline) -> Evidence:
    """Return what is known of a scene before it is drawn."""
    if scene.reference_latents is None:
        latents = pipeline.beside(scene.reference)
    else:
        latents = draw_latents(pipeline.autoencoder, scene.reference_latents[:, None])[:, 0]
    return Evidence(
        reference=scene.reference,
        reference_maps=scene.reference_maps,
        reference_close_ups=scene.reference_close_ups,
        reference_latents=latents,
        maps=scene.maps,
        hands=scene.hands,
        joints=scene.joints,
        close_ups=scene.close_ups,
        embedding=scene.embedding,
        tokens=scene.tokens,
    )


def latent_shape(
    autoencoder: Autoencoder, scenes: Stage, num_samples: int, num_frames: int
) -> tuple[int, int, int, int, int]:
    """Return (B, T, c, h, w)."""
    cells = scenes.size // block_of(autoencoder)
    return num_samples, num_frames, channels_of(autoencoder), cells, cells


def draw_level(
    schedule: Schedule, settings: DenoiserTraining, num_samples: int, dice: Dice
) -> Level:
    """Draw how noisy each of B samples is."""
    return schedule.at(schedule.on_grid(draw_times(settings, num_samples, dice)))


def draw_times(settings: DenoiserTraining, num_samples: int, dice: Dice) -> Tensor:
    """Draw times (B,) in (0, 1], as the settings' ``times`` says."""
    generator = dice.values
    if settings.times == "logit-normal":  # Esser et al. 2024, eq. 19
        normal = torch.randn(num_samples, generator=generator, device=generator.device)
        return torch.sigmoid(settings.time_mean + settings.time_spread * normal)
    chance = torch.rand(num_samples, generator=generator, device=generator.device)
    return 1 - (chance**3 if settings.times == "cubic" else chance)


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


def draw_noise(
    shape: tuple[int, int, int, int, int], dice: Dice, *, shared: float = 0.0, offset: float = 0.0
) -> Tensor:
    """Draw noise (B, T, c, h, w) on the device.

    shared: as in temporal.noise; offset: of what is added to all of a clip's channel alike, so that
    brightness as a whole is learned too.
    """
    noise = shared_noise(shape, dice.values, shared=shared)
    if not offset:
        return noise
    whole = (shape[0], 1, shape[2], 1, 1)
    return noise + offset * torch.randn(whole, generator=dice.values, device=noise.device)


def channel_weights(autoencoder: Autoencoder, power: float) -> Tensor:
    """Return weights (c, 1, 1) of mean 1: a component counts by a power of its variance."""
    weights = spread_of(autoencoder) ** (2 * power)
    return (weights / weights.mean())[:, None, None]


def counted(weights: Tensor, share: float) -> Tensor:
    """Return weights of mean 1 that count regions unlike by a share: 0 all alike, 1 as they are."""
    return 1 + share * (weights - 1)


def weighted_error(error: Tensor, weights: Tensor, channels: Tensor) -> Tensor:
    """Return the mean square (B,) of an error (B, T, c, h, w)."""
    return (weights * channels * error.float() ** 2).flatten(1).mean(1)
