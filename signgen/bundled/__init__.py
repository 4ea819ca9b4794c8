"""The models that ship with the package: pipeline folders, so that a clip can be made at once."""

from pathlib import Path

DEFAULT = "mini"
FOLDER = Path(__file__).parent
_INDEX = "model_index.json"


def find(name: str) -> Path | None:
    """Return the folder of a bundled model, None where none has that name."""
    if Path(name).name != name:
        return None
    folder = FOLDER / name
    return folder if (folder / _INDEX).is_file() else None
