"""A studio clip with faults in it, looked at by the detector: the poses tell each fault."""

import pytest

from tests.signgen.evaluation.detected_faults import HEALTHY, film_scene, planted, table

pytestmark = pytest.mark.slow

# fault → key → what its value is at least or at most
TOLD: dict[str, dict[str, tuple[float, float]]] = {
    HEALTHY: {
        "hands/pck_0.2": (60, 100),
        "hands/facing": (85, 100),
        "face/mouth_opening_follows": (0.8, 1),
        "face/error": (0, 1),
        "body/error": (0, 3),
        "time/lag": (0, 0),
    },
    "blurred hands": {"hands/missing": (50, 100), "hands/pck_0.2": (0, 30), "face/error": (0, 1)},
    "mirrored hands": {"hands/facing": (0, 70), "hands/pck_0.2": (0, 40), "face/error": (0, 1)},
    "frozen face": {
        "face/mouth_opening_follows": (-1, 0.5),
        "face/yaw_follows": (-1, 0.5),
        "hands/pck_0.2": (60, 100),
    },
    "wrong identity": {"face/error": (5, 50), "body/error": (4, 50), "time/lag": (0, 80)},
    "half a second late": {"time/lag": (440, 520), "hands/pck_0.2": (0, 40)},
}


@pytest.fixture(scope="module")
def figures() -> dict[str, dict[str, float]]:
    return planted(film_scene())


@pytest.mark.parametrize("fault", TOLD)
def test_the_poses_tell_a_fault_and_spare_what_is_well(
    fault: str, figures: dict[str, dict[str, float]]
) -> None:
    found = {key: figures[fault][key] for key in TOLD[fault]}
    wrong = {
        key: value
        for key, value in found.items()
        if not TOLD[fault][key][0] <= value <= TOLD[fault][key][1]
    }
    assert not wrong, TOLD[fault]


def test_the_table_has_a_row_a_fault(figures: dict[str, dict[str, float]]) -> None:
    assert [line.split(" | ")[0].strip("| ") for line in table(figures)][2:] == list(figures)
