"""The Combiner as published, and what a fusion embedding promises."""

import torch

from signgen.models.fusion import Combiner, FusionEncoder


def test_the_combiner_has_as_many_parameters_as_published() -> None:
    with torch.device("meta"):
        combiner = Combiner(768)
    assert sum(p.numel() for p in combiner.parameters()) == 4_133_377


@torch.no_grad()
def test_the_combiner_follows_its_equations() -> None:
    torch.manual_seed(0)
    combiner = Combiner(6).eval()
    source, pose = torch.randn(2, 3, 6)
    k = torch.relu(combiner.pose(pose))
    i = torch.relu(combiner.image(source))
    h = torch.cat((k, i), dim=-1)
    g = torch.sigmoid(combiner.gate_out(torch.relu(combiner.gate_in(h))))
    mixed = combiner.out(torch.relu(combiner.both(h))) + g * pose + (1 - g) * source
    torch.testing.assert_close(combiner(source, pose), mixed / mixed.norm(dim=-1, keepdim=True))


@torch.no_grad()
def test_a_fusion_embedding_is_a_unit_vector_a_frame() -> None:
    torch.manual_seed(0)
    encoder = FusionEncoder(16, (8, 16)).eval()
    source = encoder.embed(torch.randn(2, 3, 32, 32))
    fused = encoder(source, torch.rand(2, 5, 3, 32, 32))
    assert fused.shape == (2, 5, 16)
    torch.testing.assert_close(fused.norm(dim=-1), torch.ones(2, 5))
