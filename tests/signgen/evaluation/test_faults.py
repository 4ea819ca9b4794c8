"""Each planted fault moves its own metrics, and leaves alone those that it is none of."""

from collections.abc import Callable

import numpy as np
import pytest

from signgen.evaluation.figures import Figure
from signgen.evaluation.measures import metrics_of
from signgen.evaluation.settings import Evaluation
from tests.signgen.evaluation.faults import (
    FAULTS,
    SCALES,
    Fault,
    Scene,
    damage,
    draw_scene,
    figures_of,
    table,
)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return draw_scene()


@pytest.fixture(scope="module")
def planted(scene: Scene) -> Callable[[Fault], dict[str, Figure]]:
    known: dict[str, dict[str, Figure]] = {}

    def figures(fault: Fault) -> dict[str, Figure]:
        if fault.name not in known:
            known[fault.name] = figures_of(scene, fault.plant(scene))
        return known[fault.name]

    return figures


def test_identical_clips_give_the_ceiling_of_every_metric(scene: Scene) -> None:
    ideals = {metric.key: metric.ideal for metric in metrics_of(Evaluation())}
    measured = [f for f in figures_of(scene, scene.frames.copy()).values() if f.weight]
    assert set(SCALES) <= {figure.key for figure in measured}
    for figure in measured:
        assert figure.value == pytest.approx(ideals[figure.key], abs=2e-3), figure.key


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_moves_its_metrics_and_no_healthy_one_by_much(
    fault: Fault, planted: Callable[[Fault], dict[str, Figure]]
) -> None:
    figures = planted(fault)
    told = {key: damage(key, figures[key]) for key in fault.moves}
    assert min(told.values()) >= 1, told
    spared = {key: damage(key, figures[key]) for key in fault.spares}
    assert max(spared.values()) < 0.6, spared


@pytest.mark.parametrize("key", sorted(SCALES))
def test_no_metric_is_moved_by_faults_that_are_not_its_own_alone(
    key: str, planted: Callable[[Fault], dict[str, Figure]]
) -> None:
    assert any(damage(key, planted(fault)[key]) >= 1 for fault in FAULTS), "tells no fault"
    assert any(damage(key, planted(fault)[key]) < 0.5 for fault in FAULTS), "tells every fault"


def test_a_fault_that_grows_costs_more(scene: Scene) -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=scene.frames.shape)
    values = []
    for strength in (0, 2, 6):
        frames = np.clip(scene.frames + strength * noise, 0, 255).round().astype(np.uint8)
        figures = figures_of(scene, frames)
        values.append([damage(k, figures[k]) for k in ("time/still_flicker", "time/motion_error")])
    assert (np.diff(values, axis=0) > 0).all()


def test_the_table_has_a_row_a_fault_and_a_column_a_metric(
    planted: Callable[[Fault], dict[str, Figure]],
) -> None:
    lines = list(table({fault.name: planted(fault) for fault in FAULTS}))
    assert len(lines) == 2 + len(FAULTS)
    assert {line.count("|") for line in lines} == {len(SCALES) + 2}
