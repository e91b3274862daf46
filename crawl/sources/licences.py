"""The licence that a publisher declares for its texts, where a page states none itself."""

from __future__ import annotations

from typing import Any

from . import Source
from .layouts import XPATH_NAMESPACES

UNKNOWN = "unknown"


def declared_licence(source: Source, tree: Any = None) -> tuple[str, str | None]:
    """Returns the licence under which a publisher says its pages are.

    What a page states itself goes before this. It speaks for pages on the publisher's hosts alone, so the caller asks
    only where `source.lists` or `source.hosts` takes in the page.

    Args:
        source: The publisher.
        tree: The parsed page, whole; pages that `Licence.excepted` recognises get none. Without it nothing is known
            about the page, and a licence with exceptions is not given either.

    Returns:
        (SPDX identifier or licence URL, "declared by source NAME: ADDRESS"), or ("unknown", None).
    """
    licence = source.licence
    if licence.excepted and (tree is None or tree.xpath(licence.excepted, namespaces=XPATH_NAMESPACES)):
        return UNKNOWN, None
    return licence.id, f"declared by source {source.name}: {licence.evidence}"
