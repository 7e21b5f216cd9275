"""Help: how to start, words explained, what happens to data; paths and settings for the owner of the computer only."""

import html
from collections.abc import Sequence

import streamlit as st

from core.errors import StoreError
from core.labels import people
from core.language import N_, _
from core.runs.address import title
from core.settings import describe
from pages.shared import pictures
from pages.shared.data import data
from pages.shared.entrance import is_owner
from pages.shared.errors import guard
from pages.shared.frame import frame
from pages.shared.session import settings, uploaded

frame("help", _("Help"), _("How to start, and what the words mean."))

TO_SHOW = (
    N_("Open Predict and tap a sample photo: the answer and its ten bars stand beside it."),
    N_("Show it what you wear: Camera on a laptop, Photo on a phone."),
    N_("Open Train and press Start: a network learns while you watch, in about half a minute."),
    N_("Open Mistakes and tap a number in the matrix: these are the pictures it got wrong."),
    N_("Press {p} for large type, and a QR code that brings everybody to the same page."),
)
TO_TEACH = (
    N_("Start the app with {share}. It shows an address and a QR code for every screen in the same network."),
    N_("Set {passphrase} before the start, and everybody types it once to come in."),
    N_("Set {teacher_key}, open {teacher} and type it: you may then stop and delete everybody's runs."),
    N_("Open a lesson, then Menu, and let the class scan the QR code: all begin at the same step."),
    N_("Trainings wait in one queue. Let two share a tablet, and compare their runs in the Run book."),
)
SIGNS = {
    "p": "<kbd>P</kbd>",
    "share": "<code>python3 start.py --share</code>",
    "passphrase": "<code>FITTING_ROOM_PASSPHRASE</code>",
    "teacher_key": "<code>FITTING_ROOM_TEACHER_KEY</code>",
    "teacher": "<code>/teacher</code>",
}
WORDS = {
    N_("network"): N_(
        "Many small sums, one after another, with numbers in them that can be changed. Pixels go in, ten shares come"
        " out."
    ),
    N_("training"): N_(
        "Showing the network pictures whose answer is known, and changing its numbers a little so that it would answer"
        " better."
    ),
    N_("epoch"): N_("One look at all training pictures. Several epochs mean that it sees each picture several times."),
    N_("batch"): N_(
        "The pictures it looks at before each small change. A handful at once is faster and steadier than one by one."
    ),
    N_("learning rate"): N_("How large each change is. Too large, and it never settles; too small, and it takes ages."),
    N_("seed"): N_("The number that all chance begins from. The same seed gives the same run."),
    N_("accuracy"): N_("The share of pictures answered right."),
    N_("loss"): N_(
        "How surprised the network is by the right answers. It falls while the network learns; 0 would be perfect."
    ),
    N_("test pictures"): N_("10,000 pictures it never learns from. Only they show what it has really understood."),
    N_("validation"): N_(
        "A part of the training pictures held back, to see during training how it does on pictures that are new to it."
    ),
    N_("overfitting"): N_("Learning by heart: better and better on the training pictures, no longer on new ones."),
    N_("early stopping"): N_(
        "Ending the training when new pictures are no longer answered better, and going back to the best epoch."
    ),
    N_("dropout"): N_(
        "Leaving out some neurons at each step, by chance, so that the network does not lean on any one of them."
    ),
    N_("sigmoid"): N_("A curve that turns any number into one between 0 and 1: how much one neuron says yes."),
    N_("learning-rate schedule"): N_(
        "How the size of the changes itself changes: large at first to find the way, small at the end."
    ),
    N_("checkpoint"): N_(
        "Everything a training needs to go on later. One is kept after each epoch, so a power cut costs one epoch at"
        " most."
    ),
    N_("confusion matrix"): N_(
        "A table of answers. Each row is a true class, each column an answer; on the diagonal the answer is right."
    ),
    N_("precision"): N_("Of the pictures it called a coat, the share that were coats."),
    N_("recall"): N_("Of all coats, the share that it found."),
    N_("probability"): N_(
        "How much of its vote the network gives to a class, from 0 to 100 %. All ten together make 100 %."
    ),
    N_("pixel"): N_(
        "One dot of a picture. Here each picture has 28 × 28 of them, each a number from 0 (black) to 255 (white)."
    ),
    N_("filter"): N_(
        "A tiny picture, 3 × 3 dots or so, slid over the large one to find an edge or a pattern. A layer of them is a"
        " convolution."
    ),
}
DATA = {
    N_("photos and drawings"): N_(
        "Only in the memory of the computer this app runs on, while their page is open. They are never saved."
    ),
    N_("your own clothes"): N_("In the same memory, until you put them away or have not used them for an hour."),
    N_("your runs"): N_(
        "In the Run book, for everybody to see. A random key in a cookie of this browser tells which are yours: only"
        " with it, or as the teacher, a run can be stopped, changed or deleted."
    ),
    N_("to delete a run"): N_("Open it in the Run book, press Edit, then Delete this run."),
}
ARTICLES = (
    "Fashion classifier in 5 easy steps",
    "The fashionable Hello World",
    "Intuitively create a CNN",
    "Classify clothes with an ANN",
    "New ABCD of machine learning",
)


