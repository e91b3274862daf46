"""Reading result files of every version."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from gonerd.errors import GonerdError
from gonerd.files import read_json

from .efficiency import EfficiencyResult
from .scores import ScoresResult
from .upgrades import UPGRADES

Result = ScoresResult | EfficiencyResult
CURRENT: Final = 2
_KINDS: dict[str, type[Result]] = {"scores": ScoresResult, "efficiency": EfficiencyResult}
_REMEDY = "evaluate again"


def is_result(value: Any) -> bool:
    """Whether a JSON value is a result file of any version, whole or not."""
    return isinstance(value, dict) and value.get("kind") in _KINDS


def version_of(value: Any, where: str) -> int:
    """Returns the version of a file; the first one did not state it.

    Raises:
        GonerdError: It is no result file, or of a version that is not known.
    """
    if not is_result(value):
        raise GonerdError(f"{where}: no result file (field 'kind' is none of {', '.join(_KINDS)}); {_REMEDY}")
    version = value.get("schema_version", 1)
    if type(version) is not int or not 1 <= version <= CURRENT:
        raise GonerdError(
            f"{where}: field 'schema_version' is {version!r}, and this version of gonerd reads 1 to {CURRENT}; install "
            "a newer one"
        )
    return version


def parse(value: Any, where: str) -> Result:
    """Checks a result, upgraded to the current version first.

    Args:
        value: The JSON value.
        where: File, for the message.

    Raises:
        GonerdError: It does not follow the schema; the message names the field.
    """
    for version in range(version_of(value, where), CURRENT):
        try:
            value = UPGRADES.get(f"from_{version}")(value)
        except (KeyError, TypeError, AttributeError) as error:
            raise GonerdError(f"{where}: not a whole result of version {version} (no {error}); {_REMEDY}") from error
    try:
        return _KINDS[value["kind"]].model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise GonerdError(f"{where}: {place}: {first['msg']}; {_REMEDY}") from error


def read_result(path: Path) -> Result:
    """Reads a result file of any version.

    Raises:
        GonerdError: It is missing, malformed, or does not follow the schema.
    """
    return parse(read_json(path, _REMEDY), str(path))
