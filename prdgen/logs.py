"""Logging: one line per record, as text for people or JSON for machines; and the trace of edits."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import TextIO

TRACE = logging.getLogger("prdgen.trace")
"""One edit's way with times; silent unless the setting `trace` is on."""


class JsonFormatter(logging.Formatter):
    """A record as one JSON object: time, level, logger, message, and the error if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        entry = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def configure(level: str, *, as_json: bool, trace: bool, stream: TextIO = sys.stderr) -> None:
    """Send every log line to `stream`; called once, at a door."""
    output = logging.StreamHandler(stream)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")
    output.setFormatter(JsonFormatter() if as_json else text)
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(level.upper())
    for chatty in ("uvicorn", "watchfiles", "httpx2", "httpcore2"):
        # They tell of every start, changed file and request; their warnings are wanted.
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    TRACE.setLevel(logging.DEBUG if trace else logging.CRITICAL)


def trace(step: str, began: float, **facts: object) -> None:
    """One step of an edit's way: `began` is its `time.perf_counter()`."""
    if TRACE.isEnabledFor(logging.DEBUG):
        took = (time.perf_counter() - began) * 1000
        TRACE.debug("%s %.2f ms %s", step, took, " ".join(f"{k}={v}" for k, v in facts.items()))
