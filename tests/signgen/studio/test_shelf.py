"""What is filmed once is drawn as if it were filmed anew, whoever filmed it."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pose_sequences.errors import InputError, OutputError
from pose_sequences.extract.answers import understand
from signgen import __version__
from signgen.studio.shelf import Shelf
from signgen.studio.shelf_task import work
from signgen.studio.source import StudioSource
from signgen.studio.source_settings import StudioSettings
from tests.signgen.studio.test_source import CPU, SETTINGS, draw, tensors

SMALL = replace(SETTINGS, detector=0.5, stills=2)


def on_shelf(folder: Path, **changes: object) -> StudioSettings:
    return replace(SMALL, shelf=str(folder), **changes)  # type: ignore[arg-type]


def test_a_shelf_changes_nothing_of_what_is_drawn(tmp_path: Path) -> None:
    fresh = draw(StudioSource(SMALL, CPU), 3)
    for _ in range(2):  # filmed, and then read
        shelved = draw(StudioSource(on_shelf(tmp_path / "shelf"), CPU), 3)
        for ours, theirs in zip(tensors(shelved), tensors(fresh), strict=True):
            assert torch.equal(ours, theirs)
        assert shelved.clips.exact is not None
    names = {path.name for path in (tmp_path / "shelf").iterdir()}
    assert "studio.json" in names
    assert any(name.startswith("portraits") for name in names)


def test_processes_that_film_ahead_film_the_same(tmp_path: Path) -> None:
    said: list[str] = []
    crew = StudioSource(on_shelf(tmp_path / "crew", workers=2, ahead=True), CPU)
    crew.film_ahead(said.append)
    assert said == ["filmed 1 of 2 clips", "filmed 2 of 2 clips"]
    StudioSource(on_shelf(tmp_path / "one"), CPU).film_ahead(said.append)
    crew.film_ahead(said.append)  # nothing is lacking
    paths = sorted((tmp_path / "one").glob("*.safetensors"))
    assert len(paths) == 4
    for path in paths:
        ours, theirs = load_file(path), load_file(tmp_path / "crew" / path.name)
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_more_clips_may_be_filmed_onto_a_shelf_but_no_others(tmp_path: Path) -> None:
    folder = tmp_path / "shelf"
    StudioSource(on_shelf(folder), CPU)
    StudioSource(on_shelf(folder, clips=7, kept=1), CPU)
    with pytest.raises(OutputError, match=r"was filmed with signers=2, not 3"):
        StudioSource(on_shelf(folder, signers=3), CPU)
    about = folder / "studio.json"
    about.write_text(about.read_text().replace(__version__, "0.0.1"), encoding="utf-8")
    with pytest.raises(OutputError, match=rf"was filmed with version=0.0.1, not {__version__}"):
        StudioSource(on_shelf(folder), CPU)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(OutputError, match="holds something else"):
        StudioSource(on_shelf(tmp_path / "mine"), CPU)


def test_a_shelf_of_before_there_was_breadth_is_narrow(tmp_path: Path) -> None:
    folder = tmp_path / "shelf"
    settings = {"seed": 1, "breadth": "narrow"}
    Shelf(folder, {"seed": 1})
    Shelf(folder, settings)
    with pytest.raises(OutputError, match="was filmed with breadth=narrow, not wide"):
        Shelf(folder, settings | {"breadth": "wide"})


def test_all_who_open_a_new_shelf_at_once_may_use_it(tmp_path: Path) -> None:
    gate = Barrier(8)

    def open_at_once(number: int) -> Shelf:
        gate.wait(timeout=30)
        return Shelf(tmp_path / f"shelf{number // 8}", {"seed": 1})

    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(open_at_once, range(64)))) == 64
    with pytest.raises(OutputError, match="was filmed with seed=1, not 2"):
        Shelf(tmp_path / "shelf0", {"seed": 2})


def test_a_damaged_file_of_a_shelf_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "shelf"
    source = StudioSource(on_shelf(folder), CPU)
    (folder / "clip000000.safetensors").write_bytes(b"torn")
    (folder / "clip000001.safetensors").write_bytes(b"torn")
    with pytest.raises(InputError, match=r"clip00000\d.safetensors: cannot be read"):
        draw(source, 3)


def test_a_worker_names_the_damaged_file(tmp_path: Path) -> None:
    settings = on_shelf(tmp_path)
    StudioSource(settings, CPU)
    (tmp_path / "clip000000.safetensors").write_bytes(b"torn")
    task = json.dumps({"settings": asdict(settings), "clips": [0]})
    (said,) = map(understand, work(task))
    assert "clip000000.safetensors: cannot be read" in said.error
    assert said.error.endswith("remove the file")


def test_frames_of_a_clip_can_lie_apart() -> None:
    near, far = (
        draw(StudioSource(replace(SMALL, every=every, clips=1), CPU), 6, num_samples=1).clips
        for every in (1, 5)
    )
    moved = [float(view.shown.places.diff(dim=0).abs().mean()) for view in (near, far)]
    assert moved[1] > 2 * moved[0]


@pytest.mark.parametrize("words", [{}, {"shelf": "shelf"}, {"ahead": True}])
def test_workers_who_have_nothing_to_do_are_refused(words: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="give shelf=FOLDER and ahead=true too"):
        replace(SMALL, workers=2, **words)


def test_fewer_workers_than_none_are_refused() -> None:
    with pytest.raises(ValueError, match="workers is -1; give 0 or more"):
        replace(SMALL, workers=-1, shelf="shelf", ahead=True)
