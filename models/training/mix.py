"""Which conversations are made, how often, and in what order over a training: the recipe, in one place."""

from collections.abc import Callable

from chance import Chance
from chat import EFFORTS, Conversation, Turn
from families.context import any_memory, long_memory, memory, reading, rules
from families.copying import copying
from families.extract import extract, extract_often, one_field, pairs
from families.knowledge import about, beyond, facts, lists, opened, talk
from families.sums import larger, sums
from families.tools import calls_often, conversation_with, nothing_fits, one_call, parallel_calls, some_tools
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
    "sorting": sorting, "extract": extract, "extract_often": extract_often, "one_field": one_field, "pairs": pairs, "calls_often": calls_often, "one_call": one_call, "parallel_calls": parallel_calls, "nothing_fits": nothing_fits, "tool_not_needed": tool_not_needed,
    "memory": memory, "any_memory": any_memory, "long_memory": long_memory, "rules": rules, "reading": reading, "story": story, "code": code,
    "about_opened": opened(about), "beyond_opened": opened(beyond),
}
CHAINABLE = ("talk", "about", "facts", "lists", "beyond", "sums", "copying", "sentiment", "letters", "code", "larger")

# Shares by conversations. Copying never leaves the mix; tool calls and extraction are copying with a purpose.
WEIGHTS: dict[str, dict[str, float]] = {
    # Copying, and finding what to copy, before anything is learnt by heart.
    "early": {
        "copying": 42, "one_field": 16, "extract": 8, "extract_often": 6, "one_call": 4, "calls_often": 4, "memory": 8, "reading": 6, "sums": 10, "talk": 3, "about": 5, "facts": 2, "beyond": 2, "rules": 3,
    },
    "main": {
        "pairs": 17, "copying": 7, "one_field": 8, "extract": 10, "extract_often": 12, "one_call": 4, "calls_often": 8, "parallel_calls": 1, "nothing_fits": 1.5, "tool_not_needed": 1, "memory": 14, "any_memory": 6, "reading": 3, "rules": 4, "sums": 18,
        "talk": 7, "about": 10, "about_opened": 55, "facts": 2, "beyond": 4, "beyond_opened": 8, "lists": 3, "sentiment": 2, "sorting": 3, "letters": 0.5, "code": 1,
    },
}
# The last stage turns to what a newcomer tries first.
WEIGHTS["late"] = {
    **WEIGHTS["main"], "pairs": 12, "copying": 6, "one_field": 12, "extract": 90, "extract_often": 40, "one_call": 50, "calls_often": 24, "parallel_calls": 4, "nothing_fits": 6, "memory": 22, "any_memory": 10, "long_memory": 0.1,
    "sums": 38, "about": 26, "about_opened": 170, "talk": 14, "beyond": 6, "beyond_opened": 75, "sentiment": 14, "sorting": 12, "tool_not_needed": 5,
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
    for _ in range(chance.number(1, 3)):
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
