"""Weights taken over from another pipeline: whole ones, by name and shape, and no others."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pose_sequences.errors import InputError
from signgen.training.beginning import take_over
from signgen.training.stages import write_pipeline
from tests.signgen.training.tiny import tiny_pipeline


def test_all_weights_of_a_like_pipeline_are_taken(tmp_path: Path) -> None:
    theirs, ours = tiny_pipeline(seed=1), tiny_pipeline(seed=2)
    write_pipeline(theirs, tmp_path / "theirs", 1)
    assert take_over(ours, tmp_path / "theirs") == []
    for key, value in theirs.unet.state_dict().items():
        assert torch.equal(ours.unet.state_dict()[key], value)


def test_another_method_lends_what_both_have(tmp_path: Path) -> None:
    theirs, ours = tiny_pipeline(seed=1), tiny_pipeline("cfld", seed=2)
    write_pipeline(theirs, tmp_path / "theirs", 1)
    fresh = take_over(ours, tmp_path / "theirs")
    assert "source_encoder" in fresh
    assert "autoencoder" not in fresh
    out = theirs.autoencoder.out.weight
    assert torch.equal(ours.autoencoder.out.weight, out)


def test_damaged_weights_are_refused_by_name(tmp_path: Path) -> None:
    write_pipeline(tiny_pipeline(seed=1), tmp_path / "theirs", 1000)
    path = next((tmp_path / "theirs" / "unet").glob("*.safetensors"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=path.name):
        take_over(tiny_pipeline(), tmp_path / "theirs")
    path.unlink()
    save_file({"conv_in.bias": torch.full((16,), torch.nan)}, path)
    with pytest.raises(InputError, match=r"conv_in\.bias that are no numbers"):
        take_over(tiny_pipeline(), tmp_path / "theirs")
