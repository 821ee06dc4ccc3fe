"""Runs the server: the port, the worker beside it, the sign-in link, and a clean end."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import FrameType

import uvicorn
from anyio import to_thread

from prdgen import logs, memory, trace
from prdgen.errors import PrdgenError
from prdgen.flows import clone, context, forge_wanted, lease, publish, table
from prdgen.server import app as app_module
from prdgen.server import frames, quick
from prdgen.server.errors import CannotListen, PortInUse
from prdgen.settings import Settings

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

log = logging.getLogger(__name__)
Say = Callable[[str], None]
_WORKER_SECONDS = 10
_RESTART_SECONDS = 1.0
_CUT_OFF = "ASGI callable returned without completing"
_FRUGAL = {"MALLOC_ARENA_MAX": "2", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""For glibc: give back what a large job used. After 639 pages a worker keeps 160 MB, not 220."""


def serve(settings: Settings, *, with_worker: bool, say: Say) -> None:
    """Serve until SIGINT or SIGTERM. Raises PortInUse, CannotListen, AlreadyServed,
    OtherServices, OtherClone, NoSuchBranch and what opening raises.
    """
    logs.configure(settings.log_level, as_json=settings.log_json, trace=settings.trace)
    trace.switch(to=settings.trace)
    opened = clone.open_clone(settings)
    if settings.main_branch:
        clone.tip_of(opened, settings.main_branch)
    checks: list[Callable[[], object]] = [
        publish.published(opened).check_public, partial(forge_wanted.address, opened),
    ]  # fmt: skip
    for check in checks:
        try:
            check()
        except PrdgenError as error:  # people can write all the same
            say(f"Warning: {error} {error.hint}")
    listener = _listen(settings)
    settings = replace(settings, port=listener.getsockname()[1])
    loop = asyncio.Runner(loop_factory=new_event_loop)
    with listener, context.joined(settings) as process_id, loop as runner:
        try:
            runner.run(_serve(settings, listener, process_id, with_worker=with_worker, say=say))
        except asyncio.CancelledError:
            say("Stopped before it was up.")


async def _serve(
    settings: Settings, listener: socket.socket, process_id: str, *, with_worker: bool, say: Say
) -> None:
    _stop_while_starting(say)
    say(f"Opening {settings.repository} …")
    async with context.open_app(settings, table.tasks, process_id) as app:
        await lease.check(app)
        say("Database and cache are up.")
        served = app_module.create_app(app)
        config = uvicorn.Config(
            served,
            log_config=None,
            loop="none",  # It runs on the one that `serve` made.
            http=quick.Http,
            ws=frames.Socket,
            ws_max_size=settings.message_limit + 4096,
            ws_per_message_deflate=False,  # Automerge's messages are small, and packed already.
            ws_ping_interval=3,  # A tab that vanished without a word is gone within ten seconds.
            ws_ping_timeout=4,
            timeout_graceful_shutdown=5,
            server_header=False,
            proxy_headers=False,
        )
        server = _Server(config, say)
        await asyncio.sleep(
            0
        )  # Where a signal that came just before the server's own takes effect.
        worker = asyncio.create_task(_worker(app, settings)) if with_worker else None
        greeting = asyncio.create_task(_greet(app, server, settings, say))
        collecting = asyncio.create_task(memory.collect(partial(_is_quiet, app)))
        try:
            await server.serve(sockets=[listener])
        finally:
            for task in (greeting, collecting, worker):
                if task is not None:
                    task.cancel()
                    await asyncio.wait([task])


def _is_quiet(app: context.App) -> bool:
    return app.rooms is None or app.rooms.quiet(asyncio.get_running_loop().time())


def _stop_while_starting(say: Say) -> None:
    """Until the server takes them itself: at SIGINT or SIGTERM what was started is ended again."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def stop(sig: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if task.cancelling():
            _say_soon(loop, say, "Still stopping …")
            return
        task.cancel()
        _say_soon(loop, say, "Stopping: ending what was started …")

    _take_signals(stop)


def _say_soon(loop: asyncio.AbstractEventLoop, say: Say, words: str) -> None:
    """Say it when the loop comes to it, which is woken: a signal may have come in the middle of the
    writing of another line, and a stream takes no second one then.
    """
    if not loop.is_closed():
        loop.call_soon_threadsafe(say, words)


def _take_signals(by: Callable[[int, FrameType | None], None]) -> None:
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, by)


class _Server(uvicorn.Server):
    """Ends on SIGINT or SIGTERM in its own time: everything open is written and committed first.

    uvicorn would skip that at the second ctrl-C, and raise the signal again at the end.
    """

    def __init__(self, config: uvicorn.Config, say: Say) -> None:
        super().__init__(config)
        self._say, self._loop = say, asyncio.get_running_loop()
        logging.getLogger("uvicorn.error").addFilter(self._is_news)
        _take_signals(self.handle_exit)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Keep both signals, also while what was open is closed after serving."""
        yield

    def _is_news(self, record: logging.LogRecord) -> bool:
        """Event streams that stopping cuts off are no errors."""
        return not (self.should_exit and record.getMessage().startswith(_CUT_OFF))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Stop at the first signal; the next ones only learn that it is under way."""
        again = self.should_exit
        self.should_exit = True
        _say_soon(
            self._loop, self._say,
            "Still stopping; nothing is lost meanwhile …" if again
            else "Stopping: writing and committing what is open …",
        )  # fmt: skip


async def _greet(app: context.App, server: uvicorn.Server, settings: Settings, say: Say) -> None:
    """Say where the server is and how to get in, once it answers."""
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    base = clone.base_url(settings)
    link = await app_module.first_sign_in(app)
    say(f"prdgen serves {app.repository.work_tree} at {base}")
    say(f"Sign in (once, within ten minutes): {base}/sign-in/{link}")


async def _worker(app: context.App, settings: Settings) -> None:
    """Keep a worker process running; it ends by itself when this process does."""
    environment = (
        _FRUGAL
        | os.environ
        | {
            "PRDGEN_DATABASE_URL": app.database_url,
            "PRDGEN_REDIS_URL": app.redis_url,
        }
    )
    while True:
        read_end, write_end = os.pipe()
        process = subprocess.Popen(  # noqa: ASYNC220 - it starts in a moment
            [sys.executable, "-m", "prdgen", "worker", "--repository", str(settings.repository),
             "--parent-pipe", str(read_end)],
            env=environment, pass_fds=(read_end,), start_new_session=True,
        )  # fmt: skip
        os.close(read_end)
        try:
            code = await to_thread.run_sync(process.wait, abandon_on_cancel=True)
            log.warning("the worker ended (exit %s); starting it again", code)
            await asyncio.sleep(_RESTART_SECONDS)
        finally:
            os.close(write_end)
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the worker: asked first, made to after a while."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_WORKER_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listen(settings: Settings) -> socket.socket:
    """The listening socket, taken before anything else starts.

    Raises AlreadyServed, PortInUse and CannotListen.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        if getattr(error, "errno", None) == errno.EADDRINUSE:
            # When this clone is being served already, that is the better answer.
            context.check_free(settings)
            raise PortInUse(port=settings.port, host=settings.host) from error
        raise CannotListen(port=settings.port, host=settings.host, got=error) from error
    listener.set_inheritable(False)
    return listener
