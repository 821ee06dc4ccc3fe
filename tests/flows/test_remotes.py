"""A remote: commits go there and come from there, merged with what is typed (trap 10, both ways)."""

import asyncio

import pytest
from git.repos import Repo

from prdgen.flows import checked_out, remote_wanted
from prdgen.git.errors import RemoteUnclear
from prdgen.store import conflicts, notifications, people
from prdgen.store.errors import StoreUnavailable

from .conftest import ONE
from .harness import fsck, until
from .remotes import FAR, clone_of, hub_of, known, push, state, trade


@pytest.fixture
def hub(repo, tmp_path):
    return hub_of(repo, tmp_path / "hub.git")


@pytest.fixture
def bob(hub, tmp_path):
    return clone_of(hub, tmp_path / "bob")


@pytest.fixture
async def house(houses, repo, hub):
    """A house that exchanges with origin when a test has its jobs done."""
    return await houses(repo, **FAR)


async def test_a_commit_here_is_pushed(house, repo, hub):
    """A version that a person saves is at the remote, under their name; `git status` knows."""
    editor = await house.editor()
    await editor.write(" typed", after="first line")
    await house.save("ann", "Say more")
    await house.work()
    assert hub.git("rev-parse", "main") == repo.tip() == repo.git("rev-parse", "origin/main")
    assert hub.git("log", "-1", "--format=%an %s", "main") == "Ann Say more"
    assert "typed" in hub.git("show", "main:one.md")
    assert (known(house).ahead, known(house).behind) == (0, 0)


async def test_a_commit_there_is_in_the_open_browsers(house, repo, bob):
    """Also in the files and the index of the folder, which is as clean as before."""
    editor = await house.editor()
    await editor.write(" typed", after="first line")
    bob.commit("Edit", one=ONE.replace("third", "pushed"), new="# New\n")
    pushed = push(bob)
    await trade(house)
    await editor.until(lambda: "pushed line" in editor.text and "first line typed" in editor.text)
    assert repo.tip() == pushed
    assert (repo.path / "new.md").read_text() == "# New\n"
    await until(lambda: "pushed line" in (repo.path / "one.md").read_text())
    await house.save()
    await until(lambda: repo.status() == "")
    assert fsck(repo) == ""


async def test_both_at_once_are_merged_and_pushed(house, repo, hub, bob):
    """A merge commit of both; every word of both is there and here; nothing was forced."""
    editor = await house.editor()
    bob.commit("Edit", one=ONE.replace("third", "pushed"), other="# Other\n\nby bob\n")
    theirs = push(bob)
    await editor.write(" typed", after="first line")
    await house.save()
    ours = repo.tip()
    await house.work()
    assert hub.git("rev-parse", "main") == repo.tip()
    assert hub.git("log", "-1", "--format=%P", "main").split() == [ours, theirs]
    text = hub.git("show", "main:one.md")
    assert "first line typed" in text
    assert "pushed line" in text
    await editor.until(lambda: editor.text.rstrip("\n") == text)
    await until(lambda: repo.status() == "")
    assert (repo.path / "other.md").read_text() == "# Other\n\nby bob\n"
    assert (fsck(repo), fsck(hub)) == ("", "")


async def test_the_same_words_stand_twice_and_people_are_told(house, repo, hub, bob):
    """Both versions on whole lines, in the page, at the remote and in the list of conflicts."""
    editor = await house.editor()
    bob.commit("Edit", one=ONE.replace("second line", "zweite Zeile"))
    push(bob)
    await editor.replace("second line", "deuxième ligne")
    await house.save()
    await trade(house)
    await editor.until(lambda: "zweite Zeile" in editor.text and "deuxième" in editor.text)
    assert hub.git("rev-parse", "main") == repo.tip()
    async with house.app.store.transaction() as tx:
        (found,) = await conflicts.list_open(tx, house.live().id)
    assert (found.ours, found.theirs) == ("deuxième ligne\n", "zweite Zeile\n")
    assert ("git.conflict.detected", "one.md") in [
        tuple(each) for each in await house.events("git.conflict.detected")
    ]
    assert known(house).clashes == (
        "one.md: both sides changed the same words; both versions stand",
    )


