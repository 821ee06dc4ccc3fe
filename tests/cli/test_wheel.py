"""The wheel holds everything that runs without this folder, and nothing else."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, opened."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=TOP, check=True, capture_output=True,
    )  # fmt: skip
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        yield archive


def test_the_wheel_has_what_is_not_python(wheel):
    """Every file beside the modules, the templates, the hooks, the example and the site's shape."""
    names = set(wheel.namelist())
    beside = {
        path.relative_to(TOP).as_posix()
        for path in (TOP / "prdgen").rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".md"}
    }
    assert beside - names == set()
    for folder in ("prd-templates", "hooks", "site"):
        wanted = [p for p in (TOP / folder).rglob("*") if p.is_file()]
        data = {f"prdgen/data/{p.relative_to(TOP).as_posix()}" for p in wanted}
        assert data - names == set()
    assert "prdgen/data/mkdocs.yml" in names


@pytest.mark.skipif(
    not (TOP / "prdgen/server/static/editor/manifest.json").is_file(),
    reason="the editor is not built",
)
def test_the_wheel_has_the_built_editor(wheel):
    """So that nobody needs Node."""
    names = wheel.namelist()
    assert any(re.search(r"static/editor/assets/main-.*\.js$", name) for name in names)
    assert any(name.endswith(".wasm") for name in names)


def test_the_wheel_has_nothing_else(wheel):
    """No tests, no Node packages, no caches, and not a path of the machine it was made on."""
    for name in wheel.namelist():
        assert name.startswith(("prdgen/", "prdgen-")), name
        assert not re.search(r"node_modules|__pycache__|/tests/", name), name
        assert str(TOP).encode() not in wheel.read(name), name
