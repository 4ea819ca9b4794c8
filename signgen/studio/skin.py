"""Vertices follow bones: linear blend skinning and vertex normals, batched over frames.

Also what keeps one surface outside another; it knows nothing of what the surfaces are.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from signgen.studio.kinematics import BoneMotion


def skin_transforms(motion: BoneMotion, heads: Tensor, to_reference: Tensor) -> Tensor:
    """Return what each bone does to the vertices at rest, (T, J, 3, 4).

    heads (J, 3): joints in the reference pose; to_reference (J, 3, 4): from rest to reference.
    """
    shift = motion.heads[..., None] - motion.turns @ heads[..., None]
    linear = motion.turns @ to_reference[..., :3]
    return torch.cat([linear, motion.turns @ to_reference[..., 3:] + shift], 3)


def skin_vertices(rest: Tensor, weights: Tensor, transforms: Tensor) -> Tensor:
    """Return posed vertices (T, V, 3).

    rest (V, 3) or (T, V, 3); weights (V, J); transforms (T, J, 3, 4).
    """
    num_frames = len(transforms)
    table = transforms.permute(1, 0, 2, 3).flatten(1)  # (J, T*12)
    blended = (weights @ table).unflatten(1, (num_frames, 3, 4))  # (V, T, 3, 4)
    at_rest = rest[:, None] if rest.ndim == 2 else rest.transpose(0, 1)
    posed = (blended[..., :3] * at_rest[:, :, None]).sum(3) + blended[..., 3]
    return posed.transpose(0, 1).contiguous()


@dataclass(frozen=True)
class Fans:
    """For each vertex the triangles around it, (V, N), padded with the number of triangles."""

    triangles: Tensor
    around: Tensor


def fans(triangles: Tensor, num_vertices: int) -> Fans:
    """Return the triangles (F, 3) around each vertex."""
    corners = triangles.flatten()
    order = corners.argsort(stable=True)
    owners = corners[order]
    counts = torch.bincount(corners, minlength=num_vertices)
    first = counts.cumsum(0) - counts
    place = torch.arange(len(order), device=order.device) - first[owners]
    shape = (num_vertices, int(counts.max()))
    around = torch.full(shape, len(triangles), device=order.device)
    around[owners, place] = order // 3
    return Fans(triangles, around)


def vertex_normals(vertices: Tensor, fan: Fans) -> Tensor:
    """Return unit normals (T, V, 3), weighted by area; a gather, so the sum's order is fixed."""
    places = vertices.transpose(0, 1).contiguous()  # (V, T, 3): whole rows are gathered
    corners = places.index_select(0, fan.triangles.flatten()).unflatten(0, (-1, 3))
    edges = corners[:, 1:] - corners[:, :1]
    normals = torch.linalg.cross(edges[:, 0], edges[:, 1])  # (F, T, 3)
    normals = torch.cat([normals, torch.zeros_like(normals[:1])])
    total = embedding_bag(fan.around, normals.flatten(1), mode="sum").unflatten(1, (-1, 3))
    unit = total / total.norm(dim=2, keepdim=True).clamp(min=1e-12)
    return unit.transpose(0, 1).contiguous()


def pushed_out(points: Tensor, surface: Tensor, normals: Tensor, margin: Tensor) -> Tensor:
    """Return points (N, 3) moved to at least ``margin`` (N,) metres outside a closed surface.

    surface, normals (V, 3): its vertices and their unit normals.
    """
    nearest = torch.cdist(points, surface).argmin(1)
    outwards = normals[nearest]
    height = ((points - surface[nearest]) * outwards).sum(1)
    return points + (margin - height).clamp(min=0)[:, None] * outwards
