"""Corpora that tests build, and all that is in them."""

from contextlib import closing
from pathlib import Path

from signgen.studio.corpus import BuiltClip, build_corpus
from signgen.studio.plan import CorpusSettings


def build(root: Path, settings: CorpusSettings, workers: int = 1) -> list[BuiltClip]:
    """Build a corpus and return what became of its clips."""
    with closing(build_corpus(root, settings, workers=workers)) as events:
        return list(events)


def contents(root: Path) -> dict[str, bytes]:
    """Return all files of a folder."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in files}
