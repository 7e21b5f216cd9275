"""The five published systems as lessons: their steps in order, in our own words, and how layers, losses and optimisers
work. And one lesson more, about what the second eye learned elsewhere.

Knows nothing of pages. A step's `look` names where in the app one sees it; the page makes a link of it.
"""

from dataclasses import dataclass

import pandas as pd

from models import measured
from models.catalogue import RECIPES, Recipe


@dataclass(frozen=True)
class Step:
    """One step of a lesson."""

    title: str
    words: str
    look: str = ""  # a key of the page's links, or "" for none


SCALE = Step(
    "Scale the pixels",
    "Divide every number by 255, so that all lie between 0 and 1. A network learns in small steps, and small numbers"
    " suit small steps.",
    "scaling",
)
RESHAPE = Step(
    "Give each picture a channel",
    "A layer of filters wants height, width and channels: 28 × 28 becomes 28 × 28 × 1. Grey has one channel; a colour"
    " photo has three.",
    "reshape",
)
SPLIT = Step(
    "Hold a fifth back",
    "12,000 of the 60,000 training pictures are set aside (scikit-learn, seed 12345). After every epoch they show how"
    " the network does on pictures it has not learned from. In the CSV files the pictures stand in another order than"
    " in the idx files, so the same seed holds other ones back: each run says which files it used.",
)
LABELS = Step(
    "Write the labels as the loss wants them",
    "One-hot: a 4 becomes 0 0 0 0 1 0 0 0 0 0, for “categorical” cross-entropy. Left as 4 it is for the “sparse” one. "
    "Both give the same number: the names only tell the format.",
)
EVALUATE = Step("Score it", "10,000 pictures it has never seen, once, at the end: only this number counts.", "evaluate")

