"""nginx on the same files, if it can be had: one worker, as prdgen's server is one process."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench import debian, processes, served

_CONFIG: Final = """\
worker_processes 1;
daemon off;
pid {folder}/pid;
error_log {folder}/errors warn;
events {{ worker_connections 512; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  open_file_cache max=10000 inactive=60s;
  types {{ text/html html; text/css css; text/javascript js; application/json json; image/svg+xml svg; }}
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  gzip_static on;
  server {{ listen 127.0.0.1:{port}; location /site/ {{ alias {public}/; }} }}
}}
"""


def find() -> debian.Program | None:
    """The program, if it can be had."""
    return debian.find("nginx", "nginx")


class Nginx:
    """A server of a built site at `/site/`. A context manager."""

    def __init__(self, program: debian.Program, public: Path, folder: Path) -> None:
        self.port = served.free_port()
        folder.mkdir(parents=True)
        # Its worker gives up root, and must be able to come in.
        folder.chmod(0o755)
        config = folder / "nginx.conf"
        config.write_text(_CONFIG.format(folder=folder, port=self.port, public=public), "utf-8")
        self._process = subprocess.Popen(
            [program.path, "-p", str(folder), "-c", str(config), "-g", "user root;"],
            env=program.environment, text=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        deadline = time.monotonic() + 10
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/site/", timeout=5).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        processes.stop(self._process)

    def cpu_seconds(self) -> float:
        """Processor time so far."""
        return processes.seconds(processes.tree(self._process.pid))
