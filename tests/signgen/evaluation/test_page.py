"""The page of an evaluation: whole, without a network, light, and safe from names of files."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pose_sequences.errors import OutputError
from pose_sequences.files import write_poses
from pose_sequences.video.mp4 import write_mp4
from signgen.cli import main
from signgen.evaluation.detections import DETECTOR, content_hash, kept_poses
from signgen.evaluation.figures import Figure
from signgen.evaluation.measures import metrics_of
from signgen.evaluation.page import PageSettings, page, worst_first, write_page
from signgen.evaluation.page.film import panel_size
from signgen.evaluation.pairs import ClipPair
from signgen.evaluation.report import GENERATED, Report, SystemFigures
from signgen.evaluation.results import ClipFigures
from signgen.evaluation.settings import Evaluation
from tests.signer import signing
from tests.signgen.evaluation.page_reader import Element, points_of, read_page
from tests.signgen.evaluation.pairs_on_disk import NUM_FRAMES, SIZE, poses, write_pair
from tests.signgen.training.toy_corpus import draw_signer

NASTY = "<script>alert(1)</script>\u202e & \"'"
EVALUATION = Evaluation(detection=False, seams=(4,))
ERROR, SEEN = "right_hand/error_vs_driving", "hands/pck_0.2_vs_driving"


def figures(num_frames: int, share: float = 90.0) -> tuple[Figure, ...]:
    errors = np.linspace(5, 10, num_frames).astype(np.float32)
    errors[num_frames // 2] = np.nan
    return (
        Figure.of_frames(ERROR, errors),
        Figure(key=SEEN, value=share, weight=num_frames),
        Figure.unmeasured("hands/lpips", "no weights; set SIGNGEN_LPIPS"),
        Figure.unmeasured("face/psnr"),
    )


def report(*clips: tuple[ClipPair, ClipFigures], failures: tuple[str, ...] = ()) -> Report:
    system = SystemFigures(name=GENERATED, clips=clips, failures=failures)
    return Report(
        evaluation=EVALUATION,
        metrics=metrics_of(EVALUATION),
        systems=(system,),
        notes=(NASTY,),
        command=("signgen", "evaluate", NASTY),
        date="2026-01-02",
    )


def measured(pair: ClipPair, share: float = 90.0, frames: int = NUM_FRAMES) -> ClipFigures:
    return ClipFigures(name=pair.name, num_frames=frames, figures=figures(frames, share))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> ClipPair:
    return replace(write_pair(tmp_path_factory.mktemp("clips"), "one", noise=20), name=NASTY)


@pytest.fixture(scope="module")
def shown(pair: ClipPair) -> str:
    made = report((pair, measured(pair)), failures=(f"{NASTY}: has no frame; give one",))
    return page(made, PageSettings())


@pytest.fixture(scope="module")
def tree(shown: str) -> Element:
    return read_page(shown)


def everything(at: Element) -> Iterator[Element]:
    for child in at.children:
        yield child
        yield from everything(child)


def policy(tree: Element) -> str:
    head = tree.one("head")
    # before anything that it is to hold back
    place = [meta.attributes.get("http-equiv") for meta in head.children].index(
        "Content-Security-Policy"
    )
    assert {found.tag for found in head.children[:place]} == {"meta"}
    return head.children[place]["content"]


def film(tree: Element) -> list[np.ndarray]:
    """Return the frames of the only film."""
    kind, content = tree.one("video")["src"].split(",")
    assert kind == "data:video/mp4;base64"
    with av.open(io.BytesIO(base64.b64decode(content))) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]


def test_the_page_asks_nothing_of_a_network(tree: Element) -> None:
    for found in everything(tree):
        for name in ("src", "poster", "href", "srcset", "action", "data"):
            address = found.attributes.get(name)
            assert address is None or re.match(r"data:(video/mp4|image/jpeg);|#", address)
        assert found.tag not in ("link", "iframe", "object", "form", "base")
    style = tree.one("style").words
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"fetch|XMLHttp|import\(|eval|innerHTML", tree.one("script").words)
    assert policy(tree).startswith("default-src 'none'; img-src data:; media-src data:;")


def test_only_the_script_of_the_page_may_run(tree: Element) -> None:
    (script,) = tree.all("script")
    (allowed,) = re.findall(r"script-src '(.*?)'", policy(tree))
    found = hashlib.sha256(script.words.encode()).digest()
    assert allowed == f"sha256-{base64.b64encode(found).decode()}"
    assert not [e for e in everything(tree) if any(a.startswith("on") for a in e.attributes)]


def test_a_name_cannot_become_markup(shown: str, tree: Element) -> None:
    assert "<script>alert" not in shown
    assert "\u202e" not in shown
    (name,) = tree.one("article", "clip").one("h3").all("bdi")
    assert name.words == NASTY.replace("\u202e", "\N{REPLACEMENT CHARACTER}")
    assert not name.children
    assert "has no frame; give one" in tree.one("section", "failures").words


def test_every_picture_and_plot_says_what_it_shows_and_names_are_given_once(
    tree: Element,
) -> None:
    images = tree.all("img")
    assert images
    assert all(image["alt"] for image in images)
    plots = tree.all("svg")
    assert plots
    assert all(svg["role"] == "img" and svg.all("title")[0].words for svg in plots)
    ids = [found["id"] for found in everything(tree) if "id" in found.attributes]
    assert len(ids) == len(set(ids))
    links = [a["href"].removeprefix("#") for a in tree.all("a")]
    assert set(links) <= set(ids)
    assert tree.one("html")["lang"] == "en"
    levels = [int(e.tag[1]) for e in everything(tree) if re.fullmatch("h[1-6]", e.tag)]
    assert levels[0] == 1
    assert max(np.diff(levels)) <= 1
    assert tree.one("video")["aria-label"].endswith("generated, real, driving poses")


def test_hands_face_and_time_stand_first_and_missing_values_are_words(tree: Element) -> None:
    section = next(s for s in tree.all("section") if s.attributes.get("id") == "figures")
    assert [h.words for h in section.all("h3")][:3] == ["Hands", "Right hand", "Face"]
    cells = {
        row.all("th")[0].words: [cell.words for cell in row.all("td")]
        for table in section.all("table", "figures")
        for row in table.one("tbody").all("tr")
    }
    assert cells["LPIPS of hand crops"][0] == "no weights"
    assert cells["PSNR of face crops"][0] == "not seen"
    error = next(value for title, value in cells.items() if "Mean error of right hand" in title)
    assert error == ["7.5 % of hand size", "lower, at best 0", "1 of 1 clips, 8 frames"]
    signatures = next(s for s in tree.all("section") if s.attributes.get("id") == "settings")
    assert f"{ERROR} = error|unit:hand size" in signatures.words


def test_the_film_shows_generated_real_and_driving_pictures_side_by_side(
    pair: ClipPair, tree: Element
) -> None:
    frames = film(tree)
    assert len(frames) == NUM_FRAMES
    assert frames[0].shape == (SIZE, 3 * SIZE, 3)
    real = draw_signer(poses(), 1)
    apart = [
        np.abs(frame[:, SIZE : 2 * SIZE].astype(float) - true).mean()
        for frame, true in zip(frames, real, strict=True)
    ]
    assert max(apart) < 12
    worst = [np.abs(frames[0][:, SIZE : 2 * SIZE].astype(float) - t).mean() for t in real]
    assert np.argmin(worst) == 0
    # noise on the generated panel alone
    rough = [
        np.abs(np.diff(frames[0][:, at : at + SIZE].astype(float), axis=0)).mean()
        for at in (0, SIZE)
    ]
    assert rough[0] > rough[1]
    assert [label.words for label in tree.one("div", "labels").all("span")] == [
        *("generated", "real", "driving poses")
    ]


def test_a_plot_of_a_clip_is_its_figure_frame_by_frame(tree: Element) -> None:
    (plot,) = tree.all("figure", "plot")
    points = [point for line in plot.all("polyline") for point in points_of(line)]
    expected = figures(NUM_FRAMES)[0].frames
    assert expected is not None
    there = np.flatnonzero(np.isfinite(expected))
    assert [frame for frame, _ in points] == there.tolist()
    np.testing.assert_allclose([-value for _, value in points], expected[there], rtol=1e-5)
    assert len(plot.all("polyline")) == 2
    assert [line["x1"] for line in plot.all("line", "edge")] == ["3.5"]


def test_worst_hands_are_enlarged_in_all_panels(tree: Element) -> None:
    stills = tree.one("div", "stills").all("figure")
    assert stills[0].one("b")["data-frame"] == str(NUM_FRAMES - 1)
    for still in stills:
        pictures = [image["src"].split(",")[1] for image in still.all("img")]
        sizes = {Image.open(io.BytesIO(base64.b64decode(p))).size for p in pictures}
        assert (len(pictures), sizes) == (3, {(144, 144)})
    assert tree.one("article", "clip")["data-start"] == str(NUM_FRAMES - 1)


def test_the_same_report_gives_the_same_bytes(pair: ClipPair, shown: str, tmp_path: Path) -> None:
    made = report((pair, measured(pair)), failures=(f"{NASTY}: has no frame; give one",))
    write_page(tmp_path / "r.html", made, PageSettings(), overwrite=False)
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == shown
    with pytest.raises(OutputError, match="exists already"):
        write_page(tmp_path / "r.html", made, PageSettings(), overwrite=False)


def test_clips_come_worst_first_and_those_beyond_the_number_are_rows(pair: ClipPair) -> None:
    pairs = [replace(pair, name=name) for name in ("good", "bad", "middling", "unknown")]
    shares = dict(zip(("good", "bad", "middling"), (99.0, 10.0, 50.0), strict=True))
    clips = [(p, measured(p, shares[p.name])) for p in pairs[:3]]
    clips.append((pairs[3], replace(measured(pairs[3]), figures=())))
    metric = next(m for m in metrics_of(EVALUATION) if m.key == SEEN)
    names = [p.name for p, _ in worst_first(clips, metric)]
    assert names == ["bad", "middling", "good", "unknown"]
    lower = replace(metric, better="lower")
    assert [p.name for p, _ in worst_first(clips, lower)][:3] == ["good", "middling", "bad"]
    tree = read_page(page(report(*clips), PageSettings(shown=1)))
    assert [a.one("h3").words for a in tree.all("article")] == ["1. bad"]
    rows = tree.one("table", "list").one("tbody").all("tr")
    assert [row.one("bdi").words for row in rows] == names
    assert "only the worst clips are" in rows[1].words


def test_a_clip_that_can_no_longer_be_read_keeps_its_figures(pair: ClipPair) -> None:
    gone = replace(pair, generated=pair.generated.with_name("gone"))
    (article,) = read_page(page(report((gone, measured(gone))), PageSettings())).all("article")
    assert "The film cannot be shown" in article.words
    assert not article.all("video")
    assert article.all("figure", "plot")
    other = pair.poses.parent.parent / "other.npz" if pair.poses else Path()
    write_poses(poses(5), other, overwrite=True)
    moved = replace(pair, poses=other)
    (article,) = read_page(page(report((moved, measured(moved))), PageSettings())).all("article")
    assert "has 5 poses for a clip of 9 frames" in article.words


def test_without_a_real_clip_there_are_two_panels_and_without_poses_one(pair: ClipPair) -> None:
    for changes, panels in (
        ({"reference": None}, ["generated", "driving poses"]),
        ({"reference": None, "poses": None}, ["generated"]),
        ({"poses": None}, ["generated", "real"]),
    ):
        less = replace(pair, **changes)
        tree = read_page(page(report((less, measured(less))), PageSettings()))
        assert film(tree)[0].shape[1] == SIZE * len(panels)
        assert [label.words for label in tree.one("div", "labels").all("span")] == panels
        assert bool(tree.all("div", "stills")) == bool(less.poses)


def test_systems_stand_in_one_table_each_value_with_its_name(pair: ClipPair) -> None:
    made = report((pair, measured(pair)))
    other = SystemFigures(
        name="copy-reference", about="copies", clips=((pair, measured(pair, 1.0)),), failures=()
    )
    tree = read_page(page(replace(made, systems=(*made.systems, other)), PageSettings(shown=0)))
    row = next(r for r in tree.all("tr") if "PCK@0.2 of hands" in r.words and r.all("td", "value"))
    assert [cell["data-system"] for cell in row.all("td", "value")] == [GENERATED, other.name]
    assert [cell.words for cell in row.all("td", "value")] == ["90 %", "1 %"]


def test_what_a_value_rests_on_is_said_of_each_system_where_it_differs(pair: ClipPair) -> None:
    made = report((pair, measured(pair)))
    fewer = Figure.of_frames(ERROR, np.array([1, *[np.nan] * (NUM_FRAMES - 1)], np.float32))
    clip = replace(measured(pair), figures=(fewer, *figures(NUM_FRAMES)[1:]))
    other = SystemFigures(name="other", clips=((pair, clip),), failures=())
    tree = read_page(page(replace(made, systems=(*made.systems, other)), PageSettings()))
    basis = {
        row.all("th")[0].words: row.one("td", "basis").words
        for row in tree.all("tr")
        if row.all("td", "basis")
    }
    error = next(words for title, words in basis.items() if "Mean error of right" in title)
    assert error == "generated: 1 of 1 clips, 8 frames; other: 1 of 1 clips, 1 frames"
    share = next(words for title, words in basis.items() if "PCK@0.2 of hands" in title)
    assert share == "1 of 1 clips, 9 frames"
    numbers = tree.all("table", "numbers")
    rows = [row.words for table in numbers for row in table.all("tr")]
    assert any("Mean error of right hand" in row and "in 8 frames" in row for row in rows)


def test_a_report_without_clips_is_a_page_of_its_table() -> None:
    pictures = replace(
        report(),
        systems=(
            SystemFigures(
                name=GENERATED,
                about="pictures 2",
                clips=(),
                failures=(),
                of_sets=(Figure(key="frame/psnr", value=20, weight=2),),
            ),
        ),
    )
    tree = read_page(page(pictures, PageSettings()))
    assert "20 dB" in tree.words
    assert "all frames as one set" in tree.words
    assert not tree.all("article")


def test_large_pictures_are_scaled_to_even_sides() -> None:
    assert panel_size((64, 64)) == (64, 64)
    assert panel_size((1920, 1080)) == (256, 144)
    assert panel_size((210, 260)) == (206, 256)
    with pytest.raises(ValueError, match="cannot be shown"):
        PageSettings(shown=-1)


def test_films_too_heavy_for_the_page_are_left_out_and_it_says_so(pair: ClipPair) -> None:
    clips = [(replace(pair, name=name), measured(pair)) for name in "abc"]
    whole = page(report(*clips), PageSettings())
    weight = sum(len(uri) for uri in re.findall(r"base64,([^\"]*)", whole)) * 3 // 4
    two = page(report(*clips), PageSettings(most_bytes=weight * 5 // 6))
    assert [len(read_page(text).all("video")) for text in (whole, two)] == [3, 2]
    assert "would be too heavy" in two
    assert sum(len(uri) for uri in re.findall(r"base64,([^\"]*)", two)) * 3 // 4 < weight * 5 / 6


def test_poses_found_in_the_real_clip_stand_in_where_nothing_drove_it(
    pair: ClipPair, tmp_path: Path
) -> None:
    undriven = replace(pair, poses=None)
    assert undriven.reference is not None
    assert kept_poses(undriven.reference, tmp_path) is None
    name = f"{content_hash(undriven.reference)}.npz"
    write_poses(poses(), tmp_path / "poses" / DETECTOR.signature.replace(" ", "-") / name)
    made = report((undriven, measured(undriven)))
    tree = read_page(page(made, PageSettings(cache=tmp_path)))
    labels = [label.words for label in tree.one("div", "labels").all("span")]
    assert labels == ["generated", "real", "poses found in the real clip"]


def test_the_command_writes_the_page_and_refuses_one_that_stands_there(
    pair: ClipPair, tmp_path: Path
) -> None:
    path, cache = tmp_path / "r.html", tmp_path / "cache"
    arguments = (pair.generated, pair.reference, "--poses", pair.poses, "--no-detection")
    command = [*map(str, (*arguments, "--cache", cache, "--html", path)), "--json"]
    result = CliRunner().invoke(main, ["evaluate", *command])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["html"] == str(path)
    tree = read_page(path.read_text(encoding="utf-8"))
    assert len(tree.all("video")) == 1
    assert re.search(r"Date20\d\d-\d\d-\d\d", tree.one("header").words)
    again = CliRunner().invoke(main, ["evaluate", *command])
    assert again.exit_code == 1
    assert again.stderr.startswith(f"Error: {path}: exists already")


@pytest.mark.slow
def test_twenty_clips_weigh_less_than_15_megabytes_even_where_they_are_noise(
    tmp_path: Path,
) -> None:
    sequence = signing().resampled(25).frames(0, 75)
    write_poses(sequence, tmp_path / "poses.npz")
    rng = np.random.default_rng(0)
    clean = draw_signer(sequence, 1)
    rough = np.clip(clean + rng.normal(0, 25, clean.shape), 0, 255).astype(np.uint8)
    write_mp4(tmp_path / "made.mp4", rough, 25, crf=10)
    write_mp4(tmp_path / "true.mp4", rough[::-1], 25, crf=10)
    pair = ClipPair(
        name="noise",
        generated=tmp_path / "made.mp4",
        reference=tmp_path / "true.mp4",
        poses=tmp_path / "poses.npz",
    )
    made = report(*((replace(pair, name=str(n)), measured(pair, frames=75)) for n in range(20)))
    write_page(tmp_path / "r.html", made, PageSettings(), overwrite=False)
    assert (tmp_path / "r.html").stat().st_size < 15_000_000
    tree = read_page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert len(tree.all("video")) == 20
