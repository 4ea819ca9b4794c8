"""What can be set of samples, of the loop and of each stage: a flat, frozen dataclass a table.

Reading them from files is the business of recipe.py.
"""

from dataclasses import dataclass

from signgen.schedule_names import SAMPLERS, SCHEDULES

PHOENIX_STRETCH = 300 / 260  # the release stores 210x260 of pictures of 210x300


@dataclass(frozen=True, kw_only=True)
class SampleSettings:
    """How samples are drawn and worn before a network sees them.

    max_frames: of a clip, 0 for all; across_clips: how often the reference is from another clip;
    self_pairs: how often it is the first frame that is to be made; zoom_share, zoom_most: how often
    and how far a sample is a close-up; reference_shift, reference_scale: how far the reference
    stands apart, in shares of the picture; blur, grain: of the reference; flip_reference: how often
    it alone is mirrored; pose_jitter: in pixels;
    hide_hand: how often a hand is missing; memory_gb: GiB that frames may take, beyond which they
    are read from disk as they are drawn; cache_latents: whether frames are encoded once, to disk,
    which needs targets that are never cropped; features_gb: GiB on disk that what a frozen encoder
    sees in references may take, for each encoder by itself, 0 for none, which needs references that
    are blurred at most; triples: fixed for good, from which batches are taken, 0 for new ones in
    every batch; undistort: whether a corpus's pictures are squeezed as those of
    RWTH-PHOENIX-Weather, and stretched back.
    """

    max_frames: int = 0
    across_clips: float = 0.5
    self_pairs: float = 0.0
    zoom_share: float = 0.25
    zoom_most: float = 2.0
    reference_shift: float = 0.03
    reference_scale: float = 0.05
    blur: float = 0.3
    grain: float = 0.02
    flip_reference: float = 0.0
    pose_jitter: float = 0.5
    hide_hand: float = 0.02
    memory_gb: float = 32.0
    cache_latents: bool = False
    features_gb: float = 0.0
    triples: int = 0
    undistort: bool = False

    def __post_init__(self) -> None:
        _check_not_negative(self, "memory_gb", "max_frames", "triples", "features_gb")
        _check_not_negative(self, "reference_shift", "reference_scale", "grain", "pose_jitter")
        _check_share(self, "across_clips", "self_pairs", "zoom_share", "blur", "flip_reference")
        _check_share(self, "hide_hand")
        if self.zoom_most < 1:
            raise ValueError(f"zoom_most is {self.zoom_most}; give 1 or more")
        if self.cache_latents and self.zoom_share > 0:
            raise ValueError(
                f"cache_latents is set, but a share of {self.zoom_share} of the targets is cropped "
                "anew each time; set zoom_share = 0"
            )
        if self.features_gb and not self.still:
            raise ValueError(
                "features_gb is set, but references look different each time; set zoom_share, "
                "reference_shift, reference_scale, grain and flip_reference to 0"
            )

    @property
    def still(self) -> bool:
        """Whether a picture looks the same whenever it is a reference, unless it is blurred."""
        moved = self.zoom_share or self.reference_shift or self.reference_scale
        return not (moved or self.grain or self.flip_reference)

    @property
    def stretch(self) -> float:
        """How much taller than it is stored a picture has natural proportions."""
        return PHOENIX_STRETCH if self.undistort else 1.0


