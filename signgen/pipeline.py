# mypy: disable-error-code="no-untyped-call"
"""SignVideoPipeline: a picture of a signer and a pose sequence in, frames out.

Also the door between numpy and torch at inference; training is not known here.
"""

from contextlib import nullcontext

import numpy as np
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from numpy.typing import NDArray
from torch import Tensor

from pose_sequences.sequence import PoseSequence
from signgen.conditioning import Conditioning
from signgen.data import LAYOUT, fit_frames, to_points
from signgen.hand_points import describe_hands
from signgen.latents import Surroundings, decode, encode, to_frames, to_pixels
from signgen.models.appearance import AppearanceEncoder
from signgen.models.attention import take_conditions
from signgen.models.autoencoder import BlockAutoencoder
from signgen.models.conditioner import (
    Conditioner,
    Evidence,
    FusionConditioner,
    RefinementConditioner,
)
from signgen.models.fusion import FusionEncoder, FusionProjector
from signgen.models.pose import PoseEncoder, PoseResiduals
from signgen.models.refinement import PromptDecoder, PyramidEncoder, QueryBiases
from signgen.pose_maps import draw_pose_maps
from signgen.sampling import Guidance, Steps, denoise
from temporal.adapter import TemporalAdapter
from temporal.noise import shared_noise


class SignVideoPipeline(DiffusionPipeline):
    """All that a clip is made with.

    width, height: of the frames; num_steps, shift, guidance_scale, shared_noise: how the
    weights are meant to be sampled.
    """

    _optional_components = [  # noqa: RUF012 - diffusers reads it from the class
        *("appearance", "pose_encoder", "fusion", "projector"),
        *("source_encoder", "prompt_decoder", "query_biases", "pose_residuals"),
        "motion_adapter",
    ]

    def __init__(
        self,
        autoencoder: BlockAutoencoder,
        unet: UNet2DConditionModel,
        appearance: AppearanceEncoder | None = None,
        pose_encoder: PoseEncoder | None = None,
        fusion: FusionEncoder | None = None,
        projector: FusionProjector | None = None,
        source_encoder: PyramidEncoder | None = None,
        prompt_decoder: PromptDecoder | None = None,
        query_biases: QueryBiases | None = None,
        pose_residuals: PoseResiduals | None = None,
        motion_adapter: TemporalAdapter | None = None,
        width: int = 256,
        height: int = 256,
        num_steps: int = 8,
        shift: float = 1.0,
        guidance_scale: float = 2.0,
        shared_noise: float = 0.5,
    ) -> None:
        super().__init__()
        take_conditions(unet)
        self.register_modules(
            autoencoder=autoencoder,
            unet=unet,
            appearance=appearance,
            pose_encoder=pose_encoder,
            fusion=fusion,
            projector=projector,
            source_encoder=source_encoder,
            prompt_decoder=prompt_decoder,
            query_biases=query_biases,
            pose_residuals=pose_residuals,
            motion_adapter=motion_adapter,
        )
        self.register_to_config(
            width=width,
            height=height,
            num_steps=num_steps,
            shift=shift,
            guidance_scale=guidance_scale,
            shared_noise=shared_noise,
        )

    @property
    def conditioner(self) -> Conditioner:
        """The method: FPDM's where there is a fusion encoder, CFLD's otherwise."""
        if self.fusion is not None:
            return FusionConditioner(
                appearance=self.appearance,
                pose=self.pose_encoder,
                fusion=self.fusion,
                projector=self.projector,
            )
        return RefinementConditioner(
            source=self.source_encoder,
            prompt=self.prompt_decoder,
            biases=self.query_biases,
            residuals=self.pose_residuals,
        )

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the frames."""
        return self.config["width"], self.config["height"]

    @property
    def steps(self) -> Steps:
        """How the weights are meant to be sampled."""
        scale = self.config["guidance_scale"]
        return Steps(
            num_steps=self.config["num_steps"],
            shift=self.config["shift"],
            guidance=Guidance(first=scale, rest=scale),
        )

    @torch.no_grad()
    def render_frames(
        self,
        picture: NDArray[np.uint8],
        keypoints: PoseSequence,
        poses: PoseSequence,
        *,
        generator: torch.Generator,
        steps: Steps | None = None,
    ) -> NDArray[np.uint8]:
        """Return the frames (T, H, W, 3) of the signer in ``picture`` performing ``poses``.

        picture (H, W, 3), keypoints: its only frame's; generator: on the CPU, so that a seed gives
        the same clip on any device; steps: None for those the weights are meant for.
        """
        evidence = self._evidence(picture, keypoints, poses)
        pixels = self.generate(evidence, generator=generator, steps=steps)
        return to_frames(pixels)[0].movedim(1, -1).cpu().numpy()

    @torch.no_grad()
    def generate(
        self, evidence: Evidence, *, generator: torch.Generator, steps: Steps | None = None
    ) -> Tensor:
        """Return pixels (B, T, 3, H, W), about in [-1, 1]; arguments as render_frames."""
        conditions = self.conditioner(evidence)
        num_clips, num_frames = evidence.maps.shape[:2]
        shape = (num_clips, num_frames, *evidence.reference_latents.shape[1:])
        noise = shared_noise(shape, generator, shared=self.config["shared_noise"])
        latents = self._denoise(noise.to(evidence.maps), conditions, steps or self.steps)
        surroundings = Surroundings(
            maps=evidence.maps,
            reference=evidence.reference,
            reference_maps=evidence.reference_maps,
        )
        return decode(self.autoencoder, latents, surroundings)

    def _denoise(self, noise: Tensor, conditions: Conditioning, steps: Steps) -> Tensor:
        """Denoise in windows as long as the adapter can look, each by itself."""
        adapter, num_frames = self.motion_adapter, noise.shape[1]
        window = num_frames if adapter is None else adapter.max_frames
        parts = []
        for start in range(0, num_frames, window):
            stop = min(start + window, num_frames)
            attached = (
                nullcontext() if adapter is None else adapter.attached(self.unet, stop - start)
            )
            with attached:
                part = noise[:, start:stop]
                parts.append(denoise(self.unet, part, conditions.frames(start, stop), steps))
        return torch.cat(parts, dim=1)

    def _evidence(
        self, picture: NDArray[np.uint8], keypoints: PoseSequence, poses: PoseSequence
    ) -> Evidence:
        frame = fit_frames(torch.from_numpy(picture).movedim(-1, 0)[None], self.size)
        reference = to_pixels(frame.to(self.device))
        points = to_points(poses, self.size).to(self.device)
        own = to_points(keypoints, self.size).to(self.device)
        return Evidence(
            reference=reference,
            reference_maps=draw_pose_maps(own, LAYOUT, self.size),
            reference_latents=encode(self.autoencoder, reference[None])[0],
            maps=draw_pose_maps(points, LAYOUT, self.size)[None],
            hands=describe_hands(points, LAYOUT, self.size)[None],
        )
