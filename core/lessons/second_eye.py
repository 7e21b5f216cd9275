"""The lesson that is of no published system: what the second eye learned elsewhere, and what here."""

from core.language import N_
from core.lessons.step import Guess, Step

SECOND_EYE = "second-eye"
OF_PHOTOS = {"small": 0.776, "eye": 0.797, "both": 0.838}  # right, of 612 photos by others: docs/results.md
TRANSFER = (
    Step(
        N_("What it learned elsewhere"),
        N_(
            "The second eye is a large network that saw photos of a thousand kinds of things: dogs, cups, buses, and"
            " some clothes. From them it learned to see edges, cloth, sleeves, laces."
        ),
        "transfer",
        Guess(
            N_("How many photos did it learn from?"),
            (N_("10,000"), N_("100,000"), N_("A million")),
            2,
            N_("About a million, at somebody else's: that takes days on many computers."),
        ),
    ),
    Step(
        N_("What it learned here"),
        N_(
            "It looks three times: at the whole photo, close up, and at the garment alone. Each look gives 1,280"
            " numbers. Only the last ten neurons learned here."
        ),
        "looks",
        Guess(
            N_("How many photos of clothes were enough for that?"),
            (N_("2,290"), N_("60,000"), N_("A million")),
            0,
            N_("2,290, and 421 of hats, shorts and skirts for “none of them”. Bags it knew already."),
        ),
    ),
    Step(
        N_("Why so few are enough"),
        N_(
            "Once it could see, it learned coats and dresses from about 200 photos each. This is called transfer"
            " learning. Move the slider: how many numbers must be learned, with and without it?"
        ),
        "few",
        Guess(
            N_("How many photos of each kind of shoe had it?"),
            (N_("26 to 63"), N_("About 500"), N_("About 6,000")),
            0,
            N_("26 to 63 of a kind. Fashion-MNIST has 7,000 of each."),
        ),
    ),
    Step(
        N_("Why it cannot read drawings"),
        N_(
            "It looks for colour, cloth, folds, shadows. A drawing has only lines, a test picture only grey dots. Move"
            " the slider and take away what it looks for."
        ),
        "shrink",
        Guess(
            N_("Who answers a drawing?"),
            (N_("The second eye"), N_("The small network"), N_("Both")),
            1,
            N_("The small network learned from grey dots, and answers drawings and test pictures alone."),
        ),
    ),
    Step(
        N_("Two see more than one"),
        N_(
            "They make different mistakes. Where both say the same, it is mostly right; where they differ, the app is"
            " mostly less sure."
        ),
        "both",
        Guess(
            N_("Alone they name 78 % and 80 % of other people's photos rightly. Together?"),
            (N_("79 %"), N_("84 %"), N_("98 %")),
            1,
            N_("84 %: each helps the other where it is sure."),
        ),
        look="eyes",
    ),
)
