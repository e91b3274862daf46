"""Tokens of whole documents, and what identifies a tokenizer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from gonerd.errors import GonerdError


class DocumentTokenizer:
    """Tokenises documents of any length without special tokens, and tells where words begin.

    Args:
        tokenizer: A fast tokenizer.
        name: What to call it in messages.

    Raises:
        GonerdError: It is not a fast one, or has no token to begin, end or mask with.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, name: str) -> None:
        self._backend = _backend(tokenizer, name)
        first = tokenizer.cls_token_id if tokenizer.cls_token_id is not None else tokenizer.bos_token_id
        last = tokenizer.sep_token_id if tokenizer.sep_token_id is not None else tokenizer.eos_token_id
        if first is None or last is None or tokenizer.mask_token_id is None:
            raise GonerdError(
                f"{name}: the tokenizer lacks a token that begins, ends or masks (cls, sep, mask); use an encoder's"
            )
        self.opening, self.closing, self.separator = [int(first)], [int(last)], int(last)
        self.vocabulary = len(tokenizer)
        self.sha256 = tokenizer_sha256(tokenizer, name)

    def __call__(self, texts: Sequence[str]) -> Iterator[tuple[list[int], list[bool]]]:
        """Yields (ids, whether a token begins a word) of each text."""
        for encoding in self._backend.encode_batch(list(texts), add_special_tokens=False):
            words = encoding.word_ids
            yield encoding.ids, [i == 0 or word != words[i - 1] for i, word in enumerate(words)]


def _backend(tokenizer: PreTrainedTokenizerBase, name: str) -> Any:
    """Returns a copy of the fast tokenizer that cuts and pads nothing, whatever its own file orders."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise GonerdError(f"{name}: no fast tokenizer (tokenizer.json); save one beside the model")
    copy = type(backend).from_str(backend.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def tokenizer_sha256(tokenizer: PreTrainedTokenizerBase, name: str = "tokenizer") -> str:
    """Hashes what decides about tokens: vocabulary, rules and special tokens, but no limit of length.

    Raises:
        GonerdError: It is not a fast tokenizer.
    """
    state = json.loads(_backend(tokenizer, name).to_str())
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
