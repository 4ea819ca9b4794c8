"""What the bundled model is held to, on signers, takes and signs that training never saw.

python -m tests.signgen.bundled.mini_figures film FOLDER [--clips N] [--breadth B] [-j N]
python -m tests.signgen.bundled.mini_figures render FOLDER OUTPUT [--model DIR] [--breadth B] …
python -m tests.signgen.bundled.mini_figures find [--model DIR]
python -m tests.signgen.bundled.mini_figures pairs FOLDER [--pairs N] [--takes K] [--model DIR] …

The clips that ``render`` makes are then measured by ``signgen evaluate OUTPUT FOLDER/clips/test
--poses FOLDER/keypoints/holistic553/test``; ``find`` prints whether fusions find their pictures
and rendered signers themselves, ``pairs`` whether signs that differ in one thing are told apart.
"""

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from signgen.pipeline import SignVideoPipeline
from signgen.rendering.model import find_model, open_model
from signgen.studio.breadth import BREADTHS
from signgen.studio.clip import Take
from signgen.studio.gloss import Gloss
from signgen.studio.source import StudioSource
from signgen.take import Windows
from signgen.training.retrieval import retrieve
from signgen.training.sources import studio_settings
from signgen.training.stages import read_pipeline
from tests.signgen.bundled.exam_clips import Shoot, exam_takes, film_clips, render_clips
from tests.signgen.bundled.galleries import fusion_gallery, recognised
from tests.signgen.bundled.minimal_pairs import draw_pairs
from tests.signgen.bundled.pair_figures import PairExam, PairRun, Rendering, write_report
from tests.signgen.bundled.pair_verdicts import Verdict, table

CPU = torch.device("cpu")
SEED = 20_000_003
TRAINING = (
    "studio:seed=11",
    "studio:seed=12",
    "studio:seed=13,breadth=wide",
)  # what mini was trained on, one slice after the other


def film(args: argparse.Namespace) -> None:
    """Film the exam's clips."""
    takes = _takes(args)
    film_clips(args.folder, takes, workers=args.jobs)
    _say(f"{len(takes)} clips in {args.folder}")


def render(args: argparse.Namespace) -> None:
    """Render the exam's clips, and print how fast, in CPU seconds too."""
    pipeline = _opened(args.model)
    if args.no_adapter:
        pipeline.register_modules(motion_adapter=None)
    if args.shared_noise is not None:
        pipeline.register_to_config(shared_noise=args.shared_noise)
    takes = _takes(args)
    clips = film_clips(args.folder, takes, workers=1)
    args.output.mkdir(parents=True, exist_ok=True)
    began, used = time.monotonic(), _cpu()
    shoot = Shoot(
        steps=pipeline.steps_like(args.steps, args.guidance_scale),
        windows=Windows(size=args.window),
        seed=args.seed,
    )
    frames = sum(render_clips(pipeline, clips, args.output, shoot))
    seconds, cpu = time.monotonic() - began, _cpu() - used
    if frames:
        _say(f"{frames} frames: {frames / seconds:.2f} a second, {cpu / frames:.3f} CPU s each")


def _takes(args: argparse.Namespace) -> list[Take]:
    seen = _signs_of(args.training)
    return exam_takes(args.clips, args.frames, seen, SEED, args.breadth)


def find(args: argparse.Namespace) -> None:
    """Print retrieval by fusions and recognition of rendered signers."""
    pipeline = read_pipeline(find_model(args.model))  # in float32: embeddings are compared
    if pipeline.fusion is not None:
        found = retrieve(pipeline.fusion, fusion_gallery(16, 16, SEED))
        _say(f"fusion: {found}")
    made, real = recognised(pipeline, 32, SEED)
    _say(f"signers found by their heads: rendered {made:.1%}, real {real:.1%} of 32")


def pairs(args: argparse.Namespace) -> None:
    """Print of each minimal pair how it is told, filmed and rendered, and then a table."""
    exam = PairExam(takes=args.takes, num_frames=args.frames, seed=args.seed)
    rendering = None if args.filmed_only else _rendering(args)
    run = PairRun(args.folder, exam, rendering, workers=args.jobs)
    verdicts: list[Verdict] = []
    for verdict in run.verdicts(draw_pairs(args.pairs, _signs_of(args.training), args.seed)):
        verdicts.append(verdict)
        _say(verdict.line())
    for line in table(verdicts):
        _say(line)
    spent = ", ".join(
        f"{stage} {of / args.pairs:.1f}" for stage, of in run.stopwatch.stages.items()
    )
    _say(f"seconds a pair: {spent}")
    if args.report is not None:
        write_report(args.report, exam, rendering, verdicts)


def _rendering(args: argparse.Namespace) -> Rendering:
    model = open_model(find_model(args.model), args.model, CPU)
    return Rendering(model=model, steps=model.pipeline.steps_like(args.steps, args.guidance_scale))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _opened(model: str) -> SignVideoPipeline:
    return open_model(find_model(model), model, CPU).pipeline


def _signs_of(training: Sequence[str]) -> frozenset[Gloss]:
    """Return the signs that a model was trained on; training: the studio's words for its data."""
    sources = (StudioSource(studio_settings(words, 256), CPU) for words in training)
    return frozenset().union(*(source.vocabulary for source in sources))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mini_figures")
    jobs = parser.add_subparsers(required=True)
    parts = {"film": film, "render": render, "find": find, "pairs": pairs}
    made = {name: jobs.add_parser(name) for name in parts}
    for name, part in parts.items():
        made[name].set_defaults(work=part)
        made[name].add_argument("--threads", type=int, default=0)
    for name in ("film", "render"):
        made[name].add_argument("folder", type=Path)
        made[name].add_argument("--clips", type=int, default=60)
        made[name].add_argument("--frames", type=int, default=50)
        made[name].add_argument("--training", nargs="+", default=TRAINING)
        made[name].add_argument("--breadth", choices=BREADTHS, default="narrow")
    for name in ("render", "find", "pairs"):
        made[name].add_argument("--model", default="mini")
    for name in ("film", "pairs"):
        made[name].add_argument("-j", "--jobs", type=int, default=1)
    for name in ("render", "pairs"):
        made[name].add_argument("--steps", type=int)
        made[name].add_argument("--guidance-scale", type=float)
    made["render"].add_argument("output", type=Path)
    made["render"].add_argument("--window", type=int, default=0)
    made["render"].add_argument("--seed", type=int, default=0)
    made["render"].add_argument("--no-adapter", action="store_true")
    made["render"].add_argument("--shared-noise", type=float)
    _ask_of_pairs(made["pairs"])
    return parser.parse_args()


def _ask_of_pairs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=300)
    parser.add_argument("--takes", type=int, default=2, help="of each sign, by a signer each")
    parser.add_argument("--frames", type=int, default=16, help="of a take, up to the sign's end")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--training", nargs="+", default=TRAINING)
    parser.add_argument("--filmed-only", action="store_true")
    parser.add_argument("--report", type=Path)


def _main() -> None:
    args = _arguments()
    if args.threads:
        torch.set_num_threads(args.threads)
    args.work(args)


if __name__ == "__main__":
    _main()
