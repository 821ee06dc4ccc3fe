"""What can go wrong between the rooms."""

from __future__ import annotations

from prdgen.errors import PrdgenError


class RoleDecidedByFile(PrdgenError):
    """{who} stays {got}: `.prdgen/roles.yml` on the main branch decides."""

    cure = "Change their line there, or its `default`, and commit it."
    status = 409


class LastOwner(PrdgenError):
    """{who} is the last owner of this server."""

    cure = "Make somebody else an owner first; else nobody could invite people any more."
    status = 409


class PageNotLive(PrdgenError):
    """{page_path} on {branch} cannot be edited live: {reason}."""

    cure = "It can be read, searched and published; edit it with Git, or remove the reason."
    status = 409


class NoSuchPage(PrdgenError):
    """There is no page {page_path} on {branch}."""

    cure = "Check the address; the list of pages shows what exists on this branch."
    status = 404
    exit_code = 2


class PageRecovered(NoSuchPage):
    """There is no page {page_path} on {branch} any more; what was written in it last is kept in the draft {draft}."""

    cure = "Open {draft} in the list of drafts: merge it to have the page back, or close it."


class PageRenamed(NoSuchPage):
    """{page_path} on {branch} was renamed; it is {now} now."""

    cure = "Use its present path, {now}."


class PageDeleted(NoSuchPage):
    """{page_path} was deleted from {branch} by {name} on {day}: {subject}."""

    cure = "Its history has every version it had; an editor can restore one there."


class NoSuchBranch(PrdgenError):
    """There is no branch {branch}."""

    cure = "Check the name with `git branch`; the branch may have been merged and deleted."
    status = 404
    exit_code = 2


class PageExists(PrdgenError):
    """{page_path} exists already on {branch} (as {got})."""

    cure = "Open that page, or choose another title or folder."
    status = 409
    exit_code = 2


class WorkTreePaused(PrdgenError):
    """Writing to the working tree is paused: {reason}."""

    cure = "Finish or abort it in the terminal; typing goes on and is stored meanwhile."
    status = 409
    retryable = True


class NotRolled(PrdgenError):
    """{page_path} does not begin a new epoch yet: another process wrote in it meanwhile."""

    cure = "Nothing to do: it is tried again when those changes are here."
    status = 409
    retryable = True


class NotHere(PrdgenError):
    """Another server process keeps the files of {page_path}, or this one is stopping."""

    cure = "Nothing to do: what was typed is stored, and whoever keeps the page writes its file and commit."
    status = 409
    retryable = True


class AlreadyServed(PrdgenError):
    """Another prdgen server (process {got}, at {where}) works on this clone."""

    cure = (
        "Use that one, or stop it first. Several servers may work on one clone when all are given "
        "the same PRDGEN_DATABASE_URL and PRDGEN_REDIS_URL."
    )
    exit_code = 2


class OtherServices(PrdgenError):
    """Another prdgen server (process {got}, at {where}) works on this clone with another database or cache."""

    cure = (
        "Give all servers of one clone the same PRDGEN_DATABASE_URL and PRDGEN_REDIS_URL, in the "
        "same words; with two databases two processes would write the same files."
    )
    exit_code = 2


class OtherClone(PrdgenError):
    """Servers of another clone of this repository work with this database now."""

    cure = (
        "A database belongs to one clone at a time, since the branches of two clones differ. Stop "
        "those servers, serve the clone they serve, or give this one a database of its own."
    )
    exit_code = 2


class DraftEnded(NoSuchBranch):
    """The draft {title} ({branch}) is over: {fate}."""

    cure = "What it said is on its page; the page you wanted is on {main}, unless it was only in the draft."


class NoSuchDraft(PrdgenError):
    """There is no draft {draft}."""

    cure = "The list of drafts shows those there are; a merged or closed one is found by its id."
    status = 404
    exit_code = 2


class DraftBranchGone(NoSuchDraft):
    """The branch {branch} of the draft {draft} is not here any more."""

    cure = "What was said of it stays on its page; to go on, make the branch again: `git branch {branch} COMMIT`."


class DraftNotOpen(NoSuchDraft):
    """The draft {draft} is {state}."""

    cure = "What was said and what it changed is on its page; a closed one can be opened again."


class DraftOpenAs(NoSuchDraft):
    """The draft {draft} is open as {branch}."""

    cure = "Ask for it by the name of its branch."


class DraftOver(PrdgenError):
    """The draft {draft} is {state} already."""

    cure = "Start a new draft for further changes; a closed one can be opened again."
    status = 409


class SameWords(PrdgenError):
    """{branch} changed the same words since, in {pages}."""

    cure = "Take the changes of {branch} into the draft first: both versions are marked there for you to choose."
    status = 409


class NotSettled(PrdgenError):
    """In the draft {draft} two versions of the same words stand, in {pages}."""

    cure = "Open these pages of the draft and choose at each mark which version stays, then merge."
    status = 409


class OneDeleted(PrdgenError):
    """{branch} and the draft do not fit together: {places}."""

    cure = "Take the changes of {branch} into the draft first: it has the edited version then; keep it there or delete it there, and merge."
    status = 409


