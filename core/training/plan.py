"""What a run is asked to do: the plan a person chose before Start, its limits, and how long it will take.

Knows nothing of Keras.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any, Literal, NamedTuple

from core.errors import PlanError
from core.language import N_, _, number
from core.settings import Settings
from models.catalogue import OWN, RECIPES, Recipe, own_recipe
from models.own_network import LayerError, Rows

Schedule = Literal["", "constant", "cosine", "steps"]  # "" is as published
Augmentation = Literal["", "mirror", "shift", "both"]  # "" is none
SCHEDULES: Mapping[Schedule, str] = {
    "": N_("as published"),
    "constant": N_("stays the same"),
    "cosine": N_("falls in a wave"),
    "steps": N_("falls in two steps"),
}
AUGMENTS: Mapping[Augmentation, str] = {
    "": N_("as they are"),
    "mirror": N_("mirrored"),
    "shift": N_("shifted"),
    "both": N_("mirrored and shifted"),
}
MOST_DROPOUT = 0.8
HELD_BACK = 0.1  # share of the training pictures, where a recipe holds none back and the plan needs some
SHIFT = 0.08  # of width and height: two dots each way
OVERHEAD_SECONDS = 6.0  # getting ready, the first step, scoring and saving, where none was measured
MOST_OVERHEAD = 60.0  # of a measured run: more had another cause, such as a computer that slept
SHORT_SECONDS = 25.0  # that a network should train for at first, so that a run takes about half a minute
AMOUNTS = (6_000, 20_000, None)  # of pictures that are offered; None: all of them
FEWEST_EPOCHS = 3  # with less there is no curve


OUTSIDE = {  # what is said of a value outside its limits
    "pictures": N_("The number of pictures is {value}, but must lie between {low} and {high}."),
    "epochs": N_("The number of epochs is {value}, but must lie between {low} and {high}."),
    "batch": N_("The batch size is {value}, but must lie between {low} and {high}."),
    "rate": N_("The learning rate is {value}, but must lie between {low} and {high}."),
    "seed": N_("The seed is {value}, but must lie between {low} and {high}."),
    "dropout": N_("The dropout is {value}, but must lie between {low} and {high}."),
    "patience": N_("The patience is {value}, but must lie between {low} and {high}."),
    "size": N_("The size of the network is {value}, but must lie between {low} and {high}."),
}


@dataclass(frozen=True)
class Plan:
    """What a person chose before Start; `Plan.of(recipe)` has the author's choices."""

    recipe: str
    epochs: int  # 0: its weights are loaded, not trained
    batch_size: int
    learning_rate: float
    examples: int | None = None  # None: all of the training pictures
    seed: int = 0
    variant: str = ""  # of the recipe; "" is as published
    schedule: Schedule = ""  # how the learning rate changes
    dropout: float = 0.0  # share of the neurons before the last layer left out in each batch, beside the recipe's own
    augment: Augmentation = ""  # how training pictures are changed anew each time
    patience: int = 0  # epochs without a better one before it stops and goes back to the best; 0: it never stops
    layers: tuple[tuple[str | float, ...], ...] | None = None  # of one's own network, as models/own_network.py has them

    def __post_init__(self) -> None:
        if self.layers is not None:  # the store gives lists back
            object.__setattr__(self, "layers", tuple(map(tuple, self.layers)))

    @classmethod
    def of(cls, recipe: str, variant: str = "", **changes: Any) -> Plan:
        """The plan of a recipe as published, with changes; a change of None is no change.

        Raises PlanError for an unknown recipe, and for layers of one's own network that do not fit together.
        """
        base = _recipe(recipe, changes.get("layers"))
        names = [row.name for row in base.variants]
        if variant and variant not in names:
            sentence = N_("“{recipe}” has no variant “{variant}”. It has {names}.")
            raise PlanError(sentence, recipe=recipe, variant=variant, names=", ".join(names) or "none")
        row = base.variant(variant)
        plan = cls(recipe, row.epochs, row.batch_size, row.learning_rate, variant=variant)
        return replace(plan, **{name: value for name, value in changes.items() if value is not None})

    @classmethod
    def loading(cls, recipe: str, variant: str = "", layers: Rows | None = None) -> Plan:
        """The plan of a run that loads weights instead of training. Raises PlanError for an unknown recipe."""
        return cls.of(recipe, variant, epochs=0, layers=layers)

    @property
    def loads(self) -> bool:
        """Whether its weights are loaded from a file that came with the run."""
        return self.epochs == 0

    def checked(self, settings: Settings, available: int) -> Plan:
        """This plan, when it lies within the limits. Raises PlanError that names the value and what is allowed."""
        examples = available if self.examples is None else self.examples
        for name, value, low, high in (
            ("pictures", examples, min(100, available), available),
            ("epochs", self.epochs, 1, settings.max_epochs),
            ("batch", self.batch_size, 1, 4096),
            ("rate", self.learning_rate, 1e-6, 1.0),
            ("seed", self.seed, 0, 2**31 - 1),
            ("dropout", self.dropout, 0.0, MOST_DROPOUT),
            ("patience", self.patience, 0, settings.max_epochs),
            ("size", self.row.parameters, 1, settings.max_parameters),
        ):
            if not low <= value <= high:
                raise PlanError(OUTSIDE[name], value=value, low=low, high=high)
        for sentence, chosen, known in (
            (N_("There is no schedule “{chosen}”. Choose one of {known}, or none."), self.schedule, SCHEDULES),
            (N_("There is no change of pictures “{chosen}”. Choose one of {known}, or none."), self.augment, AUGMENTS),
        ):
            if chosen not in known:
                raise PlanError(sentence, chosen=chosen, known=", ".join(filter(None, known)))
        _recipe(self.recipe, self.layers)
        return self

    @property
    def row(self) -> Recipe:
        """The recipe, with its variant applied; a run that shall stop by itself holds pictures back to go by.

        Raises PlanError when the layers of one's own network do not fit.
        """
        row = _recipe(self.recipe, self.layers).variant(self.variant)
        return replace(row, validation=HELD_BACK) if self.patience and not row.validation else row

    @property
    def network_key(self) -> str:
        """Which network it trains, as a key for the speeds of earlier runs: the recipe's name, and for one's own
        network its layers too."""
        return self.recipe if self.layers is None else f"{self.recipe} {list(map(list, self.layers))}"

    @property
    def speed_key(self) -> str:
        """The same with all else that makes a step faster or slower."""
        return f"{self.network_key} {self.variant} {self.batch_size} {self.augment} {self.dropout > 0}"

    @property
    def title(self) -> str:
        """What a run of this plan is called when nobody names it."""
        variant = next((row.title for row in self.row.variants if row.name == self.variant), "")
        return f"{self.row.title}: {variant}" if variant else self.row.title

    @property
    def called(self) -> str:
        """The same in the language of the reader."""
        return ": ".join(map(_, self.title.split(": ")))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the store."""
        return asdict(self)

    def images(self, available: int) -> int:
        """How many pictures the run looks at, over all epochs."""
        count = min(self.examples or available, available)
        return self.epochs * (count - round(count * self.row.validation))


def _recipe(name: str, layers: Rows | None) -> Recipe:
    """A recipe of the catalogue, or the one made of one's own layers.

    Raises PlanError when there is none or the layers do not fit.
    """
    if name == OWN:
        try:
            return own_recipe(layers or ())
        except LayerError as error:
            raise PlanError(error.words, **error.fields) from error
    if name not in RECIPES:
        raise PlanError("There is no recipe “{name}”. Choose one of {known}.", name=name, known=", ".join(RECIPES))
    return RECIPES[name]


class Measured(NamedTuple):
    """How fast a run was on this computer."""

    speed: float  # pictures a second, once it had begun
    beside: float | None  # seconds from Start to the last score in which it did not train; None: not known
    ratio: float  # of its speed to the usual one of its network


def measured(run_plan: Plan, speed: float, spent: float | None, available: int, progress: float = 1.0) -> Measured:
    """What a run says of the next one: its pictures a second, and the seconds it `spent` from its beginning to its end,
    where nothing interrupted it."""
    beside = None if spent is None else spent - run_plan.images(available) * progress / speed
    beside = None if beside is None or beside > MOST_OVERHEAD else max(0.0, beside)
    return Measured(speed, beside, speed / run_plan.row.images_per_second)


def estimate(plan: Plan, available: int, known: Mapping[str, Measured]) -> float:
    """Seconds a run will take from Start to its last score, going by the runs `known` on this computer.

    They are looked for by `plan.speed_key` and by `plan.network_key`; of a network that has not been trained here, the
    usual speed is taken, as much faster or slower as others were.
    """
    return overhead(plan, known) + plan.images(available) / _speed(plan, known)


def overhead(plan: Plan, known: Mapping[str, Measured]) -> float:
    """Seconds of a run in which it does not train: getting ready, the first step, scoring and saving."""
    if (like := _like(plan, known)) and like.beside is not None:
        return like.beside
    return median([row.beside for row in known.values() if row.beside is not None] or [OVERHEAD_SECONDS])


def _speed(plan: Plan, known: Mapping[str, Measured]) -> float:
    if same := known.get(plan.speed_key):
        return same.speed
    like = _like(plan, known)
    ratios = [like.ratio] if like else [row.ratio for row in known.values()]
    return plan.row.images_per_second * median(ratios or [1.0])


def _like(plan: Plan, known: Mapping[str, Measured]) -> Measured | None:
    return known.get(plan.speed_key) or known.get(plan.network_key)


def short(recipe: Recipe, available: int) -> tuple[int | None, int]:
    """How many pictures, None for all, and epochs a network begins with, so that a first run takes about half a minute:
    as published where that is so, else as many pictures as it has time to look at FEWEST_EPOCHS times."""
    room = SHORT_SECONDS * recipe.images_per_second
    if (1 - recipe.validation) * recipe.epochs * available <= room:
        return None, recipe.epochs
    for amount in reversed(AMOUNTS):
        learned = (1 - recipe.validation) * min(amount or available, available)
        if FEWEST_EPOCHS * learned <= room:
            return amount if (amount or available) < available else None, min(recipe.epochs, int(room / learned))
    return AMOUNTS[0], FEWEST_EPOCHS


def duration(seconds: float) -> str:
    """A length of time in round words: "8 s", "3 min", "1.5 h"."""
    if seconds < 90:
        return _("{count} s").format(count=max(1, round(seconds)))
    if seconds < 90 * 60:
        return _("{count} min").format(count=round(seconds / 60))
    return _("{count} h").format(count=number(seconds / 3600, 1))
