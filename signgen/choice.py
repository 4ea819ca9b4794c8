"""Which frames of which clips a batch takes: chance alone, wherever the frames are kept."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice:
    """Which frames a batch takes, counted through all clips of its source, one after the other.

    clips (B, T): consecutive ones; references (B,); signers (B,): their numbers.
    """

    clips: Tensor
    references: Tensor
    signers: Tensor


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """How references are paired with clips.

    across_clips: how often the reference comes from another clip of the same signer, where there is
    one; self_pairs: how often it is the first frame of the clip itself; triples: of so many
    samples, fixed for good, each batch takes some; 0 for new ones in every batch.
    """

    across_clips: float = 0.5
    self_pairs: float = 0.0
    triples: int = 0


HALF_ACROSS = Pairing()


class Chooser:
    """Chooses frames of clips, wherever these are.

    lengths: of the clips, in frames; signers: theirs.
    """

    def __init__(
        self, lengths: Sequence[int], signers: Sequence[str], pairing: Pairing = HALF_ACROSS
    ) -> None:
        if not lengths:
            raise ValueError("there are no clips to train on; choose another split")
        self._lengths = torch.tensor(lengths)
        self._starts = self._lengths.cumsum(0) - self._lengths
        numbers = {signer: number for number, signer in enumerate(sorted(set(signers)))}
        self._signers = torch.tensor([numbers[signer] for signer in signers])
        self._partners = _partners(signers)
        self._pairing = pairing
        fixed = torch.Generator().manual_seed(0)
        self._triples = self._throw(pairing.triples, fixed) if pairing.triples else None

    def choose(self, num_samples: int, num_frames: int, generator: torch.Generator) -> Choice:
        """Choose clips by their length; a clip that is too short stays on its last frame."""
        clip, chance = self._chance(num_samples, generator)
        room = (self._lengths[clip] - num_frames).clamp(min=0) + 1
        first = (chance[0] * room).long()
        offset = first[:, None] + torch.arange(num_frames)
        offset = torch.minimum(offset, self._lengths[clip, None] - 1)
        partners, counts = self._partners
        other = partners[clip, (chance[1] * counts[clip]).long()]
        other = torch.where(chance[2] < self._pairing.across_clips, other, clip)
        shown = (chance[3] * self._lengths[other]).long()
        clips = self._starts[clip, None] + offset
        references = self._starts[other] + shown
        if self._pairing.self_pairs:
            own = torch.rand(num_samples, generator=generator) < self._pairing.self_pairs
            references = torch.where(own, clips[:, 0], references)
        return Choice(clips=clips, references=references, signers=self._signers[clip])

    def without_self_pairs(self) -> Self:
        """Return one that chooses references as if there were no ``self_pairs``."""
        other = copy.copy(self)
        other._pairing = replace(self._pairing, self_pairs=0.0)
        return other

    def _chance(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        if self._triples is None:
            return self._throw(num_samples, generator)
        clip, chance = self._triples
        which = torch.randint(len(clip), (num_samples,), generator=generator)
        return clip[which], chance[:, which]

    def _throw(self, num_samples: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return a clip (N,), and four numbers in [0, 1) for what follows (4, N)."""
        clip = torch.multinomial(self._lengths.float(), num_samples, True, generator=generator)
        return clip, torch.rand(4, num_samples, generator=generator, dtype=torch.double)


def _partners(signers: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Return for each clip the others of its signer, padded (N, M), and how many there are (N,).

    The partner of an only clip is itself.
    """
    clips: dict[str, list[int]] = {}
    for clip, signer in enumerate(signers):
        clips.setdefault(signer, []).append(clip)
    rows = [[own for own in clips[signer] if own != clip] for clip, signer in enumerate(signers)]
    rows = [others or [clip] for clip, others in enumerate(rows)]
    most = max(map(len, rows))
    padded = [others + [0] * (most - len(others)) for others in rows]
    return torch.tensor(padded), torch.tensor([len(others) for others in rows])
