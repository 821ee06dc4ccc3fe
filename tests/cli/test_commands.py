"""Every command does what its help says: output, exit code, files."""

import json
import re
import zipfile
from pathlib import Path

import docx
import pypdf
import pytest
from click.testing import CliRunner
from server import team

from prdgen.cli.main import COMMANDS, main

DIAGRAMS = Path(__file__).parents[3] / "shared" / "corpus" / "mermaid"
USER = ("add", "link", "role", "out", "token", "list")


@pytest.mark.parametrize(
    "command", [(), *((name,) for name in COMMANDS), *(("user", verb) for verb in USER)]
)
def test_help_teaches(command):
    """Each help says what the command does and shows a call that works."""
    done = CliRunner().invoke(main, [*command, "--help"])
    assert done.exit_code == 0
    assert re.search(
        rf"prdgen {' '.join(command)}".strip() + r" *\S", done.output.partition("\n")[2]
    )
    for option in re.findall(r"^ +(?:-\w, )?--[\w-]+(?: \w+)?(.*)", done.output, re.MULTILINE):
        assert option.strip() or "  " in done.output, option


def test_a_wrong_call_says_so(bare):
    """An unknown command, option or argument: exit code 2 and the usage."""
    for arguments in (("bild",), ("build", "--unknown"), ("export",), ("serve", "--port", "many"),
                      ("serve", "--addr", "localhost")):  # fmt: skip
        done = bare(*arguments, code=2)
        assert "Usage: " in done.stderr


def test_version(bare):
    """`prdgen --version` is the package's."""
    from prdgen import __version__

    assert bare("--version").stdout.strip() == f"prdgen, version {__version__}"


def test_init_lays_a_repository_that_builds(bare):
    """Two calls from nothing to a site."""
    said = bare("init", "prds").stdout
    assert "Next: prdgen serve -C prds" in said
    assert team.git(bare.folder / "prds", "status", "--porcelain") == ""
    merged_by = team.git(bare.folder / "prds", "check-attr", "merge", "site/a.md", "a.txt")
    assert merged_by.splitlines() == ["site/a.md: merge: prdgen", "a.txt: merge: unspecified"]
    bare("build", "-C", "prds", "--no-search")
    assert (bare.folder / "prds/public/index.html").is_file()


def test_init_again_changes_nothing(prdgen):
    """What exists stays, byte for byte; a second call makes no commit."""
    before = team.git(prdgen.folder, "rev-parse", "HEAD^{tree}")
    (prdgen.folder / "mkdocs.yml").write_text("site_name: Mine\n")
    prdgen("init")
    assert (prdgen.folder / "mkdocs.yml").read_text() == "site_name: Mine\n"
    assert team.git(prdgen.folder, "rev-parse", "HEAD^{tree}") == before


def test_init_takes_over_an_mkdocs_repository(bare):
    """Its mkdocs.yml and pages are left alone, and it builds."""
    folder = bare.folder / "old"
    folder.mkdir()
    team.git(folder, "init", "--quiet", "--initial-branch=main")
    team.put(folder, {"mkdocs.yml": "site_name: Old\n", "docs/index.md": "# Old home\n"})
    said = bare("init", "old").stdout
    assert "1 page in docs/, at their addresses" in said
    assert (folder / "mkdocs.yml").read_text() == "site_name: Old\n"
    bare("build", "-C", "old", "--no-search")
    assert "Old home" in (folder / "public/index.html").read_text()


def test_init_says_what_of_mkdocs_is_carried_on(bare):
    """nav, edit_uri, excluded pages, redirects and theme are; plug-ins, hooks and notation are not."""
    _an_mkdocs_site(bare)
    said = bare("init", "old").stdout
    for carried in ("3 pages in docs/", "nav", "edit_uri", "exclude_docs", "2 redirects"):
        assert f"  {carried}" in said.partition("Not carried on:")[0]
    left = said.partition("Not carried on:")[2]
    for line in (
        "mkdocs.yml:16: the plugin 'macros' is not run", "mkdocs.yml:17: hooks are Python code",
        "the theme file theme/partials/nav.html is not used", "docs/a.md: !!! in line 3, ::: in line 6",
    ):  # fmt: skip
        assert line in left
    bare("build", "-C", "old", "--no-search")
    page = (bare.folder / "old/public/a/index.html").read_text()
    assert 'href="https://github.com/t/d/edit/trunk/docs/a.md"' in page
    assert 'href="https://github.com/t/d/commits/main/docs/a.md"' in page
    assert "their own navigation" not in page
    assert 'data-to="../a/#part"' in (bare.folder / "old/public/was/index.html").read_text()
    assert 'data-to="https://e.org/"' in (bare.folder / "old/public/gone/index.html").read_text()


