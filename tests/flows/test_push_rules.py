"""What a push may not do: the rules it is told by name, and that nothing in it ever runs."""

import os
import subprocess

import pytest

from prdgen.flows import push
from prdgen.git.pushed import Pushed
from prdgen.store import access, people

from . import pushing
from .harness import fsck


@pytest.fixture
async def ruled(houses, repo, tmp_path):
    """A server whose repository says who may do what."""
    roles = f"{pushing.ROLES}folders:\n  legal: maintainer\n  legal/terms/: [zoe@example.org]\n"
    repo.put({".prdgen/roles.yml": roles, "theme/main.html": "x"})
    repo.put(
        {
            "mkdocs.yml": "site_name: Team\ndocs_dir: .\ntheme:\n  name: material\n  custom_dir: theme\n"
        }
    )
    repo.commit("Rules", legal__terms__use="# Use\n")
    async with pushing.serving(await houses(repo), tmp_path / "clones") as found:
        yield found


async def refused(clone, *words: str) -> str:
    """What the pusher is told; nothing was taken."""
    before = (await clone.run("ls-remote", "origin")).said
    done = await clone.push(*words)
    assert not done.ok
    assert (await clone.run("ls-remote", "origin")).said == before
    return done.said


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("mkdocs.yml", "mkdocs.yml"), ("site/overrides/main.html", "site/overrides/"),
        ("hooks/pre-commit", "hooks/"), (".gitattributes", ".gitattributes"),
        ("docs/.gitattributes", ".gitattributes"), (".gitmodules", ".gitmodules"),
        (".prdgen/roles.yml", ".prdgen/"), ("prdgen.toml", "prdgen.toml"),
        ("theme/main.html", "theme/"), ("MkDocs.yml", "mkdocs.yml"),
        ("mkdocs.yml ", "mkdocs.yml"), ("mkdocs.yml.", "mkdocs.yml"), ("mkdocs.yml::$DATA", "mkdocs.yml"),
        ("Hooks ./pre-push", "hooks/"),
    ],
)  # fmt: skip
async def test_protected_paths_are_for_owners(ruled, path, rule):
    """On every branch, named in the answer; an owner may."""
    for name in ("max", "olga"):
        clone = await ruled.clone(name)
        clone.put({path: "# changed\n"})
        clone.commit("Change")
        if name == "max":
            said = await refused(clone, "origin", "HEAD:draft")
            assert f"`{rule}` is protected, only owners change it" in said
            assert path in said
        elif path.lower().strip(" .") == path:
            assert (done := await clone.push("origin", "HEAD:draft")).ok, done.said


async def test_every_commit_of_a_push_is_looked_at(ruled):
    """A protected change that the next commit takes back was there all the same."""
    clone = await ruled.clone()
    clone.put({"hooks/x": "x"})
    clone.commit("In")
    (clone.path / "hooks/x").unlink()
    clone.commit("Out")
    assert "`hooks/` is protected" in await refused(clone)


async def test_a_merge_does_not_take_back_what_owners_wrote(ruled, repo):
    """`-s ours` shows no change in the merge itself; main as a whole counts."""
    clone = await ruled.clone()
    clone.commit("Mine", mine="# Mine\n")
    owner = await ruled.clone("olga")
    owner.put({"hooks/x": "x"})
    owner.commit("Owner's")
    assert (await owner.push()).ok
    assert (await clone.run("fetch", "--quiet")).ok
    assert (await clone.run("merge", "--quiet", "-s", "ours", "origin/main", "-m", "Merge")).ok
    assert "`hooks/` is protected" in await refused(clone)
    # Taken in honestly, the owner's change is nobody's fault.
    clone.git("reset", "--quiet", "--hard", "HEAD~1")
    assert (await clone.run("merge", "--quiet", "origin/main", "-m", "Merge")).ok
    assert (done := await clone.push()).ok, done.said


