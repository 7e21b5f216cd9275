"""The lesson on what a convolutional network does inside, layer by layer: “Intuitively create a CNN”."""

from core.language import N_
from core.lessons.common import EVALUATE, RESHAPE, SCALE, SPLIT, TABLE
from core.lessons.step import Guess, Step

INTUITIVE_CNN = (
    Step(
        N_("Say what the task is"),
        N_("A shop wants to know what a picture shows: one of ten kinds of clothes. Could you do the job?"),
        "task",
    ),
    TABLE,
    SCALE,
    SPLIT,
    RESHAPE,
    Step(
        N_("Convolution"),
        N_(
            "A small filter (kernel) slides over the picture. It answers strongly where it finds its own pattern:"
            " an edge, a fold, a seam. Drag the window and see the nine products."
        ),
        "convolution",
        more=N_(
            "The network has 64 such filters, each a table of 3 × 3 numbers. Nobody chooses them: they begin at"
            " random and are learned."
        ),
    ),
    Step(
        N_("ReLU"),
        N_(
            "What does not fit gives negative numbers. They become 0: only what was found goes on. Choose a kernel"
            " and compare before and after."
        ),
        "relu",
    ),
    Step(
        N_("Max pooling"),
        N_(
            "Of every 2 × 2 numbers only the largest stays. A quarter of the numbers is left, and the pattern may"
            " sit a dot further left."
        ),
        "pooling",
        Guess(
            N_("26 × 26 dots go in. How many come out?"),
            (N_("13 × 13"), N_("24 × 24"), N_("2 × 2")),
            0,
            N_("Every 2 × 2 become one: 13 × 13, which is 169 instead of 676."),
        ),
    ),
    Step(
        N_("Dropout"),
        N_(
            "In each training step a random quarter of the numbers is left out, so that no neuron can rely on one"
            " other alone. Move the slider: how much may be missing until you cannot tell what it is?"
        ),
        "dropout",
    ),
    Step(
        N_("Convolution and pooling again"),
        N_(
            "32 filters look at the 64 pictures that came out: patterns of patterns. Choose the two kernels and see"
            " what the second finds in the first one's picture."
        ),
        "again",
    ),
    Step(
        N_("Flatten"),
        N_("All numbers are laid into one long row. A dense layer wants a row, not pictures."),
        "flatten",
        Guess(
            N_("32 pictures of 5 × 5 dots: how long is the row?"),
            (N_("57"), N_("160"), N_("800")),
            2,
            N_("5 × 5 × 32 = 800 numbers."),
        ),
    ),
    Step(
        N_("Fully connected"),
        N_(
            "32 neurons see all 800 numbers; ten sigmoids give the answer. A neuron multiplies each input by a"
            " weight, adds everything up, and turns what is negative into 0. Move the weights."
        ),
        "neuron",
    ),
    Step(
        N_("Choose the loss"),
        N_(
            "Loss: how surprised the network is by the truth. It is small when much was given to the right class."
            " Move the slider and watch it."
        ),
        "loss",
        Guess(
            N_("The network gives 10 % to each of the ten kinds. What is the loss?"),
            (N_("0"), N_("0.1"), N_("2.3")),
            2,
            N_("Minus the natural logarithm of 0.1 is 2.3: that is guessing."),
        ),
        odd=N_(
            "The article says that sparse is for exclusive classes and categorical for several labels at once. It"
            " is not so: they differ only in how the label is written."
        ),
    ),
    Step(
        N_("Train"),
        N_(
            "The author trains 50 epochs with batches of 512 pictures, and reports 92 % on the training pictures."
            " Start a short training and watch it learn."
        ),
        "train",
    ),
    EVALUATE,
    Step(
        N_("See what it mixes up"),
        N_("Pullover (2), coat (4) and shirt (6), says the author. Look at the matrix: is it so for yours?"),
        "matrix",
        Guess(
            N_("Which one is recognised least often?"),
            (N_("Pullover"), N_("Coat"), N_("Shirt")),
            2,
            N_("The shirt, in nearly every network: at 28 × 28 dots, buttons and collars disappear."),
        ),
        look="matrix",
    ),
)
