"""The editor's page names the files that Vite really made."""

import pytest

from prdgen.server import html

BUILT = html.STATIC / "editor" / "manifest.json"


@pytest.mark.skipif(not BUILT.is_file(), reason="the editor is not built")
def test_the_built_editor_is_there():
    """Entry, styles and preloads are addresses of files that exist."""
    found = html.built("src/main.ts")
    addresses = [found.entry, *found.css, *found.preload, *found.wasm]
    assert len(found.css) == len(found.wasm) == 1
    for address in addresses:
        assert (html.STATIC / address.removeprefix("/static/")).is_file(), address
