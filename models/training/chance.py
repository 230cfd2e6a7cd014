"""Seeded choice, and the line between what training may see and what is kept for evaluation.

Every list that a conversation is made from (paraphrases, tools, words, names, record types) is split by position: each
fifth entry is held out. A `Chance` made for training never picks those; one made for evaluation picks only those.
"""

import random
import re
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

from text.patterns import all_wordings, wording
from text.words import CITIES, COLOURS, COMMON_WORDS, CURRENCIES, FIRST_NAMES, FOODS, JOBS, LANGUAGES, LAST_NAMES, MORE_WORDS, ONSETS, SPORTS, THINGS, VOWELS, CODAS

Item = TypeVar("Item")

SPLIT_SIZE_MIN = 4  # shorter lists are shared by both sides
HELD_EVERY, HELD_AT = 5, 3
HELD_WORDS_EVERY = 6
KEPT_SIZE_MIN = 60  # sides of longer lists are kept, since they are asked for again and again
SIDES: dict[tuple[int, bool], tuple[Sequence, Sequence]] = {}
INVENTED_SHARE = 0.35
MORE_SHARE = 0.75  # of the wordings that training sees, where there are more of them than the list that is split
COMMON_SHARE = 0.12
JOINED_SHARE = 0.5  # of the words in training: two halves of real words, so that every piece of the vocabulary gets copied
LITTLE_WORDS = frozenset("the a an my your me i you it this that is are do does to of for in on with and or there whats".split())  # no wording is another for these
SPLIT_WORDS = (THINGS, MORE_WORDS, FIRST_NAMES, LAST_NAMES, CITIES, COLOURS, FOODS, JOBS, SPORTS, LANGUAGES, CURRENCIES)


