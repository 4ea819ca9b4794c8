"""From pictures and poses to Conditioning: the encoders of each method, and how they are asked.

Training and inference condition alike, because both do it here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from signgen.backbones.clip import ClipFusion
from signgen.backbones.dino import DinoEncoder
from signgen.backbones.swin import SwinPyramid
from signgen.conditioning import Conditioning
from signgen.joint_maps import draw_joints
from signgen.models.appearance import AppearanceEncoder, TokenProjector
from signgen.models.fusion import FusionEncoder, FusionProjector
from signgen.models.pose import PoseEncoder, PoseResiduals, PublishedPoseNet
from signgen.models.refinement import PromptDecoder, PyramidEncoder, QueryBiases


@dataclass(frozen=True, kw_only=True, eq=False)
class SignerEvidence:
    """What is known of the signers of B clips: it stays as it is for as long as a clip lasts.

    reference (B, 3, H, W) in [-1, 1], its reference_maps (B, 3, H, W) in [0, 1], its
    reference_close_ups (B, 3, 2, 3) and reference_latents (B, c, h, w), of no channels where the
    method does not look at them; embedding (B, E), tokens (B, S, D): what the frozen encoders of
    FPDM say of the reference, where they were asked before.
    """

    reference: Tensor
    reference_maps: Tensor
    reference_close_ups: Tensor
    reference_latents: Tensor
    embedding: Tensor | None = None
    tokens: Tensor | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseEvidence:
    """What is known of what B clips of T frames show.

    maps (B, T, 3, H, W) in [0, 1]; hands (B, T, 2, F): what describe_hands says; joints
    (B, T, 18, 3): what find_joints says; close_ups (B, T, 3, 2, 3): what find_close_ups says.
    """

    maps: Tensor
    hands: Tensor
    joints: Tensor
    close_ups: Tensor

    @staticmethod
    def joined(parts: "Sequence[PoseEvidence]") -> "PoseEvidence":
        """Return a copy of the evidence of parts of clips, one after the other."""
        names = [field.name for field in fields(PoseEvidence)]
        return PoseEvidence(
            **{name: torch.cat([getattr(part, name) for part in parts], dim=1) for name in names}
        )

    def frames(self, start: int, stop: int) -> "PoseEvidence":
        """Return the evidence of frames ``start`` to ``stop`` (not included)."""
        return PoseEvidence(
            maps=self.maps[:, start:stop],
            hands=self.hands[:, start:stop],
            joints=self.joints[:, start:stop],
            close_ups=self.close_ups[:, start:stop],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """What is known of B clips of T frames before anything is drawn.

    The fields are those of SignerEvidence and of PoseEvidence.
    """

    reference: Tensor
    reference_maps: Tensor
    reference_close_ups: Tensor
    reference_latents: Tensor
    maps: Tensor
    hands: Tensor
    joints: Tensor
    close_ups: Tensor
    embedding: Tensor | None = None
    tokens: Tensor | None = None

    @property
    def signer(self) -> SignerEvidence:
        """What does not change over a clip."""
        return SignerEvidence(
            reference=self.reference,
            reference_maps=self.reference_maps,
            reference_close_ups=self.reference_close_ups,
            reference_latents=self.reference_latents,
            embedding=self.embedding,
            tokens=self.tokens,
        )

    @property
    def poses(self) -> PoseEvidence:
        """What changes from frame to frame."""
        return PoseEvidence(
            maps=self.maps, hands=self.hands, joints=self.joints, close_ups=self.close_ups
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SignerConditions:
    """What all frames of B clips are conditioned with alike; the fields are Conditioning's.

    embedding (B, E): of the references, for a fusion; of no width for a method without.
    """

    appearance: Tensor
    reference_latents: Tensor
    reference_features: Tensor
    no_appearance: Tensor
    embedding: Tensor
    biases: tuple[Tensor, ...] = ()


class StreamConditioner(Protocol):
    """From evidence to conditions in two steps: the signer's once, the poses' frame by frame."""

    def of_signer(self, evidence: SignerEvidence) -> SignerConditions:
        """Return what all frames share."""
        ...

    def of_frames(self, signer: SignerConditions, poses: PoseEvidence) -> Conditioning:
        """Return the conditions of some frames, with every part kept."""
        ...


class Conditioner(StreamConditioner, Protocol):
    """A method's way from evidence to conditions."""

    @property
    def learned(self) -> tuple[str, ...]:
        """The pipeline's components that learn together with the denoiser."""
        ...

    @property
    def sees_latents(self) -> bool:
        """Whether the reference's latents are looked at."""
        ...

    def __call__(self, evidence: Evidence) -> Conditioning:
        """Return the conditions of whole clips, with every part kept."""
        ...


