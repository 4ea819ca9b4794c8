"""What folders hold, however deep, where loose parts make a folder one thing of its own."""

import logging
from dataclasses import dataclass
from pathlib import Path

from pose_sequences.errors import InputError


@dataclass(frozen=True)
class Wanted:
    """What is looked for, by the ends of names.

    files: things by themselves; parts: things of which a folder without files is one; files_name,
    parts_name: what the log calls them; error: raised for a folder that cannot be listed.
    """

    files: tuple[str, ...]
    parts: tuple[str, ...]
    files_name: str
    parts_name: str
    error: type[InputError]


def find(folder: Path, wanted: Wanted, logger: logging.Logger) -> list[Path]:
    """List what is wanted in a folder, in the order of names; linked folders are not followed.

    A folder with parts and without files is one thing itself, so the answer may be the folder
    alone. Parts beside files belong to nobody and are left out, which the logger is told.
    """
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
        folders = {entry for entry in entries if entry.is_dir()}
    except OSError as error:
        raise wanted.error(
            folder, f"cannot be listed ({error.strerror})", "check the permissions"
        ) from error
    found: list[Path] = []
    for entry in entries:
        if entry in folders:
            found += [] if entry.is_symlink() else find(entry, wanted, logger)
        elif entry.suffix.lower() in wanted.files:
            found.append(entry)
    num_parts = sum(entry.suffix.lower() in wanted.parts for entry in entries)
    if num_parts and not found:
        return [folder]
    if num_parts:
        logger.warning(
            "%s: left out, since %s are there: %d %s",
            folder,
            wanted.files_name,
            num_parts,
            wanted.parts_name,
        )
    return found
