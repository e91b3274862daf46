"""The same weights in Hugging Face's implementation of the same pattern."""

from __future__ import annotations

from transformers import PreTrainedModel

from gonerd.evaluation.efficiency.plan import Facts
from gonerd.evaluation.efficiency.subject import Job, Subject, inputs, random_ids
from gonerd.models.attention import attention_used
from gonerd.models.load import load_model

from . import BASELINES, Baseline

_NONE = {
    None: "the model is Hugging Face's implementation",
    "full": "its pattern is full attention, which the baseline 'full' is",
    "lsg": "Hugging Face has no LSG; `gonerd models bench` measures the class that is saved with the checkpoint",
}


def against(facts: Facts, length: int) -> str | None:
    """See `Baseline`."""
    if facts.pattern in _NONE:
        return _NONE[facts.pattern]
    if length > facts.longest:
        return f"the model takes at most {facts.longest} tokens"
    sizes = facts.sizes
    if facts.pattern == "nystromformer" and length != sizes["segment_means_seq_len"]:
        return f"Hugging Face's Nystromformer takes texts of {sizes['segment_means_seq_len']} tokens only"
    if facts.pattern == "bigbird":
        if sizes["attention_type"] != "block_sparse":
            return f"the model's configuration asks for {sizes['attention_type']!r} attention"
        short = (5 + 2 * sizes["num_random_blocks"]) * sizes["block_size"]
        if length <= short:
            return f"Hugging Face's BigBird computes full attention up to {short} tokens"
    return None


def make(job: Job) -> Subject:
    """See `Baseline`."""
    # Naming an implementation leaves the model as Hugging Face computes it.
    model, _ = load_model(job.source, None, device=job.device, attn_implementation="eager", dtype=job.torch_dtype)
    given = inputs(model, random_ids(job, job.batch, job.length))
    asked = "huggingface-block_sparse" if model.config.model_type == "big_bird" else "huggingface"
    return Subject(model, lambda: model(**given), asked, used=lambda: _used(model))


def _used(model: PreTrainedModel) -> str:
    """Names the attention; BigBird may have switched itself to full attention, for good."""
    kind = getattr(model.base_model, "attention_type", None)
    return attention_used(model) + (f"-{kind}" if kind else "")


BASELINES.register("huggingface")(Baseline("the same weights in Hugging Face's own code", against, make))
