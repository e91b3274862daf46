"""Reading a draft with a fitted network, and fitting it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gonerd.annotation.draft import Draft
from gonerd.annotation.features import features
from gonerd.annotation.reader import NAME, Reader, fit_reader, reread
from gonerd.labels import BIO_TAGS, tags_to_spans
from gonerd.records import Span

from . import CHAIN
from .average import fit_mean
from .decode import Scores, decode
from .device import half_precision
from .fit import FitSettings, Fitted
from .items import items_of
from .net import ReaderNet, collate
from .pool import pooled
from .windows import Window, Words, window_length, windows_of, words_of

_BATCH = 16  # windows read at once
_CHAIN = 0.5  # what the chain's log-probability counts beside the network's: it errs elsewhere


@dataclass
class EncoderReader:
    """A fitted reader.

    Attributes:
        net: The network, in evaluation mode.
        tokenizer: The encoder's.
        chain: The linear chain beside it, None before fitting.
        source: Provenance of what it finds.
    """

    net: ReaderNet
    tokenizer: Any
    chain: Reader | None = None
    source: str = NAME

    @property
    def length(self) -> int:
        """Most positions of a window."""
        return window_length(self.tokenizer, self.net.encoder.config)

    def fit(
        self, pairs: Sequence[tuple[Draft, Sequence[Span]]], settings: FitSettings, progress: Path | None = None
    ) -> Fitted:
        """Learns from settled drafts with their right spans; a killed run goes on from what lies at `progress`."""
        with tempfile.TemporaryDirectory() as scratch:
            fit_reader(pairs, Path(scratch) / CHAIN)
            self.chain = Reader.load(Path(scratch) / CHAIN)
        items = items_of(self.tokenizer, self.length, pairs, settings.seed)
        return fit_mean(self.net, items, self.tokenizer.pad_token_id, settings, progress)

    def read(self, draft: Draft) -> None:
        """Replaces a draft's mentions by what the reader sees, each with the least probability of its words."""
        tokens, rows = features(draft)
        if not tokens:
            return
        texts = [draft.text[start:end] for start, end in tokens]
        scores = pooled(self.scores(words_of(draft, tokens, rows), texts), texts)
        if self.chain is not None:
            with np.errstate(divide="ignore"):
                scores += _CHAIN * pooled(np.log(self.chain.chances(rows)), texts)
        classes = decode(scores)
        chances = np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))[np.arange(len(tokens)), classes]
        spans = tags_to_spans([BIO_TAGS[c] for c in classes], tokens)
        first = {start: i for i, (start, _) in enumerate(tokens)}
        last = {end: i for i, (_, end) in enumerate(tokens)}
        least = [float(chances[first[s.start] : last[s.end] + 1].min()) for s in spans]
        reread(draft, [replace(s, score=p) for s, p in zip(spans, least, strict=True)], self.source)

    def scores(self, words: Words, texts: Sequence[str]) -> Scores:
        """Returns the network's log-probabilities of each word's classes (words, classes).

        A word counts as the window sees it in which it stands farthest from a border where text was cut.
        """
        found = np.zeros((len(words.tokens), len(BIO_TAGS)), np.float32)
        best = np.full(len(words.tokens), -1)
        windows = list(windows_of(self.tokenizer, texts, self.length))
        for first in range(0, len(windows), _BATCH):
            batch = windows[first : first + _BATCH]
            rows = iter(self._run(batch, words))
            for window in batch:
                for column, margin in zip(window.firsts, window.margins, strict=True):
                    row, word = next(rows), window.words[column]
                    if margin > best[word]:
                        best[word], found[word] = margin, row
        return found

    def _run(self, windows: Sequence[Window], words: Words) -> Scores:
        device = next(self.net.parameters()).device
        batch = collate([(window, words) for window in windows], self.tokenizer.pad_token_id).to(device)
        with torch.inference_mode(), half_precision(device):
            rows: Scores = self.net(batch).float().log_softmax(-1).cpu().numpy()
        return rows
