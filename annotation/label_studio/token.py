"""Where the access token comes from: the environment or a file, never the command line, which others can read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gonerd.errors import UsageError

VARIABLE = "GONERD_LABEL_STUDIO_TOKEN"


def read_token(file: Path | None = None, environment: Mapping[str, str] | None = None) -> str:
    """Reads the access token.

    Args:
        file: File that holds the token and nothing else; it wins.
        environment: The environment; that of the process when None.

    Raises:
        UsageError: There is none, or it holds white space.
    """
    if file is not None:
        try:
            token, source = file.read_text(encoding="utf-8").strip(), str(file)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise UsageError(f"{file}: the token cannot be read ({reason}); check --token-file") from error
    else:
        token, source = (os.environ if environment is None else environment).get(VARIABLE, "").strip(), VARIABLE
    if not token:
        raise UsageError(
            f"{source}: no access token; copy it from Label Studio (Account & Settings) into the environment variable "
            f"{VARIABLE} or into a file named by --token-file"
        )
    if not token.isascii() or any(character.isspace() for character in token):
        raise UsageError(f"{source}: the access token holds white space or letters outside ASCII; copy it again")
    return token
