"""Which clips are compared with which: a pair, two folders by name, or a split of a corpus.

Here only names count; what the clips hold is looked at when they are opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pose_sequences.clips import find_clips
from pose_sequences.errors import InputError, PoseFileError, VideoError
from pose_sequences.inputs import is_folder
from pose_sequences.phoenix import HOLISTIC_LAYOUTS, Corpus
from pose_sequences.phoenix.clip import Split

POSE_SUFFIXES = (".npz", ".pose", ".parquet", ".json")


@dataclass(frozen=True, kw_only=True)
class ClipPair:
    """A generated clip and what it is held against.

    name: by which it is told; generated, reference: videos or folders of frames, the reference
    being what was really filmed; poses: the keypoints that drove the generated clip; signer: whose
    they are, "" if unknown.
    """

    name: str
    generated: Path
    reference: Path | None = None
    poses: Path | None = None
    signer: str = ""


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """The pairs, the clips that have no partner, and what was left out without being a fault.

    num_clips: how many clips there could be, those of a corpus's split; 0 without a corpus.
    """

    pairs: tuple[ClipPair, ...]
    faults: tuple[InputError, ...] = ()
    notes: tuple[str, ...] = field(default=())
    num_clips: int = 0


def pair_clips(generated: Path, reference: Path | None, poses: Path | None) -> Pairing:
    """Pair a clip with a clip, or the clips of a folder with those of the same name in others.

    generated, reference: a video, a folder of frames, or a folder of clips; poses: a pose file, or
    a folder of them. Raises InputError where one is a single clip and the other is not.
    """
    clips = _clips(generated)
    if len(clips) == 1 and generated in clips.values():
        if reference is not None and reference not in _clips(reference).values():
            raise VideoError(reference, "is a folder of clips", f"name the one of {generated.name}")
        pair = ClipPair(
            name=next(iter(clips)), generated=generated, reference=reference, poses=poses
        )
        return Pairing(pairs=(pair,))
    references = None if reference is None else _folder_of_clips(reference, generated)
    sequences = None if poses is None else _pose_files(poses, generated)
    return _by_name(clips, references, sequences, (reference, poses))


def pair_corpus(generated: Path, root: Path, split: Split, *, whole: bool = False) -> Pairing:
    """Pair the clips of a folder with those of the same name in a split of a corpus.

    The cached keypoints of the corpus are the poses, where it has them. Clips of the split that
    were not generated are told in a note, and are a fault where the split is wanted ``whole``.
    """
    corpora = [Corpus.open(root, layout=name) for name in HOLISTIC_LAYOUTS]
    cached = [(corpus, corpus.cached_names(split)) for corpus in corpora]
    true = {clip.name: clip for clip in corpora[0].clips(split)}
    clips = {Path(name).name: path for name, path in _clips(generated).items()}
    pairs, faults = [], []
    for name, path in clips.items():
        clip = true.get(name)
        if clip is None:
            faults.append(_alone(path, f"{split} of {root}"))
            continue
        paths = [corpus.keypoints_path(clip) for corpus, names in cached if name in names]
        poses = paths[0] if paths else None
        pairs.append(
            ClipPair(
                name=name, generated=path, reference=clip.path, poses=poses, signer=clip.signer
            )
        )
    lacking = sorted(true.keys() - {pair.name for pair in pairs})
    if whole and lacking:
        faults.append(
            VideoError(
                generated,
                f"lacks {len(lacking)} of the {len(true)} clips of {split}, such as {lacking[0]}",
                "generate them too: the protocol is of all",
            )
        )
    note = f"{len(pairs)} of the {len(true)} clips of {split} were generated"
    return Pairing(pairs=tuple(pairs), faults=tuple(faults), notes=(note,), num_clips=len(true))


def _by_name(
    clips: Mapping[str, Path],
    references: Mapping[str, Path] | None,
    sequences: Mapping[str, Path] | None,
    folders: tuple[Path | None, Path | None],
) -> Pairing:
    pairs: list[ClipPair] = []
    faults: list[InputError] = []
    for name, path in clips.items():
        lacking = [
            folder
            for others, folder in zip((references, sequences), folders, strict=True)
            if others is not None and name not in others
        ]
        if lacking:
            faults.append(_alone(path, str(lacking[0])))
            continue
        pairs.append(
            ClipPair(
                name=name,
                generated=path,
                reference=references[name] if references is not None else None,
                poses=sequences[name] if sequences is not None else None,
            )
        )
    unused = sorted(set(references or ()) - set(clips))
    note = f"{len(unused)} clips of {folders[0]} were not generated, such as {unused[:1]}"
    return Pairing(pairs=tuple(pairs), faults=tuple(faults), notes=(note,) if unused else ())


def _alone(path: Path, where: str) -> InputError:
    return VideoError(
        path, f"has no partner of its name in {where}", "rename it, or take it out of the folder"
    )


def _clips(source: Path) -> dict[str, Path]:
    """Return the clips of a source by name: their place in it, without the suffix of a file."""
    if not is_folder(source, VideoError):
        return {source.stem: source}
    found = find_clips(source)
    if found == [source]:
        return {source.name or source.resolve().name: source}
    places: dict[str, Path] = {}
    for clip in found:
        place = clip.relative_to(source)
        name = str(place if clip.is_dir() else place.with_suffix(""))
        if name in places:
            raise VideoError(clip, f"has the name of {places[name]}", "keep one of them")
        places[name] = clip
    return places


def _folder_of_clips(reference: Path, generated: Path) -> dict[str, Path]:
    clips = _clips(reference)
    if reference in clips.values():
        raise VideoError(
            reference,
            f"is one clip, and {generated} holds many",
            "give a folder of clips, or one clip of the other",
        )
    return clips


def _pose_files(poses: Path, generated: Path) -> dict[str, Path]:
    if not is_folder(poses, PoseFileError):
        raise PoseFileError(
            poses, f"is one pose file, and {generated} holds many clips", "give a folder of them"
        )
    files = sorted(path for path in poses.rglob("*") if path.suffix.lower() in POSE_SUFFIXES)
    return {str(path.relative_to(poses).with_suffix("")): path for path in files}
