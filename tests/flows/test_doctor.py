"""What `prdgen doctor` says."""

import json

import pytest

from prdgen import settings
from prdgen.flows import clone as clones
from prdgen.flows import doctor, init, publish
from prdgen.git import setup


def test_what_the_site_file_asks_for_in_vain_is_said(tmp_path):
    """A repository's own program for MkDocs is not run, and its owner hears of it."""
    found = site_finding(tmp_path, "docs_dir: site\nhooks: [program.py]\n")
    assert found.ok
    assert "line 2: " in found.what


def site_finding(folder, config: str, **files: str):
    """What doctor says of a repository with this mkdocs.yml."""
    init.lay(folder, example=False, say=lambda line: None)
    (folder / "mkdocs.yml").write_text(config, "utf-8")
    for name, text in files.items():
        (folder / "site" / f"{name}.md").write_text(text, "utf-8")
    setup.commit_paths(folder, ["mkdocs.yml", "site"], "Configure the site")
    return {each.name: each for each in doctor.look(settings.load(folder))}["site"]


@pytest.mark.parametrize(
    ("config", "line", "said"),
    [
        ("site_name: S\ndocs_dir: site\ntheme: readthedocs\n", 3, "theme 'readthedocs'"),
        ("site_name: S\ndocs_dir: ../..\n", 2, "'../..', which is no folder of this repository"),
        ("docs_dir: /etc\n", 1, "'/etc', which is no folder"),
        ("docs_dir: [site]\n", 1, "which is no folder"),
        ("docs_dir: nowhere\n", 1, "no Markdown file is at nowhere/**"),
        ("docs_dir: site\nnav:\n- Home: index.md\n- Old:\n  - gone.md\n", 5, "nav names gone.md"),
        ("docs_dir: site\nnav: index.md\n", 2, "nav is not a list"),
        ("docs_dir: site\nnav:\n- Blog: javascript:x\n", 3, "the entry javascript:x of nav"),
        ("docs_dir: site\nnav:\n- Blog: /blog/\n", 3, "the entry /blog/ of nav"),
        ("docs_dir: site\nnav:\n- Home:\n", 1, "names no page"),
    ],
)
def test_a_site_file_that_asks_for_what_is_not_there_is_not_in_order(tmp_path, config, line, said):
    """Readers would see another site than the one that was meant."""
    found = site_finding(tmp_path, config)
    assert not found.ok
    assert said in found.what
    assert f"line {line}" in found.what
    assert found.cure


def test_a_site_file_in_order_is(tmp_path):
    """The pages that nav names, however it writes their path, are found."""
    found = site_finding(
        tmp_path,
        "docs_dir: ./site/\nnav:\n- ./index.md\n- More: [more.md]\n- B: https://b.org/\n",
        more="# M\n",
    )
    assert found.ok, found
    clone = clones.open_clone(settings.load(tmp_path))
    assert publish.build(clone, clone.repository.tip("main")).problems == ()
    drawn = json.loads((tmp_path / "public/nav.json").read_text())
    assert drawn[0]["u"] == ""
    assert [node["u"] for node in drawn[1]["c"]] == ["more/"]