async def test_another_file_that_both_changed_is_kept_twice(house, repo, hub, bob):
    """Theirs stays where builds look for it, ours is beside it; the merge is whole."""
    for each, value in ((bob, "blue"), (repo, "red")):
        each.put({"css/extra.css": f"a {{ color: {value} }}\n", "both.txt": "same\n"})
        each.commit(f"Make it {value}")
    push(bob)
    ours = repo.tip()
    await trade(house)
    beside = f"css/extra.ours-{ours[:8]}.css"
    assert hub.git("rev-parse", "main") == repo.tip()
    assert hub.git("show", "main:css/extra.css") == "a { color: blue }"
    assert hub.git("show", f"main:{beside}") == "a { color: red }"
    assert (repo.path / beside).read_text() == "a { color: red }\n"
    assert repo.status() == ""
    assert [tuple(each) for each in await house.events("git.conflict.detected")] == [
        ("git.conflict.detected", "css/extra.css")
    ]


async def test_what_one_side_deleted_and_the_other_edited_is_told(house, repo, hub, bob):
    """It is there as it was edited, and whoever deleted it hears of that."""
    bob.commit("Edit", other="# Other\n\nby bob\n")
    push(bob)
    repo.git("rm", "--quiet", "other.md")
    repo.git("commit", "--quiet", "--message", "Remove")
    await trade(house)
    assert "by bob" in repo.git("show", "main:other.md")
    assert known(house).clashes == (
        "other.md: deleted here and edited there; it is there as it was edited",
    )
    assert [tuple(each) for each in await house.events("git.conflict.detected")] == [
        ("git.conflict.detected", "other.md")
    ]


async def test_a_branch_that_is_checked_out_nowhere(house, repo, hub, bob):
    """Someone has a page of it open: both directions, and nothing is written to a folder."""
    repo.git("branch", "draft")
    editor = await house.editor(branch="draft")
    await editor.write(" typed", after="first line")
    await house.save(branch="draft")
    await house.work()
    assert hub.git("rev-parse", "draft") == repo.tip("draft")
    bob.git("fetch", "--quiet")
    bob.git("switch", "--quiet", "draft")
    bob.commit("Edit", one=(bob.path / "one.md").read_text().replace("third", "pushed"))
    push(bob)
    await trade(house)
    await editor.until(lambda: "pushed line" in editor.text)
    assert repo.tip("draft") == bob.git("rev-parse", "HEAD")
    assert (repo.path / "one.md").read_text() == ONE
    assert hub.git("rev-parse", "main") == repo.tip("main")


async def test_branches_by_pattern_come_and_go_by_themselves(houses, repo, hub, bob):
    """`remote_branches`: made there is made here, and the other way; others and `recovered/` stay."""
    house = await houses(repo, remote_branches=("team/*",), **FAR)
    for name in ("team/theirs", "else"):
        bob.git("branch", name)
    push(bob, "team/theirs", "else")
    for name in ("team/ours", "mine", "recovered/ann-1"):
        repo.git("branch", name)
    await trade(house)
    assert set(repo.opened.branches()) == {
        "main", "team/theirs", "team/ours", "mine", "recovered/ann-1",
    }  # fmt: skip
    assert set(hub.git("branch", "--format=%(refname:short)").split()) == {
        "main", "team/theirs", "team/ours", "else",
    }  # fmt: skip
    repo.git("branch", "-D", "team/theirs")
    await trade(house)
    assert repo.tip("team/theirs") is None
    assert hub.git("rev-parse", "team/theirs")


async def test_edited_files_of_the_folder_stay(house, repo, bob):
    """What somebody edited there and did not commit is not touched, a page of it merged when opened."""
    repo.put({"notes.txt": "one\ntwo\n"})
    repo.commit("Notes")
    await trade(house)
    bob.git("pull", "--quiet")
    bob.put({"notes.txt": "one\ntwo\nthree\n"})
    bob.commit("More", other="# Other\n\nother, by bob\n")
    push(bob)
    repo.put({"notes.txt": "edited\n", "other.md": "# Other by hand\n\nother\n"})
    repo.put({"staged.txt": "staged\n"})
    repo.git("add", "staged.txt")
    await trade(house)
    assert repo.tip() == bob.git("rev-parse", "HEAD")
    assert (repo.path / "notes.txt").read_text() == "edited\n"
    assert "A  staged.txt" in repo.status()
    editor = await house.editor(page="other.md")
    await editor.until(lambda: "by hand" in editor.text and "by bob" in editor.text)


