"""How good the extraction is, against what people took for the text, and what it costs beside bare trafilatura.

Usage: python benchmarks/extract.py [--data ../shared/data] [--rounds 7] [--no-speed] [--out FILE]

News: for each publisher of the fundus test data the pages and the expected body, which is flattened to its summary,
then the headline and the paragraphs of each section, a line each. Pages count whose expected body is English, told from
that body by py3langid, since the folders are countries and some publishers of English-speaking ones write in Zulu,
Xhosa, Swahili or Hindi. Body F1 is over bags of 4-grams of lower-case words, averaged over pages; a page that is
rejected has F1 0. The same is computed for `trafilatura.extract(html)`, and for the two halves of the publishers
apart (every other one by name): rules that only fitted the pages they were made on would gain in one half alone.

Legal: 200 opinions as CourtListener serves them, about half of them a reporter's edition whose reference is the court's
own, with other page marks and without parallel citations. Text F1 is over bags of words, and over 4-grams beside it;
`&amp;` and its like in the references are read as the characters they stand for. Kept are: words of the page, and the
marks of footnotes, both those in the text and those before the notes.

Speed: all pages, decoded, by `trafilatura.extract(html)` and, from bytes to document, by `to_document`, in turn within
each round; the figure is the median of the rounds' ratios, 1.0 where both take equally long.

The exit status is 1 where a figure is below its floor in floors/extract.json.
"""

from __future__ import annotations

import argparse
import gzip
import html
import json
import logging
import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, median
from typing import Any

import lxml.html
import trafilatura

from gonerd.crawl.extraction.language import detect_language
from gonerd.crawl.extraction.page import Page, Unfit, to_document
from gonerd.evaluation.environment import git_state
from gonerd.markdown import table
from gonerd.records import Document

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "shared" / "data"
FLOORS, RESULTS = HERE / "floors" / "extract.json", HERE / "results" / "extract.json"
PACKAGES = ("trafilatura", "htmldate", "lxml", "py3langid", "pypdfium2")
_WORD = re.compile(r"\w+")
_MARK = re.compile(r"\[(\d{1,3}|[*†])\]")
_QUOTES = str.maketrans("‘’“”", "''\"\"")
Score = tuple[float, float, float]


@dataclass(frozen=True)
class Sample:
    """A page with what is expected of it.

    Attributes:
        group: Publisher, or "court".
        page: The page.
        markup: The same, decoded.
        text: The expected text.
        title: The expected title.
        day: The expected day of publication, empty for none.
        authors: The expected authors.
    """

    group: str
    page: Page
    markup: str
    text: str
    title: str = ""
    day: str = ""
    authors: tuple[str, ...] = ()


@dataclass
class Report:
    """Figures of a run.

    Attributes:
        figures: Those that have floors, by name.
        beside: Others, by name.
        groups: Body F1 of ours and of bare trafilatura by publisher.
        rejected: Pages that became no document, by reason.
    """

    figures: dict[str, float] = field(default_factory=dict)
    beside: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, dict[str, float]] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)


def _page(url: str, body: bytes, fetched: datetime, domain: str) -> Page:
    return Page(url, 200, "text/html; charset=utf-8", body, fetched, domain, None, "benchmark", url)


def flattened(body: Mapping[str, Any]) -> str:
    """Returns the lines of an expected body: the summary, then headline and paragraphs of each section."""
    lines = [*body["summary"]]
    for section in body["sections"]:
        lines += [*section["headline"], *section["paragraphs"]]
    return "\n".join(lines)


def news(data: Path) -> Iterator[Sample]:
    """Yields the news pages whose expected body is English; the versions of a body follow the pages in time."""
    for folder in sorted((data / "news_pages").iterdir()):
        meta = json.loads((folder / "meta.info").read_text(encoding="utf-8"))
        for expected in sorted(folder.glob("*.json")):
            versions = json.loads(expected.read_text(encoding="utf-8")).values()
            pages = sorted(folder.glob(f"{expected.stem}_*.html.gz"))
            for path, wanted in zip(pages, versions, strict=True):
                text = flattened(wanted["body"])
                if detect_language(text) != "en":
                    continue
                body = gzip.decompress(path.read_bytes())
                about = meta[path.name]
                fetched = datetime.fromisoformat(about["crawl_date"]).replace(tzinfo=UTC)
                day = str(wanted.get("publishing_date") or "")[:10]
                authors = tuple(wanted.get("authors") or ())
                page = _page(about["url"], body, fetched, "news")
                yield Sample(expected.stem, page, body.decode(), text, wanted["title"], day, authors)


