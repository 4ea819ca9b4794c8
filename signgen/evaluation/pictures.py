"""A folder of generated pictures as a report: the protocols of the person-image literature.

What a protocol measures is said by protocols.py; here its figures get their settings and versions.
"""

from pathlib import Path

from pose_sequences.video.folder import frame_files
from signgen.evaluation.networks import inception_features, lpips_distances
from signgen.evaluation.protocols import (
    PROTOCOLS,
    Judges,
    PictureSets,
    measure_pictures,
    metrics_of,
    pair_pictures,
)
from signgen.evaluation.report import GENERATED, Report, SystemFigures
from signgen.evaluation.settings import Evaluation


def evaluate_pictures(
    name: str, generated: Path, reference: Path, *, training: Path | None, command: tuple[str, ...]
) -> Report:
    """Measure the pictures of a folder against those of the same names in another.

    name: one of PROTOCOLS; training: the folder of the training pictures, for the FID against them.
    Raises InputError for a picture without a target and for weights that do not fit.
    """
    protocol = PROTOCOLS[name]
    sets = PictureSets(
        pairs=pair_pictures(generated, reference),
        train=() if training is None else frame_files(training),
    )
    judges = Judges(lpips=lpips_distances(), inception=inception_features("torchvision"))
    figures = measure_pictures(protocol, sets, judges)
    system = SystemFigures(
        name=GENERATED,
        about=f"pictures {len(sets.pairs)}, protocol {name}",
        clips=(),
        failures=(),
        of_sets=tuple(figures),
    )
    return Report(
        evaluation=Evaluation(detection=False),
        metrics=metrics_of(protocol),
        systems=(system,),
        command=command,
    )
