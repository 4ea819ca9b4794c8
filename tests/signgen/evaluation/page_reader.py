"""A page as a test sees it: elements with their attributes and words, read by html.parser."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(("meta", "img", "input", "br"))
Attributes = dict[str, str | None]


@dataclass
class Element:
    """An element; words: all text in it."""

    tag: str
    attributes: Attributes
    parent: "Element | None" = None
    children: list["Element"] = field(default_factory=list)
    words: str = ""

    def all(self, tag: str, kind: str = "") -> list["Element"]:
        """Return what is inside, of a tag and, if asked for, of a class."""
        found = []
        for child in self.children:
            classes = (child.attributes.get("class") or "").split()
            if child.tag == tag and (not kind or kind in classes):
                found.append(child)
            found += child.all(tag, kind)
        return found

    def one(self, tag: str, kind: str = "") -> "Element":
        """Return the only one of its kind inside."""
        (found,) = self.all(tag, kind)
        return found

    def __getitem__(self, name: str) -> str:
        value = self.attributes[name]
        assert value is not None, name
        return value


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = self.here = Element("root", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), (tag, attrs)
        found = Element(tag, dict(attrs), self.here)
        self.here.children.append(found)
        if tag not in _VOID:
            self.here = found

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        at: Element | None = self.here
        while at is not None:
            at.words += data
            at = at.parent


def read_page(page: str) -> Element:
    """Return a page as a tree; each element must be closed where it should be."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.here is reader.root, f"<{reader.here.tag}> is never closed"
    return reader.root


def points_of(polyline: Element) -> list[tuple[float, float]]:
    """Return the points of a line."""
    numbers = [float(number) for number in re.split(r"[ ,]", polyline["points"])]
    return list(zip(numbers[::2], numbers[1::2], strict=True))