def test_init_converts_notation_when_asked(bare):
    """In a commit of its own; a page that somebody is in the middle of is let be."""
    folder = _an_mkdocs_site(bare)
    (folder / "docs/b.md").write_text("!!! note\n    Not committed.\n")
    bare("init", "old", "--convert")
    assert (folder / "docs/a.md").read_text().startswith("# A\n\n> [!TIP]\n> Wisdom.\n")
    assert (folder / "docs/b.md").read_text() == "!!! note\n    Not committed.\n"
    assert team.git(folder, "show", "--format=", "--name-only", "HEAD").split() == ["docs/a.md"]


def test_init_finds_pages_in_docs(bare):
    """A repository with pages in docs/ and no mkdocs.yml gets one that names that folder."""
    folder = bare.folder / "old"
    folder.mkdir()
    team.git(folder, "init", "--quiet", "--initial-branch=main")
    team.put(folder, {"docs/index.md": "# Old home\n", "docs/x/deep.md": "# Deep\n"})
    assert "Found pages in docs/" in bare("init", "old").stdout
    bare("build", "-C", "old", "--no-search")
    assert "Deep" in (folder / "public/x/deep/index.html").read_text()
    assert not (folder / "site/prds").exists()


def _an_mkdocs_site(bare):
    """A team's site as MkDocs has it, committed."""
    folder = bare.folder / "old"
    folder.mkdir()
    team.git(folder, "init", "--quiet", "--initial-branch=main")
    config = (
        "site_name: Old\nrepo_url: https://github.com/t/d\nedit_uri: edit/trunk/docs/\n"
        "exclude_docs: |\n  /hidden.md\ntheme:\n  name: material\n  custom_dir: theme\n"
        "nav:\n  - a.md\nplugins:\n  - redirects:\n      redirect_maps:\n"
        "        was.md: a.md#part\n        gone.md: https://e.org/\n  - macros\nhooks: [h.py]\n"
    )
    team.put(folder, {
        "mkdocs.yml": config, "docs/index.md": "# Home\n", "docs/b.md": "# B\n",
        "docs/a.md": "# A\n\n!!! tip\n    Wisdom.\n\n::: a.module\n\n## Part\n\nWords.\n",
        "theme/partials/nav.html": "their own navigation",
    })  # fmt: skip
    return folder


def test_new_writes_a_page_and_leaves_the_commit_to_you(prdgen):
    """From a template, in the usual folder, uncommitted; the same title twice is refused."""
    path = prdgen("new", "One-click checkout", "-t", "feature").stdout.strip()
    assert path == "site/prds/one-click-checkout.md"
    assert team.git(prdgen.folder, "status", "--porcelain") == f"?? {path}"
    assert "# One-click checkout" in (prdgen.folder / path).read_text()
    assert "exists already" in prdgen("new", "One-click checkout", code=2).stderr
    assert "feature" in prdgen("new", "x", "--list").stdout
    assert "template" in prdgen("new", "y", "-t", "nothing", code=2).stderr


def test_check_names_file_and_line(prdgen):
    """Exit code 0 when all is well, 1 with problems, 2 for a page that is not there."""
    text = "# Bad\n\n[nowhere](nowhere.md)\n"
    (prdgen.folder / "site/prds/bad.md").write_text(text)
    assert "site/prds/bad.md:3:" in prdgen("check", "site/prds/bad.md", code=1).stdout
    found = json.loads(prdgen("check", "--json", code=1).stdout.splitlines()[-1])["problems"]
    assert ("site/prds/bad.md", 3) in {(p["page_path"], p["line"]) for p in found}
    prdgen("check", "site/prds/no.md", code=2)
    prdgen("check", "--branch", "nowhere", code=2)


def test_the_example_has_no_problems(prdgen):
    """What a newcomer sees first is in order."""
    assert json.loads(prdgen("check", "--json").stdout)["problems"] == []


