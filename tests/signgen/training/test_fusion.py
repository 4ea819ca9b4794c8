"""The contrast of stage 2: ours and the published one, by closed form; and how retrieval counts."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from signgen.models.fusion import FusionEncoder
from signgen.training.fusion import (
    Embedded,
    FusionObjective,
    embed,
    hard_negatives,
    published_loss,
    symmetric_loss,
)
from signgen.training.retrieval import Gallery, ranks, retrieve, retrieve_in_scene
from signgen.training.settings import FusionTraining
from signgen.training.trainer import dice
from tests.signgen.training.tiny import CPU, tiny_pipeline, tiny_scenes

TEMPERATURE = torch.tensor(0.07).log()


def some_embeddings(num: int = 5, width: int = 8) -> Embedded:
    generator = torch.Generator().manual_seed(0)
    source, target, pose, fused = torch.randn(4, num, width, generator=generator)
    return Embedded(
        source=source,
        target=F.normalize(target, dim=-1),
        pose=pose,
        fused=F.normalize(fused, dim=-1),
    )


def nothing_hard(embedded: Embedded) -> torch.Tensor:
    return embedded.fused[:, None][:, :0]


def test_the_published_loss_is_the_one_of_its_equations() -> None:
    e = some_embeddings()
    rows, columns = torch.cat((e.target, e.source)), torch.cat((e.fused, e.source))
    similar = F.cosine_similarity(rows[:, None], columns[None], dim=-1) / 0.07
    contrast = (similar.logsumexp(dim=1) - similar.diagonal()).mean()
    pull = (torch.cat((e.source, e.source)) - columns.clone()).abs().mean()
    torch.testing.assert_close(published_loss(e).mean(), contrast + 1e-4 * pull)


def test_the_symmetric_loss_is_both_directions_and_the_published_rows_of_sources() -> None:
    e = some_embeddings()
    others = F.normalize(e.source, dim=-1)
    own = torch.arange(5)
    there = F.cross_entropy(e.target @ torch.cat((e.fused, others)).T / 0.07, own)
    back = F.cross_entropy(e.fused @ torch.cat((e.target, others)).T / 0.07, own)
    push = F.cross_entropy(others @ torch.cat((others, e.fused)).T / 0.07, own)
    found = symmetric_loss(e, nothing_hard(e), TEMPERATURE).mean()
    torch.testing.assert_close(found, (there + back) / 4 + push / 2, rtol=1e-5, atol=1e-5)


def test_a_row_of_zeros_is_no_negative_and_gives_a_gradient() -> None:
    e = some_embeddings()
    temperature = TEMPERATURE.clone().requires_grad_()
    loss = symmetric_loss(e, torch.zeros(5, 3, 8), temperature)
    torch.testing.assert_close(loss, symmetric_loss(e, nothing_hard(e), TEMPERATURE))
    loss.sum().backward()
    assert temperature.grad is not None
    assert temperature.grad.isfinite()


def test_a_hard_negative_costs_the_more_the_nearer_it_is() -> None:
    e = some_embeddings()
    losses = []
    for share in (0.1, 0.5, 0.9):
        hard = F.normalize(torch.lerp(e.pose, e.target, share), dim=-1)
        losses.append(symmetric_loss(e, hard[:, None], TEMPERATURE))
    assert (losses[0] < losses[1]).all()
    assert (losses[1] < losses[2]).all()


def test_a_learned_temperature_stays_bounded() -> None:
    e = some_embeddings()
    sharp, sharper = (symmetric_loss(e, nothing_hard(e), torch.tensor(t)) for t in (-5.0, -50.0))
    assert torch.equal(sharp, sharper)


@torch.no_grad()
def test_hard_negatives_share_the_signer_or_the_pose() -> None:
    fusion = tiny_pipeline().fusion.eval()
    scene = tiny_scenes().draw(6, 1, dice(0, CPU))
    signers = torch.tensor([0, 0, 0, 1, 1, 2])
    e = embed(fusion, scene)
    hard = hard_negatives(fusion, e, signers, 2)
    assert hard.shape == (6, 4, e.fused.shape[1])
    source, maps = e.source, scene.maps
    for number, shift in enumerate((2, 4)):
        posed, played = hard[:, 2 * number], hard[:, 2 * number + 1]
        torch.testing.assert_close(posed, fusion(source, maps.roll(shift, 0))[:, 0])
        stranger = signers != signers.roll(shift)
        expected = fusion(source.roll(shift, 0), maps)[:, 0] * stranger[:, None]
        torch.testing.assert_close(played, expected)
    assert hard_negatives(fusion, e, signers, 0).shape[1] == 0
    assert hard_negatives(fusion, e, signers, 50).shape[1] == 10  # each other sample, twice


def test_scenes_say_who_signs() -> None:
    scene = tiny_scenes(zoom_share=0.0, blur=0.0, grain=0.0).draw(64, 1, dice(0, CPU))
    assert set(scene.signers.tolist()) == {0, 1}
    grounds = scene.reference[:, :, 0, 0]  # each toy signer stands before a ground of their own
    first, second = (grounds[scene.signers == signer] for signer in (0, 1))
    for own in (first, second):
        torch.testing.assert_close(own, own[:1].expand_as(own))
    assert (first[0] - second[0]).abs().max() > 0.1


@pytest.mark.parametrize("loss", ["symmetric", "published"])
def test_a_fused_embedding_that_is_the_target_costs_least(loss: str) -> None:
    e = some_embeddings()
    found = dataclasses.replace(e, fused=e.target)
    both = [
        symmetric_loss(x, nothing_hard(x), TEMPERATURE)
        if loss == "symmetric"
        else published_loss(x)
        for x in (e, found)
    ]
    assert both[1].mean() < both[0].mean()


def test_every_setting_of_the_loss_is_one_number_a_sample() -> None:
    fusion = tiny_pipeline().fusion
    for settings in (FusionTraining(), FusionTraining(loss="published")):
        made = FusionObjective(fusion=fusion, scenes=tiny_scenes(), settings=settings)
        loss = made.loss(made.draw(6, dice(0, CPU)))
        assert loss.shape == (6,)
        assert loss.isfinite().all()


def test_ranks_count_the_candidates_that_are_as_near() -> None:
    similar = torch.tensor([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.3, 0.3, 0.3]])
    assert ranks(similar, torch.tensor([0, 1, 2])).tolist() == [1, 2, 3]


def test_a_network_that_says_the_same_of_everything_finds_nothing() -> None:
    fusion = tiny_pipeline().fusion.eval()
    for parameter in fusion.parameters():
        parameter.data.zero_()
    fusion.image[-1].bias.data.fill_(1.0)
    found = retrieve(fusion, some_gallery())
    assert found.top1 == 0
    assert found.mean_rank == 6


def test_retrieval_tells_wrong_signers_from_wrong_poses() -> None:
    gallery = some_gallery()

    class Planted(FusionEncoder):
        """Knows the signer, and takes each pose for the next."""

        def embed(self, pictures: torch.Tensor) -> torch.Tensor:
            return pictures.flatten(1)

        def forward(self, source: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
            return F.normalize(gallery.pictures.roll(-1, 1).flatten(2), dim=-1)

    found = retrieve(Planted(width=32, channels=(8, 16)), gallery)
    assert (found.top1, found.wrong_signer, found.wrong_pose) == (0, 0, 1)


@torch.no_grad()
def test_only_targets_are_counted_and_references_are_in_the_way() -> None:
    scene = tiny_scenes().draw(6, 1, dice(0, CPU))

    class Lazy(FusionEncoder):
        """Gives back the source: what the published accuracy counts as half right."""

        def forward(self, source: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
            return F.normalize(source, dim=-1)[:, None]

    lazy = Lazy(width=32, channels=(8, 16)).eval()
    found = retrieve_in_scene(lazy, scene)
    assert found.top1 == 0
    assert found.wrong_signer == 0
    assert found.wrong_pose == 1


def test_a_target_that_two_samples_have_counts_once() -> None:
    scene = tiny_scenes(zoom_share=0.0).draw(6, 1, dice(0, CPU))
    rows = torch.arange(6).repeat(2)
    twice = dataclasses.replace(
        scene,
        pixels=scene.pixels[rows],
        maps=scene.maps[rows],
        reference=scene.reference[rows],
        signers=scene.signers[rows],
    )
    torch.manual_seed(0)
    fusion = FusionEncoder(width=32, channels=(8, 16)).eval()
    found = retrieve_in_scene(fusion, twice)
    assert found == retrieve_in_scene(fusion, scene)
    assert found.targets == len(scene.pixels.flatten(1).unique(dim=0))


def some_gallery() -> Gallery:
    """Return two signers in three poses, of random pixels."""
    generator = torch.Generator().manual_seed(0)
    return Gallery(
        references=torch.rand(2, 3, 64, 64, generator=generator),
        maps=torch.rand(2, 3, 3, 64, 64, generator=generator),
        pictures=torch.rand(2, 3, 3, 64, 64, generator=generator),
    )
