"""``signgen evaluate`` with a judge or with predictions, as a user runs it."""

import json
from pathlib import Path

import numpy as np
import pytest

from pose_sequences.files import write_poses
from pose_sequences.video.mp4 import write_mp4
from signgen.studio.clip import Take, film, join_points, rehearse, to_poses
from signgen.studio.gloss import name
from tests.signgen.evaluation.recognition.toy_judge import glosses, judge
from tests.signgen.studio.people import figure
from tests.signgen.test_cli_evaluate import evaluate


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One filmed sign without the rest before and after it, its exact poses, and a judge."""
    root = tmp_path_factory.mktemp("signs")
    take = Take(signer=3, glosses=glosses()[:1], seed=1, size=(256, 256))
    performance, camera = rehearse(figure(3), take, 25)
    ((word, start, stop),) = performance.segments
    shots = list(film(figure(3), performance.pose.chunk(start, stop), camera))
    exact = join_points([shot.keypoints for shot in shots])
    poses = to_poses(exact, camera, 25, ((word, 0, stop - start),))
    for part in ("made", "true", "poses"):
        (root / part).mkdir()
    write_poses(poses, root / "poses" / "a.npz")
    frames = np.concatenate([shot.frames.numpy() for shot in shots])
    write_mp4(root / "true" / "a.mp4", frames, 25)
    write_mp4(root / "made" / "a.mp4", frames, 25)
    judge().save(root / "judge")
    return root


def test_a_judge_adds_its_rows_its_caution_and_its_section(clips: Path, tmp_path: Path) -> None:
    report, page = tmp_path / "r.json", tmp_path / "r.html"
    args = (clips / "made", clips / "true", "--poses", clips / "poses", "--judge", clips / "judge")
    picture = ("--confusion", tmp_path / "c.svg")
    result = evaluate(
        *args, "--cache", tmp_path / "c", "--report", report, "--html", page, *picture
    )
    assert result.exit_code == 0, result.output
    assert "note: the judge sat no exam" in result.stderr
    assert "Signs recognised" in result.stdout
    (system,) = json.loads(report.read_text())["systems"]
    figures = {key: figure["value"] for key, figure in system["figures"].items()}
    assert figures["sign/recognised"] == figures["sign/recognised_reference"]
    assert figures["sign/recognised_same"] == 100
    assert figures["sign/told_by_handshape"] is not None
    assert figures["sign/told_by_location"] is None
    (cell,) = system["recognition"]["confusion"]["generated"]
    assert system["recognition"]["labels"][cell["sign"]] == name(glosses()[0])
    assert (tmp_path / "c.svg").read_text().startswith("<svg")
    assert 'id="recogniser"' in page.read_text()


def test_predictions_of_a_recogniser_become_error_rates(clips: Path, tmp_path: Path) -> None:
    said = tmp_path / "said.csv"
    said.write_text(f"name,gloss\na,{name(glosses()[0])} {name(glosses()[1])}\n")
    args = (clips / "made", "--poses", clips / "poses", "--no-detection", "--predictions", said)
    result = evaluate(*args, "--cache", tmp_path / "c", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)["figures"]
    assert (figures["sign/wer"], figures["sign/wer_insertions"]) == (100, 100)
    assert "sign/bleu" not in figures


def test_what_cannot_go_together_is_refused(clips: Path) -> None:
    args = (clips / "made", clips / "true", "--poses", clips / "poses")
    refused = evaluate(*args, "--judge", clips / "judge", "--no-detection")
    assert (refused.exit_code, "needs what is detected" in refused.stderr) == (2, True)
    both = evaluate(*args, "--judge", clips / "judge", "--recogniser", "a:b")
    assert both.exit_code == 2
    missing = evaluate(*args, "--judge", clips / "poses")
    assert (missing.exit_code, "judge.json" in missing.stderr) == (1, True)
