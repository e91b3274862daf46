"""A Hugging Face token-classification model as a spaCy component: windows over texts of any length, exact offsets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from gonerd.errors import GonerdError, needs_extra
from gonerd.labels import mentions, split_tag, to_bio
from gonerd.tokens import tokenize

from .loading import SPANS

_LONGEST = 512  # positions in a window where neither model nor tokenizer says


@dataclass
class TransformersEntities:
    """Finds entities with a token classifier and keeps them, exact, in `doc.user_data`.

    Words are those of `gonerd.tokens.tokenize`, each tagged at its first piece in the window in which it stands
    farthest from a border where text was cut; windows overlap by a quarter.

    Attributes:
        model: The model, in evaluation mode.
        tokenizer: Its fast tokenizer.
        labels: Entity labels, without prefixes.
        scheme: Of its tags, one of `gonerd.labels.SCHEMES`, or "none" where they bear no prefix.
        max_length: Positions in a window.
        batch_size: Windows run at once.
    """

    model: Any
    tokenizer: Any
    labels: tuple[str, ...]
    scheme: str
    max_length: int
    batch_size: int = 8

    def __call__(self, doc: Doc) -> Doc:
        """Adds the entities of one document."""
        found = list(self._entities(doc.text))
        doc.user_data[SPANS] = found
        spans = (doc.char_span(start, end, label, alignment_mode="expand") for start, end, label, _ in found)
        doc.ents = spacy.util.filter_spans([span for span in spans if span is not None])
        return doc

    def _entities(self, text: str) -> Iterator[tuple[int, int, str, float]]:
        offsets = tokenize(text)
        best = self._tag([text[start:end] for start, end in offsets])
        names = [self.model.config.id2label[best[i][1]] if i in best else "O" for i in range(len(offsets))]
        if self.scheme == "none":
            tags = ["O" if name == "O" else f"I-{name}" for name in names]
        else:
            tags = to_bio(names, self.scheme)
        for first, last, label in mentions(tags):
            scores = [best[i][2] for i in range(first, last) if i in best]
            yield offsets[first][0], offsets[last - 1][1], label, sum(scores) / len(scores)

    def _tag(self, words: list[str]) -> dict[int, tuple[int, int, float]]:
        """Returns (margin, class, probability) of each word that the tokenizer does not drop."""
        best: dict[int, tuple[int, int, float]] = {}
        if not words:
            return best
        encoded = self.tokenizer(
            words,
            is_split_into_words=True,
            truncation=True,
            max_length=self.max_length,
            stride=(self.max_length - 2) // 4,
            return_overflowing_tokens=True,
        )
        count = len(encoded["input_ids"])
        for begin in range(0, count, self.batch_size):
            rows = range(begin, min(begin + self.batch_size, count))
            classes, probabilities = self._run([encoded["input_ids"][i] for i in rows])
            for row, i in enumerate(rows):
                previous = None
                word_ids = encoded.word_ids(i)
                for position, word in enumerate(word_ids):
                    if word is None or word == previous:
                        continue
                    previous = word
                    left = position if i > 0 else len(word_ids)
                    right = len(word_ids) - 1 - position if i + 1 < count else len(word_ids)
                    margin = min(left, right)
                    if word not in best or margin > best[word][0]:
                        best[word] = margin, int(classes[row][position]), float(probabilities[row][position])
        return best

    def _run(self, rows: list[list[int]]) -> tuple[Any, Any]:
        import torch

        width = max(map(len, rows))
        ids = torch.full((len(rows), width), self.tokenizer.pad_token_id or 0)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
            mask[i, : len(row)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask}
        if self.model.config.model_type == "longformer":
            # The first position is global, as in training; without any the layer would attend to its window alone.
            inputs["global_attention_mask"] = torch.zeros_like(mask).index_fill_(1, torch.tensor([0]), 1)
        with torch.inference_mode():
            probabilities, classes = self.model(**inputs).logits.softmax(-1).max(-1)
        return classes, probabilities


def _scheme(tags: Iterable[str]) -> str:
    prefixes = {tag[0] for tag in tags if len(tag) > 2 and tag[1] == "-"}
    if not prefixes:
        return "none"
    if prefixes & set("LU"):
        return "BILOU"
    if prefixes & set("ES"):
        return "BIOES"
    return "BIO" if "B" in prefixes else "IOB1"


@Language.factory("gonerd_transformers", default_config={"model": ""})
def make_transformers_entities(nlp: Language, name: str, model: str) -> TransformersEntities:
    """Loads a token-classification model by folder or hub id; weights in safetensors only, no code of its own.

    Raises:
        GonerdError: It cannot be loaded, or has no fast tokenizer.
    """
    with needs_extra("models"):
        from transformers import AutoModelForTokenClassification, AutoTokenizer
    try:
        loaded = AutoModelForTokenClassification.from_pretrained(model, use_safetensors=True, trust_remote_code=False)
        tokenizer = AutoTokenizer.from_pretrained(model, use_fast=True, add_prefix_space=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        problem = " ".join(str(error).split())
        raise GonerdError(f"token-classification model {model!r} cannot be loaded: {problem}") from error
    if not tokenizer.is_fast:
        raise GonerdError(f"token-classification model {model!r} has no fast tokenizer, so offsets are unknown")
    tags = list(loaded.config.id2label.values())
    scheme = _scheme(tags)
    labels = {tag if scheme == "none" else split_tag(tag)[1] for tag in tags if tag != "O"}
    # RoBERTa counts its positions from the padding's on, so two of them hold no token.
    limit = getattr(loaded.config, "max_position_embeddings", _LONGEST) - 2
    longest = min(limit, tokenizer.model_max_length if tokenizer.model_max_length < 1 << 20 else limit)
    return TransformersEntities(loaded.eval(), tokenizer, tuple(sorted(labels)), scheme, longest)