def legal(data: Path) -> Iterator[Sample]:
    """Yields the opinions."""
    fetched = datetime(2025, 1, 1, tzinfo=UTC)
    with gzip.open(data / "legal_pages" / "opinions.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            page = _page(row["url"], row["html"].encode(), fetched, "legal")
            yield Sample("court", page, row["html"], html.unescape(row["text"]))


def grams(text: str, n: int) -> Counter[tuple[str, ...]]:
    """Counts the n-grams of the lower-case words of a text."""
    words = _WORD.findall(text.lower())
    return Counter(zip(*(words[i:] for i in range(n)), strict=False))


def score(found: str, expected: str, n: int) -> Score:
    """Returns (precision, recall, F1) over bags of n-grams."""
    have, want = grams(found, n), grams(expected, n)
    both = (have & want).total()
    if not both:
        return (0.0, 0.0, 0.0)
    precision, recall = both / have.total(), both / want.total()
    return (precision, recall, 2 * precision * recall / (precision + recall))


def mean(scores: Sequence[Score]) -> dict[str, float]:
    """Averages over pages."""
    return {name: round(fmean(s[i] for s in scores), 4) for i, name in enumerate(("precision", "recall", "F1"))}


def documents(samples: Sequence[Sample], rejected: Counter[str]) -> list[Document | None]:
    """Extracts every page; None for one that is rejected."""
    found: list[Document | None] = []
    for sample in samples:
        try:
            found.append(to_document(sample.page))
        except Unfit as unfit:
            rejected[unfit.reason] += 1
            found.append(None)
    return found


def measure_news(samples: Sequence[Sample], report: Report, rejected: Counter[str]) -> None:
    """Scores the news pages."""
    found = documents(samples, rejected)
    ours = [score(one.text if one else "", sample.text, 4) for one, sample in zip(found, samples, strict=True)]
    bare = [score(trafilatura.extract(sample.markup) or "", sample.text, 4) for sample in samples]
    report.figures["news body F1"] = mean(ours)["F1"]
    report.figures["news titles"] = _share(
        _plain(one.title or "") == _plain(sample.title) for one, sample in zip(found, samples, strict=True) if one
    )
    report.figures["news days"] = _share(
        one.published == date.fromisoformat(sample.day)
        for one, sample in zip(found, samples, strict=True)
        if one and sample.day
    )
    report.beside["news authors"] = _share(
        sorted(map(_plain, (one.author or "").split("; "))) == sorted(map(_plain, sample.authors))
        for one, sample in zip(found, samples, strict=True)
        if one and sample.authors
    )
    report.beside["news pages"] = len(samples)
    report.beside["news body"] = {"ours": mean(ours), "trafilatura.extract": mean(bare)}
    by_group: dict[str, list[int]] = defaultdict(list)
    for i, sample in enumerate(samples):
        by_group[sample.group].append(i)
    for half in (0, 1):
        members = [i for name in sorted(by_group)[half::2] for i in by_group[name]]
        report.beside[f"news body F1, half {half + 1} of the publishers"] = {
            "ours": mean([ours[i] for i in members])["F1"],
            "trafilatura.extract": mean([bare[i] for i in members])["F1"],
        }
    report.groups = {
        name: {
            "ours": mean([ours[i] for i in by_group[name]])["F1"],
            "bare": mean([bare[i] for i in by_group[name]])["F1"],
        }
        for name in sorted(by_group)
    }


def measure_legal(samples: Sequence[Sample], report: Report, rejected: Counter[str]) -> None:
    """Scores the opinions."""
    found = [one.text if one else "" for one in documents(samples, rejected)]
    bare = [trafilatura.extract(sample.markup) or "" for sample in samples]
    report.beside["legal pages"] = len(samples)
    for name, n in (("legal text F1", 1), ("legal 4-gram F1", 4)):
        ours = mean([score(text, sample.text, n) for text, sample in zip(found, samples, strict=True)])
        report.figures[name] = ours["F1"]
        beside = mean([score(text, sample.text, n) for text, sample in zip(bare, samples, strict=True)])
        report.beside[name.removesuffix(" F1")] = {"ours": ours, "trafilatura.extract": beside}
    whole = [lxml.html.fromstring(sample.markup).text_content() for sample in samples]
    report.figures["legal words kept"] = round(
        fmean(score(text, page, 1)[1] for text, page in zip(found, whole, strict=True)), 4
    )
    marks = [
        (Counter(_MARK.findall(page)), Counter(_MARK.findall(text))) for page, text in zip(whole, found, strict=True)
    ]
    there = sum(page.total() for page, _ in marks)
    report.figures["legal footnotes kept"] = round(sum((page & text).total() for page, text in marks) / there, 4)
    report.beside["legal footnote marks"] = there


def measure_speed(samples: Sequence[Sample], rounds: int, report: Report) -> None:
    """Times bare trafilatura and the extraction in turn."""
    ways: dict[str, Callable[[Sample], object]] = {
        "trafilatura.extract": lambda sample: trafilatura.extract(sample.markup),
        "to_document": lambda sample: documents([sample], Counter()),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items() if number % 2 else reversed(ways.items()):
            started = time.perf_counter()
            for sample in samples:
                way(sample)
            if number:  # the first round warms up
                seconds[name].append(time.perf_counter() - started)
    bare, ours = seconds["trafilatura.extract"], seconds["to_document"]
    report.figures["speed"] = round(median(b / o for b, o in zip(bare, ours, strict=True)), 3)
    report.beside["seconds a round, median"] = {name: round(median(times), 3) for name, times in seconds.items()}
    report.beside["rounds"] = rounds


def _share(right: Iterator[bool] | Any) -> float:
    values = list(right)
    return round(sum(values) / len(values), 4)


def _plain(text: str) -> str:
    return " ".join(html.unescape(text).translate(_QUOTES).split()).casefold()


def run(data: Path, rounds: int) -> Report:
    """Measures everything; no speed where `rounds` is 0."""
    for name in ("trafilatura", "htmldate"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    report, rejected = Report(), Counter[str]()
    articles, opinions = list(news(data)), list(legal(data))
    measure_news(articles, report, rejected)
    measure_legal(opinions, report, rejected)
    if rounds:
        measure_speed([*articles, *opinions], rounds, report)
    report.rejected = dict(rejected)
    return report


def below(figures: Mapping[str, float], floors: Mapping[str, float]) -> list[str]:
    """Lists the measured figures that are below their floors."""
    return [
        f"{name}: {figures[name]} is below its floor, {floor}"
        for name, floor in floors.items()
        if name in figures and figures[name] < floor
    ]


def main() -> int:
    """Measures, prints, writes the result; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with news_pages/ and legal_pages/")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of the timing")
    parser.add_argument("--no-speed", action="store_true", help="leave the timing out")
    parser.add_argument("--out", type=Path, default=None, help="JSON file for the figures")
    arguments = parser.parse_args()
    if not (arguments.data / "news_pages").is_dir():
        print(f"{arguments.data}: holds no news_pages/; name the folder with --data", file=sys.stderr)
        return 2
    floors = json.loads(FLOORS.read_text())
    report = run(arguments.data, 0 if arguments.no_speed else arguments.rounds)
    print(table([{"figure": name, "measured": v, "floor": floors.get(name, "")} for name, v in report.figures.items()]))
    print(json.dumps(report.beside, indent=2))
    if report.rejected:
        print(f"rejected: {report.rejected}")
    if arguments.out:
        facts = {"git": git_state(), "versions": {name: version(name) for name in PACKAGES}}
        arguments.out.write_text(json.dumps({**facts, **vars(report)}, indent=2) + "\n", encoding="utf-8")
    failed = below(report.figures, floors)
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
