# mypy: disable-error-code="no-untyped-call"
"""SignVideoPipeline: a picture of a signer and a pose sequence in, frames out.

Also the door between numpy and torch at inference; training is not known here.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.pipeline_utils import DiffusionPipeline
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor

from pose_sequences.sequence import PoseSequence
from signgen.backbones.clip import ClipFusion
from signgen.backbones.dino import DinoEncoder
from signgen.backbones.swin import SwinPyramid
from signgen.conditioner import (
    Conditioner,
    Evidence,
    FusionConditioner,
    RefinementConditioner,
    SignerEvidence,
)
from signgen.latents import Autoencoder, block_of, channels_of, encode, to_frames
from signgen.models.appearance import AppearanceEncoder, TokenProjector
from signgen.models.attention import take_conditions
from signgen.models.fusion import FusionEncoder, FusionProjector
from signgen.models.painter import CloseUpPainter
from signgen.models.pose import PoseEncoder, PoseResiduals, PublishedPoseNet
from signgen.models.refinement import PromptDecoder, PyramidEncoder, QueryBiases
from signgen.models.rest import at_rest
from signgen.output import SignVideoOutput, check_output_type, hand_out
from signgen.painting import paint
from signgen.paths import path_of
from signgen.performance import Canvas, Performance, check_inputs
from signgen.pixels import Finish, stream_pixels
from signgen.sampling import Guidance, Steps
from signgen.shortage import Shrinking, all_frames
from signgen.stream import Sampler, StepEnd, stream_latents
from signgen.take import Take, Windows, plan_take
from temporal.adapter import TemporalAdapter
from temporal.noise import ClipNoise, draw_seeds

# what FPDM conditions with, and what CFLD does
_METHODS = (
    ("appearance", "pose_encoder", "fusion", "projector"),
    ("source_encoder", "prompt_decoder", "query_biases", "pose_residuals"),
)


Pictures = NDArray[np.uint8]
# pipeline, step, timestep (B,), and what there is to change → the same, changed or not
Callback = Callable[["SignVideoPipeline", int, Tensor, dict[str, Any]], dict[str, Any]]


class SignVideoPipeline(DiffusionPipeline):
    """All that a clip is made with.

    scheduler: of diffusers, for a denoiser that says velocity or noise; none for rectified flow;
    painter: of hands and face, none to leave them as they are decoded;
    width, height: of the frames; num_steps, shift, guidance_scale, shared_noise: how the
    weights are meant to be sampled; learned_unet: which parameters of the UNet ever learn, by a
    regular expression that their names hold.
    """

    _optional_components = [  # noqa: RUF012 - diffusers reads it from the class
        *("image_encoder", "motion_adapter", "scheduler", "painter"),
        *(name for method in _METHODS for name in method),
    ]

    def __init__(
        self,
        autoencoder: Autoencoder,
        unet: UNet2DConditionModel,
        image_encoder: DinoEncoder | None = None,
        appearance: AppearanceEncoder | TokenProjector | None = None,
        pose_encoder: PoseEncoder | PublishedPoseNet | None = None,
        fusion: FusionEncoder | ClipFusion | None = None,
        projector: FusionProjector | None = None,
        source_encoder: PyramidEncoder | SwinPyramid | None = None,
        prompt_decoder: PromptDecoder | None = None,
        query_biases: QueryBiases | None = None,
        pose_residuals: PoseResiduals | None = None,
        motion_adapter: TemporalAdapter | None = None,
        scheduler: SchedulerMixin | None = None,
        painter: CloseUpPainter | None = None,
        width: int = 256,
        height: int = 256,
        num_steps: int = 8,
        shift: float = 1.0,
        guidance_scale: float = 2.0,
        shared_noise: float = 0.5,
        learned_unet: str = "",
    ) -> None:
        super().__init__()
        take_conditions(unet)
        self.register_modules(
            autoencoder=autoencoder,
            unet=unet,
            image_encoder=image_encoder,
            appearance=appearance,
            pose_encoder=pose_encoder,
            fusion=fusion,
            projector=projector,
            source_encoder=source_encoder,
            prompt_decoder=prompt_decoder,
            query_biases=query_biases,
            pose_residuals=pose_residuals,
            motion_adapter=motion_adapter,
            scheduler=scheduler,
            painter=painter,
        )
        if not any(all(getattr(self, name) for name in method) for method in _METHODS):
            ways = " or ".join(", ".join(method) for method in _METHODS)
            raise ValueError(f"the pipeline lacks parts of a method; it needs all of {ways}")
        self.register_to_config(
            width=width,
            height=height,
            num_steps=num_steps,
            shift=shift,
            guidance_scale=guidance_scale,
            shared_noise=shared_noise,
            learned_unet=learned_unet,
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
                source=self.image_encoder,
            )
        return RefinementConditioner(
            source=self.source_encoder,
            prompt=self.prompt_decoder,
            biases=self.query_biases,
            residuals=self.pose_residuals,
        )

    @property
    def finish(self) -> Finish | None:
        """What is done with decoded pixels: hands and faces are painted, if there is a painter."""
        return None if self.painter is None else partial(paint, self.painter)

    def freeze_rest_of_unet(self) -> None:
        """Let no parameter of the UNet learn that is not among ``learned_unet``."""
        for name, parameter in self.unet.named_parameters():
            if not re.search(self.config["learned_unet"], name):
                parameter.requires_grad_(False)

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

    def plan(
        self, num_frames: int, steps: Steps | None = None, windows: Windows | None = None
    ) -> Take:
        """Return how a clip is rendered; its seams are those of the frames.

        steps: None for those the weights are meant for; windows: None for the longest. Raises
        ValueError for what cannot be.
        """
        adapter = self.motion_adapter
        return plan_take(
            num_frames,
            path_of(self.scheduler, steps or self.steps, self.unet.device).num_steps,
            windows or Windows(),
            max_frames=None if adapter is None else adapter.max_frames,
        )

    def __call__(
        self,
        image: Image | Pictures,
        keypoints: PoseSequence,
        poses: PoseSequence,
        *,
        generator: torch.Generator,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        windows: Windows | None = None,
        output_type: str = "np",
        callback_on_step_end: Callback | None = None,
    ) -> SignVideoOutput:
        """Return all frames of the signer in ``image`` performing ``poses``.

        num_inference_steps, guidance_scale: None for what the weights are meant for; output_type:
        ``np``, ``pt`` or ``pil``; the rest as of stream(). Where the device lacks memory, it begins
        again with fewer windows at once and then with shorter ones, and says so. Raises ValueError
        for inputs that do not fit.
        """
        # 1. check
        picture = np.asarray(image)
        check_inputs(picture, keypoints)
        check_output_type(output_type)
        steps = self.steps_like(num_inference_steps, guidance_scale)
        take = self.plan(len(poses), steps, windows)
        # 2. render
        stream = partial(
            self.stream,
            picture,
            keypoints,
            poses,
            generator=generator,
            steps=steps,
            callback_on_step_end=callback_on_step_end,
        )
        shrinking = Shrinking(windows or Windows(), take)
        with self.progress_bar(total=take.num_frames) as bar:
            frames = all_frames(stream, shrinking, generator, bar.update)
        # 3. hand out
        self.maybe_free_model_hooks()
        return hand_out(frames, output_type)

    def steps_like(self, num_steps: int | None, guidance_scale: float | None) -> Steps:
        """Return how to sample: as the weights are meant to be but for what is not None."""
        meant = self.steps
        if num_steps is not None and num_steps < 1:
            raise ValueError(f"{num_steps} steps make nothing; give at least 1")
        return Steps(
            num_steps=meant.num_steps if num_steps is None else num_steps,
            shift=meant.shift,
            guidance=meant.guidance
            if guidance_scale is None
            else Guidance(first=guidance_scale, rest=guidance_scale),
        )

    def render_frames(
        self,
        picture: Pictures,
        keypoints: PoseSequence,
        poses: PoseSequence,
        *,
        generator: torch.Generator,
        steps: Steps | None = None,
        windows: Windows | None = None,
    ) -> Pictures:
        """Return the frames (T, H, W, 3) of stream(), all of them; arguments as there.

        With less memory than that takes, windows become smaller, as of a call.
        """
        stream = partial(self.stream, picture, keypoints, poses, generator=generator, steps=steps)
        shrinking = Shrinking(windows or Windows(), self.plan(len(poses), steps, windows))
        return np.stack(all_frames(stream, shrinking, generator))

    def stream(
        self,
        picture: Pictures,
        keypoints: PoseSequence,
        poses: PoseSequence,
        *,
        generator: torch.Generator,
        steps: Steps | None = None,
        windows: Windows | None = None,
        callback_on_step_end: Callback | None = None,
    ) -> Iterator[Pictures]:
        """Return the frames (H, W, 3) of the signer in ``picture`` performing ``poses``.

        They come in their order as they are finished, in memory that does not grow with the clip.
        picture (H, W, 3), keypoints: its only frame's; generator: on the CPU, so that a seed gives
        the same clip on any device; steps, windows: as of plan(), which says where the seams are.

        callback_on_step_end: called with the pipeline, the step, its timestep and a dict, after a
        step of some frames, for frames go through their steps window by window: ``latents``
        (1, t, c, h, w), which those of the dict that it returns replace, and ``first_frame``, the
        number of the first of them in the clip, neighbours of a part included.

        Windows stay as they are, for frames that have left cannot be made anew: see render_frames.
        Raises ValueError as plan().
        """
        steps = steps or self.steps
        take = self.plan(len(poses), steps, windows)
        performance = self.perform(picture, keypoints, poses, generator)
        at_once = (windows or Windows()).at_once
        ended = self._step_end(callback_on_step_end, take)
        return to_arrays(take.cut(self._stream(performance, take, steps, at_once, ended)))

    def _step_end(self, callback: Callback | None, take: Take) -> StepEnd | None:
        if callback is None:
            return None

        def ended(step: int, timestep: Tensor, start: int, latents: Tensor) -> Tensor:
            given = {"latents": latents, "first_frame": take.first + start}
            changed: Tensor = callback(self, step, timestep, given).get("latents", latents)
            return changed

        return ended

    def generate(
        self, evidence: Evidence, *, generator: torch.Generator, steps: Steps | None = None
    ) -> Tensor:
        """Return pixels (B, T, 3, H, W), about in [-1, 1]; arguments as of stream()."""
        num_clips, num_frames = evidence.maps.shape[:2]
        performance = Performance(
            signer=evidence.signer,
            poses=evidence.poses.frames,
            noise=self._noise(evidence.signer, num_clips, generator),
        )
        steps = steps or self.steps
        parts = self._stream(performance, self.plan(num_frames, steps), steps, 1)
        return torch.cat(list(parts), dim=1)

    def _stream(
        self,
        performance: Performance,
        take: Take,
        steps: Steps,
        at_once: int,
        on_step_end: StepEnd | None = None,
    ) -> Iterator[Tensor]:
        """Yield the pixels (B, t, 3, H, W) of the frames of a take's plan.

        Between two parts everything is as the caller has it: dropout, and gradients too.
        """
        sampler = self.sampler(steps)
        part_of_it = performance.from_frame(take.first)
        latents = partial(
            stream_latents, sampler, take.plan, at_once=at_once, on_step_end=on_step_end
        )
        parts = stream_pixels(part_of_it, self.conditioner, self.autoencoder, latents, self.finish)
        while True:
            with at_rest(self.components.values()), torch.no_grad():
                part = next(parts, None)
            if part is None:
                return
            yield part

    def sampler(self, steps: Steps) -> Sampler:
        """Return what makes latents of noise in so many steps."""
        return Sampler(
            unet=self.unet, scheduler=self.scheduler, adapter=self.motion_adapter, steps=steps
        )

    def beside(self, references: Tensor) -> Tensor:
        """Return the latents (N, c, h, w) of references (N, 3, H, W) in [-1, 1].

        They have no channels where the method does not look at them.
        """
        if self.conditioner.sees_latents:
            return encode(self.autoencoder, references[:, None])[:, 0]
        block = block_of(self.autoencoder)
        height, width = references.shape[-2:]
        return references.new_zeros(len(references), 0, height // block, width // block)

    @torch.no_grad()
    def perform(
        self,
        picture: Pictures,
        keypoints: PoseSequence,
        poses: PoseSequence,
        generator: torch.Generator,
    ) -> Performance:
        """Return who signs and what; arguments as of stream()."""
        canvas = Canvas(size=self.size, device=self.device, dtype=self.unet.dtype)
        with at_rest(self.components.values()):
            signer = canvas.signer(picture, keypoints, self.beside)
        noise = self._noise(signer, 1, generator)
        return Performance(signer=signer, poses=canvas.poses(poses), noise=noise)

    def _noise(
        self, signer: SignerEvidence, num_clips: int, generator: torch.Generator
    ) -> Callable[[int, int], Tensor]:
        """Return what gives the noise of some frames of so many clips."""
        noise = ClipNoise(
            seeds=draw_seeds(num_clips, generator),
            shape=(channels_of(self.autoencoder), *signer.reference_latents.shape[-2:]),
            shared=self.config["shared_noise"],
        )
        return lambda start, stop: noise.frames(start, stop).to(signer.reference.device)


def to_arrays(parts: Iterable[Tensor]) -> Iterator[Pictures]:
    """Yield the frames (H, W, 3) of pixels (1, t, 3, H, W)."""
    for part in parts:
        yield from to_frames(part[0]).movedim(1, -1).cpu().numpy()
