"""Whether fusions find their targets among pictures that are nearly right.

It measures what stage 2 is for; only targets count, never a source that finds itself.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from signgen.models.fusion import FusionEncoder
from signgen.training.scene import Scene


@dataclass(frozen=True, kw_only=True, eq=False)
class Gallery:
    """Every one of S signers in every one of P poses: the candidates among which one is right.

    references (S, 3, H, W) and pictures (S, P, 3, H, W) in [-1, 1]; maps (S, P, 3, H, W) in [0, 1].
    Beside each target stand its signer in P - 1 other poses, and S - 1 others in the same pose.
    """

    references: Tensor
    maps: Tensor
    pictures: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """Pictures to find: embeddings (N, E) of unit length; signers, poses (N,): their numbers."""

    embeddings: Tensor
    signers: Tensor
    poses: Tensor


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """How targets were found.

    targets: how many there were; top1: the share that is the nearest candidate; top5: that is among
    the five nearest; mean_rank: 1 at best; wrong_signer, wrong_pose: shares of the targets to which
    a picture of another signer, or of another pose, was nearest.
    """

    targets: int
    top1: float
    top5: float
    mean_rank: float
    wrong_signer: float
    wrong_pose: float


@torch.no_grad()
def retrieve(fusion: FusionEncoder, gallery: Gallery) -> Retrieval:
    """Ask for every signer in every pose, by the signer's reference and the pose's map."""
    num_signers, num_poses = gallery.pictures.shape[:2]
    fused = fusion(fusion.embed(gallery.references), gallery.maps).flatten(0, 1)  # (S*P, E)
    number = torch.arange(num_signers * num_poses, device=fused.device)
    candidates = Candidates(
        embeddings=F.normalize(fusion.embed(gallery.pictures.flatten(0, 1)), dim=-1),
        signers=number // num_poses,
        poses=number % num_poses,
    )
    return measure(fused, candidates)


@torch.no_grad()
def retrieve_in_scene(fusion: FusionEncoder, scene: Scene) -> Retrieval:
    """Ask for the first frames of N samples among them all and their N references.

    Samples may have the same frame by chance: no fusion could tell these, so the first alone stays.
    """
    own = _different(scene.pixels[:, 0])
    references, signers = scene.reference[own], scene.signers[own]
    candidates = Candidates(
        embeddings=F.normalize(fusion.embed(torch.cat((scene.pixels[own, 0], references))), dim=-1),
        signers=signers.repeat(2),
        poses=torch.arange(2 * len(signers), device=signers.device),
    )
    return measure(fusion(fusion.embed(references), scene.maps[own])[:, 0], candidates)


def measure(fused: Tensor, candidates: Candidates) -> Retrieval:
    """Return how often fusions (Q, E) find the first Q candidates, one each."""
    similar = (fused @ candidates.embeddings.T).float()
    own = torch.arange(len(fused), device=fused.device)
    rank = ranks(similar, own)
    others = similar.scatter(1, own[:, None], -torch.inf)
    found = torch.where(rank == 1, own, others.argmax(dim=1))
    return Retrieval(
        targets=len(fused),
        top1=_share(rank == 1),
        top5=_share(rank <= 5),
        mean_rank=float(rank.float().mean()),
        wrong_signer=_share(candidates.signers[found] != candidates.signers[own]),
        wrong_pose=_share(candidates.poses[found] != candidates.poses[own]),
    )


def ranks(similar: Tensor, own: Tensor) -> Tensor:
    """Return the rank (Q,) of the right candidate: 1 if all others are less similar.

    similar (Q, N); own (Q,): the number of the right candidate. Of equals it is the last, so that a
    network that says the same of everything finds nothing.
    """
    right = similar.gather(1, own[:, None])
    return (similar >= right).sum(dim=1)


def _different(pictures: Tensor) -> Tensor:
    """Return the numbers of the pictures (N, 3, H, W) that are like none before them."""
    kept: list[int] = []
    for number, picture in enumerate(pictures):
        if not any(torch.equal(picture, pictures[before]) for before in kept):
            kept.append(number)
    return torch.tensor(kept, device=pictures.device)


def _share(there: Tensor) -> float:
    return float(there.float().mean())
