"""Rules over invented legal and news text: what each adds, changes and removes, and that it can be switched off."""

import re
from pathlib import Path

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st

from gonerd import Annotation, Document, UsageError
from gonerd.annotation.annotator import Annotator
from gonerd.annotation.boundaries import boundaries, settle
from gonerd.annotation.draft import Draft, Edit, Mention
from gonerd.annotation.rules import RULES, apply_rules, chosen


def marked(text, *names):
    """Builds a draft of a text from (surface, label) pairs, as a pipeline might have found them."""
    mentions, after = [], 0
    for surface, label in names:
        start = text.index(surface, after)
        after = start + len(surface)
        mentions.append(Mention(start, after, label, "pipeline"))
    return Draft(text, mentions)


def surfaces(draft):
    return [(draft.text[m.start : m.end], m.label) for m in draft.mentions]


def run(rule, text, *names):
    draft = marked(text, *names)
    draft.apply(rule, RULES.get(rule).find(draft))
    return surfaces(draft)


@pytest.mark.parametrize(
    ("rule", "text", "before", "after"),
    [
        (
            "citations",
            "See Harrowgate v. Pelletier Stone Co., 388 F.3d 1011, 1016 (2d Cir. 2017).",
            [("Pelletier Stone Co.", "ORG")],
            [("Harrowgate v. Pelletier Stone Co.", "MISC")],
        ),
        (
            "citations",
            "The rule of In re Tallow Bros., 12 B.R. 9, holds.",
            [("B.R. 9", "ORG")],
            [("In re Tallow Bros.", "MISC")],
        ),
        (
            "courts",
            "The United States District Court for the District of Vermont sat; the District Court adjourned.",
            [("Vermont", "LOC")],
            [("United States District Court for the District of Vermont", "ORG")],
        ),
        ("courts", "The Second Circuit affirmed.", [], [("Second Circuit", "ORG")]),
        (
            "captions",
            "QUILLFEATHER HYDRO PARTNERS, L.P.,\nPlaintiff,\nv.\nANA RUIZ,\nDefendant.",
            [],
            [("QUILLFEATHER HYDRO PARTNERS, L.P.", "ORG"), ("ANA RUIZ", "PER")],
        ),
        (
            "defined_terms",
            'Acme Holdings, Inc. ("Acme" or the "Company") sued.',
            [("Acme Holdings, Inc.", "ORG"), ("Acme", "PER"), ("Company", "ORG")],
            [("Acme Holdings, Inc.", "ORG"), ("Acme", "ORG")],
        ),
        (
            "aliases",
            "Tern Global Value Fund ( Global Value ) and Tern Value 2 Fund (Fund), Ana Ruiz (Global Value), met.",
            [("Tern Global Value Fund", "ORG"), ("Tern Value 2 Fund", "ORG"), ("Ana Ruiz", "PER")],
            [
                ("Tern Global Value Fund", "ORG"),
                ("Global Value", "ORG"),
                ("Tern Value 2 Fund", "ORG"),
                ("Ana Ruiz", "PER"),
            ],
        ),
        (
            "aliases",
            "Tern Global Value Fund (Value Global) met; Tern Global Value Fund, it seems (Global Value), did.",
            [("Tern Global Value Fund", "ORG")],
            [("Tern Global Value Fund", "ORG")],
        ),
        (
            "acronyms",
            "The Barrow Estuary Harbour Board (BEHB) met.",
            [("Barrow Estuary", "LOC")],
            [("Barrow Estuary Harbour Board", "ORG"), ("BEHB", "ORG")],
        ),
        ("bylines", "By Ana Ruiz\nWATERFORD, Vermont (Kestrel) — It rained.", [], None),
        (
            "signatures",
            "By: /s/ Hiram Tuttlebee\nName: Ewa Nowak",
            [],
            [("Hiram Tuttlebee", "PER"), ("Ewa Nowak", "PER")],
        ),
        (
            "addresses",
            "at 1400 Harbor Street, Suite 300, Knoxville, TN 37902",
            [],
            [("1400 Harbor Street", "LOC"), ("Knoxville", "LOC"), ("TN", "LOC")],
        ),
        (
            "statutes",
            "under the Securities Exchange Act of 1934, Section 10(b), and the Fourteenth Amendment",
            [("the Securities Exchange Act", "ORG")],
            [("Securities Exchange Act of 1934", "MISC"), ("Fourteenth Amendment", "MISC")],
        ),
        ("statutes", "The First Amendment to the Credit Agreement", [], [("First Amendment", "MISC")]),
        ("law_firms", "By Tuttlebee & Marsh, P.C., for", [("Marsh", "PER")], [("Tuttlebee & Marsh, P.C.", "ORG")]),
        ("agencies", "the Ministry of Finance said", [], [("Ministry of Finance", "ORG")]),
        (
            "organisations",
            "Strelna Optical Works, Inc. sold",
            [("Strelna", "LOC")],
            [("Strelna Optical Works, Inc.", "ORG")],
        ),
        ("organisations", "a Vermont Corporation was", [("Vermont", "LOC")], [("Vermont", "LOC")]),
        ("standards", "its Form 10-K and Schedule 13D", [], [("Form 10-K", "MISC"), ("Schedule 13D", "MISC")]),
        ("persons", "Mr. Tuttlebee met Ms Nowak", [], [("Tuttlebee", "PER"), ("Nowak", "PER")]),
        ("places", "Norway and the Latvian crew", [("Norway", "ORG")], [("Norway", "LOC"), ("Latvian", "MISC")]),
        ("heads", "at Tabor Falls Station", [("Tabor Falls Station", "ORG")], [("Tabor Falls Station", "ORG")]),
        ("heads", "the Kestrel Prize", [("Kestrel Prize", "ORG")], [("Kestrel Prize", "MISC")]),
        ("given_names", "Bianca Nowak left", [("Bianca Nowak", "ORG")], [("Bianca Nowak", "PER")]),
        (
            "roles",
            "The Audit Committee of Acme; the Company's Board",
            [("Audit Committee", "ORG"), ("Acme", "ORG"), ("Company", "ORG"), ("Board", "ORG")],
            [("Acme", "ORG")],
        ),
    ],
)
def test_rules(rule, text, before, after):
    if after is None:
        after = [("Ana Ruiz", "PER"), ("WATERFORD", "LOC"), ("Vermont", "LOC"), ("Kestrel", "ORG")]
    assert run(rule, text, *before) == after


