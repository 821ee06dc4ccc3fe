"""Reads a team's mkdocs.yml as plain data: no tag that runs or reads anything, known keys only."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from prdgen.builder import errors

MAX_BYTES: Final = 262_144
_MAX_NODES: Final = 20_000

_PASSED: Final = frozenset(
    {
        "site_name",
        "site_url",
        "site_description",
        "site_author",
        "copyright",
        "repo_url",
        "repo_name",
        "edit_uri",
        "edit_uri_template",
        "nav",
        "docs_dir",
        "exclude_docs",
        "draft_docs",
        "not_in_nav",
    }
)
"""Keys that are handed on as they are."""
_JUDGED: Final = frozenset({"theme", "extra", "extra_css", "extra_javascript", "plugins"})
_UNUSED: Final = frozenset(
    {
        "markdown_extensions",
        "use_directory_urls",
        "strict",
        "dev_addr",
        "site_dir",
        "remote_branch",
        "remote_name",
        "watch",
        "validation",
    }
)
"""Keys of other commands; pages are GitHub-flavoured Markdown whatever the extensions say."""
_THEME_OPTIONS: Final = frozenset(
    {
        "name",
        "custom_dir",
        "logo",
        "favicon",
        "icon",
        "palette",
        "features",
        "language",
        "direction",
        "font",
    }
)
_KNOWN_PLUGINS: Final = frozenset({"prdgen", "search", "material/search", "tags", "material/tags"})
"""Plugins whose work prdgen does itself, so leaving them out changes nothing."""
_REDIRECTS: Final = "redirects"
_EXTRA_REFUSED: Final = frozenset({"analytics", "consent", "version", "polyfills"})
_INERT_NAMES: Final = (
    "material.extensions.emoji.",
    "materialx.emoji.",
    "pymdownx.emoji.",
    "pymdownx.superfences.fence_",
    "pymdownx.slugs.",
    "pymdownx.arithmatex.",
)
"""`!!python/name:` and `!!python/object/apply:` values of everyday MkDocs files: read as nothing, never imported."""


_CODE: Final = "tag:yaml.org,2002:python/"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something in the site's configuration that is not done as written."""

    line: int
    message: str
    hint: str
    path: str = "mkdocs.yml"
    seen: bool = False
    """Whether readers see another site than the one that was asked for."""


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """What a frame may be drawn from: allowed keys only, plain data only."""

    values: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()

    @property
    def docs_dir(self) -> str:
        """The folder of the pages, relative to the repository, without a `/` at the end."""
        return inside(self.values.get("docs_dir", "docs")) or "."

    @property
    def redirects(self) -> Mapping[str, str]:
        """The map of MkDocs' plugin for redirects: old page of the docs folder → new page, with an
        anchor perhaps, or an address elsewhere.
        """
        found: Mapping[str, str] = self.values.get("redirects") or {}
        return found

    @property
    def custom_dir(self) -> str:
        """The folder of the theme's overrides, relative to the repository; empty when none."""
        return str(self.values.get("theme", {}).get("custom_dir", "")).strip("/")


class _Loader(yaml.SafeLoader):
    """The safe loader, saying which line holds a tag it will not read."""


def _name_tag(loader: _Loader, suffix: str, node: yaml.Node) -> None:
    if not suffix.startswith(_INERT_NAMES):
        _refuse_tag(loader, node)


def _relative_tag(_loader: _Loader, node: yaml.Node) -> str:
    return str(node.value)


def _refuse_tag(_loader: _Loader, node: yaml.Node) -> None:
    tag = node.tag.replace("tag:yaml.org,2002:", "!!")
    raise errors.BadSiteConfig(
        line=node.start_mark.line + 1,
        why=f"the tag {tag} is refused, because building a site never runs code or reads the "
        "server's environment",
    )


_Loader.add_multi_constructor("tag:yaml.org,2002:python/name:", _name_tag)
_Loader.add_multi_constructor("tag:yaml.org,2002:python/object/apply:", _name_tag)
_Loader.add_constructor("!relative", _relative_tag)
_Loader.add_constructor(None, _refuse_tag)


