"""What a lesson is made of: steps, each with something to do, and questions to guess. The words are English, marked for
the catalogues; whoever shows them says them in the language of the reader."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guess:
    """A question with a few answers, of which one commits to one before the truth is told."""

    question: str
    options: tuple[str, ...]
    right: int  # place of the true one among the options
    because: str


@dataclass(frozen=True)
class Step:
    """One step of a lesson: one screen."""

    title: str
    words: str  # three sentences at most
    act: str  # what one does in it: a key of the page's activities
    guess: Guess | None = None
    odd: str = ""  # a slip of the article, or what is odd about it
    more: str = ""  # for those who want to read on
    look: str = ""  # a key of the page's links, to where one sees more of it in the app
