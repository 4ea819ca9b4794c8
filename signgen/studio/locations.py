"""Where signs are made: places on a signer's own head and body, places before it, directions.

Places are found on the mesh, in the reference pose, and carried by a bone; in neutral space they
are counted from the shoulders. Sides are the strong hand's own: out is away from the middle.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.studio.factory import Signer
from signgen.studio.keypoints import bundled_correspondence
from signgen.studio.kinematics import SIDES

CHEST_BONE = "spine01"
HEAD_BONE = "head"
_MESH_SHOULDERS = 0.37  # metres between the shoulder joints of whom the tables below are made for


@dataclass(frozen=True)
class Location:
    """One place.

    bone: the bone that carries it, None in neutral space; face: the face point that it lies on,
    by the number of the left side; offset: metres out, forward and up from the face point or from
    the middle of the shoulders; other_side: on the half of the body that the other hand is on.
    """

    bone: str | None
    offset: tuple[float, float, float]
    face: int | None = None
    other_side: bool = False


def _face(point: int, out: float = 0.0, forward: float = 0.0, up: float = 0.0) -> Location:
    return Location(HEAD_BONE, (out, forward, up), point)


def _body(out: float, up: float, *, other_side: bool = False) -> Location:
    # how far forward the body ends is measured
    return Location(CHEST_BONE, (out, 0.0, up), other_side=other_side)


def _space(out: float, forward: float, up: float, *, other_side: bool = False) -> Location:
    return Location(None, (out, forward, up), other_side=other_side)


LOCATIONS: dict[str, Location] = {
    "space": _space(0.10, 0.36, -0.16),
    "space_high": _space(0.14, 0.36, 0.08),
    "space_low": _space(0.10, 0.34, -0.32),
    "space_side": _space(0.30, 0.32, -0.14),
    "space_across": _space(-0.12, 0.36, -0.16, other_side=True),
    "space_far": _space(0.12, 0.46, -0.10),
    "above": _space(0.24, 0.24, 0.26),
    "forehead": _face(151),
    "temple": _face(251),
    "eye": _face(346, forward=0.01),
    "nose": _face(4),
    "cheek": _face(425),
    "ear": _face(454, up=-0.01),
    "mouth": _face(14),
    "chin": _face(175),
    "chin_under": _face(152, forward=-0.02, up=-0.012),
    "jaw": _face(435),
    "neck": _body(0.03, 0.04),
    "shoulder": _body(0.13, 0.02),
    "shoulder_across": _body(-0.12, 0.0, other_side=True),
    "chest": _body(0.02, -0.12),
    "chest_side": _body(0.10, -0.14),
    "heart": _body(-0.08, -0.15, other_side=True),
    "ribs": _body(0.10, -0.24),
    "stomach": _body(0.02, -0.32),
}
# Directions of fingers and palm: out, forward, up.
ORIENTATIONS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "palm_forward": ((-0.1, 0.25, 1.0), (0.0, 1.0, -0.1)),
    "palm_back": ((-0.55, 0.05, 0.85), (0.0, -1.0, 0.2)),
    "palm_in": ((-0.15, 0.45, 0.9), (-1.0, 0.1, 0.0)),
    "palm_in_ahead": ((-0.25, 1.0, 0.25), (-1.0, -0.1, 0.0)),
    "palm_down_ahead": ((-0.2, 1.0, 0.1), (-0.1, 0.0, -1.0)),
    "palm_down_across": ((-0.9, 0.4, 0.1), (-0.05, 0.1, -1.0)),
    "palm_up_ahead": ((-0.1, 1.0, 0.15), (-0.1, 0.0, 1.0)),
    "palm_up_across": ((-0.85, 0.5, 0.1), (0.0, -0.2, 1.0)),
    "palm_back_across": ((-1.0, 0.1, 0.15), (0.1, -1.0, 0.1)),
    "palm_forward_slanted": ((-0.6, 0.3, 0.8), (0.1, 1.0, -0.1)),
}


@dataclass(frozen=True)
class BodyMap:
    """Where the places of one signer are, in the reference pose and metres.

    face (478, 3): the face points; tips (2, 5, 3): fingertips of the left and right hand; front
    (V', 3): points on the trunk's surface; shoulders (3,): their middle; size: of the arms and
    the trunk, 1 for a middling adult.
    """

    face: Tensor
    tips: Tensor
    front: Tensor
    shoulders: Tensor
    size: float

    @classmethod
    def of(cls, signer: Signer) -> "BodyMap":
        """Measure a signer."""
        anatomy = signer.anatomy
        rows = anatomy.skeleton.rows
        correspondence = bundled_correspondence()
        corners = _in_reference(signer, correspondence.corners.flatten()).unflatten(0, (-1, 3))
        tips = _in_reference(signer, anatomy.fingertips.flatten()).unflatten(0, (2, 5, -1)).mean(2)
        left, right = (signer.heads[rows[f"upperarm01.{side}"]] for side in SIDES)
        return cls(
            face=(corners * correspondence.weights[..., None]).sum(1),
            tips=tips,
            front=_in_reference(signer, _trunk(signer)),
            shoulders=(left + right) / 2,
            size=float((left - right).norm()) / _MESH_SHOULDERS,
        )

    @property
    def head(self) -> Tensor:
        """The middle of the head, (3,)."""
        ears = self.face[[454, 234]].mean(0)
        return ears + torch.tensor([0.0, 0.02, 0.03])

    def place(self, location: Location, out: float) -> Tensor:
        """Return where a location is (3,) for a hand whose own side is ``out``, 1 for the left."""
        offset = torch.tensor(location.offset) * torch.tensor([out, -1.0, 1.0])
        if location.face is not None:
            point = self.face[location.face].clone()
            point[0] *= out
            return point + offset
        point = self.shoulders + self.size * offset
        if location.bone is not None:
            point[1] = self._surface(point)
        return point

    def _surface(self, point: Tensor) -> Tensor:
        beside = (self.front[:, [0, 2]] - point[[0, 2]]).norm(dim=1)
        near = self.front[beside.topk(12, largest=False).indices]
        return near[:, 1].min()


def _trunk(signer: Signer) -> Tensor:
    anatomy = signer.anatomy
    trunk = anatomy.weight_of("spine", "neck", "clavicle", "shoulder", "pelvis") > 0.5
    worn = torch.cat([anatomy.group("body").unique(), anatomy.group("cloth").unique()])
    front = worn[trunk[worn]]
    middle = anatomy.template_heads[anatomy.skeleton.rows["spine03"], 1]
    return front[anatomy.template[front, 1] < middle]


def _in_reference(signer: Signer, vertices: Tensor) -> Tensor:
    """Return chosen vertices (N,) of the body in the reference pose, (N, 3)."""
    skin = signer.anatomy.skin[vertices]
    transforms = (skin @ signer.to_reference.flatten(1)).unflatten(1, (3, 4))
    turned = (transforms[:, :, :3] @ signer.rest[vertices][..., None])[..., 0]
    return turned + transforms[:, :, 3]
