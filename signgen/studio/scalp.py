"""A head for hair to grow on: where its hairline runs, places on it, and the close shell of hair.

Places of the shared template stand for the same spot on every head. The places of hair's own
vertices are strand coordinates instead: across strands, along them, in metres; see fine.py.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from signgen.studio.factory import Signer
from signgen.studio.hair import hairline
from signgen.studio.noise import value_noise
from signgen.studio.pieces import Material, Part, Piece, smoothstep
from signgen.studio.skin import fans, pushed_out, vertex_normals
from signgen.studio.style import Coiffure

_NEAR = 4
_LOWEST = 0.35  # of the template: what hair can lie on
_THIN = 0.005  # metres above the hairline where hair is so thin that it is painted on the skin
_RECEDING = ("receding", "crown")


@dataclass(frozen=True)
class Head:
    """A signer's head and shoulders and the cut of hair that they have."""

    signer: Signer
    coiffure: Coiffure

    @cached_property
    def normals(self) -> Tensor:
        """Unit normals (V, 3) of the body at rest."""
        body = self.signer.anatomy.group("body")
        return vertex_normals(self.signer.rest[None], fans(body, len(self.signer.rest)))[0]

    @cached_property
    def above(self) -> Tensor:
        """How far above the hairline the body's vertices lie (V,), in metres."""
        anatomy = self.signer.anatomy
        ears = 0.05 * smoothstep(0.3, 0.6, anatomy.painted("ears"))
        return self.hair_above(anatomy.template) - ears

    def hair_above(self, place: Tensor) -> Tensor:
        """Return how far above this head's hairline template places (N, 3) lie."""
        ax, y, z = place[:, 0].abs(), place[:, 1], place[:, 2]
        above = hairline(place) + 0.004 * value_noise(place, 0.009, self.coiffure.seed)
        above = above + 0.006 * (self.coiffure.volume - 0.5)
        if self.coiffure.cut in _RECEDING:
            temples = smoothstep(0.012, 0.045, ax) * smoothstep(-0.02, -0.09, y)
            above = above - (0.016 + 0.02 * self.coiffure.length) * temples - 0.008
        if self.coiffure.cut == "crown":
            bare = 0.782 + 0.25 * (y - 0.02).clamp(min=0) + 0.005 * torch.sin(80 * y)
            above = torch.minimum(above, bare - z)
        return above

    @cached_property
    def body_rows(self) -> Tensor:
        """The body's vertices that hair can lie on."""
        rows = self.signer.anatomy.group("body").unique()
        return rows[self.signer.anatomy.template[rows, 2] > _LOWEST]

    @cached_property
    def scalp(self) -> Tensor:
        """The triangles (F, 3) that hair grows on."""
        anatomy = self.signer.anatomy
        triangles = anatomy.group("body")
        triangles = triangles[(self.above[triangles] > 0).any(1)]
        return triangles[(anatomy.weight_of("head")[triangles] > 0.5).all(1)]

    @cached_property
    def eye(self) -> Tensor:
        """The middle between the eyes (3,)."""
        middle = self.signer.rest[self.signer.anatomy.group("eyes").unique()].mean(0)
        return middle * middle.new_tensor([0.0, 1.0, 1.0])

    @cached_property
    def centre(self) -> Tensor:
        """The middle of the skull (3,)."""
        return self.signer.rest[self.scalp.unique()].mean(0) - torch.tensor([0.0, 0.0, 0.03])

    @cached_property
    def half_width(self) -> float:
        """Half of the face's width at the cheekbones, in metres."""
        anatomy = self.signer.anatomy
        x, y, z = anatomy.template.unbind(1)
        cheeks = (y > -0.13) & (y < -0.07) & (z > 0.68) & (z < 0.74) & (x.abs() < 0.09)
        return float(self.signer.rest[cheeks, 0].abs().max())

    def height(self, template_height: float) -> float:
        """Return the height on this signer of a height in the template, about the eyes."""
        rows = self.signer.anatomy.skeleton.rows
        eye = float(self.signer.anatomy.template_heads[rows["eye.L"], 2])
        return template_height - eye + float(self.eye[2])

    def on(self, place: Tensor) -> tuple[Tensor, Tensor]:
        """Return where template places (N, 3) are on this signer, and the skin's normals there."""
        rows = self.body_rows
        gaps, near = torch.cdist(place, self.signer.anatomy.template[rows]).topk(
            _NEAR, largest=False
        )
        weights = 1 / (gaps + 1e-3) ** 2
        weights = (weights / weights.sum(1, keepdim=True))[..., None]
        normals = (self.normals[rows][near] * weights).sum(1)
        return (self.signer.rest[rows][near] * weights).sum(1), unit(normals)

    def cleared(self, points: Tensor, margin: Tensor) -> Tensor:
        """Return points (N, 3) at least ``margin`` (N,) metres outside the body."""
        rows = self.body_rows
        return pushed_out(points, self.signer.rest[rows], self.normals[rows], margin)

    def hanging(self, vertices: Tensor) -> Tensor:
        """Return how much each bone moves hair at (V, 3): the head, and shoulders below."""
        skeleton = self.signer.anatomy.skeleton
        head = smoothstep(-0.20, -0.09, vertices[:, 2] - self.eye[2])
        skin = torch.zeros(len(vertices), len(skeleton.names))
        skin[:, skeleton.rows["head"]] = head
        skin[:, skeleton.rows["neck01"]] = 0.4 * (1 - head)
        skin[:, skeleton.rows["spine01"]] = 0.6 * (1 - head)
        return skin


