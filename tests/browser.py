"""Chromium, where it is installed: what a page shows after it was loaded, and what it complained of."""

import re
import shutil
import subprocess
from dataclasses import dataclass

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
# Text that would act on a page which takes it for markup.
HOSTILE = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</section></main></style><svg onload=document.title='owned'>",
    '" onmouseover="document.title=\'owned\'" x="',
    "{{ 7 * 7 }}{% raw %}<iframe srcdoc='<script>parent.document.title=1</script>'>",
]


@dataclass
class Loaded:
    """A page that was loaded: its document as HTML, its title, and what the console said."""

    dom: str
    title: str
    console: list[str]


def load(page, profile):
    """Loads a file in headless Chromium.

    Args:
        page: The HTML file.
        profile: Folder for the browser's own files.
    """
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
    command += ["--enable-logging=stderr", "--virtual-time-budget=3000", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return Loaded(done.stdout, re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)[1], console)
