"""A reviewed draft in the example repository, for the screenshots: by Git and by the API, as a team would."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx2

from .house import House
from .places import PAGE

_ROLES = {"Bob": "editor", "Cleo": "commenter"}


def review(house: House) -> dict[str, str]:
    """An open draft with everything that is said of one, and a merged one: name → address to look at."""
    tokens = {name: _token(house, name, role) for name, role in _ROLES.items()}

    def call(method: str, where: str, who: str = "Bob", **body: object) -> Any:
        answer = httpx2.request(method, f"{house.url}/api/{where}", json=body, timeout=30,
                                headers={"Authorization": f"Bearer {tokens[who]}"})  # fmt: skip
        answer.raise_for_status()
        return answer.json()

    first = call("POST", "drafts", title="Pay with a wallet")
    draft = f"drafts/{quote(first['branch'])}"
    _change(house, first["branch"])
    for who, text, words, other in (
        ("Cleo", "Is a minute enough on a slow connection?", "a new one in 50", None),
        ("Bob", "", "what went wrong", "what went wrong and what to do"),
        ("Cleo", "Words that somebody takes out again.", "for the picture", None),
    ):
        call("POST", f"{draft}/comments", who, text=text, page_path=PAGE, quote=words, line=1,
             suggestion=other)  # fmt: skip
    thread = call("GET", f"{draft}/review")["threads"][0]["id"]
    call(
        "POST", f"{draft}/comments/{thread}/replies", text="Measured: 99 of 100 within 20 seconds."
    )
    call("POST", f"{draft}/comments", "Cleo", text="Who tells support?")
    _edit(house, first["branch"], {PAGE: ("for the picture", "")})
    call("POST", f"{draft}/ask")
    call("POST", f"{draft}/request-changes", text="The second requirement is too long.")
    over = call("POST", "drafts", title="Words for the receipt")
    _edit(house, over["branch"], {PAGE: ("a new one in 60", "a new one in 55")})
    at = f"drafts/{quote(over['branch'])}"
    call("POST", f"{at}/comments", "Cleo", text="Fine.", page_path=PAGE, quote="in 55", line=1)
    merged = call("POST", f"{at}/merge")
    return {
        "draft": f"/{draft}", "draft-over": f"/drafts/{merged['id']}",
        "drafts-merged": "/drafts?state=merged", "blame": f"/blame/main/{PAGE}",
        "restore": f"/history/main/{PAGE}?restore={house.git('rev-list', '--max-parents=0', 'main')}",
        "draft-edit": f"/edit/{quote(first['branch'])}/{PAGE}",
        "draft-page": f"/p/{quote(first['branch'])}/{PAGE}",
        "draft-site": f"/draft-site/{quote(first['branch'])}/",
        "draft-site-page": f"/draft-site/{quote(first['branch'])}/prds/checkout/",
    }  # fmt: skip


def _token(house: House, name: str, role: str) -> str:
    address = f"{name.lower()}@example.org"
    house.prdgen("user", "add", address, "--name", name, "--role", role)
    done = house.prdgen("user", "token", address)
    return str(done.stdout.split()[-1])


def _change(house: House, branch: str) -> None:
    long = f"site/prds/{'averylongnamewithoutanyplacetobreakit' * 3}.md"
    other = f"site/assets/{'anotherfilewithalongname' * 4}.txt"
    text = house.git("show", f"{branch}:{PAGE}")
    text = text.replace("a new one in 60", "a new one in 50")
    text += "\n\nThe page says what went wrong in one sentence, for the picture.\n"
    new = f"# {'Averylongtitlewithoutanyplacetobreakit' * 2}\n\n- [REQ-990] New.\n"
    _commit(house, branch, {PAGE: text, long: new, other: "x\n"}, f"Change {long}")


def _edit(house: House, branch: str, edits: dict[str, tuple[str, str]]) -> None:
    files = {
        path: house.git("show", f"{branch}:{path}").replace(old, new)
        for path, (old, new) in edits.items()
    }
    _commit(house, branch, files, "Edit")


def _commit(house: House, branch: str, files: dict[str, str], message: str) -> None:
    """A commit on a branch that is checked out in a folder beside the clone."""
    folder = house.repository.with_name("elsewhere")
    house.git("worktree", "add", "--quiet", "--force", str(folder), branch)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    house.git("-C", str(folder), "add", "--all")
    house.git("-C", str(folder), "commit", "--quiet", "--message", message)
    house.git("worktree", "remove", "--force", str(folder))
