"""SQuAD's JSON: articles, paragraphs, questions; or one paragraph a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gonerd.errors import GonerdError

from ._examples import QuestionExample
from ._files import field, read_json
from ._questions import MISPLACED, QuestionTask
from ._tally import Tally


@dataclass(frozen=True, kw_only=True)
class SquadTask(QuestionTask):
    """Answers are spans of one paragraph."""

    group: str = "short"
    splits: tuple[str, ...] = ("train", "validation")

    def examples(self, path: Path, tally: Tally, **options: str) -> Iterator[QuestionExample]:
        """Reads a file of the original distribution, or a JSONL file with a paragraph (`context`, `qas`) a line."""
        for title, paragraph, where in _paragraphs(read_json(path, "SQuAD's object with 'data'"), str(path)):
            context = field(paragraph, "context", str, where)
            for number, question in enumerate(field(paragraph, "qas", list, where)):
                here = f"{where}, question {number}"
                answers = field(question, "answers", list, here) if "answers" in question else []
                yield _example(
                    tally,
                    id=field(question, "id", str, here),
                    document=title,
                    question=field(question, "question", str, here),
                    context=context,
                    answers=tuple(field(answer, "text", str, here) for answer in answers),
                    starts=tuple(field(answer, "answer_start", int, here) for answer in answers),
                )

    def rows(self, rows: Iterable[Mapping[str, Any]], tally: Tally, **options: str) -> Iterator[QuestionExample]:
        """Reads the rows of the hub's dataset."""
        for row in rows:
            yield _example(
                tally,
                id=row["id"],
                document=row["title"],
                question=row["question"],
                context=row["context"],
                answers=tuple(row["answers"]["text"]),
                starts=tuple(row["answers"]["answer_start"]),
            )


def _paragraphs(value: Any, path: str) -> Iterator[tuple[str, Any, str]]:
    if isinstance(value, dict) and "data" in value:
        for number, article in enumerate(field(value, "data", list, path)):
            where = f"{path}, article {number}"
            title = article.get("title", str(number)) if isinstance(article, dict) else str(number)
            for i, paragraph in enumerate(field(article, "paragraphs", list, where)):
                yield title, paragraph, f"{where}, paragraph {i}"
        return
    if not isinstance(value, list):
        raise GonerdError(f"{path}: holds neither 'data' nor paragraphs, so it is not a file in SQuAD's format")
    for number, paragraph in enumerate(value, start=1):
        where = f"{path} line {number}"
        field(paragraph, "context", str, where)
        yield str(paragraph.get("title", number)), paragraph, where


def _example(tally: Tally, **facts: Any) -> QuestionExample:
    """Builds an example; an offset at which its answer does not stand becomes -1."""
    tally.read += 1
    context, starts = facts["context"], []
    for answer, start in zip(facts["answers"], facts["starts"], strict=True):
        right = context[start : start + len(answer)] == answer
        tally.notes.update([] if right else [MISPLACED])
        starts.append(start if right else -1)
    return QuestionExample(**{**facts, "starts": tuple(starts)})
