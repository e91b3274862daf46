"""The labelling configuration of a project (labelstud.io/tags/labels), from the label scheme."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

from gonerd.formats.label_studio import FROM_NAME, TO_NAME
from gonerd.labels import CORE

# The colours of the preview page, so that a label looks the same in both.
COLOURS = {"PER": "#aa9cfc", "ORG": "#7aecec", "LOC": "#feca74", "MISC": "#c887fb"}


def label_config(labels: Sequence[str] = CORE) -> str:
    """Returns the XML of a project: a title, the labels with keys 1, 2, …, and the text.

    Args:
        labels: The labels that annotators may give.
    """
    rows = "".join(
        f'    <Label value={quoteattr(label)} background={quoteattr(COLOURS.get(label, "#dddddd"))} hotkey="{i}"/>\n'
        for i, label in enumerate(labels, start=1)
    )
    return (
        '<View>\n  <Header value="$title"/>\n'
        f'  <Labels name="{FROM_NAME}" toName="{TO_NAME}">\n{rows}  </Labels>\n'
        f'  <Text name="{TO_NAME}" value="$text" saveTextResult="yes"/>\n</View>\n'
    )
