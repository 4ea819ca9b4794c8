from pathlib import Path

import pytest

from pose_sequences.errors import CorpusError, InputError
from pose_sequences.phoenix.table import (
    MAX_BYTES,
    MAX_LINE_BYTES,
    MAX_NAME_BYTES,
    MAX_ROWS,
    Row,
    parse_table,
    read_table,
)
from tests.pose_sequences.mutation import mutations
from tests.pose_sequences.tiny_phoenix import CLIPS, HEADER, write_table

pytestmark = pytest.mark.light


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_table(tmp_path, "train", *(clip.row for clip in CLIPS))


def row(name: str = "clip", signer: str = "Signer01", orth: str = "A B") -> str:
    return f"{name}|{name}/1/*.png|-1|-1|{signer}|{orth}|ein satz"


def fault_of(path: Path) -> str:
    with pytest.raises(CorpusError) as raised:
        read_table(path)
    assert raised.value.path == path
    assert "\n" not in str(raised.value)
    return raised.value.fault


def test_rows_come_in_the_tables_order_with_words_apart(table: Path) -> None:
    rows = read_table(table)
    assert [row.name for row in rows] == [clip.name for clip in CLIPS]
    assert rows[0] == Row(
        name=CLIPS[0].name,
        signer="Signer01",
        glosses=("MORGEN", "neg-REGEN", "NORD"),
        translation="morgen kein regen im norden",
        cut=False,
        line=2,
    )
    assert rows[1].translation == "im süden heißt das sonnenschein"
    assert [row.line for row in rows] == list(range(2, len(CLIPS) + 2))


def test_quotes_are_plain_characters(tmp_path: Path) -> None:
    (only,) = read_table(write_table(tmp_path, "dev", row(orth='"A B')))
    assert only.glosses == ('"A', "B")


def test_windows_line_ends_change_nothing(table: Path) -> None:
    rows = read_table(table)
    table.write_bytes(table.read_bytes().replace(b"\n", b"\r\n"))
    assert read_table(table) == rows


def test_a_table_without_rows_is_empty(tmp_path: Path) -> None:
    assert read_table(write_table(tmp_path, "dev")) == ()


def test_a_missing_last_newline_changes_nothing(table: Path) -> None:
    rows = read_table(table)
    table.write_bytes(table.read_bytes().rstrip(b"\n"))
    assert read_table(table) == rows


def test_start_and_end_of_a_part_are_told(tmp_path: Path) -> None:
    part = row().replace("|-1|-1|", "|0|17|")
    assert read_table(write_table(tmp_path, "dev", part))[0].cut


@pytest.mark.parametrize(
    "name",
    ["", "..", ".hidden", "a/b", "/etc", "a\\b", "-rf", "a\0b", "a\tb", " a", "../a", "n" * 201],
)
def test_a_name_is_one_visible_path_component(tmp_path: Path, name: str) -> None:
    fault = fault_of(write_table(tmp_path, "dev", row("good"), row(name)))
    assert fault.startswith("line 3 has ")
    assert fault.endswith("which cannot be a clip's name")


def test_a_name_may_have_any_letters_up_to_its_limit(tmp_path: Path) -> None:
    names = ["n" * MAX_NAME_BYTES, "größe", "a b", "Zoë_1.2"]
    rows = read_table(write_table(tmp_path, "dev", *map(row, names)))
    assert [row.name for row in rows] == names


@pytest.mark.parametrize("signer", ["", " ", " Signer01", "Sig\tner"])
def test_a_signer_has_a_name(tmp_path: Path, signer: str) -> None:
    fault = fault_of(write_table(tmp_path, "dev", row(signer=signer)))
    assert fault == f"line 2 has {signer!r}, which cannot be a signer's name"


@pytest.mark.parametrize(("line", "count"), [("a|b|c", 3), (row() + "|more", 8), ("", 1)])
def test_every_line_has_seven_fields(tmp_path: Path, line: str, count: int) -> None:
    fault = fault_of(write_table(tmp_path, "dev", row("good"), line, row("other")))
    assert fault == f"line 3 has {count} fields where 7 are needed"


@pytest.mark.parametrize(
    "header",
    [
        HEADER.replace("|", ","),
        HEADER + "|hand",
        HEADER.removesuffix("|translation"),
        "\ufeff" + HEADER,
        "",
    ],
)
def test_other_columns_are_refused(table: Path, header: str) -> None:
    table.write_text(table.read_text().replace(HEADER, header))
    assert fault_of(table).startswith(f"has the columns {header[:20]!r}"[:-1])


def test_a_repeated_name_tells_both_lines(tmp_path: Path) -> None:
    path = write_table(tmp_path, "dev", row("a"), row("b"), row("a"))
    assert fault_of(path) == "line 4 repeats the name 'a' of line 2"


def test_bytes_that_are_no_utf8_are_told_by_line(table: Path) -> None:
    table.write_bytes(table.read_bytes().replace("ü".encode(), b"\xfc", 1))
    assert fault_of(table).startswith("line 3 is not UTF-8 (byte ")


def test_a_line_has_a_limit(tmp_path: Path) -> None:
    fault = fault_of(write_table(tmp_path, "dev", row(orth="A " * MAX_LINE_BYTES)))
    assert fault.startswith("line 2 has ")
    assert fault.endswith(f"bytes, more than {MAX_LINE_BYTES}")


def test_a_table_has_a_limit_of_rows(table: Path) -> None:
    with table.open("ab") as file:
        file.write(b"\n" * MAX_ROWS)
    assert fault_of(table) == "has more than 1000000 lines"


def test_a_table_has_a_limit_of_bytes(table: Path) -> None:
    with table.open("r+b") as file:
        file.truncate(MAX_BYTES + 1)
    assert fault_of(table) == "is larger than 64 MB"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "none.csv").startswith("cannot be opened")
    assert fault_of(tmp_path).startswith("cannot be ")


def test_one_pass_tells_every_faulty_line_and_keeps_the_good_ones(tmp_path: Path) -> None:
    path = write_table(tmp_path, "dev", row("a"), "x", row("b"), row(".."), row("a"))
    parsed = list(parse_table(path))
    assert [p.name if isinstance(p, Row) else p.fault.split()[1] for p in parsed] == [
        *("a", "3", "b", "5", "6")
    ]


def test_damaged_tables_end_in_rows_or_one_line(tmp_path: Path, table: Path) -> None:
    refused: list[str] = []
    for number, content in enumerate(mutations(table.read_bytes(), 2_000, seed=14)):
        damaged = tmp_path / f"{number}.csv"  # rewriting one file would wait for the disk each time
        damaged.write_bytes(content)
        try:
            rows = read_table(damaged)
        except InputError as error:
            refused.append(str(error))
        else:
            assert all("/" not in row.name and row.name.isprintable() for row in rows)
    assert len(refused) > 500
    assert not any("\n" in line for line in refused)
