"""Questions about Turnpike, from about.txt: one answer each, patterns for training, and wordings that only evaluation sees."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Topic:
    answer: str
    patterns: list[str] = field(default_factory=list)
    more: list[str] = field(default_factory=list)  # patterns that training alone sees, also where a question is only by the way
    held: list[str] = field(default_factory=list)


def read_topics(text: str) -> list[Topic]:
    names: dict[str, str] = {}
    topics: list[Topic] = []
    for line in text.splitlines():
        mark, _, rest = line.partition(" ")
        if line.startswith("$"):
            names[mark] = rest
        elif mark == "=":
            topics.append(Topic(rest))
        elif mark in ("?", "+"):
            for name, pattern in names.items():
                rest = rest.replace(f"{name} ", f"{pattern} ")
            (topics[-1].patterns if mark == "?" else topics[-1].more).append(rest)
        elif mark == "!":
            topics[-1].held.append(rest)
    return topics


ABOUT = read_topics((Path(__file__).parent / "about.txt").read_text())
