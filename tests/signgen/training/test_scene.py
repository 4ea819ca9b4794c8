"""Scenes: pictures, points and maps stay together through cropping and wear."""

from dataclasses import dataclass, replace

import pytest
import torch

from signgen.close_ups import cut_out
from signgen.constants import rows_of_part
from signgen.data import LAYOUT, Batch, View
from signgen.hand_points import HANDS
from signgen.pose_maps import Points
from signgen.training.scene import Scene, Stage, Window, crop
from signgen.training.settings import SampleSettings
from signgen.training.trainer import dice
from tests.signgen.training.tiny import CPU, SIZE, tiny_scenes, tiny_source


@dataclass(frozen=True)
class Forgetful:
    """The toy corpus, but no detector has found some of the hands; exact: whether we know them."""

    lost: tuple[str, ...]
    exact: bool = False
    device: torch.device = CPU

    def draw(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Batch:
        """Draw as tiny_source."""
        batch = tiny_source().draw(num_samples, num_frames, generator)
        clips = batch.clips
        told = clips.points.confidence.clone()
        for part in HANDS:
            told[:, rows_of_part(LAYOUT, part, CPU)] *= part not in self.lost
        points = replace(
            clips.points,
            places=clips.points.places * (told > 0)[..., None],
            confidence=told,
        )
        exact = clips.points if self.exact else None
        return replace(batch, clips=View(frames=clips.frames, points=points, exact=exact))


STILL = {"reference_shift": 0.0, "reference_scale": 0.0, "blur": 0.0, "grain": 0.0}


def close_ups(*lost: str, exact: bool = False, share: float = 1.0) -> Scene:
    settings = SampleSettings(**STILL, zoom_share=share, pose_jitter=0.0, hide_hand=0.0)
    source = Forgetful(lost, exact)
    return Stage(source=source, settings=settings, size=SIZE).draw(12, 2, dice(5, CPU))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_hand_that_no_detector_has_found_counts_and_is_looked_at_all_the_same(
    share: float,
) -> None:
    found, lost = (close_ups(*hands, exact=True, share=share) for hands in ((), HANDS))
    assert torch.equal(found.pixels, lost.pixels)
    assert torch.equal(found.weights, lost.weights)
    assert not torch.equal(found.maps, lost.maps)


def test_a_close_up_without_a_hand_is_of_the_other_one_or_of_the_middle() -> None:
    both, left, right, none = (close_ups(*lost) for lost in ((), HANDS[1:], HANDS[:1], HANDS))
    at_left = (both.pixels == left.pixels).flatten(1).all(1)
    at_right = (both.pixels == right.pixels).flatten(1).all(1)
    assert (at_left ^ at_right).all()
    assert at_left.any()
    assert at_right.any()
    whole = close_ups(*HANDS, share=0.0).pixels
    middle = SIZE // 2 - 1
    # at every scale the middle of the picture stays where it is
    centre = slice(middle, middle + 2)
    near, far = (pixels[..., centre, centre].mean((-1, -2)) for pixels in (none.pixels, whole))
    torch.testing.assert_close(near, far, atol=0.3, rtol=0)


def test_a_window_moves_pixels_and_points_alike() -> None:
    frames = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    frames[..., 40:42, 20:22] = 255
    points = Points(
        places=torch.tensor([[[21.0, 41.0, 0.1]]]),
        confidence=torch.ones(1, 1),
        shoulders=torch.tensor([10.0]),
    )
    view = View(frames=frames, points=points)
    window = Window(torch.tensor([[24.0, 36.0]]), torch.tensor([0.5]))
    cropped = crop(view, window, 64)
    x, y = cropped.points.places[0, 0, :2].tolist()
    assert cropped.pixels[0, 0, int(y), int(x)] > 0.9
    assert cropped.points.shoulders.item() == 20
    torch.testing.assert_close(cropped.points.places[0, 0, 2].item(), 0.2)


def test_the_whole_window_changes_nothing() -> None:
    batch = tiny_source().draw(2, 1, torch.Generator().manual_seed(0))
    whole = Window(torch.full((2, 2), SIZE / 2), torch.ones(2))
    cropped = crop(batch.clips, whole, SIZE)
    frames = ((cropped.pixels + 1) * 127.5).round().byte()
    assert torch.equal(frames, batch.clips.frames)
    torch.testing.assert_close(cropped.points.places, batch.clips.points.places)


def test_targets_stay_clean_whatever_is_done_to_references_and_poses() -> None:
    worn = tiny_scenes(zoom_share=0.0, blur=1.0, grain=0.5, pose_jitter=5.0, hide_hand=0.5)
    clean = tiny_scenes(zoom_share=0.0, blur=0.0, grain=0.0, pose_jitter=0.0, hide_hand=0.0)
    scenes = [stage.draw(4, 2, dice(3, CPU)) for stage in (worn, clean)]
    assert torch.equal(scenes[0].pixels, scenes[1].pixels)
    assert not torch.equal(scenes[0].reference, scenes[1].reference)
    assert not torch.equal(scenes[0].maps, scenes[1].maps)


def test_as_many_scenes_as_told_are_close_ups() -> None:
    near = tiny_scenes(zoom_share=1.0, zoom_most=2.0, reference_shift=0.0, reference_scale=0.0)
    far = tiny_scenes(zoom_share=0.0, reference_shift=0.0, reference_scale=0.0)
    close, whole = (stage.draw(8, 1, dice(5, CPU)) for stage in (near, far))
    assert not torch.equal(close.pixels, whole.pixels)
    assert close.maps.mean() > whole.maps.mean()  # strokes are wider in a close-up


def test_every_scene_has_the_shapes_it_says() -> None:
    scene = tiny_scenes().draw(2, 3, dice(0, CPU))
    assert scene.pixels.shape == scene.maps.shape == (2, 3, 3, SIZE, SIZE)
    assert scene.weights.shape == (2, 3, 1, SIZE // 8, SIZE // 8)
    assert scene.reference.shape == scene.reference_maps.shape == (2, 3, SIZE, SIZE)
    assert 0 <= float(scene.maps.min()) <= float(scene.maps.max()) <= 1 + 1e-6


def test_a_mirrored_reference_is_mirrored_with_its_map_and_alone() -> None:
    still = {"zoom_share": 0.0, "reference_shift": 0.0, "grain": 0.0, "blur": 0.0}
    mirrored, plain, some = (
        tiny_scenes(**still, flip_reference=share).draw(8, 1, dice(5, CPU))
        for share in (1.0, 0.0, 0.5)
    )
    assert torch.equal(mirrored.reference, plain.reference.flip(-1))
    assert torch.equal(mirrored.reference_maps, plain.reference_maps.flip(-1))
    assert torch.equal(mirrored.pixels, plain.pixels)
    assert torch.equal(mirrored.maps, plain.maps)
    seen, same = (
        cut_out(scene.reference, scene.reference_close_ups, 16) for scene in (mirrored, plain)
    )
    assert same.abs().max() > 0.1
    torch.testing.assert_close(seen, same, rtol=0, atol=1e-4)
    found = [torch.equal(some.reference[row], plain.reference[row].flip(-1)) for row in range(8)]
    assert 0 < sum(found) < 8