def test_every_rule_is_tested_here():
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in RULES.names() if f'"{name}",' not in source and f'("{name}"' not in source] == []


@pytest.mark.parametrize(
    ("mention", "label", "kept"),
    [
        ("Chief Judge Rosalind Whitlock-Amari", "PER", "Rosalind Whitlock-Amari"),
        ("Ewa Nowak, Esq.", "PER", "Ewa Nowak"),
        ("Dr. Aurel Stan, Jr.", "PER", "Aurel Stan, Jr."),
        ("The Athlone Mariner", "ORG", "Athlone Mariner"),
        ("The Hague", "LOC", "The Hague"),
        ("Rights Group (RRG", "ORG", "Rights Group"),
        ("https://example.org/a Ana Ruiz", "PER", "Ana Ruiz"),
        ("Kato 's", "PER", "Kato"),
        ("President", "PER", ""),
        ("Acme\nThe report of the day", "ORG", "report of the day"),
    ],
)
def test_conventions(mention, label, kept):
    text = f"x {mention} y"
    start, end = settle(text, 2, 2 + len(mention), label)
    assert text[start:end] == kept


def test_an_abbreviation_keeps_its_stop():
    assert settle("of Acme, Inc. and", 3, 12, "ORG") == (3, 13)


def test_a_longer_name_with_evidence_stays_the_outermost():
    draft = marked("Dover Corporation Savings Plan", ("Dover Corporation Savings Plan", "MISC"))
    draft.apply("one", [Edit(0, 30, "MISC", "a plan")])
    draft.apply("two", [Edit(0, 17, "ORG", "a legal form")])
    assert surfaces(draft) == [("Dover Corporation Savings Plan", "MISC")]


def test_effects_and_provenance():
    draft = marked("Acme met the Board in Oslo.", ("Acme", "PER"), ("Board", "ORG"))
    draft.apply("r", [Edit(0, 4, "ORG", "why"), Edit(13, 18, None), Edit(22, 26, "LOC", "there")])
    assert dict(draft.effects) == {("r", "changed"): 1, ("r", "removed"): 1, ("r", "added"): 1}
    assert draft.mentions[0].span().provenance == "rule:r; why; instead of PER by pipeline"
    assert draft.mentions[1].span().provenance == "rule:r; there"


def test_rules_are_chosen_by_name():
    assert [rule.name for rule in chosen(["roles", "places"])] == ["places", "roles"]
    assert "courts" not in [rule.name for rule in chosen(without=["courts"])]
    with pytest.raises(UsageError, match="unknown rule 'court'; did you mean 'courts'"):
        chosen(["court"])


PIECES = """
    Acme Inc. , v. Ana Ruiz the ( ) " Court of Mr. Vermont 12 F.3d ACME Act 1934 By: /s/ Street é 😀 & - U.S. Form 10-K
    Bank ’s Plaintiff :
"""
WORDS = st.sampled_from([*PIECES.split(), "\n"])


@given(st.lists(WORDS, max_size=40), st.data())
def test_rules_leave_sound_annotations_whatever_the_text(words, data):
    document = Document("d", " ".join(words).replace("e\u0301", "é"))
    places = [m.span() for m in re.finditer(r"\S+", document.text)]
    spans = data.draw(st.lists(st.sampled_from(places), unique=True, max_size=8)) if places else []
    labels = data.draw(st.lists(st.sampled_from(["PER", "ORG", "LOC", "MISC"]), min_size=8, max_size=8))
    draft = Draft(document.text, [Mention(*s, label, "p") for s, label in zip(sorted(spans), labels, strict=False)])
    draft.apply("boundaries", boundaries(draft))
    apply_rules(draft, chosen())
    annotation = Annotation("d", "l", "1", document.sha256, tuple(m.span() for m in draft.mentions))
    annotation.check(document)


def test_steps_are_switched_off_by_name():
    text = "The Barrow Estuary Harbour Board (BEHB) met Mr. Tuttlebee. BEHB agreed."
    every = Annotator.load()
    draft = next(every.drafts([text]))
    assert {rule for rule, _ in draft.effects} >= {"acronyms", "persons"} or draft.mentions
    none = Annotator.load(rules=[])
    assert (none.rules, none.steps) == ([], ())
    some = Annotator.load(without=["courts", "consistency"])
    assert some.steps == ("boundaries",)
    assert "courts" not in some.settings["rules"]


def test_a_rule_is_a_spacy_component():
    from gonerd.annotation import components  # noqa: F401 - registers the factories

    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Acme"}, {"label": "DATE", "pattern": "Monday"}])
    nlp.add_pipe("gonerd_core")
    nlp.add_pipe("gonerd_organisations")
    doc = nlp("On Monday Acme Holdings, Inc. sued.")
    assert [(e.text, e.label_) for e in doc.ents] == [("Acme Holdings, Inc.", "ORG")]
    assert nlp.get_pipe("gonerd_organisations").effects["changed"] == 1
