"""What is encoded once and kept on disk: as good as asking again, and made where it is lost."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pose_sequences.errors import InputError
from signgen.latents import draw_latents, encode, posterior, to_pixels
from signgen.pipeline import SignVideoPipeline
from signgen.training.build import build_pipeline
from signgen.training.cache import Caches, Encoding, FrameCache, cache_frames, cache_gb
from signgen.training.crew import Crew
from signgen.training.denoiser import DenoiserObjective
from signgen.training.encodings import open_caches
from signgen.training.model_settings import ModelSettings
from signgen.training.recipe import load_recipe
from signgen.training.run import TrainingRun
from signgen.training.scene import Stage
from signgen.training.settings import DenoiserTraining, SampleSettings, TemporalTraining
from signgen.training.stages import freeze_all_but
from signgen.training.temporal import TemporalObjective
from signgen.training.trainer import dice
from tests.signgen.backbones.tiny_public import public_models
from tests.signgen.training.tiny import CPU, SIZE, tiny_pipeline, tiny_source

STILL = SampleSettings(
    zoom_share=0.0, reference_shift=0.0, reference_scale=0.0, blur=0.0, grain=0.0
)
V = DenoiserTraining(schedule="v", times="uniform")


def latents_of(pipeline: SignVideoPipeline) -> Encoding:
    autoencoder = pipeline.autoencoder.eval()
    return Encoding(
        name="latents",
        encoder=autoencoder,
        encode=lambda pixels: posterior(autoencoder, pixels[None])[0],
    )


def made(folder: Path, pipeline: SignVideoPipeline) -> FrameCache:
    return cache_frames(tiny_source(), latents_of(pipeline), folder, Crew())


def published(method: str = "fpdm", **changes: object) -> SignVideoPipeline:
    return build_pipeline(ModelSettings(**public_models(method=method, **changes)), seed=0)


def opened(
    folder: Path, pipeline: SignVideoPipeline, settings: SampleSettings, said: list[str]
) -> Caches:
    run = TrainingRun(folder=folder, device=CPU, say=said.append)
    return open_caches(pipeline, tiny_source(), settings, run)


def test_latents_of_frames_are_those_that_encoding_gives(tmp_path: Path) -> None:
    pipeline, source = tiny_pipeline(), tiny_source()
    numbers = torch.tensor([[17, 3], [0, 3], [23, 11]])
    pixels = to_pixels(source.frames(numbers.flatten()))
    with torch.no_grad():
        expected = encode(pipeline.autoencoder, pixels.unflatten(0, numbers.shape))
    found = draw_latents(pipeline.autoencoder, made(tmp_path, pipeline).read(numbers))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


# the published method draws its latents from a posterior, and none of the reference
@pytest.mark.parametrize("blur", [0.0, 0.5])
@pytest.mark.parametrize("kind", ["small", "base", "fpdm", "cfld"])
def test_with_caches_the_loss_is_what_it_is_without(tmp_path: Path, kind: str, blur: float) -> None:
    settings = replace(STILL, blur=blur, cache_latents=True, features_gb=1.0)
    pipeline = {
        "small": tiny_pipeline,
        "base": lambda: published(network="base"),
        "fpdm": published,
        "cfld": lambda: published("cfld"),
    }[kind]()
    denoising = DenoiserTraining() if kind == "small" else V
    caches = opened(tmp_path, pipeline, settings, [])
    plain = Stage(source=tiny_source(), settings=settings, size=SIZE)
    objective = DenoiserObjective(pipeline=pipeline, scenes=plain, settings=denoising)
    freeze_all_but(pipeline, objective)
    for part in objective.trained.values():
        part.eval()  # without dropout
    losses = []
    for scenes in (plain, replace(plain, caches=caches)):
        example = replace(objective, scenes=scenes).draw(6, dice(3, CPU))
        losses.append(objective.loss(example).detach())
    torch.testing.assert_close(losses[1], losses[0], rtol=1e-5, atol=1e-6)
    kept = {name for name in vars(caches) if getattr(caches, name) is not None}
    features = {"small": {"embeddings"}, "cfld": set()}.get(kind, {"embeddings", "tokens"})
    beside = {"reference_latents"} if kind in ("small", "base") and not blur else set()
    assert kept == {"latents", *features, *beside}


def test_clips_on_disk_are_noised_as_those_that_are_encoded_each_time(tmp_path: Path) -> None:
    pipeline = tiny_pipeline()
    settings = replace(STILL, cache_latents=True)
    plain = Stage(source=tiny_source(), settings=settings, size=SIZE)
    objective = TemporalObjective(
        pipeline=pipeline,
        scenes=plain,
        settings=TemporalTraining(num_frames=3),
        denoising=DenoiserTraining(),
    )
    caches = opened(tmp_path, pipeline, settings, [])
    with torch.no_grad():
        ours, theirs = (
            replace(objective, scenes=scenes).draw(2, dice(1, CPU))
            for scenes in (replace(plain, caches=caches), plain)
        )
    torch.testing.assert_close(ours.noisy, theirs.noisy, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.weights, theirs.weights)


def test_nobody_looks_at_targets_whose_latents_are_there(tmp_path: Path) -> None:
    caches = Caches(latents=made(tmp_path, tiny_pipeline()))
    stages = [
        Stage(source=tiny_source(), settings=STILL, size=SIZE, caches=kept)
        for kept in (caches, Caches())
    ]
    ours, theirs = (stage.draw(2, 3, dice(1, CPU)) for stage in stages)
    assert ours.pixels.numel() == 0
    assert torch.equal(ours.maps, theirs.maps)
    assert torch.equal(ours.hands, theirs.hands)
    assert torch.equal(ours.reference, theirs.reference)


def test_a_reference_that_stands_apart_is_encoded_as_it_stands(tmp_path: Path) -> None:
    settings = replace(STILL, reference_shift=0.1, cache_latents=True)
    caches = opened(tmp_path, tiny_pipeline(), settings, [])
    assert caches.latents is not None
    assert caches.reference_latents is None


def test_features_that_take_too_much_room_are_not_kept_and_this_is_said(tmp_path: Path) -> None:
    pipeline, said = published(), list[str]()
    frames = sum(length for _, length in tiny_source().clips)
    room = frames * (26 * 32 * 4 - 1) / 2**30  # of 1 + (72 // 14)² tokens of 32 numbers
    caches = opened(tmp_path, pipeline, replace(STILL, features_gb=room), said)
    assert caches.embeddings is not None
    assert caches.tokens is None
    assert "tokens of all references would take" in said[-1]
    assert "they are made at each step" in said[-1]


def test_the_room_that_is_foreseen_is_the_room_that_is_taken(tmp_path: Path) -> None:
    encoding = latents_of(tiny_pipeline())
    files = cache_frames(tiny_source(), encoding, tmp_path, Crew()).files
    taken = sum(path.stat().st_size for path in files) / 2**30
    assert cache_gb(tiny_source(), encoding) == pytest.approx(taken, rel=0.05)


def test_features_of_plain_pictures_are_not_taken_for_blurred_ones_too(tmp_path: Path) -> None:
    pipeline = tiny_pipeline()
    kept = []
    for blur in (0.0, 0.5):
        settings = replace(STILL, blur=blur, features_gb=1.0)
        embeddings = opened(tmp_path, pipeline, settings, []).embeddings
        assert embeddings is not None
        kept.append(embeddings.read(torch.tensor([2, 9])))
    assert [found.shape for found in kept] == [(2, 1, 32), (2, 2, 32)]
    torch.testing.assert_close(kept[0][:, 0], kept[1][:, 0])


def test_what_is_there_is_kept_and_what_is_lost_is_made_again(tmp_path: Path) -> None:
    pipeline = tiny_pipeline()
    files = made(tmp_path, pipeline).files
    before = [path.stat().st_mtime_ns for path in files]
    files[1].unlink()
    assert made(tmp_path, pipeline).files == files
    after = [path.stat().st_mtime_ns for path in files]
    changed = [a != b for a, b in zip(after, before, strict=True)]
    assert changed == [False, True, False, False]
    assert len(list(tmp_path.rglob("*.safetensors"))) == 4


def test_processes_take_turns(tmp_path: Path) -> None:
    class Other(Crew):
        def wait(self) -> None:
            pass

    encoding = latents_of(tiny_pipeline())
    for rank, count in ((0, 2), (1, 4)):
        cache_frames(tiny_source(), encoding, tmp_path, Other(rank=rank, size=2))
        assert len(list(tmp_path.rglob("*.safetensors"))) == count


def test_other_weights_and_other_sizes_have_other_folders(tmp_path: Path) -> None:
    ours, theirs = (made(tmp_path, tiny_pipeline(seed=seed)) for seed in (0, 1))
    assert ours.files[0].parent != theirs.files[0].parent
    settings = replace(STILL, features_gb=1.0)
    for size, count in ((56, 17), (72, 26)):
        tokens = opened(tmp_path, published(source_size=size), settings, []).tokens
        assert tokens is not None
        assert tokens.read(torch.tensor([0])).shape == (1, 1, count, 32)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    cache = made(tmp_path, tiny_pipeline())
    cache.files[0].write_bytes(b"\x80\x04damaged")
    with pytest.raises(InputError, match=r"clip-0-0\.safetensors: holds no latents"):
        cache.read(torch.tensor([0]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("cache_latents=true", "zoom_share = 0"),
        ("features_gb=1", "references look different each time"),
    ],
)
def test_pictures_that_change_and_a_cache_exclude_each_other(change: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_recipe("mini", [change])
