"""Steps that several of the articles have in common."""

from core.language import N_
from core.lessons.step import Guess, Step

SCALE = Step(
    N_("Scale the pixels"),
    N_(
        "Divide every number by 255, so that all lie between 0 and 1. A network learns in small steps, and small"
        " numbers suit small steps. Move the slider and watch one dot."
    ),
    "scaling",
    Guess(
        N_("A dot has the value 51. What does it become?"),
        (N_("0.05"), N_("0.2"), N_("0.51")),
        1,
        N_("51 divided by 255 is 0.2."),
    ),
    look="scaling",
)
RESHAPE = Step(
    N_("Give each picture a channel"),
    N_(
        "A layer of filters wants height, width and channels: 28 × 28 becomes 28 × 28 × 1. Grey has one channel; a"
        " colour photo has three. Mix a colour: each slider is one channel."
    ),
    "channels",
    Guess(
        N_("How many numbers would a picture of 28 × 28 dots have in colour?"),
        (N_("784"), N_("1,568"), N_("2,352")),
        2,
        N_("28 × 28 × 3 = 2,352: one number for red, one for green and one for blue."),
    ),
    look="reshape",
)
SPLIT = Step(
    N_("Hold a fifth back"),
    N_(
        "12,000 of the 60,000 training pictures are set aside for validation. After every epoch they show how the"
        " network does on pictures it has not learned from. Move the slider: what do you gain, what do you lose?"
    ),
    "split",
    more=N_(
        "The author splits with scikit-learn and seed 12345. In the CSV files the pictures stand in another order than"
        " in the idx files, so the same seed holds other ones back: each run says which files it used."
    ),
)
LABELS = Step(
    N_("Write the labels as the loss wants them"),
    N_(
        "The loss compares the answer with the label. “Categorical” cross-entropy wants the label as ten numbers"
        " (one-hot), “sparse” wants it as one. Choose a kind of clothes and see both."
    ),
    "labels",
    Guess(
        N_("Which of the two gives the better network?"),
        (N_("Categorical"), N_("Sparse"), N_("Neither")),
        2,
        N_("Both give the same number: the names only tell how the label is written."),
    ),
)
EVALUATE = Step(
    N_("Score it"),
    N_(
        "The network now sees 10,000 pictures it has never seen, once, at the end. Only this number counts. Guess how"
        " many it gets right, then compare."
    ),
    "score",
    look="evaluate",
)
TABLE = Step(
    N_("Read the table"),
    N_(
        "Two CSV files: one row a picture, first its label, then its 784 pixels. Choose a row, then a line of the"
        " picture, and read its numbers."
    ),
    "table",
    Guess(
        N_("How many columns does the table have?"),
        (N_("28"), N_("784"), N_("785")),
        2,
        N_("One for the label and 784 for the pixels. The tables have 60,000 and 10,000 rows."),
    ),
    look="table",
)
SHEET = Step(
    N_("Look at 25 answers"),
    N_("A 5 × 5 sheet of test pictures. Guess how many of the 25 the network got right, then see what it said."),
    "sheet",
    look="sheet",
)
