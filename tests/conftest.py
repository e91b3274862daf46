"""The suite needs no network, no GPU and leaves nothing behind in the user's caches."""

import atexit
import os
import shutil
import tempfile

_CACHE = tempfile.mkdtemp(prefix="gonerd-tests-")
atexit.register(shutil.rmtree, _CACHE, ignore_errors=True)
# Before datasets and transformers are imported: they read these once.
os.environ.update(
    HF_HOME=_CACHE, HF_HUB_OFFLINE="1", HF_DATASETS_DISABLE_PROGRESS_BARS="1", TOKENIZERS_PARALLELISM="false"
)
# Tiny models gain nothing from a second thread, and lose a lot by spinning on it when the machine is busy.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GONERD_CACHE", os.path.join(_CACHE, "gonerd"))

from hypothesis import settings  # noqa: E402  the cache is named first

from tests.slurm import slurm  # noqa: E402, F401  the same
from tests.tiny import make_tiny, save_model, tiny_bert, tiny_roberta  # noqa: E402, F401  fixtures for every folder

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile("gonerd", deadline=None)
settings.load_profile("gonerd")


def pytest_collection_modifyitems(items):
    # A test of a minute that begins last leaves the other workers without work, so the long ones come first.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
