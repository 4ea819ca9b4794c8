"""The child that reads untrusted files stays in its cage and never outlives its owner."""

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pose_sequences.errors import ToolError, VideoError
from pose_sequences.video.containers import (
    AVI,
    HEAD_BYTES,
    MATROSKA,
    MOV,
    MPEG_TS,
    sniff,
    stated_size,
)
from pose_sequences.video.ffmpeg import (
    Ending,
    Guard,
    GuardedFfmpeg,
    end_child,
    ffmpeg_path,
    start_ffmpeg,
)
from tests.pose_sequences.frames import foreign_clip, run_ffmpeg

RAW = ("-map", "0:V:0", "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1")
FRAME_BYTES = 64 * 48 * 3


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    return foreign_clip(path, "-c:v", "libx264", "-pix_fmt", "yuv420p")


def test_the_child_gives_what_the_file_holds(clip: Path) -> None:
    with clip.open("rb") as source, GuardedFfmpeg(clip, source, MOV, RAW, Guard()) as child:
        content = child.read_to_end(1 << 30)
        ending = child.finish()
    assert content is not None
    assert len(content) == 30 * FRAME_BYTES
    assert ending.code == 0
    assert ending.errors == ""


def test_more_output_than_asked_for_is_not_kept(clip: Path) -> None:
    with clip.open("rb") as source, GuardedFfmpeg(clip, source, MOV, RAW, Guard()) as child:
        assert child.read_to_end(10 * FRAME_BYTES) is None


def test_the_child_ends_with_its_block(clip: Path) -> None:
    with clip.open("rb") as source, GuardedFfmpeg(clip, source, MOV, RAW, Guard()) as child:
        assert len(child.read(FRAME_BYTES)) == FRAME_BYTES
        (pid,) = map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())
        assert os.getpgid(pid) == pid  # a group of its own
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_memory_beyond_the_guard_ends_the_child(clip: Path) -> None:
    tight = Guard(memory_bytes=1 << 20)
    with clip.open("rb") as source, GuardedFfmpeg(clip, source, MOV, RAW, tight) as child:
        child.read_to_end(1 << 30)
        assert child.finish().code != 0


def test_a_stalled_child_is_given_up(clip: Path) -> None:
    endless = ("-filter_complex", "testsrc2[v]", "-map", "[v]", "-f", "null", "-")
    impatient = Guard(stall_seconds=0.3)
    with (
        clip.open("rb") as source,
        pytest.raises(VideoError, match=r"clip.mp4: kept ffmpeg busy for 0.3 s"),
        GuardedFfmpeg(clip, source, MOV, endless, impatient) as child,
    ):
        child.read(1)


def test_processor_time_beyond_the_guard_ends_the_child(clip: Path) -> None:
    endless = ("-filter_complex", "testsrc2[v]", "-map", "[v]", "-f", "null", "-")
    hurried = Guard(cpu_seconds=1)
    with clip.open("rb") as source, GuardedFfmpeg(clip, source, MOV, endless, hurried) as child:
        assert child.read(1) == b""
        assert child.finish().code < 0


def test_the_child_cannot_fill_the_disk(clip: Path, tmp_path: Path) -> None:
    loot = tmp_path / "loot"
    endless = ("-filter_complex", "testsrc2[v]", "-map", "[v]", "-f", "rawvideo", f"file:{loot}")
    with clip.open("rb") as source, GuardedFfmpeg(clip, source, MOV, endless, Guard()) as child:
        assert child.read(1) == b""
        assert child.finish().code != 0
    assert loot.stat().st_size <= 1 << 20


def test_decoders_beyond_the_list_are_not_opened(tmp_path: Path) -> None:
    path = foreign_clip(tmp_path / "a.avi", "-c:v", "ffv1")
    with path.open("rb") as source, GuardedFfmpeg(path, source, AVI, RAW, Guard()) as child:
        assert child.read_to_end(1 << 20) == b""
        assert child.finish().code != 0


@pytest.fixture
def _fresh_search() -> Iterator[None]:
    ffmpeg_path.cache_clear()
    yield
    ffmpeg_path.cache_clear()


@pytest.mark.usefixtures("_fresh_search")
def test_a_machine_without_ffmpeg_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import imageio_ffmpeg

    def none() -> str:
        raise RuntimeError("No ffmpeg exe could be found")

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", none)
    with pytest.raises(ToolError, match="pip install"):
        ffmpeg_path()


@pytest.mark.usefixtures("_fresh_search")
def test_an_ffmpeg_that_does_not_start_is_named(
    monkeypatch: pytest.MonkeyPatch, clip: Path
) -> None:
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/no/such/ffmpeg")
    with (
        pytest.raises(ToolError, match="/no/such/ffmpeg does not start"),
        clip.open("rb") as source,
    ):
        GuardedFfmpeg(clip, source, MOV, RAW, Guard())


@pytest.mark.parametrize("error", [PermissionError(1, "not permitted"), KeyboardInterrupt()])
def test_a_child_that_cannot_be_bounded_is_ended(
    monkeypatch: pytest.MonkeyPatch, clip: Path, error: BaseException
) -> None:
    def refuse(*request: object) -> None:
        raise error

    monkeypatch.setattr(resource, "prlimit", refuse)
    with (
        pytest.raises((ToolError, KeyboardInterrupt), match=r"lets nobody bound|^$"),
        clip.open("rb") as source,
    ):
        GuardedFfmpeg(clip, source, MOV, RAW, Guard())
    assert Path(f"/proc/self/task/{os.getpid()}/children").read_text() == ""


def test_errors_are_one_line_without_addresses() -> None:
    log = "[info] Input\n[mov @ 0x55d0] [error] no moov\n[in#0 @ 0x1] [error] Invalid\ndata\n"
    assert Ending(1, log).errors == "no moov / Invalid"


def test_a_child_can_be_ended_twice() -> None:
    with Path(os.devnull).open("wb") as log:
        child = start_ffmpeg(
            ["-f", "lavfi", "-i", "testsrc2", "-f", "null", "-"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            log=log,
        )
        end_child(child)
        end_child(child)
    assert child.returncode < 0


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (b"\x00\x00\x00\x20ftypisom", MOV),
        (b"\x00\x00\x00\x08wide\x00\x00", MOV),
        (b"\x1aE\xdf\xa3\x01\x00", MATROSKA),
        (b"RIFF\x00\x10\x00\x00AVI LIST", AVI),
        ((b"G" + bytes(187)) * 3, MPEG_TS),
        (b"", None),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://example.org/a.ts\n", None),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", None),
        (b"RIFF\x00\x10\x00\x00WAVEfmt ", None),
        (b"GIF89a", None),
        (b"G" * 100, None),
    ],
)
def test_a_container_is_known_by_its_first_bytes(head: bytes, demuxer: str | None) -> None:
    assert sniff(head) == demuxer


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm", "avi"])
def test_a_container_states_no_more_than_it_has_until_it_is_cut(
    clip: Path, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    codec = ("-c:v", "libvpx") if suffix == "webm" else ("-c", "copy")
    run_ffmpeg("-i", f"file:{clip}", *codec, f"file:{path}")
    whole = path.read_bytes()
    with path.open("rb") as file:
        demuxer = sniff(file.read(HEAD_BYTES))
        assert demuxer is not None
        assert stated_size(file, demuxer) == len(whole)
    path.write_bytes(whole[: len(whole) // 2])
    with path.open("rb") as file:
        assert (stated_size(file, demuxer) or 0) > len(whole) // 2