async def test_a_merge_under_way_in_the_folder_is_waited_for(house, repo, bob):
    """Nothing moves before it ends; then all of it comes."""
    bob.commit("Edit", other="# Other\n\nby bob\n")
    pushed = push(bob)
    repo.git("switch", "--quiet", "-c", "side")
    repo.commit("Side", one=ONE.replace("first", "1st"))
    repo.git("switch", "--quiet", "main")
    ours = repo.commit("Main", one=ONE.replace("first", "erste"))
    repo.git("merge", "side", ok=False)
    await trade(house)
    assert repo.tip() == ours
    assert "a merge is under way" in known(house).waits
    repo.git("merge", "--abort")
    (repo.path / ".git/index.lock").touch()
    await trade(house)
    assert (repo.tip(), "index.lock" in known(house).waits) == (ours, True)
    (repo.path / ".git/index.lock").unlink()
    await trade(house)
    assert repo.opened.is_ancestor(pushed, repo.tip())
    assert known(house).waits == ""


async def test_a_force_push_there_is_followed(house, repo, hub, bob):
    """Its history is ours then; the commits only we had come on top, by whom they were."""
    editor = await house.editor()
    bob.commit("Secret", other="# Other\n\nsecret\n")
    push(bob)
    await trade(house)
    await editor.write(" committed", after="first line")
    await house.save()
    ours = repo.tip()
    await editor.write(" typed", after="third line")
    bob.git("reset", "--quiet", "--hard", "HEAD~1")
    bob.commit("Instead", other="# Other\n\nharmless\n")
    rewritten = push(bob, "--force", "HEAD")
    await trade(house)
    assert hub.git("rev-parse", "main") == repo.tip() != ours
    assert hub.git("log", "--format=%an %P", "-1", "main") == f"Ann {rewritten}"
    assert not repo.opened.is_ancestor(ours, repo.tip())
    assert "committed" in hub.git("show", "main:one.md")
    assert "harmless" in (repo.path / "other.md").read_text()
    await editor.until(lambda: "committed" in editor.text and "third line typed" in editor.text)
    assert editor.text.count("committed") == editor.text.count("typed") == 1
    assert fsck(repo) == ""


async def test_another_file_that_a_force_push_changed_too_is_kept_twice(house, repo, hub, bob):
    """As in a merge: theirs stays in its place; ours, as our last commit has it, is beside it."""
    bob.commit("Page", new="# New\n")
    push(bob)
    await trade(house)
    for value in ("red", "green"):
        repo.put({"css/extra.css": f"a {{ color: {value} }}\n"})
        repo.commit(f"Make it {value}")
    ours = repo.tip()
    bob.git("commit", "--quiet", "--amend", "--message", "Page, again")
    bob.put({"css/extra.css": "a { color: blue }\n"})
    bob.commit("Make it blue")
    push(bob, "--force", "HEAD")
    await trade(house)
    beside = f"css/extra.ours-{ours[:8]}.css"
    assert hub.git("rev-parse", "main") == repo.tip()
    assert hub.git("show", "main:css/extra.css") == "a { color: blue }"
    assert hub.git("show", f"main:{beside}") == "a { color: green }"
    assert (repo.path / beside).read_text() == "a { color: green }\n"
    assert repo.git("log", "-2", "--format=%s") == "Make it green\nMake it red"
    assert repo.status() == ""
    assert known(house).clashes == (
        f"css/extra.css: both sides changed it; what was here is kept as {beside}",
    )


async def test_a_force_push_there_when_we_have_nothing_of_our_own(house, repo, hub, bob):
    """Only the branch moves back; nothing is pushed over it."""
    first = repo.tip()
    bob.commit("Mistake", other="# Other\n\nmistake\n")
    push(bob)
    await trade(house)
    bob.git("reset", "--quiet", "--hard", first)
    push(bob, "--force", "HEAD")
    await trade(house)
    assert repo.tip() == hub.git("rev-parse", "main") == first
    assert "mistake" not in (repo.path / "other.md").read_text()
    assert repo.status() == ""


