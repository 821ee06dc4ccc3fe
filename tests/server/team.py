"""A team's repository with everything a page can be, good and bad."""

import base64
import shutil
import subprocess
from pathlib import Path

from prdgen.flows import init

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
EVIL_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script>'
    '<a href="javascript:alert(2)"><text onclick="alert(3)">x</text></a></svg>'
)
NASTY = """# Nasty

<script>alert("one")</script>
<img src=x onerror="alert(2)"> <svg onload="alert(3)"><script>alert(4)</script></svg>
<iframe src="https://evil.example/"></iframe><style>body { display: none }</style>
<a href="javascript:alert(5)">raw</a> <form action="https://evil.example/"><button>Send</button></form>

[a link](javascript:alert(6)) [data](data:text/html,<script>alert(7)</script>)
[up](../../../etc/passwd) [git](../../.git/config) ![remote](https://evil.example/pixel.png)
![file](file:///etc/hostname) ![evil](evil.svg)

```mermaid
flowchart LR
  A["<img src=x onerror=alert(8)>"] --> B
  click A "javascript:alert(9)"
```
"""
ODD: dict[str, str | bytes] = {
    "nasty.md": NASTY,
    "evil.svg": EVIL_SVG,
    "dot.png": PNG,
    "crlf.md": b"\xef\xbb\xbf---\r\ntitle: Windows\r\n---\r\n\r\n# Windows\r\n\r\nline\r\n",
    "latin.md": "# Umlaut\n\nMünchen\n".encode("latin-1"),
    "nul.md": b"# Nul\n\nbefore\0after\n",
    "pointer.md": "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12\n",
    "large.md": "# Large\n\n" + "A line of a large page.\n" * 13_000,
    "broken.md": "---\ntitle: Broken\nstatus: [draft\n---\n\n# Broken\n\nStill readable.\n",
    "undrawn.md": "# Undrawn\n\n```mermaid\nflowchart LR\n  A --> --> B ((\n```\n\nAfterwards.\n",
    "brackets.md": "# Brackets\n\n"
    + "[" * 10_000
    + "\n\n"
    + "![[" * 10_000
    + "\n\n"
    + "[a](" * 5_000,
    "hidden.md": "---\ntitle: Hidden\ndraft: true\n---\n\n# Hidden\n\nnobodyshouldseethis\n",
    "name with spaces & ünïcödé #1?.md": "# Odd name\n\nSee [nasty](nasty.md).\n",
    "uses.md": (
        "---\ntitle: Uses & others\nstatus: draft\nowner: Zoë\ntags: [odd, a&b]\n---\n\n"
        "# Uses & others\n\nBuilds on REQ-900, see [the odd one](name%20with%20spaces%20%26%20"
        "%C3%BCn%C3%AFc%C3%B6d%C3%A9%20%231%3F.md).\n\n- [REQ-900] Platypus <b>first</b>.\n"
    ),
    "strict.md": (
        "# Strict\n\n### A platypus\n\n**UID**: REQ-901 \\\n**Status**: approved\n\n"
        "It shall lay eggs. See REQ-900.\n"
    ),
}


def git(folder: Path, *arguments: str) -> str:
    """Git as the team's Eve would call it."""
    person = ["-c", "user.name=Eve", "-c", "user.email=eve@example.org"]
    done = subprocess.run(
        ["git", *person, *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def put(folder: Path, files: dict[str, str | bytes], message: str = "Change") -> str:
    """Write files and commit them; the new tip."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def make(folder: Path, *, odd: bool = False) -> Path:
    """The example repository; `odd` adds everything above, links out of it, and a second branch."""
    init.lay(folder, example=True, say=lambda _: None)
    git(folder, "branch", "--move", "--force", "main")
    if odd:
        put(folder, {f"site/odd/{name}": content for name, content in ODD.items()}, "Add odd pages")
        (folder / "site/odd/leak.md").symlink_to("/etc/hostname")
        (folder / "site/odd/etc").symlink_to("/etc")
        put(folder, {"site/odd/uses.md": str(ODD["uses.md"]) + "\nOne more line.\n"}, "Edit uses")
        git(folder, "branch", "draft/idea")
    return folder


def copy(source: Path, target: Path) -> Path:
    """A repository of a test's own."""
    shutil.copytree(source, target, symlinks=True)
    return target
