"""A Scene: a batch as the networks see it, cropped, worn and drawn on the device.

Targets stay clean; references and poses are made as poor as they will be in use.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from signgen.choice import Choice
from signgen.close_ups import find_close_ups
from signgen.constants import constant, rows_of_part
from signgen.data import LAYOUT, Batch, SampleSource, View, chosen
from signgen.hand_points import HANDS, describe_hands, region_weights
from signgen.joint_maps import find_joints
from signgen.latents import to_pixels
from signgen.pose_maps import Points, draw_pose_maps
from signgen.training.cache import NOTHING_KEPT, Caches, NumberedFrames
from signgen.training.settings import SampleSettings
from signgen.training.trainer import Dice


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """B clips of T frames.

    pixels (B, T, 3, H, W) in [-1, 1]: what is to be made; maps (B, T, 3, H, W) in [0, 1]; hands (B,
    T, 2, F); joints (B, T, 18, 3); close_ups (B, T, 3, 2, 3); weights (B, T, 1, H/8, W/8): how much
    each region counts, of mean 1; reference and reference_maps (B, 3, H, W), reference_close_ups
    (B, 3, 2, 3); signers (B,): their numbers.

    What was encoded before: latents (B, T, m, h, w) of pixels, which are then empty, and
    reference_latents (B, m, h, w), both as latents.posterior says them; embedding (B, E) and tokens
    (B, S, D) of the reference.
    """

    pixels: Tensor
    maps: Tensor
    hands: Tensor
    joints: Tensor
    close_ups: Tensor
    weights: Tensor
    reference: Tensor
    reference_maps: Tensor
    reference_close_ups: Tensor
    signers: Tensor
    latents: Tensor | None = None
    reference_latents: Tensor | None = None
    embedding: Tensor | None = None
    tokens: Tensor | None = None


@dataclass(frozen=True)
class Window:
    """Square parts of N pictures: centre (N, 2) in pixels, scale (N,) source pixels a pixel."""

    centre: Tensor
    scale: Tensor

    def frames(self, num_frames: int) -> "Window":
        """Return the windows, each for ``num_frames`` pictures."""
        return Window(
            self.centre.repeat_interleave(num_frames, 0), self.scale.repeat_interleave(num_frames)
        )


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where scenes are made: a source of samples, how they are worn, and the size of a picture.

    caches: of the source's frames, for settings that show them alike each time. With latents of
    the targets nobody looks at these, and they are not read.
    """

    source: SampleSource
    settings: SampleSettings
    size: int
    caches: Caches = NOTHING_KEPT

    def draw(self, num_samples: int, num_frames: int, dice: Dice) -> Scene:
        """Draw ``num_samples`` clips of ``num_frames`` frames."""
        batch = self._batch(num_samples, num_frames, dice)
        window = self._window(batch.clips, num_frames, dice)
        clips = crop(batch.clips, window.frames(num_frames), self.size, seen=not self._unseen)
        references = crop(batch.references, self._apart(window, dice), self.size)
        worn = self._wear(num_samples, dice)
        points = self._worn(clips.points, dice)
        size = (self.size, self.size)
        cells = (self.size // 8, self.size // 8)
        seen = (num_samples, num_frames)
        maps = draw_pose_maps(points.and_those_of(references.points), LAYOUT, size)
        return Scene(
            pixels=clips.pixels.unflatten(0, seen),
            maps=maps[:-num_samples].unflatten(0, seen),
            hands=describe_hands(points, LAYOUT, size).unflatten(0, seen),
            joints=find_joints(points, LAYOUT, size).unflatten(0, seen),
            close_ups=find_close_ups(points, LAYOUT, size).unflatten(0, seen),
            weights=region_weights(clips.shown, LAYOUT, size, cells).unflatten(0, seen),
            reference=worn.show(references.pixels),
            reference_maps=worn.mirror(maps[-num_samples:]),
            reference_close_ups=worn.turn(find_close_ups(references.points, LAYOUT, size)),
            signers=batch.signers.to(maps.device, non_blocking=True),
            **self._encoded(batch.choice, worn),
        )

    @property
    def _unseen(self) -> bool:
        return self.caches.latents is not None

    def _batch(self, num_samples: int, num_frames: int, dice: Dice) -> Batch:
        if self._unseen and isinstance(self.source, NumberedFrames):
            return self.source.draw_unseen(num_samples, num_frames, dice.indices)
        return self.source.draw(num_samples, num_frames, dice.indices)

    def _encoded(self, choice: Choice | None, worn: "Wear") -> dict[str, Tensor]:
        """Return what is in the caches."""
        caches = self.caches
        found: dict[str, Tensor] = {}
        if choice is None:
            return found
        if caches.latents is not None:
            found["latents"] = caches.latents.read(choice.clips)
        if caches.reference_latents is not None:
            found["reference_latents"] = caches.reference_latents.read(choice.references)
        if caches.embeddings is not None:
            found["embedding"] = worn.choose(caches.embeddings.read(choice.references))
        if caches.tokens is not None:
            found["tokens"] = worn.choose(caches.tokens.read(choice.references))
        return found

    def _window(self, clips: View, num_frames: int, dice: Dice) -> Window:
        """Choose the whole picture, or a close-up of a hand that the first frame shows."""
        width, height = clips.size
        num = len(clips.frames) // num_frames
        chance = _uniform((4, num), dice)
        whole = constant((width / 2, height / 2), clips.frames.device)
        firsts = torch.arange(0, len(clips.frames), num_frames, device=whole.device)
        hand = _hand(chosen(clips.shown, firsts), chance[0] < 0.5, whole)
        zoom = 1 + chance[1] * (self.settings.zoom_most - 1)
        near = chance[2] < self.settings.zoom_share
        scale = max(width, height) / self.size / torch.where(near, zoom, 1.0)
        # a close-up keeps inside the picture
        room = (whole - scale[:, None] * self.size / 2).clamp(min=0)
        centre = torch.minimum(torch.maximum(hand, whole - room), whole + room)
        return Window(torch.where(near[:, None], centre, whole), scale)

    def _apart(self, window: Window, dice: Dice) -> Window:
        """Let the reference stand a little elsewhere, as one that was not fitted exactly."""
        chance = 2 * _uniform((3, len(window.scale)), dice) - 1
        shift = chance[:2].T * self.settings.reference_shift * self.size * window.scale[:, None]
        scale = window.scale * (1 + chance[2] * self.settings.reference_scale)
        return Window(window.centre + shift, scale)

    def _worn(self, points: Points, dice: Dice) -> Points:
        """Shake the points, and hide a hand now and then."""
        shake = torch.randn(
            points.places.shape, generator=dice.values, device=points.places.device
        ) * constant((1.0, 1.0, 0.0), points.places.device)
        there = (points.confidence > 0)[..., None]
        places = points.places + self.settings.pose_jitter * shake * there
        confidence = points.confidence.clone()
        hidden = _uniform((2, len(places)), dice) < self.settings.hide_hand
        for part, gone in zip(HANDS, hidden, strict=True):
            rows = rows_of_part(LAYOUT, part, places.device)
            confidence[:, rows] *= ~gone[:, None]
        return replace(points, places=places * (confidence > 0)[..., None], confidence=confidence)

    def _wear(self, num_references: int, dice: Dice) -> "Wear":
        """Draw how poor references are."""
        settings = self.settings
        chance = _uniform((3, num_references, 1, 1, 1), dice)
        shape = (num_references, 3, self.size, self.size)
        grain = torch.randn(shape, generator=dice.values, device=chance.device)
        return Wear(
            blurred=chance[0] < settings.blur,
            grain=settings.grain * chance[1] * grain,
            mirrored=chance[2] < settings.flip_reference,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Wear:
    """How N references are worn: blurred and mirrored (N, 1, 1, 1), grain (N, 3, S, S)."""

    blurred: Tensor
    mirrored: Tensor
    grain: Tensor

    def show(self, pixels: Tensor) -> Tensor:
        """Return pictures (N, 3, S, S) as they are seen."""
        return self.mirror(torch.where(self.blurred, blurred(pixels), pixels) + self.grain)

    def mirror(self, pictures: Tensor) -> Tensor:
        """Return pictures (N, C, S, S), some of them mirrored."""
        return torch.where(self.mirrored, pictures.flip(-1), pictures)

    def turn(self, close_ups: Tensor) -> Tensor:
        """Return close-ups (N, 3, 2, 3) of pictures, some of them mirrored: they show the same."""
        other_way = constant(((-1.0,), (1.0,)), close_ups.device)
        return torch.where(self.mirrored, close_ups * other_way, close_ups)

    def choose(self, kept: Tensor) -> Tensor:
        """Return the rows (N, ...) of what is kept (N, V, ...) of pictures plain and blurred."""
        rows = self.blurred.flatten().long().clamp(max=kept.shape[1] - 1)
        return kept[torch.arange(len(kept), device=kept.device), rows]


def blurred(pixels: Tensor) -> Tensor:
    """Return pictures (N, C, H, W) at half their resolution."""
    return F.interpolate(F.avg_pool2d(pixels, 2), scale_factor=2.0, mode="bilinear")


@dataclass(frozen=True, kw_only=True, eq=False)
class Crop:
    """Cropped pictures: pixels (N, 3, S, S) in [-1, 1], their points, and what they show."""

    pixels: Tensor
    points: Points
    shown: Points


def crop(view: View, window: Window, size: int, *, seen: bool = True) -> Crop:
    """Return the windows of the pictures, ``size`` pixels wide and high, and their points.

    seen: whether the pictures are wanted; else they are empty.
    """
    pixels = _cut(view, window, size) if seen else torch.empty(len(view.frames), 3, 0, 0)
    points, shown = (_moved(part, window, view.size, size) for part in (view.points, view.shown))
    return Crop(pixels=pixels.to(view.frames.device), points=points, shown=shown)


def _cut(view: View, window: Window, size: int) -> Tensor:
    width, height = view.size
    steps = torch.arange(size, device=window.scale.device) + 0.5 - size / 2
    away = window.scale[:, None] * steps  # (N, S) pixels from the centre
    x = 2 * (window.centre[:, :1] + away) / width - 1
    y = 2 * (window.centre[:, 1:] + away) / height - 1
    grid = torch.stack(
        (x[:, None, :].expand(-1, size, -1), y[:, :, None].expand(-1, -1, size)), dim=-1
    )
    pixels = to_pixels(view.frames)
    return F.grid_sample(pixels, grid, padding_mode="border", align_corners=False)


def _moved(points: Points, window: Window, of: tuple[int, int], size: int) -> Points:
    width, _ = of
    scale = window.scale[:, None, None]
    flat = (points.places[..., :2] - window.centre[:, None]) / scale + size / 2
    there = (points.confidence > 0)[..., None]
    depth = points.places[..., 2:] * width / (scale * size)  # in picture widths
    places = torch.cat((flat, depth), dim=-1) * there
    return replace(points, places=places, shoulders=points.shoulders / window.scale)


def _hand(points: Points, left: Tensor, otherwise: Tensor) -> Tensor:
    """Return (N, 2): the middle of one hand, or the other one where it is not there.

    left (N,): whether the left one is preferred; otherwise (2,): the place where there is none.
    """
    rows = torch.stack([rows_of_part(LAYOUT, part, points.places.device) for part in HANDS])
    there = (points.confidence[:, rows] > 0).float()[..., None]  # (N, 2, 21, 1)
    count = there.sum(2)
    middle = (points.places[:, rows, :2] * there).sum(2) / count.clamp(min=1)  # (N, 2, 2)
    seen = count[..., 0] > 0  # (N, 2)
    takes_left = torch.where(left, seen[:, 0], ~seen[:, 1])[:, None]
    hand = torch.where(takes_left, middle[:, 0], middle[:, 1])
    return torch.where(seen.any(1, keepdim=True), hand, otherwise)


def _uniform(shape: tuple[int, ...], dice: Dice) -> Tensor:
    return torch.rand(shape, generator=dice.values, device=dice.values.device)
