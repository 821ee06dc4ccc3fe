"""What can go wrong with the repository, each with what to do about it."""

from __future__ import annotations

from prdgen.errors import Conflict, Invalid, NotFound, PrdgenError, Unavailable


class GitMissing(PrdgenError):
    """There is no `git` program on the PATH."""

    cure = "Install Git 2.30 or newer (`apt install git`, `dnf install git`, `brew install git`)."


class NotARepository(PrdgenError):
    """{where} is not a Git repository: {got}."""

    cure = "Name the folder of your repository, or make one with `prdgen init {where}`."
    status = 404
    exit_code = 2


class BareRepository(PrdgenError):
    """{where} is a bare Git repository, which has no working tree to write pages into."""

    cure = "Clone it (`git clone {where} FOLDER`) and name that folder."
    status = 422
    exit_code = 2


class InsideRepository(PrdgenError):
    """{where} lies inside another repository, {top}."""

    cure = "Name the top folder, {top}, or a folder outside of it."
    status = 422
    exit_code = 2


class BranchExists(Conflict):
    """There is a branch {branch} already, or one whose name is in its way."""

    cure = "Choose another name; `git branch` lists them."


class UnsafeOwner(PrdgenError):
    """Git does not trust {where}: it belongs to another user than the one prdgen runs as."""

    cure = (
        "Run prdgen as the folder's owner, or, if you trust what is in it: "
        "`git config --global --add safe.directory {where}`."
    )
    status = 403
    exit_code = 2


class UnsupportedFormat(PrdgenError):
    """The repository {where} uses {what}, which prdgen cannot read."""

    cure = "{how}"
    status = 422
    exit_code = 2


class NoCommits(PrdgenError):
    """The repository {where} has no commits yet."""

    cure = "Make a first one (`git commit --allow-empty -m Start`), or let `prdgen init` do it."
    status = 409
    exit_code = 2


class CommitNotFound(NotFound):
    """There is no commit {commit} in this repository."""

    cure = "It may have been removed by a force-push; the page's history shows what is there."


class TipMoved(Conflict):
    """The branch {branch} moved while a commit was made: expected {expected}, found {got}."""

    cure = "Nothing was written. Take the new tip in and make the commit again."
    retryable = True


class NameTaken(Conflict):
    """{page_path} cannot be made: {taken} is there already, and some systems see both as one name."""

    cure = "Choose another name, or rename {taken} first."


class NotAPage(Invalid):
    """{page_path} cannot be written: {taken} is {what}."""

    cure = "Choose another path; links, folders and submodules are not replaced by pages."


class HookRefused(PrdgenError):
    """The repository's own commit hook or signing refused this commit: {output}"""  # noqa: D400

    cure = "The text is safe in the document. Correct what the message says and save again."
    status = 422


class HookTooSlow(PrdgenError):
    """The repository's own commit hook was not done after {seconds} s and was stopped."""

    cure = "The text is safe in the document. Make the hook faster, or raise `commit_hook_seconds`."
    status = 504
    retryable = True


class GitFailed(PrdgenError):
    """`git {command}` failed with exit code {code}: {output}."""

    cure = "`prdgen doctor` looks at the repository; the message above is Git's own."


class Locked(Unavailable):
    """{what} is held by another program: {got}."""

    cure = "prdgen tries again by itself. If it stays: {how}."


class RefNotWritten(PrdgenError):
    """Git could not write {ref}: {got}."""

    cure = "Check the rights of the folder `.git` and the space on its disk."
    retryable = True


class CommitNotWritten(PrdgenError):
    """Git could not write the commit on {branch}: {got}."""

    cure = (
        "Make room on the disk of the folder `.git`, and check its rights. Nothing is lost: the "
        "text is stored and is committed as soon as it can be."
    )
    status = 503
    retryable = True


class UnknownRevision(NotFound):
    """{got!r} names no commit in this repository."""

    cure = "Give a branch, a tag or a commit id, as `git log` shows them."


class HooksElsewhere(PrdgenError):
    """Git looks for hooks in {where}, which {whose}, so prdgen puts none there by itself."""

    cure = (
        'Call `prdgen hook NAME "$@"` in your hooks there, or let prdgen write there: '
        "`prdgen hooks install --shared`."
    )


class HookInTheWay(PrdgenError):
    """{where} is not prdgen's hook, and {before}, which prdgen kept for you, is there already."""

    cure = (
        "Make one hook of the two, or remove one of them, and install again. Nothing was changed."
    )


class UnrelatedHistories(PrdgenError):
    """{ours} and {theirs} have no commit in common, so they cannot be merged."""

    cure = "Check that both are of the same repository; in a terminal `git merge --allow-unrelated-histories` joins two."
    status = 409


class Unmergeable(PrdgenError):
    """Both sides changed the same lines of files that are no pages: {paths}."""

    cure = "Merge the two branches in a terminal, where these files can be edited; pages merge by themselves."
    status = 409


class BadRemote(Invalid):
    """The remote {got!r} cannot be used: {why}."""

    cure = "Set `remote` to a name that `git remote` lists, or to an https:// or SSH address."


class RemoteAway(Unavailable):
    """The remote {where} cannot be reached: {got}."""

    cure = "Nothing is lost, commits wait here; prdgen tries again by itself, less and less often."


class RemoteSilent(RemoteAway):
    """The remote {where} does not answer: {got}."""

    cure = (
        "Nothing is lost, commits wait here; prdgen tries again by itself, less and less often. If the remote "
        "needs longer, because a hook there works on what is pushed, set `remote_timeout_seconds` higher."
    )


class RemoteUntrusted(Unavailable):
    """The remote {where} shows a certificate that is not trusted here: {got}."""

    cure = (
        "Put the certificate of the authority that signed it among this machine's, or name its file in "
        "SSL_CERT_FILE, and start the server again. Commits wait here meanwhile."
    )


class RemoteDenied(PrdgenError):
    """The remote {where} does not let prdgen in: {got}."""

    cure = "{how}. Commits wait here meanwhile."
    status = 502
    retryable = True


class BadObjects(PrdgenError):
    """What the remote {where} sent is not taken: {got}."""

    cure = "Look at it with `git fsck --strict` at the remote; commits wait here meanwhile."
    status = 502
    retryable = True


class RemoteUnclear(PrdgenError):
    """The remote {where} has two refs that one name means: {got}."""

    cure = (
        "Remove the branch or tag there whose own name begins with `refs/`: "
        "`git push REMOTE --delete refs/heads/refs/heads/NAME`, or `refs/tags/refs/heads/NAME`; "
        "commits wait here meanwhile."
    )
    status = 502
    retryable = True


class RemoteMissing(PrdgenError):
    """There is no repository at {where}, or none that prdgen may see: {got}."""

    cure = "Check the address (`remote`), and the right to enter: {how}."
    status = 502
    retryable = True
