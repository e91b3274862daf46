"""A draft stays a row of mentions that do not overlap, whatever rules want of it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gonerd.annotation.draft import Draft, Edit, Mention


def test_a_mention_that_one_edit_left_alone_gives_way_to_the_next_whole() -> None:
    """A known name reaches over two edits: the weak one leaves it, the other one takes its place."""
    draft = Draft("x" * 30, [Mention(0, 20, "ORG", "pipeline")])
    draft.apply("rule", [Edit(2, 5, "PER", weak=True), Edit(10, 25, "LOC")])
    assert [(m.start, m.end, m.label) for m in draft.mentions] == [(10, 25, "LOC")]


STRETCH = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(
    st.lists(STRETCH, max_size=8),
    st.lists(st.tuples(STRETCH, st.sampled_from(["PER", "LOC", None]), st.booleans(), st.booleans()), max_size=8),
    st.booleans(),
)
def test_no_edits_make_mentions_overlap(stretches: list, wanted: list, evidence: bool) -> None:
    mentions: list[Mention] = []
    for start, end in sorted(stretches):
        if not mentions or mentions[-1].end <= start:
            mentions.append(Mention(start, end, "ORG", "pipeline", evidence="seen" if evidence else ""))
    draft = Draft("x" * 60, mentions)
    draft.apply("rule", [Edit(*stretch, label, "", weak, moves) for stretch, label, weak, moves in wanted])
    assert all(before.end <= after.start for before, after in pairwise(draft.mentions))
