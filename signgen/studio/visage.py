"""A map of a head's skin, wrapped round it: freckles, wrinkles, stubble, make-up, the hairline.

Finer than the mesh; a pixel looks itself up by its place in the template.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from signgen.studio.beard import beard_inside
from signgen.studio.factory import Anatomy, Signer
from signgen.studio.noise import value_noise
from signgen.studio.pieces import smoothstep
from signgen.studio.raster import Mesh, rasterise
from signgen.studio.scalp import Head, combed
from signgen.studio.style import Style

_WIDE, _TALL = 512, 256
_AXIS, _LOW, _HIGH = -0.05, 0.56, 0.865  # depth of the axis, lowest and highest place, template
_UNDER_HAIR = {"bald": 0.10, "shaved": 0.72, "scarf": 0.0}
_HAIRY = 0.80  # how much of the skin hair hides where it grows
# wrinkles: points of a curve (|x|, height in the template), half width, how dark
_CURVES: tuple[tuple[tuple[tuple[float, float], ...], float, float], ...] = (
    (((0.019, 0.697), (0.027, 0.684), (0.033, 0.668), (0.035, 0.656)), 0.0020, 0.34),
    (((0.031, 0.652), (0.032, 0.642), (0.029, 0.633)), 0.0018, 0.24),
    (((0.014, 0.7185), (0.026, 0.7115), (0.038, 0.7130), (0.046, 0.7195)), 0.0021, 0.30),
    (((0.050, 0.730), (0.062, 0.735)), 0.0012, 0.22),
    (((0.050, 0.726), (0.063, 0.725)), 0.0012, 0.22),
    (((0.049, 0.722), (0.060, 0.715)), 0.0012, 0.20),
    (((0.0055, 0.738), (0.0065, 0.752)), 0.0014, 0.24),
    (((0.0, 0.768), (0.020, 0.770), (0.040, 0.766)), 0.0016, 0.20),
    (((0.0, 0.779), (0.022, 0.7815), (0.044, 0.776)), 0.0016, 0.20),
    (((0.0, 0.790), (0.020, 0.792), (0.038, 0.788)), 0.0015, 0.14),
)


@dataclass(frozen=True)
class Visage:
    """What a head's skin is multiplied by and what is added, (256 * 512, 7): two linear colours,
    and how much of its shine is left.
    """

    table: Tensor

    def to(self, device: torch.device | str) -> "Visage":
        """Return the map on a device."""
        return Visage(self.table.to(device))


def paint_visage(
    colour: Tensor, shine: Tensor, place: Tensor, visage: Visage
) -> tuple[Tensor, Tensor]:
    """Return the colours (N, 3) and the shine (N,) of a head's skin at template places (N, 3)."""
    across, down = _on_map(place)
    at = down.long().clamp(0, _TALL - 1) * _WIDE + across.long() % _WIDE
    mapped = visage.table.index_select(0, at)
    return colour * mapped[:, :3] + mapped[:, 3:6], shine * mapped[:, 6]


def visage_of(signer: Signer, style: Style) -> Visage:
    """Return the map of a signer's head."""
    canvas = _Canvas.over(signer.anatomy, style.features.seed)
    light = _mottled(canvas, style) * _wrinkled(canvas, style)
    added = torch.zeros_like(light)
    layers = (_lids(canvas, style), _lips(canvas, style), _shaven(canvas, style))
    for alpha, paint in (*layers, _hairline(canvas, signer, style)):
        light = light * (1 - alpha)[:, None]
        added = added * (1 - alpha)[:, None] + alpha[:, None] * paint
    hairy = layers[2][0]
    return Visage(torch.cat([light, added, (1 - 0.8 * hairy)[:, None]], 1))


