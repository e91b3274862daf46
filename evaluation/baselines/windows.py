"""A model of 512 tokens that reads a long text in overlapping windows, as one without long attention must.

It is a BERT or RoBERTa of the model's size with full attention through SDPA. All windows of a batch of texts are run,
a few at a time, those of one length together, so that nothing is padded.
"""

from __future__ import annotations

import math
from collections import Counter

from gonerd.evaluation.efficiency.subject import Job, Subject, inputs, random_ids
from gonerd.models.same_size import full_attention

from . import BASELINES, Baseline
from .full import against

WINDOW, STRIDE = 512, 128  # tokens; windows overlap as in `gonerd models finetune`
AT_ONCE = 8  # windows in a batch: more gain nothing on a processor, and cost memory


def window_lengths(length: int, window: int = WINDOW, stride: int = STRIDE, special: int = 2) -> list[int]:
    """Returns the tokens of each window of a text, as `gonerd.models.windows.make_windows` cuts it.

    Args:
        length: Tokens of the text, special ones included.
        window: Tokens of a full window, special ones included.
        stride: Tokens that neighbours share.
        special: Special tokens of the text, which each window has anew.
    """
    text, room = max(0, length - special), window - special
    more = max(0, math.ceil((text - room) / (room - stride)))
    return [*[window] * more, text - more * (room - stride) + special]


def make(job: Job) -> Subject:
    """See `Baseline`."""
    model = full_attention(job.source, WINDOW, job.seed, job.torch_dtype, job.device)
    cut = window_lengths(job.length)
    batches = [
        inputs(model, random_ids(job, min(AT_ONCE, count - start), length))
        for length, count in Counter(cut * job.batch).items()
        for start in range(0, count, AT_ONCE)
    ]

    def run() -> None:
        for batch in batches:
            model(**batch)

    return Subject(model, run, asked="sdpa", random_weights=True, windows=len(cut))


BASELINES.register("windows")(
    Baseline(f"full attention in windows of {WINDOW} tokens that share {STRIDE}, random weights", against, make)
)