@dataclass(slots=True)
class _Reading:
    """One file being read: where its keys stand, and what was found."""

    lines: Mapping[tuple[str, ...], int]
    findings: list[Finding] = field(default_factory=list)

    def line(self, place: tuple[str, ...]) -> int:
        """The line of what stands at `place`, or of the nearest thing around it."""
        return next((self.lines[p] for p in _prefixes(place) if p in self.lines), 1)

    def find(self, place: tuple[str, ...], message: str, hint: str, *, seen: bool = False) -> None:
        """Note that what stands at `place` is left out."""
        self.findings.append(Finding(self.line(place), message, hint, seen=seen))


def _prefixes(place: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for length in range(len(place), 0, -1):
        yield place[:length]


def inside(docs_dir: object) -> str | None:
    """The folder `docs_dir` names, relative to the repository and "" for its top; None when it is
    no folder of the repository.
    """
    if not isinstance(docs_dir, str) or docs_dir.startswith("/") or "\\" in docs_dir:
        return None
    folder = posixpath.normpath(docs_dir or ".")
    if folder.split("/")[0] == "..":
        return None
    return "" if folder == "." else folder


def read(data: bytes) -> SiteConfig:
    """The configuration in `data`, the bytes of a mkdocs.yml of the main branch.

    Raises BadSiteConfig naming the line for broken YAML, a tag that could run code (but in
    options of Markdown extensions, which nobody here reads) or read the environment, a docs_dir outside of the repository, and files too large; a key, plugin or option that is not supported is left out
    and named in `findings`.
    """
    if len(data) > MAX_BYTES:
        raise errors.BadSiteConfig(line=1, why=f"the file is over {MAX_BYTES} bytes")
    try:
        loader = _Loader(data)
        try:
            node = loader.get_single_node()
            _count(node)
            findings = list(_without_extensions(node))
            values = loader.construct_document(node) if node is not None else {}
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        why = getattr(error, "problem", None) or str(error)
        raise errors.BadSiteConfig(line=mark.line + 1 if mark else 1, why=why) from error
    if not isinstance(values, dict):
        raise errors.BadSiteConfig(line=1, why="expected keys and values")
    reading = _Reading(lines=dict(_key_lines(node)), findings=findings)
    allowed = _judge(values, reading)
    return SiteConfig(values=allowed, findings=tuple(reading.findings))


def _without_extensions(node: yaml.Node | None) -> Iterator[Finding]:
    """Take the options of Markdown extensions out of the tree: they are for MkDocs alone, and may name
    code. What is not everyday among that is found. Nowhere else may a file name any.
    """
    if not isinstance(node, yaml.MappingNode):
        return
    for place, (key, value) in enumerate(node.value):
        if key.value == "markdown_extensions":
            node.value[place] = key, yaml.ScalarNode("tag:yaml.org,2002:null", "")
            yield from _named_code(value)


def _named_code(node: yaml.Node) -> Iterator[Finding]:
    name = node.tag.partition(_CODE)[2].partition(":")[2]
    if name and not name.startswith(_INERT_NAMES):
        yield Finding(
            node.start_mark.line + 1, f"{name}, of a Markdown extension, is not run",
            "Nothing, if pages look right: only plain `mkdocs build` goes on using it.",
        )  # fmt: skip
    if isinstance(node, yaml.MappingNode):
        for _, value in node.value:
            yield from _named_code(value)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _named_code(each)


def _count(node: yaml.Node | None) -> None:
    """Aliases can make a small file enormous: count what it would become."""
    waiting, seen = [node] if node is not None else [], 0
    while waiting:
        current = waiting.pop()
        seen += 1
        if seen > _MAX_NODES:
            line = current.start_mark.line + 1
            raise errors.BadSiteConfig(line=line, why=f"over {_MAX_NODES} values")
        if isinstance(current, yaml.MappingNode):
            waiting.extend(part for pair in current.value for part in pair)
        elif isinstance(current, yaml.SequenceNode):
            waiting.extend(current.value)


def _key_lines(
    node: yaml.Node | None, place: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], int]]:
    if isinstance(node, yaml.MappingNode) and len(place) < 3:
        for key, value in node.value:
            yield (*place, str(key.value)), key.start_mark.line + 1
            yield from _key_lines(value, (*place, str(key.value)))
    elif isinstance(node, yaml.SequenceNode) and len(place) < 3:
        for item in node.value:
            if isinstance(item, yaml.ScalarNode):
                yield (*place, str(item.value)), item.start_mark.line + 1
            yield from _key_lines(item, place)


