"""Remotes that misbehave, remotes behind sign-in, and servers that are each other's remote."""

import asyncio
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from prdgen.flows import doctor, exchange, remote_report, remote_wanted
from prdgen.git import process
from prdgen.git.errors import BadRemote, RemoteAway, RemoteDenied, RemoteMissing, RemoteSilent

from . import pushing
from .conftest import ONE
from .harness import House, fsck, until
from .remotes import (
    FAR,
    answering,
    backend,
    clone_of,
    cutting_off,
    hub_of,
    known,
    push,
    silent,
    state,
    trade,
    with_status,
)


def aim(house, address, **options):
    """Have the house's remote be this one from now on."""
    house.app.settings = replace(house.app.settings, remote=address, **options)


@pytest.fixture
async def house(houses, repo):
    return await houses(repo, **FAR)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            with_status("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'),
            RemoteDenied,
            "user",
        ),
        (with_status("403 Forbidden"), RemoteDenied, "403"),
        (with_status("404 Not Found"), RemoteMissing, "not found"),
        (with_status("500 Internal Server Error"), RemoteAway, "500"),
        (with_status("503 Service Unavailable", "Retry-After: 60"), RemoteAway, "503"),
        (cutting_off, RemoteAway, ""),
        (with_status("302 Found", "Location: ext::sh -c x"), RemoteAway, ""),
        (with_status("302 Found", "Location: file:///etc/passwd"), RemoteAway, ""),
    ],
)
async def test_a_remote_that_misbehaves_stops_nobody(house, repo, answer, error, words):
    """The reason stands in words where people look, and typing, files and commits go on."""
    editor = await house.editor()
    async with answering(answer) as address:
        aim(house, address)
        with pytest.raises(error) as raised:
            await trade(house)
    assert words in raised.value.message.lower()
    report = remote_report.of(house.app)
    assert (report.state, report.failure) == ("failing", raised.value.message)
    assert report.hint
    await editor.write(" typed", after="first line")
    await house.save()
    assert "typed" in repo.git("show", "main:one.md")


async def test_a_remote_that_says_nothing_is_given_up(house, repo):
    """After remote_timeout_seconds, without a process left behind."""
    async with answering(silent) as address:
        aim(house, address, remote_timeout_seconds=1.0)
        began = time.monotonic()
        with pytest.raises(RemoteAway):
            await trade(house)
        assert time.monotonic() - began < 10
    await until(lambda: not running(address.encode()), 5)