async def test_history_rewritten_here_is_for_a_person(house, repo, hub):
    """Neither forced out nor undone; the two commands in the hint each settle it."""
    repo.commit("Sent", other="# Other\n\nsent\n")
    await trade(house)
    sent = repo.tip()
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    ours = repo.commit("Instead", other="# Other\n\ninstead\n")
    await trade(house)
    assert (repo.tip(), hub.git("rev-parse", "main")) == (ours, sent)
    assert "rewritten here" in known(house).decide
    words = known(house).hint.split("`")[1].split()
    assert words[:2] == ["git", "push"]
    repo.git(*words[1:], "--quiet")
    await trade(house)
    assert known(house).decide == ""
    assert repo.tip() == hub.git("rev-parse", "main") == ours


async def keeper(house):
    """A maintainer, who is told of such things."""
    async with house.app.store.transaction() as tx:
        return await people.create(tx, "Max", "max@example.org", "#123456", "maintainer")


async def told(house, person):
    async with house.app.store.transaction() as tx:
        return [each.title for each in reversed(await notifications.newest(tx, person.id))]


async def test_what_a_person_is_to_decide_is_told_once(house, repo, hub):
    """To maintainers and owners; again only when it comes again."""
    max_ = await keeper(house)
    for number in (1, 2):
        repo.commit("Sent", other=f"# Other\n\nsent {number}\n")
        await trade(house)
        assert len(await told(house, max_)) == number - 1
        repo.git("reset", "--quiet", "--hard", "HEAD~1")
        repo.commit("Instead", other=f"# Other\n\ninstead {number}\n")
        await trade(house)
        await trade(house)
        assert len(await told(house, max_)) == number
        repo.git("push", "--quiet", "--force", "origin", "main")
        await trade(house)
    assert "its history was rewritten here" in (await told(house, max_))[0]
    assert await told(house, house.people["ann"]) == []


async def test_what_could_not_be_told_is_told_with_the_next_look(house, repo, hub, monkeypatch):
    """The store was away at that moment; once, though nothing new is to be told then."""
    max_ = await keeper(house)

    async def away(*_, **__):
        raise StoreUnavailable(where="the store")

    repo.commit("Sent", other="# Other\n\nsent\n")
    await trade(house)
    repo.git("reset", "--quiet", "--hard", "HEAD~1")
    repo.commit("Instead", other="# Other\n\ninstead\n")
    with monkeypatch.context() as patch:
        patch.setattr(notifications, "notify", away)
        await trade(house)
        await trade(house)
    assert await told(house, max_) == []
    for _ in range(2):
        await trade(house)
        (title,) = await told(house, max_)
        assert "its history was rewritten here" in title


async def test_files_that_are_left_are_told(house, repo, hub, bob):
    """As to who pushes: which files of the folder are not as the remote's commits have them."""
    max_ = await keeper(house)
    repo.put({"notes.txt": "notes\n"})
    repo.git("add", "notes.txt")
    repo.git("commit", "-q", "-m", "notes")
    await trade(house)
    repo.put({"notes.txt": "by hand\n"})
    bob.git("pull", "-q")
    bob.put({"notes.txt": "pushed\n"})
    bob.git("commit", "-qam", "Edit")
    push(bob)
    await trade(house)
    assert (repo.path / "notes.txt").read_text() == "by hand\n"
    (title,) = await told(house, max_)
    assert title.startswith(
        "The remote's commits came to main; left as they are in the server's folder:"
    )
    assert "notes.txt" in title


@pytest.mark.parametrize("where", ["fetch._left", "landing._keep_news", "checked_out.follow"])
async def test_files_that_are_left_are_told_after_a_kill_too(
    house, repo, hub, bob, monkeypatch, where
):
    """Killed while the files follow, or between that and the telling: told once, with the next look."""
    max_ = await keeper(house)
    await trade(house)
    repo.put({"other.md": "# Other\n\nedited in the folder\n"})
    bob.commit("Other", other="# Other\n\nfrom bob\n")
    push(bob)

    def killed(*_, **__):
        raise KeyboardInterrupt

    async def nobody(*_):
        """What a killed process tells."""

    with monkeypatch.context() as patch:
        patch.setattr(f"prdgen.flows.{where}", killed)
        patch.setattr("prdgen.flows.news.to_keepers", nobody)
        with pytest.raises(KeyboardInterrupt):
            await trade(house)
    for _ in range(2):
        await trade(house)
        (title,) = await told(house, max_)
        assert title.startswith(
            "The remote's commits came to main; left as they are in the server's folder: other.md"
        )
    assert repo.status().split() == ["M", "other.md"]


