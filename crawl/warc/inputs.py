"""Which WARC files are meant: folders, files, addresses, and lists of paths such as Common Crawl's `warc.paths.gz`."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

from gonerd.errors import GonerdError
from gonerd.files import existing

from .heal import OPEN
from .remote import is_remote, open_at

# Where the paths of Common Crawl's lists begin; https needs no account, `s3://commoncrawl/` needs one.
COMMON_CRAWL = "https://data.commoncrawl.org/"
_WARCS = (".warc.gz", ".warc")
_LISTS = (".paths", ".paths.gz", ".txt", ".txt.gz")


def warc_names(sources: Sequence[str], base: str = COMMON_CRAWL) -> list[str]:
    """Lists the WARC files that a command names, each once, in the order in which they are named.

    Args:
        sources: Folders, whose files are taken by name; WARC files, local or by address; and lists of paths,
            one a line, whose names end in `.paths`, `.txt` or these with `.gz`.
        base: What the relative paths in a list are appended to.

    Returns:
        Paths and addresses.

    Raises:
        GonerdError: Nothing is there, or a crawl is not finished.
    """
    return list(dict.fromkeys(name for source in sources for name in _expand(source, base)))


def _expand(source: str, base: str) -> Iterator[str]:
    if source.endswith(_LISTS):
        yield from _listed(source, base)
    elif is_remote(source):
        yield source
    else:
        yield from map(str, warc_files(Path(source)))


def _listed(source: str, base: str) -> Iterator[str]:
    if not is_remote(source):
        existing(Path(source), "list of WARC files", "check the path")
    with open_at(source) as handle:
        content = handle.read()
    try:
        lines = (gzip.decompress(content) if source.endswith(".gz") else content).decode("utf-8").splitlines()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise GonerdError(f"{source}: not a list of paths ({error}); give one path a line, gzipped or not") from error
    found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not found:
        raise GonerdError(f"{source}: lists no WARC file; give one path a line")
    for name in found:
        yield name if is_remote(name) or Path(name).is_absolute() else base.rstrip("/") + "/" + name


def warc_files(source: Path) -> list[Path]:
    """Lists the WARC files of a folder by name, or the one file.

    Raises:
        GonerdError: There is none, or a crawl is not finished.
    """
    existing(source, "folder of WARC files (or WARC file)", "run `gonerd crawl run` first, or check the path")
    inside = sorted(source.iterdir()) if source.is_dir() else [source]
    for path in inside:
        if path.name.endswith(OPEN):
            raise GonerdError(f"{path}: this crawl was not finished; run the same crawl command again")
    found = [path for path in inside if path.name.endswith(_WARCS)] if source.is_dir() else inside
    if not found:
        raise GonerdError(f"{source}: the folder holds no *.warc.gz; run `gonerd crawl run --out {source}` first")
    return found
