"""What can go wrong with the store, and what to do then."""

from __future__ import annotations

from prdgen import errors


class StoreUnavailable(errors.Unavailable):
    """PostgreSQL is not answering: {got}."""

    cure = (
        "Nothing is lost: editors keep what is typed and prdgen tries again by itself. If it stays, "
        "look at the server in PRDGEN_DATABASE_URL (or logs/postgres.log) and its free disk space."
    )


class StoreBusy(errors.Unavailable):
    """PostgreSQL had no time for this: {got}."""

    cure = "Nothing was changed; the same call succeeds when it is made again."


class StoreRefused(errors.PrdgenError):
    """PostgreSQL refused a statement of prdgen's: {got}."""

    cure = "Nothing was changed. Report it with the lines of the server's log around it."


class PostgresTooOld(errors.PrdgenError):
    """The PostgreSQL server is version {got}; prdgen needs {expected} or newer."""

    cure = "Upgrade it, or leave PRDGEN_DATABASE_URL empty to use the embedded one."


class SchemaTooNew(errors.PrdgenError):
    """The database was made by a newer prdgen: it knows migration {got}, this one {expected}."""

    cure = "Run the newer prdgen, or point PRDGEN_DATABASE_URL at another database."


class AgreedPointMoved(errors.Conflict):
    """The agreed point of document {document} with its {what} moved: expected {expected}, found {got}."""

    cure = "Load the document again and compare anew; nothing was changed."
    retryable = True


class LeaseLost(errors.Conflict):
    """The lease on document {document} went to another process: fence {expected}, now {got}."""

    cure = "Nothing was changed; the process that has the lease writes the file and the commits."


class DocumentRetired(errors.Conflict):
    """Document {document} is retired; its successor is {successor}."""

    cure = "Carry the change over to the successor."


class DocumentMissing(errors.NotFound):
    """There is no document {document} in the store."""

    cure = "Open its page again; a document lost with its database is made anew from the commit."


class ActorTaken(errors.Forbidden):
    """The actor {actor} on document {document} belongs to another person."""

    cure = "Reload the page: the editor then takes an actor of its own."


class EmailTaken(errors.Conflict):
    """There already is a person with the address {got}."""

    cure = "Sign in as that person, or give another address."


class LinkUnusable(errors.PrdgenError):
    """This sign-in link is {got}."""

    cure = "Ask for a new one: `prdgen serve` prints one, and so does an owner under People."
    status = 410


class IndexMoved(errors.Conflict):
    """The page index of branch {branch} moved: expected {expected}, found {got}."""

    cure = "Index again from what is there now; nothing was changed."
    retryable = True
