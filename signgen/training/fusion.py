"""Stage 2: the fusion of source and pose is drawn to where the encoder puts the target picture."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from signgen.models.fusion import TEMPERATURE, FusionEncoder
from signgen.training.scene import Scene, Stage
from signgen.training.settings import FusionTraining
from signgen.training.trainer import Dice

_PULL = 1e-4  # of FPDM's L1 term
_SHARPEST = 100.0  # as in CLIP: beyond it a learned temperature only makes gradients wild


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedded:
    """Embeddings (N, E) of a batch: target and fused have unit length, source and pose have not."""

    source: Tensor
    target: Tensor
    pose: Tensor
    fused: Tensor


@dataclass(frozen=True, kw_only=True)
class FusionObjective:
    """Contrast within the batch: symmetric, or as FPDM publishes it."""

    fusion: FusionEncoder
    scenes: Stage
    settings: FusionTraining
    stage: str = "fusion"

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The encoders and the Combiner."""
        return {"fusion": self.fusion}

    def prepare(self) -> None:
        """Do nothing: there is nothing to fit."""

    def draw(self, num_samples: int, dice: Dice) -> Scene:
        """Draw single frames; some poses are blank."""
        scene = self.scenes.draw(num_samples, 1, dice)
        there = torch.rand(num_samples, 1, 1, 1, 1, generator=dice.values, device=scene.maps.device)
        maps = scene.maps * (there >= self.settings.drop_pose)
        return replace(scene, maps=maps)

    def loss(self, example: Scene) -> Tensor:
        """Return the contrastive loss of each sample."""
        embedded = embed(self.fusion, example)
        if self.settings.loss == "published":
            return published_loss(embedded)
        count = self.settings.hard_negatives
        hard = hard_negatives(self.fusion, embedded, example.signers, count)
        return symmetric_loss(embedded, hard, self.fusion.log_temperature)


def embed(fusion: FusionEncoder, scene: Scene) -> Embedded:
    """Return the embeddings of the first frame of each sample."""
    source, pose = fusion.embed(scene.reference), fusion.embed_poses(scene.maps[:, 0])
    return Embedded(
        source=source,
        target=F.normalize(fusion.embed(scene.pixels[:, 0]), dim=-1),
        pose=pose,
        fused=fusion.combiner(source, pose),
    )


def published_loss(embedded: Embedded) -> Tensor:
    """Return FPDM's loss (N,): [target; source] against [fused; source], in one direction.

    Its temperature is fixed. The rows of the sources, whose own column is themselves, push sources
    away from everything fused; the L1 term pulls what is fused to its source.
    """
    sources = F.normalize(embedded.source, dim=-1)
    rows = torch.cat((embedded.target, sources))
    columns = torch.cat((embedded.fused, sources))
    own = torch.arange(len(rows), device=rows.device)
    similar = (rows @ columns.T).float() / TEMPERATURE  # (2N, 2N)
    contrast = F.cross_entropy(similar, own, reduction="none").unflatten(0, (2, -1)).mean(0)
    pull = (embedded.source - embedded.fused).abs().mean(1) / 2  # the other half compares equals
    return contrast + _PULL * pull.float()


def symmetric_loss(embedded: Embedded, hard: Tensor, log_temperature: Tensor) -> Tensor:
    """Return the contrast (N,) both ways, with every source as a negative and hard ones beside.

    A target must be nearer to its own fusion than to its own source, as in FPDM's source-enhanced
    loss. Its rows of sources, which only push, are kept: they teach the image encoder to tell the
    poses of one signer apart. hard (N, M, E): of each target, what it is not; a row of zeros is
    none.
    """
    target, fused = embedded.target, embedded.fused
    sharpness = torch.exp(-log_temperature).clamp(max=_SHARPEST)
    others = F.normalize(embedded.source, dim=-1)
    own = torch.arange(len(target), device=target.device)
    near = sharpness * torch.einsum("ne,nme->nm", target, hard)
    near = near.masked_fill((hard == 0).all(dim=-1), -torch.inf)
    to_fused = torch.cat((sharpness * target @ torch.cat((fused, others)).T, near), dim=1)
    to_target = sharpness * fused @ torch.cat((target, others)).T  # (N, 2N)
    there = F.cross_entropy(to_fused.float(), own, reduction="none")
    back = F.cross_entropy(to_target.float(), own, reduction="none")
    apart = sharpness * others @ torch.cat((others, fused)).T  # (N, 2N)
    push = F.cross_entropy(apart.float(), own, reduction="none")
    return (there + back) / 4 + push / 2


def hard_negatives(
    fusion: FusionEncoder, embedded: Embedded, signers: Tensor, count: int
) -> Tensor:
    """Return (N, M, E) fusions that are nearly those of each sample.

    Each source takes the poses of ``count`` samples spread over the batch, and each pose is taken
    by their sources, where these are of other signers: signers (N,) are their numbers. What is
    missing is a row of zeros.
    """
    num = len(signers)
    made = [embedded.fused[:, None][:, :0]]  # (N, 0, E)
    for shift in sorted({num * step // (count + 1) for step in range(1, count + 1)} - {0}):
        posed = fusion.combiner(embedded.source, embedded.pose.roll(shift, 0))
        played = fusion.combiner(embedded.source.roll(shift, 0), embedded.pose)
        strange = (signers != signers.roll(shift, 0))[:, None]
        made.append(torch.stack((posed, played * strange), dim=1))
    return torch.cat(made, dim=1)
