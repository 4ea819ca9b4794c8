"""How steady a clip is: flicker, seams and drift, each against what the motion itself asks for.

A loss and a metric share these definitions. Frames come as (B, T, C, H, W) in any scale, and what
is returned is in the same; all is differentiable, except where a mask is chosen.
"""

from collections.abc import Collection

import torch
import torch.nn.functional as F
from torch import Tensor


def changes(frames: Tensor) -> Tensor:
    """Return the mean absolute change from each frame to the next, (B, T-1)."""
    return _steps(frames).abs().mean(dim=(2, 3, 4))


def motion_error(frames: Tensor, target: Tensor) -> Tensor:
    """Return how far the frame-to-frame changes are from the target's, (B, T-1).

    A clip that differs from its target by a constant picture has none: only what flickers, jumps or
    moves otherwise counts.
    """
    return (_steps(frames) - _steps(target)).abs().mean(dim=(2, 3, 4))


def consistency_difference(frames: Tensor, target: Tensor) -> Tensor:
    """Return PGMM's temporal consistency difference of the inner frames, (B, T-2).

    Each frame is compared with the target's frames before and after it, and the difference with the
    one that the target's own frame has from them. So says the paper's abstract (arXiv 2409.16709);
    distance and mean are ours: absolute differences, pixel by pixel.
    """
    asked = _steps(target).abs()
    before = (frames[:, 1:-1] - target[:, :-2]).abs() - asked[:, :-1]
    after = (frames[:, 1:-1] - target[:, 2:]).abs() - asked[:, 1:]
    return (before.abs() + after.abs()).mean(dim=(2, 3, 4)) / 2


def motion_ratio(frames: Tensor, target: Tensor, moving: Tensor) -> Tensor:
    """Return the share of the target's change that the frames show where it moves, (B,).

    moving (B, T-1, 1, H, W): which pixels move from a frame to the next; below 1 is frozen, above
    it restless, nan where nothing moves.
    """
    shown, asked = (
        (_steps(clip).abs() * moving).sum(dim=(1, 2, 3, 4)) for clip in (frames, target)
    )
    return shown / torch.where(asked > 0, asked, torch.nan)


def moving_pixels(target: Tensor, threshold: float) -> Tensor:
    """Return which pixels change by more than ``threshold`` in a channel, (B, T-1, 1, H, W)."""
    return (_steps(target).abs() > threshold).any(dim=2, keepdim=True)


def still_pixels(total: Tensor, squares: Tensor, num_frames: int, tolerance: float) -> Tensor:
    """Return which pixels hold still, (B, 1, H, W): those of little deviation in each channel.

    total, squares (B, C, H, W): the sums of a clip's frames and of their squares; tolerance: the
    largest standard deviation over time.
    """
    variance = squares / num_frames - (total / num_frames).square()
    return (variance <= tolerance**2).all(dim=1, keepdim=True)


def flicker(squared_steps: Tensor, num_frames: int) -> Tensor:
    """Return how much each pixel flickers: its deviation over time by successive differences.

    Of noise without memory it is the standard deviation; a colour that walks slowly has none.
    squared_steps: the sum of the squared changes from frame to frame.
    """
    # the root's gradient at nothing is infinite
    return (squared_steps / (2 * (num_frames - 1))).clamp(min=1e-12).sqrt()


def still_flicker(frames: Tensor, target: Tensor, tolerance: float) -> Tensor:
    """Return how much more than the target's the pixels flicker that the target holds still, (B,).

    tolerance: of still_pixels; nan where no pixel holds still.
    """
    # from the first frame on: sums of squares of large numbers lose what little a still pixel moves
    moved = target - target[:, :1]
    still = still_pixels(moved.sum(1), moved.square().sum(1), target.shape[1], tolerance)
    shown, asked = (
        flicker(_steps(clip).square().sum(1), clip.shape[1]) for clip in (frames, target)
    )
    return excess_flicker(shown, asked, still)


def excess_flicker(shown: Tensor, asked: Tensor, still: Tensor) -> Tensor:
    """Return still_flicker of the flicker (B, C, H, W) of a clip and its target."""
    excess = ((shown - asked).clamp(min=0) * still).sum(dim=(1, 2, 3))
    count = still.sum(dim=(1, 2, 3)) * shown.shape[1]
    return excess / torch.where(count > 0, count, torch.nan)


