"""A frame drawn once for the whole run, and sites made of texts."""

from datetime import UTC, datetime

import pytest

from prdgen.builder import frame as frames
from prdgen.builder import site
from prdgen.builder.publication import Site
from prdgen.builder.sources import AssetSource, PageSource, Target

WHEN = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="session")
def frame(run_dir):
    """Our own frame; every worker process finds the first one's drawing."""
    return frames.draw(None, {}, run_dir / "frames")


class Team:
    """A repository of texts with its published site."""

    def __init__(self, folder, frame):
        self.frame = frame
        self.site = Site(folder / "state", folder / "public")
        self.pages: dict[str, str] = {"site/index.md": "# Home\n"}
        self.assets: dict[str, bytes] = {}
        self.moved: dict[str, list[str]] = {}
        self.target = Target(site_url="https://prd.example/", commit="c0ffee")

    def publish(self, **pages: str):
        """Publish the texts; `a__b` is the page `site/a/b.md`."""
        return self.site.publish(
            *self.sources(pages), frame=self.frame, target=self.target, moved=self.moved
        )

    def build(self, index=None, **pages: str):
        """The same without making it public."""
        return site.build(
            *self.sources(pages), frame=self.frame, target=self.target,
            previous=self.site.current(), store=self.site.store, index=index, moved=self.moved,
        )  # fmt: skip

    def sources(self, pages):
        """Everything there is, once these pages are as given."""
        for name, text in pages.items():
            self.pages[f"site/{name.replace('__', '/')}.md"] = text
        sources = [PageSource.of(path, text, WHEN, "Ada") for path, text in self.pages.items()]
        files = [
            AssetSource(path, str(hash(data)), lambda data=data: data)
            for path, data in self.assets.items()
        ]
        return sources, files

    def read(self, path: str) -> str:
        """What any static server would send for `path`."""
        return (self.site.public / path).read_text("utf-8")

    def everything(self) -> str:
        """The text of every public file, to look for what must not be there."""
        files = [path for path in self.site.public.rglob("*") if path.is_file()]
        shown = [path for path in files if path.suffix not in {".gz", ".br", ".zst"}]
        return "\n".join(path.read_text("utf-8", "replace") for path in shown)


@pytest.fixture
def team(tmp_path, frame):
    """A team with a home page and nothing published yet."""
    return Team(tmp_path, frame)