def test_index_lists_pages_and_requirements(prdgen):
    """As lines for people and as JSON for programs."""
    rows = json.loads(prdgen("index", "--json").stdout)
    assert {"site/prds/checkout.md", "site/prds/search.md"} <= {row["page_path"] for row in rows}
    listed = json.loads(prdgen("index", "--requirements", "--json").stdout)
    assert len(listed) > 20
    assert listed[0]["id"] in prdgen("index", "--requirements").stdout
    assert json.loads(prdgen("index", "--rebuild", "--json").stdout)["branches"] == 1
    prdgen("index", "--branch", "nowhere", code=2)


def test_build_is_the_same_twice_and_switches_whole(prdgen):
    """Same commit, same bytes; nothing is rendered again; `--json` says what was done."""
    first = json.loads(prdgen("build", "--json").stdout)
    files = _files(prdgen.folder / "public")
    again = json.loads(prdgen("build", "--json").stdout)
    assert (again["pages"], again["rendered"]) == (first["pages"], 0)
    assert _files(prdgen.folder / "public") == files
    clean = json.loads(prdgen("build", "--clean", "--json").stdout)
    assert clean["rendered"] == first["pages"]
    assert _files(prdgen.folder / "public") == files
    assert "pagefind/pagefind.js" in files


def test_build_strict_fails_on_problems(prdgen):
    """For CI: a broken link is exit code 1, the site is built all the same."""
    prdgen("build", "--strict", "--no-search")
    team.put(prdgen.folder, {"site/prds/bad.md": "# Bad\n\n[nowhere](nowhere.md)\n"})
    done = prdgen("build", "--strict", "--no-search", code=1)
    assert "site/prds/bad.md:3:" in done.stderr
    assert (prdgen.folder / "public/prds/bad/index.html").is_file()
    prdgen("build", "--branch", "nowhere", code=2)


def test_build_keeps_a_folder_that_is_not_its_own(prdgen):
    """A `public` full of somebody's files is not replaced."""
    (prdgen.folder / "public").mkdir()
    (prdgen.folder / "public/mine.txt").write_text("mine")
    assert "files of its own" in prdgen("build", code=2).stderr
    assert (prdgen.folder / "public/mine.txt").read_text() == "mine"


def test_a_bad_mkdocs_yml_names_its_line(prdgen):
    """`!!python/…` is refused with the line, before anything is run."""
    text = "site_name: X\ntheme: !!python/object/apply:os.system ['touch /tmp/never']\n"
    team.put(prdgen.folder, {"mkdocs.yml": text})
    done = prdgen("build", code=2)
    assert "mkdocs.yml, line 2" in done.stderr
    assert "To do:" in done.stderr


@pytest.fixture(scope="module")
def exported(example, tmp_path_factory):
    """The example with the mission's twelve diagrams, exported in every format."""
    from .conftest import Prdgen

    if not DIAGRAMS.is_dir():
        pytest.skip("the corpus with the twelve diagrams is not here")
    folder = team.copy(example, tmp_path_factory.mktemp("export") / "shop")
    sources = [path.read_text() for path in sorted(DIAGRAMS.glob("*.mmd"))]
    fences = "".join(f"\n## Diagram {n}\n\n```mermaid\n{s}\n```\n" for n, s in enumerate(sources))
    team.put(folder, {"site/prds/flows.md": f"# All flows\n\nThe words around them.\n{fences}"})
    out = folder / "out"
    command = Prdgen(folder)
    command("export", "site/prds/flows.md", "-f", "pdf,docx,md,json", "-o", str(out))
    return command, out, sources


def test_the_exported_pdf_holds_text_and_diagrams(exported):
    """Opens, has the words, and every diagram's labels as text."""
    _, out, sources = exported
    pdf = pypdf.PdfReader(out / "flows.pdf")
    text = "".join(page.extract_text() for page in pdf.pages)
    assert "The words around them." in text
    assert len(sources) == 12
    flat = re.sub(r"\W", "", text)
    for source in sources:
        labels = re.findall(r'\["?([A-Za-z][\w ]+?)"?\]', source)[:3]
        assert all(re.sub(r"\W", "", label) in flat for label in labels), labels


def test_the_exported_word_file_holds_text_and_diagrams(exported):
    """Opens in Word's format, with its words and one drawing for each diagram."""
    _, out, sources = exported
    document = docx.Document(out / "flows.docx")
    assert "The words around them." in "\n".join(p.text for p in document.paragraphs)
    with zipfile.ZipFile(out / "flows.docx") as archive:
        drawings = [name for name in archive.namelist() if name.endswith(".svg")]
        written = archive.read("word/document.xml").decode()
    assert len(drawings) == len(sources)
    assert "data:image" not in written


