"""The z-buffer against what geometry says: areas, seams, order, cuts, batches."""

import pytest
import torch

from signgen.studio.raster import Fragments, Mesh, nearest_depth, rasterise

SIZE = (64, 48)


def mesh(triangles: list[list[int]], num_vertices: int, *, two_sided: bool = True) -> Mesh:
    faces = torch.tensor(triangles)
    return Mesh(
        faces,
        torch.full((len(faces),), two_sided),
        torch.ones(num_vertices),
        torch.zeros(len(faces), dtype=torch.bool),
    )


def soup(count: int, seed: int) -> tuple[Mesh, torch.Tensor]:
    """Return random triangles in front of the camera, partly outside the picture."""
    generator = torch.Generator().manual_seed(seed)
    centre = torch.rand(count, 1, 2, generator=generator) * torch.tensor(SIZE) * 1.3 - 8
    corners = centre + 14 * torch.randn(count, 3, 2, generator=generator)
    depth = 2 + torch.rand(count, 3, 1, generator=generator)
    screen = torch.cat([corners, depth], 2).flatten(0, 1)[None]
    return mesh(torch.arange(3 * count).view(-1, 3).tolist(), 3 * count), screen


def covered(fragments: Fragments) -> torch.Tensor:
    flat = torch.zeros(fragments.shape, dtype=torch.bool).flatten()
    flat[fragments.sample] = True
    return flat.unflatten(0, fragments.shape)


def test_a_triangle_covers_its_area() -> None:
    screen = torch.tensor([[[5.3, 4.2, 2.0], [58.1, 9.7, 2.0], [20.4, 44.9, 2.0]]])
    fragments = rasterise(mesh([[0, 1, 2]], 3), screen, SIZE)
    (x0, y0), (x1, y1), (x2, y2) = screen[0, :, :2].tolist()
    area = abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / 2
    assert len(fragments.sample) == pytest.approx(area, rel=0.03)


def test_every_sample_is_inside_its_triangle_and_none_inside_is_missed() -> None:
    faces, screen = soup(1, 3)
    fragments = rasterise(faces, screen, SIZE)
    x = torch.arange(SIZE[0]) + 0.5
    y = torch.arange(SIZE[1]) + 0.5
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), 2)  # (H, W, 2)
    a, b, c = screen[0, :, :2]
    sides = []
    for start, end in ((a, b), (b, c), (c, a)):
        edge, offset = end - start, grid - start
        sides.append(edge[0] * offset[..., 1] - edge[1] * offset[..., 0])
    stacked = torch.stack(sides)
    inside = (stacked > 0.1).all(0) | (stacked < -0.1).all(0)
    touched = (stacked > -0.1).all(0) | (stacked < 0.1).all(0)
    hit = covered(fragments)[0]
    assert (hit | ~inside).all()
    assert (touched | ~hit).all()


def test_weights_give_back_the_sample_s_place() -> None:
    faces, screen = soup(30, 1)
    fragments = rasterise(faces, screen, SIZE)
    corners = screen[0, faces.triangles[fragments.triangle], :2]
    place = (corners * fragments.weights[..., None]).sum(1)
    column, line = fragments.sample % SIZE[0], fragments.sample // SIZE[0]
    wanted = torch.stack([column + 0.5, line + 0.5], 1)
    torch.testing.assert_close(place, wanted, atol=2e-2, rtol=0)


def test_neighbouring_triangles_leave_no_crack() -> None:
    generator = torch.Generator().manual_seed(2)
    columns, lines = 9, 7
    x, y = torch.meshgrid(
        torch.linspace(-3, 67, columns), torch.linspace(-3, 51, lines), indexing="xy"
    )
    jitter = 3 * torch.rand(lines, columns, 2, generator=generator)
    screen = torch.cat([torch.stack([x, y], 2) + jitter, torch.full((lines, columns, 1), 2.0)], 2)
    here = torch.arange(lines * columns).view(lines, columns)
    a, b, c, d = here[:-1, :-1], here[:-1, 1:], here[1:, :-1], here[1:, 1:]
    faces = torch.cat([torch.stack([a, b, c], 2), torch.stack([b, d, c], 2)]).reshape(-1, 3)
    fragments = rasterise(mesh(faces.tolist(), lines * columns), screen.flatten(0, 1)[None], SIZE)
    assert len(fragments.sample) == SIZE[0] * SIZE[1]


def test_the_nearest_triangle_wins_whatever_the_order() -> None:
    faces, screen = soup(40, 5)
    order = torch.randperm(40, generator=torch.Generator().manual_seed(0))
    shuffled = mesh(faces.triangles[order].tolist(), 120)
    first, second = (nearest_depth(m, screen, SIZE) for m in (faces, shuffled))
    torch.testing.assert_close(first, second, atol=1e-6, rtol=0)
    each = torch.stack(
        [nearest_depth(mesh([face], 120), screen, SIZE) for face in faces.triangles.tolist()]
    )
    torch.testing.assert_close(first, each.amax(0), atol=1e-6, rtol=0)


def test_frames_drawn_together_and_alone_are_equal() -> None:
    pairs = [soup(20, seed) for seed in (7, 8, 9)]
    faces, together = pairs[0][0], torch.cat([screen for _, screen in pairs])
    batch = nearest_depth(faces, together, SIZE)
    alone = torch.cat([nearest_depth(faces, screen, SIZE) for _, screen in pairs])
    assert torch.equal(batch, alone)


def test_a_surface_seen_from_behind_is_drawn_only_if_two_sided() -> None:
    screen = torch.tensor([[[5.0, 5.0, 2.0], [40.0, 5.0, 2.0], [5.0, 40.0, 2.0]]])
    either = [
        len(rasterise(mesh([face], 3, two_sided=False), screen, SIZE).sample)
        for face in ([0, 1, 2], [0, 2, 1])
    ]
    assert sorted(either)[0] == 0
    assert sorted(either)[1] > 500
    assert len(rasterise(mesh([[0, 1, 2]], 3), screen, SIZE).sample) == max(either)


def test_samples_on_the_wrong_side_of_a_cut_are_dropped() -> None:
    screen = torch.tensor(
        [[[0.0, 0.0, 2.0], [64.0, 0.0, 2.0], [0.0, 48.0, 2.0], [64.0, 48.0, 2.0]]]
    )
    whole = mesh([[0, 1, 2], [1, 3, 2]], 4)
    cut = Mesh(
        whole.triangles,
        whole.two_sided,
        screen[0, :, 0] - 20.0,
        torch.ones(2, dtype=torch.bool),
    )
    hit = covered(rasterise(cut, screen, SIZE))[0]
    assert not hit[:, :20].any()
    assert hit[:, 20:].all()


def test_what_lies_outside_the_picture_is_not_drawn() -> None:
    screen = torch.tensor([[[-50.0, -50.0, 2.0], [-10.0, -50.0, 2.0], [-50.0, -10.0, 2.0]]])
    assert len(rasterise(mesh([[0, 1, 2]], 3), screen, SIZE).sample) == 0
