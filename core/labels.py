"""The ten classes of Fashion-MNIST, one row each, in the data set's own order, and how well people tell them."""

from dataclasses import dataclass

from core.language import N_, _, percent


@dataclass(frozen=True)
class Garment:
    """One class: its number, published name, short name for files and links, plain description and chart colour."""

    index: int
    name: str
    slug: str
    description: str
    colour: str


# The colours were chosen to stay apart in normal, red-blind, green-blind and blue-blind vision, on light and on dark.
CLASSES = (
    Garment(0, N_("T-shirt/top"), "t-shirt", N_("short sleeves or none, no buttons all the way down"), "#1c6ff5"),
    Garment(1, N_("Trouser"), "trouser", N_("two long legs"), "#5c6a52"),
    Garment(2, N_("Pullover"), "pullover", N_("long sleeves, pulled over the head"), "#29ba07"),
    Garment(3, N_("Dress"), "dress", N_("one long piece, narrow at the waist"), "#e481ac"),
    Garment(4, N_("Coat"), "coat", N_("long sleeves, opens at the front, worn outside"), "#85400b"),
    Garment(5, N_("Sandal"), "sandal", N_("an open shoe with straps"), "#ae85dd"),
    Garment(6, N_("Shirt"), "shirt", N_("buttons or a collar, long or short sleeves"), "#820098"),
    Garment(7, N_("Sneaker"), "sneaker", N_("a low sports shoe"), "#3a17ef"),
    Garment(8, N_("Bag"), "bag", N_("a hand bag or shoulder bag"), "#75ae62"),
    Garment(9, N_("Ankle boot"), "ankle-boot", N_("a closed shoe that covers the ankle"), "#663f6a"),
)
NAMES = tuple(garment.name for garment in CLASSES)
SLUGS = tuple(garment.slug for garment in CLASSES)
COLOURS = tuple(garment.colour for garment in CLASSES)

# Share of 1,000 test pictures that people without expertise in fashion name rightly, three of them a picture: measured
# by the makers of Fashion-MNIST and reported in its README (https://github.com/zalandoresearch/fashion-mnist).
HUMAN_ACCURACY = 0.835
PEOPLE = f"{100 * HUMAN_ACCURACY:.1f} %"  # the same in words


def names() -> tuple[str, ...]:
    """The ten classes as they are called on the pages, in the reader's language; in files they have their NAMES."""
    return tuple(_(garment.name) for garment in CLASSES)


def short_names() -> tuple[str, ...]:
    """The same for narrow places: "T-shirt" for "T-shirt/top"."""
    return tuple(name.split("/")[0] for name in names())


def people() -> str:
    """HUMAN_ACCURACY in the reader's language."""
    return percent(HUMAN_ACCURACY, 1)
