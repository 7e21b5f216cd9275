"""Help: words explained, where data lie, how to delete everything, credits."""

import streamlit as st

from core.errors import StoreError
from core.labels import PEOPLE
from core.language import _
from core.runs.address import title
from core.settings import describe
from pages.shared import pictures
from pages.shared.data import data
from pages.shared.errors import guard
from pages.shared.frame import frame
from pages.shared.session import settings, uploaded

frame("help", _("Help"), _("How to start, and what the words mean."), wide=False)

WORDS = {
    "network": (
        "Many small sums, one after another, with numbers in them that can be changed. Pixels go in, ten shares come"
        " out."
    ),
    "training": (
        "Showing the network pictures whose answer is known, and changing its numbers a little so that it would answer"
        " better."
    ),
    "epoch": "One look at all training pictures. Several epochs mean that it sees each picture several times.",
    "batch": (
        "The pictures it looks at before each small change: a handful at once goes faster and steadier than one by one."
    ),
    "learning rate": "How large each change is. Too large and it never settles; too small and it takes for ever.",
    "seed": "The number that all chance begins from. The same seed gives the same run.",
    "accuracy": "The share of pictures answered right.",
    "loss": "How surprised the network is by the truth. It falls while the network learns; 0 would be perfect.",
    "test pictures": "10,000 pictures it never learns from. Only they show what it has really understood.",
    "validation": (
        "A part of the training pictures held back, to see during training how it does on pictures that are new to it."
    ),
    "overfitting": "Learning by heart: better and better on the training pictures, no longer on new ones.",
    "early stopping": (
        "Ending the training when new pictures are no longer answered better, and going back to the best epoch."
    ),
    "dropout": (
        "Leaving out some neurons at each step, by chance, so that the network does not lean on any one of them."
    ),
    "learning-rate schedule": (
        "How the size of the changes itself changes: large at first to find the way, small at the end."
    ),
    "checkpoint": (
        "Everything a training needs to go on later. One is kept after each epoch, so a power cut costs one epoch at"
        " most."
    ),
    "confusion matrix": "A table of what it takes for what. Each row is a true class, each column an answer.",
    "precision": "Of the pictures it called a coat, the share that were coats.",
    "recall": "Of all coats, the share that it found.",
    "probability": "How much of its vote the network gives to a class, from 0 to 100 %. All ten together make 100 %.",
    "pixel": (
        "One dot of a picture. Here each picture has 28 × 28 of them, each a number from 0 (black) to 255 (white)."
    ),
    "filter": (
        "A tiny picture, 3 × 3 dots or so, slid over the large one to find an edge or a pattern. A layer of them is a"
        " convolution."
    ),
}
ARTICLES = (
    "Fashion classifier in 5 easy steps",
    "The fashionable Hello World",
    "Intuitively create a CNN",
    "Classify clothes with an ANN",
    "New ABCD of machine learning",
)


def where_runs_lie() -> str:
    """The database of the runs, without a word that is secret; or what is wrong with its address."""
    try:
        return title(settings().store_url)
    except StoreError as error:
        return str(error)


with guard():
    st.subheader("Words", anchor=False)
    pictures.explain(WORDS)

    st.subheader("Where things lie", anchor=False)
    folder = settings().folder
    kept = f"in {data().origin}" if data().origin else "made anew at each start"
    pictures.explain(
        {
            "clothes in use": (
                f"{data().title}, {'in the memory of this computer, for this browser only' if uploaded() else kept}"
            ),
            "runs and networks": where_runs_lie(),
            "which runs are yours": (
                "A random key in a cookie of this browser tells. Only with it, or as the teacher, one can stop, change"
                " or delete a run."
            ),
            "photos and drawings": (
                "Only in the memory of the computer this app runs on, while their page is open. They are never saved."
            ),
        }
    )

    st.page_link("own.py", label="Bring clothes of your own", icon=":material/upload_file:")

    if settings().teacher_key:
        st.html('<a href="teacher" target="_self">For the teacher: stop and delete everybody’s runs</a>')

    st.subheader("How to delete everything", anchor=False)
    st.write("One run: open it in the Run book and press Delete. All of it: close the app, then delete this folder.")
    st.code(str(folder), language=None, wrap_lines=True)

    st.subheader("Settings", anchor=False)
    st.write("Set before the app is started, as environment variables.")
    pictures.explain({name: f"{words}{f' ({default})' if default else ''}" for name, default, words in describe()})

    st.subheader("Credits", anchor=False)
    st.markdown(
        "The real clothes are [Fashion-MNIST](https://github.com/zalandoresearch/fashion-mnist) by Zalando SE, under"
        " the MIT licence. The network that comes with the app also learned from phone photos that people gave away"
        f" under CC0. How well people do, {PEOPLE}, was measured by the makers of Fashion-MNIST."
    )
    st.markdown("Five articles are the lessons behind the networks one can train here:")
    st.markdown("\n".join(f"- “{title}”" for title in ARTICLES))
