"""Invented documents with spans, for tests of the dataset: distinct texts, sources and weeks."""

import random
from datetime import date, timedelta

from gonerd import Annotation, Document, Span
from gonerd.tables import write_table

EVIDENCE = "<link rel=license>: https://creativecommons.org/publicdomain/zero/1.0/"
NAMES = {"PER": ["Ingrid Solberg", "Ana Ruiz"], "ORG": ["Fjordlaks AS", "Ruiz & Co."], "LOC": ["Bergen", "Żory 😀"]}
SYLLABLES = ["ba", "ke", "li", "mo", "nu", "ra", "se", "ti", "vo", "wu", "ya", "zo"]


def invent(number, sentences=6, **fields):
    """Returns a document of `sentences` sentences and its spans."""
    draw = random.Random(number)
    text, spans = "", []
    for _ in range(sentences):
        label = draw.choice(sorted(NAMES))
        name = draw.choice(NAMES[label])
        filler = [" ".join("".join(draw.choices(SYLLABLES, k=3)) for _ in range(4)) for _ in range(2)]
        text += filler[0].capitalize() + " "
        spans.append(Span(len(text), len(text) + len(name), label))
        text += f"{name} {filler[1]}.{draw.choice([' ', chr(10)])}"
    day = date(2020, 1, 1) + timedelta(weeks=number)
    values = {
        "domain": ("news", "legal")[number % 2],
        "source": f"source-{number % 3}",
        "url": f"https://site.example/{number}",
        "title": f"Title {number}",
        "published": day,
        "license": "CC0-1.0",
        "license_evidence": EVIDENCE,
    } | fields
    return Document(f"d{number}", text.strip(), **values), tuple(spans)


def write_corpus(folder, documents, layer="gold", name="docs"):
    """Writes (document, spans) pairs as documents and a layer; returns both folders."""
    documents = list(documents)
    write_table(folder / name, [d for d, _ in documents], Document)
    annotations = [Annotation(d.id, layer, "1.0", d.sha256, s) for d, s in documents]
    write_table(folder / layer, annotations, Annotation)
    return folder / name, folder / layer
