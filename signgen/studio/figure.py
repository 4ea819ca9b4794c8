"""A signer dressed for a picture: one mesh, ready to be posed on any device.

Everything is made on the CPU and then moved, so that a seed gives the same figure everywhere.
"""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

import torch
from torch import Tensor

from signgen.studio.factory import Signer
from signgen.studio.garments import covered, garment_piece
from signgen.studio.hair import hair_pieces
from signgen.studio.kinematics import BoneMotion, Skeleton, move_bones
from signgen.studio.paint import FacePaint, body_piece, face_paint
from signgen.studio.pieces import Material, Piece, joined, without
from signgen.studio.raster import Mesh
from signgen.studio.skin import Fans, fans, skin_transforms, skin_vertices, vertex_normals
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
    where each vertex of the bare body stands, -1 if it is covered.
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
    body = without(body, covered(anatomy, body, look.garment))
    pieces = [body, garment_piece(signer, look.garment), *hair_pieces(signer, look.hair)]
    piece = joined(pieces)
    frayed = (piece.cut[piece.triangles] < 0).any(1)
    mesh = Mesh(piece.triangles, piece.two_sided, piece.cut, frayed)
    caster = _caster(piece, anatomy.skeleton)
    body_rows = torch.full((len(anatomy.template),), -1)
    own = (piece.source >= 0).nonzero()[:, 0]
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
        paint=face_paint(signer),
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
