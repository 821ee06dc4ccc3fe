"""The right to publish to one bucket: written into its state, and renewed for as long as it takes.

Nobody's clock counts. Whoever finds another's lease watches it: one that is not renewed for its whole
length is nobody's any more.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import os
import secrets
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from prdgen.delivery.errors import LeaseLost, TargetBusy, TargetNotOurs
from prdgen.delivery.state import State
from prdgen.errors import PrdgenError
from prdgen.storage.bucket import Bucket
from prdgen.storage.errors import NoConditions, StorageChanged

log = logging.getLogger(__name__)
HOME: Final = ".prdgen"
STATE: Final = f"{HOME}/state.json"
_TRIES: Final = 3
_RENEWED: Final = 3
"""Times within its length."""
_SAFE: Final = 0.7
"""The part of its length after which a lease that could not be renewed is not relied on."""


class Lease:
    """A context manager; inside, `state` is the target's, and only `save` changes it.

    Raises TargetBusy when another one publishes, TargetNotOurs when the bucket holds something else.
    """

    def __init__(self, bucket: Bucket, seconds: float) -> None:
        self._bucket, self._seconds = bucket, seconds
        self._me = f"{_place()}/{os.getpid()}/{secrets.token_hex(8)}"
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._lost = ""
        self._etag = ""
        self._renewed_at = 0.0
        self._saved = State()
        """The state as `save` last wrote it: what renewing writes, whatever is being done to `state`."""
        self.state = State()
        self.took_over = False
        """Whether another one was not heard of any more. Should it only stand still, what it may write
        when it goes on is found by the next one, by comparing.
        """

    def __enter__(self) -> Self:
        self._take()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        if self.state.holder != self._me or self._lost:
            return
        self.state.holder = ""
        try:
            self.save()
        except PrdgenError as error:
            # It runs out by itself.
            log.info("%s keeps our lease for a moment: %s", self._bucket.where, error)

    def hold(self) -> None:
        """Raises LeaseLost when somebody else may publish by now."""
        silent = time.monotonic() - self._renewed_at
        if not self._lost and silent > self._seconds * _SAFE:
            self._lost = f"its lease could not be renewed for {silent:.0f} s"
        if self._lost:
            raise LeaseLost(where=self._bucket.where, got=self._lost)

    def save(self, *, last: bool = False) -> None:
        """Write the state, if nobody else did; `last`: and give the lease back with it."""
        with self._lock:
            if last:
                self.state.holder = ""
            saved = copy.deepcopy(self.state)
            saved.turn = max(self.state.turn, self._saved.turn) + 1
            self._put(saved)
            self.state.turn = saved.turn

    def _put(self, state: State) -> None:
        began = time.monotonic()
        self._etag = self._write(state.packed())
        self._saved, self._renewed_at = state, began

    def _write(self, data: bytes) -> str:
        for _ in range(_TRIES):
            try:
                return self._bucket.put(STATE, data, _HEADERS, match=self._etag)
            except StorageChanged:
                # An answer may have been lost on its way: what was written is ours then.
                found = self._bucket.get(STATE)
                if found is not None and found[0] == data:
                    return found[1]
                if found is None or found[1] != self._etag:
                    other = State.unpacked(found[0], self._bucket.where).holder if found else ""
                    self._lost = f"{who(other)} took over"
                    raise LeaseLost(where=self._bucket.where, got=self._lost) from None
        raise LeaseLost(where=self._bucket.where, got="its state could not be written")

    def _take(self) -> None:
        found = self._bucket.get(STATE) or self._begin()
        self.state, self._etag = State.unpacked(found[0], self._bucket.where), found[1]
        if self.state.holder and not _is_dead(self.state.holder):
            self._watch()
        self.state.holder = self._me
        try:
            self.save()
        except LeaseLost:
            raise TargetBusy(where=self._bucket.where, who="Another process") from None

    def _begin(self) -> tuple[bytes, str]:
        """The state of a new target, in a bucket that has nothing yet."""
        other = next(iter(self._bucket.objects()), None)
        if other is not None:
            raise TargetNotOurs(where=self._bucket.where, got=other.key)
        data = State().packed()
        try:
            etag = self._bucket.put(STATE, data, _HEADERS, match="")
        except StorageChanged:
            # Another one began it, or our own answer was lost: whose it is shows when it is taken.
            found = self._bucket.get(STATE)
            if found is None:
                raise TargetBusy(where=self._bucket.where, who="Another process") from None
            return found
        with contextlib.suppress(StorageChanged):
            self._bucket.put(STATE, data, _HEADERS, match="")
            raise NoConditions(where=self._bucket.where)
        return data, etag

    def _watch(self) -> None:
        """Look at another's lease until it is given back or was not renewed for its whole length."""
        until = time.monotonic() + self._seconds
        while time.monotonic() < until:
            time.sleep(min(0.5, self._seconds / 10))
            found = self._bucket.get(STATE)
            if found is None:
                raise TargetBusy(where=self._bucket.where, who="Another process")
            if found[1] == self._etag:
                continue
            self.state, self._etag = State.unpacked(found[0], self._bucket.where), found[1]
            if self.state.holder:
                raise TargetBusy(where=self._bucket.where, who=who(self.state.holder))
            return
        log.warning("%s: %s is not heard of any more", self._bucket.where, who(self.state.holder))
        self.took_over = True

    def _renew(self) -> None:
        while not self._end.wait(self._seconds / _RENEWED):
            try:
                with self._lock:
                    self._put(replace(self._saved, turn=self._saved.turn + 1))
            except LeaseLost:
                return
            except PrdgenError as error:
                log.info("the lease of %s is not renewed yet: %s", self._bucket.where, error)


_HEADERS: Final = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def who(holder: str) -> str:
    """A lease's holder for people."""
    place, _, rest = holder.partition("/")
    number = rest.split("/")[1] if rest.count("/") >= 2 else "?"
    return f"Process {number} on {place}" if holder else "Another process"


def _place() -> str:
    """This machine, and the processes that can see each other's numbers on it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")[:8]
        space = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        boot, space = "", 0
    return f"{socket.gethostname().replace('/', '_')}/{boot}-{space}"


def _is_dead(holder: str) -> bool:
    """Whether the holder was a process of this machine that has ended."""
    place, _, rest = holder.rpartition("/")[0].rpartition("/")
    if place != _place() or place.endswith("-0") or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
