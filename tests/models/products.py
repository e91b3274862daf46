"""Forcing and watching the library that multiplies matrices."""

from __future__ import annotations

from gonerd.models import products
from gonerd.models.attention import _products


def forced(monkeypatch, name):
    """Makes a library the one of choice."""
    for module in (_products, products):
        monkeypatch.setattr(module, "library", lambda: name)
    return name


def counted(monkeypatch):
    """Returns a list that takes the shape of the rows of each product that oneDNN computes in a taken-over layer."""
    seen = []
    real = products.product

    def watched(x, weight, bias):
        seen.append(tuple(x.shape))
        return real(x, weight, bias)

    monkeypatch.setattr(products, "product", watched)
    return seen
