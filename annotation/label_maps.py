"""From the labels of other schemes to the core four: data in `label_maps.yaml`, or a file of the user's."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from gonerd.errors import GonerdError, unknown_name
from gonerd.labels import CORE
from gonerd.options import read_mapping

LabelMap = dict[str, str | None]


@cache
def _packaged() -> dict[str, LabelMap]:
    text = (resources.files("gonerd.annotation") / "label_maps.yaml").read_text(encoding="utf-8")
    loaded: dict[str, LabelMap] = yaml.safe_load(text)
    return loaded


MAPS = _packaged()


def read_label_map(name: str) -> tuple[str, LabelMap]:
    """Returns a packaged map by its name, or the one in a YAML file of `LABEL: CORE_LABEL` lines.

    Raises:
        UsageError: There is neither, or the file is malformed.
        GonerdError: It maps to something that is no core label.
    """
    if name in MAPS:
        return name, MAPS[name]
    if not Path(name).suffix and not Path(name).exists():
        raise unknown_name("label map", name, [*MAPS, "a YAML file"])
    mapping: dict[str, Any] = read_mapping(Path(name))
    for label, core in mapping.items():
        if core is not None and core not in CORE:
            raise GonerdError(f"{name}: key {label!r} maps to {core!r}; use one of {', '.join(CORE)} or null")
    return Path(name).stem, mapping


def label_map_for(labels: Iterable[str], pipeline: str, name: str | None = None) -> tuple[str, LabelMap]:
    """Finds the map that knows every label of a pipeline.

    Args:
        labels: The labels that the pipeline can give.
        pipeline: Its name, for the message.
        name: A packaged map or a YAML file; the first packaged one that knows every label when None.

    Returns:
        The map's name and the map.

    Raises:
        GonerdError: No map, or not the one named, knows them all; the message lists what the closest one lacks.
    """
    given = set(labels)
    maps = dict([read_label_map(name)]) if name else MAPS
    for known, mapping in maps.items():
        if given <= mapping.keys():
            return known, mapping
    known, mapping = min(maps.items(), key=lambda item: len(given - item[1].keys()))
    raise GonerdError(
        f"pipeline {pipeline!r}: labels {', '.join(sorted(given - mapping.keys()))} are in no label map "
        f"(closest: {known!r}); write them into a YAML file and pass it as --label-map"
    )
