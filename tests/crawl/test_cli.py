from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gonerd.cli import main

MAP = "http://127.0.0.1:9/sitemap.xml"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "exactly one of --sitemap, --feed, --urls"),
        (["--sitemap", MAP, "--feed", MAP], "exactly one of"),
        (["--seed", "nonsense"], "KIND=ADDRESS"),
        (["--seed", "sitemaps=x"], "did you mean 'sitemap'"),
        (["--sitemap", MAP], "--allow-host 127.0.0.1"),
        (["--sitemap", "http://localhost/x"], "--allow-host localhost"),
        (["--sitemap", "http://[::1]:8/x"], "--allow-host ::1"),
        (["--sitemap", "http://169.254.169.254/x", "--contact", "a@b.org"], "--allow-host 169.254.169.254"),
        (["--sitemap", "https://example.org/s.xml"], "--contact MAIL"),
        (["--sitemap", "https://example.org/s.xml", "--contact", "nobody"], "not a mail address"),
        (["--sitemap", "https://example.org/s.xml", "--contact", "a@b.org\r\nX: y"], "not a mail address"),
        (["--sitemap", "sitemap.xml"], "http(s) address"),
        (["--sitemap", MAP, "--allow-host", "http://127.0.0.1"], "without scheme"),
        (["--sitemap", MAP, "--allow-host", "127.0.0.1", "--domain", "sports"], "unknown domain 'sports'"),
        (["--sitemap", MAP, "--allow-host", "127.0.0.1", "--source", "a\nb"], "one line"),
        (["--urls", "none.txt"], "none.txt"),
        (["--sitemap", MAP, "--delay", "nan"], "delay"),
        (["--sitemap", MAP, "--delay", "-1"], "delay"),
    ],
)
def test_wrong_use(words: list[str], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crawl", "run", "--out", str(tmp_path / "w"), *words]) == 2
    errors = capsys.readouterr().err
    assert why in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "w").exists()


def test_a_config_file_gives_defaults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "crawl.yaml"
    config.write_text(f"sitemap: {MAP}\nallow-host: ['http://bad']\n")
    assert main(["crawl", "run", "--out", str(tmp_path / "w"), "--config", str(config)]) == 2
    assert "--allow-host 'http://bad'" in capsys.readouterr().err


def test_help_needs_no_engine() -> None:
    script = (
        "import sys; from gonerd.cli import main; code = main(['crawl', 'run', '--help']); "
        "heavy = {'scrapy', 'trafilatura', 'warcio', 'twisted', 'feedparser', 'jinja2'} & set(sys.modules); "
        "sys.exit(code or (3 if heavy else 0))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, cwd="/").returncode == 0
