"""A layer, or what two layers disagree on, as one read-only page that needs no server and no network."""

from __future__ import annotations

from .page import write_preview

__all__ = ["write_preview"]
