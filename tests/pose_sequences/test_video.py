"""Every frame that a video states is read, in order and upright, or the video is refused."""

import logging
import os
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_sequences.errors import VideoError, single_line
from pose_sequences.images import write_png
from pose_sequences.video import ClipReader, open_frames, probe, read_clip, read_frames
from pose_sequences.video.clock import even_clock, exact_fps, read_clock
from pose_sequences.video.info import VideoInfo, VideoLimits, parse_listing
from pose_sequences.video.mp4 import write_mp4
from tests.pose_sequences.frames import (
    HEIGHT,
    WIDTH,
    foreign_clip,
    moving_frames,
    number_of,
    numbered_frames,
    run_ffmpeg,
)
from tests.pose_sequences.mutation import mutations

H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty frames at 30 per second whose grey is their number."""
    path = tmp_path_factory.mktemp("clips") / "numbered.mp4"
    write_mp4(path, numbered_frames(30), 30)
    return path


def numbers(path: Path, **options: object) -> list[int]:
    return [number_of(frame) for frame in read_frames(path, **options)]


def refusal(path: Path) -> str:
    """Read the whole video and return the one line of its refusal."""
    with pytest.raises(VideoError) as caught:
        for _ in read_frames(path):
            pass
    message = str(caught.value)
    assert message.startswith(single_line(str(path)))
    return message


CONTAINERS = [
    ("a.mp4", H264),
    ("a.mov", H264),
    ("a.mkv", H264),
    ("a.avi", H264),
    ("a.ts", H264),
    ("fragmented.mp4", (*H264, "-movflags", "+frag_keyframe+empty_moov")),
    ("hevc.mp4", ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")),
    ("vp8.webm", ("-c:v", "libvpx", "-deadline", "realtime")),
    ("vp9.webm", ("-c:v", "libvpx-vp9", "-deadline", "realtime")),
    ("av1.mp4", ("-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime")),
    ("mpeg4.avi", ("-c:v", "mpeg4", "-bf", "2")),
    ("mjpeg.avi", ("-c:v", "mjpeg")),
    ("mpeg2.ts", ("-c:v", "mpeg2video", "-bf", "2")),
]


@pytest.mark.parametrize(("name", "options"), CONTAINERS, ids=[name for name, _ in CONTAINERS])
def test_every_container_gives_all_its_frames(
    tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    path = foreign_clip(tmp_path / name, *options, rate="24000/1001")
    info = probe(path)
    assert (info.width, info.height, info.num_frames) == (WIDTH, HEIGHT, 24)
    assert info.fps == Fraction(24000, 1001)
    assert info.duration == Fraction(1001, 1000)
    frames = list(read_frames(path))
    assert len(frames) == 24
    assert {frame.shape for frame in frames} == {(HEIGHT, WIDTH, 3)}


def test_frames_that_are_never_shown_are_not_counted(tmp_path: Path) -> None:
    log = str(tmp_path / "log")
    options = ("-c:v", "libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "25", "-b:v", "50k")
    first = ("-pass", "1", "-passlogfile", log, "-f", "webm")
    foreign_clip(tmp_path / "first.webm", *options, *first, seconds="2")
    second = ("-pass", "2", "-passlogfile", log)
    path = foreign_clip(tmp_path / "a.webm", *options, *second, seconds="2")
    assert probe(path).num_frames == len(list(read_frames(path))) == 60


def test_frames_come_in_order_and_resemble_what_was_written(tmp_path: Path) -> None:
    frames = moving_frames(12)
    write_mp4(tmp_path / "a.mp4", frames, 25)
    for read, written in zip(read_frames(tmp_path / "a.mp4"), frames, strict=True):
        assert np.abs(read.astype(int) - written).mean() < 3


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_frames_are_turned_upright(tmp_path: Path, turn: int) -> None:
    frames = moving_frames(3)
    write_mp4(tmp_path / "flat.mp4", frames, 25)
    turned = tmp_path / "turned.mp4"
    # ffmpeg's option counts against the clock
    run_ffmpeg(
        *("-display_rotation", str(-turn % 360), "-i", f"file:{tmp_path / 'flat.mp4'}"),
        *("-c", "copy", f"file:{turned}"),
    )
    info = probe(turned)
    assert info.rotation == turn
    assert (info.width, info.height) == ((WIDTH, HEIGHT) if turn == 180 else (HEIGHT, WIDTH))
    for read, written in zip(read_frames(turned), frames, strict=True):
        assert np.abs(read.astype(int) - np.rot90(written, -turn // 90)).mean() < 3


def test_a_rotation_that_is_no_quarter_turn_is_refused(numbered: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    run_ffmpeg("-display_rotation", "30", "-i", f"file:{numbered}", "-c", "copy", f"file:{path}")
    assert "turned by 30" in refusal(path)


def test_an_edit_list_hides_what_a_player_hides(tmp_path: Path) -> None:
    write_mp4(tmp_path / "whole.mp4", numbered_frames(30), 30)
    cut = tmp_path / "cut.mp4"
    run_ffmpeg("-ss", "0.5", "-i", f"file:{tmp_path / 'whole.mp4'}", "-c", "copy", f"file:{cut}")
    assert probe(cut).num_frames == 15
    assert numbers(cut) == list(range(15, 30))


@pytest.fixture(scope="module")
def uneven(tmp_path_factory: pytest.TempPathFactory, numbered: Path) -> Path:
    """The numbered clip without frames 10 to 19: frame 9 stays for eleven intervals."""
    path = tmp_path_factory.mktemp("uneven") / "uneven.mp4"
    drop = ("-vf", r"select=not(between(n\,10\,19))", "-fps_mode", "vfr")
    run_ffmpeg("-i", f"file:{numbered}", *drop, *H264, f"file:{path}")
    return path


def test_unevenly_spaced_frames_come_one_by_one_and_the_log_warns(
    uneven: Path, caplog: pytest.LogCaptureFixture
) -> None:
    info = probe(uneven)
    assert info.num_frames == 20
    assert info.duration == 1
    assert numbers(uneven) == [*range(10), *range(20, 30)]
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert "unevenly spaced" in caplog.text


def test_unevenly_spaced_frames_are_resampled_by_their_times(uneven: Path) -> None:
    assert numbers(uneven, fps=30) == [*range(10), *[9] * 10, *range(20, 30)]


@pytest.mark.parametrize("fps", [1, 10, 15, 25, 29.97, 30, 50, 60, 1000])
def test_resampling_gives_the_exact_count_and_the_nearest_frames(
    numbered: Path, fps: float
) -> None:
    rate = exact_fps(fps)
    info, frames = open_frames(numbered, fps=fps)
    shown = [number_of(frame) for frame in frames]
    assert len(shown) == info.num_frames == round(30 / Fraction(30) * rate)
    assert info.fps == rate
    for index, number in enumerate(shown):
        assert abs((index + Fraction(1, 2)) / rate * 30 - (number + Fraction(1, 2))) <= 1


def test_the_slowest_rate_shows_the_frame_in_the_middle(numbered: Path) -> None:
    assert numbers(numbered, fps=0.1) == [29]
    assert numbers(numbered, fps=0.8) == [18]


def test_a_part_is_counted_after_resampling(numbered: Path) -> None:
    assert numbers(numbered, start_frame=5, max_frames=4) == [5, 6, 7, 8]
    assert numbers(numbered, start_frame=28) == [28, 29]
    whole = numbers(numbered, fps=60)
    assert numbers(numbered, fps=60, start_frame=7, max_frames=6) == whole[7:13]


def test_repeated_frames_are_independent(numbered: Path) -> None:
    first, second = list(read_frames(numbered, fps=60, max_frames=2))
    first[:] = 0
    assert second.any()


def test_a_part_outside_the_video_is_refused(numbered: Path) -> None:
    with pytest.raises(VideoError, match="has 30 frames, none at 30"):
        read_frames(numbered, start_frame=30)
    for wrong in (
        {"start_frame": -1},
        {"max_frames": 0},
        {"fps": 0},
        {"fps": float("nan")},
        {"fps": 1001},
    ):
        with pytest.raises(ValueError, match="give"):
            read_frames(numbered, **wrong)


def test_a_reader_that_stops_early_leaves_no_child_behind(numbered: Path) -> None:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    before = children.read_text()
    frames = read_frames(numbered)
    next(frames)
    assert children.read_text() != before
    frames.close()
    assert children.read_text() == before


def test_a_folder_is_read_in_natural_order(tmp_path: Path) -> None:
    for number, frame in enumerate(numbered_frames(12)):
        write_png(tmp_path / f"frame{number}.png", frame, overwrite=False)
    write_png(tmp_path / "frame²³.png", numbered_frames(13)[12], overwrite=False)
    (tmp_path / "notes.txt").write_text("no frame")
    (tmp_path / "._frame0.png").write_bytes(b"of another system")
    info = probe(tmp_path)
    assert info == VideoInfo(WIDTH, HEIGHT, Fraction(25), 13, Fraction(13, 25), "png")
    assert probe(tmp_path, folder_fps=Fraction(10)).fps == 10
    assert numbers(tmp_path) == list(range(13))
    assert numbers(tmp_path, fps=12.5) == [1, 3, 5, 7, 9, 11]
    assert numbers(tmp_path, start_frame=10) == [10, 11, 12]


def test_a_gap_in_a_folders_numbers_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2, 9, 10):
        write_png(tmp_path / f"images{number:04}.png", moving_frames(1)[0], overwrite=False)
    assert probe(tmp_path).num_frames == 4
    assert "6 frames are missing between images0001.png and images0010.png" in caplog.text


def test_a_folder_of_two_sizes_names_the_frame(tmp_path: Path) -> None:
    write_png(tmp_path / "1.png", moving_frames(1)[0], overwrite=False)
    write_png(tmp_path / "2.png", moving_frames(1, 32, 32)[0], overwrite=False)
    assert "2.png is 32x32, the frames before it 64x48" in refusal(tmp_path)


def test_a_folder_with_a_damaged_frame_names_it(tmp_path: Path) -> None:
    write_png(tmp_path / "1.png", moving_frames(1)[0], overwrite=False)
    (tmp_path / "2.png").write_bytes((tmp_path / "1.png").read_bytes()[:300])
    assert "2.png is no intact" in refusal(tmp_path)


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    assert "without pictures" in refusal(tmp_path)


@pytest.mark.parametrize("options", [(), ("-movflags", "+faststart")])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_a_video_that_was_cut_short_is_refused(
    tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    path = foreign_clip(tmp_path / name, *H264, *(options if name == "a.mp4" else ()))
    whole = path.read_bytes()
    for part in (0.05, 0.5, 0.9, 0.99):
        path.write_bytes(whole[: int(len(whole) * part)])
        assert "cut short" in refusal(path) or part == 0.05


def test_a_damaged_video_names_both_counts(tmp_path: Path) -> None:
    path = foreign_clip(tmp_path / "a.mp4", *H264, "-g", "10", "-movflags", "+faststart")
    content = bytearray(path.read_bytes())
    for position in range(len(content) // 2, len(content) - 200, 50):
        content[position : position + 8] = b"\x00" * 8
    path.write_bytes(content)
    message = refusal(path)
    assert "states 30 frames" in message
    assert "can be decoded" in message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a video at all\n" * 50,
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp41",
        b"\x1aE\xdf\xa3" + b"\x00" * 500,
        b"RIFF\x00\x00\x00\x00AVI " + b"\x00" * 500,
        (b"G" + b"\xff" * 187) * 10,
    ],
)
def test_what_is_no_video_is_refused_whatever_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    refusal(tmp_path / "a.mp4")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "symbolic links" in refusal(tmp_path / "loop.mp4")
    assert "pipe" in refusal(tmp_path / "pipe.mp4")
    assert "No such file" in refusal(tmp_path / "missing.mp4")
    assert "no possible" in refusal(Path("a\0.mp4"))
    assert "File name too long" in refusal(tmp_path / ("a" * 300))


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", f"file:{path}")
    refusal(path)


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    write_png(tmp_path / "cover.png", moving_frames(1)[0], overwrite=False)
    path = tmp_path / "a.mp4"
    run_ffmpeg(
        *("-f", "lavfi", "-i", "sine=duration=1", "-i", f"file:{tmp_path / 'cover.png'}"),
        *("-map", "0", "-map", "1", "-c:a", "aac", "-c:v", "png"),
        *("-disposition:v:0", "attached_pic", f"file:{path}"),
    )
    refusal(path)


def test_longer_sound_adds_no_frames(numbered: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    run_ffmpeg(
        *("-f", "lavfi", "-i", "sine=duration=3", "-i", f"file:{numbered}"),
        *("-map", "0", "-map", "1", "-c:a", "aac", "-c:v", "copy", f"file:{path}"),
    )
    assert probe(path).duration == 1
    assert numbers(path) == list(range(30))


@pytest.mark.parametrize("name", ["-i.mp4", "a b.mp4", "a\nb'%d.mp4", "ä漢.mp4", "concat:x.mp4"])
def test_any_name_is_read(
    numbered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(numbered.read_bytes())
    assert numbers(Path(name)) == list(range(30))
    assert len(ClipReader(name)) == 30


def test_metadata_cannot_pretend_to_be_a_stream(tmp_path: Path) -> None:
    lies = "x\n  Stream #0:0: Video: h264, 8x8, 99 fps\n    Display Matrix: rotation of 90 degrees"
    for key in ("comment", "title"):
        path = tmp_path / f"{key}.mp4"
        foreign_clip(path, *H264, "-metadata", f"{key}={lies}")
        info = probe(path)
        assert (info.width, info.height, info.fps, info.rotation) == (WIDTH, HEIGHT, 30, 0)


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        (VideoLimits(side=50), "outside 1 to 50 pixels"),
        (VideoLimits(seconds=0.5), "lasts 1.0 s, beyond 0.5 s"),
        (VideoLimits(max_fps=25), "30.000 frames per second"),
        (VideoLimits(min_fps=31), "30.000 frames per second"),
    ],
)
def test_limits_are_kept(numbered: Path, limits: VideoLimits, fault: str) -> None:
    with pytest.raises(VideoError, match=fault):
        probe(numbered, limits=limits)
    with pytest.raises(VideoError, match=fault):
        read_frames(numbered, limits=limits)


def test_the_largest_frames_fit_into_the_guard(tmp_path: Path) -> None:
    still = ("-vf", "scale=4096:4096", "-preset", "ultrafast", "-frames:v", "2")
    path = foreign_clip(tmp_path / "a.mp4", *H264, *still)
    assert [frame.shape for frame in read_frames(path)] == [(4096, 4096, 3)] * 2


@pytest.mark.parametrize("indices", [[0], [3, 1, 4, 1, 5], [29, 0, 29], list(range(30))])
def test_clips_of_ours_are_read_by_index(numbered: Path, indices: list[int]) -> None:
    clip = read_clip(numbered, indices)
    assert clip.shape == (len(indices), HEIGHT, WIDTH, 3)
    assert [number_of(frame) for frame in clip] == indices


def test_an_index_outside_the_clip_is_refused(numbered: Path) -> None:
    clip = ClipReader(numbered)
    for outside in ([30], [-1], [0, 99], []):
        with pytest.raises(VideoError, match="has 30 frames and was asked for"):
            clip.read(outside)


def test_what_is_no_clip_is_refused_before_decord_sees_it(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("#EXTM3U\n")
    with pytest.raises(VideoError, match="is no MP4"):
        ClipReader(tmp_path / "a.mp4")
    with pytest.raises(VideoError, match="No such file"):
        ClipReader(tmp_path / "b.mp4")


def test_clips_are_read_without_decord(
    numbered: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "decord", None)
    with caplog.at_level(logging.INFO, logger="pose_sequences.video"):
        clip = ClipReader(numbered)
    assert "decord is not installed" in caplog.text
    assert len(clip) == 30
    assert [number_of(frame) for frame in clip.read([7, 2, 7])] == [7, 2, 7]


def damaged_clips(path: Path, count: int, seed: int) -> Iterator[Path]:
    foreign_clip(path, *H264, "-g", "5", seconds="0.3")
    for content in mutations(path.read_bytes(), count, seed):
        path.write_bytes(content)
        yield path


def read_or_refuse(path: Path) -> bool:
    """Read all frames that are stated, or be refused; anything else fails the test."""
    try:
        info, frames = open_frames(path)
        count = sum(frame.shape == (info.height, info.width, 3) for frame in frames)
    except VideoError:
        return False
    assert count == info.num_frames
    return True


def test_damaged_videos_are_read_whole_or_refused(tmp_path: Path) -> None:
    clips = damaged_clips(tmp_path / "a.mp4", 60, seed=1)
    assert 0 < sum(read_or_refuse(path) for path in clips) < 30


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.ts"])
def test_many_damaged_videos_are_read_whole_or_refused(tmp_path: Path, name: str) -> None:
    clips = damaged_clips(tmp_path / name, 500, seed=2)
    assert 0 < sum(read_or_refuse(path) for path in clips) < 400


LISTING = "".join(
    [
        "#extradata 0:       45, 0x1d9c0f0d\n#software: Lavf\n#tb 0: 1/15360\n",
        "#media_type 0: video\n#codec_id 0: h264\n#dimensions 0: 64x48\n#sar 0: 1/1\n",
        *(
            f"0, {512 * i - 1024:10d}, {512 * i:10d},      512,     1670, 0xb349c79d{flags}\n"
            for i, flags in enumerate(["", ", F=0x0", ", F=0x5, S=1, MPEGTS Stream ID, 1, 0xe0"])
        ),
    ]
)
LOG = (
    "[info] Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:/dev/stdin':\n[info]   Metadata:\n"
    "[info]     major_brand     : isom\n[info]   Duration: 00:00:01.00, start: 0.000000\n"
    "[info]   Stream #0:0[0x1](und): Audio: aac (LC), 44100 Hz, mono, fltp, 69 kb/s\n"
    "[info]   Stream #0:1[0x2](und): Video: h264 (High), yuv420p, 64x48, 19 kb/s, 30 fps, 30 tbr\n"
    "[info]     Side data:\n[info]       Display Matrix: rotation of -90.00 degrees\n"
    "[info] Stream mapping:\n"
)


def test_a_listing_tells_size_rate_and_what_is_shown() -> None:
    info, clock = parse_listing(Path("a.mp4"), LISTING, LOG)
    assert info == VideoInfo(48, 64, Fraction(30), 2, Fraction(1, 15), "h264", 90)
    assert clock.num_frames == 2


def test_damaged_listings_are_read_or_refused() -> None:
    texts = mutations(LISTING.encode(), 2000, seed=3)
    logs = mutations(LOG.encode(), 2000, seed=4)
    for listing, log in zip(texts, logs, strict=True):
        for pair in ((listing.decode(errors="replace"), LOG), (LISTING, log.decode("latin-1"))):
            try:
                info, clock = parse_listing(Path("a.mp4"), *pair)
            except VideoError:
                continue
            assert info.num_frames == clock.num_frames > 0
            assert info.fps > 0


RATES = st.one_of(
    st.fractions(min_value=1, max_value=240, max_denominator=1001),
    st.sampled_from([Fraction(n * 1000, 1001) for n in (24, 30, 60, 120)]),
)


@settings(max_examples=200, deadline=None)
@given(fps=RATES, count=st.integers(5, 200), phase=st.integers(-90_000, 90_000))
def test_a_rate_survives_a_fine_clock(fps: Fraction, count: int, phase: int) -> None:
    tick = 1 / (fps.numerator * Fraction(64))
    starts = np.arange(count) * 64 * fps.denominator + phase
    clock = read_clock(starts, 64 * fps.denominator, tick, round(float(fps), 2))
    assert clock is not None
    assert clock.even
    assert clock.fps == fps


@settings(max_examples=100, deadline=None)
@given(fps=st.sampled_from([24, 25, 30, 50, 60]), ntsc=st.booleans(), count=st.integers(1, 400))
def test_usual_rates_survive_a_clock_of_milliseconds(fps: int, ntsc: bool, count: int) -> None:
    rate = Fraction(fps * 1000, 1001) if ntsc else Fraction(fps)
    starts = np.array([round(i * 1000 / rate) for i in range(count)])
    clock = read_clock(starts, round(1000 / rate), Fraction(1, 1000), round(float(rate), 2))
    assert clock is not None
    assert clock.fps == rate


@settings(max_examples=200, deadline=None)
@given(count=st.integers(1, 300), source=RATES, target=RATES)
def test_resampling_neither_goes_back_nor_runs_over(
    count: int, source: Fraction, target: Fraction
) -> None:
    shown = even_clock(count, source).shown_at(target)
    assert len(shown) == max(1, round(count / source * target))
    assert (np.diff(shown) >= 0).all()
    assert shown[0] >= 0
    assert shown[-1] < count


@given(count=st.integers(1, 300), fps=RATES)
def test_resampling_to_the_same_rate_changes_nothing(count: int, fps: Fraction) -> None:
    np.testing.assert_array_equal(even_clock(count, fps).shown_at(fps), np.arange(count))


@pytest.mark.parametrize(
    ("given_fps", "meant"),
    [
        (25, Fraction(25)),
        (25.0, Fraction(25)),
        (29.97, Fraction(30000, 1001)),
        (23.976, Fraction(24000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (22.392, Fraction(2799, 125)),
        (Fraction(2997, 100), Fraction(2997, 100)),
        (12.5, Fraction(25, 2)),
    ],
)
def test_a_float_rate_is_the_fraction_that_is_meant(
    given_fps: Fraction | float, meant: Fraction
) -> None:
    assert exact_fps(given_fps) == meant


def test_a_frame_left_out_shows_even_where_a_tick_is_a_frame() -> None:
    clock = read_clock(np.array([0, 1, 2, 3, 4, 6, 7, 8, 9, 10]), 1, Fraction(1, 30), 30.0)
    assert clock is not None
    assert not clock.even
    assert clock.duration == Fraction(11, 30)
