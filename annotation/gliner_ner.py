"""A zero-shot GLiNER model as a spaCy component, when the package `gliner` is installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from gonerd.errors import GonerdError

from .chunks import with_context
from .loading import SPANS

# What the model is asked for; `label_maps.yaml` folds them into the core labels.
LABELS = ("person", "organization", "location", "nationality", "law", "event", "product", "work of art")
_CHARACTERS = 1200  # GLiNER reads 384 words and drops the rest in silence
_THRESHOLD = 0.5


@dataclass
class GlinerEntities:
    """Finds entities with a GLiNER model, piece by piece, and keeps them, exact, in `doc.user_data`.

    Attributes:
        model: The loaded model.
        labels: What it is asked for.
        threshold: Least score of an entity.
    """

    model: Any
    labels: tuple[str, ...] = LABELS
    threshold: float = _THRESHOLD

    def __call__(self, doc: Doc) -> Doc:
        """Adds the entities of one document."""
        found: list[tuple[int, int, str, float]] = []
        for piece in with_context(doc.text, _CHARACTERS, 200):
            text = doc.text[piece.left : piece.right]
            for entity in self.model.predict_entities(text, list(self.labels), threshold=self.threshold, flat_ner=True):
                start, end = piece.left + entity["start"], piece.left + entity["end"]
                if piece.start <= start < piece.end and (not found or start >= found[-1][1]):
                    found.append((start, end, entity["label"], float(entity["score"])))
        doc.user_data[SPANS] = found
        spans = (doc.char_span(start, end, label, alignment_mode="expand") for start, end, label, _ in found)
        doc.ents = spacy.util.filter_spans([span for span in spans if span is not None])
        return doc


@Language.factory("gonerd_gliner", default_config={"model": "", "labels": list(LABELS), "threshold": _THRESHOLD})
def make_gliner_entities(
    nlp: Language, name: str, model: str, labels: Sequence[str], threshold: float
) -> GlinerEntities:
    """Loads a GLiNER model by folder or hub id.

    Raises:
        GonerdError: The package is not installed, or the model cannot be loaded.
    """
    try:
        from gliner import GLiNER
    except ModuleNotFoundError as error:
        raise GonerdError("gliner: models need the package 'gliner'; run: pip install gliner") from error
    try:
        loaded = GLiNER.from_pretrained(model)
    except (OSError, ValueError) as error:
        raise GonerdError(f"GLiNER model {model!r} cannot be loaded: {' '.join(str(error).split())}") from error
    return GlinerEntities(loaded, tuple(labels), threshold)
