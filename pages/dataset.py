"""Clothes: page through all pictures by class or shuffled, one of them large beside them; below, one thing at a time:
its numbers, the pictures most like it, the classes, a map, and the whole table to take home."""

import random
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from core.data import explore
from core.data.download import download
from core.data.files import FILES
from core.labels import CLASSES, NAMES, names
from core.language import LANGUAGES, N_, _, number, using
from pages.shared import clothes, pictures
from pages.shared.choice import tidy_address
from pages.shared.clothes import LOOKS, Shown, called
from pages.shared.data import data, forget_data, halves
from pages.shared.errors import guard, guarded
from pages.shared.follow import follow
from pages.shared.frame import frame
from pages.shared.session import page_state, settings
from pages.shared.share import share_menu

frame("dataset", _("Clothes"), _("Tap a picture to see it large, a kind of clothes to see only those."))

SIZES = {30: 6, 100: 10, 225: 15}  # pictures at once: in how many columns
ORDERS = {"as they come": N_("as they come"), "shuffled": N_("shuffled")}
PARTS = {"training": N_("training"), "test": N_("test")}
COUNTED = {"training": N_("{count} training pictures"), "test": N_("{count} test pictures")}
COUNTED_OF_ONE = {"training": N_("{name}: {count} training pictures"), "test": N_("{name}: {count} test pictures")}
WHOLE_NUMBERS = ("page", "picture", "seed", "size")  # words of the address
TAPPED = "dataset_tapped"  # where an open page keeps which picture was tapped last, and whether it is still open
MEGABYTES = sum(size for _digest, size in FILES.values()) / 1e6


def open_picture(step: int, last: int) -> None:
    """Go to the next or the previous picture."""
    st.session_state["picture"] = min(max(st.session_state["picture"] + step, 0), last)


def open_any(rows: np.ndarray) -> None:
    """Go to any one of these pictures: the first and the last are as likely as all others."""
    st.session_state["picture"] = int(random.choice(rows))


def open_from_map(row: int) -> None:
    """A picture found on the map was chosen: show it large, with its numbers."""
    st.session_state["picture"] = row
    st.session_state["look"] = next(iter(LOOKS))


def open_kind() -> None:
    """A class was tapped: go to its first page and its first picture."""
    state = st.session_state
    state["page"] = 1
    if state["class"]:
        seed = state.get("seed") if state["order"] == "shuffled" else None
        tapped = explore.arrange(halves(data())[state["part"]][1], NAMES.index(state["class"]), seed)
        if len(tapped):
            state["picture"] = int(tapped[0])


def go(words: dict[str, str]) -> None:
    """A picture or an average was tapped: from now on the widgets say what its link says."""
    for word in ("class", "page", *words):
        value = words.get(word)
        value = int(value) if value and word in WHOLE_NUMBERS else value
        if st.session_state.get(word) != value:  # Streamlit's log complains of what is set for nothing
            st.session_state[word] = value
    if "page" not in words:
        st.session_state["page"] = 1
    if "picture" not in words:
        open_kind()
    page_state()[TAPPED] = st.session_state["picture"], True


def close() -> None:
    """Put the large picture away, where it stands over the page."""
    page_state()[TAPPED] = st.session_state["picture"], False


def translate_address() -> None:
    """Streamlit reads an address in the words of the page; it may be written in those of another language."""
    kinds = dict(zip(NAMES, NAMES, strict=True))
    choices = {"part": PARTS, "order": ORDERS, "look": LOOKS, "map": clothes.WAYS, "class": kinds}
    odd = False
    for word, said in choices.items():
        given = st.query_params.get(word)
        for language in LANGUAGES:
            with using(language):
                meant = next((option for option, words in said.items() if given in (option, _(words))), None)
            if meant is not None and given != _(said[meant]):
                st.query_params[word] = given = _(said[meant])
                odd = True
    if odd:
        st.rerun()


def fetch() -> None:
    """Offer to fetch the real clothes, as long as drawn ones are in use."""
    with st.container(key="fetch", horizontal=True, vertical_alignment="center"):
        st.markdown(
            _(
                "**These clothes are drawn by program.** The real pictures, photographed in a shop, are not on this"
                " computer yet. All pages work with the drawn ones too."
            )
        )
        words = _("Fetch the real clothes ({size} MB)").format(size=number(MEGABYTES))
        if not st.button(words, key="dataset_fetch", type="primary", icon=":material/download:"):
            return
        bar = st.progress(0.0, text=_("Asking for the files …"))
        words = _("{done} of {total} MB")
        with guard():
            download(
                settings(),
                progress=lambda done, total: bar.progress(
                    min(done / total, 1.0), text=words.format(done=number(done / 1e6, 1), total=number(total / 1e6, 1))
                ),
            )
            forget_data()
            st.rerun()
        bar.empty()


