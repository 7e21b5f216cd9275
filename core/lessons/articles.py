"""The five published systems as lessons: their steps in order, in our own words.

Knows nothing of pages. A step's `act` and `look` are names of what the page does with them.
"""

from core.language import N_
from core.lessons.common import EVALUATE, LABELS, RESHAPE, SCALE, SHEET, SPLIT, TABLE
from core.lessons.intuitive import INTUITIVE_CNN
from core.lessons.second_eye import SECOND_EYE, TRANSFER
from core.lessons.step import Guess, Step

LESSONS: dict[str, tuple[Step, ...]] = {
    "five-steps": (
        Step(
            N_("Say what the task is"),
            N_(
                "70,000 small grey pictures, ten kinds of clothes. Which kind is it? You first: what do you see, in 28"
                " × 28 dots?"
            ),
            "task",
            odd=N_(
                "The article says that a higher number is darker. In the files 0 is the black ground and 255 the"
                " brightest dot."
            ),
        ),
        TABLE,
        Step(
            N_("Look at the pictures"),
            N_(
                "Look at one, then at many: the author prints 225 at once, 15 × 15. Move the slider until you see how"
                " much shirts differ, and how little shirt and coat do."
            ),
            "grid",
            odd=N_(
                "The author draws a number from 1 to 60,000. The first picture is number 0, and there is no number"
                " 60,000."
            ),
            look="grid",
        ),
        SCALE,
        SPLIT,
        RESHAPE,
        Step(
            N_("Build and train"),
            N_(
                "64 filters, pooling, dropout, 32 neurons, ten sigmoids. The author trains 50 epochs with batches of"
                " 512 pictures. Start a short training and watch it learn."
            ),
            "train",
            more=N_(
                "The author's advice is to try 32 filters first, and a second convolution stands in the code, switched"
                " off: both can be chosen under “How”."
            ),
        ),
        EVALUATE,
        SHEET,
        Step(
            N_("See what it mixes up"),
            N_(
                "The confusion matrix has a row for each kind of clothes and a column for each answer. What stands on"
                " the diagonal is right; everything beside it is a mistake."
            ),
            "matrix",
            Guess(
                N_("Which two does it mix up most?"),
                (N_("Sandal and bag"), N_("Shirt and T-shirt/top"), N_("Trouser and dress")),
                1,
                N_("Shirts are taken for T-shirts, pullovers and coats more than anything else is mixed up."),
            ),
            more=N_(
                "The sum of the diagonal is the number of right answers. The classification report, on the Mistakes"
                " page, has precision, recall, F1 and support for each class."
            ),
            look="matrix",
        ),
    ),
    "hello-world": (
        Step(
            N_("Why not digits?"),
            N_(
                "Handwritten digits (MNIST) are too easy: simple networks get 99 % of them. Clothes come in the same"
                " format, 28 × 28 in grey, ten classes, and are much harder. Try it yourself."
            ),
            "task",
        ),
        Step(
            N_("Load it"),
            N_(
                "Four arrays: training pictures and labels, test pictures and labels. The network learns from the first"
                " two and is tested with the others."
            ),
            "arrays",
            Guess(
                N_("How many of the 70,000 pictures are kept for the test?"),
                (N_("1,000"), N_("10,000"), N_("35,000")),
                1,
                N_("60,000 to learn from, 10,000 for the test."),
            ),
            look="arrays",
        ),
        Step(
            N_("Explore it"),
            N_(
                "Each label is a number from 0 to 9 and stands for a kind of clothes. Move the slider along the"
                " training pictures and read their labels."
            ),
            "labelled",
            odd=N_(
                "The labels printed in the article, 5, 0, 4 … and 7, 2, 1 …, are those of the digits. Fashion-MNIST"
                " begins with 9, 0, 0 … and 9, 2, 1 …."
            ),
            look="arrays",
        ),
        Step(
            N_("Look at one"),
            N_(
                "Every dot is a number from 0 to 255. Move the threshold: only dots that are at least so bright stay."
                " Where does the garment fall apart?"
            ),
            "threshold",
            look="one",
        ),
        SCALE,
        Step(
            N_("Look at the first 30"),
            N_("The author shows five rows of six, with their names. Move the slider for more or fewer."),
            "grid",
            Guess(
                N_("How many of them would you name rightly without the labels?"),
                (N_("About half"), N_("About 5 in 6"), N_("All")),
                1,
                N_("People who were asked got 83.5 % of 1,000 test pictures right."),
            ),
            look="grid",
        ),
        LABELS,
        Step(
            N_("Build and train"),
            N_(
                "784 pixels straight into 128 neurons, then ten outputs with softmax. The author trains 5 epochs with"
                " batches of 128 pictures. Start a short training and watch it learn."
            ),
            "train",
            more=N_("The dotted line is the curve that the author published, with RMSprop and all 60,000 pictures."),
        ),
        EVALUATE,
        Step(
            N_("Notice the gap"),
            N_(
                "88.4 % on the pictures it learned from, 86.8 % on new ones: it has begun to learn by heart. This is"
                " called overfitting. Train longer and see the two lines part."
            ),
            "gap",
            Guess(
                N_("Which line will be higher after twenty epochs?"),
                (N_("Training pictures"), N_("Pictures held back"), N_("Both the same")),
                0,
                N_("It gets better and better at what it has seen, and hardly at what is new."),
            ),
        ),
        Step(
            N_("Read one answer"),
            N_(
                "The network gives ten numbers for test picture 10. The place of the largest (arg max) is the answer:"
                " 4, a coat. Choose other pictures and watch the ten numbers."
            ),
            "single",
            look="single",
        ),
        Step(
            N_("Look at picture and bars"),
            N_(
                "The author looks at pictures 15 and 1000, then at 15 pairs of picture and bars. Look for one where the"
                " network hesitates."
            ),
            "pairs",
            look="pairs",
        ),
    ),
    "intuitive-cnn": INTUITIVE_CNN,
    "clothes-ann": (
        Step(
            N_("Load it"),
            N_("60,000 pictures to learn from and 10,000 for the test, each of 28 × 28 dots."),
            "arrays",
            Guess(
                N_("How many numbers are in one picture?"),
                (N_("28"), N_("56"), N_("784")),
                2,
                N_("28 rows of 28 dots are 784 numbers."),
            ),
            look="arrays",
        ),
        Step(
            N_("Look at one"),
            N_(
                "Training picture number 2 has the label 0: a T-shirt. Move the threshold: only dots that are at least"
                " so bright stay."
            ),
            "threshold",
            look="one",
        ),
        Step(
            N_("Build it"),
            N_(
                "Flatten 28 × 28 into 784, then 128 neurons with ReLU, ten outputs with softmax. Move the slider: how"
                " many numbers must be learned with more neurons?"
            ),
            "dense",
            odd=N_("The article says nine classes; there are ten, 0 to 9."),
        ),
        Step(
            N_("Choose loss, optimiser and metric"),
            N_(
                "The loss says how wrong it is. The optimiser changes the weights so that the loss gets smaller: a walk"
                " downhill. Move the learning rate, the length of its steps: when does it get lost?"
            ),
            "downhill",
            Guess(
                N_("Which of the three does the network never see?"),
                (N_("Loss"), N_("Optimiser"), N_("Metric")),
                2,
                N_("The metric, accuracy, is for us: the share of right answers. The network follows the loss."),
            ),
        ),
        Step(
            N_("Train"),
            N_(
                "5 epochs with batches of 32 pictures, and pixels as they are in the files, 0 to 255. Start a short"
                " training, then one with pixels divided by 255: where does each curve begin?"
            ),
            "train",
        ),
        EVALUATE,
        Step(
            N_("Save the weights"),
            N_("All 101,770 numbers go into one file, to be loaded again later. Then nobody has to train again."),
            "weights",
            Guess(
                N_("Each number takes 4 bytes. How large is the file?"),
                (N_("4 kB"), N_("400 kB"), N_("40 MB")),
                1,
                N_("101,770 × 4 bytes are about 400 kB: less than one photo of a phone."),
            ),
            look="weights",
        ),
        Step(
            N_("Ask about the first five"),
            N_("The first five test pictures. Guess how many of the five it got right, then see what it said."),
            "five",
            look="sheet",
        ),
        Step(
            N_("Bring a picture of any size"),
            N_(
                "Any photo is cut out, turned grey and shrunk to 28 × 28. What gets lost? Start with few dots and move"
                " the slider until you know what it is."
            ),
            "shrink",
            odd=N_("The article speaks of pictures of any size, but only reshapes what is 28 × 28 already."),
            look="photo",
        ),
    ),
    "new-abcd": (
        Step(
            N_("One channel or three"),
            N_(
                "Grey pictures have one number a dot; coloured ones have three: red, green and blue. Mix a colour with"
                " the three sliders."
            ),
            "channels",
        ),
        Step(
            N_("Load it"),
            N_("Four arrays, as they come with Keras. Read what shape each has."),
            "arrays",
            Guess(
                N_("What is the label of a picture?"),
                (N_("A word"), N_("A number from 0 to 9"), N_("Another picture")),
                1,
                N_("Each class has a number: 0 is T-shirt/top, 9 is ankle boot."),
            ),
            look="arrays",
        ),
        RESHAPE,
        Step(
            N_("Normalise it"),
            N_(
                "The article divides the test pixels by 255 and the training pixels by 225, a slip of the pen. Compare"
                " what the two make of a bright dot."
            ),
            "slip",
            Guess(
                N_("How much does the slip cost on the test pictures?"),
                (N_("Less than 1 point"), N_("About 5 points"), N_("About 20 points")),
                0,
                N_("Next to nothing: the test pictures are only a little darker than those it learned from."),
            ),
            look="scaling",
        ),
        Step(
            N_("Build it"),
            N_(
                "64 filters, pooling, then 128 neurons that see all 10,816 numbers at once. Drag the filter's window"
                " over a picture."
            ),
            "convolution",
        ),
        Step(
            N_("Read the summary"),
            N_("Keras prints the layers with model.summary(). In all there are 1,386,506 numbers to learn."),
            "summary",
            Guess(
                N_("Which layer has most of them?"),
                (N_("The 64 filters"), N_("The 128 neurons"), N_("The ten outputs")),
                1,
                N_("Each of the 128 neurons has a weight for each of the 10,816 numbers before it."),
            ),
            odd=N_("The article prints 1,366,506."),
        ),
        Step(
            N_("Train"),
            N_(
                "The author trains 50 epochs with Adam and batches of 32 pictures. Start a short training and watch it"
                " learn."
            ),
            "train",
        ),
        Step(
            N_("Score it"),
            N_("91.4 % is reported. Guess how many of the 10,000 test pictures yours gets right, then compare."),
            "score",
            odd=N_(
                "The article reports a loss of 0.26. After 50 epochs that is hard to believe: the accuracy holds, but"
                " the network has become far too sure of its wrong answers, and the loss counts that."
            ),
            look="evaluate",
        ),
    ),
}
ALL = {**LESSONS, SECOND_EYE: TRANSFER}
