"""WARC files wherever they lie: opened at any byte, read forwards, continued where a connection broke."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

from gonerd import __version__
from gonerd.errors import GonerdError, needs_extra

_BLOCK = 1 << 20
_READ_AHEAD = 8 << 20
ATTEMPTS, PAUSE = 8, 0.5  # seconds before the first repetition; doubled before each further one
_FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotImplementedError)
_PASSING_STATUS = (408, 429)


def is_remote(name: str) -> bool:
    """Whether a file is named by an address, for instance `https://…` or `s3://…`, rather than by a path."""
    return "://" in name


def open_at(name: str, start: int = 0) -> io.BufferedReader:
    """Opens a local or remote file for reading forwards.

    Args:
        name: Path or address; any protocol that fsspec knows.
        start: Offset of the first byte.

    Raises:
        GonerdError: It cannot be opened.
    """
    if is_remote(name):
        return io.BufferedReader(_Resuming(name, start), _BLOCK)
    handle = Path(name).open("rb")  # noqa: SIM115 - the caller closes it
    handle.seek(start)
    return handle


def size_of(name: str) -> int | None:
    """Returns the number of bytes of a file, None where a server does not say.

    Raises:
        GonerdError: It cannot be reached.
    """
    if not is_remote(name):
        return Path(name).stat().st_size
    with _Resuming(name, 0) as raw:
        raw.read(1)
        return raw.size if raw.ranges else None


class _Resuming(io.RawIOBase):
    """A remote file that is opened again at the byte where reading failed."""

    def __init__(self, name: str, start: int) -> None:
        self._name, self._at = name, start
        self._file: Any = None
        self.size: int | None = None
        self.ranges = self._streamed = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        why: Exception | None = None
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(PAUSE * 2 ** (attempt - 1))
            try:
                return self._read(buffer)
            except _FINAL as error:
                if not _may_pass(error):
                    raise GonerdError(f"{self._name}: cannot be read ({error}); check the address") from error
                why = error.__cause__ if isinstance(error.__cause__, Exception) else error
                self._drop()
            except ValueError:  # how fsspec says that a server sends no ranges
                if self._streamed:
                    raise
                self._streamed = True
                self._drop()
            except _passing() as error:
                why = error
                self._drop()
        raise GonerdError(
            f"{self._name}: cannot be read beyond byte {self._at} ({type(why).__name__}: {why}) after {ATTEMPTS} "
            "attempts; run the same command again to continue"
        ) from why

    def _read(self, buffer: Any) -> int:
        if self._file is None:
            self._open()
        block = self._file.read(len(buffer))
        if not block and self.size is not None and self._at < self.size:
            raise EOFError(f"it ended at byte {self._at} of {self.size}")
        buffer[: len(block)] = block
        self._at += len(block)
        return len(block)

    def _open(self) -> None:
        with needs_extra("scale"):
            from fsspec.core import url_to_fs
        options = {"headers": {"User-Agent": f"gonerd/{__version__}"}} if self._name.startswith("http") else {}
        try:
            files, path = url_to_fs(self._name, **({"client_kwargs": options} if options else {}))
        except (ImportError, ValueError) as error:
            raise GonerdError(f"{self._name}: cannot be opened ({error}); run: pip install 'gonerd[scale]'") from error
        block = {"block_size": 0} if self._streamed else {"block_size": _READ_AHEAD, "cache_type": "readahead"}
        self._file = files.open(path, "rb", **block)
        self.size = getattr(self._file, "size", None)
        self.ranges = self.size is not None and not self._streamed and self._file.seekable()
        if self.ranges:
            self._file.seek(self._at)
            return
        skipped = 0  # a server without ranges sends everything from the beginning
        while skipped < self._at:
            block = self._file.read(min(_BLOCK, self._at - skipped))
            if not block:
                raise EOFError(f"it ended at byte {skipped}")
            skipped += len(block)

    def _drop(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None

    def close(self) -> None:
        self._drop()
        super().close()


def _passing() -> tuple[type[Exception], ...]:
    """Returns the errors after which reading is tried again."""
    try:
        from aiohttp import ClientError
    except ModuleNotFoundError:
        return (OSError, EOFError)
    return (OSError, EOFError, ClientError)


def _may_pass(error: BaseException | None) -> bool:
    """Whether a failure is one of the connection or of a busy server; fsspec calls all of them "not found"."""
    while error is not None:
        if type(error).__module__.startswith("aiohttp"):
            status = getattr(error, "status", None)
            return status is None or status >= 500 or status in _PASSING_STATUS
        error = error.__cause__ or error.__context__
    return False