async def test_a_branch_deleted_there_is_for_a_person(house, repo, hub):
    """It is not made again; pushed by hand it goes on, also main."""
    await trade(house)
    hub.git("update-ref", "-d", "refs/heads/main")
    repo.commit("More", other="# Other\n\nmore\n")
    await trade(house)
    assert "deleted there" in known(house).decide
    assert known(house).hint.endswith("(`git push origin main`).")
    assert hub.git("branch", "--list") == ""
    repo.git("push", "--quiet", "origin", "main")
    repo.commit("Even more", other="# Other\n\neven more\n")
    await trade(house)
    assert known(house).decide == ""
    assert hub.git("rev-parse", "main") == repo.tip()


async def test_a_main_branch_that_has_another_name_there_is_for_a_person(
    house, repo, hub, tmp_path
):
    """Who reads it is told the name, also days and commits later, and what to do to follow; nobody is told
    to delete main here, nor a name that somebody's branch has.
    """
    await trade(house)
    hub.git("branch", "alice/idea", "main")
    hub.git("branch", "-m", "main", "trunk")
    await trade(house)
    assert "the main branch there is trunk" in known(house).decide
    clone = clone_of(hub, tmp_path / "carl")
    clone.commit("On trunk", new="# New\n")
    push(clone)
    for _ in range(2):
        await trade(house)
        found = known(house)
        assert "the main branch there is trunk" in found.decide
        assert "`git branch -m main trunk`" in found.hint
        assert "delete" not in found.hint
    hub.git("branch", "-m", "trunk", "main")
    await trade(house)
    assert known(house).decide == ""


@pytest.mark.parametrize(
    ("globs", "commands"),
    [((), "`git branch -m main trunk`"), (("*",), "`git switch trunk` and `git merge main`")],
)
async def test_who_does_what_the_hint_says_follows_the_new_name(houses, repo, hub, globs, commands):
    """Also where the branch came here by its new name at once. What was typed is there, too, and the old name
    is not made again there.
    """
    house = await houses(repo, **FAR, remote_branches=globs)
    editor = await house.editor()
    await trade(house)
    hub.git("branch", "-m", "main", "trunk")
    await editor.write(" typed", after="first line")
    for _ in range(2):
        await trade(house)
        assert known(house).hint.startswith(
            f"If it was renamed there: stop the server, {commands} in the clone, and start the "
            "server with `main_branch` (PRDGEN_MAIN_BRANCH) set to trunk."
        )
    await house.close()
    house.stack = None
    for command in commands.strip("`").split("` and `"):
        repo.git(*command.split()[1:])
    house = await houses(repo, **FAR, main_branch="trunk", remote_branches=globs)
    for _ in range(2):
        await trade(house)
    assert (known(house, "trunk").decide, known(house, "trunk").waits) == ("", "")
    assert "typed" in hub.git("show", "trunk:one.md")
    assert hub.git("branch", "--format=%(refname:short)") == "trunk"


async def test_a_draft_merged_and_deleted_there_asks_nobody(house, repo, hub):
    """As after a pull request: nothing of it is only here, so nobody has to decide anything."""
    repo.git("branch", "draft")
    editor = await house.editor(branch="draft")
    await editor.write(" typed", after="first line")
    await house.save(branch="draft")
    await house.work()
    hub.git("update-ref", "refs/heads/main", "refs/heads/draft")
    hub.git("update-ref", "-d", "refs/heads/draft")
    await trade(house)
    assert repo.tip() == repo.tip("draft") == hub.git("rev-parse", "main")
    assert known(house, "draft").decide == ""
    assert "deleted there" in known(house, "draft").waits
    await editor.write(" more", after="first line")
    await house.save(branch="draft")
    await house.work()
    assert "commits of its own" in known(house, "draft").decide
    assert hub.git("branch", "--list", "draft") == ""


