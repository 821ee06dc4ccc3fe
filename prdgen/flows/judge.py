"""a push that nobody has accepted yet → the rules it breaks, each in one line that names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from prdgen import ids
from prdgen.errors import PrdgenError
from prdgen.flows import roles, write_rules
from prdgen.flows.context import App
from prdgen.flows.write_rules import Rules
from prdgen.git.http_backend import Update
from prdgen.git.pushed import Change, Pushed
from prdgen.store.people import Person

_HEADS: Final = "refs/heads/"
_TAGS: Final = "refs/tags/"
_MOST: Final = 20
_REFS: Final = 1_000
_NAME_BYTES: Final = 250
"""Of one part of a ref's name: Git keeps it as a file, and locks that as the same name with `.lock`."""


@dataclass(frozen=True, slots=True)
class Pusher:
    """Who pushes, and their role here."""

    person: Person
    role: str


def branch_of(update: Update) -> str | None:
    """The branch that a pushed ref is; None: it is none."""
    name = update.ref.decode("utf-8", "replace")
    return name.removeprefix(_HEADS) if name.startswith(_HEADS) else None


def refs(app: App, who: Pusher, updates: Sequence[Update]) -> list[str]:
    """In a thread: what is wrong with the names of the refs, and with deleting one of them."""
    if len(updates) > _REFS:
        return [f"a push may change {_REFS} refs, this one has {len(updates)}"]
    return _some(line for update in updates for line in _ref(app, who, update))


def _ref(app: App, who: Pusher, update: Update) -> Iterator[str]:
    name = update.ref.decode("utf-8", "backslashreplace")
    if name.startswith("refs/prdgen/"):
        yield f"{name}: `refs/prdgen/` is written by prdgen only"
        return
    if not name.startswith((_HEADS, _TAGS)):
        yield f"{name}: only branches (`refs/heads/`) and tags (`refs/tags/`) are taken here"
        return
    short = name.removeprefix(_HEADS).removeprefix(_TAGS)
    try:
        ids.check_branch(short)
        update.ref.decode("utf-8")
    except (PrdgenError, UnicodeDecodeError):
        yield (
            f"{name}: Git or a shell would not take this name; give it one of letters, digits, "
            "`-` (not first), `_`, `.` and `/`"
        )
        return
    if update.new and any(len(part) > _NAME_BYTES for part in update.ref.split(b"/")):
        yield f"{name[:60]}…: a part of this name is longer than {_NAME_BYTES} bytes; give it a shorter one"
        return
    if update.new and (short == "HEAD" or short.startswith("refs/")):
        kind = "branch" if name.startswith(_HEADS) else "tag"
        yield f"{name}: a {kind} may not be called HEAD, or begin with refs/"
    if name == f"{_TAGS}{app.main_branch}" and update.new:
        yield f"{name}: a tag may not be called as the main branch: Git would take one for the other"
    if name == f"{_HEADS}{app.main_branch}" and update.new is None:
        yield f"the main branch, {app.main_branch}, is not deleted by a push"
    if name.startswith(_TAGS) and update.old and not roles.at_least(who.role, "maintainer"):
        yield f"{name}: moving or deleting a tag takes the role maintainer, yours is {who.role}"


def commits(app: App, who: Pusher, pushed: Pushed, updates: Sequence[Update]) -> list[str]:
    """In a thread: what is wrong with any of the new commits' trees."""
    rules = write_rules.load(app)
    new = pushed.commits(update.new for update in updates if update.new)
    changes = list(pushed.changes(new))
    found = [_line(change, why) for change, why in _paths(who, rules, changes)]
    found += [_line(change, _leads_out(target)) for change, target in pushed.links_out(changes)]
    return _some([*found, *_twins(app, pushed, updates)])


