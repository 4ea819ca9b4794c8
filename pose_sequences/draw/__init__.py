"""Pose maps: a PoseSequence as pictures that show a network, or a person, who does what where.

The one door to every style: `signgen` is ours, in signgen_style.py; the others belong to published
models, in published_styles.py. Pictures for people alone are preview.py's.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pose_sequences.draw.published_styles import draw_cfld_18, draw_fpdm_18, draw_fpdm_133
from pose_sequences.draw.signgen_style import draw_signgen
from pose_sequences.sequence import PoseSequence

Image = NDArray[np.uint8]
Style = Callable[[PoseSequence, NDArray[np.intp], int, int], Iterator[Image]]

STYLES: dict[str, Style] = {
    "signgen": draw_signgen,
    "fpdm-18": draw_fpdm_18,
    "fpdm-133": draw_fpdm_133,
    "cfld-18": draw_cfld_18,
}
MIN_SIDE, MAX_SIDE = 16, 8192


def draw(
    sequence: PoseSequence,
    *,
    style: str = "signgen",
    size: tuple[int, int] | None = None,
    frames: Sequence[int] | None = None,
) -> Iterator[Image]:
    """Return the pose maps in the order of ``frames``, each (H, W, 3), RGB on black.

    style: a name of STYLES. size: (width, height), None for the sequence's own; points are scaled
    in each direction by itself, strokes stay round. frames: indices, None for all. Raises
    ValueError for a style, a size or a frame that there is not.
    """
    width, height = size or (sequence.width, sequence.height)
    if style not in STYLES:
        raise ValueError(f"no style is called {style!r}; there are {', '.join(STYLES)}")
    if min(width, height) < MIN_SIDE or max(width, height) > MAX_SIDE:
        raise ValueError(
            f"a map of {width}x{height} was asked for; give a size of {MIN_SIDE} to {MAX_SIDE}"
        )
    chosen = np.array(range(len(sequence)) if frames is None else frames, np.intp)
    outside = chosen[(chosen < 0) | (chosen >= len(sequence))]
    if len(outside):
        raise ValueError(f"there is no frame {outside[0]}; the sequence has {len(sequence)}")
    return STYLES[style](sequence, chosen, width, height)