async def test_an_empty_remote_gets_main(houses, repo, tmp_path):
    """Given by its address: no name in Git's configuration is needed or made."""
    repo.git("init", "--quiet", "--bare", str(tmp_path / "new.git"))
    house = await houses(repo, **{**FAR, "remote": str(tmp_path / "new.git")})
    await trade(house)
    assert Repo(tmp_path / "new.git").git("rev-parse", "main") == repo.tip()
    assert repo.git("remote") == ""
    assert (known(house).ahead, known(house).behind) == (0, 0)


async def test_unrelated_history_is_for_a_person(houses, repo, tmp_path):
    """Nothing is merged, nothing pushed, and typing goes on."""
    hub, stranger = hub_of(repo, tmp_path / "hub.git"), clone_of(repo, tmp_path / "stranger")
    stranger.git("switch", "--quiet", "--orphan", "new")
    theirs = stranger.commit("Other beginnings", other="# Else\n")
    stranger.git("push", "--quiet", "--force", str(hub.path), "new:main")
    house = await houses(repo, **FAR)
    ours = repo.tip()
    await trade(house)
    assert (repo.tip(), hub.git("rev-parse", "main")) == (ours, theirs)
    assert "begin with different commits" in known(house).decide
    editor = await house.editor()
    await editor.write(" typed", after="first line")
    await house.save()


async def test_somebody_pushes_between_our_look_and_our_push(house, repo, hub, bob, tmp_path):
    """A hook of the remote has Bob win the race, twice; ours is merged and taken in the same job."""
    for number in range(2):
        bob.git("switch", "--quiet", "-c", f"ready{number}")
        bob.commit(f"Bob {number}", **{f"bob{number}": f"# Bob {number}\n"})
    push(bob, "ready0", "ready1")
    hub.put({
        "hooks/pre-receive": "#!/bin/sh\nunset GIT_QUARANTINE_PATH\nfor n in 0 1; do\n"
        'if git rev-parse -q --verify "refs/heads/ready$n" >/dev/null; then\n'
        'git update-ref refs/heads/main "refs/heads/ready$n"; git update-ref -d "refs/heads/ready$n"\n'
        "echo 'main moved meanwhile'; exit 1; fi; done\n"
    })  # fmt: skip
    (hub.path / "hooks/pre-receive").chmod(0o755)
    repo.commit("Ours", other="# Other\n\nours\n")
    await trade(house)
    assert hub.git("rev-parse", "main") == repo.tip()
    names = hub.git("ls-tree", "--name-only", "main").split()
    assert {"bob0.md", "bob1.md", "one.md", "other.md"} <= set(names)
    assert "ours" in hub.git("show", "main:other.md")
    assert (repo.status(), fsck(repo)) == ("", "")


async def test_a_push_that_is_refused_is_said_in_words(house, repo, hub, bob):
    """What comes from there still comes; the same commit is not tried again at once."""
    hub.put(
        {
            "hooks/pre-receive": "#!/bin/sh\necho 'main is protected: use a pull request' >&2\nexit 1\n"
        }
    )
    editor = await house.editor()
    bob.commit("Edit", other="# Other\n\nby bob\n")
    theirs = push(bob)
    (hub.path / "hooks/pre-receive").chmod(0o755)
    await editor.write(" typed", after="first line")
    await house.save()
    await house.work()
    assert "main is protected: use a pull request" in known(house).refused
    assert hub.git("rev-parse", "main") == theirs
    assert "by bob" in (repo.path / "other.md").read_text()
    assert state(house).failure == ""
    pushed_at = state(house).pushed_at
    await trade(house)
    assert state(house).pushed_at == pushed_at
    (hub.path / "hooks/pre-receive").unlink()
    await editor.write(" more", after="first line")
    await house.save()
    await house.work()
    assert (known(house).refused, hub.git("rev-parse", "main")) == ("", repo.tip())


async def test_a_push_that_is_refused_in_other_words_is_told_once(house, repo, hub):
    """Each commit has its own name in what the remote says; told again when it was taken in between."""
    async with house.app.store.transaction() as tx:
        keeper = await people.create(tx, "Max", "max@example.org", "#123456", "maintainer")

    async def told():
        async with house.app.store.transaction() as tx:
            return len(await notifications.newest(tx, keeper.id))

    hook = hub.path / "hooks/pre-receive"
    for again in (1, 2):
        hub.put({"hooks/pre-receive": '#!/bin/sh\nread a b c\necho "not signed: $b" >&2\nexit 1\n'})
        hook.chmod(0o755)
        for number in range(3):
            repo.commit("Ours", other=f"# Other\n\n{again} {number}\n")
            await trade(house)
            assert known(house).refused == f"not signed: {repo.tip()}"
            assert await told() == again
        hook.unlink()
        repo.commit("Taken", other=f"# Other\n\ntaken {again}\n")
        await trade(house)
        assert known(house).refused == ""