class Chance:
    def __init__(self, seed: int, held: bool = False):
        self.random = random.Random(seed)
        self.held = held

    def allowed(self, items: Sequence[Item]) -> Sequence[Item]:
        if len(items) < SPLIT_SIZE_MIN:
            return items
        of, side = SIDES.get((id(items), self.held), (None, None))
        if of is not items:
            side = [item for index, item in enumerate(items) if (index % HELD_EVERY == HELD_AT) == self.held]
            if len(items) >= KEPT_SIZE_MIN:
                SIDES[id(items), self.held] = items, side
        return side

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items on this side of the split."""
        return self.random.choice(self.allowed(items))

    def held_side(self, patterns: Sequence[str]) -> Sequence[str]:
        return HELD_OUT.allowed(patterns)

    def phrase(self, patterns: Sequence[str], more: Sequence[str] = (), **values: object) -> str:
        """A wording of one of the patterns on this side of the split, its {gaps} filled in; in training mostly of the many more."""
        if self.held or not more or not self.roll(MORE_SHARE):
            return wording(self.pick(patterns), self.random).format(**values)
        while True:
            made = wording(self.random.choice(more), self.random)
            if content(made) not in held_wordings(tuple(self.held_side(patterns))):
                return made.format(**values)

    def wide(self, patterns: Sequence[str], more: Sequence[str]) -> str:
        """A wording, its {gaps} still open: evaluation takes it from the held-out fifth of a list, training mostly from many more."""
        if self.held or not self.roll(MORE_SHARE):
            return self.pick(patterns)
        while True:
            made = wording(self.random.choice(more), self.random)
            if made not in patterns and content(made) not in held_wordings(tuple(self.held_side(patterns))):
                return made

    def blurred(self, pattern: str) -> str:
        """The pattern with some of its words replaced by any others, as all is written in words that a small model does not know."""
        return " ".join(self.word() if part.isalpha() and len(part) > 2 and self.roll(0.4) else part for part in pattern.split(" "))

    def any(self, items: Sequence[Item]) -> Item:
        """One of all items: for what the model must know by heart, and so has to have seen."""
        return self.random.choice(items)

    def some(self, items: Sequence[Item], count: int) -> list[Item]:
        allowed = self.allowed(items)
        return self.random.sample(allowed, min(count, len(allowed)))

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        return self.random.sample(list(items), len(items))

    def number(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    def roll(self, probability: float) -> bool:
        return self.random.random() < probability

    def weighted(self, weights: dict[Item, float]) -> Item:
        return self.random.choices(list(weights), list(weights.values()))[0]

    def invented(self) -> str:
        """A word that exists nowhere, so that it can only be copied."""
        while True:
            syllables = self.random.choices((1, 2, 3), (1, 5, 2))[0]
            word = "".join(self.random.choice(ONSETS) + self.random.choice(VOWELS) + self.random.choice(CODAS) for _ in range(syllables))
            held = zlib.crc32(word.encode()) % HELD_WORDS_EVERY == 0
            if len(word) > 2 and held == self.held:
                return word

    def joined(self) -> str:
        """The beginning of one real word and the end of another, and at times the middle of a third; never a word or a joining that is held out."""
        while True:
            first, second, third = (self.random.choice(WHOLE_WORDS) for _ in range(3))
            middle = third[1 : self.number(2, 5)] if self.roll(0.25) else ""
            word = first[: self.number(1, 6)].lower() + middle + second[-self.number(2, 6) :].lower()
            if len(word) > 2 and zlib.crc32(word.encode()) % HELD_WORDS_EVERY and word not in HELD_WORDS:
                return word

    def word(self) -> str:
        if not self.held and self.roll(JOINED_SHARE):
            return self.joined()
        if not self.held and self.roll(COMMON_SHARE):
            return self.random.choice(COMMON_WORDS_SEEN)
        make = self.random.choices((self.invented, lambda: self.pick(THINGS), lambda: self.pick(MORE_WORDS)), (INVENTED_SHARE, 0.3, 0.35))[0]
        return make()

    def words(self, count: int) -> list[str]:
        found: dict[str, None] = {}
        while len(found) < count:
            found[self.word()] = None
        return list(found)

    def name(self) -> str:
        return self.unusual_name() if self.roll(0.4) else self.pick(FIRST_NAMES)

    def unusual_name(self) -> str:
        if not self.held and self.roll(JOINED_SHARE):
            return capital(self.joined())
        return capital(self.invented() if self.roll(0.6) else self.pick(MORE_WORDS))

    def full_name(self) -> str:
        return f"{self.name()} {self.unusual_name() if self.roll(0.4) else self.pick(LAST_NAMES)}"

    def place(self) -> str:
        return self.unusual_name() if self.roll(0.4) else self.pick(CITIES)

    def code(self) -> str:
        """An identifier such as `KD-4471` or `x7q2`."""
        letters = "".join(self.random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(self.number(1, 3)))
        digits = "".join(str(self.number(0, 9)) for _ in range(self.number(2, 4)))
        form = self.number(0, 3)
        return (f"{letters.upper()}-{digits}", f"{letters}{digits}", f"{letters.upper()}{digits}", digits)[form]

    def email(self) -> str:
        return f"{self.word()}@{self.word()}.{self.any(('com', 'org', 'net', 'io'))}"

    def clock(self) -> str:
        return f"{self.number(0, 23):02d}:{self.any((0, 15, 30, 45)):02d}"

    def date(self) -> str:
        return f"{self.number(2024, 2029)}-{self.number(1, 12):02d}-{self.number(1, 28):02d}"


@lru_cache(maxsize=None)
def held_wordings(patterns: tuple[str, ...]) -> frozenset[frozenset[str]]:
    """What these held-out patterns say, by their words of some weight: training leaves it out however it comes about."""
    return frozenset(content(one) for pattern in patterns for one in wordings_of(pattern))


def wordings_of(pattern: str) -> set[str]:
    try:
        return all_wordings(pattern)
    except ValueError:  # brackets that are only brackets
        return {pattern}


@lru_cache(maxsize=100_000)
def content(text: str) -> frozenset[str]:
    return frozenset(re.sub(r"[^a-z0-9{}_ ]", "", text.lower()).split()) - LITTLE_WORDS


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def sentence_case(text: str, values: Iterable[str]) -> str:
    """Begun with a capital, unless it begins with a value: that has to be copied as it is."""
    return text if any(value and text.startswith(value) for value in values) else capital(text)


def listed(items: Sequence[str], joiner: str = "and") -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {joiner} {items[-1]}"


HELD_OUT = Chance(0, held=True)
HELD_WORDS = {word.lower() for words in SPLIT_WORDS for word in HELD_OUT.allowed(words)}
COMMON_WORDS_SEEN = [word for word in COMMON_WORDS if word not in HELD_WORDS]
WHOLE_WORDS = [word for words in SPLIT_WORDS for word in Chance(0).allowed(words) if word.isascii() and word.isalpha()]
