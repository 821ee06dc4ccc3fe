"""What can go wrong with the job queue, and what to do then."""

from __future__ import annotations

from prdgen import errors


class QueueUnavailable(errors.Unavailable):
    """The job queue is not answering: {got}."""

    cure = "Nothing is lost: jobs wait in PostgreSQL, and prdgen tries again by itself."


class UnknownTask(errors.PrdgenError):
    """There is no task {got}; there are {expected}."""

    cure = "Register the task with the queue before work is deferred to it."


class JobMissing(errors.NotFound):
    """There is no failed job {job}."""

    cure = "The list of failed jobs shows those that can be run again."
