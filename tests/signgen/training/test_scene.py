"""Scenes: pictures, points and maps stay together through cropping and wear."""

import torch

from signgen.data import View
from signgen.pose_maps import Points
from signgen.training.scene import Window, crop
from signgen.training.trainer import dice
from tests.signgen.training.tiny import CPU, SIZE, tiny_scenes, tiny_source


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
