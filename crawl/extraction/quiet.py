"""Keeping the extraction's libraries quiet."""

from __future__ import annotations

import logging


def silence_libraries() -> None:
    """Keeps libraries from printing what the reasons of rejected pages already say."""
    # Without any handler Python would print their warnings.
    for name in ("trafilatura", "htmldate", "charset_normalizer"):
        logging.getLogger(name).addHandler(logging.NullHandler())
