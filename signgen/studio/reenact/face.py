"""Face actions from landmark ratios: what opens, rises and narrows, in closed form.

Lengths are compared with others of the same face that run the same way, so that neither the head's
turn nor the picture's size matters; what an action does to a ratio is measured on the signer.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pose_sequences.layout import layout
from pose_sequences.sequence import FAINT, PoseSequence
from signgen.studio.factory import Signer
from signgen.studio.keypoints import LAYOUT, NUM_FACE, bundled_correspondence

Pair = tuple[int, int]
_ACROSS, _UPRIGHT = (33, 263), (168, 2)  # the eyes' outer corners; the nose, root to base


@dataclass(frozen=True)
class Ratio:
    """A length between two points over another, and what moves it.

    more, less: the actions that make it larger and smaller; calm: the quantile of a clip's frames
    at which the face is calm, None where the signer's own calm face tells.
    """

    length: Pair
    over: Pair
    more: tuple[str, ...]
    less: tuple[str, ...]
    calm: float | None


# In this order: what one has explained is taken off those after it.
RATIOS = (
    Ratio((13, 14), _UPRIGHT, ("jawOpen",), (), None),
    Ratio((61, 291), _ACROSS, ("mouthSmileLeft", "mouthSmileRight"), ("mouthPucker",), 0.5),
    Ratio((385, 380), (362, 263), (), ("eyeBlinkLeft",), 0.8),
    Ratio((160, 144), (33, 133), (), ("eyeBlinkRight",), 0.8),
    Ratio((334, 263), _UPRIGHT, ("browOuterUpLeft", "browInnerUp"), ("browDownLeft",), 0.5),
    Ratio((105, 33), _UPRIGHT, ("browOuterUpRight",), ("browDownRight",), 0.5),
)
_PATIENCE = 12.0  # frames from which on a clip's own calm face outweighs the signer's
_MOST = 1.0
_CLOSED = 0.02  # what closed lips are apart by


def face_actions(signer: Signer, sequence: PoseSequence) -> Tensor:
    """Return how strongly each action of the signer acts (T, A), 0 to 1.

    Where a ratio was not seen it is interpolated; a face that is never seen keeps calm.
    """
    sequence = sequence.converted(LAYOUT)
    rows = layout(LAYOUT).part("face")
    points = torch.from_numpy(sequence.keypoints[:, rows, :2])
    seen = torch.from_numpy(sequence.confidence[:, rows] > FAINT)
    names = signer.anatomy.actions
    calm, moved = _signer_ratios(signer)
    actions = torch.zeros(len(points), len(names))
    for n, ratio in enumerate(RATIOS):
        values, there = _ratio(points, ratio), _there(seen, ratio)
        if not there.any():
            continue
        away = _interpolated(values - _calm(values[there], ratio, float(calm[n])), there)
        away = away - actions @ (moved[:, n] - calm[n])
        for acting, sign in ((ratio.more, 1.0), (ratio.less, -1.0)):
            chosen = [names.index(name) for name in acting]
            reach = sign * float((moved[chosen, n] - calm[n]).sum()) if chosen else 0.0
            if reach > 0:
                strength = (sign * away / reach).clamp(0, _MOST)
                actions[:, chosen] = torch.maximum(actions[:, chosen], strength[:, None])
    return actions


def _calm(values: Tensor, ratio: Ratio, signers: float) -> float:
    """Return a ratio of the calm face: the clip's own, the signer's where the clip is short."""
    if ratio.calm is None:
        return _CLOSED
    own = float(values.quantile(ratio.calm))
    return (own * len(values) + signers * _PATIENCE) / (len(values) + _PATIENCE)


def _ratio(points: Tensor, ratio: Ratio) -> Tensor:
    """Return a ratio of points (T, 478, 2), (T,)."""
    length, over = (
        (points[:, pair[0]] - points[:, pair[1]]).norm(dim=1) for pair in (ratio.length, ratio.over)
    )
    return length / over.clamp(min=1e-6)


def _there(seen: Tensor, ratio: Ratio) -> Tensor:
    return seen[:, [*ratio.length, *ratio.over]].all(1)


def _interpolated(values: Tensor, there: Tensor) -> Tensor:
    """Return values (T,), those that are not there taken from the frames around."""
    frames = torch.arange(len(values))
    known = frames[there]
    after = torch.searchsorted(known, frames).clamp(max=len(known) - 1)
    before = (after - 1).clamp(min=0)
    first, last = known[before], known[after]
    share = ((frames - first) / (last - first).clamp(min=1)).clamp(0, 1)
    between = values[first].lerp(values[last], share)
    return torch.where(there, values, between)


def _signer_ratios(signer: Signer) -> tuple[Tensor, Tensor]:
    """Return the ratios (R,) of the signer's calm face, and with each action alone (A, R)."""
    anatomy = signer.anatomy
    correspondence = bundled_correspondence()
    corners, weights = correspondence.corners, correspondence.weights[..., None]
    calm = (signer.rest[corners] * weights).sum(1)  # (478, 3)
    place = torch.full((len(anatomy.template),), -1)
    place[anatomy.action_rows] = torch.arange(len(anatomy.action_rows))
    rows = place[corners.flatten()]
    moves = anatomy.action_moves[:, rows.clamp(min=0)] * (rows >= 0)[:, None]
    moved = calm + (moves.unflatten(1, (NUM_FACE, 3)) * weights).sum(2)  # (A, 478, 3)
    faces = torch.cat([calm[None], moved])[..., [0, 2]]
    ratios = torch.stack([_ratio(faces, ratio) for ratio in RATIOS], 1)
    return ratios[0], ratios[1:]
