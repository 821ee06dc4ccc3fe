"""mkdocs.yml is read as data; what could run or read something is refused by line."""

import pytest

from prdgen.builder import errors, site_config


def read(text: str) -> site_config.SiteConfig:
    return site_config.read(text.encode())


@pytest.mark.parametrize(
    "line",
    [
        "x: !!python/object/apply:os.system ['touch /tmp/owned']",
        "site_author: !ENV OPENAI_API_KEY",
        "x: !!python/name:os.system",
        "x: !!python/object/apply:pymdownx.util.exec {}",
        "x: !!python/object/new:pymdownx.slugs.slugify {}",
        "x: !!python/module:os",
        "x: !include secrets.yml",
    ],
)
def test_tags_that_run_or_read_are_refused(line):
    """Trap 17: a push is never code that runs; the error names the line and the tag."""
    with pytest.raises(errors.BadSiteConfig, match=r"line 2: the tag !"):
        read(f"site_name: Team\n{line}\n")


@pytest.mark.parametrize(
    "value",
    [
        "!!python/name:material.extensions.emoji.twemoji",
        "!!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}",
        "!!python/object/apply:pymdownx.arithmatex.arithmatex_inline_format {kwds: {mode: generic}}",
    ],
)
def test_everyday_names_are_inert(value):
    """Material's own examples stay readable: their names are read as nothing, and nothing is called."""
    config = read(f"site_name: Team\nmarkdown_extensions:\n  - some.extension:\n      x: {value}\n")
    assert not config.findings


def test_code_that_options_of_markdown_extensions_name_is_found_and_not_run():
    """A site with its own slug function or fence is taken over without an edit, which its MkDocs needs."""
    config = read(
        "site_name: T\nmarkdown_extensions:\n  - toc:\n      slugify: !!python/name:their.slug\n"
        "  - fences: {custom: [{format: !!python/object/apply:os.system ['touch /tmp/owned']}]}\n"
    )
    assert [(each.line, each.message.split(",")[0]) for each in config.findings] == [
        (4, "their.slug"), (5, "os.system"),
    ]  # fmt: skip


def test_code_is_refused_where_an_alias_brings_it_elsewhere():
    with pytest.raises(errors.BadSiteConfig, match="line 2"):
        read("markdown_extensions:\n  - x: &code !!python/name:os.system\nextra: {y: *code}\n")


def test_hooks_and_unknown_plugins_are_named_with_their_line():
    """What is left out is said, with where it stands."""
    config = read("site_name: T\nhooks: [evil.py]\nplugins:\n  - search\n  - macros\n")
    found = {(finding.line, finding.message.split()[0]) for finding in config.findings}
    assert found == {(2, "hooks"), (5, "the")}
    assert "hooks" not in config.values
    assert "plugins" not in config.values


def test_files_of_other_sites_are_left_out():
    """Readers' addresses go to nobody else: no fonts, scripts or styles from elsewhere."""
    config = read(
        "site_name: T\nextra_css: [a.css, 'https://cdn.example/b.css']\n"
        "extra_javascript: [{path: '//cdn.example/x.js'}]\ntheme: {name: material, font: {text: Roboto}}\n"
    )
    assert config.values["extra_css"] == ["a.css"]
    assert config.values["extra_javascript"] == []
    assert config.values["theme"]["font"] is False
    assert len(config.findings) == 3


def test_broken_yaml_names_its_line():
    """A syntax error is a clear error, not a trace."""
    with pytest.raises(errors.BadSiteConfig, match="line 4"):
        read("site_name: T\nnav:\n  - a: [b\n")


def test_alias_bombs_are_counted():
    """A small file that would become enormous is refused before it is built."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(errors.BadSiteConfig, match="over 20000 values"):
        read("\n".join(lines))


def test_a_list_is_no_configuration():
    """Something else than keys and values is refused."""
    with pytest.raises(errors.BadSiteConfig, match="keys and values"):
        read("- a\n")


def test_folders():
    """docs_dir and custom_dir come without slashes around them; docs is the default."""
    config = read("docs_dir: ./site/\ntheme: {name: material, custom_dir: site/overrides/}\n")
    assert (config.docs_dir, config.custom_dir) == ("site", "site/overrides")
    assert read("site_name: x").docs_dir == "docs"


@pytest.mark.parametrize("lines", [
    "plugins: search", "plugins: 5", "plugins:\n  - redirects:\n      redirect_maps: [a]",
    "plugins:\n  redirects:\n    redirect_maps: x",
])  # fmt: skip
def test_plugins_that_are_no_list_are_a_finding(lines):
    """And never an error of Python's."""
    config = read(f"site_name: T\n{lines}\n")
    assert any("no list" in each.message or "no map" in each.message for each in config.findings)
    assert not config.redirects
