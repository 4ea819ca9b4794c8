"""A picture of any shape goes into the model's frame, and comes out of it as it was."""

import numpy as np
import pytest
import torch

from signgen.data import fit_frames
from signgen.rendering.film import ContactSheet
from signgen.rendering.framing import frame_result
from signgen.rendering.signer import placed
from tests.signer import signing

MODEL = (64, 64)


def gradient(width: int, height: int) -> np.ndarray:
    """Return a smooth picture."""
    x, y = np.meshgrid(np.linspace(0, 200, width), np.linspace(0, 200, height))
    return np.stack((x, y, (x + y) / 2), axis=-1).round().astype(np.uint8)


def through(picture: np.ndarray, asked: tuple[int, int] | None) -> np.ndarray:
    """Return what is left of a picture that a perfect model draws again."""
    height, width, _ = picture.shape
    frames = fit_frames(torch.from_numpy(picture).movedim(-1, 0)[None], MODEL)
    inside = frames[0].movedim(0, -1).numpy()
    return frame_result((width, height), MODEL, asked).undo(inside)


@pytest.mark.parametrize("size", [(64, 64), (640, 480), (210, 260), (100, 301), (31, 29)])
def test_a_picture_comes_back_in_its_own_shape(size: tuple[int, int]) -> None:
    result = through(gradient(*size), None)
    height, width, _ = result.shape
    assert max(width, height) == 64
    assert width % 2 == height % 2 == 0
    # half a pixel to whole ones, and one to even ones
    assert abs(width - 64 * size[0] / max(size)) <= 1.5
    assert abs(height - 64 * size[1] / max(size)) <= 1.5
    assert np.abs(result.astype(int) - gradient(width, height)).max() <= 6


@pytest.mark.parametrize("size", [(640, 480), (210, 260)])
def test_a_picture_comes_back_as_large_as_it_is_asked_for(size: tuple[int, int]) -> None:
    result = through(gradient(*size), size)
    assert np.abs(result.astype(int) - gradient(*size)).max() <= 8
    assert not frame_result(size, MODEL, size).fills


def test_edges_are_continued_where_the_shape_is_another() -> None:
    framing = frame_result((40, 80), MODEL, (64, 64))
    assert (framing.fills, framing.scales) == (True, False)
    result = through(gradient(40, 80), (64, 64))
    assert result.shape == (64, 64, 3)
    assert (result[:, :16] == result[:, 16:17]).all()
    assert (result[:, 48:] == result[:, 47:48]).all()


def test_a_frame_of_the_models_size_is_left_alone() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.array_equal(through(picture, None), picture)
    assert np.array_equal(through(picture, MODEL), picture)


@pytest.mark.parametrize("size", [(512, 512), (640, 480), (128, 256)])
def test_poses_in_another_frame_keep_their_proportions(size: tuple[int, int]) -> None:
    sequence = signing(3)
    moved = placed(sequence, size)
    assert (moved.width, moved.height) == size
    scale = min(size) / 256
    there = sequence.confidence > 0
    pixels = np.array((1.0, 1.0, 256.0))
    before = (sequence.keypoints * pixels)[there]
    after = (moved.keypoints * np.array((1.0, 1.0, size[0])))[there]
    middle = np.array((*size, 0)) / 2 - scale * np.array((128, 128, 0))
    np.testing.assert_allclose(after, scale * before + middle, rtol=1e-4, atol=1e-2)
    assert np.array_equal(moved.confidence, sequence.confidence)


@pytest.mark.parametrize(("num_frames", "shape"), [(1, (6, 8)), (5, (12, 32)), (100, (18, 32))])
def test_a_contact_sheet_goes_from_the_first_frame_to_the_last(
    num_frames: int, shape: tuple[int, int]
) -> None:
    sheet = ContactSheet(num_frames)
    for number in range(num_frames):
        sheet.write(np.full((6, 8, 3), number, np.uint8))
    picture = sheet.picture()
    assert picture.shape == (*shape, 3)
    cells = picture[::6, ::8, 0].ravel()[: min(num_frames, 12)]
    assert (cells[0], cells[-1]) == (0, num_frames - 1)
    assert (np.diff(cells.astype(int)) > 0).all()
