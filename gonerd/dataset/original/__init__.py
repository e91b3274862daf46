"""The predecessor on the hub, read into the config `documents`."""

from __future__ import annotations

from .reading import load_original

__all__ = ["load_original"]
