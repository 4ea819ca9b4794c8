"""What is finer than the mesh: painted by the pixel on wide looks, when a picture is shaded.

Hair's strands come from a table by strand coordinates, a face's skin from a map wrapped round the
head; cloth is the business of clothmap.py.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from signgen.studio.clothmap import ClothMap
from signgen.studio.factory import Signer
from signgen.studio.pieces import smoothstep
from signgen.studio.style import Coiffure, Style
from signgen.studio.visage import Visage, visage_of

_STRANDS, _ALONG = 512, 64
_MATT = ("curls", "afro", "locs")  # cuts that scatter light
_A_STRAND, _A_KNOT = 0.0011, 0.022  # metres that a texel is wide and long


@dataclass(frozen=True)
class Strands:
    """A table of tones (512 * 64,) around 1 of strands of hair, and how much each shines."""

    tone: Tensor
    shine: Tensor

    def to(self, device: torch.device | str) -> "Strands":
        """Return the table on a device."""
        return Strands(self.tone.to(device), self.shine.to(device))


@dataclass(frozen=True)
class Detail:
    """Everything that a wide look is painted with by the pixel."""

    strands: Strands
    visage: Visage
    cloth: ClothMap

    def to(self, device: torch.device | str) -> "Detail":
        """Return it on a device."""
        return Detail(self.strands.to(device), self.visage.to(device), self.cloth.to(device))


def detail_of(signer: Signer, style: Style, sleeve: float) -> Detail:
    """Return what a signer's style is painted with; sleeve: as in wardrobe.Garment."""
    return Detail(
        strand_table(style.coiffure),
        visage_of(signer, style),
        ClothMap.of(signer.anatomy, style.outfit, sleeve),
    )


def strand_table(coiffure: Coiffure) -> Strands:
    """Return the strands of a head of hair, some of which may have gone grey."""
    grey, seed = coiffure.grey, coiffure.seed
    generator = torch.Generator().manual_seed(seed)
    fine = _blurred(torch.rand(_STRANDS, _ALONG, generator=generator), 0, 3)
    coarse = _blurred(torch.rand(_STRANDS, _ALONG, generator=generator), 5, 6)
    tone = 0.13 * _standard(fine) + 0.15 * _standard(coarse)
    pale = smoothstep(0.8, 1.6, _standard(fine) + 2.2 * (grey - 0.6)) * min(grey, 0.5)
    tone = (1 + tone).clamp(0.35, 1.9) + 1.0 * pale
    glint = (0.9 + 0.9 * _standard(_blurred(fine, 1, 2))).clamp(0.05, 2.6)
    shine = 0.15 if coiffure.cut in _MATT else 0.7
    return Strands(tone.flatten(), shine * glint.flatten())


def paint_strands(
    colour: Tensor, shine: Tensor, place: Tensor, strands: Strands
) -> tuple[Tensor, Tensor]:
    """Return the colours (N, 3) and the shine (N,) of hair at strand coordinates (N, 3)."""
    across = (place[:, 0] / _A_STRAND).long() % _STRANDS
    along = (place[:, 1] / _A_KNOT).long() % _ALONG
    at = across * _ALONG + along
    tone = strands.tone.index_select(0, at)
    return colour * tone[:, None], shine * strands.shine.index_select(0, at)


def _blurred(table: Tensor, across: int, along: int) -> Tensor:
    for axis, width in ((0, across), (1, along)):
        for _ in range(width):
            table = (table + table.roll(1, axis)) / 2
    return table


def _standard(table: Tensor) -> Tensor:
    return (table - table.mean()) / table.std()
