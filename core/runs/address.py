"""The address of the store of runs, as FITTING_ROOM_STORE gives it: read, and spoken of without a word of it.

Whoever may read a message, a log or a page learns the kind of database, its host and its name at most.
"""

from urllib.parse import quote, quote_plus

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from core.errors import StoreError
from core.language import N_, Saying

POSTGRES = ("postgres", "postgresql")  # the first is what hosts of databases like to write
POSTGRES_DRIVER = "postgresql+psycopg"
KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "oracle": "Oracle"}
PACKAGES = {"psycopg": "psycopg[binary]", "MySQLdb": "mysqlclient"}  # for a module, where its own name is another
TITLES = {  # by whether there is a name, and a host
    (True, True): N_("the {kind} database “{name}” at {host}"),
    (True, False): N_("the {kind} database “{name}”"),
    (False, True): N_("the {kind} database at {host}"),
    (False, False): N_("the {kind} database"),
}
NO_ADDRESS = N_(
    "What FITTING_ROOM_STORE holds is not a database address I can use. It takes a SQLAlchemy URL, for instance "
    "postgresql://user:password@host/name; in a password write @ as %40, : as %3A and / as %2F."
)


def address_of(url: str) -> URL:
    """The parts of a SQLAlchemy URL; `postgres` and `postgresql` mean PostgreSQL by way of psycopg 3.

    Raises StoreError for text that is no address.
    """
    try:
        address = make_url(url)
        if address.drivername in POSTGRES:
            address = address.set(drivername=POSTGRES_DRIVER)
        address.get_dialect()
    except ImportError as error:
        raise _driver_missing(address, error) from error
    except (ArgumentError, ValueError):  # their words may hold parts of the address
        raise StoreError(NO_ADDRESS) from None
    return address


def need_driver(address: URL) -> None:
    """Raise StoreError, which says what to install, where the package that speaks to such a database is missing."""
    try:
        address.get_dialect().import_dbapi()
    except ImportError as error:
        raise _driver_missing(address, error) from error


def _driver_missing(address: URL, error: ImportError) -> StoreError:
    package = PACKAGES.get(error.name or "", error.name)
    return StoreError(
        "FITTING_ROOM_STORE names a database of the kind {kind}, and the package that speaks to one is not installed."
        ' Install it into the app\'s environment: python -m pip install "{package}"',
        kind=_kind(address),
        package=package,
    )


def title(url: str) -> Saying:
    """What a database is, for people: its file, or its kind, name and host. Raises StoreError for no address."""
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        return Saying("the SQLite file {file}", file=address.database)
    name, host = address.database or "", address.host or ""
    if url.count("@") > 1:  # a password with an @ in it was cut there: its end stands where host or name is due
        name = host = ""
    return Saying(TITLES[bool(name), bool(host)], kind=_kind(address), name=name, host=host)


def _kind(address: URL) -> str:
    return KINDS.get(address.get_backend_name(), address.get_backend_name())


def harmless(text: str, url: str) -> str:
    """The first line of what a driver says, or "" where it repeats anything secret of the address."""
    address = address_of(url)
    if address.get_backend_name() == "sqlite":
        return (text.splitlines() or [""])[0]
    values = [value for given in address.query.values() for value in ([given] if isinstance(given, str) else given)]
    secrets = [secret for secret in (address.username, address.password, *values) if secret]
    spelt = {way(secret) for secret in secrets for way in (str, quote, quote_plus)}
    told = url.count("@") > 1 or "://" in text or any(word in text for word in spelt)
    return "" if told else (text.splitlines() or [""])[0]
