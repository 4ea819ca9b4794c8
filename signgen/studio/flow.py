"""Where what a pixel shows goes in the next frame: exact optical flow, from the meshes themselves.

Light and colour play no part in it. What is drawn, and how it moves, is its callers' business.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from signgen.studio.camera import Camera
from signgen.studio.figure import Figure, Posed
from signgen.studio.raster import Fragments, Mesh, frames_at_once, rasterise

_APART = 0.02  # metres by which a surface and what is seen where it goes may differ in depth
_UNUSED = 0.02  # of a pixel: who hardly counts in a warped picture need not agree


@dataclass(frozen=True)
class Flow:
    """From each of T - 1 frames to the one after it.

    moves (T - 1, H, W, 2): pixels to the right and down; visible (T - 1, H, W): whether the next
    frame shows there what this one shows here, on all four pixels around. Where it does not, the
    surface is hidden or has left the picture, and moves still says where it went.
    """

    moves: Tensor
    visible: Tensor


def figure_flow(figure: Figure, posed: Posed, camera: Camera) -> Flow:
    """Return the flow of a figure in T poses before a still backdrop, at pixels' middles."""
    return mesh_flow(figure.mesh, camera.project(posed.vertices), camera.size)


def mesh_flow(mesh: Mesh, screen: Tensor, size: tuple[int, int]) -> Flow:
    """Return the flow of a mesh on T screens (T, V, 3); arguments as in raster.rasterise.

    Raises ValueError for less than two frames, between which nothing can move.
    """
    if len(screen) < 2:
        raise ValueError(f"{len(screen)} frame has no flow; give at least 2")
    at_once = frames_at_once(size, screen.device)
    # chunks share a frame, in which one ends and the next begins
    starts = range(0, len(screen) - 1, at_once)
    flows = [_flow(mesh, screen[start : start + at_once + 1], size) for start in starts]
    return Flow(torch.cat([f.moves for f in flows]), torch.cat([f.visible for f in flows]))


def warped_back(frames: Tensor, flow: Flow) -> Tensor:
    """Return for each frame but the last its likeness out of the next one, (T - 1, C, H, W).

    frames (T, C, H, W); only where ``flow.visible`` is it meant to be alike.
    """
    height, width = frames.shape[-2:]
    like = flow.moves
    x = torch.arange(width, dtype=like.dtype, device=like.device) + 0.5
    y = torch.arange(height, dtype=like.dtype, device=like.device)[:, None] + 0.5
    column, line = x + like[..., 0], y + like[..., 1]
    grid = torch.stack([2 * column / width - 1, 2 * line / height - 1], -1)
    return grid_sample(frames[1:], grid, align_corners=False, padding_mode="border")


def _flow(mesh: Mesh, screen: Tensor, size: tuple[int, int]) -> Flow:
    fragments = rasterise(mesh, screen, size)
    depth = torch.full(fragments.shape, torch.inf, dtype=screen.dtype, device=screen.device)
    depth.view(-1)[fragments.sample] = 1 / fragments.inverse_depth
    goal = _middles(depth)[None].repeat(len(screen) - 1, 1, 1, 1)  # a backdrop stays
    far = depth[:-1].clone()
    leaving = fragments.frame < len(screen) - 1
    sample = fragments.sample[leaving]
    went = _next_places(mesh, screen, fragments, leaving)
    goal.view(-1, 2)[sample] = went[:, :2]
    far.view(-1)[sample] = went[:, 2]
    return Flow(goal - _middles(depth), _seen(goal, far, depth[1:]))


def _middles(depth: Tensor) -> Tensor:
    """Return the middles of all pixels, (H, W, 2)."""
    _, height, width = depth.shape
    x = torch.arange(width, dtype=depth.dtype, device=depth.device) + 0.5
    y = torch.arange(height, dtype=depth.dtype, device=depth.device) + 0.5
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)


def _next_places(mesh: Mesh, screen: Tensor, fragments: Fragments, leaving: Tensor) -> Tensor:
    """Return where fragments are on the screen one frame later, with their depth, (N, 3)."""
    frame, num_vertices = fragments.frame[leaving], screen.shape[1]
    corners = mesh.triangles[fragments.triangle[leaving]] + (frame * num_vertices)[:, None]
    flat = screen.flatten(0, 1)
    # a point's share of its corners: on the screen they are foreshortened, in the world they stay
    shares = fragments.weights[leaving] / flat[corners, 2]
    shares = shares / shares.sum(1, keepdim=True)
    later = flat[corners + num_vertices]  # (N, 3, 3)
    depths = shares * later[..., 2]
    depth = depths.sum(1, keepdim=True)
    return torch.cat([(depths[..., None] * later[..., :2]).sum(1) / depth, depth], 1)


def _seen(goal: Tensor, far: Tensor, depth: Tensor) -> Tensor:
    """Return whether surfaces that are to be at ``goal`` are what is seen on the pixels around it.

    goal (T, H, W, 2); far (T, H, W): their depths; depth (T, H, W): what is seen.
    """
    height, width = depth.shape[1:]
    first = (goal - 0.5).floor()
    past = goal - 0.5 - first
    seen = (goal > 0).all(3) & (goal[..., 0] < width) & (goal[..., 1] < height)
    for right in (0, 1):
        for down in (0, 1):
            x = (first[..., 0] + right).clamp(0, width - 1).long()
            y = (first[..., 1] + down).clamp(0, height - 1).long()
            there = depth.flatten(1).gather(1, (y * width + x).flatten(1))
            there = there.unflatten(1, (height, width))
            alike = ((there - far).abs() < _APART) | (there == far)  # infinite: the backdrop
            share = (past - goal.new_tensor([1.0 - right, 1.0 - down])).abs()
            seen = seen & (alike | (share < _UNUSED).any(3))
    return seen
