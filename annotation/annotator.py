"""What `gonerd annotate run` does to a document: pipelines, their vote, conventions, rules, consistency."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gonerd.records import Span

from .boundaries import boundaries
from .chunks import CHUNK_CHARACTERS
from .consistency import consistent
from .draft import Draft
from .loading import DEFAULT, parse
from .pipeline import SpacyAnnotator
from .reader import NAME as READER
from .readers import AnyReader, reader_in
from .rules import Rule, apply_rules, chosen
from .vote import vote

BOUNDARIES, CONSISTENCY = "boundaries", "consistency"
EXTRA = (BOUNDARIES, CONSISTENCY)  # switched off by name like a rule


@dataclass
class Annotator:
    """Pipelines and what is done with their mentions.

    Attributes:
        pipelines: At least one.
        rules: In the order in which they run.
        steps: Which of `EXTRA` run.
        reader: What was learned from reviewed documents about drafts of the pipeline, if anything.
        effects: How many mentions each rule "added", "changed" and "removed" since the last `clear`.
    """

    pipelines: list[SpacyAnnotator]
    rules: list[Rule]
    steps: tuple[str, ...] = EXTRA
    reader: AnyReader | None = None
    effects: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def load(
        cls,
        pipelines: Sequence[str] = (DEFAULT,),
        rules: Sequence[str] | None = None,
        without: Sequence[str] = (),
        label_map: str | None = None,
        chunk: int = CHUNK_CHARACTERS,
    ) -> Annotator:
        """Loads pipelines and chooses rules.

        Args:
            pipelines: `NAME` or `NAME:WEIGHT` of each.
            rules: Names of the rules that run, "boundaries" and "consistency" among them; when None, those that the
                pipelines were trained to go with (see `train`), else all.
            without: Names of those that do not.
            label_map: A packaged label map or a YAML file, for every pipeline.
            chunk: Largest piece given to a pipeline at once, in characters.

        Raises:
            GonerdError: A pipeline cannot be loaded.
            UsageError: A name or a weight is unknown or malformed.
        """
        parsed = [parse(each) for each in pipelines]
        loaded = [SpacyAnnotator.load(name, chunk, weight, label_map) for name, weight in parsed]
        return cls._with(loaded, _trained_with(loaded) if rules is None else rules, without)

    @classmethod
    def _with(cls, loaded: list[SpacyAnnotator], rules: Sequence[str] | None, without: Sequence[str]) -> Annotator:
        off = [name for name in without if name not in (*EXTRA, READER)]
        on = None if rules is None else [name for name in rules if name not in EXTRA]
        steps = tuple(s for s in EXTRA if s not in without and (rules is None or s in rules))
        reader = None if READER in without or (rules is not None and not rules) else _reader_of(loaded)
        return cls(loaded, chosen(on, off), steps, reader)

    def spans(self, texts: Sequence[str]) -> Iterator[list[Span]]:
        """Yields the spans of each text, in order."""
        for draft in self.drafts(texts):
            yield [mention.span() for mention in draft.mentions]

    def drafts(self, texts: Sequence[str]) -> Iterator[Draft]:
        """Yields the settled draft of each text, in order."""
        weights = [pipeline.weight for pipeline in self.pipelines]
        for text, *proposals in zip(texts, *(p.mentions(texts) for p in self.pipelines), strict=True):
            draft = Draft(text, vote(proposals, weights))
            self.settle(draft)
            self.effects.update(draft.effects)
            yield draft

    def settle(self, draft: Draft) -> None:
        """Applies conventions, rules and consistency to a draft."""
        if BOUNDARIES in self.steps:
            draft.apply(BOUNDARIES, boundaries(draft))
        apply_rules(draft, self.rules)
        if CONSISTENCY in self.steps:
            draft.apply(CONSISTENCY, consistent(draft))
        if self.reader is not None:
            self.reader.read(draft)
            apply_rules(draft, [rule for rule in self.rules if rule.again])
            if CONSISTENCY in self.steps:
                draft.apply(CONSISTENCY, consistent(draft))

    @property
    def settings(self) -> dict[str, Any]:
        """What a layer made with it must record: pipelines, label maps, steps."""
        names = [p.name if p.weight == 1 else f"{p.name}:{p.weight:g}" for p in self.pipelines]
        return {
            "pipeline": " + ".join(names),
            "label_map": " + ".join(p.map_name for p in self.pipelines),
            "rules": [*self.steps, *(rule.name for rule in self.rules), *([READER] if self.reader else [])],
            "chunk": self.pipelines[0].chunk,
        }

    def take_dropped(self) -> Counter[str]:
        """Returns how many mentions each unmapped label cost since the last call."""
        total: Counter[str] = Counter()
        for pipeline in self.pipelines:
            total.update(pipeline.dropped)
            pipeline.dropped.clear()
        return total

    def take_effects(self) -> dict[str, dict[str, int]]:
        """Returns what each rule did since the last call."""
        found: dict[str, dict[str, int]] = {}
        for (rule, what), count in sorted(self.effects.items()):
            if count:
                found.setdefault(rule, {})[what] = count
        self.effects.clear()
        return found


def _reader_of(pipelines: Sequence[SpacyAnnotator]) -> AnyReader | None:
    """Returns the reader that lies in the folder of a single pipeline."""
    folder = getattr(pipelines[0].nlp, "_path", None)
    return None if len(pipelines) > 1 or folder is None else reader_in(folder, pipelines[0].name)


def _trained_with(pipelines: Sequence[SpacyAnnotator]) -> list[str] | None:
    """Returns the rules that a single pipeline of ours was trained to go with, None for others."""
    if len(pipelines) > 1:
        return None
    rules = pipelines[0].nlp.meta.get("gonerd", {}).get("rules")
    return None if rules is None else list(rules)
