"""Lessons: every published system is told, explained with the layers it really has, and measured figures are read from
the file."""

import xml.etree.ElementTree as ElementTree

import pytest

from core.lessons import articles, diagram, terms
from models import measured
from models.catalogue import RECIPES, layers


def test_every_published_recipe_has_a_lesson_and_no_other() -> None:
    assert set(articles.LESSONS) == {name for name, recipe in RECIPES.items() if recipe.article}
    assert len(articles.LESSONS) == 5


def test_every_layer_in_use_is_explained() -> None:
    used = {layer["kind"] for name in RECIPES for layer in layers(name)}
    assert used <= set(terms.LAYERS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "hello-world",
            {"Labels": "one-hot", "Validation": "none held back", "Optimiser": "RMSprop, learning rate 0.001"},
        ),
        ("clothes-ann", {"Pixels": "left at 0 to 255", "Labels": "whole numbers"}),
        ("new-abcd", {"Pixels": "divided by 225 for training, by 255 for testing", "Epochs": "50"}),
        ("five-steps", {"Outputs": "ten sigmoids", "Batch": "512 pictures"}),
        ("intuitive-cnn", {"Validation": "20\u00a0% held back, seed 12345"}),
    ],
)
def test_the_facts_are_the_articles(name: str, expected: dict) -> None:
    found = terms.facts(RECIPES[name])
    assert {key: found[key] for key in expected} == expected


def test_the_table_of_results_shows_published_beside_measured() -> None:
    table = terms.results().set_index("recipe")
    rows = measured.results()
    assert table.loc["Hello World", "published"] == "86.8%"
    assert table.loc["Hello World", "measured"] == f"{rows['hello-world']['test_accuracy']:.1%}"
    for name, row in rows.items():
        recipe = RECIPES[name.split("/")[0]].variant(name.partition("/")[2])
        assert row["parameters"] == recipe.parameters and row["epochs"] == recipe.epochs and row["test_accuracy"] > 0.7
        assert row["examples"] is None and row["versions"]["tensorflow"]


def test_a_figure_that_differs_by_more_than_a_point_is_explained() -> None:
    for name, row in measured.results().items():
        published = RECIPES[name].published_accuracy if name in RECIPES else None
        if published and abs(row["test_accuracy"] - published) > 0.01:
            assert RECIPES[name].difference, name


@pytest.mark.parametrize("shape", [(28, 28, 1), (26, 26, 64), (10_816,), (10,)])
def test_a_layer_is_drawn_larger_the_more_it_gives(shape: tuple[int, ...]) -> None:
    drawing = ElementTree.fromstring(diagram.layer(shape))
    small = ElementTree.fromstring(diagram.layer(tuple(side // 2 or 1 for side in shape)))
    assert float(drawing.get("height")) > float(small.get("height"))


def test_a_neuron_shows_its_sum_and_what_relu_makes_of_it() -> None:
    words = [
        node.text for node in ElementTree.fromstring(diagram.neuron((1.0, 0.5), (-0.5, 0.2), 0.1)).iter() if node.text
    ]
    assert "-0.3" in words and "0" in words and "+ 0.1" in " ".join(words)


def test_a_network_names_its_answers() -> None:
    words = [node.text for node in ElementTree.fromstring(diagram.network(("coat", "a < b"), 128)).iter() if node.text]
    assert {"coat", "a < b", "128 neurons", "784 pixels"} <= set(words)
