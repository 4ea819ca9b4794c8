"""Evaluations of small clips: what fails alone, what is kept, and that workers change nothing."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pose_sequences.errors import InputError, OutputError
from pose_sequences.extract.answers import understand
from pose_sequences.files import write_poses
from signgen.evaluation.clip_task import ClipTask, measure, work
from signgen.evaluation.detections import content_hash
from signgen.evaluation.figures import Figure
from signgen.evaluation.frechet import FrechetMeasure
from signgen.evaluation.networks import Features
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.pools import Pool, write_moments
from signgen.evaluation.results import ClipFigures, read_figures, write_figures
from signgen.evaluation.runner import (
    ClipFailure,
    ClipOutcome,
    Workplace,
    evaluate_pairs,
)
from signgen.evaluation.settings import Evaluation
from tests.signgen.evaluation.clips import regions, shown
from tests.signgen.evaluation.pairs_on_disk import (
    NUM_FRAMES,
    poses,
    write_frames,
    write_pair,
)
from tests.signgen.training.toy_corpus import draw_signer

PIXELS = Evaluation(detection=False)


def run(pairs: list[ClipPair], cache: Path, **options: int) -> list[ClipOutcome | ClipFailure]:
    events = evaluate_pairs(pairs, PIXELS, Workplace(cache=cache, **options))
    return [event for event in events if isinstance(event, ClipOutcome | ClipFailure)]


def values(outcome: ClipOutcome | ClipFailure) -> dict[str, float]:
    assert isinstance(outcome, ClipOutcome), outcome
    return {figure.key: figure.value for figure in outcome.clip.figures}


def test_one_broken_clip_fails_alone_and_what_was_measured_is_kept(tmp_path: Path) -> None:
    good, bad = write_pair(tmp_path, "good", noise=5), write_pair(tmp_path, "bad")
    next(bad.generated.iterdir()).unlink()
    kept = tmp_path / "cache" / "figures"
    outcomes = {outcome.pair.name: outcome for outcome in run([good, bad], tmp_path / "cache")}
    failure = outcomes["bad"]
    assert isinstance(failure, ClipFailure)
    assert failure.error == (
        f"{bad.generated}: has 8 frames, {bad.reference} has 9; "
        "generate it from all frames of the reference, and no more"
    )
    (file,) = kept.iterdir()
    before = file.stat().st_mtime_ns
    (again,) = run([replace(good, name="renamed")], tmp_path / "cache")
    assert file.stat().st_mtime_ns == before
    assert isinstance(again, ClipOutcome)
    assert again.clip.name == "renamed"
    assert values(again) == pytest.approx(values(outcomes["good"]), nan_ok=True)
    write_frames(good.generated, draw_signer(poses(), 1))
    (healed,) = run([good], tmp_path / "cache")
    assert len(list(kept.iterdir())) == 2
    assert values(healed)["frame/psnr"] == 100


def test_the_number_of_workers_changes_no_figure(tmp_path: Path) -> None:
    pairs = [write_pair(tmp_path, str(n), noise=n + 1, signer=n) for n in range(3)]
    both = []
    for workers in (1, 2):
        outcomes = run(pairs, tmp_path / f"cache{workers}", workers=workers)
        both.append({outcome.pair.name: values(outcome) for outcome in outcomes})
    for name in both[0]:
        np.testing.assert_equal(both[0][name], both[1][name])


def in_process(pair: ClipPair, tmp_path: Path, evaluation: Evaluation = PIXELS) -> ClipFigures:
    """Measure a pair without a child."""
    target = tmp_path / "figures.json"
    assert sum(measure(ClipTask(pair=pair, evaluation=evaluation, target=target))) == NUM_FRAMES
    return read_figures(target)


def test_another_size_is_refused_unless_resizing_is_asked_for(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "one")
    small = write_frames(tmp_path / "small", draw_signer(poses(), 1)[:, ::2, ::2])
    pair = replace(pair, generated=small)
    with pytest.raises(InputError, match=r"32x32.*is 64x64; pass --resize"):
        in_process(pair, tmp_path)
    assert in_process(pair, tmp_path, replace(PIXELS, resize=True)).num_frames == NUM_FRAMES


def test_poses_of_another_length_are_refused_in_one_line(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "one")
    write_poses(poses(5), tmp_path / "short.npz")
    task = ClipTask(
        pair=replace(pair, poses=tmp_path / "short.npz"),
        evaluation=PIXELS,
        target=tmp_path / "figures.json",
    )
    assert ClipTask.from_text(task.to_text()) == task
    (said,) = map(understand, work(task.to_text()))
    assert "has 5 poses for a clip of 9 frames" in said.error
    assert not task.target.exists()


def test_detections_are_measured_against_the_true_clip_and_what_drove_it(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "one")
    seen = tmp_path / "seen.npz"
    write_poses(poses(), seen)
    task = ClipTask(
        pair=pair,
        evaluation=PIXELS,
        target=tmp_path / "figures.json",
        seen=seen,
        seen_reference=seen,
    )
    list(measure(task))
    keys = {figure.key for figure in read_figures(task.target).figures if figure.weight}
    assert any(key.endswith("_vs_driving") for key in keys)
    assert any(key.endswith("_vs_reference") for key in keys)
    list(measure(replace(task, pair=replace(pair, poses=None))))
    keys = {figure.key for figure in read_figures(task.target).figures}
    assert not any(key.endswith("_vs_driving") for key in keys)


def test_without_a_true_clip_the_poses_alone_are_measured(tmp_path: Path) -> None:
    pair = replace(write_pair(tmp_path, "one"), reference=None)
    found = {f.key: f for f in in_process(pair, tmp_path).figures if f.weight}
    assert "time/colour_drift_alone" in found
    assert not any(key.startswith("frame/") for key in found)


def test_moments_of_clips_become_one_distance_over_all(tmp_path: Path) -> None:
    network = Features(width=3, embed=lambda pictures: pictures.float().mean(dim=(2, 3)))
    rng = np.random.default_rng(0)
    clips = [rng.integers(0, 255, (2, 5, 128, 128, 3)).astype(np.uint8) for _ in range(3)]
    whole, pool = FrechetMeasure("fid", network), Pool()
    for number, (made, true) in enumerate(clips):
        alone = FrechetMeasure("fid", network)
        for each in (whole, alone):
            shown(each, made, true, regions(len(made)))
        write_moments(tmp_path / f"{number}.safetensors", {"fid": alone})
        pool.add(tmp_path / f"{number}.safetensors")
    pool.add(tmp_path / "none.safetensors")
    found = {figure.key: figure.value for figure in pool.figures()}
    for figure in whole.figures():
        assert found[figure.key] == pytest.approx(figure.value, rel=1e-6)
    save_file({"a/b/c/d": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(InputError, match="holds no moments"):
        Pool().add(tmp_path / "other.safetensors")


def test_figures_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    frames = np.array([np.nan, 0.5, 1e-9], np.float32)
    figures = (
        Figure.of_frames("time/tcd", frames),
        Figure.unmeasured("face/psnr", "nobody there"),
    )
    clip = ClipFigures(name="a", num_frames=3, figures=figures, notes=("odd",))
    write_figures(tmp_path / "a.json", clip)
    again = read_figures(tmp_path / "a.json")
    assert (again.name, again.num_frames, again.notes) == ("a", 3, ("odd",))
    for before, after in zip(figures, again.figures, strict=True):
        assert (before.key, before.note) == (after.key, after.note)
        assert before.value == pytest.approx(after.value, nan_ok=True)
    np.testing.assert_allclose(again.figures[0].frames, frames)


@pytest.mark.parametrize("content", ["no json", "{}", '{"name": 1}', "[]"])
def test_a_file_that_holds_no_figures_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(InputError, match="holds no figures"):
        read_figures(tmp_path / "a.json")


def test_windows_have_edges_where_they_begin_and_end() -> None:
    assert Evaluation(window=16).edges(40) == (16, 32)
    assert Evaluation(window=16, overlap=4).edges(30) == (12, 16, 24, 28)
    assert Evaluation(seams=(5,), window=16).edges(20) == (5, 16)
    with pytest.raises(ValueError, match="cannot overlap"):
        Evaluation(window=4, overlap=4)


def test_settings_survive_the_way_to_a_child() -> None:
    settings = Evaluation(resize=True, seams=(3, 4), window=8, overlap=2, model="m")
    assert Evaluation.from_json(json.loads(json.dumps(settings.as_json()))) == settings


def test_content_is_known_again_whatever_it_is_called(tmp_path: Path) -> None:
    for name, text in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / name).write_text(text)
    hashes = [content_hash(tmp_path / name) for name in "abc"]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_folder_that_cannot_keep_anything_is_told_before_the_work(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "a")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="--cache"):
        run([pair], tmp_path / "file")