LESSONS: dict[str, tuple[Step, ...]] = {
    "five-steps": (
        Step(
            "Say what the task is",
            "70,000 small grey pictures, ten kinds of clothes. Which kind is it? "
            "(One slip: a higher number is not darker. In the files 0 is the black ground and 255 the brightest dot.)",
        ),
        Step(
            "Read the table",
            "Two CSV files: one row a picture, first its label, then its 784 pixels. 60,000 × 785 and 10,000 × 785.",
            "table",
        ),
        Step(
            "Look at the pictures",
            "One at random, in colours and in grey, then 225 at once in a 15 × 15 grid. (The author draws a number from"
            " 1 to 60,000. The first picture is number 0, and there is no number 60,000.)",
            "grid",
        ),
        SCALE,
        SPLIT,
        RESHAPE,
        Step(
            "Build and train",
            "64 filters, pooling, dropout, 32 neurons, ten sigmoids. 50 epochs, 512 pictures a step. The "
            "author's advice is to try 32 filters "
            "first, and a second convolution stands in the code, switched off: both are experiments here.",
            "network",
        ),
        EVALUATE,
        Step("Look at 25 answers", "A 5 × 5 sheet: what it said, and what is true.", "sheet"),
        Step(
            "See what it mixes up",
            "The confusion matrix as a heat map; the sum of its diagonal is the number of right answers. "
            "The classification report has precision, recall, F1 and support for each class.",
            "matrix",
        ),
    ),
    "hello-world": (
        Step(
            "Why not digits?",
            "Handwritten digits (MNIST) are too easy: simple networks get 99 % of them. Clothes come in the "
            "same format, 28 × 28 in grey, ten classes, "
            "and are hard enough to tell good networks from better ones.",
        ),
        Step("Load it", "Four arrays: training pictures and labels, test pictures and labels.", "arrays"),
        Step(
            "Explore it",
            "Shapes, counts, labels. (The labels printed in the article, 5, 0, 4 … and 7, 2, 1 …, are those of the"
            " digits. Fashion-MNIST begins with 9, 0, 0 … and 9, 2, 1 ….)",
            "arrays",
        ),
        Step("Look at one", "Picture number 1 with its colour bar: every dot is a number from 0 to 255.", "one"),
        SCALE,
        Step("Look at the first 30", "Five rows of six, with their names.", "grid"),
        LABELS,
        Step(
            "Build and train",
            "784 pixels straight into 128 neurons, then ten outputs with softmax. RMSprop, 5 epochs, 128 pictures a"
            " step.",
            "network",
        ),
        EVALUATE,
        Step(
            "Notice the gap",
            "88.4 % on the pictures it learned from, 86.8 % on new ones: it has begun to learn by heart. This is called"
            " overfitting. Train ten times as long and see the gap open.",
        ),
        Step(
            "Read one answer",
            "Ten numbers for test picture 10. The place of the largest (arg max) is the answer: 4, a coat.",
            "single",
        ),
        Step(
            "Look at picture and bars",
            "Pictures 15 and 1000, then 15 pairs side by side. Right is ✓ and green, wrong is ✗ and red.",
            "pairs",
        ),
    ),
    "intuitive-cnn": (
        Step("Say what the task is", "A shop wants to know what a picture shows: one of ten kinds of clothes."),
        Step("Read the table", "The same CSV files: a label and 784 pixels a row.", "table"),
        SCALE,
        SPLIT,
        RESHAPE,
        Step(
            "Convolution",
            "64 small filters slide over the picture. Each answers strongly where it finds its own pattern: an edge, a"
            " fold, a seam.",
            "convolution",
        ),
        Step("ReLU", "What does not fit gives negative numbers. They become 0: only what was found goes on.", "relu"),
        Step(
            "Max pooling",
            "Of every 2 × 2 numbers only the largest stays. A quarter of the numbers, and the pattern may sit a dot"
            " further left.",
            "pooling",
        ),
        Step(
            "Dropout",
            "In each training step a random quarter of the numbers is left out, so that no neuron can rely on one other"
            " alone.",
            "dropout",
        ),
        Step(
            "Convolution and pooling again",
            "32 filters look at the 64 pictures that came out: patterns of patterns.",
            "convolution",
        ),
        Step("Flatten", "5 × 5 × 32 numbers laid into one row of 800.", "flatten"),
        Step("Fully connected", "32 neurons see all 800; ten sigmoids give the answer.", "neuron"),
        Step(
            "Choose the loss",
            "Sparse categorical cross-entropy. (The article says that sparse is for exclusive classes and "
            "categorical for several labels at once. "
            "It is not so: they differ only in how the label is written.)",
        ),
        Step("Train", "50 epochs, 512 pictures a step. The author reports 92 % on the training pictures.", "network"),
        EVALUATE,
        Step(
            "See what it mixes up",
            "Pullover (2), coat (4) and shirt (6), says the author. Look at the matrix: is it so for yours?",
            "matrix",
        ),
    ),
    "clothes-ann": (
        Step("Load it", "60,000 and 10,000 pictures of 28 × 28.", "arrays"),
        Step("Look at one", "Picture number 2 has the label 0: a T-shirt.", "one"),
        Step(
            "Build it",
            "Flatten 28 × 28 into 784, 128 neurons with ReLU, ten outputs with softmax. (The article says nine "
            "classes; there are ten, 0 to 9.)",
            "network",
        ),
        Step(
            "Choose loss, optimiser and metric",
            "The loss says how wrong it is. The optimiser, Adam, changes the weights so that the loss gets smaller. "
            "The metric, accuracy, is for us: the share of right answers.",
        ),
        Step("Train", "5 epochs, 32 pictures a step, with pixels as they are in the files, 0 to 255.", "network"),
        EVALUATE,
        Step("Save the weights", "All 101,770 numbers in one file, to be loaded again later.", "weights"),
        Step(
            "Ask about the first five",
            "The first five test pictures: the answers beside the true labels, and the pictures in grey.",
            "sheet",
        ),
        Step(
            "Bring a picture of any size",
            "The article only reshapes what is 28 × 28 already. Here any photo is cut out, turned grey and "
            "shrunk to 28 × 28, and shown at each stage.",
            "photo",
        ),
    ),
    "new-abcd": (
        Step(
            "One channel or three",
            "Grey pictures have one number a dot; coloured ones have three: red, green and blue.",
            "reshape",
        ),
        Step("Load it", "Four arrays, as they come with Keras.", "arrays"),
        RESHAPE,
        Step(
            "Normalise it",
            "The article divides the test pixels by 255 and the training pixels by 225, a slip of the pen. It "
            "is kept here; switch it off to see what it costs.",
            "scaling",
        ),
        Step("Build it", "64 filters, pooling, then 128 neurons that see all 10,816 numbers at once.", "network"),
        Step(
            "Read the summary",
            "1,386,506 numbers to learn, almost all of them between the last two layers. (The article prints"
            " 1,366,506.)",
            "network",
        ),
        Step("Train", "Adam, 50 epochs, 32 pictures a step.", "network"),
        Step(
            "Score it",
            "91.4 % is reported, with a loss of 0.26. After 50 epochs such a loss is hard to believe: the "
            "accuracy holds, but the network has become "
            "far too sure of its wrong answers, and the loss counts that. Watch it here.",
            "evaluate",
        ),
    ),
}

