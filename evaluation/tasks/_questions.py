"""What the question-answering tasks share: their kind, their gold, and predictions as one JSON object."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gonerd.errors import GonerdError

from . import Task
from ._examples import QuestionExample
from ._files import read_json

if TYPE_CHECKING:
    from gonerd.models.finetuning import Answer

MISPLACED = "answer not at its offset"  # kept: scores need the answer alone, training needs the offset


@dataclass(frozen=True, kw_only=True)
class QuestionTask(Task):
    """Answering questions from a context."""

    kind: str = "question-answering"

    def gold(self, example: QuestionExample) -> Any:
        """Returns the accepted answers."""
        return example.answers

    def guess(self, example: QuestionExample, found: Answer) -> Any:
        """Returns the text of the answer."""
        return found.text

    def absent(self, gold: Any) -> Any:
        """Returns a missing answer."""
        return None

    def predictions(self, path: Path, **options: str) -> dict[str, Any]:
        """Reads `{"id": "answer", …}`."""
        return dict(answers_of(read_json(path, 'an object {"id": "answer"}'), str(path)))


def answers_of(value: Any, where: str) -> dict[str, str]:
    """Returns a JSON object of answers by id.

    Raises:
        GonerdError: It is something else.
    """
    if not isinstance(value, dict):
        raise GonerdError(
            f'{where}: expected an object {{"id": "answer"}}, found {type(value).__name__}; mend the file'
        )
    for name, answer in value.items():
        if not isinstance(answer, str):
            raise GonerdError(
                f"{where}: the answer to {name!r} is {type(answer).__name__}, expected text; mend the file"
            )
    return value
