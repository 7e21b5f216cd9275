"""The networks are the articles' networks: parameters, layers and the catalogue agree with Keras itself."""

import pytest

from models.catalogue import RECIPES, describe, every, layers

PUBLISHED = {
    "five-steps": 347_114,
    "hello-world": 101_770,
    "intuitive-cnn": 45_066,
    "clothes-ann": 101_770,
    "new-abcd": 1_386_506,
    "quick": 102_666,
}


def test_the_catalogue_has_the_five_recipes_and_quick() -> None:
    assert set(RECIPES) == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_network_has_its_articles_parameters_and_takes_and_gives_the_agreed_shapes(name: str) -> None:
    network = RECIPES[name].build()
    assert network.count_params() == PUBLISHED[name] == RECIPES[name].parameters
    assert network.input_shape == (None, 28, 28, 1)
    assert network.output_shape == (None, 10)
    assert network.layers[-1].activation.__name__ == ("sigmoid" if RECIPES[name].sigmoid else "softmax")


@pytest.mark.parametrize("name", every())
def test_the_layers_written_down_are_those_keras_builds(name: str) -> None:
    recipe = every()[name]
    assert layers(*name.split("/")) == describe(recipe)
    assert sum(row["parameters"] for row in layers(*name.split("/"))) == recipe.parameters


def test_an_oddity_can_be_switched_off_and_then_is_gone() -> None:
    for recipe in RECIPES.values():
        assert bool(recipe.correction) == bool(recipe.oddity)
        if recipe.correction:
            mended = recipe.variant(recipe.correction.name)
            assert not mended.oddity and not mended.sigmoid and mended.train_scale == mended.test_scale == 255


def test_every_recipe_says_what_it_is_and_odd_ones_say_why() -> None:
    for recipe in RECIPES.values():
        assert recipe.sentence.endswith(".") and recipe.source
        odd = recipe.sigmoid or recipe.train_scale != 255
        assert bool(recipe.oddity) == odd, recipe.name
