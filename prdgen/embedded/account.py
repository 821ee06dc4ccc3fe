"""Which account a server runs under: PostgreSQL refuses root, so root needs a way around."""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from prdgen.embedded import errors


@dataclass(frozen=True, slots=True)
class Account:
    """How a command is run: as we are, inside a user namespace, or as another user."""

    prefix: tuple[str, ...] = ()
    """Words in front of the command."""
    uid: int | None = None
    """The user the command becomes; None stays the one we are."""
    gid: int | None = None

    def own(self, path: Path) -> None:
        """Hand `path` to the account, when it is another user's."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


AS_WE_ARE = Account()


def choose(data_dir: Path) -> Account:
    """The account PostgreSQL gets for `data_dir`, which need not exist yet.

    An ordinary user: itself. Root: whoever owns existing data; else root inside a user namespace
    (no account, no chown); else, where namespaces are refused, the owner of the folder above, or
    `nobody`. Raises StateOwnedByOther.
    """
    owner = data_dir.stat().st_uid if data_dir.exists() else None
    me = os.geteuid()
    if me != 0:
        if owner not in {None, me}:
            raise errors.StateOwnedByOther(where=data_dir, owner=owner, uid=me)
        return AS_WE_ARE
    if owner:
        return other_user(owner)
    words = _namespace()
    if words:
        return Account(prefix=words)
    if owner == 0:
        raise errors.StateOwnedByOther(where=data_dir, owner=0, uid=_fallback_uid(data_dir))
    return other_user(_fallback_uid(data_dir))


def other_user(uid: int) -> Account:
    """The account of another user; only root can take it."""
    try:
        gid = pwd.getpwuid(uid).pw_gid
    except KeyError:
        gid = uid
    return Account(uid=uid, gid=gid)


def check_reach(account: Account, program: Path, folder: Path) -> None:
    """Raise StateUnreachable unless `account` can run `program` and enter `folder`."""
    script = f'cd "$1" && "{program}" --version >/dev/null'
    done = subprocess.run(
        [*account.prefix, "/bin/sh", "-c", script, "sh", str(folder)],
        user=account.uid, group=account.gid, extra_groups=None if account.uid is None else [],
        cwd="/", capture_output=True, text=True, errors="replace", check=False, timeout=30,
    )  # fmt: skip
    if done.returncode:
        uid = os.geteuid() if account.uid is None else account.uid
        raise errors.StateUnreachable(uid=uid, where=folder, got=done.stderr.strip())


@functools.cache
def _namespace() -> tuple[str, ...]:
    """The words that run a command as root's own files' owner but not as root, if allowed here.

    initdb looks its user up by number, so the number must be one this machine knows.
    """
    unshare = shutil.which("unshare")
    known = sorted(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid > 0)
    if not unshare or not known:
        return ()
    words = (unshare, "--user", f"--map-user={known[0]}", f"--map-group={known[0]}")
    tried = subprocess.run([*words, "true"], capture_output=True, check=False, timeout=30)
    return words if tried.returncode == 0 else ()


def _fallback_uid(data_dir: Path) -> int:
    above = next(folder for folder in data_dir.parents if folder.exists())
    return above.stat().st_uid or pwd.getpwnam("nobody").pw_uid