async def test_folders_say_who_writes_there(ruled):
    """The longest folder counts: a role, or people by address."""
    for name, path, ok in (
        ("bob", "legal/a", False), ("max", "legal/a", True), ("max", "legal/terms/use", False),
        ("zoe", "legal/terms/use", True), ("zoe", "legal/b", False), ("olga", "legal/terms/x", True),
        ("bob", "free", True),
    ):  # fmt: skip
        clone = await ruled.clone(name)
        clone.commit(f"By {name}", **{path.replace("/", "__"): f"# By {name}\n"})
        done = await clone.push()
        assert done.ok == ok, f"{name} {path}: {done.said}"
        assert ok or ("writing takes" in done.said and ".prdgen/roles.yml" in done.said)


async def test_rules_are_read_from_main_only(ruled):
    """A draft that makes everybody an owner makes nobody one."""
    owner = await ruled.clone("olga")
    owner.put({".prdgen/roles.yml": "default: owner\n"})
    owner.commit("Generous")
    assert (await owner.push("origin", "HEAD:draft")).ok
    clone = await ruled.clone("bob", "--branch", "draft")
    clone.put({"mkdocs.yml": "site_name: Mine\n"})
    clone.commit("Mine")
    assert "`mkdocs.yml` is protected" in await refused(clone)


async def test_readers_fetch_and_do_not_push(ruled):
    """By their role, or with a token that only reads; they hear why."""
    for name, scope, why in (
        ("rita", "write", "may not push: that takes the role editor"),
        ("max", "read", "token may only read, and not push"),
    ):
        clone = await ruled.clone(name, scope=scope)
        assert (await clone.run("fetch")).ok
        clone.commit("Mine", mine="# Mine\n")
        said = await refused(clone)
        assert why in said


async def test_a_token_that_is_revoked_while_a_push_comes(ruled, repo, monkeypatch):
    """A large push takes minutes; what counts is who may push when all of it is there."""
    clone, before, judged = await ruled.clone("bob"), repo.tip(), push._judged
    clone.commit("Mine", mine="# Mine\n")

    async def revoked(app, *rest):
        async with app.store.transaction() as tx:
            bob = await people.get_by_email(tx, "bob@example.org")
            for token in await access.list_tokens(tx, bob.id):
                await access.revoke_token(tx, bob.id, token.id)
        return await judged(app, *rest)

    monkeypatch.setattr(push, "_judged", revoked)
    done = await clone.push()
    assert not done.ok
    assert "the token was revoked" in done.said
    assert repo.tip() == before


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("HEAD:refs/prdgen/reviews/1", "`refs/prdgen/` is written by prdgen only"),
        ("HEAD:refs/notes/x", "only branches"),
        ("HEAD:refs/heads/--upload-pack=touch", "would not take this name"),
        ("HEAD:refs/heads/-c", "would not take this name"),
        ("HEAD:refs/heads/HEAD", "may not be called HEAD"),
        ("HEAD:refs/heads/refs/heads/main", "begin with refs/"),
        ("HEAD:refs/tags/refs/heads/main", "begin with refs/"),
        ("HEAD:refs/tags/main", "may not be called as the main branch"),
        (f"HEAD:refs/heads/draft/{'x' * 251}", "a part of this name is longer than 250 bytes"),
        (f"HEAD:refs/tags/{'x' * 251}", "a part of this name is longer than 250 bytes"),
        (":main", "not deleted by a push"),
    ],
)
async def test_refs_that_are_not_taken(ruled, to, words):
    """Options in a name's clothes, prdgen's own refs, the end of main, and names with which nobody
    could say `git push origin main` any more.
    """
    clone = await ruled.clone("olga")
    assert words in await refused(clone, "origin", to)


def tree_of(clone, entries: bytes) -> str:
    """A commit on HEAD whose tree has these raw entries."""
    done = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"], cwd=clone.path,
        input=entries, capture_output=True, check=True,
    )  # fmt: skip
    return clone.git("commit-tree", "-p", "HEAD", "-m", "Odd", done.stdout.decode().strip())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (b".git", "hasDotgit"), (b"..", "hasDotdot"), (b".GIT", "hasDotgit"), (b"a\\b.md", "backslash"),
        (b"caf\xe9.md", "not UTF-8"), (b"new\nline.md", "control character"),
        (b"cafe\xcc\x81.md", "normal form C"), (b"ONE.md", "take it for"),
        (b"n" * 253 + b".md", "longer than 255 bytes"),
    ],
)  # fmt: skip
async def test_paths_that_are_not_taken(ruled, repo, name, words):
    """Nothing that escapes, hides, or that some system cannot keep, not even from an owner."""
    clone = await ruled.clone("olga")
    blob = bytes.fromhex(clone.git("rev-parse", "HEAD:one.md"))
    both = sorted(
        [b"100644 " + name + b"\0" + blob, b"100644 one.md\0" + blob], key=lambda e: e[7:]
    )
    made = tree_of(clone, b"".join(both))
    assert words in await refused(clone, "origin", f"{made}:refs/heads/main")
    assert fsck(repo) == ""


