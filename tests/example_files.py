"""The bundled examples, made again from seeds: pictures of signers, pose sequences, a lexicon.

``python -m tests.example_files signgen/examples`` writes all of them and an index.json that says
who is in them; ``... signgen/examples index`` writes the index alone.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pose_sequences.extract import extract_poses
from pose_sequences.files import write_poses
from pose_sequences.images import write_png
from pose_sequences.outputs import fresh_file
from pose_sequences.phoenix.clip import FPS
from pose_sequences.sequence import PoseSequence, mark_missing
from signgen.studio.clip import Take, dress_signer, film, join_points, rehearse, to_poses
from signgen.studio.factory import SignerFactory
from signgen.studio.keypoints import project_keypoints
from tests.example_signs import LEXICON, PAIRS, QUICK, SEQUENCES, SIGNERS, Script

SIZE = (256, 256)
LAYOUT = "holistic543"
# of a pixel, of a picture's width, of certainty: what is finer only makes files larger
_STEPS = {"place": 16, "depth": 1024, "confidence": 64}
_AT_ONCE = 16  # frames
_BEFORE, _AFTER = 2, 8  # frames that an entry of the lexicon keeps around its sign


def make_picture(factory: SignerFactory, seed: int) -> NDArray[np.uint8]:
    """Return a signer's picture (H, W, 3), at rest."""
    figure = dress_signer(factory, seed)
    take = Take(signer=seed, glosses=SEQUENCES["sentence"].glosses[:1], seed=seed, size=SIZE)
    performance, camera = rehearse(figure, take, FPS)
    (shot,) = film(figure, performance.pose.chunk(0, 1), camera)
    picture: NDArray[np.uint8] = shot.frames[0].numpy()
    return picture


def make_sequence(factory: SignerFactory, script: Script) -> PoseSequence:
    """Return a script's exact keypoints."""
    figure = dress_signer(factory, script.performer)
    take = Take(signer=script.performer, glosses=script.glosses, seed=script.seed, size=SIZE)
    performance, camera = rehearse(figure, take, FPS)
    # nothing is rendered: a hand before another hides none of it, as nobody wants it in an example
    parts = (
        project_keypoints(figure, performance.pose.chunk(first, first + _AT_ONCE), camera)
        for first in range(0, performance.pose.num_frames, _AT_ONCE)
    )
    points = join_points(list(parts))
    words = script.words or [name for name, _, _ in performance.segments]
    spans = [(start, stop) for _, start, stop in performance.segments]
    segments = tuple((word, *span) for word, span in zip(words, spans, strict=True))
    return rounded(to_poses(points, camera, FPS, segments).converted(LAYOUT))


def make_entry(factory: SignerFactory, word: str) -> PoseSequence:
    """Return the keypoints of a word of the lexicon, without most of the rest around it."""
    script = Script(about="", performer=QUICK, glosses=(LEXICON[word],), words=(word,), seed=2)
    whole = make_sequence(factory, script)
    (sign,) = whole.segments
    return whole.frames(max(0, sign.start - _BEFORE), min(len(whole), sign.stop + _AFTER))


def rounded(sequence: PoseSequence) -> PoseSequence:
    """Return a sequence whose numbers are multiples of what a file need tell."""
    steps = np.array((_STEPS["place"], _STEPS["place"], _STEPS["depth"]))
    points = np.round(sequence.keypoints * steps) / steps
    confidence = np.round(sequence.confidence * _STEPS["confidence"]) / _STEPS["confidence"]
    keypoints, clean = mark_missing(points, confidence)
    return replace(sequence, keypoints=keypoints, confidence=clean)


def describe() -> dict[str, object]:
    """Return what index.json says."""
    sequences = {name: _described(script) for name, script in SEQUENCES.items()}
    lexicon = {word: {"performer": QUICK, "sign": asdict(sign)} for word, sign in LEXICON.items()}
    return {
        "about": "Nobody here exists: people, signs and words are made by signgen's studio from "
        "the seeds below, and mean nothing in any sign language; hello is made by a formula.",
        "licence": "Apache-2.0",
        "signers": {name: {"seed": seed, "synthetic": True} for name, seed in SIGNERS.items()},
        "poses": sequences,
        "pairs": {parameter: list(names) for parameter, names in PAIRS.items()},
        "lexicon": lexicon,
    }


def _described(script: Script) -> Mapping[str, object]:
    signs = [asdict(gloss) for gloss in script.glosses]
    return {"about": script.about, "performer": script.performer, "signs": signs}


def write_examples(folder: Path) -> None:
    """Write all of them; what is there is replaced."""
    factory = SignerFactory.load()
    for name, seed in SIGNERS.items():
        picture = folder / f"{name}.png"
        write_png(picture, make_picture(factory, seed), overwrite=True)
        found = rounded(extract_poses(picture))
        write_poses(found, folder / f"{name}.keypoints.npz", overwrite=True)
    for name, script in SEQUENCES.items():
        write_poses(make_sequence(factory, script), folder / f"{name}.npz", overwrite=True)
    (folder / "lexicon").mkdir(exist_ok=True)
    for word in LEXICON:
        write_poses(make_entry(factory, word), folder / "lexicon" / f"{word}.npz", overwrite=True)
    write_index(folder)


def write_index(folder: Path) -> None:
    """Write index.json."""
    with fresh_file(folder / "index.json", overwrite=True) as file:
        file.write_text(json.dumps(describe(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_index(target) if sys.argv[2:] == ["index"] else write_examples(target)