@dataclass(frozen=True, kw_only=True)
class FusionConditioner:
    """FPDM's: tokens of the source, features of the pose, and the fusion of both.

    source: a frozen encoder in front of ``appearance``, None where that sees pictures itself. With
    the published pose net nothing but the pose stands beside the noisy latents; with ours so do the
    reference and its pose, and the hands have tokens.
    """

    appearance: AppearanceEncoder | TokenProjector
    pose: PoseEncoder | PublishedPoseNet
    fusion: FusionEncoder | ClipFusion
    projector: FusionProjector
    source: DinoEncoder | None = None
    learned: tuple[str, ...] = ("appearance", "pose_encoder", "projector")

    @property
    def sees_latents(self) -> bool:
        """Whether the reference's latents are looked at."""
        return not isinstance(self.pose, PublishedPoseNet)

    def of_signer(self, evidence: SignerEvidence) -> SignerConditions:
        """Return what all frames share."""
        embedding, maps = evidence.embedding, evidence.reference_maps
        if embedding is None:
            embedding = self.fusion.embed(evidence.reference)
        if isinstance(self.pose, PublishedPoseNet):
            latents = features = _nothing_beside(evidence)
        else:
            latents, features = evidence.reference_latents, self.pose(maps)
        return SignerConditions(
            appearance=self._appearance(evidence),
            reference_latents=latents,
            reference_features=features,
            no_appearance=self.appearance.null,
            embedding=embedding,
        )

    def of_frames(self, signer: SignerConditions, poses: PoseEvidence) -> Conditioning:
        """Return the conditions of some frames, with every part kept."""
        fusion = self.fusion(signer.embedding, poses.maps)  # (B, T, E)
        features = self.pose(poses.maps.flatten(0, 1)).unflatten(0, poses.maps.shape[:2])
        return Conditioning(
            appearance=signer.appearance,
            reference_latents=signer.reference_latents,
            reference_features=signer.reference_features,
            features=features,
            hands=self._hands(poses, signer.appearance.shape[-1]),
            fusion=self.projector(fusion),
            no_appearance=signer.no_appearance,
            no_fusion=self.projector(torch.zeros_like(fusion[:1, :1])),
        )

    def __call__(self, evidence: Evidence) -> Conditioning:
        """Return the conditions of whole clips, with every part kept."""
        return self.of_frames(self.of_signer(evidence.signer), evidence.poses)

    def _appearance(self, evidence: SignerEvidence) -> Tensor:
        if self.source is None:
            return self.appearance(evidence.reference, evidence.reference_maps)
        tokens = evidence.tokens
        return self.appearance(self.source(evidence.reference) if tokens is None else tokens)

    def _hands(self, poses: PoseEvidence, token_width: int) -> Tensor:
        """Return the hands' tokens (B, T, N, D), none with the published pose net."""
        shape = poses.hands.shape[:2]
        if isinstance(self.pose, PublishedPoseNet):
            return poses.maps.new_zeros(*shape, 0, token_width)
        return self.pose.hand_tokens(poses.hands.flatten(0, 1)).unflatten(0, shape)


@dataclass(frozen=True, kw_only=True)
class RefinementConditioner:
    """CFLD's: a coarse prompt, biases on the queries, and residuals of the pose."""

    source: PyramidEncoder | SwinPyramid
    prompt: PromptDecoder
    biases: QueryBiases
    residuals: PoseResiduals
    sees_latents: bool = False
    learned: tuple[str, ...] = (
        *("source_encoder", "prompt_decoder"),
        *("query_biases", "pose_residuals"),
    )

    def of_signer(self, evidence: SignerEvidence) -> SignerConditions:
        """Return what all frames share."""
        features = self.source(evidence.reference)
        nothing = _nothing_beside(evidence)
        return SignerConditions(
            appearance=self.prompt(features[-1]),
            reference_latents=nothing,
            reference_features=nothing,
            no_appearance=self.prompt.null,
            embedding=nothing.new_zeros(len(nothing), 0),
            biases=self.biases(features),
        )

    def of_frames(self, signer: SignerConditions, poses: PoseEvidence) -> Conditioning:
        """Return the conditions of some frames, with every part kept."""
        shape, cells = poses.maps.shape[:2], signer.reference_latents.shape[-2:]
        residuals = self.residuals(self._poses(poses, cells[0]))
        nothing = signer.appearance.new_zeros
        return Conditioning(
            appearance=signer.appearance,
            reference_latents=signer.reference_latents,
            reference_features=signer.reference_features,
            features=nothing(*shape, 0, *cells),
            hands=nothing(*shape, 0, signer.appearance.shape[-1]),
            fusion=nothing(*shape, 0),
            no_appearance=signer.no_appearance,
            no_fusion=nothing(1, 1, 0),
            residuals=tuple(residual.unflatten(0, shape) for residual in residuals),
            biases=signer.biases,
        )

    def __call__(self, evidence: Evidence) -> Conditioning:
        """Return the conditions of whole clips, with every part kept."""
        return self.of_frames(self.of_signer(evidence.signer), evidence.poses)

    def _poses(self, poses: PoseEvidence, height: int) -> Tensor:
        """Return (B*T, C, H, W): the maps, and where asked for the joints, as fine as is read.

        height: h, of the latents.
        """
        maps = poses.maps.flatten(0, 1)
        config = self.residuals.config
        side = config["patch"] * height
        if side != maps.shape[-2]:
            maps = F.interpolate(maps, (side, side), mode="area")
        if config["map_channels"] == maps.shape[1]:
            return maps
        joints = draw_joints(poses.joints.flatten(0, 1), side).to(maps)
        return torch.cat((maps, joints), dim=1)


def _nothing_beside(evidence: SignerEvidence) -> Tensor:
    """Return latents (B, 0, h, w), for a method with which nothing still stands beside them."""
    latents = evidence.reference_latents
    return latents.new_zeros(len(latents), 0, *latents.shape[-2:])
