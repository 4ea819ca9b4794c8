"""The painter: nothing at birth, each part by itself, hands by one network."""

import json
from pathlib import Path

import torch

from signgen.models.painter import CloseUpPainter
from signgen.painting import paint
from signgen.training.stages import read_pipeline, write_pipeline
from tests.signgen.models.test_refinement import evidence
from tests.signgen.training.tiny import SIZE, tiny_pipeline


def painter(*, trained: bool) -> CloseUpPainter:
    torch.manual_seed(0)
    made = CloseUpPainter(width=8, side=16).eval()
    if trained:
        for net in (made.hand, made.face):
            torch.nn.init.normal_(net.out.weight, std=0.1)
    return made


def squares() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = ((2, 3, 3, 16, 16), (2, 3, 3, 16, 16), (2, 3, 6, 16, 16))
    rough, maps, reference = (torch.rand(*shape, generator=generator) for shape in shapes)
    return rough, maps, reference


def test_an_untrained_painter_changes_nothing() -> None:
    assert (painter(trained=False)(*squares()) == 0).all()
    known = evidence()
    pixels = torch.rand(2, 3, 3, SIZE, SIZE)
    painted = paint(painter(trained=False), pixels, known.signer, known.poses)
    assert torch.equal(painted, pixels)


def test_both_hands_are_painted_alike_and_a_face_otherwise() -> None:
    rough, maps, reference = squares()
    for part in (rough, maps, reference):
        part[:, 1:] = part[:, :1]
    left, right, face = painter(trained=True)(rough, maps, reference).unbind(1)
    torch.testing.assert_close(left, right)
    assert (left - face).abs().max() > 0.01


def test_a_pipeline_folder_without_a_painter_leaves_pixels_as_decoded(tmp_path: Path) -> None:
    pipeline = tiny_pipeline()
    pipeline.register_modules(painter=None)
    write_pipeline(pipeline, tmp_path / "plain", 1)
    index = tmp_path / "plain" / "model_index.json"
    words = json.loads(index.read_text(encoding="utf-8"))
    del words["painter"]  # as folders were written before there was one
    index.write_text(json.dumps(words), encoding="utf-8")
    again = read_pipeline(tmp_path / "plain")
    assert again.painter is None
    known = evidence(1, 2)
    made = again.generate(known, generator=torch.Generator().manual_seed(0))
    assert made.shape == (1, 2, 3, SIZE, SIZE)


def test_a_batch_is_painted_as_each_picture_by_itself() -> None:
    made, known = painter(trained=True), evidence()
    pixels = torch.rand(2, 3, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(3))
    whole = paint(made, pixels, known.signer, known.poses)
    assert (whole - pixels).abs().max() > 0.01
    for frame in range(3):
        alone = paint(
            made, pixels[:, frame : frame + 1], known.signer, known.poses.frames(frame, frame + 1)
        )
        torch.testing.assert_close(alone[:, 0], whole[:, frame], rtol=0, atol=1e-5)