@pytest.mark.parametrize("ref", ["refs/heads/new", "refs/tags/new"])
async def test_a_new_branch_brings_no_twins_either(ruled, repo, ref):
    """Two names that are one to some systems: nothing of the branch was there to compare with."""
    clone = await ruled.clone("olga")
    blob = bytes.fromhex(clone.git("rev-parse", "HEAD:one.md"))
    made = tree_of(clone, b"100644 ONE.md\0" + blob + b"100644 one.md\0" + blob)
    assert "take it for one.md" in await refused(clone, "origin", f"{made}:{ref}")
    lone = clone.git("rev-parse", "HEAD:one.md")
    assert (done := await clone.push("origin", f"{lone}:refs/tags/text", f"HEAD:{ref}")).ok, (
        done.said
    )


async def test_a_history_with_modes_of_old_programs_is_taken(ruled, repo):
    """Git reads them as ones it knows, and nobody can change what was committed years ago."""
    clone = await ruled.clone("olga")
    blob = bytes.fromhex(clone.git("rev-parse", "HEAD:one.md"))
    made = tree_of(clone, b"100664 one.md\0" + blob)
    assert (done := await clone.push("origin", f"{made}:refs/heads/new")).ok, done.said
    assert repo.opened.blobs(made, ["one.md"]) == {"one.md": blob.hex()}


async def test_a_link_of_another_mode_is_a_link(ruled):
    """It is checked out as one."""
    clone = await ruled.clone("olga")
    blob = bytes.fromhex(clone.git("hash-object", "-w", "--stdin", data="/etc/passwd"))
    made = tree_of(clone, b"120777 leak.md\0" + blob)
    said = await refused(clone, "origin", f"{made}:refs/heads/new")
    assert "leads out of the repository" in said


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../../etc/passwd", "legal/../../x", ".git/config", "legal/terms/../.."],
)
async def test_links_that_lead_out_are_not_taken(ruled, target):
    """Whoever follows one on the server would be somewhere else."""
    clone = await ruled.clone("olga")
    (clone.path / "leak.md").symlink_to(target)
    clone.commit("Leak")
    assert "leads out of the repository" in await refused(clone)
    (clone.path / "leak.md").unlink()
    (clone.path / "legal/fine.md").symlink_to("../one.md")
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--amend", "-m", "Fine")
    assert (done := await clone.push()).ok, done.said


async def test_a_push_into_git_itself_is_not_taken(ruled, repo):
    """`.git/config` in a pushed tree would configure the server's Git."""
    before = (repo.path / ".git/config").read_bytes()
    clone = await ruled.clone("olga")
    inner = clone.git(
        "mktree", data=f"100644 blob {clone.git('rev-parse', 'HEAD:one.md')}\tconfig\n"
    )
    made = tree_of(clone, b"40000 .git\0" + bytes.fromhex(inner))
    assert "hasDotgit" in await refused(clone, "origin", f"{made}:refs/heads/main")
    assert (repo.path / ".git/config").read_bytes() == before


async def test_nothing_that_is_pushed_runs(ruled, repo, tmp_path):
    """Hooks in the tree, in .git/hooks, or named by the configuration, and filters: none of them."""
    ran = tmp_path / "ran"
    script = f"#!/bin/sh\ntouch {ran}\n"
    for name in ("pre-receive", "update", "post-receive", "post-update", "reference-transaction",
                 "push-to-checkout", "proc-receive", "post-checkout", "post-index-change"):  # fmt: skip
        for folder in ("hooks", ".git/hooks"):
            repo.put({f"{folder}/{name}": script})
            (repo.path / folder / name).chmod(0o755)
    repo.git("config", "core.fsmonitor", f"touch {ran}")
    repo.git("config", "filter.evil.smudge", f"touch {ran}; cat")
    owner = await ruled.clone("olga")
    owner.put(
        {".gitattributes": "*.bin filter=evil\n", "hooks/post-receive": script, "x.bin": "x\n"}
    )
    owner.commit("Filter")
    ran.unlink(missing_ok=True)
    done = await owner.push()
    assert done.ok, done.said
    assert "x.bin: Git keeps it behind the filter evil" in done.said
    assert not ran.exists()