@dataclass(frozen=True)
class _Canvas:
    # texels: place (N, 3) in the template; lips, lids (N,): masks; a generator for their noise
    place: Tensor
    lips: Tensor
    lids: Tensor
    generator: torch.Generator

    @classmethod
    def over(cls, anatomy: Anatomy, seed: int) -> "_Canvas":
        triangles = anatomy.group("body")
        triangles = triangles[(anatomy.template[triangles, 2] > _LOW - 0.03).all(1)]
        across, down = _on_map(anatomy.template)
        away = anatomy.template[:, :2] - anatomy.template.new_tensor([0.0, _AXIS])
        screen = torch.stack([across, down, 1.5 - away.norm(dim=1)], 1)
        torn = screen[triangles, 0].amax(1) - screen[triangles, 0].amin(1) > _WIDE / 2
        triangles = triangles[~torn]
        yes = torch.ones_like(triangles[:, 0], dtype=torch.bool)
        mesh = Mesh(triangles, yes, torch.ones_like(across), ~yes)
        seen = rasterise(mesh, screen[None], (_WIDE, _TALL))
        values = torch.stack([anatomy.painted("lips"), anatomy.painted("eyelids")], 1)
        values = torch.cat([anatomy.template, values], 1)[triangles[seen.triangle]]
        texels = values.new_tensor([0.0, 0.1, 0.7, 0.0, 0.0]).repeat(_WIDE * _TALL, 1)
        texels[seen.sample] = (values * seen.weights[:, :, None]).sum(1)
        generator = torch.Generator().manual_seed(seed)
        return cls(texels[:, :3], texels[:, 3], texels[:, 4], generator)

    def noise(self, grain: float) -> Tensor:
        """Return noise (N,) of about unit variance with grains of so many metres."""
        texels = grain / ((_HIGH - _LOW) / _TALL)
        size = max(2, round(_TALL / texels)), max(2, round(_WIDE / texels))
        coarse = torch.randn(1, 1, *size, generator=self.generator)
        fine = interpolate(coarse, (_TALL, _WIDE), mode="bicubic", align_corners=False)
        return fine.flatten() / fine.std()

    def spots(self, share: float, softness: int) -> Tensor:
        """Return small spots (N,) from 0 to 1 at a share of the texels."""
        drawn = torch.rand(2, _TALL, _WIDE, generator=self.generator)
        spots = (drawn[0] < share) * (0.4 + 0.6 * drawn[1])
        for _ in range(softness):
            spots = (spots + spots.roll(1, 0)) / 2
            spots = (spots + spots.roll(1, 1)) / 2
        return (spots * 1.6**softness).flatten().clamp(0, 1)

    def near(self, x: float, z: float, radius: float) -> Tensor:
        """Return 1 at places with that |x| and height, falling to 0 round them (N,)."""
        gaps = (self.place[:, 0].abs() - x) ** 2 + (self.place[:, 2] - z) ** 2
        return torch.exp(-gaps / (2 * radius**2)) * (self.place[:, 1] < -0.04)


def _on_map(place: Tensor) -> tuple[Tensor, Tensor]:
    turn = torch.atan2(place[:, 0], _AXIS - place[:, 1])
    across = (turn / (2 * torch.pi) + 0.5) * _WIDE
    return across, (_HIGH - place[:, 2]) * (_TALL / (_HIGH - _LOW))


def _mottled(canvas: _Canvas, style: Style) -> Tensor:
    features = style.features
    tone = 1 + 0.025 * canvas.noise(0.0026) + 0.03 * canvas.noise(0.012)
    blood = 0.10 * canvas.noise(0.02).clamp(min=0)
    blood = blood + 0.55 * features.flush * (
        canvas.near(0.043, 0.694, 0.017) + 0.8 * canvas.near(0.0, 0.700, 0.011)
    )
    face = smoothstep(-0.05, -0.10, canvas.place[:, 1])
    where = face * (canvas.near(0.03, 0.705, 0.030) + 0.3) * smoothstep(0.79, 0.75, _z(canvas))
    freckles = features.freckles * where * canvas.spots(0.05, 1)
    moles = canvas.spots(0.0005 * features.moles, 2) * (1 - canvas.lips)
    light = tone[:, None] * (1 - 0.30 * blood[:, None] * tone.new_tensor([0.05, 0.8, 0.75]))
    light = light * (1 - freckles[:, None] * tone.new_tensor([0.26, 0.42, 0.50]))
    return light * (1 - 0.65 * moles[:, None] * tone.new_tensor([0.8, 1.0, 1.0]))


