"""A spaCy pipeline as an annotator: texts in, core mentions with exact character offsets out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gonerd.records import Span

from .batches import batches
from .boundaries import trim
from .chunks import CHUNK_CHARACTERS, Chunk, with_context
from .draft import Mention
from .label_maps import LabelMap, label_map_for
from .loading import DEFAULT, SPANS, labels_of, load

_BATCH_CHARACTERS = 200_000  # what is inside the model at once; activations take some 4 kB a token


@dataclass
class SpacyAnnotator:
    """Finds core mentions with the entities of a spaCy pipeline.

    Attributes:
        nlp: The loaded pipeline.
        name: Package name and version, recorded as provenance.
        map_name: Name of the label map in use.
        label_map: From the pipeline's labels to core labels, or None to drop.
        chunk: Largest piece given to the pipeline at once, in characters.
        weight: How much it counts against other pipelines.
        dropped: How many mentions each unmapped label or empty trim cost.
    """

    nlp: Any
    name: str
    map_name: str
    label_map: LabelMap
    chunk: int = CHUNK_CHARACTERS
    weight: float = 1.0
    dropped: Counter[str] = field(default_factory=Counter)

    @classmethod
    def load(
        cls, name: str = DEFAULT, chunk: int = CHUNK_CHARACTERS, weight: float = 1.0, label_map: str | None = None
    ) -> SpacyAnnotator:
        """Loads a pipeline.

        Args:
            name: What `loading.load` takes: a spaCy package or folder, a token-classification model, a GLiNER model.
            chunk: Largest piece given to the pipeline at once, in characters.
            weight: How much it counts against other pipelines.
            label_map: A packaged label map or a YAML file; the one that knows every label when None.

        Raises:
            GonerdError: It is not installed, not a pipeline, finds no entities, or has unknown labels.
        """
        nlp, full_name = load(name)
        map_name, mapping = label_map_for(labels_of(nlp), name, label_map)
        return cls(nlp, full_name, map_name, mapping, chunk, weight)

    def annotate(self, text: str) -> list[Span]:
        """Returns the non-overlapping core spans of a text of any length, in order."""
        return [mention.span() for mention in next(self.mentions([text]))]

    def mentions(self, texts: Sequence[str]) -> Iterator[list[Mention]]:
        """Yields the mentions of each text, in order; pieces of several texts share the model's batches."""
        found: list[list[Mention]] = [[] for _ in texts]
        pieces = [(i, chunk) for i, text in enumerate(texts) for chunk in with_context(text, self.chunk)]
        for batch in batches(pieces, lambda piece: piece[1].right - piece[1].left, _BATCH_CHARACTERS):
            # The zone frees what the pipeline's vocabulary learns from these texts, or memory would grow with them.
            with self.nlp.memory_zone():
                stream = self.nlp.pipe((texts[i][c.left : c.right] for i, c in batch), batch_size=64)
                for (i, chunk), doc in zip(batch, stream, strict=True):
                    found[i] += self._core(texts[i], chunk, doc, found[i][-1].end if found[i] else 0)
        yield from found

    def _core(self, text: str, chunk: Chunk, doc: Any, after: int) -> Iterator[Mention]:
        for first, last, label, score in _entities(doc):
            start, end = chunk.left + first, chunk.left + last
            if not chunk.start <= start < chunk.end:
                continue
            core = self.label_map[label]
            if core is None:
                self.dropped[label] += 1
                continue
            start, end = trim(text, start, end)
            if start == end:
                self.dropped["nothing left after trimming"] += 1
            elif start >= after:
                after = end
                yield Mention(start, end, core, self.name, self.weight, score=score)


def _entities(doc: Any) -> Iterator[tuple[int, int, str, float | None]]:
    """Yields entities in characters of the piece; exact ones where a component keeps them beside spaCy's tokens."""
    if SPANS in doc.user_data:
        yield from doc.user_data[SPANS]
    else:
        for entity in doc.ents:
            yield entity.start_char, entity.end_char, entity.label_, None