@dataclass(frozen=True, kw_only=True)
class Optimisation:
    """What the loop takes, the same for every stage.

    steps: updates in all; batch_size: samples an update, in ``accumulation`` parts, of each of the
    processes that train together: N of them see N times as many; reuse: how often each sample is
    learned from, in other company each time, out of a pool of so many batches: for samples that
    take longer to draw than to learn from (Choi et al. 2019, data echoing); warmup: steps until the
    full learning rate, which then falls along a cosine; beta2: of AdamW's mean squares; clip_norm:
    of the gradient; precision: float32 or bfloat16; share: of the minutes that several stages
    divide; dev_every: steps between two looks at the dev split, 0 for none; dev_batches: in each
    look; select: whether the weights that were best on dev are handed on, not the last ones.
    """

    steps: int = 1000
    batch_size: int = 32
    accumulation: int = 1
    learning_rate: float = 3e-4
    final_rate: float = 0.05
    weight_decay: float = 0.01
    beta2: float = 0.99
    warmup: int = 100
    clip_norm: float = 1.0
    reuse: int = 1
    ema_decay: float = 0.999
    precision: str = "float32"
    compile: bool = False
    share: float = 1.0
    log_every: int = 50
    checkpoint_every: int = 1000
    dev_every: int = 0
    dev_batches: int = 8
    select: bool = True

    def __post_init__(self) -> None:
        counts = ("steps", "batch_size", "log_every", "checkpoint_every", "dev_batches", "reuse")
        for name in counts:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least 1")
        if self.dev_every < 0:
            raise ValueError(f"dev_every is {self.dev_every}; give 0 or more")
        if self.accumulation < 1 or self.batch_size % self.accumulation:
            raise ValueError(
                f"batch_size {self.batch_size} does not divide into {self.accumulation} parts; "
                "change batch_size or accumulation"
            )
        if self.precision not in ("float32", "bfloat16"):
            raise ValueError(f"precision is {self.precision!r}; give float32 or bfloat16")
        for name in ("ema_decay", "beta2"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give 0 or more and less than 1")
        _check_not_negative(self, "learning_rate", "weight_decay", "warmup")
        _check_share(self, "final_rate")
        for name in ("clip_norm", "share"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; give more than 0")


@dataclass(frozen=True, kw_only=True)
class AutoencoderTraining:
    """fit_batches: seen before the components are fixed; latent_noise: at most, so that the decoder
    mends generated latents too; edge_weight: of the loss on differences of neighbouring pixels;
    drop_reference: how often the reference is missing."""

    fit_batches: int = 16
    latent_noise: float = 0.3
    edge_weight: float = 1.0
    drop_reference: float = 0.1

    def __post_init__(self) -> None:
        if self.fit_batches < 1:
            raise ValueError(f"fit_batches is {self.fit_batches}; give at least 1")
        _check_not_negative(self, "latent_noise", "edge_weight")
        _check_share(self, "drop_reference")


@dataclass(frozen=True, kw_only=True)
class FusionTraining:
    """loss: symmetric, ours, or published, FPDM's; hard_negatives: of the symmetric loss, how many
    other poses of the same signer, and as many other signers in the same pose, each target is told
    from beside the whole batch; drop_pose: how often the pose is blank, as guidance may ask for."""

    loss: str = "symmetric"
    hard_negatives: int = 4
    drop_pose: float = 0.02

    def __post_init__(self) -> None:
        _check_choice(self, "loss", ("symmetric", "published"))
        _check_not_negative(self, "hard_negatives")
        _check_share(self, "drop_pose")


@dataclass(frozen=True, kw_only=True)
class DenoiserTraining:
    """num_frames: of a sample, which share their reference and how strong their noise is; schedule:
    flow, v or epsilon; zero_terminal_snr: of v, so that sampling can start from noise alone;
    sampler: ddim or ddpm, what the pipeline keeps for v and epsilon; times: logit-normal (with
    time_mean and time_spread), uniform or cubic, which prefers noise; noise_offset: of the noise of
    a whole channel; drop_all, drop_to_pose, drop_fusion: how often a sample is in each state that
    guidance asks about; min_time: with a smaller share of noise the weight of an error grows no
    further, 0 for that of what the network says as it is; channel_power: of a component's variance,
    as its weight; region_weight: how far hands and face count for more, from 0 to 1."""

    num_frames: int = 1
    schedule: str = "flow"
    zero_terminal_snr: bool = False
    sampler: str = "ddim"
    times: str = "logit-normal"
    noise_offset: float = 0.0
    drop_all: float = 0.1
    drop_to_pose: float = 0.05
    drop_fusion: float = 0.05
    time_mean: float = 0.4
    time_spread: float = 1.0
    min_time: float = 0.3
    channel_power: float = 0.25
    region_weight: float = 1.0

    def __post_init__(self) -> None:
        if self.num_frames < 1:
            raise ValueError(f"num_frames is {self.num_frames}; give at least 1")
        _check_choice(self, "schedule", SCHEDULES)
        _check_choice(self, "sampler", SAMPLERS)
        _check_choice(self, "times", ("logit-normal", "uniform", "cubic"))
        _check_not_negative(self, "noise_offset", "time_spread")
        _check_share(self, "min_time", "region_weight")
        if self.zero_terminal_snr and self.schedule != "v":
            raise ValueError(
                f'zero_terminal_snr is of schedule = "v", but schedule is {self.schedule!r}; '
                "leave it out"
            )
        if self.schedule == "flow" and self.min_time == 0:
            raise ValueError("min_time is 0, but a flow's velocity needs more; give 0.3")
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

    def __post_init__(self) -> None:
        if self.num_frames < 2:
            raise ValueError(f"num_frames is {self.num_frames}; motion needs at least 2")
        _check_share(self, "shared_noise")
        _check_not_negative(self, "difference_weight")


@dataclass(frozen=True, kw_only=True)
class DistilTraining:
    """num_steps: that the student takes; teacher_steps: of the teacher in each of them;
    guidance_scale: of the teacher, which the student then has in it; num_frames: of a clip; shift:
    of a flow's times."""

    num_steps: int = 4
    teacher_steps: int = 3
    guidance_scale: float = 2.0
    num_frames: int = 4
    shift: float = 1.0

    def __post_init__(self) -> None:
        for name in ("num_steps", "teacher_steps", "num_frames"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least 1")
        if self.shift <= 0:
            raise ValueError(f"shift is {self.shift}; give more than 0")


@dataclass(frozen=True, kw_only=True)
class DecoderTraining:
    """num_frames: of a sample; num_steps: of the sampler that makes its latents, 0 for as many as
    the pipeline's; true_share: how often latents are the picture's own, with up to ``latent_noise``
    in them; edge_weight, drop_reference: as of the autoencoder."""

    num_frames: int = 4
    num_steps: int = 0
    true_share: float = 0.25
    latent_noise: float = 0.3
    edge_weight: float = 1.0
    drop_reference: float = 0.0

    def __post_init__(self) -> None:
        _check_generation(self.num_frames, self.num_steps)
        _check_not_negative(self, "latent_noise", "edge_weight")
        _check_share(self, "true_share", "drop_reference")


@dataclass(frozen=True, kw_only=True)
class PainterTraining:
    """num_frames, num_steps, edge_weight: as of the decoder."""

    num_frames: int = 4
    num_steps: int = 0
    edge_weight: float = 1.0

    def __post_init__(self) -> None:
        _check_generation(self.num_frames, self.num_steps)
        _check_not_negative(self, "edge_weight")


def _check_generation(num_frames: int, num_steps: int) -> None:
    if num_frames < 1 or num_steps < 0:
        raise ValueError(
            f"num_frames is {num_frames} and num_steps {num_steps}; give at least 1 and 0"
        )


def _check_choice(settings: object, name: str, choices: tuple[str, ...]) -> None:
    if getattr(settings, name) not in choices:
        raise ValueError(f"{name} is {getattr(settings, name)!r}; give {' or '.join(choices)}")


def _check_not_negative(settings: object, *names: str) -> None:
    for name in names:
        if getattr(settings, name) < 0:
            raise ValueError(f"{name} is {getattr(settings, name)}; give 0 or more")


def _check_share(settings: object, *names: str) -> None:
    for name in names:
        if not 0 <= getattr(settings, name) <= 1:
            raise ValueError(f"{name} is {getattr(settings, name)}; give 0 to 1")