SECOND_EYE = "second-eye"  # the lesson that is of no published system
TRANSFER = (
    Step(
        "What it learned elsewhere",
        "A million photos of a thousand kinds of things: dogs, cups, buses, and some clothes. From them it learned to"
        " see edges, cloth, sleeves, laces.",
    ),
    Step(
        "What it learned here",
        "It looks three times: at the whole photo, close up, and at the garment alone. Each look gives 1,280 numbers."
        " Ten neurons learned here, from 2,290 photos of clothes, and 421 of hats, shorts and skirts for “none of"
        " them”. Bags it knew already.",
    ),
    Step(
        "Why so few are enough",
        "Once it could see, it learned coats and dresses from about 200 photos each. Of shoes it had only 26 to 63 of"
        " a kind. This is called transfer learning.",
    ),
    Step(
        "Why it cannot read drawings",
        "It looks for colour, cloth, folds, shadows. A drawing has only lines, a test picture only grey dots. The small"
        " network learned from these, and answers them alone.",
    ),
    Step(
        "Two see more than one",
        "They make different mistakes. Where both say the same, it is mostly right; where they differ, the app is"
        " mostly less sure.",
        "eyes",
    ),
)

LAYERS = {  # Keras' name: (plain name, what it does)
    "Input": ("The picture", "28 × 28 dots, one channel."),
    "Conv2D": (
        "Convolution",
        "Small filters slide over the picture; each gives a new picture of where it found its pattern.",
    ),
    "MaxPooling2D": (
        "Max pooling",
        "Keeps the largest of every 2 × 2 numbers: smaller, and less picky about the exact place.",
    ),
    "GlobalAveragePooling2D": (
        "Average",
        "Keeps of each picture one number, its mean: how much was found there, no matter where.",
    ),
    "BatchNormalization": (
        "Normalise",
        "Brings the numbers to a common size, batch by batch: it learns more steadily, and often quicker.",
    ),
    "Dropout": (
        "Dropout",
        "Leaves out a random part while training, so that nothing is learned by heart. In use, all are there.",
    ),
    "Flatten": ("Flatten", "Lays all numbers into one long row. Nothing to learn."),
    "Dense": ("Dense", "Neurons that see everything before them: each takes a weighted sum."),
}

CHOICES = {  # what a run is made of: (plain name, what it does)
    "Loss": (
        "How surprised the network is by the truth: minus the logarithm of the share it gave to the right "
        "class. 0 is perfect; 2.3 is guessing."
    ),
    "Optimiser": (
        "The rule that changes the weights after each batch, always downhill on the loss. Adam and RMSprop "
        "give each weight a step size of its own."
    ),
    "Metric": (
        "What people look at: accuracy, the share of right answers. The network never sees it; it follows the loss."
    ),
    "ReLU": "Negative becomes 0, the rest stays. Without such a bend, many layers would be no more than one.",
    "Softmax": "Turns ten numbers into ten shares that add up to 100 %.",
    "Sigmoid": "Turns each number into a share of its own, between 0 and 1. Ten of them need not add up to anything.",
}

OPTIMISERS = {"adam": "Adam", "rmsprop": "RMSprop", "adamw": "AdamW with warm-up and a falling rate"}


def facts(recipe: Recipe) -> dict[str, str]:
    """How a recipe is trained, as its author set it: one plain line for each choice."""
    scale = {1.0: "left at 0 to 255", 255.0: "divided by 255"}.get(
        recipe.train_scale, f"divided by {recipe.train_scale:.0f}"
    )
    if recipe.test_scale != recipe.train_scale:
        scale += f" for training, by {recipe.test_scale:.0f} for testing"
    held_back = (
        f"{recipe.validation:.0%} held back, seed {recipe.validation_seed}" if recipe.validation else "none held back"
    )
    return {
        "Pixels": scale,
        "Labels": "one-hot" if recipe.one_hot else "whole numbers",
        "Validation": held_back,
        "Loss": f"{'categorical' if recipe.one_hot else 'sparse categorical'} cross-entropy",
        "Optimiser": f"{OPTIMISERS[recipe.optimiser]}, learning rate {recipe.learning_rate:g}",
        "Outputs": "ten sigmoids" if recipe.sigmoid else "softmax",
        "Epochs": str(recipe.epochs),
        "Batch": f"{recipe.batch_size} pictures",
    }


def results() -> pd.DataFrame:
    """Every recipe that was measured, one row each: published beside measured accuracy, and what it took."""
    rows = measured.results()
    table = []
    for name, recipe in RECIPES.items():
        if name not in rows:
            continue
        row = rows[name]
        mended = rows.get(f"{name}/{recipe.correction.name}") if recipe.correction else None
        table.append(
            {
                "recipe": recipe.title,
                "published": _percent(recipe.published_accuracy),
                "measured": _percent(row["test_accuracy"]),
                "test loss": row["test_loss"],
                "training": _percent(row["train_accuracy"]),
                "without its oddity": _percent(mended["test_accuracy"] if mended else None),
                "seconds": round(row["seconds"]),
                "numbers to learn": row["parameters"],
                "seed": row["seed"],
                "versions": ", ".join(f"{package} {version}" for package, version in row["versions"].items()),
            }
        )
    return pd.DataFrame(table)


def _percent(share: float | None) -> str:
    return f"{share:.1%}" if share else ""
