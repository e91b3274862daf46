"""A report as one HTML page that needs no network and runs no script."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from . import plots
from .figures import NONE
from .tables import MISSING

_LONG = 60  # characters up to which what stands in brackets is put below
_WIDE = 30  # characters from which a cell may be broken into lines
_SIZE = {
    "width": plots.WIDTH,
    "height": plots.HEIGHT,
    "left": plots.LEFT,
    "right": plots.RIGHT,
    "top": plots.TOP,
    "bottom": plots.BOTTOM,
}


def render(template: str, **values: Any) -> str:
    """Renders a template of this package.

    Every value is escaped. The page's policy lets its own style sheet apply and nothing else: no script runs, nothing
    is loaded, sent or framed, whatever a document or a model's name says.

    Args:
        template: File in `templates/`.
        **values: What it shows.
    """
    style = (resources.files("gonerd.evaluation.report") / "templates" / "report.css").read_text(encoding="utf-8")
    policy = f"default-src 'none'; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    environment = Environment(
        loader=PackageLoader("gonerd.evaluation.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"written": _written, "kind": _kind}
    # The sheet is ours and must stand as it is, or its hash does not fit.
    return environment.get_template(template).render(style=Markup(style), policy=policy, size=_SIZE, **values)


def _hash(content: str) -> str:
    """Names an inline element in a Content-Security-Policy (W3C CSP 3, section 2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _written(value: Any) -> Markup:
    """Writes a cell; what stands in brackets at its end, an interval for instance, is small and below."""
    text = f"{value:,}" if isinstance(value, int) else str(value)
    head, opened, rest = text.partition(" (")
    if not opened or not head or len(text) > _LONG:
        return escape(text)
    return Markup("{} <small>({}</small>").format(head, rest)


def _kind(value: Any, heat: bool) -> Markup:
    """Returns the classes of a cell: numbers stand to the right, long texts are broken, shades follow scores."""
    text = str(value)
    names = []
    if text in (NONE, MISSING):
        names = ["none", "number"]
    elif len(text) > _LONG or len(text.partition(" (")[0]) > _WIDE:
        names = ["long"]
    elif isinstance(value, int | float) or text.lstrip("+-−")[:1].isdigit():
        names = ["number"]
    if heat and text != MISSING:
        try:
            share = float(text.partition(" ")[0])
        except ValueError:
            share = 0.0
        names.append(f"h{min(9, max(0, int(share * 10)))}")
    return Markup(' class="{}"').format(" ".join(names)) if names else Markup("")
