"""`python -m bench`, run as people run it, on very little."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import node, processes, repositories


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments], cwd=node.ROOT, capture_output=True, text=True
    )


def test_help_explains_every_benchmark():
    """The four names, `all`, and what each measures."""
    text = run("--help").stdout
    assert all(
        name in text for name in ("sync", "edit", "start", "build", "export", "editor", "all")
    )


def test_a_missing_corpus_is_said_with_its_cure(tmp_path):
    """One sentence names the folder and the option, without a traceback."""
    done = run("build", "--corpus", str(tmp_path))
    assert done.returncode != 0
    assert "--corpus" in done.stderr
    assert "Traceback" not in done.stderr


def test_own_processor_time_and_memory_are_seen():
    """This very process has used some of both."""
    own = processes.tree(os.getpid())
    assert os.getpid() in {process.pid for process in own}
    assert processes.seconds(own) > 0
    assert processes.megabytes(own) > 5


@pytest.fixture
def corpus(tmp_path) -> Path:
    """Three pages that stand for the real corpus."""
    folder = tmp_path / "corpus"
    (folder / "rfcs").mkdir(parents=True)
    for number, name in enumerate(("0001-first", "0002-second", "0009-last-words")):
        text = repositories.page_text(number, editors=1, characters=400)
        (folder / "rfcs" / f"{name}.md").write_text(text, "utf-8")
    return folder


@pytest.mark.slow
def test_build_on_three_pages(corpus):
    """Both builders run, and the last line is one JSON object with their ratio."""
    done = run("build", "--json", "--corpus", str(corpus))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["pages"] == 3
    assert found["word_rendered"] == 1
    assert found["cold_ratio"] > 0


@pytest.mark.slow
@pytest.mark.skipif(not (node.FOLDER / "node_modules").is_dir(), reason="bench/js is not installed")
def test_sync_with_two_editors_converges():
    """Two real editors on a real server agree with its files and its commits."""
    done = run("sync", "--json", "--no-peers", "--documents", "1", "--editors", "2",
               "--seconds", "1", "--warm-seconds", "0.2", "--characters", "400")  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["converged"] is True
    assert found["p50_ms"] > 0


@pytest.mark.slow
@pytest.mark.browser
def test_editor_measures_loads_keys_and_large_pages():
    """A real browser types into a real server; every figure is there, and bytes were counted."""
    done = run("editor", "--json", "--keys", "5", "--opens", "1")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["transfer_kb"] > found["again_kb"] > 1
    assert found["paint_p95_ms"] > 0
    assert found["large_open_ms"] > 0
    assert found["large_server_cpu_ms"] > 0


def test_export_on_three_pages(corpus):
    """Both files of each page, and the same bytes from another process."""
    found = json.loads(run("export", "--json", "--corpus", str(corpus)).stdout)
    assert found["reproducible"] is True
    assert found["pdf_p50_s"] > 0
    assert found["cached_ms"] < found["word_p50_s"] * 1000
