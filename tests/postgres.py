"""A PostgreSQL server of the tests' own, from the system's packages: begun in an empty folder, gone after the tests.

It listens at a socket in that folder, and at the addresses it is given. It never runs as root, which it refuses.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")
OWNER = "fitting"  # of all its databases
PATIENCE = 60  # seconds; only a failing test waits so long
QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "jit=off", "shared_buffers=32MB")


def programs() -> Path | None:
    """The folder with `initdb` and `postgres`; None where there is none, as on Windows."""
    if os.name == "nt":
        return None
    on_path = shutil.which("initdb")
    found = [path for pattern in FOLDERS for path in sorted(Path("/").glob(f"{pattern[1:]}/initdb"))]
    return Path(on_path).resolve().parent if on_path else found[-1].parent if found else None


class Server:
    """One server; `addresses` are those of this computer that other network namespaces reach it by, at `port`."""

    def __init__(self, addresses: str = "", port: int = 5432) -> None:
        folder = programs()
        assert folder, "no PostgreSQL here: mark the test with `postgres`"
        self.addresses, self.port, self._programs = addresses, port, folder
        # a short path, as a socket's has to be, that another account may enter
        self.folder = Path(tempfile.mkdtemp(prefix="fr-pg-", dir="/tmp"))
        self.data = self.folder / "data"
        self.folder.chmod(0o755)
        self._as = _another_account()
        if self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])
        self._process: subprocess.Popen[bytes] | None = None
        options = ("--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust", f"--username={OWNER}")
        self._run("initdb", "--pgdata", str(self.data), *options)
        with open(self.data / "pg_hba.conf", "a") as rules:
            rules.write("host all all samenet trust\n")
        self.start()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = (*QUICK, f"listen_addresses={self.addresses}", f"port={self.port}")
        words = [word for setting in settings for word in ("-c", setting)]
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.data, "-k", self.folder, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # Ctrl-C on the tests is not for it
                **self._as,
            )
        engine, began, pause = create_engine(self.url("postgres")), time.monotonic(), threading.Event()
        while time.monotonic() - began < PATIENCE and self._process.poll() is None:
            try:
                engine.connect().close()
                return engine.dispose()
            except OperationalError:
                pause.wait(0.02)
        raise AssertionError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it, and its connections, in order (SIGINT) or at once as a power cut would (SIGQUIT)."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None

    def remove(self) -> None:
        """End it, and leave nothing of it."""
        self.stop()
        shutil.rmtree(self.folder)

    def url(self, database: str, address: str = "") -> str:
        """The SQLAlchemy URL of a database, by an address or by the socket."""
        place = f"{address}:{self.port}/{database}" if address else f"/{database}?host={self.folder}&port={self.port}"
        return f"postgresql+psycopg://{OWNER}@{place}"

    def create(self, database: str) -> str:
        """Make an empty database, and give its URL."""
        self.tell(f"CREATE DATABASE {database} TEMPLATE template0")
        return self.url(database)

    def drop(self, database: str) -> None:
        """Delete a database, whoever is connected to it."""
        self.tell(f"DROP DATABASE {database} WITH (FORCE)")

    def tell(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Carry out one statement outside of any transaction; gives the rows it answers."""
        engine = create_engine(self.url(database), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                answer = connection.execute(text(statement))
                return [tuple(row) for row in answer] if answer.returns_rows else []
        finally:
            engine.dispose()

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run([self._programs / program, *words], capture_output=True, text=True, cwd="/", **self._as)
        assert not done.returncode, done.stdout + done.stderr


def _another_account() -> dict[str, Any]:
    """What makes a subprocess of root another account's; nothing where this process is not root's."""
    if os.geteuid():
        return {}
    import pwd  # not there on Windows

    account = next(row for row in pwd.getpwall() if row.pw_name in ("postgres", "nobody"))
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
