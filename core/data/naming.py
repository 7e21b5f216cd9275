"""What the name of a folder or a file says: one of the ten classes, surely or perhaps, or nothing.

Numbers, English names, their plurals and common synonyms are sure, and so is what the app itself calls the classes in
each of its languages. Words of other languages, and a class among words that could change what is meant, are guesses
for a person to confirm. Knows nothing of pictures.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from core.labels import names
from core.language import LANGUAGES, using

LEFT_OUT, EACH = -1, -2  # in place of a class: none of them; of each picture its own
NONE = "none-of-the-ten"  # a folder of this name holds other things: hats, shorts, cups
LONGEST = 120  # letters of a name that are looked at
MOST_TOGETHER = 3  # words that make one name: "t shirt top"

# One line a class, in their order; two words that belong together are written as one.
SURE = (
    "tshirt tshirttop teeshirt tee top tanktop",
    "trouser pant jean slack chino",
    "pullover sweater jumper sweatshirt hoodie",
    "dress gown",
    "coat jacket overcoat raincoat parka",
    "sandal flipflop",
    "shirt blouse",
    "sneaker trainer runningshoe sportshoe sportsshoe gymshoe tennisshoe",
    "bag handbag purse shoulderbag totebag tote backpack",
    "ankleboot boot bootie",
)
# German, French, Spanish, Italian, Portuguese, Dutch, Polish, Turkish, Chinese and Japanese, after more of English.
PERHAPS = (
    "polo poloshirt undershirt camisole shortsleeve leibchen oberteil haut camiseta playera remera maglietta canottiera"
    " koszulka koszulki podkoszulek tişört T恤 短袖 Tシャツ ティーシャツ",
    "legging jogger sweatpant hose hosen beinkleid pantalon pantalone pantaloni pantaloon calça broek broeken"
    " spodnie spodni pantolon pantolonlar 裤子 裤 褲子 褲 长裤 長褲 ズボン パンツ スラックス",
    "hoody knitwear knit pulli strickpulli sweat pull chandail jersey suéter maglione maglioni felpa malha"
    " camisola blusão trui truien swetry sweter kazak kazaklar süveter 套头衫 套頭衫"
    " 毛衣 卫衣 衛衣 针织衫 セーター プルオーバー トレーナー パーカー",
    "frock sundress kleid kleider robe vestido abito abiti vestito vestiti jurk jurken sukienka sukienki elbise"
    " elbiseler 连衣裙 連衣裙 连身裙 洋装 洋裝 裙子 ドレス ワンピース",
    "blazer anorak outerwear outercoat mantel maentel jacke jacken manteau manteaux veste abrigo chaqueta"
    " cappotto cappotti giacca giacche giubbotto casaco jaqueta jas jassen płaszcz płaszcze kurtka"
    " kurtki palto paltolar mont kaban ceket 外套 大衣 夹克 夾克 コート ジャケット 上着",
    "slipper heel sandale sandalen sandalette sandalia sandalo sandali sandalia sandália sandaal sandały"
    " sandalet sandaletler terlik 凉鞋 涼鞋 拖鞋 サンダル",
    "buttonup buttondown dressshirt hemd hemden bluse blusen chemise chemisier camisa camicia camicie blusa overhemd"
    " overhemden koszula koszule bluzka bluzki gömlek gömlekler 衬衫 襯衫 衬衣 襯衣 シャツ ワイシャツ ブラウス",
    "kicks turnschuh turnschuhe sportschuh sportschuhe laufschuh laufschuhe basket chaussuredesport chaussuresdesport"
    " zapatilla zapatillas zapatillasdeporte scarpadaginnastica scarpedaginnastica scarpasportiva scarpesportive "
    " ténis sapatilha sportschoen sportschoenen gympen buty sportowe butysportowe adidasy trampki sneakersy"
    " sporayakkabı 运动鞋 運動鞋 球鞋 スニーカー 運動靴",
    "rucksack clutch luggage tasche taschen handtasche handtaschen sac sacs sacàmain bolso bolsa mochila borsa"
    " borse borsetta saco mala tas tassen handtas torba torby torebka torebki çanta çantalar 包 手提包 包包 背包"
    " 袋 バッグ かばん 鞄 カバン ハンドバッグ",
    "ankleshoe bootee stiefelette stiefeletten stiefel bottine bottines botte bottes botín botines bota botas"
    " stivaletto stivaletti stivale stivali botim enkellaars enkellaarzen laars laarzen botki botek kozaki botlar bot"
    " bilekbotu 短靴 踝靴 靴子 及踝靴 ブーツ アンクルブーツ ショートブーツ",
)
ENDINGS = ("", "s", "es")
FIRST_WITHOUT_BLANKS = "\u3000"  # from this letter on words stand without blanks between them
# Words beside a class that do not change which it is.
BESIDE = frozenset(
    "class label category kind type klass klasse the a my our your men mens man women womens woman ladies kids"
    " girls boys s photo photos picture pictures image images img pic pics of and folder".split()
)
NUMBERED = frozenset("class label category kind type klass klasse cls c".split())
LEARN, TEST, CHECK = "learn", "test", "check"
PARTS = {LEARN: "train training learn fit", TEST: "test tests testing", CHECK: "val valid validation eval dev check"}
OF_PART = re.compile(r"(set|data|dataset|images|pictures|photos)$")


class Said(NamedTuple):
    """What a name says."""

    label: int  # class index, LEFT_OUT for none
    sure: bool  # whether that needs no person to confirm it


NOTHING = Said(LEFT_OUT, False)


def key(name: str) -> str:
    """A name without case, accents, blanks and signs: by it two names are the same."""
    return "".join(_words(name)) or name.strip()


@lru_cache(maxsize=4096)
def said(name: str) -> Said:
    """What one name says. Two different classes in it say nothing sure, and the last is the guess."""
    words = _words(name[-LONGEST:])
    if "".join(words) == key(NONE):
        return Said(LEFT_OUT, True)
    letters = [word for word in words if not word.isdecimal()]
    found, rest = _found(letters, _sure())
    if len(set(found)) == 1 and BESIDE.issuperset(rest):
        return Said(found[-1], True)
    if (label := number_said(name)) is not None and 0 <= label <= 9:
        return Said(label, True)
    found, _rest = _found(letters, _sure() | _perhaps())
    if found:
        return Said(found[-1], False)
    inside = [word for word in _perhaps() if word in "".join(letters) and word[-1] > FIRST_WITHOUT_BLANKS]
    return Said(_perhaps()[max(inside, key=len)], False) if inside else NOTHING


def number_said(name: str) -> int | None:
    """The number that a name is, as "7", "07", "class_7" and "label 7" are; None when it is none."""
    words = _words(name[-LONGEST:])
    numbers = [word for word in words if word.isdecimal()]
    others = [word for word in words if not word.isdecimal()]
    return int(numbers[0]) if len(numbers) == 1 and NUMBERED.issuperset(others) else None


def said_by_folders(folders: Sequence[str]) -> Said:
    """What folders say, the outermost first: the innermost that names a class, or else the innermost with a number.

    A number in a folder named after a class only counts its pictures.
    """
    heard = [(said(folder), number_said(folder) is not None) for folder in reversed(folders)]
    spoken = [(each, counts) for each, counts in heard if each != NOTHING]
    return next((each for each, counts in spoken if not counts), spoken[0][0] if spoken else NOTHING)


def said_by_file(name: str) -> Said:
    """What a file's own name says, without its ending. A number says nothing there: photos are numbered."""
    stem = name.rpartition(".")[0] or name
    letters = [word for word in _words(stem[-LONGEST:]) if not word.isdecimal()]
    for known, sure in ((_sure(), True), (_perhaps(), False)):
        found, _rest = _found(letters, known)
        if found:
            return Said(found[-1], sure)
    return said(" ".join(letters)) if letters else NOTHING


