"""``signgen bench``: stages add up, whatever is compared is the same job, nothing is needed."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from signgen.bench.published import NUM_STEPS, published_frames
from signgen.bench.rendering import STAGES, timed_frames
from signgen.bench.subject import example_clip, opened, untrained
from signgen.cli import main
from signgen.pipeline import SignVideoPipeline
from signgen.stopwatch import Stopwatch
from signgen.take import Windows
from signgen.training.stages import write_pipeline
from tests.signgen.training.tiny import CPU, tiny_pipeline


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("bench") / "tiny"
    pipeline = tiny_pipeline()
    pipeline.register_to_config(num_steps=2, guidance_scale=1.0)
    write_pipeline(pipeline, place, 1024)
    return place


def test_what_is_timed_are_the_frames_that_are_rendered(folder: Path) -> None:
    pipeline, clip = opened(folder, CPU, torch.float32), example_clip(11)
    watch = Stopwatch()
    with torch.no_grad():
        timed = np.stack(list(timed_frames(pipeline, clip, Windows(size=5), watch)))
    rendered = pipeline.render_frames(
        clip.picture,
        clip.keypoints,
        clip.poses,
        generator=torch.Generator().manual_seed(0),
        windows=Windows(size=5),
    )
    assert np.array_equal(timed, rendered)
    assert set(watch.stages) == set(STAGES) - {"encoding MP4"}


def test_a_clip_of_any_length_is_the_example_again_and_again() -> None:
    once, twice = example_clip(20), example_clip(250)
    assert (len(once.poses), len(twice.poses)) == (20, 250)
    assert np.array_equal(twice.poses.keypoints[:20], once.poses.keypoints)


@torch.no_grad()
def test_the_published_recipe_asks_for_every_branch_and_encodes_every_source(folder: Path) -> None:
    pipeline: SignVideoPipeline = opened(folder, CPU, torch.float32)
    asked: list[int] = []
    sources: list[int] = []
    pipeline.unet.register_forward_pre_hook(lambda _, inputs: asked.append(len(inputs[0])))
    pipeline.appearance.register_forward_pre_hook(lambda _, inputs: sources.append(len(inputs[0])))
    frames = list(published_frames(pipeline, example_clip(2)))
    assert asked == [3] * (2 * NUM_STEPS)
    assert sources == [1, 1]
    assert frames[0].shape == (*pipeline.size[::-1], 3)
    assert frames[0].dtype == np.uint8


def test_the_untrained_model_is_sampled_as_after_its_last_stage() -> None:
    steps = untrained().steps
    assert (steps.num_steps, steps.guidance.states) == (4, ((True, True, True),))


@pytest.mark.parametrize("as_json", [True, False])
def test_the_command_says_the_ratio(folder: Path, as_json: bool) -> None:
    words = ["bench", "render", "--against", "fpdm", "--model", str(folder), "--device", "cpu"]
    words += ["--steps", "1"]
    words += ["--frames", "5", "--precision", "float32", *(["--json"] if as_json else [])]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.stderr
    if not as_json:
        assert "times faster" in result.stdout
        return
    said = json.loads(result.stdout)
    against = said["against"]
    expected = against["published_seconds_a_frame"] / against["seconds_a_frame"]
    assert said["ratio"] == pytest.approx(expected)
    assert said["ratio"] == said["ratio_equal_precision"]
    assert said["trained"] is True
    assert said["steps"] == 1
    command = said["render"]["command"]
    assert command["frames"] == 5
    assert 0 < command["start_up_seconds"] < 5 / command["frames_per_second"]
    assert set(said["render"]["stages"]["milliseconds_a_frame"]) == set(STAGES)
    assert said["render"]["stages"]["share_of_peak"] > 0
    assert not {"training", "drawing", "studio"} & said.keys()


def test_a_model_that_is_none_is_one_line() -> None:
    result = CliRunner().invoke(main, ["bench", "render", "--model", "nowhere", "--frames", "2"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: nowhere: does not exist")
