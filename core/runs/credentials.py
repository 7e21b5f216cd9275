"""Who may give the training processes work: those who can read one file, and that is this account.

Dask runs whatever reaches it, so the local scheduler and its workers speak TLS only, and each side asks the other for
the certificate that `python -m core workers` made when it started. Address, certificate and key stand in that file.
"""

import json
import os
import re
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from distributed import Security

from core.errors import WorkerError, door
from core.language import N_, Saying
from core.settings import PREFIX, Settings

MOST_BYTES = 100_000  # of the file; it has about 3,000
ADDRESS = re.compile(r"tls://127\.0\.0\.1:\d{1,5}")


@dataclass(frozen=True)
class Credentials:
    """Where the local scheduler listens, the number of its process, and what both sides show: a certificate and its
    key, as PEM."""

    address: str
    pid: int
    certificate: str
    key: str

    @classmethod
    def of(cls, address: str, security: Security) -> "Credentials":
        """Of a scheduler in this process, with what Security.temporary() gave."""
        shown = security.get_tls_config_for_role("client")
        return cls(address, os.getpid(), shown["cert"], shown["key"])

    def security(self) -> Security:
        """For a client: it shows this certificate, and talks to nobody who does not have it too."""
        pair = {"tls_client_cert": self.certificate, "tls_client_key": self.key}
        return Security(require_encryption=True, tls_ca_file=self.certificate, **pair)


def of_settings(settings: Settings) -> Security | None:
    """What this computer shows to a scheduler elsewhere; None where Dask's own configuration may say it.

    Raises WorkerError when a file is missing or is not what it should be, or TLS is set for an address without it.
    """
    files = {name: getattr(settings, name) for name in ("tls_ca", "tls_cert", "tls_key")}
    if not any(files.values()):
        return None
    for name, file in files.items():
        if file is None:
            sentence = N_("{name} is missing. The three FITTING_ROOM_TLS_ settings go together.")
            raise WorkerError(sentence, name=PREFIX + name.upper())
    if not (settings.scheduler or "").startswith("tls://"):
        raise WorkerError(
            "FITTING_ROOM_TLS_CERT is set, but FITTING_ROOM_SCHEDULER does not begin with tls://. Change one of them."
        )
    pair = {
        f"tls_{role}_{kind}": str(files[f"tls_{kind}"]) for role in ("client", "worker") for kind in ("cert", "key")
    }
    security = Security(require_encryption=True, tls_ca_file=str(files["tls_ca"]), **pair)
    sentence = N_("The files of FITTING_ROOM_TLS_CA, _CERT and _KEY cannot be used: {reason}.")
    try:
        security.get_connection_args("client")
    except (OSError, ValueError) as error:  # an error of TLS is an OSError
        raise WorkerError(sentence, reason=str(error)) from error
    return security


def write(path: Path, credentials: Credentials) -> None:
    """Put them into a file that nobody else can read at any moment. Raises WorkerError."""
    sentence = N_("{file} cannot be written. Look at its folder, or choose one with FITTING_ROOM_HOME.")
    with door(WorkerError, Saying(sentence, file=path), (OSError,)):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        number, draft = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")  # for this account alone
        try:
            with open(number, "w", encoding="utf-8") as file:
                json.dump(asdict(credentials), file)
            os.replace(draft, path)
        finally:
            Path(draft).unlink(missing_ok=True)
        closed = _only_ours(path.lstat())
    if not closed:
        path.unlink()
        raise WorkerError(
            "{folder} cannot keep a file to this account alone. Choose another folder with FITTING_ROOM_HOME.",
            folder=path.parent,
        )


def read(path: Path) -> Credentials | None:
    """Those of a scheduler that lives; None when there is none.

    A file that another account owns, can read or can write is no file of ours, nor is one of another form.
    """
    try:
        with open(path, "rb", opener=private) as file:
            status = os.fstat(file.fileno())
            known = Credentials(**json.loads(file.read(MOST_BYTES)))
        # raises an error unless these are a certificate and its key
        complete = known.security().get_connection_args("client")["ssl_context"] and isinstance(known.pid, int)
        ours = (
            complete and _only_ours(status) and ADDRESS.fullmatch(known.address) and _lives(known.pid, status.st_mtime)
        )
    except (OSError, ValueError, TypeError, RecursionError, psutil.Error):
        return None
    return known if ours else None


def holder(path: Path) -> int | None:
    """The number of the process that a file names; None when the file is gone or of another form.

    Raises OSError when it cannot be read at this moment.
    """
    try:
        return int(json.loads(path.read_bytes())["pid"])
    except (FileNotFoundError, ValueError, TypeError, KeyError, RecursionError):
        return None


def private_folder(path: Path) -> Path:
    """A folder for this account alone, made where it is absent. Raises WorkerError when it is somebody else's."""
    unmade = Saying("The folder {folder} cannot be made. Choose another home with FITTING_ROOM_HOME.", folder=path)
    with door(WorkerError, unmade, (OSError,)):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode) or not _owned(status):
            sentence = N_("The folder {folder} belongs to somebody else. Delete it, or set FITTING_ROOM_HOME.")
            raise WorkerError(sentence, folder=path)
        path.chmod(0o700)
    return path


def private(path: str, flags: int) -> int:
    """Opens a file, as `open(..., opener=private)`: a new one for this account alone, never what a link leads to."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o600)


def _owned(status: os.stat_result) -> bool:
    return os.name == "nt" or status.st_uid == os.geteuid()  # on Windows the profile's folder keeps others out


def _only_ours(status: os.stat_result) -> bool:
    others = 0 if os.name == "nt" else stat.S_IMODE(status.st_mode) & 0o077
    return stat.S_ISREG(status.st_mode) and _owned(status) and not others


def _lives(pid: int, written: float) -> bool:
    """Whether this process is workers of this account, and not one that got the number of the one that wrote."""
    process = psutil.Process(pid)
    same = process.username() == psutil.Process().username()
    return same and "workers" in process.cmdline() and process.create_time() <= written
