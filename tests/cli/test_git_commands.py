"""prdgen as Git's merge driver and in Git's hooks: real `git merge`, `commit`, `push`, no server."""

import os
import re
import subprocess

import pytest
from server import team

from prdgen.flows import servers
from prdgen.settings import Settings

from .conftest import Prdgen

PAGE = "site/prds/checkout.md"
TEXT = "---\ntitle: Checkout\nstatus: draft\nowner: ann\n---\n\n# Checkout\n\n- quick brown fox\n- end\n"


class Clone:
    """A clone with merge driver and hooks, whose Git finds prdgen only where they say it is."""

    def __init__(self, folder, *, hooks=True):
        self.folder = folder
        self.prdgen = Prdgen(folder)
        if hooks:
            self.prdgen("hooks", "install")
        team.git(folder, "config", "user.name", "Eve")
        team.git(folder, "config", "user.email", "eve@example.org")

    def git(self, *arguments, code=0, **variables):
        environment = {**os.environ, "PATH": "/usr/bin:/bin", "GIT_EDITOR": "true", **variables}
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == code, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def put(self, text, path=PAGE):
        (self.folder / path).write_text(text, "utf-8")
        self.git("add", path)

    def commit(self, text, path=PAGE):
        self.put(text, path)
        self.git("commit", "--quiet", "--no-verify", "-m", "change")

    def diverge(self, theirs, ours, base=TEXT):
        """A branch `other` with their text, and ours on main."""
        self.commit(base)
        self.git("switch", "--quiet", "-c", "other")
        self.commit(theirs)
        self.git("switch", "--quiet", "main")
        self.commit(ours)

    @property
    def page(self):
        return (self.folder / PAGE).read_text("utf-8")


@pytest.fixture
def clone(shop):
    return Clone(shop)


THEIRS = TEXT.replace("quick", "slow").replace("ann", "bob")
OURS = TEXT.replace("fox", "dog").replace("draft", "done")
BOTH = THEIRS.replace("fox", "dog").replace("draft", "done")


@pytest.mark.parametrize(
    "command", [("merge", "--no-edit"), ("cherry-pick",), ("rebase",)], ids=lambda words: words[0]
)
def test_git_merges_pages_by_word_and_front_matter_by_key(clone, command):
    """What plain Git calls a conflict, three times in one file."""
    clone.diverge(THEIRS, OURS)
    clone.git("config", "merge.prdgen.name")
    clone.git(*command, "other")
    assert clone.page == BOTH
    clone.git("fsck", "--strict")


def test_stash_pop_and_revert_merge_too(clone):
    """Everything in Git that merges asks the driver."""
    clone.commit(TEXT)
    clone.put(OURS)
    clone.git("stash")
    clone.commit(THEIRS)
    clone.git("stash", "pop")
    assert clone.page == BOTH
    clone.git("commit", "--quiet", "-am", "both")
    clone.git("revert", "--no-edit", "HEAD~1")
    assert clone.page == OURS


def test_a_conflict_is_marked_in_the_configured_style(clone):
    """Both changed one word: Git stops, with our markers in the file, and the rest merged."""
    clone.diverge(THEIRS, OURS.replace("quick", "lazy"))
    assert "CONFLICT" in clone.git("-c", "merge.conflictStyle=diff3", "merge", "other", code=1)
    parts = re.search(r"<<<<<<< .*\n(.*)\n\|{7} .*\n(.*)\n=======\n(.*)\n>>>>>>> .*\n", clone.page)
    assert parts.groups() == ("- lazy brown dog", "- quick brown fox", "- slow brown fox")
    assert "owner: bob\n" in clone.page
    assert "status: done\n" in clone.page


