"""The page's frame: head, opening facts, what failed, sections, and how it was all measured."""

import shlex
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from importlib import resources

from signgen.evaluation.page.html import Markup, element, joined
from signgen.evaluation.page.words import title_parts
from signgen.evaluation.report import Report, SystemFigures, versions

_TITLE = "Evaluation of signed video"


def document(report: Report, sections: Sequence[Markup]) -> str:
    """Return the whole page: the given sections between what was compared and how."""
    script, style = _part("page.js"), _part("page.css")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", _TITLE),
        element("style", style),
    )
    body = element(
        "body",
        _opening(report, sections),
        element("main", joined(*sections, _settings(report))),
        element("script", script),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _part(name: str) -> Markup:
    return Markup((resources.files(__package__) / name).read_text(encoding="utf-8"))


def _policy(script: Markup) -> str:
    """Return what the page may load: nothing but itself; the one script is named by its hash."""
    found = b64encode(sha256(script.encode()).digest()).decode("ascii")
    return (
        "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{found}'; base-uri 'none'; form-action 'none'"
    )


def _opening(report: Report, sections: Sequence[Markup]) -> Markup:
    facts = [pair for pair in _facts(report) if pair[1]]
    return element(
        "header",
        element("h1", _TITLE),
        element(
            "dl",
            *(element("div", element("dt", key), element("dd", words)) for key, words in facts),
            class_="about",
        ),
        *_failures(report),
        *(element("p", note, class_="quiet") for note in report.notes),
        _contents(sections),
    )


def _facts(report: Report) -> list[tuple[str, str]]:
    system = report.systems[0]
    found = versions()
    detector = "not used: pixels alone"
    if report.evaluation.detection:
        detector = f"MediaPipe {found.get('mediapipe', '')}".rstrip()
    clips = f"{len(system.clips)} measured, {len(system.failures)} failed"
    num_frames = sum(clip.num_frames for _, clip in system.clips)
    return [
        ("Compared", _compared(system)),
        ("Beside", ", ".join(system.name for system in report.systems[1:])),
        ("Clips", clips if system.clips or system.failures else system.about),
        ("Frames", str(num_frames) if num_frames else ""),
        ("Detector", detector),
        ("Date", report.date),
        ("signgen", found["signgen"]),
    ]


def _compared(system: SystemFigures) -> str:
    pairs = [pair for pair, _ in system.clips]
    against = []
    if any(pair.reference for pair in pairs):
        against.append("the real clips")
    if any(pair.poses for pair in pairs):
        against.append("the poses that drove them")
    return f"generated clips with {' and '.join(against)}" if against else ""


def _failures(report: Report) -> list[Markup]:
    if not report.failures:
        return []
    lines = [
        element("li", f"{system.name}: {line}" if len(report.systems) > 1 else line)
        for system in report.systems
        for line in system.failures
    ]
    return [
        element(
            "section",
            element("h2", f"Clips that failed: {len(lines)}"),
            element("p", "They count in no figure of this page."),
            element("ul", *lines),
            class_="failures",
        )
    ]


def _contents(sections: Sequence[Markup]) -> Markup:
    known = (
        ("figures", "Figures"),
        ("recogniser", "Recogniser"),
        ("clips", "Clips"),
        ("settings", "How it was measured"),
    )
    ids = {name for name, _ in known if any(f' id="{name}"' in section for section in sections)}
    return element(
        "nav",
        *(
            element("a", words, href=f"#{name}")
            for name, words in known
            if name in ids or name == "settings"
        ),
        aria_label="Contents",
    )


def _settings(report: Report) -> Markup:
    signatures = [
        pair
        for metric in report.rows
        for pair in (
            element("dt", " ".join(filter(None, title_parts(metric)))),
            element("dd", element("code", f"{metric.key} = {metric.signature}")),
        )
    ]
    settings = report.evaluation.as_json().items()
    evaluation = [f"{key}: {value}" for key, value in settings if value not in ("", [])]
    return element(
        "section",
        element("h2", "How it was measured"),
        element("p", element("code", shlex.join(report.command))) if report.command else "",
        element("p", "Versions: " + ", ".join(f"{k} {v}" for k, v in versions().items())),
        element("p", "Settings: " + "; ".join(evaluation)),
        element(
            "details",
            element("summary", f"Signatures of all {len(report.rows)} figures"),
            element("dl", *signatures, class_="notes"),
        ),
        id="settings",
    )
