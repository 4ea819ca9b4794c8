"""Close-ups: upright squares around both hands and the face, cut out of pictures and put back.

In a square of its own a hand always stands the same way and has the same size, so that a small
network can learn how it looks.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from pose_sequences.layout import Part
from pose_sequences.sequence import FAINT
from signgen.constants import constant, rows_of, rows_of_part
from signgen.pose_maps import Points

PARTS: tuple[Part, ...] = ("left_hand", "right_hand", "face")  # in the order of the squares
_AXES = (  # from, to: what shows upwards
    ("left_hand.wrist", "left_hand.middle_mcp"),
    ("right_hand.wrist", "right_hand.middle_mcp"),
    ("face.152", "face.10"),
)
_MARGIN = 1.25  # of a square, around the farthest point
_LEAST = 0.1  # shoulder widths, of half a square's side
_FEATHER = 0.25  # of half a square's side: what is put back fades towards the border


def find_close_ups(points: Points, name: str, size: tuple[int, int]) -> Tensor:
    """Return close-ups (N, 3, 2, 3): from a square's coordinates, -1 to 1, to the picture's.

    name: the layout; size: (width, height) of the picture. The left hand's square is a mirror
    image, so that both hands look alike in theirs. Where a part is not seen, zeros.
    """
    squares = []
    for part, axis in zip(PARTS, _AXES, strict=True):
        rows = rows_of_part(name, part, points.places.device)
        there = points.confidence[:, rows] > FAINT  # (N, P)
        places = points.places[:, rows, :2]
        up = _up(points, name, axis)
        right = torch.stack((-up[:, 1], up[:, 0]), dim=1)
        turn = torch.stack((right, -up), dim=1)  # (N, 2, 2): right and down in rows
        centre = (_middle(places @ turn.mT, there)[:, None] @ turn)[:, 0]
        away = ((places - centre[:, None]).norm(dim=2) * there).amax(1)
        half = torch.maximum(_MARGIN * away, _LEAST * points.shoulders)[:, None]
        if part == "left_hand":
            right = -right
        square = torch.stack((half * right, -half * up, centre), dim=2)  # (N, 2, 3), in pixels
        squares.append(square * there.any(1)[:, None, None])
    extent = constant((float(size[0]), float(size[1])), points.places.device)
    found = torch.stack(squares, dim=1) * (2 / extent)[:, None]
    seen = are_there(found)[..., None]
    return torch.cat((found[..., :2], found[..., 2:] - seen[..., None].to(found)), dim=-1)


def are_there(close_ups: Tensor) -> Tensor:
    """Return (N, 3): which parts of close-ups (N, 3, 2, 3) are seen."""
    return close_ups[..., :2].abs().amax(dim=(2, 3)) > 0


def cut_out(pictures: Tensor, close_ups: Tensor, side: int) -> Tensor:
    """Return squares (N, 3, C, side, side) of pictures (N, C, H, W); zeros where a part is not."""
    num, parts = close_ups.shape[:2]
    flat = close_ups.flatten(0, 1).float()
    grid = F.affine_grid(flat, [len(flat), 1, side, side], align_corners=False)
    grid = grid.unflatten(0, (num, parts)).flatten(1, 2)  # the parts below each other
    found = F.grid_sample(pictures.float(), grid, align_corners=False)
    squares = found.unflatten(2, (parts, side)).movedim(2, 1)
    return squares * are_there(close_ups)[..., None, None, None]


def put_back(pictures: Tensor, changes: Tensor, close_ups: Tensor) -> Tensor:
    """Return pictures (N, C, H, W) with the changes of their squares (N, 3, C, S, S) added.

    changes: feathered already; where squares overlap each counts as much as its feather says.
    """
    size, side = pictures.shape[-2:], changes.shape[-1]
    share = feather(side, changes.device).expand(len(changes), 1, side, side)
    total = share.new_zeros(len(changes), changes.shape[2] + 1, *size)
    for part, back in enumerate(_inverse(close_ups).unbind(1)):
        grid = F.affine_grid(back, [len(back), 1, *size], align_corners=False)
        seen = torch.cat((changes[:, part].float(), share), dim=1)
        total = total + F.grid_sample(seen, grid, align_corners=False)
    change = total[:, :-1] / total[:, -1:].clamp(min=1)
    return pictures + change.to(pictures.dtype)


def feather(side: int, device: torch.device) -> Tensor:
    """Return weights (side, side): 1 in the middle of a square, 0 at its border."""
    steps = (torch.arange(side, device=device) + 0.5) / side * 2 - 1
    edge = ((1 - steps.abs()) / _FEATHER).clamp(0, 1)
    return torch.minimum(edge[:, None], edge[None])


def _middle(places: Tensor, there: Tensor) -> Tensor:
    """Return the middle (N, 2) of the box around places (N, P, 2) that are there (N, P)."""
    far = 1e6
    low = torch.where(there[..., None], places, far).amin(1)
    high = torch.where(there[..., None], places, -far).amax(1)
    return (low + high) / 2


def _up(points: Points, name: str, axis: tuple[str, str]) -> Tensor:
    """Return unit vectors (N, 2) from one point to another, upwards where they are not seen."""
    rows = rows_of(name, axis, points.places.device)
    start, end = points.places[:, rows, :2].unbind(1)
    seen = (points.confidence[:, rows] > FAINT).all(1)
    length = (end - start).norm(dim=1)
    seen &= length > 1e-3
    upright = constant((0.0, -1.0), points.places.device)
    return torch.where(seen[:, None], (end - start) / length.clamp(min=1e-3)[:, None], upright)


def _inverse(close_ups: Tensor) -> Tensor:
    """Return (N, 3, 2, 3): from the picture's coordinates to a square's, all outside if none is."""
    turn, shift = close_ups[..., :2].float(), close_ups[..., 2:].float()
    there = are_there(close_ups)[..., None, None]
    unit = torch.eye(2, device=turn.device).expand_as(turn)
    # without a look whether it can be done, for which a GPU's host would wait
    back = torch.linalg.inv_ex(torch.where(there, turn, unit)).inverse
    outside = torch.full_like(shift, 3.0)
    return torch.cat(
        (torch.where(there, back, 0.0), torch.where(there, -back @ shift, outside)), dim=-1
    )
