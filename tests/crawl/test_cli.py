from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gonerd.cli import main
from gonerd.crawl.fetch.settings import CrawlSettings
from gonerd.crawl.sources import SOURCES

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


def test_the_most_careful_source_sets_the_pace() -> None:
    slow = max(("voa", "sec_filings"), key=lambda name: SOURCES.get(name).delay)
    settings = CrawlSettings(sources=("voa", "sec_filings"), out=Path("w"))
    assert settings.usual_delay() == max(1.0, SOURCES.get(slow).delay)
    assert settings.overrides() == {}
    assert CrawlSettings(sources=("voa",), out=Path("w"), delay=0.1).overrides() == {"delay": 0.1}


@pytest.mark.parametrize(
    ("named", "why"),
    [
        ("timeout", "NAME=VALUE"),
        ("tiemout=3", "did you mean 'timeout'"),
        ("timeout=-3", "setting timeout"),
        ("out=elsewhere", "out has an option of its own; give --out"),
        ("seed=x", "seed has an option of its own; give --seed"),
        ("timeout=[", "cannot be read"),
        ("max_bytes=many", "setting max_bytes"),
    ],
)
def test_settings_by_name(named: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["crawl", "run", "--sitemap", MAP, "--allow-host", "127.0.0.1", "--out", str(tmp_path / "w")]
    assert main([*words, "--set", named]) == 2
    assert why in capsys.readouterr().err


def test_a_source_or_a_seed_but_not_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crawl", "run", "voa", "--sitemap", MAP, "--out", str(tmp_path / "w")]) == 2
    assert main(["crawl", "run", "vao", "--out", str(tmp_path / "w")]) == 2
    assert "did you mean 'voa'" in capsys.readouterr().err
    assert main(["crawl", "run", "voa", "--out", str(tmp_path / "w")]) == 2
    assert "--contact MAIL" in capsys.readouterr().err