def jumps(steps: Tensor, reach: int = 3) -> Tensor:
    """Return by how much each change goes beyond the median of those around it, (B, T-1).

    A swapped frame or a cut stands out, steady flicker and motion that swells do not. steps
    (B, T-1): of ``changes``; reach: how many before and after count as around.
    """
    reach = min(reach, steps.shape[1] - 1)
    # mirrored at the ends, where repeating would make a jump its own surroundings
    padded = F.pad(steps[:, None], (reach, reach), mode="reflect")[:, 0]
    around = padded.unfold(1, 2 * reach + 1, 1).median(dim=2).values
    return (steps - around).clamp(min=0)


def seam_score(
    steps: Tensor, edges: Collection[int], *, expected: Tensor | None = None, floor: float
) -> Tensor:
    """Return how far the changes at window edges are out of proportion, (B,): 1 if they are not.

    Without ``expected`` it is their mean over that of the changes inside the windows. With it, the
    target's changes (B, T-1), only what goes beyond them counts, in units of those inside: motion
    that happens to fall on an edge is no seam, nor is noise that lies on all frames.
    steps (B, T-1): of ``changes``; edges: frames that a window begins with; floor: added to the
    unit, so that a clip without motion has a score of 1. nan where all steps are edges, or none is.
    """
    at = torch.zeros(steps.shape[1], dtype=torch.bool, device=steps.device)
    for edge in edges:
        if 0 < edge <= len(at):
            at[edge - 1] = True
    if not at.any() or at.all():
        return steps.new_full(steps.shape[:1], torch.nan)
    excess = steps if expected is None else steps - expected
    unit = (steps if expected is None else expected)[:, ~at].mean(1) + floor
    return 1 + (excess[:, at].mean(1) - excess[:, ~at].mean(1)) / unit


def slope(series: Tensor) -> Tensor:
    """Return the least-squares slope a frame of series (B, T, ...), as (B, ...)."""
    time = torch.arange(series.shape[1], dtype=series.dtype, device=series.device)
    time = time - time.mean()
    weights = time / time.square().sum().clamp(min=1)
    return torch.einsum("t,bt...->b...", weights, series)


def colour_drift(frames: Tensor, target: Tensor, still: Tensor) -> Tensor:
    """Return how fast the colour of still pixels walks away from the target's, a frame, (B,).

    still (B, 1, H, W): of still_pixels; what moves changes the mean colour without any drift. nan
    where no pixel holds still.
    """
    return still_walk(slope(frames - target), still)


def still_walk(walk: Tensor, still: Tensor) -> Tensor:
    """Return colour_drift of the slopes of pixels (B, C, H, W) beyond the target's."""
    count = still.sum(dim=(2, 3))
    mean = (walk * still).sum(dim=(2, 3)) / torch.where(count > 0, count, torch.nan)  # (B, C)
    return torch.linalg.vector_norm(mean, dim=1)


def mean_colour_drift(colours: Tensor) -> Tensor:
    """Return how fast the mean colours (B, T, C) of a clip walk, (B,), motion or drift."""
    return torch.linalg.vector_norm(slope(colours), dim=1)


def identity_drift(embeddings: Tensor, target: Tensor | None = None) -> Tensor:
    """Return how fast the signer turns into somebody else, as slope of a cosine distance, (B,).

    embeddings (B, T, D): of the frames; target: of the true frames, each of which one of
    ``embeddings`` is compared with; None to compare with the mean of the clip's first quarter.
    """
    return slope(identity_distance(embeddings, target))


def identity_distance(embeddings: Tensor, target: Tensor | None = None) -> Tensor:
    """Return one minus the cosine of each frame's embedding with its target's, (B, T)."""
    if target is None:
        first = max(1, embeddings.shape[1] // 4)
        target = embeddings[:, :first].mean(dim=1, keepdim=True).expand_as(embeddings)
    return 1 - torch.cosine_similarity(embeddings, target, dim=-1)


def _steps(frames: Tensor) -> Tensor:
    return frames[:, 1:] - frames[:, :-1]
