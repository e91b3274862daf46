"""Every rule as a spaCy component, `gonerd_NAME`, for pipelines of one's own: `nlp.add_pipe("gonerd_courts")`.

A rule sees characters; what it wants is widened to whole tokens, because `doc.ents` has no finer borders. Its labels
are the core ones, so the entities that it finds in the document must be, too: add "gonerd_core" before the first rule.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from .annotator import BOUNDARIES, CONSISTENCY
from .boundaries import boundaries
from .consistency import consistent
from .draft import Draft, Edit, Mention
from .label_maps import label_map_for
from .rules import RULES

EVIDENCE = "gonerd_evidence"  # key of `Doc.user_data`: evidence by (start, end) in characters


class RuleComponent:
    """Applies one rule to `doc.ents`.

    Attributes:
        effects: How many mentions it "added", "changed" and "removed" so far.
    """

    def __init__(self, name: str, find: Callable[[Draft], Iterable[Edit]]) -> None:
        self.name = name
        self.find = find
        self.effects: Counter[str] = Counter()

    def __call__(self, doc: Doc) -> Doc:
        """Returns the document with its entities as the rule wants them."""
        known = doc.user_data.setdefault(EVIDENCE, {})
        mentions = [
            Mention(e.start_char, e.end_char, e.label_, "spacy", evidence=known.get((e.start_char, e.end_char), ""))
            for e in doc.ents
        ]
        draft = Draft(doc.text, mentions)
        draft.apply(self.name, self.find(draft))
        for (_, what), count in draft.effects.items():
            self.effects[what] += count
        spans = []
        for mention in draft.mentions:
            span = doc.char_span(mention.start, mention.end, mention.label, alignment_mode="expand")
            if span is not None:
                spans.append(span)
                known[span.start_char, span.end_char] = mention.evidence
        doc.ents = spacy.util.filter_spans(spans)
        return doc


class CoreLabels:
    """Maps the entities of a document to core labels, and drops those that have none."""

    def __call__(self, doc: Doc) -> Doc:
        """Returns the document with core entities alone."""
        _, mapping = label_map_for({e.label_ for e in doc.ents}, doc.vocab.lang)
        kept = [(e, mapping[e.label_]) for e in doc.ents]
        doc.ents = [spacy.tokens.Span(doc, e.start, e.end, label) for e, label in kept if label]
        return doc


@Language.factory("gonerd_core")
def make_core_labels(nlp: Language, name: str) -> CoreLabels:
    """Makes the component that maps labels."""
    return CoreLabels()


def register() -> None:
    """Registers a factory for every rule, the boundary conventions and consistency."""
    finds: dict[str, Callable[[Draft], Iterable[Edit]]] = {BOUNDARIES: boundaries, CONSISTENCY: consistent}
    finds.update({name: RULES.get(name).find for name in RULES.names()})
    for name, find in finds.items():
        if not Language.has_factory(f"gonerd_{name}"):
            Language.factory(f"gonerd_{name}", func=_factory(name, find))


def _factory(rule: str, find: Callable[[Draft], Iterable[Edit]]) -> Callable[[Language, str], RuleComponent]:
    def make(nlp: Language, name: str) -> RuleComponent:
        return RuleComponent(rule, find)

    return make


register()
