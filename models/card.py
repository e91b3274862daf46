"""The card of a model, written whenever one is saved: what it is, what it was made of, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from gonerd.errors import GonerdError
from gonerd.files import existing, read_json, write_text
from gonerd.markdown import table

CARD, NOTE = "README.md", "gonerd.json"
_TAGS = {
    "ForMaskedLM": "fill-mask",
    "ForTokenClassification": "token-classification",
    "ForSequenceClassification": "text-classification",
    "ForQuestionAnswering": "question-answering",
    "Model": "feature-extraction",
}
_HYPERPARAMETERS = ("epochs", "learning_rate", "batch_size", "stride", "attention_dropout", "seed")


def card(name: str, note: Mapping[str, Any], scores: Sequence[Mapping[str, Any]] = ()) -> str:
    """Writes a card.

    Args:
        name: Name of the model.
        note: What `gonerd.json` says of it.
        scores: What the results of `gonerd evaluate run` state: task, dataset, split and numbers.

    Returns:
        Markdown with the metadata that the hub reads, nothing in it that the note and the scores do not say.
    """
    chain = list(lineage(note))
    data = ModelCardData(
        model_name=name if scores else None,
        library_name="transformers",
        pipeline_tag=next((tag for end, tag in _TAGS.items() if str(note.get("architecture")).endswith(end)), None),
        base_model=_base_model(chain),
        tags=["gonerd", *_tags(chain)],
        eval_results=[result for found in scores for result in _results(found)] or None,
    )
    sections = [f"# {name}", _opening(note), "## Made from", table([_made(step) for step in chain])]
    sections += [text for step in chain for text in _training(step)]
    if scores:
        sections += ["## Scores", table([_score(found) for found in scores])]
    sections += ["## Versions", table([{"library": k, "version": v} for k, v in (note.get("versions") or {}).items()])]
    sections.append(f"Weights sha256 `{note.get('weights_sha256')}`. All facts: `{NOTE}`. Written by gonerd.")
    body = "\n\n".join(sections)
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body}\n"))


def lineage(note: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yields a model's note and those of what it was made of, the model itself first."""
    yield note
    if isinstance(note.get("parent"), Mapping):
        yield from lineage(note["parent"])


def rewrite_card(folder: Path, results: Sequence[Path]) -> None:
    """Writes a model's card again, with its scores.

    Args:
        folder: Folder of a model that was saved here.
        results: Result files of `gonerd evaluate run` over this very model.

    Raises:
        GonerdError: A file is missing or malformed, or a result is that of another model.
    """
    note = read_json(existing(folder / NOTE, "note of a model", "name a folder that gonerd saved"), "save it again")
    scores = []
    for path in results:
        found = read_json(path, "run `gonerd evaluate run` again")
        found = _stated(found) if isinstance(found, dict) else {}
        if found.get("weights_sha256") != note.get("weights_sha256"):
            raise GonerdError(f"{path}: field 'weights_sha256' is not that of {folder}; evaluate this model")
        scores.append(found)
    write_text(folder / CARD, card(folder.resolve().name, note, scores))


def _stated(found: Mapping[str, Any]) -> dict[str, Any]:
    """Views a result of any version as the card states it: its hash, task, data, split and numbers."""
    if not isinstance(found.get("model"), Mapping):  # the first version
        micro = (found.get("scores") or {}).get("micro") or {}
        return {**found, "numbers": {name: micro[name] for name in _SPANS if name in micro}}
    task, metrics = found["task"], found["metrics"]
    spans = metrics.get("exact_spans")
    numbers = {name: spans[name] for name in _SPANS} if spans else {"score": found["score"]}
    return {
        "weights_sha256": found["model"].get("weights_sha256"),
        "task": task["entry"] or task["name"],
        "split": task["split"],
        "dataset": found["dataset"],
        "numbers": numbers,
    }


def _opening(note: Mapping[str, Any]) -> str:
    window = f", window {note['window']}" if isinstance(note.get("window"), int) else ""
    return (
        f"{note.get('architecture')} with {note.get('layers')} layers for up to {note.get('max_length')} tokens; "
        f"attention `{note.get('attention_used')}`{window}. Loads with plain transformers; "
        "`gonerd.models.load_model` gives it the fast attention."
    )