def test_exports_are_the_same_twice(exported):
    """Same commit, same bytes, in every format."""
    command, out, _ = exported
    command("export", "site/prds/flows.md", "-f", "pdf,docx,md,json", "-o", str(out / "again"))
    for kind in ("pdf", "docx", "md", "json"):
        assert (out / f"flows.{kind}").read_bytes() == (out / f"again/flows.{kind}").read_bytes()
    found = json.loads((out / "flows.json").read_bytes())
    assert found["title"] == "All flows"
    assert (out / "flows.md").read_text() == (command.folder / "site/prds/flows.md").read_text()


def test_export_tells_what_cannot_be(prdgen):
    """An unknown page, commit, format, or a folder that cannot be written."""
    prdgen("export", "site/prds/no.md", code=2)
    prdgen("export", "../../etc/passwd", code=2)
    assert "exe" in prdgen("export", "site/prds/search.md", "-f", "exe", code=2).stderr
    prdgen("export", "site/prds/search.md", "-f", "md", "--commit", "nonsense", code=1)
    done = prdgen("export", "site/prds/search.md", "-f", "md", "-o", "/proc/no", code=1)
    assert "/proc/no" in done.stderr
    assert "To do:" in done.stderr


def test_doctor_says_what_is_in_order(prdgen, bare):
    """Everything is fine in the example; a folder that is no repository is not."""
    told = json.loads(prdgen("doctor", "--json", "--settings").stdout)
    assert all(finding["ok"] for finding in told["findings"])
    assert told["settings"]["PRDGEN_DATABASE_URL"] == "(set)"
    assert "ok  repository" in prdgen("doctor").stdout
    assert "NOT repository" in bare("doctor", code=1).stdout


def test_doctor_shows_no_password_of_an_address(prdgen):
    """Such an address is refused for a remote; it is on nobody's screen all the same."""
    prdgen.environment["PRDGEN_REMOTE"] = "https://zoe:hidden@git.example/prds.git"
    prdgen.environment["PRDGEN_SITE_URL"] = "https://zoe:hidden@docs.example/"
    for options in ((), ("--json",)):
        told = prdgen("doctor", "--settings", *options, code=1)
        assert "https://git.example/prds.git" in told.stdout
        assert "hidden" not in told.stdout + told.stderr


def test_people_are_added_listed_and_given_links(prdgen):
    """Without a server: accounts, links and tokens from the terminal."""
    link = prdgen("user", "add", "ada@example.org", "--name", "Ada", "--role", "owner").stdout
    assert re.fullmatch(r"http://127\.0\.0\.1:8400/sign-in/\S+\n", link)
    rows = json.loads(prdgen("user", "list", "--json").stdout)
    assert rows == [{"name": "Ada", "email": "ada@example.org", "role": "owner"}]
    assert "/sign-in/" in prdgen("user", "link", "ada@example.org").stdout
    assert prdgen("user", "token", "ada@example.org", "--read-only").stdout.startswith("prdgen_")
    prdgen("user", "add", "bob@example.org", "--role", "editor")
    prdgen("user", "role", "bob@example.org", "maintainer")
    rows = json.loads(prdgen("user", "list", "--json").stdout)
    assert [row["role"] for row in rows] == ["owner", "maintainer"]
    assert "last owner" in prdgen("user", "role", "ada@example.org", "editor", code=1).stderr
    prdgen("user", "out", "bob@example.org")
    prdgen("user", "out", "nobody@example.org", code=1)
    prdgen("user", "add", "nonsense", code=2)
    prdgen("user", "add", "b@example.org", "--role", "king", code=2)
    said = prdgen("user", "link", "nobody@example.org", code=1).stderr
    assert "no person" in said
    assert "prdgen user list" in said


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_check_names_what_is_no_page_or_cannot_be_live(prdgen):
    """Links, Git LFS pointers, and names that other systems take for one."""
    folder = prdgen.folder / "site" / "prds"
    (folder / "leak.md").symlink_to("/etc/hostname")
    (folder / "big.md").write_text("version https://git-lfs.github.com/spec/v1\nsize 1\n")
    (folder / "Checkout.md").write_text("# Another\n")
    team.git(prdgen.folder, "add", "--all")
    found = json.loads(prdgen("check", "--json", code=1).stdout)["problems"]
    told = {each["page_path"]: (each["code"], each["message"]) for each in found}
    assert told["site/prds/leak.md"][0] == "link"
    assert told["site/prds/big.md"][0] == "not-live"
    assert "Git LFS" in told["site/prds/big.md"][1]
    assert told["site/prds/checkout.md"][0] == "same-name"
    assert "`site/prds/Checkout.md`" in told["site/prds/checkout.md"][1]