def _twins(app: App, pushed: Pushed, updates: Sequence[Update]) -> Iterator[str]:
    """Two names that are one to some systems, of refs that begin and tags that move; branches that
    move are looked at in `tip`. What a branch has already is not this push's fault.
    """
    main, had = app.repository.tip(app.main_branch), set(app.repository.branches().values())
    for each in updates:
        if each.new is None or (each.old and branch_of(each) is not None):
            continue
        new, old = pushed.commit_of(each.new), each.old and pushed.commit_of(each.old)
        for pair in pushed.twins_since(main, new) if new and new not in had else ():
            if not pushed.has_both({*had, old} if old else had, pair):
                yield _twin(each, *pair)


def _twin(update: Update, one: str, other: str) -> str:
    ref = update.ref.decode("utf-8", "backslashreplace")
    return f"{ref}: {_taken_for(one, other)}"


def _taken_for(one: str, other: str) -> str:
    return f"{one}: some systems take it for {other}, which is there too"


def unsafe(pushed: Pushed, old: str | None, new: str) -> list[str]:
    """In a thread: what nobody may bring from one commit to another: paths and links that are bad
    for a machine, whoever wrote them.
    """
    changes = list(pushed.between(old, new))
    found = [_line(change, why) for change in changes if (why := _bad_name(change))]
    found += [_line(change, _leads_out(target)) for change, target in pushed.links_out(changes)]
    found += [_taken_for(*pair) for pair in pushed.twins(old, new)]
    return _some(found)


def _leads_out(target: str) -> str:
    return f"it is a link that leads out of the repository, to {target}"


def tip(app: App, who: Pusher, pushed: Pushed, update: Update) -> list[str]:
    """In a thread, under the branch's lock: what is wrong with this as the branch's new tip."""
    branch, new = branch_of(update), update.new
    if branch is None:
        return []
    now = app.repository.tip(branch)
    if now != update.old:
        return [f"{branch} moved meanwhile; `git pull --rebase`, and push again"]
    if why := app.repository.busy_reason(branch):
        return [f"{branch} is checked out in the server's folder, and {why}; push again after that"]
    if new is None:
        return []
    if not pushed.is_commit(new):
        return [f"{branch}: expected a commit, got another object"]
    changes = list(pushed.between(now, new)) if now else []
    found = [_twin(update, *pair) for pair in pushed.twins(now, new)] if now else []
    if branch == app.main_branch:
        found += _main(app, who, pushed, now, new, changes)
    return _some(found)


def _main(
    app: App, who: Pusher, pushed: Pushed, now: str | None, new: str, changes: Iterable[Change]
) -> Iterator[str]:
    """The main branch as a whole: what a merge, or going back, brings counts as written."""
    rules = write_rules.load(app)
    yield from (_line(change, why) for change, why in _paths(who, rules, changes))
    rewritten = now is not None and not pushed.is_ancestor(now, new)
    if rewritten and not roles.at_least(who.role, "maintainer"):
        yield (
            f"rewriting {app.main_branch} (a forced push) takes the role maintainer, "
            f"yours is {who.role}"
        )


def _paths(who: Pusher, rules: Rules, changes: Iterable[Change]) -> Iterator[tuple[Change, str]]:
    for change in changes:
        if why := _bad_name(change):
            yield change, why
            continue
        path = change.path.decode("utf-8", "replace")
        if rule := rules.refusal(path, who.person.email, who.role):
            yield change, rule


def _bad_name(change: Change) -> str | None:
    """Why nothing may be called so; what was there before may stay, and go."""
    try:
        path = change.path.decode("utf-8")
    except UnicodeDecodeError:
        return "its name is not UTF-8" if change.mode else None
    if change.is_new:
        try:
            ids.check_page_path(path)
        except ids.BadPagePath as error:
            return str(error.facts["why"])
    return None


def _line(change: Change, why: str) -> str:
    return f"{change.path.decode('utf-8', 'backslashreplace')} ({change.commit[:8]}): {why}"


def _some(lines: Iterable[str]) -> list[str]:
    """The first of the lines, each once, and how many more there are."""
    found = list(dict.fromkeys(lines))
    return found if len(found) <= _MOST else [*found[:_MOST], f"… and {len(found) - _MOST} more"]