def _made(note: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "by": note.get("made_by"),
        "of": _public(note.get("source")),
        "revision": note.get("revision") or "",
        "layers": f"{note.get('layers')}{_kept(note)}",
        "attention": note.get("attention_used"),
    }


def _kept(note: Mapping[str, Any]) -> str:
    kept = note.get("kept_layers")
    return f" ({', '.join(map(str, kept))} of {note.get('teacher_layers')})" if kept else ""


def _public(source: Any) -> str:
    """Returns a hub id as it is, and of a folder its name alone: whose machine it was on is nobody's business."""
    text = str(source or "")
    return text if text.count("/") <= 1 and not text.startswith(("/", ".", "~")) else Path(text).name


def _training(note: Mapping[str, Any]) -> Iterator[str]:
    settings = (note.get("step") or {}).get("settings", {})
    training = settings.get("training") or {key: note[key] for key in _HYPERPARAMETERS if key in note}
    if not training:
        return
    yield f"## Training ({note.get('task') or settings.get('step')})"
    if teacher := settings.get("teacher") or note.get("teacher"):
        yield f"Teacher: {_public(teacher)}."
    losses = note.get("losses") or {}
    if losses:
        rows = [{"loss": k, "weight": v["weight"], "options": _options(v)} for k, v in losses.items()]
        yield table(rows)
    corpus = note.get("corpus") or {}
    if corpus:
        yield f"Text: corpus {corpus['name']}, {corpus['tokens']:,} tokens, fingerprint `{corpus['fingerprint'][:16]}`."
        yield table([_member(name, counts, corpus["commits"]) for name, counts in corpus["members"].items()])
    yield table([{"hyper-parameter": k, "value": str(v)} for k, v in training.items() if v not in (None, {})])
    held = ", ".join(f"{k.removeprefix('eval_')} {v:.4f}" for k, v in (note.get("held_out") or {}).items())
    if held:
        yield f"Held out, at the step kept ({note.get('best_step')}): {held}."
    if note.get("hardware"):
        yield f"Hardware: {note.get('processes')} x {note['hardware']}, {note.get('tokens_per_second'):,} tokens/s."


def _options(loss: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in loss.items() if key != "weight" and value is not None)


def _member(name: str, counts: Mapping[str, int], commits: Mapping[str, str]) -> dict[str, Any]:
    found = {"member": name, "documents": counts.get("documents", 0), "tokens": counts.get("tokens", 0)}
    return {**found, "commit": commits.get(name, "")}


def _base_model(chain: Sequence[Mapping[str, Any]]) -> str | None:
    """Returns the hub id that all began with, where it was one."""
    source = str(chain[-1].get("source") or "")
    return source if source.count("/") == 1 and not Path(source).expanduser().exists() else None


def _tags(chain: Sequence[Mapping[str, Any]]) -> list[str]:
    kinds = {"distillation" for note in chain if "soft_targets" in (note.get("losses") or {})}
    kinds |= {str(note["attention_used"]).partition("/")[0] for note in chain[:1] if note.get("attention_used")}
    return sorted(kinds)


def _results(found: Mapping[str, Any]) -> list[EvalResult]:
    dataset, numbers = found.get("dataset") or {}, found.get("numbers") or {}
    facts: dict[str, Any] = {
        "task_type": "token-classification" if "f1" in numbers else "other",
        "dataset_type": str(dataset.get("name", found.get("task"))),
        "dataset_name": str(dataset.get("name", found.get("task"))),
        "dataset_split": found.get("split"),
    }
    return [EvalResult(metric_type=kind, metric_value=value, **facts) for kind, value in numbers.items()]


_SPANS = ("f1", "precision", "recall")


def _score(found: Mapping[str, Any]) -> dict[str, Any]:
    dataset, numbers = found.get("dataset") or {}, found.get("numbers") or {}
    values = {kind: f"{numbers[kind]:.4f}" if kind in numbers else "" for kind in ("score", *_SPANS)}
    return {"task": found.get("task"), "data": dataset.get("name"), "split": found.get("split"), **values}