def test_check_names_what_the_site_or_the_editor_cannot_have(prdgen):
    """One address for two pages, names nobody can type, and a picture with a script in it."""
    folder = prdgen.folder / "site" / "prds"
    (folder / "checkout").mkdir()
    (folder / "checkout" / "index.md").write_text("# Another\n")
    (folder / "cafe\u0301.md").write_text("# Café\n")
    (folder / "back\\slash.md").write_text("# Back\n")
    (folder / "evil.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>')
    team.git(prdgen.folder, "add", "--all")
    found = json.loads(prdgen("check", "--json", code=1).stdout)["problems"]
    told = {each["page_path"]: each for each in found}
    assert told["site/prds/checkout.md"]["code"] == "same-address"
    assert "`site/prds/checkout/index.md`" in told["site/prds/checkout.md"]["message"]
    assert told["site/prds/cafe\u0301.md"]["code"] == "name"
    assert told["site/prds/cafe\u0301.md"]["hint"].endswith("site/prds/caf\u00e9.md'")
    assert told["site/prds/back\\slash.md"]["code"] == "name"
    assert told["site/prds/evil.svg"]["code"] == "active-svg"
    team.git(prdgen.folder, "commit", "--quiet", "--message", "Odd")
    branch = json.loads(prdgen("check", "--branch", "main", "--json", code=1).stdout)["problems"]
    assert branch == found
    said = prdgen("build", "--strict", "--no-search", code=1).stderr
    assert "site/prds/checkout.md:1: " in said
    assert "site/prds/checkout/index.md" in said


def test_new_refuses_a_name_that_exists_in_another_case(prdgen):
    """On macOS and Windows it would be the same file."""
    (prdgen.folder / "site/prds/One-Click.md").write_text("# One click\n")
    done = prdgen("new", "One click", code=2)
    assert "site/prds/One-Click.md" in done.stderr


def test_publish_sends_what_changed_and_goes_back(prdgen, tmp_path):
    """To a folder: what would be done, what was, the builds there, and one command back."""
    www = tmp_path / "www"
    planned = prdgen("publish", "--to", f"file://{www}", "--dry-run", "--json").stdout
    assert json.loads(planned)["dry_run"] is True
    assert not www.exists()
    first = json.loads(prdgen("publish", "--to", f"file://{www}", "--json").stdout)
    assert (www / "current/index.html").is_file()
    assert first["changed"] == json.loads(planned)["changed"]
    again = prdgen("publish", "--to", f"file://{www}").stdout
    assert "0 files sent" in again
    page = prdgen.folder / "site/index.md"
    page.write_text(page.read_text() + "\nOne more line.\n")
    team.git(prdgen.folder, "commit", "-qam", "More")
    prdgen("publish", "--to", f"file://{www}")
    assert "One more line" in (www / "current/index.html").read_text()
    builds = json.loads(prdgen("publish", "--to", f"file://{www}", "--list", "--json").stdout)[
        "builds"
    ]
    assert [each["public"] for each in builds] == [True, False]
    prdgen("publish", "--to", f"file://{www}", "--roll-back")
    assert "One more line" not in (www / "current/index.html").read_text()
    prdgen("publish", "--to", f"file://{www}", "--roll-back", builds[0]["id"])
    assert "One more line" in (www / "current/index.html").read_text()


def test_publish_says_what_it_cannot_do(prdgen):
    """Nowhere to publish to, an address that is none, a build that never was: the cure, and code 2."""
    for arguments, words in (
        ((), "publish_to"),
        (("--to", "ftp://x"), "not ftp:"),
        (("--to", "s3://a:b@c"), "not part of the address"),
        (("--to", str(prdgen.folder / "out"), "--roll-back", "nope"), "no build nope"),
    ):
        said = prdgen("publish", *arguments, code=2).stderr
        assert words in said
        assert "To do:" in said