def steps(heading: str, lines: Sequence[str]) -> str:
    """The HTML of a few numbered lines below a heading, which hold some of the SIGNS."""
    rows = "".join(f"<li><span>{html.escape(_(line), quote=False).format(**SIGNS)}</span></li>" for line in lines)
    return f"<section><h2>{html.escape(heading)}</h2><ol>{rows}</ol></section>"


def where_runs_are() -> str:
    """The database of the runs, without a word that is secret; or what is wrong with its address."""
    try:
        return str(title(settings().store_url))
    except StoreError as error:
        return str(error)


def for_the_owner() -> None:
    """Where everything is on this computer, and how it is set."""
    st.header(_("For the owner of this computer"), anchor=False)
    st.caption(_("Only the teacher sees this; without a teacher's key, whoever sits at this computer."))
    kept = _("in memory, for this browser only") if uploaded() else data().origin or _("made anew at each start")
    pictures.explain({_("clothes in use"): kept, _("runs and networks"): where_runs_are()})
    st.subheader(_("How to delete everything"), anchor=False)
    st.write(_("Close the app, then delete this folder."))
    st.html(f"<p><code>{html.escape(str(settings().folder))}</code></p>")
    st.subheader(_("Settings"), anchor=False)
    st.write(_("Environment variables, set before the app is started."))
    usual = _("{words} (usually {default})")
    pictures.explain(
        {
            name: usual.format(words=_(words), default=default) if default else _(words)
            for name, default, words in describe()
        }
    )


with guard():
    st.html(f'<div class="start">{steps(_("To show it"), TO_SHOW)}{steps(_("To teach with it"), TO_TEACH)}</div>')
    with st.container(horizontal=True, key="help_go"):
        st.page_link("predict.py", label=_("Try a photo"), icon=":material/photo_camera:")
        st.page_link("training.py", label=_("Train a network"), icon=":material/play_arrow:")
        st.page_link("lessons.py", label=_("Open a lesson"), icon=":material/school:")
    if settings().teacher_key:
        words = html.escape(_("For the teacher: stop and delete everybody's runs"))
        st.html(f'<a class="teacher" href="teacher" target="_self">{words}</a>')

    st.header(_("Words"), anchor=False)
    pictures.explain({_(term): _(meaning) for term, meaning in WORDS.items()})

    st.header(_("Your data"), anchor=False)
    pictures.explain({_(term): _(meaning) for term, meaning in DATA.items()})

    if is_owner(st.context.cookies, st.get_option("server.address"), st.context.url, st.context.headers):
        for_the_owner()

    st.header(_("Credits"), anchor=False)
    st.markdown(
        _(
            "The real clothes are [Fashion-MNIST]({link}) by Zalando SE, under the MIT licence. The network that comes"
            " with the app also learned from phone photos that people gave away under CC0. How well people do,"
            " {people}, was measured by the makers of Fashion-MNIST."
        ).format(link="https://github.com/zalandoresearch/fashion-mnist", people=people())
    )
    st.markdown(_("Five articles are the lessons behind the networks one can train here:"))
    st.markdown("\n".join(f"- “{article}”" for article in ARTICLES))