async def test_a_refusal_that_sounds_like_a_lost_race_is_one(house, repo, hub):
    """While nobody pushes there the remote's words are its own: shown, and not pushed against before
    somebody says *Look now*.
    """
    calls, words = (
        hub.path / "calls",
        "fetch first, then ask: main already exists, and is protected",
    )
    hub.put({"hooks/pre-receive": f"#!/bin/sh\necho >> '{calls}'\necho '{words}' >&2\nexit 1\n"})
    (hub.path / "hooks/pre-receive").chmod(0o755)
    repo.commit("Ours", other="# Other\n\nours\n")
    await trade(house)
    assert (known(house).refused, known(house).waits) == (words, "")
    tried = calls.read_text()
    await house.work()
    await trade(house)
    assert calls.read_text() == tried
    (hub.path / "hooks/pre-receive").unlink()
    await remote_wanted.asked(house.app)
    await house.work()
    assert (known(house).refused, hub.git("rev-parse", "main")) == ("", repo.tip())


async def test_bad_names_from_there_are_for_a_person(house, repo, hub, bob):
    """A link out of the repository, and two names that some systems take for one."""
    (bob.path / "out.md").symlink_to("/etc/passwd")
    bob.git("config", "core.ignoreCase", "false")
    bob.put({"ONE.md": "# Another one\n"})
    bob.commit("Bad")
    push(bob)
    ours = repo.tip()
    await trade(house)
    assert repo.tip() == ours
    assert "link that leads out" in known(house).decide
    assert "ONE.md" in known(house).decide
    assert not (repo.path / "out.md").is_symlink()
    bob.git("rm", "--quiet", "out.md", "ONE.md")
    bob.commit("Good again")
    assert push(bob) != ours
    await trade(house)
    assert (known(house).decide, repo.tip()) == ("", bob.git("rev-parse", "HEAD"))


async def test_two_processes_do_not_exchange_at_once(house, repo, hub):
    """Five at once: the lock lets them in one after the other, and all end well."""
    repo.commit("More", other="# Other\n\nmore\n")
    await asyncio.gather(*(trade(house) for _ in range(5)))
    assert hub.git("rev-parse", "main") == repo.tip()


async def test_a_branch_there_that_nobody_can_name(houses, repo, hub):
    """It is not taken over, and while it stands in the way of main, /remote says what has to go."""
    house = await houses(repo, **FAR, remote_branches=["*"])
    hub.git("update-ref", "refs/heads/refs/heads/main", "main")
    await trade(house)
    assert list(repo.opened.branches()) == ["main"]
    repo.commit("Mine", other="# Mine\n")
    with pytest.raises(RemoteUnclear):
        await trade(house)
    assert "--delete refs/heads/refs/heads/NAME" in state(house).hint
    hub.git("update-ref", "-d", "refs/heads/refs/heads/main")
    await trade(house)
    assert (state(house).failure, hub.git("rev-parse", "main")) == ("", repo.tip())


async def test_a_line_stands_once_when_a_commit_here_had_not_yet_what_came(
    house, repo, hub, bob, monkeypatch
):
    """Somebody commits in the folder between its branch and its files; Bob writes on in his line."""
    follow, done = checked_out.follow, []

    def late(*arguments, **options):
        if not done:
            done.append(repo.commit("Here", one=ONE.replace("first", "committed")))
        return follow(*arguments, **options)

    monkeypatch.setattr(checked_out, "follow", late)
    for words in ("third b1.", "third b2."):
        bob.commit("Edit", one=(bob.path / "one.md").read_text().replace("third", words))
        push(bob)
        await trade(house)
        bob.git("pull", "-q", "--rebase", "origin", "main")
    assert done
    want = ONE.replace("first", "committed").replace("third", "third b2. b1.")
    await trade(house)
    assert hub.git("show", "main:one.md") + "\n" == want
    await until(lambda: repo.status() == "")
