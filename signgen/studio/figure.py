"""A signer dressed for a picture: one mesh, ready to be posed on any device.

Everything is made on the CPU and then moved, so that a seed gives the same figure everywhere.
"""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import torch
from torch import Tensor

from signgen.studio.factory import Signer
from signgen.studio.fine import Detail, detail_of
from signgen.studio.garments import covered, garment_piece
from signgen.studio.hair import hair_pieces
from signgen.studio.kinematics import BoneMotion, Skeleton, move_bones
from signgen.studio.paint import FacePaint, body_piece, face_paint
from signgen.studio.pieces import Material, Piece, joined, without
from signgen.studio.raster import Mesh
from signgen.studio.sewing import sewn_pieces
from signgen.studio.skin import Fans, fans, skin_transforms, skin_vertices, vertex_normals
from signgen.studio.turnout import made_up, style_pieces
from signgen.studio.wardrobe import Look

_SLEEVED = ("upperarm", "lowerarm", "wrist")
_SLEEVE = 0.6  # of a cloth vertex that an arm moves, from which on it throws shadows
_Parts = TypeVar("_Parts", Piece, Mesh, Fans)


@dataclass(frozen=True)
class Pose:
    """T frames of a performance.

    rotations (T, J, 3, 3): of the bones, see kinematics.py; actions (T, A): how strongly each face
    action acts, 0 to 1; root (T, 3): how far the whole body is moved.
    """

    rotations: Tensor
    actions: Tensor
    root: Tensor

    @property
    def num_frames(self) -> int:
        """The number of frames."""
        return len(self.rotations)

    def chunk(self, first: int, last: int) -> "Pose":
        """Return some of the frames."""
        parts = self.rotations, self.actions, self.root
        return Pose(*(part[first:last] for part in parts))


@dataclass(frozen=True)
class Posed:
    """A figure in T poses: vertices and normals (T, V, 3), and the bones."""

    vertices: Tensor
    normals: Tensor
    bones: BoneMotion

    def chunk(self, first: int, last: int) -> "Posed":
        """Return some of the poses."""
        bones = BoneMotion(self.bones.turns[first:last], self.bones.heads[first:last])
        return Posed(self.vertices[first:last], self.normals[first:last], bones)


@dataclass(frozen=True)
class Figure:
    """A dressed signer: V vertices, F triangles.

    piece: the mesh and its paint; mesh: how it is drawn; caster: what throws shadows; acting (H,)
    and moves (A, H, 3): what face actions do; heads, to_reference: the signer's joints; body_rows:
    where each vertex of the bare body stands, -1 if it is covered; detail: what wide looks are
    painted with by the pixel.
    """

    signer: Signer
    look: Look
    piece: Piece
    mesh: Mesh
    caster: Mesh
    fan: Fans
    acting: Tensor
    moves: Tensor
    heads: Tensor
    to_reference: Tensor
    body_rows: Tensor
    paint: FacePaint
    detail: Detail | None

    @property
    def skeleton(self) -> Skeleton:
        """The bones."""
        return self.signer.anatomy.skeleton

    def to(self, device: torch.device | str) -> "Figure":
        """Return the figure on a device."""
        return replace(
            self,
            **{
                name: _moved(getattr(self, name), device)
                for name in ("piece", "mesh", "caster", "fan")
            },
            **{
                name: getattr(self, name).to(device)
                for name in ("acting", "moves", "heads", "to_reference", "body_rows")
            },
            detail=self.detail and self.detail.to(device),
        )

    def posed(self, pose: Pose) -> Posed:
        """Return the figure's vertices in every frame of a pose."""
        bones = move_bones(self.skeleton, self.heads, pose.rotations, pose.root)
        rest = self.piece.rest.expand(pose.num_frames, -1, 3).clone()
        rest[:, self.acting] += torch.einsum("ta,ahi->thi", pose.actions, self.moves)
        transforms = skin_transforms(bones, self.heads, self.to_reference)
        vertices = skin_vertices(rest, self.piece.skin, transforms)
        return Posed(vertices, vertex_normals(vertices, self.fan), bones)


def dress(signer: Signer, look: Look) -> Figure:
    """Return the signer in that look."""
    anatomy = signer.anatomy
    body = body_piece(signer)
    paint = face_paint(signer)
    garment = garment_piece(signer, look.garment)
    if look.style is None:
        worn = [garment, *hair_pieces(signer, look.hair)]
    else:
        body, paint = made_up(signer, body, paint, look.style)
        sewn = sewn_pieces(signer, look.garment, look.style, garment)
        worn = [garment, *sewn, *style_pieces(signer, look.style)]
    body = without(body, covered(anatomy, body, look.garment))
    pieces = [body, *worn]
    piece = joined(pieces)
    piece = joined(pieces)
    frayed = (piece.cut[piece.triangles] < 0).any(1)
    mesh = Mesh(piece.triangles, piece.two_sided, piece.cut, frayed)
    caster = _caster(piece, anatomy.skeleton)
    body_rows = torch.full((len(anatomy.template),), -1)
    # the body's vertices come first; a beard follows some of them, too
    own = (piece.source[: body.triangles.unique().numel()] >= 0).nonzero()[:, 0]
    body_rows[piece.source[own]] = own
    place = torch.full((len(anatomy.template),), -1)
    place[anatomy.action_rows] = torch.arange(len(anatomy.action_rows))
    moved = torch.where(piece.source < 0, -1, place[piece.source.clamp(min=0)])
    acting = (moved >= 0).nonzero()[:, 0]
    return Figure(
        signer=signer,
        look=look,
        piece=piece,
        mesh=mesh,
        caster=caster,
        fan=fans(piece.triangles, len(piece.rest)),
        acting=acting,
        moves=anatomy.action_moves[:, moved[acting]],
        heads=signer.heads,
        to_reference=signer.to_reference,
        body_rows=body_rows,
        paint=paint,
        detail=None if look.style is None else detail_of(signer, look.style, look.garment.sleeve),
    )


def _caster(piece: Piece, skeleton: Skeleton) -> Mesh:
    """Return what throws shadows: a sleeve does so down from a smooth line, not whole triangles."""
    rows = [row for name, row in skeleton.rows.items() if name.startswith(_SLEEVED)]
    worn = torch.zeros(len(piece.rest), dtype=torch.bool)
    worn[piece.triangles[piece.material == Material.CLOTH]] = True
    sleeve = torch.where(worn, piece.skin[:, rows].sum(1) - _SLEEVE, torch.inf)
    cut = torch.minimum(piece.cut, sleeve)
    casts = piece.casts | ((sleeve[piece.triangles] > 0) & worn[piece.triangles]).any(1)
    triangles = piece.triangles[casts]
    return Mesh(triangles, torch.zeros_like(casts[casts]), cut, (cut[triangles] < 0).any(1))


def _moved(value: _Parts, device: torch.device | str) -> _Parts:
    return type(value)(**{f.name: getattr(value, f.name).to(device) for f in fields(value)})
