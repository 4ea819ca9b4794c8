"""The studio's figures against real MediaPipe; ``scripts/measure_studio`` is their door."""

import argparse
import sys
from pathlib import Path

import torch

from signgen.studio.breadth import BREADTHS
from signgen.studio.detector import BUNDLED, DetectorModel
from signgen.studio.detector_fit import fit_detector
from tests.signgen.studio import detection_figures, detector_figures, fairness_figures
from tests.signgen.studio.sightings import Kept


def main() -> None:
    """Print the figures that were asked for, one line each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=("pictures", "clips", "shipped", "fairness"))
    parser.add_argument("--kept", type=Path, help="where what MediaPipe saw is kept")
    parser.add_argument("--tracks", action="store_true", help="pictures: as frames of a clip")
    parser.add_argument("--clips", type=int, default=detector_figures.CLIPS)
    parser.add_argument("--fit", action="store_true", help="clips: write the model that ships")
    parser.add_argument(
        "--poses", type=int, default=fairness_figures.POSES, help="fairness: of them"
    )
    parser.add_argument(
        "--breadth", choices=BREADTHS, default="wide", help="fairness: of the world"
    )
    given = parser.parse_args()
    torch.set_num_threads(1)
    kept = Kept(given.kept)
    if given.what == "pictures":
        figures = detection_figures.measure(kept, tracks=given.tracks)
        lines = detection_figures.lines(figures)
    elif given.what == "fairness":
        fairness = fairness_figures.measure(kept, poses=given.poses, breadth=given.breadth)
        lines = fairness_figures.lines(fairness)
    elif given.what == "shipped":
        unseen = detector_figures.see_clips(kept, given.clips, first=detector_figures.CLIPS)
        lines = detector_figures.lines(
            *detector_figures.of_model(list(unseen), DetectorModel.load(BUNDLED))
        )
    else:
        clips = list(detector_figures.see_clips(kept, given.clips))
        lines = detector_figures.lines(*detector_figures.held_out(clips))
        if given.fit:
            fit_detector(clips).save(BUNDLED, overwrite=True)
    for line in lines:
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