def _judge(values: dict[Any, Any], reading: _Reading) -> dict[str, Any]:
    allowed: dict[str, Any] = {}
    if inside(values.get("docs_dir", "docs")) is None:
        why = f"docs_dir is {values['docs_dir']!r}, which is no folder of this repository"
        raise errors.BadSiteConfig(line=reading.line(("docs_dir",)), why=why)
    for key, value in values.items():
        if key in _PASSED:
            allowed[key] = value
        elif key == "hooks":
            reading.find(("hooks",), "hooks are Python code and are not run", "Remove `hooks`.")
        elif key == "INHERIT":
            reading.find(("INHERIT",), "INHERIT is not read", "Copy the keys into mkdocs.yml.")
        elif key not in _JUDGED | _UNUSED:
            reading.find((str(key),), f"the key {key!r} is not known", "Remove it.")
    allowed["site_name"] = str(values.get("site_name") or "Product requirements")
    allowed["theme"] = _theme(values.get("theme"), reading)
    allowed["extra"] = _extra(values.get("extra"), reading)
    allowed["extra_css"] = _own_files(values, "extra_css", reading)
    allowed["extra_javascript"] = _own_files(values, "extra_javascript", reading)
    allowed["redirects"] = _plugins(values.get("plugins"), reading)
    return allowed


def _theme(value: Any, reading: _Reading) -> dict[str, Any]:
    given = {"name": value} if isinstance(value, str) else dict(value or {})
    if given.get("name", "material") != "material":
        name = given["name"]
        reading.find(
            ("theme", "name"),
            f"the theme {name!r} is not supported, Material is used",
            "Use `material`.",
            seen=True,
        )
    for option in [option for option in given if option not in _THEME_OPTIONS]:
        reading.find(("theme", option), f"the theme option {option!r} is left out", "Remove it.")
        del given[option]
    if given.get("font"):
        reading.find(
            ("theme", "font"),
            "fonts of other sites are not loaded; readers' addresses stay private",
            "Set `font: false` and name a font of the reader's system in a style sheet.",
        )
    return given | {"name": "material", "font": False}


def _extra(value: Any, reading: _Reading) -> dict[str, Any]:
    given = dict(value) if isinstance(value, dict) else {}
    for name in sorted(_EXTRA_REFUSED & given.keys()):
        reading.find(
            ("extra", name), f"extra.{name} is left out: it needs scripts in the page", "Remove it."
        )
        del given[name]
    return given


def _own_files(values: dict[Any, Any], key: str, reading: _Reading) -> list[str]:
    """Only files of the site itself; the pages' content policy would refuse others."""
    kept = []
    for item in values.get(key) or []:
        path = str(item.get("path", "") if isinstance(item, dict) else item)
        if "//" in path:
            reading.find(
                (key, path), f"{path} is on another site and is not loaded", "Copy it here."
            )
        else:
            kept.append(path)
    return kept


def _plugins(value: Any, reading: _Reading) -> dict[str, str]:
    """Look at every plugin; the map of the one for redirects, whose work the builder does."""
    if value is not None and not isinstance(value, list | dict):
        reading.find(("plugins",), "`plugins` is no list of plugins", "Write one in each line.")
        return {}
    items = value if isinstance(value, list) else [{k: v} for k, v in (value or {}).items()]
    maps: dict[str, str] = {}
    for item in items:
        name, options = next(iter(item.items())) if isinstance(item, dict) and item else (item, {})
        name = str(name)
        if name == _REDIRECTS:
            given = options.get("redirect_maps") if isinstance(options, dict) else None
            if given is not None and not isinstance(given, dict):
                reading.find(
                    ("plugins", name), "`redirect_maps` is no map", "Write `old.md: new.md` lines."
                )
                given = None
            maps = {str(old): str(new) for old, new in (given or {}).items()}
        elif name not in _KNOWN_PLUGINS:
            reading.find(
                ("plugins", name),
                f"the plugin {name!r} is not run; prdgen draws pages without plugins",
                "Remove it, or build with plain `mkdocs build`.",
            )
    return maps