def running(words: bytes) -> list[Path]:
    """Processes with these words in their command line; one that was killed may be there for a moment."""
    return [each for each in Path("/proc").glob("[0-9]*/cmdline") if words in _read(each)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


SLOW_HOOK = "#!/bin/sh\ncat >/dev/null\n"


def with_hook(hub, *lines):
    path = hub.path / "hooks/pre-receive"
    path.write_text(SLOW_HOOK + "\n".join(lines) + "\n")
    path.chmod(0o755)


def stand_in(repo, tmp_path, *lines):
    """What Git takes for ssh: it runs the command on this machine, after `lines`."""
    ssh = tmp_path / "ssh"
    run = 'exec sh -c "$last"\n'
    ssh.write_text("\n".join(["#!/bin/sh", "for last; do :; done", *lines, run]))
    ssh.chmod(0o755)
    repo.git("config", "core.sshCommand", str(ssh))


async def test_a_hook_that_hangs_at_the_remote_is_told_and_keeps_nothing_back(
    houses, repo, tmp_path, caplog
):
    """However it tells Git that it is still there: what others push comes here, and what waits goes there."""
    hub = hub_of(repo, tmp_path / "hub.git")
    hub.git("config", "receive.keepAlive", "1")
    with_hook(hub, "exec sleep 987.65")
    house = await houses(repo, **{**FAR, "remote_timeout_seconds": 2.0})
    tip = repo.commit("Waits", other="# Other\n\nwaits\n")
    began = time.monotonic()
    with pytest.raises(RemoteSilent) as told:
        await trade(house)
    assert time.monotonic() - began < 8
    assert "remote_timeout_seconds" in told.value.hint
    report = remote_report.of(house.app)
    assert (report.state, report.failure) == ("failing", told.value.message)
    assert caplog.text.count(told.value.message) == 1
    await until(lambda: not running(b"987.65"), 5)
    bob = clone_of(hub, tmp_path / "bob")
    (hub.path / "hooks/pre-receive").unlink()
    bob.commit("By bob", new="# New\n")
    push(bob)
    with_hook(hub, "exec sleep 987.65")
    with pytest.raises(RemoteSilent):
        await trade(house)
    assert repo.git("show", "main:new.md") == "# New"
    (hub.path / "hooks/pre-receive").unlink()
    caplog.set_level("INFO", "prdgen")
    await trade(house)
    assert hub.git("rev-parse", "main") == repo.tip()
    assert repo.git("merge-base", tip, "main") == tip
    assert "is there again" in caplog.text


async def test_a_hook_that_says_what_it_does_has_its_time(houses, repo, tmp_path):
    """Longer than the limit on silence; what Git counts aloud is not among its words."""
    hub = hub_of(repo, tmp_path / "hub.git")
    speak = "for each in 1 2 3 4 5 6; do echo working; sleep 0.5; done"
    with_hook(hub, speak)
    house = await houses(repo, **{**FAR, "remote_timeout_seconds": 2.0})
    repo.commit("Goes", other="# Other\n\ngoes\n")
    await trade(house)
    assert hub.git("rev-parse", "main") == repo.tip()
    with_hook(hub, "echo Objects: none of these", "exit 1")
    repo.commit("Stays", other="# Other\n\nstays\n")
    await trade(house)
    assert known(house).refused == "Objects: none of these"


async def test_over_http_a_line_that_is_kept_alive_is_not_given_up(houses, repo, tmp_path):
    """Git says nothing while a pack goes up and while a hook works: only the line shows that it is alive."""
    hub = hub_of(repo, tmp_path / "hub.git")
    hub.git("config", "receive.keepAlive", "1")
    with_hook(hub, "exec sleep 5")
    house = await houses(repo, **{**FAR, "remote_timeout_seconds": 3.0})
    repo.commit("Goes", other="# Other\n\ngoes\n")
    async with answering(backend(hub)) as address:
        aim(house, address)
        began = time.monotonic()
        await trade(house)
    assert time.monotonic() - began > 4
    assert hub.git("rev-parse", "main") == repo.tip()


def test_a_command_is_over_when_git_is(tmp_path):
    """Not when what it left behind (a master of ssh, say) lets go of its output."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    began = time.monotonic()
    left = "alias.x=!echo said; sleep 9 &"
    done = process.run(tmp_path, "-c", left, "x", seconds=30.0, silence=5.0)
    assert (done.code, done.output) == (0, b"said\n")
    assert time.monotonic() - began < 4


def test_a_command_has_its_time_however_much_it_says(tmp_path):
    """The limit holds while there is something to read, too."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    began = time.monotonic()
    with pytest.raises(process.TimedOut):
        process.run(tmp_path, "-c", "alias.x=!yes >&2", "x", seconds=1.0, silence=30.0)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("command", ["upload-pack", "receive-pack"])
async def test_a_program_that_hangs_behind_ssh_is_given_up(houses, repo, tmp_path, command):
    """The host is there and answers ssh; its Git says nothing."""
    hub = hub_of(repo, tmp_path / "hub.git")
    stand_in(repo, tmp_path, f'case "$last" in *{command}*) exec sleep 987.66;; esac')
    house = await houses(
        repo, **{**FAR, "remote": f"git@team.example:{hub.path}", "remote_timeout_seconds": 1.0}
    )
    repo.commit("Waits", other="# Other\n\nwaits\n")
    with pytest.raises(RemoteSilent):
        await trade(house)
    await until(lambda: not running(b"987.66"), 5)


async def test_nobody_listens_and_then_somebody_does(house, repo, tmp_path):
    """The job fails, is tried again by itself, and what waited is sent."""
    aim(house, str(tmp_path / "hub.git"))
    async with house.app.store.transaction() as tx:
        await remote_wanted.after_commit(house.app, tx)
    await house.work()
    assert state(house).failure
    assert state(house).failing_since
    hub = hub_of(repo, tmp_path / "hub.git")
    repo.commit("Meanwhile", other="# Other\n\nmeanwhile\n")
    deadline = asyncio.get_running_loop().time() + 30
    while hub.git("rev-parse", "main") != repo.tip():
        assert asyncio.get_running_loop().time() < deadline
        await house.work()
        await asyncio.sleep(0.1)
    assert state(house).failure == ""


async def test_while_the_remote_is_away_commits_make_no_further_jobs(house, repo, tmp_path):
    """One job waits for it, however much is written."""
    aim(house, str(tmp_path / "nowhere.git"))
    for _ in range(3):
        async with house.app.store.transaction() as tx:
            await remote_wanted.after_commit(house.app, tx)
        await house.work()
    async with house.app.store.transaction() as tx:
        found = await tx.execute(
            "SELECT status::text FROM procrastinate_jobs WHERE task_name = 'exchange'"
        )
        assert [status for (status,) in await found.fetchall()] == ["todo"]


def counted(answer):
    """The same server, and the times when it was asked something."""
    times = []

    async def counting(reader, writer):
        times.append(time.monotonic())
        await answer(reader, writer)

    return counting, times


async def test_a_look_is_made_now_however_long_the_remote_was_away(house, repo, tmp_path):
    """Somebody wants it: what waits to be tried again keeps it not back."""
    hub = hub_of(repo, tmp_path / "hub.git")
    await put_off(house, str(tmp_path / "nowhere.git"))
    aim(house, str(hub.path))
    await remote_wanted.now(house.app)
    await house.work()
    assert state(house).failure
    await remote_wanted.asked(house.app)
    await house.work()
    assert not state(house).failure


async def test_a_webhook_ends_the_waiting_for_a_remote_that_was_away(
    house, repo, tmp_path, eventually
):
    """It is there again and says so itself; a few seconds after the last try, however many webhooks come."""
    hub = hub_of(repo, tmp_path / "hub.git")
    answer, times = counted(with_status("503 Service Unavailable"))
    async with answering(answer) as address:
        await put_off(house, address)
        assert await asked_by_webhooks(house, times) == 0
    assert state(house).failure
    assert 0 < await due_in(house) <= 5
    aim(house, str(hub.path))

    async def looked():
        await house.work()
        return not state(house).failure

    await eventually(looked, 20)


@pytest.mark.parametrize(
    "status", ["401 Unauthorized", "403 Forbidden", "404 Not Found"], ids=lambda words: words[:3]
)
async def test_webhooks_do_not_have_a_remote_asked_that_does_not_let_us_in(house, repo, status):
    """It may shut out for good who comes with a wrong token again and again; who presses *Look now* may."""
    answer, times = counted(with_status(status, 'WWW-Authenticate: Basic realm="x"'))
    async with answering(answer) as address:
        await put_off(house, address)
        assert await asked_by_webhooks(house, times) == 0
        assert await due_in(house) > 200
        before = len(times)
        await remote_wanted.asked(house.app)
        await house.work()
        assert len(times) > before


async def test_a_server_that_starts_asks_at_once(house, repo, tmp_path, eventually):
    """However long the remote had failed before: what was wrong, a token say, may be right by now."""
    hub = hub_of(repo, tmp_path / "hub.git")
    async with answering(with_status("403 Forbidden")) as address:
        await put_off(house, address)
    assert await due_in(house) > 200
    aim(house, str(hub.path))
    stop = asyncio.Event()
    clock = asyncio.create_task(exchange.clock(house.app, stop))

    async def looked():
        await house.work()
        return not state(house).failure

    await eventually(looked, 10)
    stop.set()
    await clock


async def asked_by_webhooks(house, times) -> int:
    """How often the remote is asked because of several webhooks."""
    before = len(times)
    for _ in range(5):
        await remote_wanted.told(house.app)
        await house.work()
    return len(times) - before


async def put_off(house, address):
    """As after many tries of this remote that failed."""
    aim(house, address)
    await remote_wanted.now(house.app)
    await house.work()
    async with house.app.store.transaction() as tx:
        await tx.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '5 minutes'"
        )


