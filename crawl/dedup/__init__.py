"""Duplicates among documents: the same address, the same text, nearly the same text."""
