"""`gonerd evaluate`: scores, efficiency and the report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gonerd.options import command_group

app = command_group("Score fine-tuned models, measure time and memory, write the report.")

Models = Annotated[list[str], typer.Argument(help="Folders or hub ids.")]
Out = Annotated[Path, typer.Option(help="Folder of the results.")]

# The commands register themselves on the group, which must be there before.
from . import efficiency_cli, replicate_cli, report_cli, results_cli, run_cli, tasks_cli  # noqa: E402, F401