async def due_in(house) -> float:
    """Seconds until a look that failed is tried again."""
    async with house.app.store.transaction() as tx:
        found = await tx.execute(
            "SELECT extract(epoch FROM min(scheduled_at) - now()) FROM procrastinate_jobs "
            "WHERE task_name = 'exchange' AND status = 'todo'"
        )
        return float((await found.fetchone())[0])


@pytest.mark.parametrize("address", ["ext::sh -c 'touch PWNED'", "--upload-pack=touch PWNED"])
async def test_smuggled_options_run_nothing(house, repo, address):
    """Not from the settings, not from Git's configuration."""
    aim(house, address)
    with pytest.raises(BadRemote):
        await trade(house)
    repo.git("config", "remote.origin.url", address)
    aim(house, "origin")
    with pytest.raises(BadRemote):
        await trade(house)
    assert not (repo.path / "PWNED").exists()
    assert remote_report.of(house.app).state == "failing"


async def test_branch_names_that_look_like_options_are_not_taken(houses, repo, tmp_path):
    """A remote may have any names; those that Git or a shell could mistake are passed by."""
    hub = hub_of(repo, tmp_path / "hub.git")
    tip = repo.tip()
    for name in ("--upload-pack=x", "a;touch x", "-x", "HEAD"):
        path = hub.path / "refs/heads" / name
        path.write_text(f"{tip}\n")
    house = await houses(repo, remote_branches=("*",), **FAR)
    await trade(house)
    assert "main" in repo.opened.branches()
    assert not {name for name in repo.opened.branches() if name.startswith("-") or name == "HEAD"}
    assert state(house).failure == ""


