"""MediaPipe on frames that no file holds: what it says, how it fails, and in which mode."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from pose_sequences.errors import InputError, ToolError
from signgen.evaluation.poses import Detector, detect_poses, measure_poses
from signgen.studio.clip import Take, draw_vocabulary, dress_signer, film, rehearse
from signgen.studio.factory import SignerFactory

NUM_FRAMES = 6
Frames = NDArray[np.uint8]


@pytest.fixture(scope="module")
def clip() -> Frames:
    """A studio signer (6, 192, 192, 3)."""
    glosses = draw_vocabulary(1, np.random.default_rng(5))
    take = Take(signer=5, glosses=glosses, seed=5, size=(192, 192), max_frames=NUM_FRAMES)
    figure = dress_signer(SignerFactory.load(), 5)
    performance, camera = rehearse(figure, take, 25.0)
    shots = film(figure, performance.pose, camera, supersample=1)
    return np.concatenate([shot.frames.numpy() for shot in shots])


def test_a_stream_of_frames_becomes_poses_that_name_their_detector(clip: Frames) -> None:
    def stream() -> Iterator[Frames]:
        yield from clip

    found = detect_poses(stream(), fps=12.5, name="studio")
    assert found.layout == "holistic553"
    assert (found.num_frames, found.fps, found.width, found.height) == (NUM_FRAMES, 12.5, 192, 192)
    assert found.source == f"studio by {Detector().signature}"
    assert found.seen("face").all()
    assert found.seen("body").all()
    again = detect_poses(clip, fps=12.5, name="studio")
    np.testing.assert_array_equal(again.keypoints, found.keypoints)
    figures = {figure.key: figure for figure in measure_poses(found, again, found)}
    for key in ("body/pck_0.1_vs_reference", "face/pck_0.1_vs_driving"):
        assert figures[key].value == 100
        assert figures[key].weight >= NUM_FRAMES


def test_each_frame_can_be_seen_as_a_picture(clip: Frames) -> None:
    detector = Detector(refine_face=False, tracks=False)
    found = detect_poses(clip[[0, 3, 0]], fps=25, name="studio", detector=detector)
    assert found.layout == "holistic543"
    assert found.source == f"studio by {detector.signature}"
    # no memory: the same picture has the same poses, whatever came before
    np.testing.assert_array_equal(found.keypoints[0], found.keypoints[2])
    assert (found.keypoints[0] != found.keypoints[1]).any()


def test_no_frames_are_refused() -> None:
    with pytest.raises(ValueError, match="there is no frame to look at"):
        detect_poses(iter(()), fps=25, name="nothing")


def test_frames_that_change_their_size_are_refused_by_the_clips_name(clip: Frames) -> None:
    with pytest.raises(InputError) as error:
        detect_poses([clip[0], clip[1, :96]], fps=25, name="take 7")
    assert str(error.value).startswith("take 7: ")
    assert "\n" not in str(error.value)


def test_a_model_that_is_not_installed_is_one_line(clip: Frames) -> None:
    with pytest.raises(ToolError, match="model for complexity 2 is not installed; run: ") as error:
        detect_poses(clip[:1], fps=25, name="studio", detector=Detector(complexity=2))
    assert "\n" not in str(error.value)


def test_a_complexity_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="complexity is 3"):
        Detector(complexity=3)
