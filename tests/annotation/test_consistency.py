"""A name once resolved is resolved everywhere: short forms, capitals, missed mentions, votes left visible."""

from gonerd.annotation.consistency import consistent
from gonerd.annotation.draft import Draft, Mention


def resolve(text, *names):
    mentions, after = [], 0
    for surface, label, *rest in names:
        start = text.index(surface, after)
        after = start + len(surface)
        mentions.append(Mention(start, after, label, rest[0] if rest else "pipeline"))
    draft = Draft(text, mentions)
    draft.apply("consistency", consistent(draft))
    return draft


def surfaces(draft):
    return [(draft.text[m.start : m.end], m.label) for m in draft.mentions]


def test_a_surname_is_the_person():
    draft = resolve(
        "Rosalind Whitlock met Acme. An hour later Whitlock left, and Whitlock said so.", ("Rosalind Whitlock", "PER")
    )
    assert surfaces(draft) == [("Rosalind Whitlock", "PER"), ("Whitlock", "PER"), ("Whitlock", "PER")]
    assert "short for 'Rosalind Whitlock'" in draft.mentions[1].span().provenance


def test_an_organisation_without_its_legal_form_and_in_capitals():
    draft = resolve("Strelna Works, Inc. sold. Strelna Works grew. STRELNA WORKS won.", ("Strelna Works, Inc.", "ORG"))
    assert surfaces(draft)[1:] == [("Strelna Works", "ORG"), ("STRELNA WORKS", "ORG")]


def test_the_minority_is_outvoted_and_stays_visible():
    text = "Acme sued. Acme won. Acme left."
    draft = resolve(text, ("Acme", "ORG"), ("Acme", "ORG"), ("Acme", "PER"))
    assert surfaces(draft) == [("Acme", "ORG")] * 3
    provenance = draft.mentions[2].span().provenance
    assert "votes in the document: ORG 2, PER 1" in provenance
    assert "instead of PER by pipeline" in provenance


def test_what_a_rule_saw_is_not_outvoted():
    draft = resolve(
        "Bergen wrote. Bergen, a port. Bergen fell.",
        ("Bergen", "LOC"),
        ("Bergen", "PER", "rule:persons"),
        ("Bergen", "LOC"),
    )
    assert surfaces(draft)[1] == ("Bergen", "PER")


def test_parts_of_longer_names_and_common_words_are_left_alone():
    draft = resolve(
        "Ana Stone met Acme. Stone Bridge Road is long. She threw a stone. Stone was there.", ("Ana Stone", "PER")
    )
    assert surfaces(draft) == [("Ana Stone", "PER")]