def test_a_page_in_another_encoding_is_merged_by_git(clone):
    """Latin-1 by line, as before; and a binary file stays ours, in conflict. It is said by its name."""
    path = clone.folder / PAGE
    for data, branch in ((b"\xe9\n\na\n\nb\n", "main"), (b"\xe9\n\nA\n\nb\n", "other"),
                         (b"\xe9\n\na\n\nB\n", "main")):  # fmt: skip
        clone.git("switch", "--quiet", *(["-c"] if branch == "other" else []), branch)
        path.write_bytes(data)
        clone.git("commit", "--quiet", "--no-verify", "-am", "change")
    said = clone.git("merge", "--no-edit", "other")
    assert f"{PAGE} is merged by line, as Git does it: it is not UTF-8" in said
    assert path.read_bytes() == b"\xe9\n\nA\n\nB\n"
    for data, branch in ((b"\0theirs", "other"), (b"\0ours", "main")):
        clone.git("switch", "--quiet", branch)
        path.write_bytes(data)
        clone.git("commit", "--quiet", "--no-verify", "-am", "change")
    clone.git("merge", "--no-edit", "other", code=1)
    assert path.read_bytes() == b"\0ours"


@pytest.mark.parametrize("how", ["missing", "broken"])
def test_without_a_working_prdgen_git_merges_by_line(clone, how, tmp_path):
    """Their text is never left out because our driver did not start; one line says so."""
    clone.diverge(THEIRS, OURS.replace("quick", "lazy"))
    driver = clone.git("config", "merge.prdgen.driver").strip()
    program = tmp_path / "prdgen"
    if how == "broken":
        program.write_text("#!/bin/sh\necho Traceback >&2\nexit 1\n")
        program.chmod(0o755)
    found = re.sub(r'^PATH="\$PATH":[^;]*', f'PATH="$PATH":{tmp_path}', driver)
    clone.git("config", "merge.prdgen.driver", found)
    said = clone.git("merge", "other", code=1)
    assert f"so Git merged this by line: {PAGE}" in said
    assert "<<<<<<< ours\n" in clone.page
    assert "slow brown fox" in clone.page


def test_names_of_files_are_no_commands(clone):
    """A path is anybody's choice; the driver's command line goes through a shell."""
    path = "site/prds/$(touch pwned) 'a' `id`.md"
    clone.commit(TEXT, path)
    clone.git("switch", "--quiet", "-c", "other")
    clone.commit(THEIRS, path)
    clone.git("switch", "--quiet", "main")
    clone.commit(OURS, path)
    for find in ("", "no prdgen"):
        if find:
            driver = clone.git("config", "merge.prdgen.driver").strip()
            clone.git("config", "merge.prdgen.driver", re.sub(r"^PATH=[^;]*", "true", driver))
        clone.git("merge", "--no-edit", "other", code=1 if find else 0)
        clone.git("reset", "--hard", "ORIG_HEAD" if not find else "HEAD")
    assert not list(clone.folder.rglob("pwned"))


def test_merge_file_says_what_it_could_not_do(bare):
    """A file that is not there: over 128, as Git wants it from a driver that failed."""
    done = bare("merge-file", "a", "b", "c", code=129)
    assert "a cannot be merged: No such file" in done.stderr


def test_merge_file_by_hand(bare):
    """Printed, or written into OURS; the exit code says whether somebody must choose."""
    for name, text in (("o", "a b c\n"), ("a", "x b c\n"), ("b", "a b y\n"), ("c", "z b c\n")):
        (bare.folder / name).write_text(text)
    assert bare("merge-file", "-p", "o", "a", "b").stdout == "x b y\n"
    assert (bare.folder / "a").read_text() == "x b c\n"
    labels = ("-L", "mine", "-L", "old", "-L", "yours")
    bare("merge-file", *labels, "--diff3", "--marker-size=9", "o", "a", "c", code=1)
    assert (bare.folder / "a").read_text() == (
        "<<<<<<<<< mine\nx b c\n||||||||| old\na b c\n=========\nz b c\n>>>>>>>>> yours\n"
    )


# --- hooks


