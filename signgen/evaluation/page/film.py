"""What is seen of a clip: one film of generated, real and driving pictures side by side, and hands.

All that a page shows of a clip's frames is made here, in one pass, as bytes.
"""

import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pose_sequences.draw import draw
from pose_sequences.sequence import PoseSequence
from pose_sequences.video.mp4 import Mp4Writer
from signgen.evaluation.figures import Chunk
from signgen.evaluation.footage import check_poses, open_pair, read_chunks
from signgen.evaluation.page.picks import Pick, worst_hands
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.regions import cut_out, find_regions, no_regions
from signgen.evaluation.results import ClipFigures

PANEL_SIDE = 256  # of a picture's longer side; larger ones are scaled down
CROP_SIDE = 144
QUALITIES = (28, 34, 40)  # x264's crf; the next where a film is too heavy
_JPEG_QUALITY = 82
_MAP_SIDE = 1024  # of a pose map that a hand is cut out of

Frame = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Still:
    """A hand enlarged: a JPEG for each panel of the film."""

    pick: Pick
    pictures: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Film:
    """A clip to be looked at.

    mp4: the panels side by side; poster: a JPEG of the frame ``start``; panels: what they show;
    width, height: of one panel; stills: enlarged hands, worst first.
    """

    mp4: bytes
    poster: bytes
    start: int
    panels: tuple[str, ...]
    width: int
    height: int
    fps: float
    num_frames: int
    stills: tuple[Still, ...]

    @property
    def weight(self) -> int:
        """Bytes of all pictures, before they are written as text."""
        stills = sum(len(picture) for still in self.stills for picture in still.pictures)
        return len(self.mp4) + len(self.poster) + stills


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a film is made from.

    poses: by which hands are found and which are drawn, None where there are none; driving: whether
    they drove the generated clip, rather than being found in the real one.
    """

    pair: ClipPair
    clip: ClipFigures
    poses: PoseSequence | None
    driving: bool
    resize: bool

    @property
    def panels(self) -> tuple[str, ...]:
        """Return the panels' names."""
        words = ["generated"]
        if self.pair.reference is not None:
            words.append("real")
        if self.poses is not None:
            words.append("driving poses" if self.driving else "poses found in the real clip")
        return tuple(words)


def make_film(shown: Shown, most_bytes: int) -> Film:
    """Return a clip's film, its quality such that it weighs at most ``most_bytes`` if it can.

    Raises InputError where a clip can no longer be read, or has other poses now.
    """
    for crf in QUALITIES:
        film = _filmed(shown, crf)
        if film.weight <= most_bytes:
            break
    return film


def jpeg(picture: Frame) -> bytes:
    """Return a picture (H, W, 3) as a JPEG."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "JPEG", quality=_JPEG_QUALITY)
    return content.getvalue()


def _filmed(shown: Shown, crf: int) -> Film:
    opened = open_pair(shown.pair, resize=shown.resize)
    footage = opened.footage
    regions = no_regions(footage.num_frames)
    if shown.poses is not None:
        check_poses(shown.pair.poses or shown.pair.generated, shown.poses, footage)
        regions = find_regions(shown.poses, footage.size)
    picks = worst_hands(shown.clip, regions)
    start = picks[0].frame if picks else footage.num_frames // 2
    width, height = panel_size(footage.size)
    stills: dict[Pick, Still] = {}
    poster = b""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "film.mp4"
        size = len(shown.panels) * width, height
        with Mp4Writer(path, *size, footage.fps, crf=crf) as video:
            maps = _maps(shown.poses, (width, height))
            for chunk in read_chunks(opened, shown.poses):
                for index in range(len(chunk)):
                    picture = _side_by_side(chunk, index, maps, (width, height))
                    video.write(picture)
                    if chunk.first + index == start:
                        poster = jpeg(picture)
                stills |= {pick: _still(pick, chunk, shown.poses) for pick in _inside(picks, chunk)}
        mp4 = path.read_bytes()
    return Film(
        mp4=mp4,
        poster=poster,
        start=start,
        panels=shown.panels,
        width=width,
        height=height,
        fps=footage.fps,
        num_frames=footage.num_frames,
        stills=tuple(stills[pick] for pick in picks),
    )


def panel_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return the even (width, height) that pictures of this size are shown in."""
    scale = min(1.0, PANEL_SIDE / max(size))
    width, height = (max(16, 2 * round(side * scale / 2)) for side in size)
    return width, height


def _maps(poses: PoseSequence | None, size: tuple[int, int]) -> Iterator[Frame]:
    return iter(()) if poses is None else draw(poses, size=size)


def _side_by_side(chunk: Chunk, index: int, maps: Iterator[Frame], size: tuple[int, int]) -> Frame:
    pictures = [chunk.generated[index]]
    if chunk.reference is not None:
        pictures.append(chunk.reference[index])
    panels = [_scaled(picture, size) for picture in pictures]
    return np.concatenate([*panels, *islice(maps, 1)], axis=1)


def _scaled(picture: Frame, size: tuple[int, int]) -> Frame:
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))


def _inside(picks: list[Pick], chunk: Chunk) -> list[Pick]:
    return [pick for pick in picks if chunk.first <= pick.frame < chunk.first + len(chunk)]


def _still(pick: Pick, chunk: Chunk, poses: PoseSequence | None) -> Still:
    index = pick.frame - chunk.first
    boxes = chunk.regions.frames(index, index + 1).boxes(pick.hand)
    pictures = [chunk.generated[index]]
    if chunk.reference is not None:
        pictures.append(chunk.reference[index])
    crops = [(picture, boxes) for picture in pictures]
    if poses is not None:
        height, width = pictures[0].shape[:2]
        scale = max(1.0, _MAP_SIDE / max(width, height))
        size = round(scale * width), round(scale * height)
        (drawn,) = draw(poses, size=size, frames=[pick.frame])
        crops.append((drawn, boxes * np.float32(scale)))
    cut = (cut_out(picture[None], box, CROP_SIDE)[0] for picture, box in crops)
    return Still(
        pick=pick, pictures=tuple(jpeg(crop.round().clip(0, 255).astype(np.uint8)) for crop in cut)
    )
