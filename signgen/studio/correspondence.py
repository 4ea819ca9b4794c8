"""Fitting where a detector's points lie on the body, by showing it many signers.

The detector comes as an argument, since MediaPipe is not this package's business; the result ships
with the package and keypoints.py applies it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from pose_sequences.layout import layout
from pose_sequences.outputs import fresh_file
from signgen.studio.camera import DISTANCE, Camera
from signgen.studio.factory import Anatomy, Signer, SignerFactory
from signgen.studio.figure import Figure, Pose, dress
from signgen.studio.keypoints import LAYOUT, NUM_FACE, Correspondence, keypoint_places
from signgen.studio.picture import render
from signgen.studio.raster import rasterise
from signgen.studio.wardrobe import draw_look
from signgen.weights import writing_tensors

Detect = Callable[[Tensor], Tensor]  # frames (N, H, W, 3) uint8 -> points (N, 553, 2), NaN: missed

_SIZE = (384, 384)
_FACE_PIXELS_A_METRE = 1100.0
# The inner edge of the lower lip, and points of its outer edge beside them. On a closed mouth the
# inner edges of both lips are one line, so that a place alone does not tell whose it is.
_INNER_LOWER_LIP = (95, 88, 178, 87, 14, 317, 402, 318, 324)
_OUTER_LOWER_LIP = (146, 91, 181, 84, 17, 314, 405, 321, 375)
# joints whose name means something else to a detector than to a rig
_OFFSET_JOINTS = ("shoulder", "elbow", "hip")


def fit_correspondence(
    path: Path, detect: Detect, poses: Callable[[Signer], Pose], *, overwrite: bool = False
) -> None:
    """Write the correspondence file.

    poses: for the body's joints, a few poses of a signer with arms and hands in view.
    """
    factory = SignerFactory.load()
    signers = factory.signers(range(1000, 1040))
    figures = [dress(signer, draw_look(signer, signer.seed)) for signer in signers]
    corners, weights = _fit_face(factory.anatomy, figures, detect)
    no_offset = Correspondence(corners, weights, torch.zeros(33, 3))
    offsets = _fit_joints(figures, detect, poses, no_offset)
    tensors = {"corners": corners.to(torch.int16), "weights": weights, "offsets": offsets}
    with fresh_file(path, overwrite=overwrite) as temporary, writing_tensors(path):
        save_file(tensors, temporary)


def _fit_face(anatomy: Anatomy, figures: Sequence[Figure], detect: Detect) -> tuple[Tensor, Tensor]:
    places = torch.full((len(figures), NUM_FACE, 3), torch.nan)
    rows = layout(LAYOUT).part("face")
    for n, figure in enumerate(figures):
        signer = figure.signer
        head = signer.heads[signer.anatomy.skeleton.rows["head"]]
        camera = Camera((0.0, float(head[1]), float(head[2]) + 0.05), _FACE_PIXELS_A_METRE, _SIZE)
        pose = _still(signer)
        found = detect(render(figure, pose, camera).frames)[0, rows]
        places[n] = _template_under(figure, pose, camera, found)
    return _nearest_triangles(anatomy, places.nanmedian(0).values)


def _still(signer: Signer) -> Pose:
    bones, actions = len(signer.anatomy.skeleton.names), len(signer.anatomy.actions)
    return Pose(torch.eye(3).repeat(1, bones, 1, 1), torch.zeros(1, actions), torch.zeros(1, 3))


def _template_under(figure: Figure, pose: Pose, camera: Camera, found: Tensor) -> Tensor:
    """Return the template's places (N, 3) under points (N, 2), NaN beside the body."""
    fragments = rasterise(figure.mesh, camera.project(figure.posed(pose).vertices), camera.size)
    corners = figure.piece.triangles[fragments.triangle]
    own = (figure.piece.source[corners] >= 0).all(1)
    place = (figure.piece.template[corners] * fragments.weights[..., None]).sum(1)
    width, height = camera.size
    picture = torch.full((width * height, 3), torch.nan)
    picture[fragments.sample[own]] = place[own]
    missed = found.isnan().any(1)
    x, y = found.nan_to_num(0).long().unbind(1)
    under = picture[y.clamp(0, height - 1) * width + x.clamp(0, width - 1)]
    return torch.where(missed[:, None], torch.nan, under)


def _nearest_triangles(anatomy: Anatomy, places: Tensor) -> tuple[Tensor, Tensor]:
    triangles = torch.cat([anatomy.group("body"), anatomy.group("eyes")])
    front = anatomy.template[triangles].mean(1)
    triangles = triangles[(front[:, 1] < 0.02) & (front[:, 2] > 0.6)]
    found = [_nearest(anatomy, place, triangles) for place in places]
    drop = _jaw_drop(anatomy)
    sinks = drop[triangles].mean(1)
    for inner, outer in zip(_INNER_LOWER_LIP, _OUTER_LOWER_LIP, strict=True):
        beside, shares = found[outer]
        follows = sinks > 0.5 * (drop[beside] * shares).sum()
        found[inner] = _nearest(anatomy, places[inner], triangles[follows])
    corners, weights = zip(*found, strict=True)
    return torch.stack(corners), torch.stack(weights)


def _nearest(anatomy: Anatomy, place: Tensor, triangles: Tensor) -> tuple[Tensor, Tensor]:
    """Return the corners (3,) of the triangle nearest to a place (3,), and their weights."""
    corners = anatomy.template[triangles]  # (F, 3, 3)
    edge = corners[:, 1:] - corners[:, :1]
    offset = (edge @ (place - corners[:, 0])[..., None])[..., 0]
    share = torch.linalg.solve(edge @ edge.mT + 1e-12 * torch.eye(2), offset).clamp(0, 1)
    share = share / share.sum(1, keepdim=True).clamp(min=1)
    weight = torch.cat([1 - share.sum(1, keepdim=True), share], 1)
    best = ((corners * weight[..., None]).sum(1) - place).norm(dim=1).argmin()
    return triangles[best], weight[best]


def _jaw_drop(anatomy: Anatomy) -> Tensor:
    """Return how far each vertex of the template sinks as the mouth opens, (V,) metres."""
    drop = torch.zeros(len(anatomy.template))
    opening = anatomy.action_moves[anatomy.actions.index("jawOpen")]
    drop[anatomy.action_rows] = -opening[:, 2]
    return drop


def _fit_joints(
    figures: Sequence[Figure],
    detect: Detect,
    poses: Callable[[Signer], Pose],
    correspondence: Correspondence,
) -> Tensor:
    gaps = []
    for figure in figures:
        pose = poses(figure.signer)
        camera = Camera.framed(figure.signer, _SIZE)
        found = detect(render(figure, pose, camera).frames)[:, :33]
        places = keypoint_places(figure, figure.posed(pose), correspondence)[:, :33]
        projected = camera.project(places)
        scale = projected[..., 2:] / (camera.pixels_a_metre * DISTANCE)
        gaps.append((found - projected[..., :2]) * scale)
    gap = torch.cat(gaps).nanmedian(0).values
    offsets = torch.stack([gap[:, 0], torch.zeros(33), -gap[:, 1]], 1)
    # people are symmetric where detectors are not quite
    mirrored = offsets[torch.from_numpy(layout(LAYOUT).mirrored[:33])]
    offsets = (offsets + mirrored * torch.tensor([-1.0, 1.0, 1.0])) / 2
    names = layout(LAYOUT).points[:33]
    kept = torch.tensor([name.endswith(_OFFSET_JOINTS) for name in names])
    return torch.where(kept[:, None], offsets, 0.0)
