"""What can be set of the networks: the table [models] of a recipe, and which stages it leads to."""

import re
from dataclasses import dataclass

NETWORKS = ("small", "published", "base")
PUBLIC = ("unet", "vae", "clip", "dino", "swin")
STAGES = ("autoencoder", "fusion", "denoiser", "temporal", "distil", "decoder", "painter")


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """The method, and the sizes of the networks or where they come from.

    method: fpdm or cfld; network: small, all of it ours; published, as the papers have it, around
    public networks; base, FPDM around them with our pose encoder and the reference beside the noisy
    latents. size: of the square frames in pixels; sampling_steps, guidance_scale: how it is to be
    sampled; sites, site_channels, motion_heads: of the motion modules, no sites for frame by frame.

    Of small: latent_channels, decoder_width, painter_width (0 for none), channels, attention (of
    the UNet, one entry a scale), token_width, appearance_width, fusion_width, fusion_channels,
    source_channels, bias_width;
    plain: whether FPDM's conditions are as published, the pose alone beside the noisy latents.
    Of small and base: pose_channels, pose_width, tokens_per_hand. Of CFLD: prompt_tokens,
    prompt_blocks.

    unet, vae, clip, dino, swin: folders in the published format, or ids of the hub, of which
    ..._revision chooses one and ..._sha256 is of the weights file; vae: that of ``unet`` where it
    is empty; source_size: of the pictures that DINOv2 sees.
    """

    method: str = "fpdm"
    network: str = "small"
    size: int = 256
    sampling_steps: int = 8
    guidance_scale: float = 2.0
    latent_channels: int = 16
    decoder_width: int = 64
    painter_width: int = 40
    channels: tuple[int, ...] = (64, 128, 224)
    attention: tuple[bool, ...] = (False, True, True)
    token_width: int = 128
    appearance_width: int = 96
    pose_channels: int = 32
    pose_width: int = 48
    tokens_per_hand: int = 4
    plain: bool = False
    fusion_width: int = 256
    fusion_channels: tuple[int, ...] = (24, 48, 80, 112)
    sites: tuple[str, ...] = (
        "down_blocks.1.attentions.0",
        "mid_block.attentions.0",
        "up_blocks.1.attentions.1",
    )
    site_channels: tuple[int, ...] = (128, 224, 128)
    motion_heads: int = 4
    max_frames: int = 32
    prompt_tokens: int = 16
    prompt_blocks: int = 4
    source_channels: tuple[int, ...] = (48, 96, 128, 160)
    bias_width: int = 64
    source_size: int = 512
    unet: str = ""
    unet_revision: str = ""
    unet_sha256: str = ""
    vae: str = ""
    vae_revision: str = ""
    vae_sha256: str = ""
    clip: str = ""
    clip_revision: str = ""
    clip_sha256: str = ""
    dino: str = ""
    dino_revision: str = ""
    dino_sha256: str = ""
    swin: str = ""
    swin_revision: str = ""
    swin_sha256: str = ""

    def __post_init__(self) -> None:
        if self.method not in ("fpdm", "cfld"):
            raise ValueError(f"method is {self.method!r}; give fpdm or cfld")
        if self.network not in NETWORKS:
            raise ValueError(f"network is {self.network!r}; give {', '.join(NETWORKS)}")
        if self.network == "base" and self.method != "fpdm":
            raise ValueError("the network base is of the method fpdm; give one of the two")
        if self.size < 64 or self.size % 64:
            raise ValueError(f"size is {self.size}; give a multiple of 64")
        if self.sampling_steps < 1:
            raise ValueError(f"sampling_steps is {self.sampling_steps}; give at least 1")
        if len(self.channels) != len(self.attention):
            raise ValueError("channels and attention have one entry a scale; give as many of each")
        if len(self.sites) != len(self.site_channels):
            raise ValueError(
                "sites and site_channels have one entry a module; give as many of each"
            )
        if self.motion_heads < 1 or any(width % self.motion_heads for width in self.site_channels):
            raise ValueError(
                f"motion_heads is {self.motion_heads}; give one that divides each of site_channels"
            )
        if self.painter_width < 0 or self.painter_width % 8:
            raise ValueError(
                f"painter_width is {self.painter_width}; give 0 for none, or a multiple of 8"
            )
        self._check_public()

    def _check_public(self) -> None:
        for key in self.public:
            if key != "vae" and not getattr(self, key):
                raise ValueError(f"{key} is empty; give a folder or an id of the hub")
        for key in PUBLIC:
            digest = getattr(self, f"{key}_sha256")
            if digest and not re.fullmatch("[0-9a-fA-F]{64}", digest):
                raise ValueError(f"{key}_sha256 is {digest!r}; give 64 hexadecimal digits")

    @property
    def public(self) -> tuple[str, ...]:
        """The keys of the public networks that are needed."""
        if self.network == "small":
            return ()
        return ("unet", "vae", "clip", "dino") if self.method == "fpdm" else ("unet", "vae", "swin")

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages there are: a public autoencoder is done, CFLD has no fusion, what makes single
        frames no motion, what is as published is not distilled, and what a public decoder makes is
        left as it is."""
        there = {
            "autoencoder": self.network == "small",
            "fusion": self.method == "fpdm",
            "temporal": bool(self.sites),
            "distil": self.network != "published",
            "decoder": self.network == "small",
            "painter": self.network == "small" and self.painter_width > 0,
        }
        return tuple(stage for stage in STAGES if there.get(stage, True))
