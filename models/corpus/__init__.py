"""Text to train encoders on: a mix of sources, filtered, deduplicated, tokenised once and packed into rows.

Doors: `build_corpus` makes a corpus of a mix, `open_corpus` reads it.
"""

from __future__ import annotations

from .build import build_corpus
from .mix import Mix, read_mix
from .reading import Corpus, open_corpus

__all__ = ["Corpus", "Mix", "build_corpus", "open_corpus", "read_mix"]
