"""An element as plain text: a line for each block, with the numbers and marks that a browser would show.

List numbers follow HTML's `ol` (`start`, `type`, `reversed`, `li value`); of tables every row is a line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .numbering import figure, is_number, whole

_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hr", "html", "li", "main", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "ul",
})  # fmt: skip
_SILENT = frozenset({
    "audio", "button", "canvas", "embed", "head", "iframe", "input", "map", "math", "nav", "noscript", "object",
    "option", "script", "select", "source", "style", "svg", "template", "textarea", "title", "track", "video",
})  # fmt: skip
_NOTE_MARK = re.compile(r"\d{1,3}|[a-z*†‡]{1,2}")
_CELLS = " | "


class _Lines:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self._open: list[str] = []
        self._mark = ""

    def add(self, text: str | None) -> None:
        if text:
            self._open.append(text)

    def end(self) -> None:
        line = " ".join("".join(self._open).split())
        self._open.clear()
        if line:
            if self._mark:
                self.lines.append(f"{self._mark} {line}")
                self._mark = ""
            elif is_number(line):
                self._mark = line
            else:
                self.lines.append(line)

    def heading(self) -> None:
        """Ends a line that stays alone even if it is a number."""
        line = " ".join("".join(self._open).split())
        self._open.clear()
        self._flush()
        if line:
            self.lines.append(line)

    def mark(self, mark: str) -> None:
        self.end()
        self._flush()
        self._mark = mark

    def verbatim(self, lines: list[str]) -> None:
        self.end()
        self._flush()
        self.lines += lines

    def _flush(self) -> None:
        if self._mark:
            self.lines.append(self._mark)
            self._mark = ""

    def close(self) -> list[str]:
        self.end()
        self._flush()
        return self.lines


def to_lines(element: Any) -> list[str]:
    """Renders an element.

    Args:
        element: An element; it is not changed.

    Returns:
        Its lines without white space around them; of `pre` also those inside, with their spacing.
    """
    out = _Lines()
    _render(element, out)
    return out.close()


def _render(element: Any, out: _Lines) -> None:
    tag = element.tag
    if not isinstance(tag, str) or tag in _SILENT:
        return
    special = _SPECIAL.get(tag)
    if special is not None:
        special(element, out)
        return
    block = tag in _BLOCKS
    if block:
        out.end()
    _inside(element, out)
    if block:
        out.end()


def _inside(element: Any, out: _Lines) -> None:
    out.add(element.text)
    for child in element:
        _render(child, out)
        out.add(child.tail)


def _heading(element: Any, out: _Lines) -> None:
    out.end()
    _inside(element, out)
    out.heading()


def _break(element: Any, out: _Lines) -> None:
    following = element.getnext()
    if following is not None and following.tag == "br" and not (element.tail or "").strip():
        out.end()  # two breaks are a paragraph, one is a line of it
    out.add(" ")


def _pre(element: Any, out: _Lines) -> None:
    text = "".join(element.itertext())
    lines = [line.rstrip() for line in text.expandtabs().splitlines()]
    out.verbatim([line for line, before in zip(lines, ["", *lines], strict=False) if line or before])


def _sup(element: Any, out: _Lines) -> None:
    mark = "".join(element.itertext()).strip()
    out.add(
        f"[{mark}]" if _NOTE_MARK.fullmatch(mark) and element.find(".//a") is not None else "".join(element.itertext())
    )


def _list(element: Any, out: _Lines) -> None:
    out.end()
    ordered = element.tag == "ol"
    items = [child for child in element if child.tag == "li"]
    step = -1 if element.get("reversed") is not None else 1
    number = whole(element.get("start"), len(items) if step < 0 else 1)
    for child in element:
        if child.tag != "li":
            _render(child, out)
            continue
        number = whole(child.get("value"), number)
        out.mark(f"{figure(number, element.get('type', '1'))}." if ordered else "-")
        _inside(child, out)
        out.end()
        number += step


def _row(element: Any, out: _Lines) -> None:
    out.end()
    cells = [lines for cell in element if cell.tag in ("td", "th") and (lines := to_lines(cell))]
    if len(cells) == 2 and len(cells[0]) == 1 and is_number(cells[0][0]):
        out.mark(cells[0][0])
        cells.pop(0)
    if len(cells) == 1:
        for line in cells[0]:
            out.add(line)
            out.end()
    elif cells:
        out.add(_CELLS.join(" ".join(lines) for lines in cells))
        out.end()


_SPECIAL: dict[str, Callable[[Any, _Lines], None]] = {
    "br": _break, "pre": _pre, "sup": _sup, "ol": _list, "ul": _list, "menu": _list, "tr": _row,
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), _heading),
}  # fmt: skip
