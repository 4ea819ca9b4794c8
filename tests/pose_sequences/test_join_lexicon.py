"""Signs are found by gloss in either form of a lexicon, and never outside its folder."""

import unicodedata
from pathlib import Path

import pytest

from pose_sequences.errors import CorpusError, InputError, PoseFileError
from pose_sequences.files import write_poses
from pose_sequences.join.clip import Clip
from pose_sequences.join.lexicon import Lexicon
from tests.pose_sequences.mutation import mutations
from tests.pose_sequences.signs import recorded, without

pytestmark = pytest.mark.light

HEADER = "path,spoken_language,signed_language,start,end,words,glosses,priority"


def indexed(folder: Path, *rows: str, header: str = HEADER) -> Path:
    """Write an index.csv into a folder, which need not hold the files; return the folder."""
    folder.mkdir(exist_ok=True)
    (folder / "index.csv").write_text("\r\n".join((header, *rows, "")), encoding="utf-8")
    return folder


def named(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return folder


def refusal(folder: Path, *glosses: str) -> str:
    with pytest.raises(CorpusError) as caught:
        Lexicon.open(folder).find(glosses)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_an_index_is_found_by_gloss_without_regard_to_case(tmp_path: Path) -> None:
    folder = indexed(
        tmp_path,
        'sgg/haus.pose,de,sgg,0,0,"haus, heim",Haus,0',
        "äpfel.pose,de,sgg,40,1240,äpfel,ÄPFEL,0",
    )
    house, apples = Lexicon.open(folder).find(["HAUS", unicodedata.normalize("NFD", "äpfel")])
    assert (house.gloss, house.path, house.start, house.end) == (
        *("Haus", tmp_path / "haus.pose"),
        *(0.0, None),
    )
    assert (apples.path, apples.start, apples.end) == (tmp_path / "äpfel.pose", 0.04, 1.24)


def test_the_languages_folder_is_used_where_it_exists(tmp_path: Path) -> None:
    folder = indexed(named(tmp_path, "sgg/haus.pose"), "sgg/haus.pose,de,sgg,0,0,haus,HAUS,0")
    assert Lexicon.open(folder).find(["haus"])[0].path == tmp_path / "sgg" / "haus.pose"


def test_the_lowest_priority_wins_and_then_the_first(tmp_path: Path) -> None:
    rows = (
        f"{name}.pose,de,sgg,0,0,a,A,{priority}"
        for name, priority in zip("xyz", (2, 1, 1), strict=True)
    )
    assert Lexicon.open(indexed(tmp_path, *rows)).find(["A"])[0].path.name == "y.pose"


def test_files_are_found_by_their_names(tmp_path: Path) -> None:
    names = ("HELLO.npz", "hello-2.pose", "World-3.npz", "World-2.npz", "notes.txt", ".x.npz")
    lexicon = Lexicon.open(named(tmp_path, *names))
    found = [e.path.name for e in lexicon.find(["hello", "HELLO-2", "WORLD", "world-3"])]
    assert found == ["HELLO.npz", "hello-2.pose", "World-2.npz", "World-3.npz"]


def test_unknown_glosses_are_named_together_with_the_nearest(tmp_path: Path) -> None:
    folder = named(tmp_path, "HOUSE.npz", "MOUSE.npz", "TREE.npz")
    message = refusal(folder, "HOUSES", "TREE", "TREES", "XYLOPHONE", "HOUSES")
    assert "no sign for HOUSES, TREES, XYLOPHONE;" in message
    assert "HOUSE, MOUSE, TREE" in message
    assert "there are 3 signs, such as HOUSE" in refusal(folder, "QQQQ")


def test_one_gloss_of_two_signed_languages_is_not_guessed(tmp_path: Path) -> None:
    folder = indexed(tmp_path, "a.pose,de,sgg,0,0,a,A,0", "b.pose,de,gsg,0,0,a,A,0")
    assert "gsg, sgg" in refusal(folder, "A")


@pytest.mark.parametrize(
    "path", ["../a.pose", "/a.pose", "x/../../a.pose", "", "..", "a\x00.pose", f"{'a' * 300}.pose"]
)
def test_paths_do_not_leave_the_folder(tmp_path: Path, path: str) -> None:
    assert "line 2 names" in refusal(indexed(tmp_path, f"{path},de,sgg,0,0,a,A,0"), "A")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("a.pose,de,sgg,soon,0,a,A,0", "'soon' for a whole number"),
        ("a.pose,de,sgg,0,99999999999999,a,A,0", "for a whole number"),
        ("a.pose,de,sgg,-5,0,a,A,0", "time -5 ms"),
        ("a.pose,de,sgg,900,400,a,A,0", "ends at 400 ms"),
        ("a.pose,de,sgg,0,0,a,,0", "no gloss"),
        ("a.pose", "no gloss"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, row: str, fault: str) -> None:
    message = refusal(indexed(tmp_path, row), "A")
    assert "line 2" in message
    assert fault in message


def test_what_is_no_lexicon_is_refused(tmp_path: Path) -> None:
    assert "holds no signs" in refusal(tmp_path)
    assert "no CSV after line 1" in refusal(indexed(tmp_path / "quotes", '"a.pose'))
    assert "cannot be listed" in refusal(tmp_path / "none")
    assert "cannot be listed" in refusal(tmp_path / "a\0b")
    assert "holds no signs" in refusal(indexed(tmp_path / "empty"))
    assert "path and glosses" in refusal(indexed(tmp_path / "other", header="file,gloss"))
    (tmp_path / "empty" / "index.csv").write_bytes(b"path,glosses\n\xff,A\n")
    assert "not UTF-8 (byte 14)" in refusal(tmp_path / "empty")


def test_damaged_indices_end_in_a_lexicon_or_one_line(tmp_path: Path) -> None:
    whole = (indexed(tmp_path, 'sgg/a.pose,de,sgg,0,900,"a, b",A,0') / "index.csv").read_bytes()
    lines = []
    for damaged in mutations(whole, 500, seed=5):
        (tmp_path / "index.csv").unlink()  # replacing in place waits for the disk
        (tmp_path / "index.csv").write_bytes(damaged)
        try:
            Lexicon.open(tmp_path)
        except InputError as error:
            lines.append(str(error))
    assert 100 < len(lines) < 500
    assert not any("\n" in line for line in lines)


def test_an_entry_shows_its_part_of_the_file(tmp_path: Path) -> None:
    clip = recorded("HELLO")
    write_poses(clip, tmp_path / "a.npz")
    rows = ("a.npz,en,x,0,0,a,ALL,0", "a.npz,en,x,200,480,a,PART,0", "a.npz,en,x,200,9000,a,END,0")
    clips = Lexicon.open(indexed(tmp_path, *rows)).read(["all", "part", "end", "PART"])
    assert [c.gloss for c in clips] == ["ALL", "PART", "END", "PART"]
    assert [len(c.sequence) for c in clips] == [len(clip), 7, len(clip) - 5, 7]
    assert (clips[1].sequence.keypoints == clip.keypoints[5:12]).all()
    assert clips[1].sequence is clips[3].sequence


def test_files_that_cannot_be_joined_are_named(tmp_path: Path) -> None:
    write_poses(recorded("HELLO"), tmp_path / "a.npz")
    write_poses(without(recorded("HELLO"), "body.left_shoulder"), tmp_path / "b.npz")
    rows = ("a.npz,en,x,5000,0,a,LATE,0", "b.npz,en,x,0,0,a,BLIND,0", "c.npz,en,x,0,0,a,GONE,0")
    lexicon = Lexicon.open(indexed(tmp_path, *rows))
    for gloss, fault in (
        ("LATE", r"a\.npz: .*begins at 5\.000 s"),
        ("BLIND", r"b\.npz: shows no shoulders"),
        ("GONE", r"c\.npz: cannot be opened"),
    ):
        with pytest.raises(PoseFileError, match=fault):
            lexicon.read([gloss])


def test_letters_are_known_by_their_gloss() -> None:
    sequence = recorded("I")
    glosses = ("A", "ä", "SCH", "ch", "HELLO", "IX")
    assert [g for g in glosses if Clip(g, sequence).is_letter] == ["A", "ä", "SCH", "ch"]
