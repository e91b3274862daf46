"""A model under test: whether it has a head for a task, and all that its predictions depend on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError
from gonerd.files import read_json
from gonerd.models._pretrained import architecture, locate, open_config
from gonerd.models.finetune import window_shape
from gonerd.models.finetuning import KINDS, Kind, Shape
from gonerd.models.heads import head_of
from gonerd.models.load import attention_used, load_model, weights_sha256
from gonerd.models.save import NOTE
from gonerd.models.weights import config_sha256

from .environment import best_device
from .tasks import Task
from .tasks._ner import entity_types

_MADE_WITH = ("gonerd", "torch", "transformers", "tokenizers")  # another version may compute other numbers


@dataclass(frozen=True)
class Subject:
    """A model with a head for a task.

    Attributes:
        model: The model, on its device.
        tokenizer: Its tokenizer.
        kind: How examples are cut and predictions read, with the model's own classes.
        shape: How texts are cut.
        attends: Which tokens are global.
        order: The task's class that each of the model's classes is; None where there are none to bring in order.
        note: What its own note says of its making.
        weights_sha256: Hash of its weights.
    """

    model: Any
    tokenizer: Any
    kind: Kind
    shape: Shape
    attends: str
    order: tuple[int, ...] | None
    note: dict[str, Any]
    weights_sha256: str

    def facts(self, *, int8: bool) -> dict[str, Any]:
        """Returns all that predictions depend on, beside the examples."""
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        return {
            "weights_sha256": self.weights_sha256,
            "config_sha256": config_sha256(self.model.config),
            "tokenizer_sha256": _sha256(backend.to_str() if backend is not None else repr(self.tokenizer)),
            "attention": attention_used(self.model),
            "max_length": self.shape.max_length,
            "stride": self.shape.stride,
            "global_attention": self.attends,
            "int8": int8,
            "dtype": str(self.model.dtype),
            "device": self.model.device.type,
            "versions": {name: metadata.version(name) for name in _MADE_WITH},
        }


def bears_head(model_or_id: str | Path, task: Task) -> bool:
    """Tells whether a model has a head of the task's kind.

    Raises:
        GonerdError: The model cannot be found, or has a head that is not supported.
    """
    config = open_config(locate(model_or_id), None)
    if head_of(architecture(config)) != KINDS.get(task.kind).head:
        return False
    if not task.kind.startswith("sequence"):
        return True
    return (task.kind == "sequence-regression") == (config.num_labels == 1)


def open_subject(
    model_or_id: str | Path,
    task: Task,
    examples: Sequence[Any],
    *,
    max_length: int | None = None,
    stride: int | None = None,
    int8: bool = False,
) -> Subject:
    """Loads a model that has a head for a task.

    Args:
        model_or_id: Folder or hub id.
        task: The task.
        examples: What will be predicted; their labels must be known to the model.
        max_length: Positions in a window; those it was fine-tuned with, or its longest, when None.
        stride: Positions that windows share; likewise.
        int8: Compute the dense layers in 8-bit integers.

    Raises:
        UsageError: Window and stride do not fit.
        GonerdError: The model cannot be loaded, has no tokenizer, or has other classes than the task.
    """
    head = KINDS.get(task.kind).head
    model, tokenizer = load_model(model_or_id, head, device=best_device(), int8=int8)
    config: Any = model.config
    known = (getattr(config, "task_specific_params", None) or {}).get("gonerd") or {}
    note = _note(Path(model_or_id))
    legacy = note if not known and "stride" in note else {}  # models of before this stood in the configuration
    labels, order = _classes(str(model_or_id), task, examples, config, known)
    kind = KINDS.get(task.kind)(labels)
    length = max_length or known.get("max_length") or legacy.get("max_length")
    attends = known.get("global_attention") or legacy.get("global_attention", "first" if legacy else kind.attends)
    own = stride if stride is not None else known.get("stride") or legacy.get("stride")
    if stride is None and own is not None and max_length is not None:
        own = min(own, max((max_length - 2) // 2, 1))  # a shorter window than it was trained with
    shape = window_shape(model, tokenizer, length, own)
    return Subject(model, tokenizer, kind, shape, attends, order, note, weights_sha256(model))


def _classes(
    name: str, task: Task, examples: Sequence[Any], config: Any, known: dict[str, Any]
) -> tuple[tuple[str, ...], tuple[int, ...] | None]:
    """Returns the model's classes in the order of its head, and which of the task's each is.

    Raises:
        GonerdError: They are not those of the task.
    """
    if task.kind == "question-answering":
        return tuple(known.get("labels", ())), None
    names = [str(config.id2label[i]) for i in range(len(config.id2label))]
    if task.kind == "sequence-regression":
        return (), None
    if task.kind == "token-classification":
        types = {tag[2:] for tag in names if tag[:2] in ("B-", "I-")}
        wanted = set(task.labels) or set(entity_types(examples))
        strange = [tag for tag in names if tag != "O" and tag[:2] not in ("B-", "I-")]
        if strange or (types != wanted if task.labels else not wanted <= types):
            raise _other(name, strange or sorted(types), task, sorted(wanted))
        return tuple(names), None
    if names == [f"LABEL_{i}" for i in range(len(task.labels))]:  # nobody named them
        return task.labels, tuple(range(len(names)))
    place = {label.lower(): i for i, label in enumerate(task.labels)}
    if sorted(map(str.lower, names)) != sorted(place):
        raise _other(name, names, task, list(task.labels))
    return tuple(names), tuple(place[label.lower()] for label in names)


def _other(name: str, found: list[str], task: Task, wanted: list[str]) -> GonerdError:
    return GonerdError(
        f"{name}: its classes ({', '.join(found)}) are not those of task {task.name!r} ({', '.join(wanted)}); name a "
        "model of this task, or an encoder without such a head, which is then fine-tuned"
    )


def _note(folder: Path) -> dict[str, Any]:
    note = folder / NOTE
    return dict(read_json(note, "fine-tune the model again")) if note.exists() else {}


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
