"""What can be set of a training: one flat, frozen dataclass a table of a recipe.

Reading them from files is the business of recipe.py.
"""

from dataclasses import dataclass

STAGES = ("autoencoder", "fusion", "denoiser", "temporal", "distil")


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """The method and the sizes of the networks.

    method: fpdm or cfld; size: of the square frames in pixels; channels, attention: of the UNet,
    one entry a scale; sites, site_channels: of the motion modules; prompt_tokens, prompt_blocks,
    source_channels, bias_width: of CFLD.
    """

    method: str = "fpdm"
    size: int = 256
    latent_channels: int = 16
    decoder_width: int = 64
    channels: tuple[int, ...] = (64, 128, 224)
    attention: tuple[bool, ...] = (False, True, True)
    token_width: int = 128
    appearance_width: int = 96
    pose_channels: int = 32
    pose_width: int = 48
    tokens_per_hand: int = 4
    fusion_width: int = 256
    fusion_channels: tuple[int, ...] = (24, 48, 80, 112)
    sites: tuple[str, ...] = (
        "down_blocks.1.attentions.0",
        "mid_block.attentions.0",
        "up_blocks.1.attentions.1",
    )
    site_channels: tuple[int, ...] = (128, 224, 128)
    max_frames: int = 32
    prompt_tokens: int = 16
    prompt_blocks: int = 4
    source_channels: tuple[int, ...] = (48, 96, 128, 160)
    bias_width: int = 64

    def __post_init__(self) -> None:
        if self.method not in ("fpdm", "cfld"):
            raise ValueError(f"method is {self.method!r}; give fpdm or cfld")
        if self.size % 64:
            raise ValueError(f"size is {self.size}; give a multiple of 64")
        if len(self.channels) != len(self.attention):
            raise ValueError("channels and attention have one entry a scale; give as many of each")

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages of the method: CFLD has no fusion."""
        return tuple(s for s in STAGES if self.method == "fpdm" or s != "fusion")


@dataclass(frozen=True, kw_only=True)
class SampleSettings:
    """How samples are drawn and worn before a network sees them.

    max_frames: of a clip, 0 for all; across_clips: how often the reference is from another clip;
    zoom_share, zoom_most: how often and how far a sample is a close-up; reference_shift,
    reference_scale: how far the reference stands apart, in shares of the picture; blur, grain: of
    the reference; pose_jitter: in pixels; hide_hand: how often a hand is missing.
    """

    max_frames: int = 0
    across_clips: float = 0.5
    zoom_share: float = 0.25
    zoom_most: float = 2.0
    reference_shift: float = 0.03
    reference_scale: float = 0.05
    blur: float = 0.3
    grain: float = 0.02
    pose_jitter: float = 0.5
    hide_hand: float = 0.02


@dataclass(frozen=True, kw_only=True)
class Optimisation:
    """What the loop takes, the same for every stage.

    steps: updates in all; batch_size: samples an update, in ``accumulation`` parts; warmup: steps
    until the full learning rate, which then falls along a cosine; clip_norm: of the gradient;
    precision: float32 or bfloat16; share: of the minutes that several stages divide.
    """

    steps: int = 1000
    batch_size: int = 32
    accumulation: int = 1
    learning_rate: float = 3e-4
    final_rate: float = 0.05
    weight_decay: float = 0.01
    warmup: int = 100
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    precision: str = "float32"
    compile: bool = False
    share: float = 1.0
    log_every: int = 50
    checkpoint_every: int = 1000

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 1 or self.log_every < 1:
            raise ValueError("steps, batch_size and log_every are at least 1")
        if self.accumulation < 1 or self.batch_size % self.accumulation:
            raise ValueError(
                f"batch_size {self.batch_size} does not divide into {self.accumulation} parts; "
                "change batch_size or accumulation"
            )
        if self.precision not in ("float32", "bfloat16"):
            raise ValueError(f"precision is {self.precision!r}; give float32 or bfloat16")
        if not 0 <= self.ema_decay < 1:
            raise ValueError(f"ema_decay is {self.ema_decay}; give 0 or more and less than 1")


@dataclass(frozen=True, kw_only=True)
class AutoencoderTraining:
    """fit_batches: seen before the components are fixed; latent_noise: at most, so that the decoder
    mends generated latents too; edge_weight: of the loss on differences of neighbouring pixels."""

    fit_batches: int = 16
    latent_noise: float = 0.3
    edge_weight: float = 1.0
    drop_reference: float = 0.1


@dataclass(frozen=True, kw_only=True)
class FusionTraining:
    """drop_pose: how often the pose is blank, as guidance may ask for."""

    drop_pose: float = 0.02


@dataclass(frozen=True, kw_only=True)
class DenoiserTraining:
    """drop_all, drop_to_pose, drop_fusion: how often a sample is in each state that guidance asks
    about; time_mean, time_spread: of the logit-normal times; min_time: below it the loss of the
    velocity grows no further; channel_power: of a component's variance, as its weight."""

    drop_all: float = 0.1
    drop_to_pose: float = 0.05
    drop_fusion: float = 0.05
    time_mean: float = 0.4
    time_spread: float = 1.0
    min_time: float = 0.3
    channel_power: float = 0.25

    def __post_init__(self) -> None:
        if min(self.drop_all, self.drop_to_pose, self.drop_fusion) < 0 or self.dropped > 1:
            raise ValueError(
                f"the three drop rates add up to {self.dropped}; at most 1 is possible"
            )

    @property
    def dropped(self) -> float:
        """How often anything is left out."""
        return self.drop_all + self.drop_to_pose + self.drop_fusion


@dataclass(frozen=True, kw_only=True)
class TemporalTraining:
    """num_frames: of a clip; shared_noise: as in temporal.noise; difference_weight: of the loss on
    differences between neighbouring frames."""

    num_frames: int = 8
    shared_noise: float = 0.5
    difference_weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class DistilTraining:
    """num_steps: that the student takes; teacher_steps: of the teacher in each of them;
    guidance_scale: of the teacher, which the student then has in it; num_frames: of a clip."""

    num_steps: int = 4
    teacher_steps: int = 3
    guidance_scale: float = 2.0
    num_frames: int = 4
    shift: float = 1.0
