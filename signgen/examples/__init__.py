"""The examples that ship with the package, so that every command can be tried at once."""

from pathlib import Path

PREFIX = "example:"
_FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the bundled pose sequences."""
    return sorted(path.stem for path in _FOLDER.glob("*.npz"))


def resolve(path: str) -> Path:
    """Return the path that a command-line word means: ``example:NAME`` or a path as it stands.

    Raises ValueError for an example that does not exist.
    """
    if not path.startswith(PREFIX):
        return Path(path)
    name = path.removeprefix(PREFIX)
    if name not in names():
        raise ValueError(f"no example is called {name!r}; there are {', '.join(names())}")
    return _FOLDER / f"{name}.npz"
