"""A film on the page: what to show of its panels, the film, and controls frame by frame.

Without the page's script panels can be chosen all the same, and the browser's controls are there.
"""

from collections.abc import Sequence

from signgen.evaluation.page.film import Film
from signgen.evaluation.page.html import Markup, data_uri, element


def player(number: int, name: str, film: Film) -> Markup:
    """Return the player of a clip; number: of the clip on the page; name: of the clip."""
    words = ", ".join(film.panels)
    return element(
        "div",
        _views(number, film.panels),
        element(
            "div",
            *(element("span", panel) for panel in film.panels),
            class_="labels",
            aria_hidden="true",
        ),
        element(
            "div",
            element(
                "video",
                src=data_uri("video/mp4", film.mp4),
                poster=data_uri("image/jpeg", film.poster),
                width=film.width * len(film.panels),
                height=film.height,
                aria_label=f"{name}, side by side: {words}",
                preload="metadata",
                **{"controls": True, "muted": True, "loop": True, "playsinline": True},
            ),
            class_="screen",
        ),
        _controls(film),
        class_=f"player panels-{len(film.panels)}",
    )


def _views(number: int, panels: Sequence[str]) -> Markup:
    choices = [("all", "all"), *((str(n), panel) for n, panel in enumerate(panels))]
    return element(
        "fieldset",
        element("legend", "Show"),
        *(
            element(
                "label",
                element(
                    "input",
                    type="radio",
                    name=f"view-{number}",
                    value=value,
                    checked=value == "all",
                ),
                element("span", words),
            )
            for value, words in choices
        ),
        class_="views",
        hidden=len(panels) == 1,
    )


def _controls(film: Film) -> Markup:
    """Return the controls that a script brings to life; without it the browser's own are there."""
    speeds = (("1", "normal speed"), ("0.5", "half speed"), ("0.25", "quarter speed"))
    return element(
        "div",
        element("button", "Play", type="button", class_="play"),
        element("button", "Back", type="button", class_="back", aria_label="One frame back"),
        element(
            "input",
            type="range",
            min=0,
            max=film.num_frames - 1,
            value=film.start,
            aria_label="Frame",
        ),
        element("button", "Next", type="button", class_="on", aria_label="One frame on"),
        element("span", f"frame {film.start} of {film.num_frames - 1}", class_="frame"),
        element(
            "select",
            *(element("option", words, value=value) for value, words in speeds),
            aria_label="Speed",
        ),
        class_="controls",
        hidden=True,
    )