with guard():
    tidy_address("part", "size", "order", "class", "map", "look", numbers=("page", "picture", "seed"))
    if "look" not in st.session_state:
        translate_address()
    if not data().real:
        fetch()
    follow("dataset_links", go)
    parts = halves(data())
    one_of = {"required": True, "bind": "query-params"}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="filter"):
        kind = st.pills(
            _("Kind of clothes"),
            NAMES,
            format_func=dict(zip(NAMES, names(), strict=True)).get,
            key="class",
            bind="query-params",
            on_change=guarded(open_kind),
            label_visibility="collapsed",
        )
        with st.popover(_("View"), icon=":material/tune:", key="dataset_view"):
            part = st.segmented_control(
                _("Pictures for"),
                list(parts),
                format_func=lambda part: _(PARTS[part]),
                default="training",
                key="part",
                help=_(
                    "A network learns from the training pictures. The test pictures are kept back, to see what it has"
                    " really learned."
                ),
                **one_of,
            )
            at_once = st.segmented_control(_("Pictures at once"), list(SIZES), default=30, key="size", **one_of)
            order = st.segmented_control(
                _("Order"),
                list(ORDERS),
                format_func=lambda order: _(ORDERS[order]),
                default="as they come",
                key="order",
                **one_of,
            )
            if order == "shuffled":
                seed = st.number_input(
                    _("Seed"),
                    0,
                    999_999,
                    value=1,
                    key="seed",
                    bind="query-params",
                    width=150,
                    help=_(
                        "The number a shuffle starts from. The same seed gives the same order, on every computer: share"
                        " the link."
                    ),
                )
    images, labels = parts[part]
    index = NAMES.index(kind) if kind else None
    rows = explore.arrange(labels, index, seed if order == "shuffled" else None)
    last = len(images) - 1
    st.session_state.setdefault("picture", int(rows[0]) if len(rows) else 0)
    with st.container(key="clothes"):
        left, right = st.columns([1.2, 1], gap="large")
    # what to look at is chosen before what stands above it is filled: the links there carry it
    look = st.segmented_control(
        _("What to look at"),
        list(LOOKS),
        format_func=lambda look: _(LOOKS[look]),
        default=next(iter(LOOKS)),
        key="look",
        label_visibility="collapsed",
        **one_of,
    )
    here = {"part": part, "order": order, "size": at_once, "look": look}
    here |= {"seed": seed} if order == "shuffled" else {}
    below = st.container(key="clothes_below")

    with right:
        picture, words, tools = st.container(key="large"), st.container(key="about"), st.container(key="tools")
        with tools.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            chosen = st.number_input(_("Picture number"), 0, last, key="picture", bind="query-params", width=125)
            before = {"help": _("Picture before"), "on_click": guarded(open_picture), "args": (-1, last)}
            st.button(":material/chevron_left:", key="dataset_before", **before)
            after = {"help": _("Next picture"), "on_click": guarded(open_picture), "args": (1, last)}
            st.button(":material/chevron_right:", key="dataset_next", **after)
            if len(rows):
                whole = _("from all {count}, the first and the last included").format(count=number(len(rows)))
                any_one = {"icon": ":material/casino:", "help": whole, "on_click": guarded(open_any), "args": (rows,)}
                st.button(_("A random one"), key="dataset_any", **any_one)
            share_menu("dataset_share", part=part, picture=str(chosen))
        tapped, opened = page_state().get(TAPPED, (None, False))
        if opened if tapped == chosen else "picture" in st.query_params:
            st.html('<i class="opened-picture"></i>')
        shown = Shown(part, chosen, images, labels, index)
        garment = CLASSES[labels[chosen]]
        with picture:
            alt = _("{name}, enlarged: {picture}").format(name=shown.name, picture=called(part, chosen))
            pictures.large(shown.image, alt)
        with words:
            st.header(shown.name, anchor=False)
            description = _(garment.description)
            st.write(f"{description[:1].upper()}{description[1:]}")
            st.caption(_("Class number {number}, from 0 to 9").format(number=garment.index))
            st.button(_("Close"), key="dataset_close", icon=":material/close:", on_click=guarded(close))

    with left:
        if len(rows):
            place = st.container(key="sheet_of_clothes")
            with st.container(horizontal=True, vertical_alignment="center", key="paging"):
                counted = _(COUNTED_OF_ONE[part]) if kind else _(COUNTED[part])
                st.caption(counted.format(name=names()[index or 0], count=number(len(rows))), width="content")
                page = st.pagination(-(-len(rows) // at_once), key="page", bind="query-params", max_visible_pages=5)
            on_page = rows[at_once * (page - 1) : at_once * page].tolist()
            there = here | {"page": page} | ({"class": kind} if kind else {})
            links = [(called(part, row), f"?{urlencode(there | {'picture': row})}") for row in on_page]
            digits = [str(labels[row]) for row in on_page] if at_once == 225 else None
            marked = on_page.index(chosen) if chosen in on_page else None
            with place:
                called_so = [names()[labels[row]] for row in on_page]
                pictures.grid(images[on_page], called_so, links, SIZES[at_once], digits, marked)
            if digits:
                listed = ", ".join(f"{place} {name}" for place, name in enumerate(names()))
                st.caption(_("The number below a picture is its class: {classes}").format(classes=listed))
        else:
            st.write(_("There is no picture of this kind here. Tap another kind."))
    with below:
        if look == "Numbers":
            clothes.numbers(shown)
        elif look == "More like this":
            clothes.alike(shown, here)
        elif look == "Classes":
            clothes.classes(shown, here)
        elif look == "Map":
            clothes.on_map(shown, guarded(open_from_map))
        else:
            clothes.table(shown)
