"""Picture protocols: pairs by name, the literature's own formulas, and no row left out."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import structural_similarity

from pose_sequences.errors import ImageError, VideoError
from pose_sequences.images import write_png
from signgen.evaluation.frechet import Moments, frechet_distance
from signgen.evaluation.networks import Absent, Distances, Features
from signgen.evaluation.protocols import (
    PROTOCOLS,
    ImageProtocol,
    Judges,
    PictureSets,
    compare_pictures,
    measure_pictures,
    metrics_of,
    pair_pictures,
    resized,
)
from tests.signgen.evaluation.clips import Frames, filmed, noisy
from tests.signgen.evaluation.test_frechet import WIDTH, Pooled, moments_of

SMALL = ImageProtocol(name="small", size=(56, 60), fid_set="test")
NOBODY = Judges(lpips=Absent("no weights; a"), inception=Absent("no weights; b"))
JUDGES = Judges(
    lpips=Distances(compare=lambda a, b: (a.float() - b.float()).abs().mean(dim=(1, 2, 3))),
    inception=Features(width=WIDTH, embed=Pooled()),
)


def folder(path: Path, frames: Frames, prefix: str = "") -> Path:
    path.mkdir()
    for number, frame in enumerate(frames):
        write_png(path / f"{prefix}p{number}.png", frame, overwrite=False)
    return path


def test_pictures_are_paired_by_name_and_by_the_target_in_fpdms_names(tmp_path: Path) -> None:
    targets = folder(tmp_path / "targets", filmed(3, side=16))
    generated = folder(tmp_path / "generated", filmed(2, side=16), prefix="q_2_x_2_")
    write_png(generated / "p2.png", filmed(1, side=16)[0], overwrite=False)
    pairs = pair_pictures(generated, targets)
    assert {(a.name, b.name) for a, b in pairs} == {
        *(("q_2_x_2_p0.png", "p0.png"), ("q_2_x_2_p1.png", "p1.png"), ("p2.png", "p2.png")),
    }


def test_a_picture_without_a_target_and_a_name_borne_twice_are_named(tmp_path: Path) -> None:
    targets = folder(tmp_path / "targets", filmed(1, side=16))
    generated = folder(tmp_path / "generated", filmed(2, side=16))
    with pytest.raises(ImageError, match=r"p1\.png.*no target"):
        pair_pictures(generated, targets)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(VideoError, match="without pictures"):
        pair_pictures(empty, targets)
    Image.fromarray(filmed(1, side=16)[0]).save(targets / "p0.jpg")
    with pytest.raises(ImageError, match=r"p0.* has the name of p0"):
        pair_pictures(generated, targets)


def test_figures_are_the_literatures() -> None:
    target = filmed(2, side=64)
    generated = noisy(target, 9)
    found = compare_pictures(generated, target)
    for i, (a, b) in enumerate(zip(generated, target, strict=True)):
        x, y = a.astype(float), b.astype(float)
        window = structural_similarity(y, x, channel_axis=-1, data_range=255, win_size=51)
        gaussian = structural_similarity(
            y,
            x,
            channel_axis=-1,
            data_range=x.max() - x.min(),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        assert found["ssim_51"][i] == pytest.approx(window, abs=1e-4)
        assert found["ssim_256"][i] == pytest.approx(gaussian, abs=1e-4)
        assert found["l1"][i] == pytest.approx(np.abs(x / 255 - y / 255).mean())
        assert found["mae_relative"][i] == pytest.approx(np.abs(x - y).sum() / (x + y).sum())
        mean_square = ((x / 255 - y / 255) ** 2).mean()
        assert found["psnr"][i] == pytest.approx(-10 * np.log10(mean_square), abs=1e-4)


def test_black_pictures_are_equal_and_not_undefined() -> None:
    black = np.zeros((1, 64, 64, 3), np.uint8)
    found = compare_pictures(black, black)
    assert found["mae_relative"] == 0
    assert found["ssim_256"] == pytest.approx(1)


def test_equal_folders_reach_every_ideal(tmp_path: Path) -> None:
    frames = filmed(20, side=64)
    pairs = pair_pictures(folder(tmp_path / "a", frames), folder(tmp_path / "b", frames))
    sets = PictureSets(pairs=pairs, train=[target for _, target in pairs])
    figures = {figure.key: figure for figure in measure_pictures(SMALL, sets, JUDGES)}
    rows = metrics_of(SMALL)
    assert list(figures) == [metric.key for metric in rows]
    for metric in rows:
        assert figures[metric.key].value == pytest.approx(metric.ideal, abs=1e-2)


def test_both_pictures_are_brought_to_the_size_by_pillows_bicubic(tmp_path: Path) -> None:
    target, generated = filmed(1, side=128), filmed(1, seed=3, side=64)
    pairs = pair_pictures(folder(tmp_path / "a", generated), folder(tmp_path / "b", target))
    figures = {f.key: f for f in measure_pictures(SMALL, PictureSets(pairs=pairs), JUDGES)}
    a, b = (
        np.asarray(Image.fromarray(frames[0]).resize(SMALL.size, Image.Resampling.BICUBIC), float)
        for frames in (generated, target)
    )
    assert resized(target[0], SMALL.size).shape == (60, 56, 3)
    assert figures["frame/l1"].value == pytest.approx(np.abs(a - b).mean() / 255, rel=1e-6)
    assert figures["frame/lpips"].value == pytest.approx(np.abs(a - b).mean(), rel=1e-5)


def test_the_two_fids_have_their_own_sets_and_a_target_counts_once(tmp_path: Path) -> None:
    targets = folder(tmp_path / "targets", filmed(14, side=64))
    train = folder(tmp_path / "train", filmed(17, seed=5, side=64))
    once = pair_pictures(folder(tmp_path / "g", noisy(filmed(14, side=64), 20)), targets)
    # the first target is drawn from another source too
    write_png(tmp_path / "g" / "s_2_p0.png", filmed(1, seed=8, side=64)[0], overwrite=False)
    pairs = pair_pictures(tmp_path / "g", targets)
    assert len(pairs) == len(once) + 1
    protocol = ImageProtocol(name="as they are", size=(64, 64), fid_set="train")
    sets = PictureSets(pairs=pairs, train=sorted(train.iterdir()))
    figures = {f.key: f for f in measure_pictures(protocol, sets, JUDGES)}
    generated = embedded([path for path, _ in pairs])
    for key, paths in (("frame/fid_test", sets.targets), ("frame/fid_train", sets.train)):
        expected = frechet_distance(generated, embedded(paths))
        assert figures[key].value == pytest.approx(expected, rel=1e-6)
    assert figures["frame/fid_test"].note == "15 pictures against 14"
    assert figures["frame/fid_train"].note == "15 pictures against 17"


def embedded(paths: Sequence[Path]) -> Moments:
    pictures = np.stack([np.asarray(Image.open(path)) for path in paths])
    return moments_of(Pooled()(torch.from_numpy(pictures).movedim(-1, 1)))


def test_without_weights_and_training_pictures_rows_say_so(tmp_path: Path) -> None:
    frames = filmed(2, side=64)
    pairs = pair_pictures(folder(tmp_path / "a", frames), folder(tmp_path / "b", frames))
    sets = PictureSets(pairs=pairs)
    figures = {figure.key: figure for figure in measure_pictures(SMALL, sets, NOBODY)}
    assert figures["frame/lpips"].note == "no weights; a"
    assert figures["frame/fid_test"].note == "no weights; b"
    assert math.isnan(figures["frame/fid_test"].value)
    figures = {figure.key: figure for figure in measure_pictures(SMALL, sets, JUDGES)}
    assert "no folder" in figures["frame/fid_train"].note
    with pytest.raises(ValueError, match="no pairs"):
        measure_pictures(SMALL, PictureSets(pairs=[]), JUDGES)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_signatures_name_the_protocol_and_the_reported_fid_stands_first(name: str) -> None:
    protocol = PROTOCOLS[name]
    rows = metrics_of(protocol)
    assert all(f"protocol:{name}" in metric.signature for metric in rows)
    assert all("{}x{}".format(*protocol.size) in metric.signature for metric in rows)
    fids = [metric.key for metric in rows if "fid" in metric.key]
    assert fids[0] == f"frame/fid_{protocol.fid_set}"