@lru_cache(maxsize=4096)
def part_of(folder: str) -> str | None:
    """Which part of a data set a folder says to hold: LEARN, TEST or CHECK; None for any other name."""
    word = OF_PART.sub("", key(folder))
    return next((part for part, words in PARTS.items() if word in words.split()), None)


def _words(text: str) -> list[str]:
    """The words and the numbers in a name, in small letters without accents; AnkleBoot has two."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKC", text))
    return re.findall(r"[^\W\d_]+|\d+", "".join(map(_bare, parted.casefold())))


def _bare(letter: str) -> str:
    """A letter without its accent, where it is one of the Latin alphabet."""
    letter = {"ł": "l", "ø": "o", "ı": "i", "\u0307": ""}.get(letter, letter)
    base = unicodedata.normalize("NFKD", letter)[:1]
    return base if base.isascii() and base else letter


def _found(words: Sequence[str], known: Mapping[str, int]) -> tuple[list[int], list[str]]:
    """The classes that are named among these words, in order, and the words that name none."""
    found, rest, place = [], [], 0
    while place < len(words):
        for together in range(MOST_TOGETHER, 0, -1):
            joined = "".join(words[place : place + together])
            if joined in known:
                found.append(known[joined])
                break
        else:
            rest.append(words[place])
            together = 1
        place += together
    return found, rest


@lru_cache(maxsize=1)
def _sure() -> dict[str, int]:
    """The words that are sure, and the class of each."""
    own: dict[str, int] = {}
    for language in LANGUAGES:
        with using(language):
            own |= {key(word): label for label, name in enumerate(names()) for word in (name, *name.split("/"))}
    return own | _each(SURE)


@lru_cache(maxsize=1)
def _perhaps() -> dict[str, int]:
    return _each(PERHAPS)


def _each(lines: Sequence[str]) -> dict[str, int]:
    """Every word of the lines, with each ending, and the number of its line."""
    return {
        key(word) + ending: label for label, line in enumerate(lines) for word in line.split() for ending in ENDINGS
    }
