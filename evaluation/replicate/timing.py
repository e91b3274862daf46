"""Time and memory of teachers and students, made to take as many tokens as are measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from gonerd.errors import UsageError
from gonerd.evaluation.efficiency import EfficiencySettings, measure_efficiency
from gonerd.evaluation.efficiency.run import FILE
from gonerd.files import read_json, write_json, write_text
from gonerd.models.conversion import convert
from gonerd.models.load import load_model
from gonerd.models.save import NOTE, save
from gonerd.models.settings import first_difference

from .places import Folders
from .settings import Times
from .systems import CTD, FULL, TEACHER, WINDOWS, System, systems_of
from .times import HUGGINGFACE
from .work import DONE, OTHERWISE, TO_DO, State, Work

if TYPE_CHECKING:
    from .config import Replicate

_MARK = "measured.json"


def times_works(config: Replicate, folders: Folders) -> list[Work]:
    """Lists the measurings."""
    return [_work(config, folders, told) for told in config.efficiency]


def measured(config: Replicate, told: Times) -> list[System]:
    """Returns the models that are measured: teachers and students of one order, for the other takes the same time.

    Raises:
        UsageError: A pattern names none.
    """
    known = [s for s in systems_of(config) if s.attention != WINDOWS and s.order in (TEACHER, CTD)]
    for pattern in told.models:
        if not any(fnmatchcase(system.name, pattern) for system in known):
            names = ", ".join(system.name for system in known)
            raise UsageError(f"key 'efficiency': {pattern!r} names no model that is measured (there are {names})")
    return [s for s in known if not told.models or any(fnmatchcase(s.name, one) for one in told.models)]


def kept_name(told: Times) -> str:
    """Returns what its result is called where results are kept."""
    return f"times-{told.max_length}.json"


def _work(config: Replicate, folders: Folders, told: Times) -> Work:
    systems, out = measured(config, told), folders.times(told.max_length)

    def facts() -> dict[str, Any]:
        models = {s.name: _identity(folders.note(s.name)) for s in systems}
        return {"settings": told.model_dump(mode="json"), "models": models}

    def state() -> State:
        ours = facts()
        missing = [name for name, identity in ours["models"].items() if not identity]
        if missing:
            return State(TO_DO, f"model/{missing[0]} is not made yet")
        if not (out / _MARK).is_file() or not (config.results / kept_name(told)).is_file():
            return State(TO_DO)
        different = first_difference(ours, read_json(out / _MARK, f"remove {out}"))
        return (
            State(OTHERWISE, f"it differs in {different!r}; pass --redo to do it again") if different else State(DONE)
        )

    def run() -> str:
        for system in systems:
            _extended(config, folders, system, told.max_length)
        made = [out / "models" / system.name for system in systems]
        result = measure_efficiency(made, out, _settings(told, systems))
        write_text(config.results / kept_name(told), (out / FILE).read_text(encoding="utf-8"))
        write_json(out / _MARK, facts())
        return f"{len(result.cells)} cells, {len(result.not_measured)} that could not be measured"

    def discard() -> None:
        """Forgets what was measured; the kept result stays until there is another."""
        for name in (_MARK, FILE):
            (out / name).unlink(missing_ok=True)

    return Work(f"times/{told.max_length}", state, run, discard, [f"model/{s.name}" for s in systems], True)


def _settings(told: Times, systems: Sequence[System]) -> EfficiencySettings:
    return EfficiencySettings(
        lengths=told.lengths,
        batches=told.batches,
        repeats=told.repeats,
        baselines=told.baselines,
        beside={name: baselines for name, baselines in _beside(told, systems) if baselines},
        malloc=told.malloc,
        threads=told.threads,
        dtype=told.dtype,
    )


def _beside(told: Times, systems: Sequence[System]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields which baselines stand beside which model.

    Hugging Face's code is another one for every teacher. Full attention, whole or in windows, hangs on the size alone,
    which is the same for all teachers, and for all students; of those, windows are measured for the encoder's.
    """
    of_size = [s.name for s in systems if s.attention == FULL] or [s.name for s in systems if s.order == TEACHER][:1]
    for system in systems:
        own = {HUGGINGFACE} if system.order == TEACHER else set()
        if system.name in of_size:
            own |= {FULL, WINDOWS} if system.order == TEACHER else {WINDOWS}
        yield system.name, tuple(name for name in told.baselines if name in own)


def _extended(config: Replicate, folders: Folders, system: System, length: int) -> None:
    """Makes a copy that takes longer texts; times hang on the shape of a model, not on its positions' values.

    It has no head: that of hidden words, which no task has, costs more than the layers of a small encoder.
    """
    told = config.attentions[system.attention]
    out = folders.times(length) / "models" / system.name
    note = folders.note(system.name) or {}
    held = read_json(out / NOTE, f"remove {out}") if (out / NOTE).is_file() else {}
    if held.get("extended") != _identity(note):
        (folders.times(length) / FILE).unlink(missing_ok=True)  # what was measured of another model of that name
        model, tokenizer = load_model(folders.models / system.name, "base")
        model, tokenizer = convert(model, system.attention, length, told.window, tokenizer=tokenizer, **told.options)
        save(model, tokenizer, out, {"made_by": "gonerd evaluate replicate", "extended": _identity(note)})


def _identity(note: dict[str, Any] | None) -> dict[str, Any]:
    """Returns what tells a model from another of its name; empty where there is none."""
    return {key: note[key] for key in ("weights_sha256", "config_sha256") if key in note} if note else {}
