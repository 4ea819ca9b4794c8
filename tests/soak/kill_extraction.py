"""Kill keypoint extraction again and again, resume it, and check that nothing is torn or lost.

python -m tests.soak.kill_extraction [--kills 20] [--clips 12] [--workers 2] [--seed 0]

Every other kill takes the parent alone, whose workers must then end by themselves; the rest take
everybody at once. A run that finishes before its kill is checked, wiped and started afresh.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from pose_sequences.errors import InputError
from pose_sequences.extract import ClipJob, ClipResult, extract_clips
from pose_sequences.files import read_poses
from pose_sequences.video.mp4 import write_mp4

FRAMES = 30
PATIENCE = 30.0  # seconds for the workers of a killed parent to end


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    for name, default in (("kills", 20), ("clips", 12), ("workers", 2), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.into:
        extract(given.folder, given.into, given.workers)
        return
    with tempfile.TemporaryDirectory() as folder:
        soak(Path(folder), given)


def soak(folder: Path, given: argparse.Namespace) -> None:
    rng = random.Random(given.seed)
    clips, whole, broken = folder / "clips", folder / "whole", folder / "broken"
    make_clips(clips, given.clips)
    start = time.monotonic()
    extract(clips, whole, given.workers)
    seconds = time.monotonic() - start
    kills = torn = lost = 0
    while kills < given.kills:
        if kill_one_run(clips, broken, given, rng, wait=rng.uniform(0.1, 0.9) * seconds):
            kills += 1
        else:
            lost += len(missing(whole, broken))
            for target in broken.iterdir():
                target.unlink()
        torn += count_torn(whole, broken)
    extract(clips, broken, given.workers)
    torn += count_torn(whole, broken)
    lost += len(missing(whole, broken))
    leftovers = len(list(broken.glob(".*")))
    sys.stdout.write(f"kills={kills} clips={given.clips} {torn=} {lost=} {leftovers=}\n")
    sys.exit(bool(torn or lost or leftovers))


def make_clips(folder: Path, count: int) -> None:
    y, x = np.mgrid[:48, :64]
    for clip in range(count):
        frames = (
            np.stack([(x * (clip + 1) + 5 * t) % 256, (y * 5) % 256, (x + y + t) % 256], axis=-1)
            for t in range(FRAMES)
        )
        write_mp4(folder / f"{clip}.mp4", (frame.astype(np.uint8) for frame in frames), 25)


def extract(clips: Path, into: Path, workers: int) -> None:
    jobs = [ClipJob(clip, into / f"{clip.stem}.npz") for clip in sorted(clips.iterdir())]
    for event in extract_clips(jobs, workers=workers):
        if isinstance(event, ClipResult) and event.error is not None:
            raise event.error


def kill_one_run(
    clips: Path, into: Path, given: argparse.Namespace, rng: random.Random, *, wait: float
) -> bool:
    """Start a run and kill it after ``wait`` seconds; return whether it was still running.

    A run that fails by itself ends the script with its status.
    """
    command = [
        sys.executable,
        "-m",
        "tests.soak.kill_extraction",
        "--folder",
        clips,
        "--into",
        into,
    ]
    run = subprocess.Popen([*command, "--workers", str(given.workers)], start_new_session=True)
    try:
        if status := run.wait(wait):
            sys.exit(status)
        return False
    except subprocess.TimeoutExpired:
        everybody = session(run.pid)
    for pid in everybody if rng.random() < 0.5 else [run.pid]:
        with suppress(ProcessLookupError):  # an ffmpeg that was just done
            os.kill(pid, signal.SIGKILL)
    run.wait()
    await_end(run.pid)
    return True


def await_end(leader: int) -> None:
    start = time.monotonic()
    while session(leader):
        if time.monotonic() - start > PATIENCE:
            sys.exit(f"workers of a killed parent are still there: {session(leader)}")
        time.sleep(0.02)


def session(leader: int) -> list[int]:
    """Return the processes of a session, without those that have ended and wait to be collected."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, number = stat.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(number) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


def count_torn(whole: Path, broken: Path) -> int:
    """Count targets that do not load, lack frames or differ from the undisturbed run's."""
    torn = 0
    for target in broken.glob("[!.]*"):
        try:
            intact = len(read_poses(target)) == FRAMES
        except InputError:
            intact = False
        torn += not (intact and target.read_bytes() == (whole / target.name).read_bytes())
    return torn


def missing(whole: Path, broken: Path) -> set[str]:
    return {target.name for target in whole.iterdir()} - {t.name for t in broken.iterdir()}


if __name__ == "__main__":
    main()
