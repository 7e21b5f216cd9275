"""A run as one web page to take home: its network with its name and what is known of it. The page itself is made by
`core/inference/portable.py`.
"""

from datetime import UTC, datetime

from babel.dates import format_date

from core.data.dataset import title_said
from core.inference.network import Calibration, shipped_bytes, shipped_card
from core.inference.portable import Portable, page_of
from core.language import _, current, number, percent
from core.runs.results import SHIPPED
from core.runs.schema import FileKind, Run
from core.runs.store import Store
from models.own_network import checked


def web_page(run_id: str, store: Store) -> bytes:
    """The network of a run (id, name, beginning of either), or of `shipped`, as one HTML file in the reader's language.

    Raises RunError when there is none (yet).
    """
    if run_id == SHIPPED:
        return shipped_page()
    run = store.find(run_id)
    calibration = Calibration(run.temperature, uploaded=run.on_uploaded_pictures)
    return page_of(Portable(run.name, store.artifact(run.id, FileKind.TFLITE), calibration, _facts(run)))


def shipped_page() -> bytes:
    """The same of the network that comes with the app. Raises RunError when its files are missing."""
    return page_of(_shipped())


def _facts(run: Run) -> dict[str, str]:
    """What network it is, what it learned from, how well, and when."""
    words = {_("Network"): run.plan.called}
    if run.plan.layers is not None:
        words[_("Layers")] = ", ".join(layer.code for layer in checked(run.plan.layers))
    words |= {_("Clothes"): title_said(run.data_title)}
    return words | _figures(run.plan.row.parameters, run.test_accuracy, run.plan.row.source) | _day(run)


def _figures(parameters: int, accuracy: float | None, source: str) -> dict[str, str]:
    words = {_("Test pictures right"): percent(accuracy, 1)} if accuracy is not None else {}
    return words | {_("Numbers it learned"): number(parameters), _("From"): _(source)}


def _day(run: Run) -> dict[str, str]:
    moment = datetime.fromtimestamp(run.finished or run.created, UTC)
    return {_("Finished on"): format_date(moment, "long", locale=current())}


def _shipped() -> Portable:
    """The network that comes with the app."""
    card = shipped_card()
    facts = {_("Clothes"): _("Fashion-MNIST, people’s photos of their clothes (CC0), and drawings made by program")}
    facts |= _figures(card["parameters"], card["test_accuracy"], card["source"])
    title, network = _("The network that comes with the app"), shipped_bytes("model.tflite")
    return Portable(title, network, Calibration.from_card(card), facts)
