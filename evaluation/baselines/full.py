"""Full attention through SDPA: a BERT or RoBERTa of the model's size, as Hugging Face computes it."""

from __future__ import annotations

from gonerd.evaluation.efficiency.plan import Facts
from gonerd.evaluation.efficiency.subject import Job, Subject, inputs, random_ids
from gonerd.models.same_size import can_be_full, full_attention

from . import BASELINES, Baseline


def against(facts: Facts, length: int) -> str | None:
    """See `Baseline`."""
    if can_be_full(facts.model_type):
        return None
    return f"no full-attention model of the size of a {facts.model_type!r} is known here"


def make(job: Job) -> Subject:
    """See `Baseline`."""
    positions = max(job.length, job.longest)
    model = full_attention(job.source, positions, job.seed, job.torch_dtype, job.device)
    given = inputs(model, random_ids(job, job.batch, job.length))
    return Subject(model, lambda: model(**given), asked="sdpa", random_weights=True)


BASELINES.register("full")(Baseline("full attention through SDPA, as wide and deep, random weights", against, make))
