"""Words that make no name however they are capitalised: roles, defined terms and types of document (guidelines 1.3)."""

from __future__ import annotations

from gonerd.annotation.gazetteers import words

FUNCTION = words("function_words")
TYPES = words("types")
OFFICIAL = words("official")
NO_NAME = words("no_names")
COMPASS = frozenset({"north", "south", "east", "west", "northern", "southern", "eastern", "western"})
