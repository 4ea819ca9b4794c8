"""Seeded moving pictures, and clips as other programs make them, for the tests of video."""

import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pose_sequences.video.ffmpeg import ffmpeg_path

WIDTH, HEIGHT = 64, 48


def moving_frames(
    count: int, width: int = WIDTH, height: int = HEIGHT
) -> list[npt.NDArray[np.uint8]]:
    """Smooth colour waves that move, so that codecs lose little and frames can be told apart."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    waves = [
        np.stack(
            [
                128 + 100 * np.sin((x + 5 * t) / 17),
                128 + 90 * np.cos((y - 3 * t) / 23),
                60 + 120 * (x + y) / (width + height) + t % 40,
            ],
            axis=-1,
        )
        for t in range(count)
    ]
    return [wave.clip(0, 255).astype(np.uint8) for wave in waves]


def numbered_frames(count: int) -> list[npt.NDArray[np.uint8]]:
    """Frames of one grey each, by which ``number_of`` knows them again after any codec."""
    return [np.full((HEIGHT, WIDTH, 3), 16 + 6 * number, np.uint8) for number in range(count)]


def number_of(frame: npt.NDArray[np.uint8]) -> int:
    return round((float(frame.mean()) - 16) / 6)


def foreign_clip(path: Path, *options: str, rate: str = "30", seconds: str = "1") -> Path:
    """Let ffmpeg make a clip of its own test picture with these output options."""
    source = f"testsrc2=size={WIDTH}x{HEIGHT}:rate={rate}:duration={seconds}"
    run_ffmpeg("-f", "lavfi", "-i", source, *options, f"file:{path}")
    return path


def run_ffmpeg(*arguments: str) -> None:
    command = [ffmpeg_path(), "-v", "error", "-nostdin", "-y", *arguments]
    subprocess.run(command, check=True, capture_output=True)