async def test_a_second_server_is_a_remote_with_a_token(
    houses, repo, tmp_path, empty_database_url, redis_url, caplog
):
    """Through `/git/`: both directions, into its open browsers; the token is in no log or page."""
    far = clone_of(repo, tmp_path / "far")
    far.git("remote", "remove", "origin")
    peer = House(far, empty_database_url, _other(redis_url))
    await peer.open()
    try:
        async with pushing.serving(peer, tmp_path / "clones") as server:
            token = await server.token("bob")
            house = await houses(
                repo, **{**FAR, "remote": f"http://{server.place}/git/"}, remote_token=token
            )
            near, distant = await house.editor("ann"), await peer.editor("bob")
            await near.write(" near", after="first line")
            await house.save("ann")
            await house.work()
            await distant.until(lambda: "first line near" in distant.text)
            await distant.write(" distant", after="third line")
            await peer.save("bob")
            await trade(house)
            await near.until(lambda: "third line distant" in near.text)
            assert repo.tip() == far.tip()
            aim(house, house.app.settings.remote, remote_token="wrong-token")
            with pytest.raises(RemoteDenied) as denied:
                await trade(house)
            shown = denied.value.message + caplog.text + str(remote_report.of(house.app))
            assert "wrong-token" not in shown
            assert token not in shown
    finally:
        await peer.close()


def _other(redis_url: str) -> str:
    head, _, number = redis_url.rpartition("=")
    return f"{head}={(int(number) + 8) % 16}"


async def test_two_servers_of_one_remote_with_people_typing(
    houses, repo, tmp_path, empty_database_url, redis_url
):
    """Each with its own clone and database, exchanging all the time: both converge, every word of
    both stands once, here, there and at the remote.
    """
    hub = hub_of(repo, tmp_path / "hub.git")
    second = clone_of(hub, tmp_path / "second")
    options = {**FAR, "quiet_seconds": 0.2}
    one = await houses(repo, **options)
    two = House(second, empty_database_url, _other(redis_url), **options)
    await two.open()
    try:
        ann, bob = await one.editor("ann"), await two.editor("bob")
        typing = True

        async def type_on(editor, after):
            for number in range(12):
                await editor.write(f" {editor.name}{number}", after=after)
                await asyncio.sleep(0.1)

        async def go_on(house):
            while typing:
                await house.work()
                await asyncio.sleep(0.05)

        going = [asyncio.create_task(go_on(each)) for each in (one, two)]
        await asyncio.gather(type_on(ann, "first line"), type_on(bob, "third line"))
        await one.save("ann")
        await two.save("bob")
        typing = False
        await asyncio.gather(*going)
        for _ in range(3):
            await trade(one)
            await trade(two)
        await until(lambda: ann.text == bob.text)
        words = [f" {name}{number}" for name in ("Ann", "Bob") for number in range(12)]
        for word in words:
            found = [t.count(f"{word} ") + t.count(f"{word}\n") for t in (ann.text, bob.text)]
            assert found == [1, 1], (word, ann.text)
        assert repo.tip() == second.tip() == hub.git("rev-parse", "main")
        assert hub.git("show", "main:one.md") + "\n" == ann.text
        assert (fsck(repo), fsck(second), fsck(hub)) == ("", "", "")
    finally:
        await two.close()


