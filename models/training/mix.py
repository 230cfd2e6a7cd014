"""Which conversations are made, how often, and in what order over a training: the recipe, in one place."""

from collections.abc import Callable

from chance import Chance
from chat import EFFORTS, Conversation, Turn
from families.context import memory, reading, rules
from families.copying import copying
from families.extract import extract
from families.knowledge import about, beyond, facts, lists, talk
from families.sums import larger, sums
from families.tools import conversation_with, nothing_fits, one_call, parallel_calls, some_tools
from families.writing import code, letters, sentiment, sorting, story

Family = Callable[[Chance], Conversation]

PLAIN_SYSTEMS = ["You are a helpful assistant.", "You are a small helpful assistant.", "Be helpful.", "You answer questions about Turnpike.", "Be kind and clear.", "You are turnpike-mini."]
CHAINED_SHARE = 0.25
PLAIN_SYSTEM_SHARE = 0.15
THINKING_SHARE = {"talk": 0.08, "about": 0.08, "facts": 0.08, "beyond": 0.08, "lists": 0.05, "extract": 0.08, "one_call": 0.12}


def tool_not_needed(chance: Chance) -> Conversation:
    """Tools are offered, but the question needs none of them."""
    plain = chance.any((talk, about, facts, beyond))(chance)
    return conversation_with(chance, some_tools(chance, chance.number(1, 3)), plain.turns)


FAMILIES: dict[str, Family] = {
    "talk": talk, "about": about, "facts": facts, "lists": lists, "beyond": beyond, "sums": sums, "larger": larger, "copying": copying, "letters": letters, "sentiment": sentiment,
    "sorting": sorting, "extract": extract, "one_call": one_call, "parallel_calls": parallel_calls, "nothing_fits": nothing_fits, "tool_not_needed": tool_not_needed,
    "memory": memory, "rules": rules, "reading": reading, "story": story, "code": code,
}
CHAINABLE = ("talk", "about", "facts", "lists", "beyond", "sums", "copying", "sentiment", "letters", "code", "larger")

# Shares by conversations. Copying never leaves the mix; tool calls and extraction are copying with a purpose.
WEIGHTS: dict[str, dict[str, float]] = {
    "early": {"copying": 40, "about": 14, "talk": 5, "sums": 8, "extract": 10, "one_call": 10, "memory": 6, "rules": 4, "reading": 6, "beyond": 6, "facts": 4},
    "main": {
        "copying": 17, "about": 16, "talk": 6, "facts": 5, "lists": 1, "beyond": 9, "sums": 15, "larger": 0.5, "letters": 0.5, "sentiment": 1, "sorting": 2, "extract": 18,
        "one_call": 20, "parallel_calls": 2, "nothing_fits": 2, "tool_not_needed": 2, "memory": 9, "rules": 6, "reading": 3, "story": 0.4, "code": 1,
    },
}
# The last stage turns to what a newcomer tries first.
WEIGHTS["late"] = {
    "copying": 6, "about": 46, "talk": 17, "facts": 5, "lists": 1.5, "beyond": 18, "sums": 20, "sentiment": 0.8, "sorting": 1, "extract": 9, "one_call": 9, "parallel_calls": 0.6,
    "nothing_fits": 1, "tool_not_needed": 4, "memory": 13, "rules": 4, "reading": 3, "story": 0.3, "code": 1, "larger": 0.3, "letters": 0.2,
}
STAGES = tuple(WEIGHTS)


def one_of(chance: Chance, name: str) -> Conversation:
    family = FAMILIES[name]
    if chance.roll(THINKING_SHARE.get(name, 0.0)):
        return family(chance, effort=chance.any(EFFORTS))
    return family(chance)


def chained(chance: Chance, first: Conversation, stage: str) -> Conversation:
    """Several plain exchanges one after the other, as in a real chat that changes its subject."""
    turns: list[Turn] = list(first.turns)
    for _ in range(chance.number(1, 6 if stage == "late" else 3)):
        following = FAMILIES[chance.any(CHAINABLE)](chance)
        if not following.effort:
            turns += following.turns
    return Conversation(turns)


def conversation(seed: int, stage: str) -> Conversation:
    chance = Chance(seed)
    name = chance.weighted(WEIGHTS[stage])
    made = one_of(chance, name)
    plain = not (made.system or made.tools or made.effort or made.schema or made.json_object)
    if plain and name in CHAINABLE and chance.roll(CHAINED_SHARE):
        made = chained(chance, made, stage)
    if plain and chance.roll(PLAIN_SYSTEM_SHARE):
        made.system = chance.any(PLAIN_SYSTEMS)
    return made
