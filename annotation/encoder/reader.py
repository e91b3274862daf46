"""Reading a draft with a fitted network, and keeping it in a folder."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gonerd.annotation.draft import Draft
from gonerd.annotation.reader import reread
from gonerd.errors import GonerdError
from gonerd.files import read_json, write_json
from gonerd.labels import BIO_TAGS, tags_to_spans
from gonerd.records import Span

from . import SETTINGS, WEIGHTS
from .decode import Scores, decode
from .device import best_device, half_precision
from .fit import FitSettings, fit, items_of
from .net import ReaderNet, collate
from .windows import FEATURES, SHAPES, Window, Words, windows_of, words_of

_BATCH = 16  # windows read at once
_LAYOUT = {"features": FEATURES, "shapes": SHAPES, "tags": list(BIO_TAGS)}


@dataclass
class EncoderReader:
    """A fitted reader.

    Attributes:
        net: The network, in evaluation mode.
        tokenizer: The encoder's.
    """

    net: ReaderNet
    tokenizer: Any

    @classmethod
    def start(cls, encoder: str, seed: int = 0) -> EncoderReader:
        """Makes an unfitted reader.

        Args:
            encoder: Folder or hub id of an encoder, or the folder of a pipeline that has such a reader, to learn on.
            seed: Of what is not pretrained.

        Raises:
            GonerdError: It cannot be loaded, or has no fast tokenizer.
        """
        from . import FOLDER

        if (Path(encoder) / FOLDER / WEIGHTS).exists():
            return cls.load(Path(encoder) / FOLDER)
        torch.manual_seed(seed)
        model, tokenizer = _pretrained(encoder)
        return cls(ReaderNet(model).to(best_device()).eval(), tokenizer)

    @classmethod
    def load(cls, folder: Path) -> EncoderReader:
        """Opens a fitted reader.

        Raises:
            GonerdError: The folder holds none, or one of another layout.
        """
        from safetensors.torch import load_file
        from transformers import AutoConfig, AutoModel, AutoTokenizer

        remedy = "train the pipeline again"
        if read_json(folder / SETTINGS, remedy).get("layout") != _LAYOUT:
            raise GonerdError(f"{folder / SETTINGS}: the reader was made by another version; {remedy}")
        try:
            config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
            net = ReaderNet(AutoModel.from_config(config, trust_remote_code=False, **_bare(config)))
            net.load_state_dict(load_file(folder / WEIGHTS))
        except (OSError, ValueError, RuntimeError) as error:
            raise GonerdError(f"{folder}: not a reader ({' '.join(str(error).split())[:200]}); {remedy}") from error
        return cls(net.to(best_device()).eval(), tokenizer)

    def save(self, folder: Path, note: dict[str, Any]) -> None:
        """Writes the reader; `note` says how it was made."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        self.net.encoder.config.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        weights = {name: value.cpu().contiguous() for name, value in self.net.state_dict().items()}
        save_file(weights, folder / WEIGHTS)
        write_json(folder / SETTINGS, {**note, "layout": _LAYOUT})

    def fit(self, drafts: Iterable[tuple[Draft, Sequence[Span]]], settings: FitSettings) -> float:
        """Learns from settled drafts with their right spans; returns the loss of the last pass."""
        items = items_of(self.tokenizer, drafts, settings.seed)
        return fit(self.net, items, self.tokenizer.pad_token_id, settings)

    def read(self, draft: Draft) -> None:
        """Replaces a draft's mentions by what the reader sees, each with the least probability of its words."""
        words = words_of(draft)
        scores = self.scores(draft, words)
        classes = decode(scores)
        chances = np.exp(scores[np.arange(len(classes)), classes]) if classes else np.zeros(0)
        spans = tags_to_spans([BIO_TAGS[c] for c in classes], words.tokens)
        starts = {start: i for i, (start, _) in enumerate(words.tokens)}
        ends = {end: i for i, (_, end) in enumerate(words.tokens)}
        reread(draft, (replace(s, score=float(chances[starts[s.start] : ends[s.end] + 1].min())) for s in spans))

    def scores(self, draft: Draft, words: Words) -> Scores:
        """Returns the log-probabilities of each word's classes (words, classes).

        A word counts as the window sees it in which it stands farthest from a border where text was cut.
        """
        found = np.zeros((len(words.tokens), len(BIO_TAGS)), np.float32)
        best = np.full(len(words.tokens), -1)
        windows = list(windows_of(self.tokenizer, [draft.text[start:end] for start, end in words.tokens]))
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


def _pretrained(encoder: str) -> tuple[Any, Any]:
    from transformers import AutoConfig, AutoModel, AutoTokenizer

    try:
        config = AutoConfig.from_pretrained(encoder, trust_remote_code=False)
        model = AutoModel.from_pretrained(
            encoder, use_safetensors=True, trust_remote_code=False, dtype=torch.float32, **_bare(config)
        )
        tokenizer = AutoTokenizer.from_pretrained(
            encoder, use_fast=True, add_prefix_space=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, ImportError) as error:
        problem = " ".join(str(error).split())[:200]
        raise GonerdError(
            f"--encoder {encoder!r} cannot be loaded ({problem}); name the folder of an encoder, a hub id that can be "
            "reached, or the folder that `gonerd models teacher` prints"
        ) from error
    if not tokenizer.is_fast:
        raise GonerdError(f"--encoder {encoder!r} has no fast tokenizer, so words cannot be told apart")
    return model, tokenizer


def _bare(config: Any) -> dict[str, Any]:
    """BERT's family brings a layer for sentence pairs that no word needs."""
    return {"add_pooling_layer": False} if config.model_type in ("bert", "longformer", "roberta") else {}
