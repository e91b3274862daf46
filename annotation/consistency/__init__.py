"""A name once resolved is resolved everywhere in its document, with evidence."""

from .resolve import consistent

__all__ = ["consistent"]
