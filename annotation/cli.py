"""`gonerd annotate`: make annotation layers, have them reviewed, and write them out."""

from __future__ import annotations

from gonerd.options import command_group

from .agreement_cli import adjudicate, agree
from .exchange_cli import export, import_
from .run_cli import run
from .train_cli import train

app = command_group("Annotate documents with a spaCy pipeline, import, compare, adjudicate and export layers.")
app.command()(run)
app.command()(train)
app.command()(export)
app.command("import")(import_)
app.command()(agree)
app.command()(adjudicate)

# The commands of review register themselves on the same group.
from . import review_cli  # noqa: E402, F401
