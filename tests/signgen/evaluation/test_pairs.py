"""Which clips are held against which: by name, one by one, or as a corpus has them."""

from pathlib import Path

import pytest

from pose_sequences.errors import InputError
from signgen.evaluation.pairs import pair_clips, pair_corpus
from tests.signgen.evaluation.pairs_on_disk import (
    corpus,
    write_pair,
)


def test_clips_are_paired_by_name_and_those_without_a_partner_are_told(tmp_path: Path) -> None:
    for name in ("a", "b/c", "lone"):
        write_pair(tmp_path, name.replace("/", "-"))
    for place in ("made", "true"):
        (tmp_path / place / "b").mkdir()
        (tmp_path / place / "b-c").rename(tmp_path / place / "b" / "c")
    (tmp_path / "true" / "lone").rename(tmp_path / "true" / "other")
    found = pair_clips(tmp_path / "made", tmp_path / "true", None)
    assert [pair.name for pair in found.pairs] == ["a", "b/c"]
    assert [fault.path.name for fault in found.faults] == ["lone"]
    assert "['other']" in found.notes[0]


@pytest.mark.parametrize("which", ["reference", "poses"])
def test_one_clip_and_a_folder_of_them_do_not_go_together(tmp_path: Path, which: str) -> None:
    one, _ = (write_pair(tmp_path, name) for name in "ab")
    reference = one.reference if which == "reference" else tmp_path / "true"
    with pytest.raises(InputError, match="holds many"):
        pair_clips(tmp_path / "made", reference, one.poses)


def test_a_split_of_a_corpus_brings_its_frames_its_poses_and_its_signers(tmp_path: Path) -> None:
    root, made = corpus(tmp_path)
    found = pair_corpus(made, root, "train")
    (pair,) = found.pairs
    assert (pair.name, pair.signer) == ("clip-0-0", "Signer00")
    assert pair.poses is not None
    assert pair.poses.is_file()
    assert found.notes == ("1 of the 2 clips of train were generated",)
    assert "stranger" in str(found.faults[0])