def test_a_commit_is_judged_by_what_is_staged(clone):
    """Not by the working tree: a fault that is staged and repaired on disk only is refused, too."""
    broken = TEXT + "\nSee [more](nowhere.md).\n"
    clone.put(broken)
    (clone.folder / PAGE).write_text(TEXT)
    said = clone.git("commit", "-m", "broken", code=1)
    assert f"{PAGE}:12: There is no page `site/prds/nowhere.md`." in said
    clone.put(TEXT)
    (clone.folder / PAGE).write_text(broken)
    clone.git("commit", "-m", "sound")


def test_only_what_a_commit_brings_is_held_against_it(clone):
    """Old faults, unfinished pages and other files stop nobody."""
    broken = TEXT + "\nSee [more](nowhere.md).\n"
    clone.commit(broken)
    clone.put(broken.replace("fox", "dog") + "\nTODO\n\n## Empty\n")
    clone.git("commit", "-m", "more words")
    clone.put("x", "notes.txt")
    clone.git("commit", "-m", "notes")


def test_a_page_that_others_link_to_is_not_lost_by_accident(clone):
    """Removing or renaming it breaks pages that are not part of the commit."""
    clone.commit("# Paying\n\nWords.\n", "site/prds/paying in.md")
    clone.commit("# Other\n\nSee [paying](paying%20in.md).\n", "site/prds/other.md")
    clone.git("mv", "site/prds/paying in.md", "site/prds/pay.md")
    said = clone.git("commit", "-m", "rename", code=1)
    assert "site/prds/other.md:3: There is no page `site/prds/paying in.md`." in said
    clone.put("# Other\n\nSee [paying](pay.md).\n", "site/prds/other.md")
    clone.git("commit", "-m", "rename")


def test_an_anchor_of_another_page_that_is_not_there_is_refused(clone):
    """Judged by that page as it will be; an anchor that was wrong before stops nobody."""
    clone.commit("# Paying\n\n## Cards\n\n<a id='x'></a>\n\n- [REQ-9] Pay.\n", "site/prds/pay.md")
    links = (
        "[a](pay.md#cards) [b](pay.md#REQ-9) [c](pay.md#x) [d](pay.md#:~:text=Pay) [e](#other)\n"
    )
    clone.commit(f"# Other\n\n{links}", "site/prds/other.md")
    clone.put(f"# Other\n\n{links}\n[f](pay.md#cash)\n", "site/prds/other.md")
    said = clone.git("commit", "-m", "broken", code=1)
    assert said.count("There is no heading or requirement") == 1
    assert "other.md:5: There is no heading or requirement `#cash` in `site/prds/pay.md`." in said
    clone.put("# Paying\n\n## Cash\n\n- [REQ-9] Pay.\n\n<a id='x'></a>\n", "site/prds/pay.md")
    clone.git("commit", "-m", "renamed: it leads on")
    clone.put(f"# Other\n\n{links}\n[f](pay.md#cash) more\n", "site/prds/other.md")
    clone.git("commit", "-m", "an old fault")
    clone.git("mv", "site/prds/pay.md", "site/prds/buy.md")
    clone.put(f"# Other\n\n{links}\n".replace("pay.md", "buy.md"), "site/prds/other.md")
    clone.git("commit", "-m", "an old fault of a page that has another name")
    clone.put(
        f"# Other\n\n{links}\n[f](buy.md#cards)".replace("pay.md", "buy.md"), "site/prds/other.md"
    )
    assert "other.md:5: There is no heading" in clone.git("commit", "-m", "one more", code=1)


def test_conflict_markers_are_not_committed(clone):
    """The commonest accident after a merge."""
    clone.diverge(THEIRS, OURS.replace("quick", "lazy"))
    clone.git("merge", "other", code=1)
    clone.git("add", PAGE)
    assert "between Git's conflict markers" in clone.git("commit", "--no-edit", code=1)


