"""Conditioning: all that tells the denoiser whom to draw and what they sign; one frozen value.

Made once for a clip. Training drops parts of it, and guidance leaves parts out, by the same method.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from signgen.constants import constant

# What a state keeps: (appearance, pose, fusion).
State = tuple[bool, bool, bool]
NOTHING: State = (False, False, False)
POSE: State = (False, True, False)
APPEARANCE_AND_POSE: State = (True, True, False)
EVERYTHING: State = (True, True, True)

_OF_FRAMES = ("features", "hands", "fusion")


@dataclass(frozen=True, kw_only=True, eq=False)
class Conditioning:
    """The conditions of B clips of T frames.

    appearance (B, S, D): tokens of the reference; reference_latents (B, c, h, w) and
    reference_features (B, P, h, w): the picture itself and its pose; features (B, T, P, h, w): the
    poses; hands (B, T, N, D): tokens of the hands; fusion (B, T, E): for the time embedding.
    residuals: of the poses (B, T, C, h, w), one a scale of the UNet's down path; biases: of the
    appearance (B, L, C), one a cross-attention of its up path. no_appearance (1, 1 or S, D),
    no_fusion (1, 1, E): what stands for a part that is left out; of the others it is zero.

    A method leaves out what it has not: a width of 0, or none.
    """

    appearance: Tensor
    reference_latents: Tensor
    reference_features: Tensor
    features: Tensor
    hands: Tensor
    fusion: Tensor
    no_appearance: Tensor
    no_fusion: Tensor
    residuals: tuple[Tensor, ...] = ()
    biases: tuple[Tensor, ...] = ()

    @property
    def num_frames(self) -> int:
        """The number of frames T."""
        return self.features.shape[1]

    def channels(self) -> Tensor:
        """Return what goes beside the noisy latents: (B, T, c + 2P, h, w)."""
        still = torch.cat((self.reference_latents, self.reference_features), dim=1)
        still = still[:, None].expand(-1, self.num_frames, -1, -1, -1)
        return torch.cat((still, self.features), dim=2)

    def tokens(self) -> Tensor:
        """Return (B*T, S + N, D): appearance and hands, frame by frame."""
        shared = self.appearance[:, None].expand(-1, self.num_frames, -1, -1)
        return torch.cat((shared, self.hands), dim=2).flatten(0, 1)

    def labels(self) -> Tensor | None:
        """Return (B*T, E), or None for a method without."""
        return self.fusion.flatten(0, 1) if self.fusion.shape[-1] else None

    def keep(self, kept: Tensor) -> "Conditioning":
        """Return the conditions with parts left out, clip by clip.

        kept (B, 3): whether appearance, pose and fusion stay.
        """
        appearance, pose, fusion = (part[:, None, None] for part in kept.unbind(1))  # (B, 1, 1)
        pictures, frames = appearance[..., None], pose[..., None]  # (B, 1, 1, 1)
        return replace(
            self,
            appearance=torch.where(appearance, self.appearance, self.no_appearance),
            reference_latents=self.reference_latents * pictures,
            reference_features=self.reference_features * pictures,
            features=self.features * frames[..., None],
            hands=self.hands * frames,
            fusion=torch.where(fusion, self.fusion, self.no_fusion),
            residuals=tuple(residual * frames[..., None] for residual in self.residuals),
            biases=tuple(bias * appearance for bias in self.biases),
        )

    def in_state(self, state: State) -> "Conditioning":
        """Return the conditions with the same parts left out of every clip."""
        if state == EVERYTHING:
            return self
        kept = constant(state, self.features.device, torch.bool)
        return self.keep(kept.expand(len(self.features), -1))

    def frames(self, start: int, stop: int) -> "Conditioning":
        """Return the conditions of frames ``start`` to ``stop`` (not included)."""
        part = {name: getattr(self, name)[:, start:stop] for name in _OF_FRAMES}
        residuals = tuple(residual[:, start:stop] for residual in self.residuals)
        return replace(self, **part, residuals=residuals)