class ReplayStops(PrdgenError):
    """The draft's commit {commit} cannot be put on top of {branch}, which changed the same place since: {place}."""

    cure = "Merge it with a merge commit or as one commit; if that says the same, take the changes of {branch} into the draft and choose there."
    status = 409


class TypedRefused(PrdgenError):
    """What is typed in {draft} cannot be committed: {reason}"""  # noqa: D400

    cure = "Nothing was merged or closed. Correct what the message says in the draft's pages, and do it again."
    status = 422


class NotPutBack(PrdgenError):
    """The words of {draft} are not all put back: {reason}"""  # noqa: D400

    cure = (
        "They are safe: the draft stays open. Correct what the message says and put them back again; "
        "what is there already comes only once."
    )
    status = 422


class PutBackByHand(PrdgenError):
    """{draft} also changes what is no page of main, or removes it: {others}."""

    cure = "Take that back in the draft and put the rest back; or bring the draft up to date and merge it."
    status = 409


class NothingToMerge(PrdgenError):
    """Main has everything of the draft {draft} already."""

    cure = "Change something in the draft first, or close it."
    status = 409


class NotAsChanges(PrdgenError):
    """These changes cannot be taken without their editor: {why}."""

    cure = "Open the page on the device that has the text: its editor sends it another way."
    status = 409


class NoSuchThread(PrdgenError):
    """There is no comment {thread} in the review of {draft}."""

    cure = "Load the draft's page again: it shows the comments there are."
    status = 404


class NoSuggestion(PrdgenError):
    """The comment {thread} suggests no other words."""

    cure = "Only a suggestion can be taken; a comment is answered or settled."
    status = 409


class NoSuchWords(PrdgenError):
    """The words “{quote}” are nowhere in {page_path} as the draft has it."""

    cure = "Mark words that stand there now (somebody may have changed them), or comment on the page as a whole."
    status = 422


class NotApproved(PrdgenError):
    """The draft {draft} may not be merged yet: {why}."""

    cure = "Ask for the approval that is missing on the draft's page; CODEOWNERS on main says whose it is."
    status = 409


class NotThisCommit(PrdgenError):
    """The draft {draft} has another last commit than the one you looked at ({expected}): {got}."""

    cure = "Look at what came since on the draft's page, then approve that."
    status = 409


class NotThereYet(PrdgenError):
    """The draft {draft} cannot be merged by the forge yet: {where} has not got its last commit."""

    cure = "Wait a moment and try again; /remote says why a branch is not pushed."
    status = 409
    retryable = True


class NewerThere(PrdgenError):
    """The pull request {where} has commits that the draft {draft} had not got as you pressed *Merge*."""

    cure = "Look at what they change, and merge again: they are here in a moment."
    status = 409
    retryable = True


class PullUnfit(PrdgenError):
    """The pull request {where} cannot bring the draft {draft} into {branch}: it {got}, expected {expected}."""

    cure = "Nothing was merged. {how}"
    status = 409


class NotHereYet(PrdgenError):
    """The forge was asked to merge the draft {draft} ({where}), but {branch} has not got {got} here yet."""

    cure = "Wait a moment: the draft is over by itself when the forge says that it merged it; /remote says why main does not come."
    status = 409
    retryable = True


class SuggestionOutdated(PrdgenError):
    """The words in {page_path} that {name} suggested to change are other ones by now."""

    cure = (
        "Make the change by hand in the editor, or ask for a new suggestion; nothing was changed."
    )
    status = 409


class PassageChanged(PrdgenError):
    """This passage of {page_path} was changed again since."""

    cure = "Bring it back by hand in the editor, or restore the whole version; nothing was changed."
    status = 409


class NowhereToPublish(PrdgenError):
    """The settings do not say where the site is to be published."""

    cure = (
        "Give `--to`, or set `publish_to`: `file:///srv/www/prds`, or `s3://bucket/folder`. "
        "`prdgen build` makes the folder `public/` without that."
    )
    status = 409
    exit_code = 2


class NothingBuilt(PrdgenError):
    """There is no built site to publish."""

    cure = "Run `prdgen build` first, or `prdgen publish` without `--no-build`."
    status = 409
    retryable = True


class NotPublished(PrdgenError):
    """{page_path} is a draft, hidden or excluded: it is in no document of several pages."""

    cure = "Take it out of the selection. Who may read it here can have it as a file of its own."
    status = 422
    exit_code = 2


class TooManyExports(PrdgenError):
    """{who} {got} documents of several pages on the way, of {expected} at most."""

    cure = "Wait until one of them is done, or cancel one."
    status = 429
    retryable = True


class ExportGone(PrdgenError):
    """The file of {title} is not kept here any more."""

    cure = "Ask for it again; it is made anew."
    status = 410


class ExportNotMade(PrdgenError):
    """The file of {title} is not there: {why}."""

    cure = "Look at the document's page: it says how far it is, and lets you ask again."
    status = 409
    retryable = True
