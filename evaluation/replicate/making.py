"""Text and models as pieces of work: what `gonerd models corpus` and `distill` do, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gonerd.errors import GonerdError
from gonerd.files import read_json
from gonerd.models.corpus import Mix, build_corpus, read_mix
from gonerd.models.corpus.reading import STATISTICS
from gonerd.models.distill import Recipe, run_recipe
from gonerd.models.distill.place import Place
from gonerd.models.distill.steps import Step
from gonerd.models.save import NOTE
from gonerd.models.settings import checked, first_difference
from gonerd.models.teacher import packaged_teacher

from .places import Folders, source_of
from .recipes import kind_of, needed, recipe_of
from .settings import PACKAGED, SHORT
from .work import DONE, OTHERWISE, TO_DO, State, Work

if TYPE_CHECKING:
    from .config import Replicate


def text_works(config: Replicate, folders: Folders) -> list[Work]:
    """Lists the building of the text, in short and in long rows, and of that of variants in long ones."""
    length = config.max_length
    found = {folders.short_corpus: min(SHORT, length), folders.corpus(length): length}
    works = [_text_work(config, folder, mix_of(config, length)) for folder, length in found.items()]
    for name, variant in config.variants.items():
        if variant.corpus is not None:
            works.append(_text_work(config, folders.corpus(length, name), mix_of(config, length, name)))
    return works


def _text_work(config: Replicate, folder: Path, mix: Mix) -> Work:

    def state() -> State:
        if not (folder / STATISTICS).is_file():
            return State(TO_DO)
        held = read_json(folder / STATISTICS, f"remove {folder}")["mix"]
        different = first_difference(mix.model_dump(mode="json"), held)
        return State(OTHERWISE, f"it differs in {different!r}; remove {folder}") if different else State(DONE)

    def run() -> str:
        _check_encoder(config)
        made = build_corpus(mix, folder)
        return f"{made.statistics['documents']:,} documents, {made.count('train'):,} rows of {mix.max_length}"

    return Work(_corpus_name(folder), state, run)


def _corpus_name(folder: Path) -> str:
    return f"corpus/{folder.name.removeprefix('corpus-')}"


def mix_of(config: Replicate, length: int, variant: str | None = None) -> Mix:
    """Returns what the text, or that of a variant, is mixed of, in rows of so many of the encoder's tokens.

    Raises:
        UsageError: A key is unknown or a value impossible.
    """
    told, encoder = config.corpus, config.encoder
    if variant is not None:
        told = config.variants[variant].corpus or told
    changed = {"max_length": length, "tokenizer": source_of(encoder.model), "tokenizer_revision": encoder.revision}
    if told.tokens is not None:
        changed["tokens"] = told.tokens
    if told.recipe is not None:
        return read_mix(told.recipe, **changed)
    values = {"name": variant or config.name, **(told.mix or {}), **changed}
    mix = checked(Mix, values, f"key 'variants.{variant}.corpus.mix'" if variant else "key 'corpus.mix'")
    root = config.data_root.resolve()  # as a worker of another folder sees it
    members = [m.model_copy(update={"path": root / m.path}) if m.path is not None else m for m in mix.members]
    return mix.model_copy(update={"members": tuple(members)})


def model_works(config: Replicate, folders: Folders, seed: int | None = None) -> list[Work]:
    """Lists the steps of the recipe, each a piece of work that makes what it needs as well.

    Args:
        config: The configuration.
        folders: Where everything lies.
        seed: For which seed, where each has models of its own; that of the first when None.
    """
    recipe = recipe_of(config, folders, seed)
    return [_model_work(config, folders, recipe, step) for step in recipe.steps]


def _model_work(config: Replicate, folders: Folders, recipe: Recipe, step: Step) -> Work:
    names = tuple(one.name for one in recipe.steps)
    before = [name for name in (step.model, getattr(step, "teacher", None)) if name in names]
    corpus = getattr(step, "corpus", None)
    needs = [f"model/{name}" for name in before] + ([_corpus_name(corpus)] if corpus else [])

    def state() -> State:
        path = folders.models / step.name / NOTE
        if not path.is_file():
            return State(TO_DO)
        try:
            sources = step.sources(Place(folders.models, recipe.seed, names))
        except GonerdError as error:
            return State(TO_DO, f"it lies there, but not what it was made of: {error}")
        held = read_json(path, f"remove {path.parent}").get("step") or {}
        ours = {"step": kind_of(step), "seed": recipe.seed, **step.model_dump(mode="json")}
        different = first_difference({"settings": ours, "sources": sources}, held).removeprefix("settings.")
        remedy = f"remove {path.parent} and what was made of it, or choose another --out"
        return State(OTHERWISE, f"it differs in {different!r}; {remedy}") if different else State(DONE)

    def run() -> str:
        _check_encoder(config)
        part = recipe.model_copy(update={"steps": tuple(needed(recipe.steps, step.name))})
        return dict(run_recipe(part, folders.models, locked=True))[step.name]

    return Work(f"model/{step.name}", state, run, needs=needs)


def _check_encoder(config: Replicate) -> None:
    if config.encoder.model == PACKAGED:
        packaged_teacher()  # says what to install, where it is missing