def unit(vectors: Tensor) -> Tensor:
    """Return the vectors (..., 3) at unit length."""
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp(min=1e-9)


def along(vectors: Tensor, normals: Tensor) -> Tensor:
    """Return what of vectors (N, 3) runs along surfaces with these normals, at unit length."""
    return unit(vectors - (vectors * normals).sum(1, keepdim=True) * normals)


def dyed(coiffure: Coiffure, share: Tensor) -> Tensor:
    """Return hair's colour (..., 3), ``share`` from roots (0) to ends (1)."""
    roots, tips = share.new_tensor(coiffure.colour), share.new_tensor(coiffure.tips)
    return torch.lerp(roots.expand(*share.shape, 3), tips, share[..., None])


def hair_piece(
    *,
    rest: Tensor,
    strands: Tensor,
    skin: Tensor,
    colour: Tensor,
    cut: Tensor,
    triangles: Tensor,
    two_sided: bool = True,
    material: Material = Material.HAIR,
    part: Part = Part.BODY,
    source: Tensor | None = None,
) -> Piece:
    """Return a piece of hair; strands (V, 3): across, along, and nothing.

    source (V,): the body's vertices whose face actions it follows, if any.
    """
    parts = torch.full_like(triangles[:, 0], part)
    return Piece(
        rest=rest,
        template=strands,
        skin=skin,
        colour=colour,
        cut=cut,
        source=torch.full_like(cut, -1, dtype=torch.long) if source is None else source,
        triangles=triangles,
        material=torch.full_like(parts, material),
        part=parts,
        two_sided=torch.full_like(parts, two_sided, dtype=torch.bool),
        casts=torch.zeros_like(parts, dtype=torch.bool),
    )


@dataclass(frozen=True)
class Shell:
    """lift: metres above the scalp on top, and sides: of that at the sides; round: how far the
    shell is a ball instead of the skull's shape, 0 to 1; lumps: how uneven; comb: where strands
    run: to the side, to the back, or curled.
    """

    lift: float
    sides: float = 0.6
    round: float = 0.0
    lumps: float = 0.15
    comb: str = "side"


def shell_piece(head: Head, shell: Shell) -> Piece:
    """Return the hair that covers the scalp."""
    signer, coiffure, above = head.signer, head.coiffure, head.above
    place = signer.anatomy.template
    strands = combed(place, shell.comb)
    lift = shell.lift * smoothstep(-0.002, 0.03 + 0.4 * shell.lift, above)
    lift = lift * torch.lerp(
        torch.tensor(shell.sides), torch.tensor(1.0), smoothstep(0.755, 0.82, place[:, 2])
    )
    locks = value_noise(strands * strands.new_tensor([1.0, 0.2, 1.0]), 0.014, coiffure.seed + 2)
    lift = lift * (1 + shell.lumps * (locks + value_noise(place, 0.03, coiffure.seed + 3)))
    outwards = unit(torch.lerp(head.normals, unit(signer.rest - head.centre), shell.round))
    edge = 0.75 + 0.25 * smoothstep(0.0, 0.02, above)
    return hair_piece(
        rest=signer.rest + lift[:, None] * outwards,
        strands=strands,
        skin=signer.anatomy.skin,
        colour=dyed(coiffure, 0.3 * smoothstep(0.0, 0.08, above)) * edge[:, None],
        cut=above - _THIN,
        triangles=head.scalp,
        two_sided=False,
    )


def combed(place: Tensor, comb: str) -> Tensor:
    """Return the strand coordinates (V, 3) of hair combed over template places (V, 3)."""
    x, y, z = place.unbind(1)
    if comb == "curled":
        # as short along as across
        return torch.stack([x + 0.7 * y, 25 * (z + 0.3 * y - 0.5 * x), 0 * x], 1)
    if comb == "back":
        # round the spot behind the head where combed strands meet
        across = torch.atan2(x, z - 0.74 + 0.12 * (y - 0.05).clamp(min=0))
        return torch.stack([0.08 * across, y, 0 * x], 1)
    return torch.stack([y + 0.25 * z, x.abs() + z, 0 * x], 1)
