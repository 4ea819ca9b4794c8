"""The pipeline: a folder of its own, the same clip for the same seed."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pose_sequences.errors import InputError
from signgen.pipeline import SignVideoPipeline
from signgen.training.stages import read_pipeline, write_pipeline
from tests.signer import signing
from tests.signgen.training.tiny import SIZE, tiny_pipeline


def frames_of(pipeline: SignVideoPipeline, num_frames: int = 3, seed: int = 0) -> np.ndarray:
    poses = signing(12)
    picture = np.random.default_rng(0).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    return pipeline.render_frames(
        picture,
        poses.frames(0, 1),
        poses.frames(0, num_frames),
        generator=torch.Generator().manual_seed(seed),
    )


@pytest.mark.parametrize("method", ["fpdm", "cfld"])
def test_a_folder_gives_back_the_same_clip(tmp_path: Path, method: str) -> None:
    pipeline = tiny_pipeline(method)
    write_pipeline(pipeline, tmp_path / "p", 1024)
    again = read_pipeline(tmp_path / "p")
    difference = frames_of(again).astype(int) - frames_of(pipeline)
    assert np.abs(difference).max() <= 1  # weights lie elsewhere in memory, sums end elsewhere
    kinds = {path.suffix for path in (tmp_path / "p").rglob("*") if path.is_file()}
    assert kinds == {".json", ".safetensors"}


def test_there_is_a_frame_for_every_pose_beyond_one_window_too() -> None:
    frames = frames_of(tiny_pipeline(), 11)  # the adapter looks along 8
    assert (frames.shape, frames.dtype) == ((11, SIZE, SIZE, 3), np.uint8)


def test_the_seed_says_all() -> None:
    pipeline = tiny_pipeline()
    assert np.array_equal(frames_of(pipeline, seed=1), frames_of(pipeline, seed=1))
    assert not np.array_equal(frames_of(pipeline, seed=1), frames_of(pipeline, seed=2))


def test_a_clip_rendered_in_the_midst_of_training_has_no_dropout_in_it() -> None:
    pipeline = tiny_pipeline()
    pipeline.projector.layers[2].p = 0.5
    torch.nn.init.normal_(pipeline.projector.layers[3].weight)
    pipeline.unet.eval()
    learning = [module for module in pipeline.projector.modules() if module.training]
    assert learning
    frames = frames_of(pipeline)
    assert np.array_equal(frames, frames_of(pipeline))
    assert all(module.training for module in learning)
    assert not pipeline.unet.training


def test_a_folder_that_is_no_pipeline_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no pipeline folder"):
        read_pipeline(tmp_path)


WEIGHTS = "diffusion_pytorch_model.safetensors"


class Armed:
    """What writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (self.path,)


def without_a_tensor(folder: Path) -> None:
    path = folder / "unet" / WEIGHTS
    weights = load_file(path)
    del weights["conv_in.weight"], weights["conv_in.bias"]
    save_file(weights, path)


def with_a_tensor_of_another_shape(folder: Path) -> None:
    path = folder / "projector" / WEIGHTS
    save_file({name: torch.zeros(3, 3) for name in load_file(path)}, path)


def cut_off(folder: Path) -> None:
    path = folder / "unet" / WEIGHTS
    path.write_bytes(path.read_bytes()[:-100])


def with_a_pickle_for_weights(folder: Path) -> None:
    (folder / "unet" / WEIGHTS).unlink()
    armed = Armed(folder / "fired")
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(pickle.dumps(armed))


def with_words_for_sizes(folder: Path) -> None:
    path = folder / "fusion" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"width": "wide"}))


def without_a_component(folder: Path) -> None:
    path = folder / "model_index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"fusion": [None, None]}))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without_a_tensor, r"unet: lacks conv_in\.bias and 1 more; copy the folder again"),
        (with_a_tensor_of_another_shape, "size mismatch"),
        (cut_off, "Unable to load weights"),
        (with_a_pickle_for_weights, "no file named diffusion_pytorch_model.safetensors"),
        (with_words_for_sizes, "no pipeline folder"),
        (without_a_component, "lacks parts of a method; it needs all of appearance"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused_in_one_line(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    damage: Callable[[Path], None],
    said: str,
) -> None:
    folder = tmp_path / "p"
    write_pipeline(tiny_pipeline(), folder, 1024)
    damage(folder)
    capfd.readouterr()
    with pytest.raises(InputError, match=said) as caught:
        read_pipeline(folder)
    assert "\n" not in str(caught.value)
    assert not (folder / "fired").exists()
    lines = capfd.readouterr().err.splitlines()
    assert not [line for line in lines if line and "Loading pipeline" not in line]  # but for a bar


def test_weights_in_several_files_are_whole(tmp_path: Path) -> None:
    pipeline = tiny_pipeline()
    pipeline.unet.save_pretrained(tmp_path / "unet", max_shard_size="100KB")
    write_pipeline(pipeline, tmp_path / "p", 1024)
    (tmp_path / "p" / "unet" / WEIGHTS).unlink()
    for path in (tmp_path / "unet").iterdir():
        path.rename(tmp_path / "p" / "unet" / path.name)
    assert len(list((tmp_path / "p" / "unet").glob("*.safetensors"))) > 1
    read_pipeline(tmp_path / "p")
