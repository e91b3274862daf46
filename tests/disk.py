"""A disk without room, for a while."""

import contextlib
import resource


@contextlib.contextmanager
def room_for_files_of(size):
    """Writing stops at a size in bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