def _wrinkled(canvas: _Canvas, style: Style) -> Tensor:
    wrinkles = style.features.wrinkles
    place, wander = canvas.place, 0.0007 * canvas.noise(0.009)
    flat = torch.stack([place[:, 0].abs() + wander, place[:, 2] + wander], 1)
    front = smoothstep(-0.05, -0.08, place[:, 1])
    light = torch.ones_like(flat[:, 0])
    for nodes, width, depth in _CURVES:
        gap = _from_curve(flat, nodes)
        fold = depth * (0.10 + 0.9 * wrinkles) * torch.exp(-((gap / width) ** 2))
        ridge = 0.25 * depth * wrinkles * torch.exp(-(((gap - 2.2 * width) / width) ** 2))
        light = light * (1 - front * (fold - ridge))
    rings = torch.exp(-(((_z(canvas) - 0.598 + 2 * wander).abs() / 0.002) ** 2))
    light = light * (1 - 0.25 * wrinkles * rings)
    crepe = 1 + 0.05 * wrinkles * canvas.noise(0.004)
    age_spots = wrinkles**2 * canvas.spots(0.0012, 4) * (1 - canvas.lips)
    red = light[:, None] ** light.new_tensor([0.8, 1.05, 1.1])
    return red * (crepe * (1 - 0.3 * age_spots))[:, None]


def _from_curve(points: Tensor, nodes: tuple[tuple[float, float], ...]) -> Tensor:
    """Return the distance of points (N, 2) from a chain of straight lines."""
    nearest = torch.full_like(points[:, 0], torch.inf)
    for begin, end in pairwise(nodes):
        start, run = points.new_tensor(begin), points.new_tensor(end) - points.new_tensor(begin)
        share = ((points - start) @ run / (run @ run)).clamp(0, 1)
        nearest = torch.minimum(nearest, (points - start - share[:, None] * run).norm(dim=1))
    return nearest


def _lids(canvas: _Canvas, style: Style) -> tuple[Tensor, Tensor]:
    upper = canvas.near(0.031, 0.7395, 0.0065) + canvas.near(0.043, 0.737, 0.005)
    alpha = style.features.painted_lids * (0.75 * upper).clamp(max=1)
    return alpha, canvas.place.new_tensor(style.features.shadow)


def _lips(canvas: _Canvas, style: Style) -> tuple[Tensor, Tensor]:
    alpha = 0.9 * style.features.painted_lips * smoothstep(0.35, 0.75, canvas.lips)
    return alpha, canvas.place.new_tensor(style.features.lipstick)


def _shaven(canvas: _Canvas, style: Style) -> tuple[Tensor, Tensor]:
    features = style.features
    depth = {"none": 0.0, "stubble": 0.25 + 0.35 * features.beard_length}.get(features.beard, 0.7)
    kind = "full" if features.beard == "stubble" else features.beard
    inside = beard_inside(canvas.place, canvas.lips, kind)
    hairs = (0.8 + 0.35 * canvas.noise(0.0013)).clamp(0, 1.2)
    alpha = depth * smoothstep(-0.006, 0.010, inside + 0.003 * canvas.noise(0.005)) * hairs
    return alpha.clamp(0, 0.9), canvas.place.new_tensor(style.coiffure.colour)


def _hairline(canvas: _Canvas, signer: Signer, style: Style) -> tuple[Tensor, Tensor]:
    head = Head(signer, style.coiffure)
    above = head.hair_above(canvas.place) + 0.003 * canvas.noise(0.004)
    # single hairs grow farther into the forehead than the shell
    strands = combed(canvas.place, "back") * canvas.place.new_tensor([1.0, 0.2, 1.0])
    above = above + 0.004 * value_noise(strands, 0.0012, style.features.seed)
    depth = _UNDER_HAIR.get(style.coiffure.cut, _HAIRY)
    grain = (0.94 + 0.08 * canvas.noise(0.0016)).clamp(0, 1.1)
    alpha = depth * smoothstep(-0.009, 0.012, above) * grain
    return alpha.clamp(0, 0.95), canvas.place.new_tensor(style.coiffure.colour)


def _z(canvas: _Canvas) -> Tensor:
    return canvas.place[:, 2]
