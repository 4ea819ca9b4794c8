"""A written MP4 is whole, plays anywhere and holds what was given, or it is not there."""

import os
import signal
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import decord
import numpy as np
import numpy.typing as npt
import pytest

from pose_sequences.errors import OutputError
from pose_sequences.video import mp4, probe, read_frames
from pose_sequences.video.mp4 import Mp4Writer, write_mp4
from tests.pose_sequences.frames import moving_frames, number_of, numbered_frames

RATES: list[Fraction | float] = [
    22.392,
    29.97,
    Fraction(24000, 1001),
    25,
    23.456789,
    0.1,
    1,
    240,
    1000,
]


def children() -> str:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


@pytest.mark.parametrize("count", [1, 12])
@pytest.mark.parametrize("fps", RATES, ids=str)
def test_other_readers_find_every_frame_at_its_time(
    tmp_path: Path, fps: Fraction | float, count: int
) -> None:
    path, frames = tmp_path / "a.mp4", np.stack(moving_frames(count))
    assert write_mp4(path, frames, fps) == count
    with av.open(path) as container:
        stream = container.streams.video[0]
        decoded = list(container.decode(stream))
        assert float(stream.average_rate or 0) == pytest.approx(float(fps), rel=2e-6)
        assert (stream.width, stream.height) == (64, 48)
        for number, frame in enumerate(decoded):
            assert frame.time == pytest.approx(number / fps, rel=1e-5, abs=1e-6)
    other = decord.VideoReader(str(path), num_threads=1).get_batch(range(count)).asnumpy()
    for read in (np.stack([frame.to_ndarray(format="rgb24") for frame in decoded]), other):
        assert read.shape == frames.shape
        assert np.abs(read.astype(int) - frames).mean() < 4
    assert probe(path).fps == pytest.approx(Fraction(fps), rel=2e-6)


def test_browsers_are_told_format_and_colours(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    write_mp4(path, moving_frames(3), 25, comment="signgen 0.1\nseed=1; ä")
    with av.open(path) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        assert tags == (1, 1, 1, 1)  # BT.709 three times, limited range
        assert container.metadata["comment"] == "signgen 0.1\nseed=1; ä"
    content = path.read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (200, 150, 120)])
def test_colours_survive(tmp_path: Path, colour: tuple[int, int, int]) -> None:
    path = tmp_path / "a.mp4"
    write_mp4(path, [np.full((32, 32, 3), colour, np.uint8)] * 2, 25, crf=4)
    with av.open(path) as container:
        other = next(container.decode(video=0)).to_ndarray(format="rgb24")
    for read in (next(read_frames(path)), other):
        assert np.abs(read.astype(int) - colour).max() <= 5


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_mp4(tmp_path / name, moving_frames(8), 25, comment="same")
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_frames_are_written_as_they_come(tmp_path: Path) -> None:
    taken: list[int] = []

    def frames() -> Iterator[npt.NDArray[np.uint8]]:
        for number, frame in enumerate(numbered_frames(5)):
            taken.append(number)
            yield frame[::-1, ::-1]  # not contiguous in memory

    with Mp4Writer(tmp_path / "a.mp4", 64, 48, 25) as video:
        for frame in frames():
            video.write(frame)
            assert video.num_frames == len(taken)
            assert not (tmp_path / "a.mp4").exists()
    assert [number_of(frame) for frame in read_frames(tmp_path / "a.mp4")] == taken


@pytest.mark.parametrize("name", ["-y.mp4", "a b.mp4", "a\nb'%d.mp4", "ä漢.mp4", "deep/er/a.mp4"])
def test_any_name_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    write_mp4(name, moving_frames(2), 25)
    assert probe(name).num_frames == 2


