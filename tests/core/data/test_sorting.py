"""What names of folders and files say, and what is asked where they do not say it."""

import pytest

from core.data.naming import LEFT_OUT, Said, said, said_by_file
from core.data.sorting import How, sort
from core.labels import CLASSES, SLUGS, names
from core.language import LANGUAGES, using

SURE = {
    "t-shirt": ("T-shirt", "tshirts", "T-Shirt_top", "TshirtTop", "T-shirts & tops", "0", "00", "class_0", "0 - tee"),
    "trouser": ("Trousers and jeans", "pants", "label 1", "Class-01"),
    "pullover": ("pullovers", "Sweater", "hoodies", "cls2"),
    "dress": ("Dresses", "women's dresses", "label_3", "dress 2"),
    "coat": ("coats", "4_coat", "jackets", "coat photos", "men's coats"),
    "sandal": ("5_sandal", "flip-flops"),
    "shirt": ("Shirts", "blouses", "shirt (2)", "SHIRT"),
    "sneaker": ("Sneakers / trainers", "running shoes"),
    "bag": ("bags", "Handbags", "8"),
    "ankle-boot": ("Ankle boots", "ankle_boot", "AnkleBoot", "10_ankle boot", "boots", "09"),
}
PERHAPS = {  # in German, French, Spanish, Italian, Portuguese, Dutch, Polish, Turkish, Chinese and Japanese
    "t-shirt": ("polo shirts", "camiseta", "maglietta", "koszulki", "Tişört", "短袖", "Ｔシャツ"),
    "trouser": ("Hosen", "pantalons", "pantalones", "calças", "broeken", "spodnie", "pantolon", "褲子", "ズボン"),
    "pullover": ("Pullis", "maglioni", "truien", "swetry", "kazak", "毛衣", "セーター"),
    "dress": ("Kleider", "robes", "vestidos", "abiti", "jurken", "sukienki", "elbiseler", "连身裙", "ワンピース"),
    "coat": ("Mäntel", "MAENTEL", "manteaux", "abrigos", "cappotti", "casacos", "płaszcze", "外套照片", "コート"),
    "sandal": ("Sandalen", "sandalias", "sandali", "sandália", "sandały", "sandalet", "涼鞋", "サンダル"),
    "shirt": ("Hemden", "chemises", "camisas", "camicie", "overhemden", "koszule", "Gömlek", "襯衫", "シャツ"),
    "sneaker": ("Turnschuhe", "baskets", "zapatillas", "scarpe sportive", "ténis", "球鞋", "スニーカー"),
    "bag": ("Taschen", "sacs à main", "bolsos", "borse", "bolsas", "tassen", "torebki", "çanta", "手提包", "かばん"),
    "ankle-boot": (
        "Stiefeletten",
        "bottines",
        "botines",
        "stivaletti",
        "enkellaarsjes botas",
        "botki",
        "靴子",
        "ブーツ",
    ),
}


@pytest.mark.parametrize("slug", SLUGS)
def test_a_name_says_a_class_surely_or_perhaps(slug: str) -> None:
    label = SLUGS.index(slug)
    own = (slug, CLASSES[label].name, str(label), f"{label}_{slug}", f"{CLASSES[label].name}s")
    for called, sure in (((*own, *SURE[slug]), True), (PERHAPS[slug], False)):
        assert {name: said(name) for name in called} == dict.fromkeys(called, Said(label, sure))


def test_what_the_app_calls_a_class_in_one_of_its_languages_is_sure() -> None:
    for language in LANGUAGES:
        with using(language):
            called = names()
        assert [said(name) for name in called] == [Said(label, True) for label in range(10)]


@pytest.mark.parametrize("name", ["hats", "2024", "10", "class 12", "skirts", "shoes", "пальто", "c", "_", ""])
def test_other_names_say_nothing(name: str) -> None:
    assert said(name).label == LEFT_OUT and not said(name).sure