def test_conflict_markers_in_code_are_not_committed_after_a_merge(clone):
    """There they are real; a page about Git that was in no conflict may show them."""
    code = TEXT + "\n```\na\n%sb\n```\n"
    clone.diverge(code % "theirs\n", code % "ours\n", code % "")
    clone.git("merge", "other", code=1)
    said = clone.git("commit", "-am", "unsettled", code=1)
    assert f"{PAGE}:14: Two versions stand here" in said
    clone.put(code % "both\n")
    clone.git("commit", "-m", "settled")
    clone.put(
        "# Git\n\n```\n<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n```\n", "site/prds/git.md"
    )
    clone.git("commit", "-m", "about Git")


def test_an_example_in_a_page_that_was_in_conflict_stops_no_later_commit(clone):
    """Git remembers a settled conflict until the branch is switched; what is committed is no news."""
    example = "\n```\n<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n```\n"
    clone.diverge(*(TEXT + f"{words}\n" + example for words in ("theirs", "ours", "first")))
    clone.git("merge", "other", code=1)
    clone.put(TEXT + "both\n" + example)
    clone.git("commit", "-m", "settled")
    clone.put("# Other\n", "site/prds/another.md")
    clone.git("commit", "-m", "elsewhere")


@pytest.mark.parametrize("arguments", [("-a",), ("--only", PAGE)], ids=lambda words: words[0])
def test_an_index_that_git_makes_for_one_commit_is_the_one_that_counts(clone, arguments):
    """`git commit -a` and `git commit FILE` do not commit what is staged."""
    clone.put(TEXT)
    (clone.folder / PAGE).write_text(TEXT + "\nSee [more](nowhere.md).\n")
    assert "nowhere.md" in clone.git("commit", *arguments, "-m", "broken", code=1)


def test_an_empty_message_begins_with_the_sections_that_changed(clone):
    """One page by its sections, several by their number; a message that is given stays."""
    clone.commit(TEXT)
    clone.put(TEXT + "\n## Risks\n\nMoney.\n")
    clone.git("commit", "--quiet")
    assert clone.git("log", "-1", "--format=%B").strip() == "Checkout: add Risks"
    clone.put(TEXT)
    clone.put(TEXT, "site/prds/another.md")
    clone.git("commit", "--quiet")
    message = clone.git("log", "-1", "--format=%B").splitlines()
    assert message[:4] == ["Edit 2 pages", "", "Another: add page", "Checkout: remove Risks"]
    clone.put(OURS)
    clone.git("commit", "--quiet", "-m", "Mine")
    assert clone.git("log", "-1", "--format=%B").strip() == "Mine"


def test_two_numbers_given_on_two_branches_are_named_after_the_merge(clone):
    """No merge of lines can see it: each side gave the next number to a requirement of its own."""
    clone.git("switch", "--quiet", "-c", "other")
    clone.commit("# A\n\n- [REQ-777] Theirs.\n", "site/prds/a.md")
    clone.git("switch", "--quiet", "main")
    clone.commit("# B\n\n- [REQ-777] Ours.\n\nSee [x](nowhere.md).\n", "site/prds/b.md")
    said = clone.git("merge", "--no-edit", "other")
    assert "site/prds/b.md:3: REQ-777 is also a requirement in `site/prds/a.md`." in said
    assert "nowhere" not in said


