"""Signs to a sentence: clips of one gloss each, brought to one body and led from one to the next.

Where signs come from is the business of lexicon.py; the sentence's captions, of webvtt.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest

import numpy as np

from pose_sequences.join.body import Shoulders, fitted, hand_speeds, shoulders
from pose_sequences.join.clip import Clip
from pose_sequences.join.hold import held
from pose_sequences.join.lexicon import Entry, Lexicon
from pose_sequences.join.transitions import Pace, transition
from pose_sequences.join.trim import signing_span
from pose_sequences.join.webvtt import webvtt
from pose_sequences.layout import layout
from pose_sequences.limits import MAX_FPS, MIN_FPS
from pose_sequences.sequence import PoseSequence, Segment, concatenate

__all__ = [
    "Clip",
    "Entry",
    "Join",
    "Joined",
    "Lexicon",
    "Piece",
    "join",
    "webvtt",
]

_FASTEST = 95  # the percentile of the signs' own hand speeds that is the transitions' limit
_LONGEST_HOLD = 10.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Join:
    """How signs are joined.

    fps, layout: of the sentence; None is the first clip's. hold: seconds for which a letter's
    handshape stands still at least. rest: keep what the first clip shows before its sign and the
    last one after. Raises ValueError for what cannot be.
    """

    fps: float | None = None
    layout: str | None = None
    hold: float = 0.0
    rest: bool = False

    def __post_init__(self) -> None:
        if self.fps is not None and not MIN_FPS <= self.fps <= MAX_FPS:
            raise ValueError(f"fps is {self.fps}; {MIN_FPS:g} to {MAX_FPS:g} is possible")
        if not 0 <= self.hold <= _LONGEST_HOLD:
            raise ValueError(f"hold is {self.hold} s; 0 to {_LONGEST_HOLD:g} is possible")
        if self.layout is not None:
            layout(self.layout)


@dataclass(frozen=True)
class Piece:
    """What became of a clip.

    start, stop: its frames that are the sign, the rest is cut; transition: frames after the sign in
    the sentence, 0 for the last.
    """

    clip: Clip
    start: int
    stop: int
    transition: int


@dataclass(frozen=True)
class Joined:
    """A sentence.

    sequence: its segments are the signs, and transitions belong to none; pieces: one a clip;
    fastest: the limit of the transitions, the 95th percentile of the signs' own hand speeds in
    shoulder widths a second.
    """

    sequence: PoseSequence
    pieces: tuple[Piece, ...]
    fastest: float


def join(clips: Sequence[Clip], settings: Join) -> Joined:
    """Return the clips as one sentence, in the frame and on the body of the first.

    Each clip is trimmed to its sign, scaled and shifted so that the shoulders agree, and resampled;
    transitions are as long as the hands need at the speed of the signs themselves. Raises
    ValueError if there is no clip or one shows no shoulders.
    """
    if not clips:
        raise ValueError("nothing to join; give at least one gloss")
    bodies = [_body(clip) for clip in clips]
    spans = [signing_span(clip.sequence, body) for clip, body in zip(clips, bodies, strict=True)]
    signs = [_marked(clip, span) for clip, span in zip(clips, spans, strict=True)]
    kept = _kept(signs, rest=settings.rest)
    stage = Stage.of(clips[0].sequence, bodies[0], settings)
    placed = [stage.place(sign, body) for sign, body in zip(kept, bodies, strict=True)]
    fastest = _own_speed(placed, stage.body)
    ways = [transition(a, b, stage.body, Pace(fastest=fastest)) for a, b in pairwise(placed)]
    parts = [part for pair in zip_longest(placed, ways) for part in pair if part is not None]
    lengths = [*map(len, ways), 0]
    pieces = tuple(
        Piece(clip, *span, length) for clip, span, length in zip(clips, spans, lengths, strict=True)
    )
    return Joined(_sentence(parts), pieces, fastest)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What all signs of a sentence share: the signer's place, the frame, the rate, the layout."""

    body: Shoulders
    size: tuple[int, int]
    fps: float
    layout: str
    hold: float

    @classmethod
    def of(cls, first: PoseSequence, body: Shoulders, settings: Join) -> "Stage":
        """Return the stage that the first sign and the settings make."""
        return cls(
            body=body,
            size=(first.width, first.height),
            fps=settings.fps or first.fps,
            layout=settings.layout or first.layout,
            hold=settings.hold,
        )

    def place(self, sign: PoseSequence, own: Shoulders) -> PoseSequence:
        """Return a sign on this stage; a letter stands still as long as it should."""
        moved = fitted(sign.converted(self.layout), own, self.body, self.size)
        moved = moved if moved.fps == self.fps else moved.resampled(self.fps)
        is_letter = Clip(sign.gloss, sign).is_letter
        return held(moved, self.body, self.hold) if is_letter and self.hold else moved


def _body(clip: Clip) -> Shoulders:
    body = shoulders(clip.sequence)
    if body is None:
        raise ValueError(f"{clip.gloss} shows no shoulders, by which signs are fitted")
    return body


def _marked(clip: Clip, span: tuple[int, int]) -> PoseSequence:
    """Return the whole clip with its sign as the only segment."""
    return replace(clip.sequence, gloss=clip.gloss, segments=(Segment(clip.gloss, *span),))


def _kept(signs: list[PoseSequence], *, rest: bool) -> list[PoseSequence]:
    """Cut the clips to their signs; ``rest`` keeps the first one's beginning, the last's end."""
    kept = []
    for i, sign in enumerate(signs):
        start, stop = sign.segments[0].start, sign.segments[0].stop
        start = 0 if rest and i == 0 else start
        stop = len(sign) if rest and i == len(signs) - 1 else stop
        kept.append(sign.frames(start, stop))
    return kept


def _own_speed(signs: list[PoseSequence], body: Shoulders) -> float:
    """Return the 95th percentile of the hand speeds inside the signs; no hand, no limit."""
    own = (sign.frames(sign.segments[0].start, sign.segments[0].stop) for sign in signs)
    speeds = np.concatenate([hand_speeds(sign, body).ravel() for sign in own])
    known = speeds[np.isfinite(speeds)]
    return float(np.percentile(known, _FASTEST)) if len(known) else np.inf


def _sentence(parts: list[PoseSequence]) -> PoseSequence:
    """Join the frames; what the recordings say of themselves stays only where they agree."""
    signs = [part for part in parts if part.segments]
    sources, hands = {sign.source for sign in signs}, {sign.handedness for sign in signs}
    return replace(
        concatenate(parts),
        source=sources.pop() if len(sources) == 1 else "",
        handedness=hands.pop() if len(hands) == 1 else "",
    )
