"""a template → a new file in the working tree, for `prdgen new`; nothing is committed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from prdgen import ids
from prdgen.errors import Invalid
from prdgen.files import disk
from prdgen.flows import naming, pages_of
from prdgen.flows.clone import Clone
from prdgen.flows.errors import PageExists
from prdgen.flows.live import file_path
from prdgen.git import log as git_log
from prdgen.page import templates


def templates_dir(clone: Clone) -> Path:
    """The team's own `prd-templates/` if it has one, else the ones that ship with prdgen."""
    own = clone.repository.work_tree / "prd-templates"
    return own if own.is_dir() else templates.SHIPPED


def write(clone: Clone, title: str, template: str, folder: str | None) -> str:
    """Write the file and return its page_path; raises NotFound, PageExists, BadPagePath, Invalid."""
    title = naming.title(title)
    where = pages_of.folder_of_new(clone) if folder is None else folder.strip("/")
    page_path = ids.check_page_path("/".join(p for p in (where, naming.file_name(title)) if p))
    if not pages_of.globs(clone).match(page_path):
        raise Invalid(what="folder", where="the new page", expected="a folder of pages",
                      got=where or "the top folder")  # fmt: skip
    path, top = file_path(clone.repository.work_tree, page_path), clone.repository.work_tree
    taken = {naming.folded(each): each for each in git_log.work_tree_files(clone.repository)}
    if found := taken.get(naming.folded(page_path)) or (page_path if path.exists() else None):
        raise PageExists(page_path=page_path, branch="the working tree", got=found)
    values = {
        "title": title,
        "owner": clone.repository.config_get("user.name") or "",
        "date": datetime.now(UTC).date().isoformat(),
    }
    content = templates.fill(templates.find(templates_dir(clone), template), values)
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.exchange(path, top, content.encode(), None).close()
    return page_path
