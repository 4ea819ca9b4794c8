"""The examples that ship with the package, so that every command can be tried at once."""

from pathlib import Path
from typing import Literal

Kind = Literal["poses", "signer", "lexicon"]

PREFIX = "example:"
FOLDER = Path(__file__).parent
_KEYPOINTS = ".keypoints.npz"
_ENDINGS: dict[Kind, str] = {"poses": ".npz", "signer": ".png", "lexicon": ""}
_WORDS: dict[Kind, str] = {"poses": "poses", "signer": "signers", "lexicon": "lexicons"}


def names(kind: Kind = "poses") -> list[str]:
    """Return the names of the bundled pose sequences, pictures of signers, or lexicons."""
    if kind == "signer":
        return sorted(path.name.removesuffix(_KEYPOINTS) for path in FOLDER.glob(f"*{_KEYPOINTS}"))
    if kind == "lexicon":
        return sorted({path.parent.name for path in FOLDER.glob("*/*.npz")})
    paths = FOLDER.glob("*.npz")
    return sorted(path.stem for path in paths if not path.name.endswith(_KEYPOINTS))


def resolve(path: str, kind: Kind = "poses") -> Path:
    """Return the path that a command-line word means: ``example:NAME`` or a path as it stands.

    Raises ValueError for an example of that kind that does not exist.
    """
    if not path.startswith(PREFIX):
        return Path(path)
    name = path.removeprefix(PREFIX)
    if name not in names(kind):
        there = ", ".join(names(kind)) or "none"
        raise ValueError(f"no example of {_WORDS[kind]} is called {name!r}; there are {there}")
    return FOLDER / f"{name}{_ENDINGS[kind]}"


def keypoints_of(picture: Path) -> Path | None:
    """Return the keypoints that come with an example's picture, None for any other picture."""
    if picture.parent != FOLDER:
        return None
    path = picture.with_name(picture.stem + _KEYPOINTS)
    return path if path.is_file() else None
