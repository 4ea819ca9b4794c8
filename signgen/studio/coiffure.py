"""The wide studio's cuts of hair: shells, curtains, ribbons and tails put together.

How each of them grows is the business of scalp.py and strands.py.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from signgen.studio.factory import Signer
from signgen.studio.locks import knot, ringlets, scattered, tufts
from signgen.studio.noise import value_noise
from signgen.studio.pieces import Piece, smoothstep
from signgen.studio.scalp import Head, Shell, along, shell_piece
from signgen.studio.scarf import scarf_piece
from signgen.studio.strands import Growth, curtain, grown, tubes, waved
from signgen.studio.style import Coiffure, Cut

# where a parting runs over the template, from the forehead to the crown: depth and height
_PARTING = ((-0.122, 0.802), (-0.085, 0.838), (-0.03, 0.849), (0.02, 0.838), (0.045, 0.812))
_COLUMNS = 44
_SPREAD = 0.036  # metres from the middle to a parting at the side


def coiffure_pieces(signer: Signer, coiffure: Coiffure) -> list[Piece]:
    """Return the hair, or the scarf over it; none on a bald or shaved head."""
    maker = _MAKERS.get(coiffure.cut)
    return maker(Head(signer, coiffure)) if maker else []


def _crop(head: Head) -> list[Piece]:
    volume = head.coiffure.volume
    shell = Shell(lift=0.008 + 0.010 * volume, sides=0.3, lumps=0.3)
    flow = _flow(-0.8, 0.0)
    return [shell_piece(head, shell), tufts(head, shell.lift, 260, (0.012, 0.022), flow, 0.2, 0.5)]


def _receding(head: Head) -> list[Piece]:
    shell = Shell(lift=0.006 + 0.006 * head.coiffure.volume, sides=0.6, lumps=0.2, comb="back")
    flow = _flow(0.9, 0.05)
    return [shell_piece(head, shell), tufts(head, shell.lift, 160, (0.02, 0.035), flow, 0.6)]


def _crown(head: Head) -> list[Piece]:
    shell = Shell(lift=0.010 + 0.010 * head.coiffure.volume, sides=1.0, lumps=0.3, comb="back")
    flow = _flow(0.8, -0.6)
    return [shell_piece(head, shell), tufts(head, 0.012, 140, (0.03, 0.04), flow, 0.2)]


def _sidepart(head: Head) -> list[Piece]:
    volume = head.coiffure.volume
    shell = Shell(lift=0.012 + 0.012 * volume, sides=0.35, lumps=0.25)
    parting = _SPREAD * head.coiffure.parting

    def flow(roots: Tensor) -> Tensor:
        side = torch.where(roots[:, 0] > parting, 1.0, -1.0)
        return torch.stack([side, 0.2 + 0 * side, 0 * side], 1)

    return [shell_piece(head, shell), tufts(head, shell.lift, 300, (0.04, 0.06), flow, 0.55)]


def _quiff(head: Head) -> list[Piece]:
    volume = head.coiffure.volume
    shell = Shell(lift=0.012 + 0.016 * volume, sides=0.25, lumps=0.25, comb="back")
    return [
        shell_piece(head, shell),
        tufts(head, shell.lift, 280, (0.04, 0.06), _flow(1.0, 0.1), 0.3, 0.3),
    ]


def _pixie(head: Head) -> list[Piece]:
    shell = Shell(lift=0.012 + 0.010 * head.coiffure.volume, sides=0.7, lumps=0.25)
    side = 1.0 if head.coiffure.parting > 0 else -1.0

    def flow(roots: Tensor) -> Tensor:
        front = smoothstep(-0.02, -0.10, roots[:, 1])
        out = torch.where(roots[:, 0] > 0, 1.0, -1.0) * (1 - front) + side * front
        return torch.stack([out, 0.5 - 0.9 * front, -0.1 + 0 * out], 1)

    return [shell_piece(head, shell), tufts(head, shell.lift, 340, (0.045, 0.075), flow, 0.35)]


def _curls(head: Head) -> list[Piece]:
    length, volume = head.coiffure.length, head.coiffure.volume
    lift = 0.014 + 0.018 * length
    shell = Shell(lift=lift, sides=0.55 + 0.3 * volume, round=0.4, lumps=0.45, comb="curled")
    return [shell_piece(head, shell), ringlets(head, lift, 560, 0.007 + 0.004 * volume)]


def _afro(head: Head) -> list[Piece]:
    lift = 0.03 + 0.045 * head.coiffure.length
    shell = Shell(lift=lift, sides=0.75, round=0.85, lumps=0.10, comb="curled")
    return [shell_piece(head, shell), ringlets(head, lift, 520, 0.005)]


def _bob(head: Head) -> list[Piece]:
    return [*_curtains(head, 0.615 + 0.05 * head.coiffure.length), *_fringe(head)]


def _long(head: Head) -> list[Piece]:
    return [*_curtains(head, 0.40 + 0.16 * head.coiffure.length), *_fringe(head)]


def _wavy(head: Head) -> list[Piece]:
    wave = 0.05 + 0.05 * head.coiffure.volume
    return [*_curtains(head, 0.42 + 0.18 * head.coiffure.length, wave), *_fringe(head)]


def _locs(head: Head) -> list[Piece]:
    shell = Shell(lift=0.010, sides=0.8, lumps=0.4, comb="curled")
    coiffure, count = head.coiffure, 96
    generator = torch.Generator().manual_seed(coiffure.seed)
    roots, normals = scattered(head, count, generator)
    side = torch.where(roots[:, 0] > _SPREAD * coiffure.parting, 1.0, -1.0)
    flow = torch.stack([0.8 * side, 0.5 + 0 * side, 0.1 + 0 * side], 1) + 0.3 * normals
    length = (0.16 + 0.16 * coiffure.length) * (0.8 + 0.3 * torch.rand(count, generator=generator))
    margin = 0.008 + 0.012 * torch.rand(count, generator=generator)
    lines = grown(head, Growth(roots, flow, length, margin, 9, 0.5))
    radius = 0.0042 * (0.85 + 0.3 * torch.rand(count, 10, generator=generator))
    radius[:, -1] *= 0.3
    tone = 0.75 + 0.4 * torch.rand(count, generator=generator)
    return [shell_piece(head, shell), tubes(head, lines, radius, tone, 4)]


def _bun(head: Head) -> list[Piece]:
    place = torch.tensor([[0.0, 0.035, 0.845]])
    return [*_combed_back(head), knot(head, place, 0.030 + 0.014 * head.coiffure.length)]


def _lowbun(head: Head) -> list[Piece]:
    place = torch.tensor([[0.0, 0.075, 0.72]])
    return [*_combed_back(head), knot(head, place, 0.030 + 0.012 * head.coiffure.length)]


def _ponytail(head: Head) -> list[Piece]:
    side = 1.0 if head.coiffure.parting > 0 else -1.0
    over = head.coiffure.volume > 0.4  # the shoulder
    place = (0.045 * side, 0.045, 0.69) if over else (0.0, 0.055, 0.81)
    root, normal = head.on(torch.tensor([place]))
    towards = (0.9 * side, -0.25, -0.6) if over else (0.35 * side, 0.6, 0.5)
    length = torch.tensor([0.30 + 0.12 * head.coiffure.length])
    growth = Growth(
        root + 0.01 * normal,
        torch.tensor([towards]),
        length,
        torch.tensor([0.03]),
        20,
        0.3,
        beside=not over,
    )
    lines = grown(head, growth)
    share = torch.linspace(0, 1, 21)
    radius = 0.010 + 0.018 * (torch.pi * share.clamp(max=0.97) ** 0.6).sin()
    tail = tubes(head, lines, radius[None], torch.ones(1), 10)
    return [*_combed_back(head), tail]


def _braids(head: Head) -> list[Piece]:
    roots, normals = head.on(torch.tensor([[0.062, 0.015, 0.685], [-0.062, 0.015, 0.685]]))
    side = torch.tensor([1.0, -1.0])
    flow = torch.stack([0.7 * side, -0.1 + 0 * side, -0.8 + 0 * side], 1)
    length = torch.full((2,), 0.26 + 0.12 * head.coiffure.length)
    growth = Growth(
        roots + 0.012 * normals, flow, length, torch.full((2,), 0.026), 40, 0.25, beside=False
    )
    lines = grown(head, growth)
    share = torch.linspace(0, 1, 41)
    knots = 0.72 + 0.38 * (torch.pi * 13 * share).sin().abs()
    radius = (0.0165 * knots * (1 - 0.45 * share)).expand(2, -1)
    shell = Shell(lift=0.010, sides=0.9, lumps=0.12, comb="side")
    return [shell_piece(head, shell), tubes(head, lines, radius, torch.ones(2), 8), *_fringe(head)]


def _scarf(head: Head) -> list[Piece]:
    return [scarf_piece(head)]


_MAKERS: dict[Cut, Callable[[Head], list[Piece]]] = {
    "crown": _crown,
    "crop": _crop,
    "receding": _receding,
    "sidepart": _sidepart,
    "quiff": _quiff,
    "curls": _curls,
    "afro": _afro,
    "pixie": _pixie,
    "bob": _bob,
    "long": _long,
    "wavy": _wavy,
    "locs": _locs,
    "ponytail": _ponytail,
    "bun": _bun,
    "lowbun": _lowbun,
    "braids": _braids,
    "scarf": _scarf,
}


def _curtains(head: Head, end: float, wave: float = 0.0) -> list[Piece]:
    """Return hair that falls to both sides of a parting, down to a height of the template."""
    coiffure = head.coiffure
    shell = Shell(lift=0.006 + 0.008 * coiffure.volume, sides=1.0, lumps=0.1)
    pieces = [shell_piece(head, shell)]
    share = torch.linspace(0, 1, _COLUMNS)
    for side in (1.0, -1.0):
        roots, normals = head.on(_parting(share, coiffure.parting))
        turn = torch.pi * (0.40 + 0.60 * share**0.8)  # 0 looks to the front
        flow = along(torch.stack([side * turn.sin(), -turn.cos(), 0 * turn], 1), normals)
        margin = (0.010 + 0.014 * coiffure.volume) * (0.6 + 0.4 * share)
        length = torch.full_like(share, 0.62)
        lines = grown(
            head, Growth(roots + 0.006 * normals, flow, length, margin, 30, 0.45 + 0.2 * share)
        )
        stop = _down_to(lines, torch.full_like(share, head.height(end)))
        if wave:
            phase = 1.2 * value_noise(share[:, None].expand(-1, 3), 0.12, coiffure.seed + 7)
            lines = waved(head, lines, 0.009, wave, torch.pi * phase)
        # what hangs behind the neck lies in its shadow
        tone = 1 - 0.55 * smoothstep(0.35, 0.75, share)
        pieces.append(curtain(head, lines, stop, clumps=0.005, ragged=0.010, tone=tone))
    return pieces


def _fringe(head: Head) -> list[Piece]:
    """Return hair over the forehead, if the cut has any."""
    coiffure = head.coiffure
    if not coiffure.fringe:
        return []
    share = torch.linspace(-1, 1, 40)
    place = torch.stack([0.052 * share, -0.085 + 0.02 * share**2, 0.83 - 0.012 * share**2], 1)
    roots, normals = head.on(place)
    swept = 0.5 * coiffure.parting
    flow = torch.stack([0.12 * share + swept, -1 + 0 * share, 0.2 + 0 * share], 1)
    margin = torch.full_like(share, 0.010)
    length = torch.full_like(share, 0.14)
    growth = Growth(roots + 0.010 * normals, flow, length, margin, 14, 0.22, beside=False)
    lines = grown(head, growth)
    # longer towards the temples, where it meets the rest
    end = 0.785 - 0.033 * coiffure.fringe - 0.030 * share**4
    stop = _down_to(lines, end + head.height(0.0))
    return [curtain(head, lines, stop, clumps=0.004, ragged=0.006, tone=1 - 0.25 * share**4)]


def _down_to(lines: Tensor, height: Tensor) -> Tensor:
    """Return how long lines (N, S+1, 3) are where they come below a height (N,), or in all."""
    lengths = lines.diff(dim=1).norm(dim=2).cumsum(1)
    below = lines[:, 1:, 2] < height[:, None]
    first = torch.where(below.any(1), below.int().argmax(1), lengths.shape[1] - 1)
    return lengths.gather(1, first[:, None])[:, 0]


def _combed_back(head: Head) -> list[Piece]:
    shell = Shell(lift=0.009 + 0.012 * head.coiffure.volume, sides=0.8, lumps=0.25, comb="back")
    return [shell_piece(head, shell)]


def _flow(back: float, up: float) -> Callable[[Tensor], Tensor]:
    def flow(roots: Tensor) -> Tensor:
        return roots.new_tensor([0.0, back, up]) + roots * roots.new_tensor([3.0, 0.0, 0.0])

    return flow


def _parting(share: Tensor, parting: float) -> Tensor:
    nodes = share.new_tensor(_PARTING)
    place = share**0.7 * (len(nodes) - 1)
    below = place.floor().clamp(max=len(nodes) - 2).long()
    depth = torch.lerp(nodes[below], nodes[below + 1], (place - below)[:, None])
    across = _SPREAD * parting * (1 - 0.7 * smoothstep(0.4, 1.0, share))
    return torch.cat([across[:, None], depth], 1)
