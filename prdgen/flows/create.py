"""a template → a new page: one commit on the branch, and the file in its working tree."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from anyio import to_thread

from prdgen import ids
from prdgen.errors import Invalid
from prdgen.events import Event
from prdgen.files import disk
from prdgen.flows import edit, hooked, naming, new_file, pages_of, signatures
from prdgen.flows.context import App
from prdgen.flows.errors import NoSuchBranch, PageExists
from prdgen.flows.live import file_path
from prdgen.git import commits, locks
from prdgen.git.values import Signature
from prdgen.page import templates
from prdgen.store import event_log


async def page(
    app: App, branch: str, template: str, title: str, person: UUID, *, folder: str | None = None
) -> str:
    """Make a page titled `title` from `template`; returns its page_path.

    Raises NoSuchBranch, NotFound (template), PageExists (the same path, in any case), BadPagePath,
    and Invalid for a title that is none.
    """
    title = naming.title(title)
    ids.check_branch(branch)
    where = pages_of.folder_of_new(app) if folder is None else folder.strip("/")
    page_path = ids.check_page_path("/".join(p for p in (where, naming.file_name(title)) if p))
    if not pages_of.globs(app).match(page_path):
        raise Invalid(what="folder", where="the new page", expected="a folder of pages",
                      got=where or "the top folder")  # fmt: skip
    people = await signatures.load(app, (), person)
    content = templates.fill(
        templates.find(new_file.templates_dir(app), template),
        {
            "title": title,
            "owner": people.saver.name if people.saver else "",
            "date": datetime.now(UTC).date().isoformat(),
        },
    )
    made = await to_thread.run_sync(
        _commit, app, branch, page_path, content.encode(), people.author(person), f"Add {title}"
    )
    await _tell(app, branch, page_path, person, made)
    return page_path


async def again(
    app: App, branch: str, page_path: str, data: bytes, person: UUID, message: str
) -> str:
    """Have a page that was deleted be there again, with these bytes; the commit. Raises
    NoSuchBranch, BadPagePath, and PageExists when another one stands there in any case.
    """
    ids.check_page_path(page_path)
    people = await signatures.load(app, (), person)
    made = await to_thread.run_sync(
        _commit, app, branch, page_path, data, people.author(person), message
    )
    await _tell(app, branch, page_path, person, made)
    return made


async def _tell(app: App, branch: str, page_path: str, person: UUID, made: str) -> None:
    async with app.store.transaction() as tx:
        await event_log.record(
            tx,
            [Event("prd.version.created", branch, page_path, person, {"commit": made})],
        )
        await edit.follow(app, branch, tx)


def _commit(
    app: App, branch: str, page_path: str, data: bytes, author: Signature, message: str
) -> str:
    """In a thread: refuse a name that exists in any case, commit, and lay the file."""
    repository = app.repository
    with locks.branch(repository, branch):
        tip = repository.tip(branch)
        if tip is None:
            raise NoSuchBranch(branch=branch)
        taken = {naming.folded(entry.path): entry.path for entry in repository.files(tip)}
        tree = repository.work_tree_of(branch)
        path = None if tree is None else file_path(tree, page_path)
        if found := taken.get(naming.folded(page_path)) or (
            page_path if path and path.exists() else None
        ):
            raise PageExists(page_path=page_path, branch=branch, got=found)
        made = commits.write(
            repository, branch, tip, {page_path: data},
            message=message, author=author, committer=signatures.SERVER,
        )  # fmt: skip
        hooked.note(app, branch, page_path, tip)
        data = repository.read(made, page_path) or data  # as a hook made it
        if tree is not None and path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            disk.exchange(path, tree, data, None).close()
            commits.sync_index(repository, branch, page_path)
    return made
