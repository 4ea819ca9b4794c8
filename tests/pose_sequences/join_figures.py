"""Join every pair and the whole of a lexicon's signs, and measure transitions and captions.

python -m tests.pose_sequences.join_figures [--lexicon DIR] [--glosses N]

Prints one line: how many transitions, the fastest hand in them against the 95th percentile of the
signs' own hand speeds, and whether segments and WebVTT name the signs' frames. Exit code 1 where
one does not hold.
"""

import argparse
import sys
from itertools import pairwise, permutations
from pathlib import Path

import numpy as np

from pose_sequences.join import Join, Joined, Lexicon, join, webvtt
from pose_sequences.join.body import hand_speeds, shoulders

LEXICON = Path(__file__).parents[3] / "shared/data/poses/spoken-to-signed/lexicon-sgg"


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--lexicon", type=Path, default=LEXICON)
    parser.add_argument("--glosses", type=int, default=8, help="take the first N signs")
    given = parser.parse_args()
    lexicon = Lexicon.open(given.lexicon)
    glosses = [entries[0].gloss for entries in lexicon.entries.values()][: given.glosses]
    clips = dict(zip(glosses, lexicon.read(glosses), strict=True))
    sentences = [join([clips[gloss] for gloss in glosses], Join())]
    sentences += [join([clips[a], clips[b]], Join()) for a, b in permutations(glosses, 2)]
    shares = np.concatenate([shares_of_limit(sentence) for sentence in sentences])
    lengths = [p.transition / s.sequence.fps for s in sentences for p in s.pieces[:-1]]
    disagreements = sum(not agrees(sentence) for sentence in sentences)
    sys.stdout.write(
        f"signs={len(glosses)} transitions={len(shares)} "
        f"seconds={min(lengths):.2f}-{max(lengths):.2f} p95={sentences[0].fastest:.2f}/s "
        f"fastest={shares.max():.3f} of it, over it={int((shares > 1).sum())}, "
        f"disagreeing={disagreements}\n"
    )
    sys.exit(bool((shares > 1).any() or disagreements))


def shares_of_limit(sentence: Joined) -> np.ndarray:
    """Return for each transition its fastest hand as a share of the signs' own 95th percentile."""
    body = shoulders(sentence.sequence)
    assert body is not None
    speeds = hand_speeds(sentence.sequence, body)
    segments = sentence.sequence.segments
    own = np.concatenate([speeds[s.start : s.stop - 1].ravel() for s in segments])
    limit = np.percentile(own[np.isfinite(own)], 95)
    ways = [np.nanmax(speeds[a.stop - 1 : b.start]) for a, b in pairwise(segments)]
    return np.array(ways) / limit


def agrees(sentence: Joined) -> bool:
    """Return whether segments are as long as the signs and captions name their frames."""
    sequence, frame = sentence.sequence, 0
    expected = []
    for piece in sentence.pieces:
        rate = sequence.fps / piece.clip.sequence.fps
        stop = frame + round((piece.stop - piece.start) * rate)
        expected.append((piece.clip.gloss, frame, stop))
        frame = stop + piece.transition
    captions = [cue.splitlines() for cue in webvtt(sequence).split("\n\n")[1:]]
    shown = [
        (text, *(round(seconds(time) * sequence.fps) for time in times.split(" --> ")))
        for _, times, text in captions
    ]
    return expected == shown == [(s.gloss, s.start, s.stop) for s in sequence.segments]


def seconds(time: str) -> float:
    hours, minutes, rest = time.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


if __name__ == "__main__":
    main()
