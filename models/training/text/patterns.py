"""Patterns that stand for many wordings: `how (do|can) I (make|create) a(| new) key` is eight questions in one line."""

import random
from functools import lru_cache

Node = str | list["Node"] | tuple["Node", ...]  # text, a sequence, or a choice


@lru_cache(maxsize=None)
def parsed(pattern: str) -> Node:
    node, end = sequence(pattern, 0)
    if end != len(pattern):
        raise ValueError(f"a bracket is closed that was never opened: {pattern}")
    return node


def sequence(pattern: str, at: int) -> tuple[Node, int]:
    parts: list[Node] = []
    text = ""
    while at < len(pattern) and pattern[at] not in "|)":
        if pattern[at] == "(":
            choice, at = choices(pattern, at + 1)
            parts += [text, choice]
            text = ""
        else:
            text += pattern[at]
            at += 1
    return [*parts, text], at


def choices(pattern: str, at: int) -> tuple[Node, int]:
    found: list[Node] = []
    while True:
        node, at = sequence(pattern, at)
        found.append(node)
        if at >= len(pattern):
            raise ValueError(f"a bracket is not closed: {pattern}")
        at += 1
        if pattern[at - 1] == ")":
            return tuple(found), at


def written(node: Node, source: random.Random) -> str:
    if isinstance(node, str):
        return node
    if isinstance(node, tuple):
        return written(source.choice(node), source)
    return "".join(written(part, source) for part in node)


def wording(pattern: str, source: random.Random) -> str:
    """One of the wordings of a pattern, without the double and outer spaces that empty choices leave."""
    return " ".join(part for part in written(parsed(pattern), source).split(" ") if part)


def all_wordings(pattern: str) -> set[str]:
    """Every wording that a pattern stands for."""
    return {" ".join(part for part in one.split(" ") if part) for one in every(parsed(pattern))}


def every(node: Node) -> list[str]:
    if isinstance(node, str):
        return [node]
    if isinstance(node, tuple):
        return [one for part in node for one in every(part)]
    found = [""]
    for part in node:
        found = [left + right for left in found for right in every(part)]
    return found
