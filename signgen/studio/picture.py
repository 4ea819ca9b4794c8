"""Pictures of a signer: frames, part masks and depth from one figure in many poses.

The only stage that knows pixels; memory is bounded by working a few frames at a time.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from signgen.studio.camera import Camera
from signgen.studio.figure import Figure, Pose, Posed
from signgen.studio.pieces import Part
from signgen.studio.raster import Fragments, frames_at_once, rasterise
from signgen.studio.rooms import Room, Strip
from signgen.studio.scenery import room_light
from signgen.studio.shading import shade
from signgen.studio.wardrobe import Background


@dataclass(frozen=True)
class Pictures:
    """T rendered frames.

    frames (T, H, W, 3) uint8; parts (T, H, W) uint8: values of pieces.Part, by the sample in each
    pixel's middle; depth (T, H, W): metres from the camera, infinite in the background. What a
    broadcaster lays over all is background of depth 0.
    """

    frames: Tensor
    parts: Tensor
    depth: Tensor


def render(figure: Figure, pose: Pose, camera: Camera, supersample: int = 2) -> Pictures:
    """Return the pictures of a figure in T poses, on the figure's device."""
    return render_posed(figure, figure.posed(pose), camera, supersample)


def render_posed(figure: Figure, posed: Posed, camera: Camera, supersample: int = 2) -> Pictures:
    """Return the pictures of a figure that has been posed already."""
    fine = camera.scaled(supersample)
    at_once = frames_at_once(fine.size, posed.vertices.device)
    behind = _behind(figure.look.background, camera, posed.vertices)
    chunks = [
        _rendered(figure, posed.chunk(first, first + at_once), fine, supersample, behind)
        for first in range(0, len(posed.vertices), at_once)
    ]
    pictures = Pictures(
        torch.cat([c.frames for c in chunks]),
        torch.cat([c.parts for c in chunks]),
        torch.cat([c.depth for c in chunks]),
    )
    background = figure.look.background
    if isinstance(background, Room):
        for strip in background.bar:
            _lay_over(pictures, strip)
    return pictures


def _behind(background: Background | Room, camera: Camera, like: Tensor) -> Tensor:
    """Return what is behind the signer as linear light (3, H, W)."""
    if isinstance(background, Room):
        return room_light(background, camera, like)
    return backdrop(background, camera.size, like)


def _rendered(
    figure: Figure, posed: Posed, fine: Camera, supersample: int, behind: Tensor
) -> Pictures:
    fragments = rasterise(figure.mesh, fine.project(posed.vertices), fine.size)
    light = shade(figure, posed, fragments)
    middle = slice(supersample // 2, None, supersample)
    return Pictures(
        _developed(fragments, light, supersample, behind),
        _parts(figure, fragments)[:, middle, middle],
        _depth(fragments)[:, middle, middle],
    )


def _developed(fragments: Fragments, light: Tensor, supersample: int, behind: Tensor) -> Tensor:
    num_frames, height, width = fragments.shape
    picture = light.new_zeros(num_frames * height * width, 4)
    picture.index_copy_(0, fragments.sample, torch.cat([light, torch.ones_like(light[:, :1])], 1))
    picture = picture.unflatten(0, fragments.shape).movedim(3, 1)  # (T, 4, H, W)
    picture = avg_pool2d(picture, supersample)
    colour = picture[:, :3] + (1 - picture[:, 3:]) * behind
    colour = (colour.clamp(0, 1) ** (1 / 2.2)).movedim(1, 3)
    return (255 * colour).round().to(torch.uint8)


def _lay_over(pictures: Pictures, strip: Strip) -> None:
    """Paint a strip over pictures, in place."""
    height, width = pictures.parts.shape[1:]
    lines = slice(round(strip.top * height), round(strip.bottom * height))
    columns = slice(round(strip.left * width), round(strip.right * width))
    colour = pictures.depth.new_tensor(strip.colour).clamp(0, 1) ** (1 / 2.2)
    pictures.frames[:, lines, columns] = (255 * colour).round().to(torch.uint8)
    pictures.parts[:, lines, columns] = Part.BACKGROUND
    pictures.depth[:, lines, columns] = 0


def backdrop(background: Background, size: tuple[int, int], like: Tensor) -> Tensor:
    """Return the empty studio as linear light (3, H, W)."""
    width, height = size
    down = torch.linspace(0, 1, height, dtype=like.dtype, device=like.device)[None, :, None]
    across = torch.linspace(-1, 1, width, dtype=like.dtype, device=like.device)[None, None]
    top, bottom = (like.new_tensor(c)[:, None, None] for c in (background.top, background.bottom))
    corner = (across**2 + (2 * down - 1) ** 2) / 2
    return (top + (bottom - top) * down) * (1 - background.vignette * corner)


def _parts(figure: Figure, fragments: Fragments) -> Tensor:
    parts = torch.zeros(fragments.shape, dtype=torch.uint8, device=fragments.sample.device)
    parts.view(-1)[fragments.sample] = figure.piece.part[fragments.triangle].to(torch.uint8)
    return parts


def _depth(fragments: Fragments) -> Tensor:
    depth = torch.full(fragments.shape, torch.inf, device=fragments.sample.device)
    depth.view(-1)[fragments.sample] = 1 / fragments.inverse_depth
    return depth
