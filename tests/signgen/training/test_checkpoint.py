"""Checkpoints: whole or not there, in pieces as small as asked for."""

from pathlib import Path

import pytest
import torch

from pose_sequences.errors import InputError, OutputError
from signgen.training.checkpoint import Checkpoint, read_latest, write_checkpoint
from tests.signgen.little_room import little_room


def some_checkpoint() -> Checkpoint:
    generator = torch.Generator().manual_seed(0)
    tensors = {f"t{i}": torch.randn(64, 1024, generator=generator) for i in range(5)}
    return Checkpoint(tensors | {"half": torch.ones(3, dtype=torch.bfloat16)}, {"step": 3})


@pytest.mark.parametrize(("shard_mb", "files"), [(100.0, 1), (0.6, 3), (0.1, 6)])
def test_what_was_written_in_pieces_is_read_back_exactly(
    tmp_path: Path, shard_mb: float, files: int
) -> None:
    written = some_checkpoint()
    path = write_checkpoint(tmp_path, written, step=3, shard_mb=shard_mb)
    assert len(list(path.glob("*.safetensors"))) == files
    found = read_latest(tmp_path)
    assert found is not None
    assert found.position["step"] == 3
    assert found.tensors.keys() == written.tensors.keys()
    assert all(torch.equal(found.tensors[k], v) for k, v in written.tensors.items())


def test_the_last_two_are_kept_and_the_latest_is_read(tmp_path: Path) -> None:
    for step in (1, 9, 10, 200):
        write_checkpoint(tmp_path, Checkpoint({}, {"step": step}), step=step, shard_mb=1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-00000010", "step-00000200"]
    found = read_latest(tmp_path)
    assert found is not None
    assert found.position["step"] == 200


def test_half_a_checkpoint_is_never_taken_for_one(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, some_checkpoint(), step=1, shard_mb=100)
    (tmp_path / ".step-00000002.1-0123456789ab.part").mkdir()
    found = read_latest(tmp_path)
    assert found is not None
    assert found.position["step"] == 3


@pytest.mark.parametrize("damage", ["position.json", "state-00001-of-00001.safetensors"])
def test_a_damaged_checkpoint_says_what_to_do(tmp_path: Path, damage: str) -> None:
    path = write_checkpoint(tmp_path, some_checkpoint(), step=1, shard_mb=100)
    (path / damage).write_bytes(b"\x80\x04damaged")
    with pytest.raises(InputError, match="to go on from the one before"):
        read_latest(tmp_path)


def test_a_disk_without_room_is_one_clear_line_and_leaves_nothing(tmp_path: Path) -> None:
    refused = pytest.raises(
        OutputError, match=r"safetensors: cannot be written .*; check the folder"
    )
    with refused, little_room(20_000):
        write_checkpoint(tmp_path, some_checkpoint(), step=1, shard_mb=100)
    assert not any(tmp_path.iterdir())


def test_where_nothing_was_written_there_is_nothing(tmp_path: Path) -> None:
    assert read_latest(tmp_path / "nowhere") is None
