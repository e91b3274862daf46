"""SQuAD 2.0: the same, with questions that their paragraph does not answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gonerd.errors import GonerdError, UsageError
from gonerd.evaluation.metrics.squad_v2 import Guess

from . import TASKS, Hub
from ._examples import QuestionExample
from ._files import read_json
from ._questions import answers_of
from ._squad import SquadTask

if TYPE_CHECKING:
    from gonerd.models.finetuning import Answer


@dataclass(frozen=True, kw_only=True)
class SquadV2(SquadTask):
    """Answering nothing is an answer: the empty string."""

    def guess(self, example: QuestionExample, found: Answer) -> Guess:
        """Returns the answer; the empty one stands for none."""
        return Guess(found.text)

    def absent(self, gold: tuple[str, ...]) -> Guess:
        """Returns a missing answer, which is not the empty one."""
        return Guess(None)

    def predictions(self, path: Path, **options: str) -> dict[str, Guess]:
        """Reads answers, and the scores of there being none from a second file."""
        answers = answers_of(read_json(path, 'an object {"id": "answer"}'), str(path))
        if "na_prob" not in options:
            return {name: Guess(text) for name, text in answers.items()}
        scores = read_json(Path(options["na_prob"]), 'an object {"id": score}')
        try:
            limit = float(options.get("na_prob_thresh", "1"))
        except ValueError as error:
            raise UsageError(f"na_prob_thresh {options['na_prob_thresh']!r}: give a number") from error
        if not isinstance(scores, dict):
            raise GonerdError(f'{options["na_prob"]}: expected an object {{"id": score}}; mend the file')
        found = {}
        for name, text in answers.items():
            score = scores.get(name)
            if not isinstance(score, int | float) or not math.isfinite(score):
                raise GonerdError(
                    f"{options['na_prob']}: no finite score for {name!r}, which {path} answers; mend the file"
                )
            found[name] = Guess(text, float(score), score > limit)
        return found


TASKS.register("squad_v2")(
    SquadV2(
        name="squad_v2",
        title="SQuAD 2.0",
        version="1",
        hub=Hub("rajpurkar/squad_v2", revision="3ffb306f725f7d2ce8394bc1873b24868140c412"),
        licence="CC BY-SA 4.0",
        source="Rajpurkar et al. 2018, SQuAD 2.0 (arXiv:1806.03822)",
        metrics=("squad_v2",),
        headline=("squad_v2",),
        files={"train": ("train-v2.0.json",), "validation": ("dev-v2.0.json",)},
        options={
            "na_prob": "JSON file with the score of there being no answer, by id (predictions)",
            "na_prob_thresh": "score above which an answer counts as none (predictions; default 1, as officially)",
        },
    )
)