async def test_a_push_over_the_limit_is_refused_with_the_limit(houses, repo, tmp_path):
    """Whether Git sends it in one piece or in many; nothing of it stays."""
    house = await houses(repo, push_limit=300_000)
    async with pushing.serving(house, tmp_path / "clones") as server:
        clone = await server.clone()
        clone.put({"noise.bin": os.urandom(4_000_000)})
        clone.commit("Noise")
        said = await refused(clone)
        assert "push_limit" in said
        assert "300000" in said
        clone.git("config", "http.postBuffer", "100000000")
        assert "413" in await refused(clone)
        clone.git("reset", "--quiet", "--hard", "HEAD~1")
        clone.commit("Small", small="# Small\n")
        assert (await clone.push()).ok
    assert fsck(repo) == ""
    assert not list((repo.path / ".git/objects").glob("*incoming*"))


async def test_twins_that_came_by_a_detour(ruled, repo):
    """They were here for one commit and were taken back: no branch begins there, or is moved there."""
    clone = await ruled.clone("olga")
    head, tree = clone.git("rev-parse", "HEAD"), clone.git("rev-parse", "HEAD^{tree}")
    blob = bytes.fromhex(clone.git("rev-parse", "HEAD:one.md"))
    bad = tree_of(clone, b"100644 ONE.md\0" + blob + b"100644 one.md\0" + blob)
    good = clone.git("commit-tree", tree, "-p", bad, "-m", "Back")
    for tip in (head, good):
        assert (done := await clone.push("origin", f"{tip}:refs/heads/side")).ok, done.said
    said = await refused(clone, "origin", f"{bad}:refs/heads/new")
    assert "refs/heads/new: ONE.md: some systems take it for one.md" in said
    assert (await clone.push("origin", "HEAD:refs/tags/v1")).ok
    assert "refs/tags/v1: ONE.md" in await refused(
        clone, "--force", "origin", f"{bad}:refs/tags/v1"
    )


async def test_twins_that_were_here_before_are_nobodys_fault(ruled, repo):
    """A branch that has them is renamed and gone on with."""
    clone = await ruled.clone("olga")
    blob = bytes.fromhex(clone.git("rev-parse", "HEAD:one.md"))
    bad = tree_of(clone, b"100644 ONE.md\0" + blob + b"100644 one.md\0" + blob)
    more = clone.git("commit-tree", f"{bad}^{{tree}}", "-p", bad, "-m", "More")
    repo.git("fetch", "--quiet", str(clone.path), bad)
    repo.git("branch", "old", bad)
    done = await clone.push("origin", ":old", f"{bad}:refs/heads/new", f"{more}:refs/heads/next")
    assert done.ok, done.said


async def test_many_refs_at_one_tree_are_looked_at_once(ruled, monkeypatch):
    """Each listing of a large tree takes its time."""
    asked = []
    real = Pushed.lookalikes
    monkeypatch.setattr(Pushed, "lookalikes", lambda *words: asked.append(1) or real(*words))
    clone = await ruled.clone("olga")
    clone.commit("New", new="# New\n")
    refs = [f"HEAD:refs/heads/d{number}" for number in range(9)]
    assert (done := await clone.push("origin", *refs)).ok, done.said
    assert len(asked) == 1


async def test_a_branch_that_nobody_can_name_may_go(ruled, repo):
    """It came by another way, and is in the way of `git push origin main`."""
    clone = await ruled.clone("olga")
    repo.git("update-ref", "refs/heads/refs/heads/old", "main")
    assert (done := await clone.push("origin", ":refs/heads/refs/heads/old")).ok, done.said
    assert "refs/heads/old" not in repo.opened.branches()
