"""What a task is, and how a failed one is tried again."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.jobs import Job

from prdgen.errors import PrdgenError

MOST_ATTEMPTS: Final = 10
"""A job that was under way when its worker died so often is not started again by itself."""


@dataclass(frozen=True, slots=True)
class Task:
    """Work with a name; `run` takes the arguments (JSON) it was deferred with, as keywords.

    It is done at least once, so doing it twice must be doing it once.
    """

    name: str
    run: Callable[..., Awaitable[object]]
    attempts: int = 8
    """How often it is tried before it is listed as failed."""
    first_pause: float = 1.0
    """Seconds before the second attempt; each later pause is twice as long."""
    longest_pause: float = 300.0
    cron: str | None = None
    """Also deferred by the clock, in cron's words (six fields have seconds); `run` is then given
    `timestamp`.
    """


class Backoff(BaseRetryStrategy):
    """Exponential back-off with a cap, and jitter so that jobs that failed together part ways.

    An error that says it is not `retryable` is not tried again.
    """

    def __init__(self, task: Task) -> None:
        self._task = task

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When to try again, or None."""
        # `job.attempts` counts the attempts before this one.
        if job.attempts + 1 >= self._task.attempts:
            return None
        if isinstance(exception, PrdgenError) and not exception.retryable:
            return None
        return RetryDecision(retry_in={"milliseconds": round(self.pause(job.attempts) * 1000)})

    def pause(self, attempts: int) -> float:
        """Seconds to wait after so many earlier attempts: between half and all of the step."""
        step = min(self._task.longest_pause, self._task.first_pause * 2.0 ** min(attempts, 30))
        return step * random.uniform(0.5, 1.0)
