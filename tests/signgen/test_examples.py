"""The bundled examples: all there, small, readable, and what their generator makes."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from pose_sequences.files import read_poses
from pose_sequences.images import read_image
from pose_sequences.join import Lexicon
from pose_sequences.retarget import measure_body
from pose_sequences.sequence import PoseSequence
from signgen.cli import main
from signgen.examples import FOLDER, Kind, keypoints_of, names, resolve
from signgen.studio.factory import SignerFactory
from tests import example_files as made
from tests.example_signs import LEXICON, PAIRS, SEQUENCES, SIGNERS

MOST_BYTES = 3_000_000  # of all of them; they travel with every copy of the package


@pytest.fixture(scope="module")
def factory() -> SignerFactory:
    return SignerFactory.load()


def read(name: str) -> PoseSequence:
    return read_poses(resolve(f"example:{name}"))


def assert_same(one: PoseSequence, other: PoseSequence) -> None:
    """Compare as far as another machine's rounding lets two sequences agree."""
    assert (one.segments, one.gloss, one.fps, one.layout) == (
        *(other.segments, other.gloss, other.fps, other.layout),
    )
    # a hand at the edge of being seen may be found or not
    assert ((one.confidence > 0) == (other.confidence > 0)).mean() > 0.97
    both = (one.confidence > 0) & (other.confidence > 0)
    assert np.abs(one.keypoints - other.keypoints)[both][:, :2].max() < 0.5


def test_all_that_the_generator_knows_is_there_and_nothing_else() -> None:
    assert names("signer") == sorted(SIGNERS)
    assert names("poses") == sorted([*SEQUENCES, "hello"])
    assert names("lexicon") == ["lexicon"]
    assert json.loads((FOLDER / "index.json").read_text()) == made.describe()


def test_they_are_small() -> None:
    files = [path for path in FOLDER.rglob("*") if path.suffix in (".npz", ".png", ".json")]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence_says_what_is_signed_and_shows_it(name: str) -> None:
    sequence, script = read(name), SEQUENCES[name]
    assert (sequence.layout, sequence.fps) == ("holistic543", 25.0)
    assert (sequence.width, sequence.height) == made.SIZE
    assert len(sequence.segments) == len(script.glosses)
    assert sequence.gloss == " ".join(segment.gloss for segment in sequence.segments)
    assert sequence.seen("body").all()
    assert sequence.seen("face").mean() > 0.9
    hands = sequence.seen("left_hand") | sequence.seen("right_hand")
    for segment in sequence.segments:
        # the hand is on its way at first, and from below the picture
        assert hands[(segment.start + segment.stop) // 2 : segment.stop].mean() > 0.9


@pytest.mark.parametrize("parameter", PAIRS)
def test_a_minimal_pair_differs_in_one_parameter_alone(parameter: str) -> None:
    one, other = (SEQUENCES[name] for name in PAIRS[parameter])
    assert (one.performer, one.seed, one.words) == (other.performer, other.seed, other.words)
    (first,), (second,) = one.glosses, other.glosses
    words = asdict(second)
    assert {key for key, word in asdict(first).items() if word != words[key]} == {parameter}
    kept = [read(name) for name in PAIRS[parameter]]
    assert kept[0].segments[0].gloss != kept[1].segments[0].gloss
    middle = [len(sequence) // 2 for sequence in kept]
    hands = [s.part("right_hand")[0][at] for s, at in zip(kept, middle, strict=True)]
    apart = np.abs((hands[0] - hands[0][:1]) - (hands[1] - hands[1][:1]))[:, :2]
    assert apart.max() > 5


@pytest.mark.parametrize("name", SIGNERS)
def test_a_signers_picture_has_its_keypoints_beside_it(name: str) -> None:
    path = resolve(f"example:{name}", "signer")
    picture, keypoints = read_image(path), keypoints_of(path)
    assert keypoints is not None
    found = read_poses(keypoints)
    assert (found.height, found.width) == picture.shape[:2]
    assert len(found) == 1
    assert "mediapipe" in found.source
    assert found.seen("face").all()
    measure_body(found)


def test_keypoints_come_with_examples_alone(tmp_path: Path) -> None:
    assert keypoints_of(tmp_path / "rosa.png") is None


@pytest.mark.parametrize(
    ("kind", "word"), [("poses", "rosa"), ("signer", "hello"), ("lexicon", "signs")]
)
def test_a_name_of_another_kind_is_refused_with_the_names_there_are(kind: Kind, word: str) -> None:
    with pytest.raises(ValueError, match=f"'{word}'; there are {', '.join(names(kind))}"):
        resolve(f"example:{word}", kind)


def test_every_word_of_the_lexicon_is_short_and_joins(tmp_path: Path) -> None:
    lexicon = Lexicon.open(resolve("example:lexicon", "lexicon"))
    clips = lexicon.read(LEXICON)
    assert all(25 <= len(clip.sequence) <= 40 for clip in clips)
    assert [clip.sequence.gloss for clip in clips] == list(LEXICON)
    words = ["poses", "join", *LEXICON, "--lexicon", "example:lexicon"]
    result = CliRunner().invoke(main, [*words, "-o", str(tmp_path / "all.npz"), "--json"])
    assert result.exit_code == 0, result.output
    segments = json.loads(result.stdout)["segments"]
    assert [gloss for gloss, _, _ in segments] == list(LEXICON)


def test_a_sequence_is_retargeted_to_a_signer_by_name(tmp_path: Path) -> None:
    output = tmp_path / "out.npz"
    words = ["poses", "retarget", "example:both-hands", "--to", "example:kofi", "-o", str(output)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert len(read_poses(output)) == len(read("both-hands"))


def test_the_generator_makes_a_word_again(factory: SignerFactory) -> None:
    word = min(LEXICON)
    kept = read_poses(resolve("example:lexicon", "lexicon") / f"{word}.npz")
    assert_same(made.make_entry(factory, word), kept)


def test_the_generator_makes_a_picture_again(factory: SignerFactory) -> None:
    name = min(SIGNERS)
    kept = read_image(resolve(f"example:{name}", "signer")).astype(int)
    again = made.make_picture(factory, SIGNERS[name]).astype(int)
    assert (np.abs(again - kept) <= 2).mean() > 0.999


def test_rounding_changes_little_and_no_second_time() -> None:
    sequence = read("hello")
    once = made.rounded(sequence)
    seen = once.confidence > 0
    assert np.abs(once.keypoints - sequence.keypoints)[seen][:, :2].max() <= 1 / 32 + 1e-6
    np.testing.assert_array_equal(made.rounded(once).keypoints, once.keypoints)
