"""Protocols that measure the whole split of a corpus: FPDM's of Phoenix, and the studio's own.

What is measured is what every evaluation measures; a protocol says of which clips and from what.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from pose_sequences.errors import InputError
from pose_sequences.inputs import read_input
from pose_sequences.phoenix.clip import Split

STUDIO_FACTS = "studio.json"
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class CorpusProtocol:
    """How a split is measured.

    name: of it; source: what the clips are to be generated from, as signatures say it; detection:
    whether poses are a part of it; torchvision_fid: whether FID is in torchvision's network, too,
    as FPDM takes it; of_studio: whether it is made for corpora of the studio alone.
    """

    name: str
    source: str
    detection: bool
    torchvision_fid: bool = False
    of_studio: bool = False


CORPUS_PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        CorpusProtocol(
            name="fpdm-phoenix",
            source="first frame of the clip",
            detection=False,
            torchvision_fid=True,
        ),
        CorpusProtocol(
            name="studio", source="first frame of the clip", detection=True, of_studio=True
        ),
    )
}


def settings_of(protocol: CorpusProtocol, root: Path, split: Split, num_clips: int) -> str:
    """Return what the signatures of a protocol say; raises InputError for a corpus of another kind.

    root: of the corpus; num_clips: of the split.
    """
    words = [protocol.name, f"source:{protocol.source}", f"all frames of {split}"]
    words.append(f"{num_clips} clips")
    if protocol.of_studio:
        words.append(_studio(root))
    return ",".join(words)


def _studio(root: Path) -> str:
    path = root / STUDIO_FACTS
    remedy = "give a corpus of signgen studio build"
    try:
        facts = json.loads(read_input(path, InputError, _MAX_BYTES, remedy))
        width, height = facts["size"]
        return (
            f"{facts['made_by']} seed {facts['seed']},{facts['signers']} signers split by "
            f"{facts['split_by']},{width}x{height}"
        )
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(path, f"does not describe a studio corpus ({error})", remedy) from error