@pytest.mark.parametrize(
    ("width", "height", "fps", "options", "fault"),
    [
        (63, 48, 25, {}, "63x48.*choose an even size"),
        (64, 47, 25, {}, "64x47.*choose an even size"),
        (0, 48, 25, {}, "0x48"),
        (64, 4098, 25, {}, "64x4098"),
        (64, 48, 0, {}, "0 frames per second"),
        (64, 48, 0.09, {}, "0.09 frames per second; choose 0.1 to 1000"),
        (64, 48, 1001, {}, "1001 frames per second"),
        (64, 48, float("nan"), {}, "nan frames per second"),
        (64, 48, 25, {"crf": 0}, "crf 0"),
        (64, 48, 25, {"crf": 52}, "crf 52"),
        (64, 48, 25, {"comment": "a\0b"}, "comment"),
        (64, 48, 25, {"comment": "a" * 20_000}, "comment"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_starts(
    tmp_path: Path, width: int, height: int, fps: float, options: dict, fault: str
) -> None:
    with pytest.raises(OutputError, match=fault):
        Mp4Writer(tmp_path / "a.mp4", width, height, fps, **options)
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_replaced_only_on_request(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        write_mp4(path, moving_frames(2), 25)
    assert path.read_bytes() == b"mine"
    write_mp4(path, moving_frames(2), 25, overwrite=True)
    assert probe(path).num_frames == 2


def test_no_frames_make_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no frame"), Mp4Writer(tmp_path / "a.mp4", 64, 48, 25):
        pass
    with pytest.raises(OutputError, match="no frame"):
        write_mp4(tmp_path / "a.mp4", [], 25)
    assert not list(tmp_path.iterdir())
    assert children() == ""


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((48, 62, 3), np.uint8),
        np.zeros((48, 64, 4), np.uint8),
        np.zeros((48, 64), np.uint8),
        np.zeros((48, 64, 3), np.float32),
    ],
)
def test_a_frame_of_another_kind_makes_no_file(tmp_path: Path, frame: np.ndarray) -> None:
    with pytest.raises(OutputError, match="frame 1 is"):
        write_mp4(tmp_path / "a.mp4", [moving_frames(1)[0], frame], 25)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [RuntimeError("mine"), TimeoutError("mine"), KeyboardInterrupt()])
def test_a_block_that_raises_leaves_nothing_and_keeps_its_error(
    tmp_path: Path, error: BaseException
) -> None:
    def frames() -> Iterator[npt.NDArray[np.uint8]]:
        yield moving_frames(1)[0]
        raise error

    with pytest.raises(type(error)) as caught:
        write_mp4(tmp_path / "a.mp4", frames(), 25)
    assert caught.value is error
    assert not list(tmp_path.iterdir())
    assert children() == ""


def kill_children() -> None:
    for child in children().split():
        os.kill(int(child), signal.SIGKILL)


def test_a_finished_film_has_no_name_before_its_block_ends_well(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"

    def interrupted() -> None:
        with Mp4Writer(path, 64, 48, 25) as video:
            video.write(moving_frames(1)[0])
            video.finish()
            assert not path.exists()
            raise KeyError

    with pytest.raises(KeyError):
        interrupted()
    assert not any(tmp_path.iterdir())
    with Mp4Writer(path, 64, 48, 25) as video:
        video.write(moving_frames(1)[0])
        video.finish()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.mp4"]
    assert probe(path).num_frames == 1


@pytest.mark.parametrize("later", [0, 50])
def test_a_killed_encoder_is_an_error_and_leaves_nothing(tmp_path: Path, later: int) -> None:
    frame = moving_frames(1, 256, 256)[0]

    def frames() -> Iterator[npt.NDArray[np.uint8]]:
        yield frame
        kill_children()
        yield from [frame] * later

    with pytest.raises(OutputError, match=r"ffmpeg ended with signal 9 after \d+ frames"):
        write_mp4(tmp_path / "a.mp4", frames(), 25)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("later", [0, 50])
def test_a_stopped_encoder_is_given_up_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: int
) -> None:
    monkeypatch.setattr(mp4, "STALL_SECONDS", 0.2)
    frame = moving_frames(1, 256, 256)[0]

    def frames() -> Iterator[npt.NDArray[np.uint8]]:
        yield frame
        os.kill(int(children()), signal.SIGSTOP)
        yield from [frame] * later

    with pytest.raises(OutputError, match=r"kept ffmpeg busy for 0.2 s after \d+ frames"):
        write_mp4(tmp_path / "a.mp4", frames(), 25)
    assert not list(tmp_path.iterdir())
    assert children() == ""


def test_a_file_that_vanishes_is_an_error(tmp_path: Path) -> None:
    def frames() -> Iterator[npt.NDArray[np.uint8]]:
        parts: list[Path] = []
        while not parts:
            yield moving_frames(1)[0]
            parts = list(tmp_path.glob(".*.part"))
        parts[0].unlink()

    with pytest.raises(OutputError, match=r"ffmpeg ended|was written and"):
        write_mp4(tmp_path / "a.mp4", frames(), 25)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot stand there"):
        write_mp4(tmp_path / "file" / "a.mp4", moving_frames(1), 25)