@pytest.mark.parametrize("name", ["Tops & shirts", "dress shirts", "hats & bags", "coat hangers", "shirt dress"])
def test_a_class_among_other_words_is_only_a_guess(name: str) -> None:
    assert said(name).label != LEFT_OUT and not said(name).sure


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("coat-3.jpg", "coat"),
        ("red_T-Shirt (2).jpeg", "t-shirt"),
        ("my ankle-boot.png", "ankle-boot"),
        ("bag beside coat.png", "coat"),
        ("mantel_12.png", "coat"),
        ("4.png", None),
        ("IMG_2045.HEIC", None),
        ("cat.png", None),
    ],
)
def test_a_file_says_a_class_but_numbers_of_photos_do_not(name: str, slug: str | None) -> None:
    assert said_by_file(name).label == (SLUGS.index(slug) if slug else LEFT_OUT)


def rows(*paths: str, **answers: int) -> dict[str, tuple[int, How]]:
    """What is known of each folder."""
    found = sort([path.split("/") for path in paths], answers)
    return {folder.name: (folder.label, folder.how) for folder in found.folders}


def test_a_name_counts_more_than_a_number_and_the_innermost_most() -> None:
    assert rows("coat/1/a.jpg", "coat/2/b.jpg", "bag/c.jpg") == {
        "coat/1": (4, How.NAME),
        "coat/2": (4, How.NAME),
        "bag": (8, How.NAME),
    }
    assert rows("dress/coat/a.jpg", "bag/c.jpg")["dress/coat"] == (4, How.NAME)
    assert rows("coat/Hosen/a.jpg", "bag/c.jpg")["coat/Hosen"] == (1, How.GUESS)


def test_a_folder_around_all_says_nothing_unless_it_is_the_only_one() -> None:
    assert rows("shirt/Mäntel/a.jpg", "shirt/umbrella/b.jpg") == {
        "Mäntel": (4, How.GUESS),
        "umbrella": (LEFT_OUT, How.UNKNOWN),
    }
    assert rows("mine/coat/a.jpg", "mine/coat/b.jpg") == {"mine/coat": (4, How.NAME)}
    assert rows("mine/train/coat/a.jpg", "mine/test/coat/b.jpg", "mine/test/7/c.jpg", "mine/list.csv") == {
        "coat": (4, How.NAME),
        "7": (7, How.NAME),
    }


def test_a_folder_that_lies_in_each_of_the_others_says_nothing() -> None:
    assert rows("Mäntel/img/a.jpg", "bag/img/b.jpg", "bag/img/7.txt", "about/c.txt") == {
        "Mäntel": (4, How.GUESS),
        "bag": (8, How.NAME),
    }


def test_numbers_that_are_not_those_of_the_classes_are_asked_about() -> None:
    paths = [f"{number}/a.jpg" for number in range(1, 11)]
    assert rows(*paths) == {str(number): (number - 1, How.GUESS) for number in range(1, 11)}
    assert rows("3/a.jpg", "17/b.jpg") == {"3": (3, How.GUESS), "17": (LEFT_OUT, How.UNKNOWN)}


def test_what_a_person_said_counts_first_for_a_folder_and_for_others_of_its_name() -> None:
    assert rows("top/a.jpg", "bag/b.jpg", top=2)["top"] == (2, How.PERSON)
    assert rows("winter/umbrella/a.jpg", "bag/b.jpg", umbrella=LEFT_OUT)["winter/umbrella"] == (LEFT_OUT, How.PERSON)


def test_folders_whose_names_have_no_letters_are_told_apart() -> None:
    assert set(rows("👕/a.jpg", "👖/b.jpg", "c.jpg")) == {"", "👕", "👖"}
    assert rows("👕/a.jpg", "👖/b.jpg", **{"👕": 0})["👖"] == (LEFT_OUT, How.UNKNOWN)


def test_most_pictures_outside_the_folders_are_asked_about_and_a_few_are_not() -> None:
    few = sort([path.split("/") for path in ("coat/a.jpg", "bag/b.jpg", "cover.jpg")], {})
    many = sort([path.split("/") for path in ("coat/a.jpg", "1.jpg", "2.jpg", "bag-3.jpg", "4.jpg")], {})
    assert not few.must_ask and many.must_ask
    assert [(folder.name, folder.count) for folder in many.folders] == [("", 3), ("coat", 1)]
    assert many.labels.tolist() == [4, LEFT_OUT, LEFT_OUT, 8, LEFT_OUT]