async def test_over_ssh(houses, repo, tmp_path):
    """What Git starts is ssh with a host and a command; here a stand-in that runs it on this machine."""
    hub = hub_of(repo, tmp_path / "hub.git")
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\necho "$@" >>"$0.log"\nfor last; do :; done\nexec sh -c "$last"\n')
    ssh.chmod(0o755)
    repo.git("config", "core.sshCommand", str(ssh))
    house = await houses(repo, **{**FAR, "remote": f"git@team.example:{hub.path}"})
    repo.commit("Over SSH", other="# Other\n\nssh\n")
    await trade(house)
    assert hub.git("rev-parse", "main") == repo.tip()
    log = Path(f"{ssh}.log").read_text()
    assert "BatchMode=yes" in log
    assert "git-upload-pack" in log
    assert "git-receive-pack" in log


async def test_killed_in_the_middle_it_is_whole_afterwards(houses, repo, tmp_path, monkeypatch):
    """The branch has moved and its files not: the next exchange, or start, brings them along."""
    hub = hub_of(repo, tmp_path / "hub.git")
    bob = clone_of(hub, tmp_path / "bob")
    house = await houses(repo, **FAR)
    bob.commit("Edit", other="# Other\n\nby bob\n", new="# New\n")
    theirs = push(bob)

    async def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("prdgen.flows.landing._follow", killed)
        with pytest.raises(KeyboardInterrupt):
            await trade(house)
    assert repo.tip() == theirs
    assert not (repo.path / "new.md").exists()
    await trade(house)
    assert (repo.path / "new.md").read_text() == "# New\n"
    assert (repo.status(), known(house).decide) == ("", "")


async def test_doctor_says_how_the_remote_stands(houses, repo, tmp_path):
    """Without a server: none, well, or what is wrong and what to do."""

    def finding(house):
        found = doctor.look(house.app.settings)
        return next(each for each in found if each.name == "remote")

    house = await houses(repo, **{**FAR, "remote": ""})
    assert finding(house).ok
    hub_of(repo, tmp_path / "hub.git")
    aim(house, "origin")
    await trade(house)
    assert finding(house).ok
    assert "0 ahead, 0 behind" in finding(house).what
    (tmp_path / "hub.git").rename(tmp_path / "gone.git")
    with pytest.raises((RemoteMissing, RemoteAway)):
        await trade(house)
    assert not finding(house).ok
    assert finding(house).cure


def test_git_gets_no_secrets_of_the_server(monkeypatch):
    """Whatever the server's environment holds, Git's does not."""
    monkeypatch.setenv("PRDGEN_REMOTE_TOKEN", "s3cret")
    assert "s3cret" not in str(process.environment())


async def test_the_same_page_is_typed_in_while_it_comes(houses, repo, tmp_path):
    """Five commits there and typing here, all the time: nothing is lost or doubled."""
    hub = hub_of(repo, tmp_path / "hub.git")
    bob = clone_of(hub, tmp_path / "bob")
    house = await houses(repo, **{**FAR, "quiet_seconds": 0.2})
    ann = await house.editor()
    typing = True

    async def type_on():
        number = 0
        while typing:
            await ann.write(f" a{number}.", after="first line")
            number += 1
            await asyncio.sleep(0.05)
        return number

    task = asyncio.create_task(type_on())
    for number in range(5):
        bob.git("pull", "--quiet", "--rebase")
        text = (bob.path / "one.md").read_text()
        bob.commit(f"Bob {number}", one=text.replace("third line", f"third line b{number}."))
        push(bob)
        await house.work()
        await trade(house)
    typing = False
    count = await task
    await house.save()
    await trade(house)
    words = [f"a{n}." for n in range(count)] + [f"b{n}." for n in range(5)]
    assert [ann.text.split().count(word) for word in words] == [1] * len(words)
    assert hub.git("show", "main:one.md") + "\n" == ann.text
    assert ONE.split("\n")[0] in ann.text
