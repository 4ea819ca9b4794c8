"""From pictures and poses to Conditioning: the encoders of each method, and how they are asked.

Training and inference condition alike, because both do it here.
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from signgen.conditioning import Conditioning
from signgen.models.appearance import AppearanceEncoder
from signgen.models.fusion import FusionEncoder, FusionProjector
from signgen.models.pose import PoseEncoder, PoseResiduals
from signgen.models.refinement import PromptDecoder, PyramidEncoder, QueryBiases


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """What is known of B clips of T frames before anything is drawn.

    reference (B, 3, H, W) in [-1, 1], its reference_maps (B, 3, H, W) in [0, 1] and
    reference_latents (B, c, h, w); maps (B, T, 3, H, W) in [0, 1]; hands (B, T, 2, F): what
    describe_hands says.
    """

    reference: Tensor
    reference_maps: Tensor
    reference_latents: Tensor
    maps: Tensor
    hands: Tensor


class Conditioner(Protocol):
    """A method's way from evidence to conditions."""

    @property
    def learned(self) -> tuple[str, ...]:
        """The pipeline's components that learn together with the denoiser."""
        ...

    def __call__(self, evidence: Evidence) -> Conditioning:
        """Return the conditions with every part kept."""
        ...


@dataclass(frozen=True, kw_only=True)
class FusionConditioner:
    """FPDM's: tokens of the source, features of the pose, and the fusion of both."""

    appearance: AppearanceEncoder
    pose: PoseEncoder
    fusion: FusionEncoder
    projector: FusionProjector
    learned: tuple[str, ...] = ("appearance", "pose_encoder", "projector")

    def __call__(self, evidence: Evidence) -> Conditioning:
        """Return the conditions with every part kept."""
        shape = evidence.maps.shape[:2]
        source = self.fusion.embed(evidence.reference)
        fusion = self.fusion(source, evidence.maps)  # (B, T, E)
        return Conditioning(
            appearance=self.appearance(evidence.reference, evidence.reference_maps),
            reference_latents=evidence.reference_latents,
            reference_features=self.pose(evidence.reference_maps),
            features=self.pose(evidence.maps.flatten(0, 1)).unflatten(0, shape),
            hands=self.pose.hand_tokens(evidence.hands.flatten(0, 1)).unflatten(0, shape),
            fusion=self.projector(fusion),
            no_appearance=self.appearance.null,
            no_fusion=self.projector(torch.zeros_like(fusion[:1, :1])),
        )


@dataclass(frozen=True, kw_only=True)
class RefinementConditioner:
    """CFLD's: a coarse prompt, biases on the queries, and residuals of the pose."""

    source: PyramidEncoder
    prompt: PromptDecoder
    biases: QueryBiases
    residuals: PoseResiduals
    learned: tuple[str, ...] = (
        *("source_encoder", "prompt_decoder"),
        *("query_biases", "pose_residuals"),
    )

    def __call__(self, evidence: Evidence) -> Conditioning:
        """Return the conditions with every part kept."""
        shape = evidence.maps.shape[:2]
        features = self.source(evidence.reference)
        prompt = self.prompt(features[-1])
        residuals = self.residuals(evidence.maps.flatten(0, 1))
        num_clips, num_frames, cells = *shape, evidence.reference_latents.shape[-2:]
        nothing = prompt.new_zeros
        return Conditioning(
            appearance=prompt,
            reference_latents=nothing(num_clips, 0, *cells),
            reference_features=nothing(num_clips, 0, *cells),
            features=nothing(num_clips, num_frames, 0, *cells),
            hands=nothing(num_clips, num_frames, 0, prompt.shape[-1]),
            fusion=nothing(num_clips, num_frames, 0),
            no_appearance=self.prompt.null,
            no_fusion=nothing(1, 1, 0),
            residuals=tuple(residual.unflatten(0, shape) for residual in residuals),
            biases=self.biases(features),
        )
