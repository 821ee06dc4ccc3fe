"""A machine without Pango: one line names the command, and everything but PDF works."""

import ctypes.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BOOTSTRAP = Path(__file__).parents[2] / "bootstrap.py"
HIDE = """set -e
for found in $(ldconfig -p | sed -n 's/.*libpango.* => //p'); do
  mount --bind /dev/null "$(readlink -f "$found")"
done
ldconfig -X -C "$CACHE" 2>/dev/null || true
mount --bind "$CACHE" /etc/ld.so.cache
exec "$@"
"""
"""In a mount namespace of its own: the libraries are gone, and the loader's list knows none."""


@pytest.fixture
def without_pango(tmp_path):
    """Runs a command on this machine as if Pango had never been installed on it."""
    environment = os.environ | {
        "CACHE": str(tmp_path / "ld.so.cache"), "PATH": f"{os.environ['PATH']}:/sbin:/usr/sbin",
        "NO_COLOR": "1",
    }  # fmt: skip

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", HIDE, "sh", *command],
            env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120,
        )  # fmt: skip

    if shutil.which("unshare") is None or run("true").returncode:
        pytest.skip("this machine gives no mount namespace to this user")
    return run


@pytest.mark.skipif(not ctypes.util.find_library("pango-1.0"), reason="Pango is missing already")
def test_everything_but_pdf_works(without_pango, tmp_path):
    """A site, a Word file and a check; a PDF is refused with the command that brings Pango."""
    prdgen = [sys.executable, "-m", "prdgen"]
    assert without_pango(*prdgen, "init", "prds", "--example").returncode == 0
    page = "site/prds/checkout.md"
    for arguments in (["build"], ["check"], ["export", page, "--format", "docx"]):
        done = without_pango(*prdgen, *arguments, "-C", str(tmp_path / "prds"))
        assert done.returncode == 0, (arguments, done.stderr)
    refused = without_pango(
        *prdgen, "export", page, "--format", "pdf", "-C", str(tmp_path / "prds")
    )
    assert refused.returncode == 1
    first, cure = refused.stderr.splitlines()
    assert first == (
        "Error: PDF needs the system library Pango, which is not installed: "
        "cannot load library 'libpango-1.0-0'."
    )
    assert "apt install libpango-1.0-0 libpangoft2-1.0-0" in cure
    looked = without_pango(*prdgen, "doctor", "-C", str(tmp_path / "prds")).stdout
    assert "NOT pdf: PDF needs the system library Pango" in looked


@pytest.mark.skipif(not ctypes.util.find_library("pango-1.0"), reason="Pango is missing already")
def test_setting_up_says_one_line(without_pango):
    """Where prdgen may not install it, the line to do so is said, and setting up goes on."""
    code = f"import sys; sys.path.insert(0, {str(BOOTSTRAP.parent)!r}); import bootstrap; bootstrap.pango()"
    # Root in the namespace only: an ordinary user in one more.
    done = without_pango("unshare", "--user", "--map-user=1000", sys.executable, "-c", code)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("prdgen: PDF needs Pango")
    if shutil.which("apt-get"):
        assert line.endswith(": sudo apt-get install -y -q libpango-1.0-0 libpangoft2-1.0-0")
