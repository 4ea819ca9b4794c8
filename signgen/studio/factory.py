"""The signer factory: any number of signers from one bundled file, with torch alone.

Signers live on the CPU, where a seed means the same everywhere; a dressed signer (figure.py) moves
to a device as a whole. Clothes and light are the wardrobe's; the file itself is made by body.py.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from signgen.studio.breadth import Breadth
from signgen.studio.complexion import Complexion, draw_complexion
from signgen.studio.kinematics import Skeleton
from signgen.studio.phenotypes import TRAITS, draw_traits, draw_wide_traits, variation_weights

BUNDLED = Path(__file__).with_name("factory.safetensors")
_NUM_TIP_VERTICES = 6
_SEEN_PALMS = (0.28, 0.155, 0.105)  # linear, of the darkest skin before an open camera


@dataclass(frozen=True)
class Anatomy:
    """What all signers share: V vertices, F triangles, J bones, A face actions.

    template (V, 3) and template_heads (J, 3): places to paint and to cut by; triangles (F, 3);
    groups (F,) and paint (V, P) by the names beside them; skin (V, J): how much each bone moves
    each vertex; action_moves (A, H, 3): what face actions do to the vertices action_rows (H,).
    """

    skeleton: Skeleton
    actions: tuple[str, ...]
    group_names: tuple[str, ...]
    paint_names: tuple[str, ...]
    template: Tensor
    template_heads: Tensor
    triangles: Tensor
    groups: Tensor
    paint: Tensor
    skin: Tensor
    action_rows: Tensor
    action_moves: Tensor

    def group(self, name: str) -> Tensor:
        """Return the triangles (F', 3) of a group."""
        return self.triangles[self.groups == self.group_names.index(name)]

    def painted(self, name: str) -> Tensor:
        """Return a paint mask (V,) from 0 to 1."""
        return self.paint[:, self.paint_names.index(name)]

    @cached_property
    def fingertips(self) -> Tensor:
        """The vertices (2, 5, 6) at the ends of the left and right fingers: their mean is a tip."""
        body = self.group("body").unique()
        tips = []
        for bones in self.skeleton.fingers("L") + self.skeleton.fingers("R"):
            own = body[self.skin[body, bones[-1]] > 0.6]
            away = (self.template[own] - self.template_heads[bones[-1]]).norm(dim=1)
            tips.append(own[away.topk(_NUM_TIP_VERTICES).indices])
        return torch.stack(tips).unflatten(0, (2, -1))

    def weight_of(self, *prefixes: str) -> Tensor:
        """Return how much the bones with these prefixes move each vertex, (V,)."""
        names = self.skeleton.names
        rows = [row for row, name in enumerate(names) if name.startswith(prefixes)]
        return self.skin[:, rows].sum(1)


@dataclass(frozen=True)
class Signer:
    """One person: a body at rest and the colours of their skin and eyes.

    traits (11,): as phenotypes.TRAITS; rest (V, 3): vertices; to_reference (J, 3, 4): from the rest
    to the reference pose; heads (J, 3): joints in the reference pose.
    """

    seed: int
    traits: Tensor
    rest: Tensor
    to_reference: Tensor
    heads: Tensor
    complexion: Complexion
    anatomy: Anatomy

    def trait(self, name: str) -> float:
        """Return one trait, from 0 to 1."""
        return float(self.traits[TRAITS.index(name)])


@dataclass(frozen=True)
class Shapes:
    """How traits and identity become bodies, as body.py writes it: linear maps, named alike."""

    rest_mean: Tensor
    rest_basis: Tensor
    trait_mask: Tensor
    trait_mean: Tensor
    trait_projection: Tensor
    heads_mean: Tensor
    heads_basis: Tensor
    turns_mean: Tensor
    turns_basis: Tensor
    reference_turns: Tensor
    identity_rows: Tensor
    identity_basis: Tensor
    identity_heads: Tensor


@dataclass(frozen=True)
class Bodies:
    """N bodies: rest (N, V, 3), to_reference (N, J, 3, 4), heads (N, J, 3), as in Signer."""

    rest: Tensor
    to_reference: Tensor
    heads: Tensor


class SignerFactory:
    """Makes signers; one a process is enough, it holds some 30 MB."""

    def __init__(self, anatomy: Anatomy, shapes: Shapes) -> None:
        self.anatomy = anatomy
        self.shapes = shapes

    @classmethod
    def load(cls) -> "SignerFactory":
        """Read the bundled factory file."""
        with safe_open(BUNDLED, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            about = file.metadata()
        shapes = {f.name: tensors[f.name] for f in fields(Shapes)}
        shapes = {n: t if t.dtype == torch.bool else _plain(t) for n, t in shapes.items()}
        return cls(_anatomy(tensors, about), Shapes(**shapes))

    def signer(self, seed: int, breadth: Breadth = "narrow") -> Signer:
        """Return the signer of a seed."""
        return self.signers([seed], breadth)[0]

    def signers(self, seeds: Sequence[int], breadth: Breadth = "narrow") -> list[Signer]:
        """Return the signers of these seeds."""
        drawn = [_draw(seed, len(self.shapes.identity_basis), breadth) for seed in seeds]
        traits = torch.stack([traits for traits, _, _ in drawn])
        identity = torch.stack([identity for _, identity, _ in drawn])
        bodies = self.bodies(traits, identity)
        return [
            Signer(
                seed=seed,
                traits=traits[n],
                rest=bodies.rest[n],
                to_reference=bodies.to_reference[n],
                heads=bodies.heads[n],
                complexion=drawn[n][2],
                anatomy=self.anatomy,
            )
            for n, seed in enumerate(seeds)
        ]

    def bodies(self, traits: Tensor, identity: Tensor) -> Bodies:
        """Return bodies by traits (N, 11) and identity coefficients (N, I)."""
        shapes = self.shapes
        weights = variation_weights(traits, shapes.trait_mask)
        code = (weights - shapes.trait_mean) @ shapes.trait_projection  # (N, C)
        rest = shapes.rest_mean + torch.einsum("nc,cvi->nvi", code, shapes.rest_basis)
        rest[:, shapes.identity_rows] += torch.einsum(
            "nc,cvi->nvi", identity, shapes.identity_basis
        )
        heads = shapes.heads_mean + torch.einsum("nc,cji->nji", code, shapes.heads_basis)
        heads = heads + torch.einsum("nc,cji->nji", identity, shapes.identity_heads)
        turns = shapes.turns_mean + torch.einsum("nc,cjik->njik", code, shapes.turns_basis)
        turns = _nearest_rotation(turns)
        turns[:, 0] = torch.eye(3)  # the root keeps the world's axes
        return Bodies(rest, *self._to_reference(heads, turns))

    def _to_reference(self, heads: Tensor, turns: Tensor) -> tuple[Tensor, Tensor]:
        # every bone takes its reference orientation and carries its children with it
        parents = self.anatomy.skeleton.parents
        righting = self.shapes.reference_turns @ turns.mT
        righting[:, 0] = torch.eye(3)
        placed = [torch.zeros_like(heads[:, 0])]
        for bone, parent in enumerate(parents[1:], start=1):
            offset = (heads[:, bone] - heads[:, parent])[..., None]
            placed.append(placed[parent] + (righting[:, parent] @ offset)[..., 0])
        reference = torch.stack(placed, 1)
        shift = reference[..., None] - righting @ heads[..., None]
        return torch.cat([righting, shift], 3), reference


def _draw(seed: int, num_identities: int, breadth: Breadth) -> tuple[Tensor, Tensor, Complexion]:
    generator = torch.Generator().manual_seed(seed)
    traits = (draw_traits if breadth == "narrow" else draw_wide_traits)(1, generator)[0]
    identity = torch.randn(num_identities, generator=generator).clamp(-2.2, 2.2)
    complexion = draw_complexion(traits, generator)
    if breadth == "wide":  # whose cameras open for dark skin until its palms would be white
        complexion = replace(complexion, palms=_SEEN_PALMS)
    return traits, identity, complexion


def _nearest_rotation(matrices: Tensor) -> Tensor:
    left, _, right = torch.linalg.svd(matrices.double())
    sign = torch.linalg.det(left @ right)
    left = torch.cat([left[..., :2], left[..., 2:] * sign[..., None, None]], -1)
    return (left @ right).float()


def _plain(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor.long()


def _anatomy(tensors: dict[str, Tensor], about: dict[str, str]) -> Anatomy:
    names = tuple(json.loads(about["bones"]))
    dense = torch.zeros(len(tensors["template"]), len(names))
    dense.scatter_(1, tensors["skin_bones"].long(), tensors["skin_weights"].float())
    return Anatomy(
        skeleton=Skeleton(names, tuple(json.loads(about["parents"]))),
        actions=tuple(json.loads(about["actions"])),
        group_names=tuple(json.loads(about["groups"])),
        paint_names=tuple(json.loads(about["paint"])),
        template=tensors["template"].float(),
        template_heads=tensors["template_heads"].float(),
        triangles=tensors["triangles"].long(),
        groups=tensors["groups"].long(),
        paint=tensors["paint"].float() / 255,
        skin=dense.float(),
        action_rows=tensors["action_rows"].long(),
        action_moves=tensors["action_moves"].float(),
    )