def test_a_push_is_judged_by_what_it_brings(clone, tmp_path):
    """pre-push sees what came past pre-commit; what the other side has already is no reason."""
    team.git(clone.folder, "init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    clone.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    clone.commit(TEXT + "\nSee [old](nowhere.md).\n")
    clone.git("push", "--quiet", "origin", "main")
    clone.commit(TEXT + "\nSee [old](nowhere.md).\n\nMore.\n")
    clone.git("push", "--quiet", "origin", "main")
    clone.git("switch", "--quiet", "-c", "feature")
    clone.commit(TEXT + "\nSee [new](neverwhere.md).\n")
    said = clone.git("push", "origin", "feature", code=1)
    assert "There is no page `site/prds/neverwhere.md`." in said
    assert "Nothing was pushed." in said
    clone.git("push", "--quiet", "--no-verify", "origin", "feature")
    clone.git("push", "--quiet", "origin", ":feature")


def test_nothing_to_push_after_a_hook_of_ones_own(clone, tmp_path):
    """What stood on the standard input is kept for both; when it is nothing, it is nothing."""
    team.git(clone.folder, "init", "--quiet", "--bare", str(tmp_path / "origin.git"))
    clone.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    clone.prdgen("hooks", "uninstall")
    own = clone.folder / ".git" / "hooks" / "pre-push"
    own.write_text("#!/bin/sh\nexit 0\n")
    own.chmod(0o755)
    clone.prdgen("hooks", "install")
    for _ in range(2):
        assert "does not work" not in clone.git("push", "origin", "main")


def test_a_checkout_says_what_becomes_of_open_pages(clone):
    """When a server works on this clone, and only then."""
    assert "prdgen serves" not in clone.git("switch", "-c", "feature")
    settings = Settings(repository=clone.folder)
    with servers.joined(clone.folder / ".git/prdgen", settings, "http://127.0.0.1:8400"):
        said = clone.git("switch", "main")
        assert "serves this clone at http://127.0.0.1:8400" in said
        assert "this folder has the pages of main now." in said
        assert "prdgen serves" not in clone.git("checkout", "--", PAGE)


def test_hooks_outside_a_page_repository_stop_nobody(tmp_path):
    """A repository prdgen cannot work with: why, in one line, and the commit is made."""
    team.git(tmp_path, "init", "--quiet", "--object-format=sha256")
    prdgen = Prdgen(tmp_path)
    done = prdgen("hook", "pre-commit")
    assert done.stderr.startswith("prdgen: pre-commit was left out. ")
    assert done.stderr.count("\n") == 1


def test_an_unknown_hook_stops_nobody(clone):
    """hooks/ may be newer than the prdgen on somebody's machine."""
    assert "has nothing to do at post-rewrite" in clone.prdgen("hook", "post-rewrite").stderr


def test_install_again_and_uninstall(clone):
    """Idempotent, and nothing of it is left."""
    said = clone.prdgen("hooks", "install").stdout
    assert "merge driver: was set up already" in said
    assert "hooks: all were in" in said
    assert clone.git("status", "--porcelain") == ""
    clone.prdgen("hooks", "uninstall")
    assert "prdgen" not in clone.git("config", "--local", "--list")
    assert not list((clone.folder / ".git/hooks").glob("*[!e]"))
    clone.diverge(THEIRS, OURS)
    clone.git("merge", "other", code=1)


def test_a_linked_work_tree_has_them_too(clone):
    """Hooks and driver belong to all work trees of a clone."""
    clone.commit(TEXT)
    clone.git("worktree", "add", "--quiet", "-b", "linked", "../linked")
    linked = Clone(clone.folder.parent / "linked", hooks=False)
    linked.put(TEXT + "\nSee [more](nowhere.md).\n")
    assert "nowhere.md" in linked.git("commit", "-m", "broken", code=1)
    linked.commit(THEIRS)
    clone.commit(OURS)
    linked.git("merge", "--no-edit", "main")
    assert linked.page == BOTH


def test_hooks_elsewhere_are_left_alone(shop):
    """The merge driver is set up, and what to do about the hooks is said."""
    team.git(shop, "config", "core.hooksPath", "../all-hooks")
    prdgen = Prdgen(shop)
    done = prdgen("hooks", "install", code=1)
    assert "merge driver: set up" in done.stdout
    assert "To do: Call `prdgen hook NAME" in done.stderr
    assert not (shop.parent / "all-hooks").exists()
    prdgen("hooks", "install", "--shared")
    assert "PATH=" not in (shop.parent / "all-hooks/pre-commit").read_text()


def test_a_repository_that_chose_another_driver_keeps_it(shop):
    """Its .gitattributes count; prdgen's lines are shown."""
    team.put(shop, {".gitattributes": "*.md merge=union\n"})
    said = Prdgen(shop)("hooks", "install").stdout
    assert "left alone: .gitattributes has `merge=union`" in said
    assert "*.md merge=prdgen" in said
    assert not (shop / ".git/info/attributes").exists()
