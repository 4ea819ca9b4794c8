"""What others bring: a recogniser by its name, and predictions as a table."""

import json
from pathlib import Path

import pytest

from pose_sequences.errors import InputError
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.recognition.hearing import Recognition, Sentences
from signgen.evaluation.recognition.predictions import read_predictions
from signgen.evaluation.recognition.recogniser import load_recogniser
from signgen.evaluation.report import SystemFigures
from signgen.evaluation.results import ClipFigures
from signgen.evaluation.runner import ClipOutcome
from tests.signgen.evaluation.recognition.reader import LABELS, READER

HERE = "tests.signgen.evaluation.recognition.reader"


@pytest.mark.parametrize("name", ["Reader", "READER"])
def test_a_recogniser_is_found_by_its_name_as_one_or_as_what_makes_one(name: str) -> None:
    found = load_recogniser(f"{HERE}:{name}")
    assert found.labels() == LABELS
    assert (found is READER) == (name == "READER")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("reader", "names no recogniser"),
        ("no.such.module:Reader", "cannot be imported"),
        (f"{HERE}:Missing", "has no labels"),
        (f"{HERE}:NOTHING", "has no labels"),
    ],
)
def test_what_is_no_recogniser_is_told_in_one_line(name: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        load_recogniser(name)


def test_predictions_are_read_alike_from_csv_and_json_lines(tmp_path: Path) -> None:
    rows = [{"name": "a", "gloss": "RED, GREEN"}, {"name": "b", "gloss": "", "text": "rot"}]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    (tmp_path / "p.csv").write_text('name,gloss,text\na,"RED, GREEN",\nb,,rot\n')
    lines = read_predictions(tmp_path / "p.jsonl")
    assert lines == {"a": {"gloss": "RED, GREEN"}, "b": {"gloss": "", "text": "rot"}}
    table = read_predictions(tmp_path / "p.csv")
    assert table["a"]["gloss"] == "RED, GREEN"
    assert table["b"] == lines["b"]


@pytest.mark.parametrize(
    ("file", "content", "fault"),
    [
        ("p.csv", b"name,gloss\na,RED\na,BLUE\n", "twice, again in row 2"),
        ("p.csv", b"name,said\na,RED\n", "row 1"),
        ("p.csv", b"name,gloss\n", "has no row"),
        ("p.csv", b'name,gloss\na,"RED\n', "is no CSV"),
        ("p.csv", b"name,gloss\na,\xff\n", "is no UTF-8"),
        ("p.jsonl", b'{"name": "a"\n', "line 1"),
        ("p.jsonl", b"[1]\n", "no object in line 1"),
        ("p.jsonl", b'{"name": 3, "gloss": "RED"}\n', "row 1"),
    ],
)
def test_a_table_that_says_nothing_sure_is_refused(
    tmp_path: Path, file: str, content: bytes, fault: str
) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(InputError, match=fault) as caught:
        read_predictions(tmp_path / file)
    assert str(tmp_path / file) in str(caught.value)


def test_the_error_rate_of_a_corpus_is_of_all_its_words_and_bleu_of_all_its_text() -> None:
    sentences = Sentences(
        said={
            "a": {"gloss": "RED", "text": "es regnet im norden heute"},
            "b": {"gloss": "BLUE RED"},
        },
        true={
            "a": {"gloss": "RED GREEN BLUE", "text": "es regnet im norden heute"},
            "b": {"gloss": "BLUE", "text": "rot"},
            "c": {"gloss": "RED"},
        },
    )
    recognition = Recognition(sentences=sentences)
    clips = []
    for name in "abc":
        pair = ClipPair(name=name, generated=Path(name))
        empty = ClipFigures(name=name, num_frames=1, figures=())
        clips.append((pair, recognition.added(ClipOutcome(pair, empty, Path(name)))))
    system = SystemFigures(
        name="made",
        clips=tuple(clips),
        failures=(),
        of_sets=tuple(recognition.of_set([pair.name for pair, _ in clips])),
    )
    values = {key: figure.value for key, figure in system.figures.items()}
    assert values["sign/wer"] == pytest.approx(100 * 3 / 4)
    assert values["sign/wer_deletions"] == pytest.approx(100 * 2 / 4)
    assert values["sign/wer_insertions"] == pytest.approx(100 * 1 / 4)
    assert values["sign/wer_substitutions"] == 0
    assert values["sign/bleu"] == pytest.approx(100)
    assert {metric.key for metric in recognition.metrics()} == set(values)
    assert "no glosses were said" in clips[2][1].figures[0].note
