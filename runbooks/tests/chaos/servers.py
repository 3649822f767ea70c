"""A PostgreSQL of a chaos run's own, which it may crash: made by Debian's initdb in the run's folder, on a free port."""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

SETTINGS = "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 60\nshared_buffers = 32MB\n"


class Unavailable(Exception):
    """No PostgreSQL can be had here; the message says why."""


def programs() -> Path:
    """Where initdb and pg_ctl are, newest version first. Raises `Unavailable`."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    on_path = shutil.which("initdb")
    if found:
        return found[0].parent
    if on_path:
        return Path(on_path).parent
    raise Unavailable("initdb was not found; install it with: apt-get install postgresql")


class OwnPostgres:
    """A server that is made, crashed and removed with the run. As root it runs as the system's user postgres."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        """`port` is that of one that was made before in this folder; 0 for one still to be made."""
        self.programs = programs()
        self.data = folder / "postgresql"
        self.port = port or _free_port()

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        """Initialise and start it. Raises `Unavailable`."""
        self.data.mkdir()
        if os.geteuid() == 0:
            try:
                owner = pwd.getpwnam("postgres")
            except KeyError as error:
                raise Unavailable("as root, PostgreSQL needs a system user named postgres") from error
            os.chown(self.data, owner.pw_uid, owner.pw_gid)
            for parent in self.data.parents[:2]:
                parent.chmod(parent.stat().st_mode | 0o011)
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(f"{SETTINGS}port = {self.port}\n")
        self._control("start")

    def crash(self) -> None:
        """Stop at once without writing anything down, then start again from the log."""
        self._control("restart", "--mode=immediate")

    def remove(self) -> None:
        """Stop it; the folder is the run's to remove."""
        self._control("stop", "--mode=immediate")

    def _control(self, act: str, *arguments: str) -> None:
        self._run("pg_ctl", act, "--wait", f"--log={self.data / 'server.log'}", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        """As user postgres where we are root, which PostgreSQL refuses to run as."""
        command = [str(self.programs / program), "--pgdata", str(self.data), *arguments]
        as_user: dict[str, Any] = (
            {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        )
        # Into a file, not a pipe: the server inherits it and would keep a pipe open for as long as it lives.
        with (self.data.parent / "postgresql.log").open("ab") as said:
            done = subprocess.run(command, cwd="/", stdout=said, stderr=said, timeout=60, check=False, **as_user)
        if done.returncode != 0:
            raise Unavailable(f"{program} {arguments[0]} failed; see {self.data.parent / 'postgresql.log'}")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
