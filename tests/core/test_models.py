"""The networks are the articles' networks: parameters, layers and the catalogue agree with Keras itself."""

import pytest

from models.catalogue import RECIPES, describe, layers

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


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_layers_written_down_are_those_keras_builds(name: str) -> None:
    assert layers(name) == describe(RECIPES[name])


def test_every_recipe_says_what_it_is_and_odd_ones_say_why() -> None:
    for recipe in RECIPES.values():
        assert recipe.sentence.endswith(".") and recipe.source
        odd = recipe.sigmoid or recipe.train_scale != 255
        assert bool(recipe.oddity) == odd, recipe.name
