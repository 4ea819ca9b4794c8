"""A Scene: a batch as the networks see it, cropped, worn and drawn on the device.

Targets stay clean; references and poses are made as poor as they will be in use.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from pose_sequences.layout import Part
from signgen.constants import constant, rows_of_part
from signgen.data import LAYOUT, SampleSource, View
from signgen.hand_points import HANDS, describe_hands, region_weights
from signgen.latents import to_pixels
from signgen.pose_maps import Points, draw_pose_maps
from signgen.training.settings import SampleSettings
from signgen.training.trainer import Dice


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """B clips of T frames.

    pixels (B, T, 3, H, W) in [-1, 1]: what is to be made; maps (B, T, 3, H, W) in [0, 1]; hands (B,
    T, 2, F); weights (B, T, 1, H/8, W/8): how much each region counts, of mean 1; reference and
    reference_maps (B, 3, H, W).
    """

    pixels: Tensor
    maps: Tensor
    hands: Tensor
    weights: Tensor
    reference: Tensor
    reference_maps: Tensor


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
    """Where scenes are made: a source of samples, how they are worn, and the size of a picture."""

    source: SampleSource
    settings: SampleSettings
    size: int

    def draw(self, num_samples: int, num_frames: int, dice: Dice) -> Scene:
        """Draw ``num_samples`` clips of ``num_frames`` frames."""
        batch = self.source.draw(num_samples, num_frames, dice.indices)
        window = self._window(batch.clips, num_frames, dice)
        clips = crop(batch.clips, window.frames(num_frames), self.size)
        references = crop(batch.references, self._apart(window, dice), self.size)
        points = self._worn(clips.points, dice)
        size = (self.size, self.size)
        cells = (self.size // 8, self.size // 8)
        seen = (num_samples, num_frames)
        maps = draw_pose_maps(points.and_those_of(references.points), LAYOUT, size)
        return Scene(
            pixels=clips.pixels.unflatten(0, seen),
            maps=maps[:-num_samples].unflatten(0, seen),
            hands=describe_hands(points, LAYOUT, size).unflatten(0, seen),
            weights=region_weights(clips.points, LAYOUT, size, cells).unflatten(0, seen),
            reference=self._poor(references.pixels, dice),
            reference_maps=maps[-num_samples:],
        )

    def _window(self, clips: View, num_frames: int, dice: Dice) -> Window:
        """Choose the whole picture, or a close-up of a hand."""
        width, height = clips.size
        num = len(clips.frames) // num_frames
        chance = _uniform((4, num), dice)
        whole = constant((width / 2, height / 2), clips.frames.device)
        hands = torch.stack(
            [_middle(clips.points, part)[::num_frames] for part in HANDS]
        )  # (2, B, 2)
        hand = torch.where(chance[0, :, None] < 0.5, hands[0], hands[1])
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

    def _poor(self, pixels: Tensor, dice: Dice) -> Tensor:
        """Blur some references and put grain on them."""
        chance = _uniform((2, len(pixels), 1, 1, 1), dice)
        coarse = F.interpolate(F.avg_pool2d(pixels, 2), scale_factor=2.0, mode="bilinear")
        worn = torch.where(chance[0] < self.settings.blur, coarse, pixels)
        grain = torch.randn(worn.shape, generator=dice.values, device=worn.device)
        return worn + self.settings.grain * chance[1] * grain


@dataclass(frozen=True, kw_only=True, eq=False)
class Crop:
    """Cropped pictures: pixels (N, 3, S, S) in [-1, 1], and their points."""

    pixels: Tensor
    points: Points


def crop(view: View, window: Window, size: int) -> Crop:
    """Return the windows of the pictures, ``size`` pixels wide and high, and their points."""
    width, height = view.size
    steps = torch.arange(size, device=window.scale.device) + 0.5 - size / 2
    away = window.scale[:, None] * steps  # (N, S) pixels from the centre
    x = 2 * (window.centre[:, :1] + away) / width - 1
    y = 2 * (window.centre[:, 1:] + away) / height - 1
    grid = torch.stack(
        (x[:, None, :].expand(-1, size, -1), y[:, :, None].expand(-1, -1, size)), dim=-1
    )
    pixels = F.grid_sample(to_pixels(view.frames), grid, padding_mode="border", align_corners=False)
    points = view.points
    scale = window.scale[:, None, None]
    flat = (points.places[..., :2] - window.centre[:, None]) / scale + size / 2
    there = (points.confidence > 0)[..., None]
    depth = points.places[..., 2:] * width / (scale * size)  # in picture widths
    places = torch.cat((flat, depth), dim=-1) * there
    return Crop(
        pixels=pixels,
        points=replace(points, places=places, shoulders=points.shoulders / window.scale),
    )


def _middle(points: Points, part: Part) -> Tensor:
    """Return (N, 2): the middle of the points of a hand that are there."""
    rows = rows_of_part(LAYOUT, part, points.places.device)
    there = (points.confidence[:, rows] > 0).float()[..., None]
    return (points.places[:, rows, :2] * there).sum(1) / there.sum(1).clamp(min=1)


def _uniform(shape: tuple[int, ...], dice: Dice) -> Tensor:
    return torch.rand(shape, generator=dice.values, device=dice.values.device)
