"""`python -m gonerd`, the same as the `gonerd` command."""

from .cli import run

run()
