"""Which measures look at a clip, and all the rows they can fill, in one place.

A new measure of frames is entered here and nowhere else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pose_sequences.errors import InputError
from signgen.evaluation import frames, frechet, identity, perceptual, poses, video
from signgen.evaluation.alexnet import LPIPS_WEIGHTS
from signgen.evaluation.corpus_protocols import CORPUS_PROTOCOLS
from signgen.evaluation.figures import SUBJECTS, Figure, Measure, Metric
from signgen.evaluation.frames import FrameMeasure
from signgen.evaluation.frechet import Frechet, FrechetMeasure
from signgen.evaluation.identity import FACE_COLOURS, FUSION, IdentityMeasure
from signgen.evaluation.inception import INCEPTION_WEIGHTS, Form
from signgen.evaluation.networks import (
    Absent,
    Distances,
    Features,
    fusion_distances,
    fusion_features,
    inception_features,
    lpips_distances,
)
from signgen.evaluation.perceptual import PerceptualMeasure
from signgen.evaluation.settings import Evaluation
from signgen.evaluation.video import VideoMeasure


@dataclass(frozen=True, kw_only=True, eq=False)
class Measures:
    """What looks at one clip: frame by frame, and at all its frames as a set, by distance."""

    of_frames: tuple[Measure, ...]
    of_sets: dict[Frechet, FrechetMeasure]

    @property
    def all(self) -> tuple[Measure, ...]:
        """Everything that wants the chunks."""
        return (*self.of_frames, *self.of_sets.values())

    def figures(self) -> list[Figure]:
        """Return the figures of this clip; those of sets only where there is no network.

        Where there is one, its moments are merged over the clips first.
        """
        absent = [measure for measure in self.of_sets.values() if not measure.moments]
        return [figure for each in (*self.of_frames, *absent) for figure in each.figures()]


@dataclass(frozen=True, kw_only=True)
class _FusionNetworks:
    features: Features | Absent
    distances: Distances | Absent


def measures_of(evaluation: Evaluation, num_frames: int) -> Measures:
    """Return fresh measures of the frames of one clip; networks are loaded once a process.

    Raises InputError where the pipeline folder or the weights of a network cannot be used.
    """
    of_frames: list[Measure] = [
        FrameMeasure(),
        PerceptualMeasure("lpips", _lpips()),
        VideoMeasure(evaluation.edges(num_frames)),
        IdentityMeasure(FACE_COLOURS, identity.face_colours),
    ]
    of_sets = {"fid": FrechetMeasure("fid", _inception("tensorflow"))}
    if _torchvision(evaluation):
        of_sets["fid_torchvision"] = FrechetMeasure("fid_torchvision", _inception("torchvision"))
    if evaluation.pipeline is not None:
        fusion = _fusion(evaluation.pipeline)
        of_frames.append(PerceptualMeasure("fusion_perceptual", fusion.distances))
        of_sets["fusion_distance"] = FrechetMeasure("fusion_distance", fusion.features)
        if isinstance(fusion.features, Features):
            embed = identity.fusion_embedding(fusion.features)
            of_frames.append(IdentityMeasure(FUSION, embed))
    return Measures(of_frames=tuple(of_frames), of_sets=of_sets)  # type: ignore[arg-type]


def metrics_of(evaluation: Evaluation, others: Iterable[Metric] = ()) -> tuple[Metric, ...]:
    """Return every row there is, and others, hands, face and time first."""
    metrics = (
        *frames.METRICS,
        *perceptual.METRICS,
        *frechet.METRICS,
        *frechet.metrics_of("fid_torchvision"),
        *video.METRICS,
        *identity.METRICS,
        *poses.METRICS,
        *others,
    )
    return evaluation.sign(sorted(metrics, key=_subject))


def network_files(evaluation: Evaluation) -> list[Path]:
    """Return the files and folders of the trained networks that look at the frames.

    Raises InputError where the pipeline folder is none.
    """
    weights = [LPIPS_WEIGHTS, INCEPTION_WEIGHTS["tensorflow"]]
    weights += [INCEPTION_WEIGHTS["torchvision"]] if _torchvision(evaluation) else []
    found = [path for path in (each.find() for each in weights) if path is not None]
    return found if evaluation.pipeline is None else [*found, *_pipeline_files(evaluation.pipeline)]


def _pipeline_files(folder: Path) -> list[Path]:
    """Return the files of a pipeline folder that figures depend on."""
    index = folder / "model_index.json"
    if not index.is_file():
        raise InputError(folder, f"is no pipeline folder: it has no {index.name}", "train one")
    return [path for path in (index, folder / "fusion") if path.exists()]


def _torchvision(evaluation: Evaluation) -> bool:
    protocol = CORPUS_PROTOCOLS.get(evaluation.protocol.partition(",")[0])
    return protocol is not None and protocol.torchvision_fid


def _subject(metric: Metric) -> int:
    return SUBJECTS.index(metric.key.partition("/")[0])


@cache
def _lpips() -> Distances | Absent:
    return lpips_distances()


@cache
def _inception(form: Form) -> Features | Absent:
    return inception_features(form)


@cache
def _fusion(folder: Path) -> _FusionNetworks:
    from signgen.training.stages import read_pipeline

    pipeline = read_pipeline(folder)
    if pipeline.fusion is not None:
        pipeline.fusion.eval()
    return _FusionNetworks(
        features=fusion_features(pipeline.fusion, pipeline.size),
        distances=fusion_distances(pipeline.fusion, pipeline.size),
    )
