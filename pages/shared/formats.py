"""What clothes of one's own may come in: a folder, a zip or a table, with an example of each; and names of folders."""

import streamlit as st

from core.data.upload import example_table, example_zip
from core.images import sheet
from core.labels import CLASSES, SLUGS
from core.language import _
from pages.shared import downloads, pictures
from pages.shared.data import halves, shared_data

SHOWN = ("coat", "sneaker", "bag")  # class folders of the sample
TABLE = """<pre class="sample"><b>label</b>,pixel1,pixel2, … ,pixel784
<b>4</b>,0,0,31, … ,0
<b>7</b>,0,12,180, … ,0
<b>0</b>,0,0,0, … ,96
…</pre>"""


def formats() -> None:
    """What a folder, a zip and a table look like, with an example of each."""
    images, labels = halves(shared_data())["test"]
    rows = ""
    for slug in SHOWN:
        few = sheet(images[labels == SLUGS.index(slug)][:4], columns=4, gap=8)
        rows += f'<b>{slug}/</b><img src="{pictures.address(few)}" alt="">'
    tree, table = st.columns(2, gap="large")
    with tree:
        st.header(_("A folder or a zip"), anchor=False)
        st.html(f'<div class="sample tree">{rows}</div>')
        st.write(
            _(
                "One folder for each class. Photos are cut out and shrunk to 28 × 28 as on the page Predict, a few each"
                " second; grey pictures of 28 × 28 are taken as they are. Folders “train” and “test” around them are"
                " kept apart."
            )
        )
        downloads.offer(_("Example zip"), example_zip, "clothes.zip", "application/zip", "own_example_zip")
    with table:
        st.header(_("A table"), anchor=False)
        st.html(TABLE)
        st.write(
            _(
                "A CSV file as Fashion-MNIST has it: one line a picture, its class from 0 to 9, then its 784 pixels,"
                " each from 0 (black background) to 255. A second table can hold the test pictures; without one, one"
                " picture in five is kept for the test."
            )
        )
        st.caption(
            _(
                "Tables of other forms are read, too, and how is said: without the first line, the class last, other"
                " names, semicolons; so are Parquet, .npz and idx files."
            )
        )
        downloads.offer(_("Example table"), example_table, "clothes.csv", "text/csv", "own_example_csv")
    st.header(_("What the folders may be called"), anchor=False)
    rows = "".join(f"<dt>{garment.index}</dt><dd>{garment.slug}</dd>" for garment in CLASSES)
    st.html(f'<dl class="folders">{rows}</dl>')
    st.caption(
        _(
            "Any of the ten, by number or name, and much that means the same: class_4, coats, jackets. Of a folder that"
            " is called otherwise, in another language for instance, you are asked which class it is. Photos in no"
            " folder are sorted by their own names, such as coat-3.jpg, or by the network; you correct it. In a zip"
            " they are left out if their names say nothing."
        )
    )
