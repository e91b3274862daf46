"""The embedded demo site: invented news and court documents, served on this machine."""

from __future__ import annotations

from .server import serve_forever, serve_site

__all__ = ["serve_forever", "serve_site"]
