"""Makes the held-out questions: wordings, tools, words, names, keys and record types that training never saw.

Each line of the file is one question as an API request, as the exact prompt (control tokens apart), and how to judge the
answer. `models/evaluate.ts` asks them; no Python is needed for that.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chance import Chance
from chat import EFFORTS, Conversation, Turn, system_content, to_json, turn_content
from families.context import memory, reading, rules
from families.copying import COPY_TASKS, repeat
from families.extract import extract
from families.knowledge import about_question, beyond, facts, lists, talk
from families.sums import MINUS, PLUS, think_sum
from families.tools import nothing_fits, one_call, parallel_calls
from families.writing import code, letters, sentiment, sorting
from mix import tool_not_needed
from text.about import ABOUT
from text.facts import LISTS
from text.talk import TALK

FIRST_SEED = 5_000_000_000
CASES_PER_FAMILY = 50
CASES_ABOUT = 5 * len(ABOUT)
CONTROL_IN_PROMPT = {"<think>", "</think>", "<tool_call>", "</tool_call>", "<tools>", "</tools>", "<tool_response>", "</tool_response>"}

Judge = dict[str, Any]
Case = tuple[Conversation, Judge]


def exact(made: Conversation) -> Case:
    return made, {"kind": "exact", "any": [made.turns[-1].text]}


def any_talk(chance: Chance) -> Case:
    made = talk(chance)
    answer = made.turns[-1].text
    return made, {"kind": "exact", "any": next(answers for answers, _ in TALK if answer in answers)}


def every_about(chance: Chance) -> Case:
    """All held-out wordings of all questions in turn, so that none is left out by chance."""
    number = chance.random_seed - FIRST_SEED
    topic = ABOUT[number % len(ABOUT)]
    return Conversation([Turn("user", topic.held[number // len(ABOUT)]), Turn("assistant", topic.answer)]), {"kind": "exact", "any": [topic.answer]}


def every_about_known(chance: Chance) -> Case:
    """For comparison: wordings that training may have seen."""
    topic = ABOUT[(chance.random_seed - FIRST_SEED) % len(ABOUT)]
    question = about_question(Chance(chance.random_seed), topic)
    return Conversation([Turn("user", question), Turn("assistant", topic.answer)]), {"kind": "exact", "any": [topic.answer]}


def list_case(chance: Chance) -> Case:
    made = lists(chance)
    body = made.turns[-1].text
    count = body.count("\n") + 1 if "\n" in body else body.count(",") + 1
    kind = next(kind for kind, items in LISTS.items() if items[0] in items and kind in made.turns[0].text)
    return made, {"kind": "items", "allowed": LISTS[kind], "count": count}


def beyond_case(chance: Chance) -> Case:
    return beyond(chance), {"kind": "says", "text": "small demonstration model"}


def two_digit_sum(chance: Chance) -> Case:
    a, b = chance.number(10, 99), chance.number(10, 99)
    sign = chance.any("+-")
    a, b = (max(a, b), min(a, b)) if sign == "-" else (a, b)
    result = a + b if sign == "+" else a - b
    question = chance.phrase(PLUS if sign == "+" else MINUS, a=a, b=b)
    effort = chance.any(EFFORTS)
    answer = Turn("assistant", f"{a} {sign} {b} = {result}.", thoughts=think_sum(effort, sign, a, b, result))
    return Conversation([Turn("user", question), answer], effort=effort), {"kind": "exact", "any": [answer.text]}


def json_case(chance: Chance) -> Case:
    made = extract(chance)
    return made, {"kind": "json", "value": json.loads(made.turns[-1].text)}


def calls_case(make: Callable[[Chance], Conversation]) -> Callable[[Chance], Case]:
    def case(chance: Chance) -> Case:
        made = make(chance)
        turns = made.turns[:2]
        return Conversation(turns, system=made.system, tools=made.tools), {"kind": "calls", "calls": turns[1].calls}
    return case


def result_case(chance: Chance) -> Case:
    while True:
        made = one_call(chance)
        if len(made.turns) >= 4:
            return exact(Conversation(made.turns[:4], system=made.system, tools=made.tools))


def memory_case(chance: Chance) -> Case:
    """The fact lies at least two turns of other talk back."""
    while True:
        made = memory(chance)
        if len(made.turns) >= 6:
            return exact(made)


def repeat_invented(chance: Chance) -> Case:
    words = " ".join(chance.invented() for _ in range(chance.number(3, 10)))
    return exact(Conversation([Turn("user", repeat(chance)[0].text.split(":")[0] + f": {words}"), Turn("assistant", words)]))


def of(family: Callable[[Chance], Conversation]) -> Callable[[Chance], Case]:
    return lambda chance: exact(family(chance))


CASES: dict[str, Callable[[Chance], Case]] = {
    "small talk": any_talk, "questions about Turnpike": every_about, "questions about Turnpike, wordings seen in training": every_about_known, "beyond it: says so": beyond_case, "facts": of(facts), "lists": list_case,
    "two-digit sums, reasoning": two_digit_sum, "copying and look-up": lambda chance: exact(Conversation(chance.weighted(COPY_TASKS)(chance))), "repeating invented words": repeat_invented,
    "JSON extraction": json_case, "tool call": calls_case(one_call), "parallel calls": calls_case(parallel_calls), "no tool fits": of(nothing_fits), "tool not needed": lambda chance: tool_not_needed_case(chance),
    "tool result used": result_case, "memory, two turns back": memory_case, "rules in the system prompt": of(rules), "reading": of(reading),
    "letters and case": of(letters), "sentiment": of(sentiment), "sorting into labels": of(sorting), "code": of(code),
}


def tool_not_needed_case(chance: Chance) -> Case:
    """Judged by having called nothing; the answer itself is judged elsewhere."""
    return tool_not_needed(chance), {"kind": "calls", "calls": []}


def request_of(made: Conversation) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": made.system}] if made.system else []
    call_ids: list[str] = []
    for turn in made.turns[:-1]:
        if turn.role == "tool":
            messages.append({"role": "tool", "tool_call_id": call_ids.pop(0), "content": turn.text})
            continue
        message: dict[str, Any] = {"role": turn.role, "content": turn.text}
        if turn.calls:
            call_ids = [f"call_{index}" for index in range(len(turn.calls))]
            message["tool_calls"] = [{"id": call_id, "type": "function", "function": {"name": call["name"], "arguments": to_json(call["arguments"])}} for call_id, call in zip(call_ids, turn.calls)]
        messages.append(message)
    request: dict[str, Any] = {"messages": messages}
    if made.tools:
        request["tools"] = [{"type": "function", "function": tool} for tool in made.tools]
    if made.schema is not None:
        request["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": made.schema}}
    elif made.json_object:
        request["response_format"] = {"type": "json_object"}
    if made.effort:
        request["reasoning_effort"] = made.effort
    return request


def prompt_of(made: Conversation) -> list[str | dict[str, str]]:
    """Text, and control tokens as `{"control": …}`, in order; neighbouring texts are joined."""
    prompt: list[str | dict[str, str]] = []

    def add_text(text: str) -> None:
        if prompt and isinstance(prompt[-1], str):
            prompt[-1] += text
        else:
            prompt.append(text)

    def add_turn(role: str, content: list[str]) -> None:
        prompt.append({"control": "<|im_start|>"})
        add_text(f"{role}\n")
        for text in content:
            if text in CONTROL_IN_PROMPT:
                prompt.append({"control": text})
            else:
                add_text(text)
        prompt.append({"control": "<|im_end|>"})
        add_text("\n")

    if system := system_content(made):
        add_turn("system", system)
    for turn in made.turns[:-1]:
        add_turn(turn.role, turn_content(Turn(turn.role, turn.text, calls=turn.calls)))
    prompt.append({"control": "<|im_start|>"})
    add_text("assistant\n")
    if made.effort:
        prompt.append({"control": "<think>"})
        add_text("\n")
    return prompt


class SeededChance(Chance):
    def __init__(self, seed: int):
        super().__init__(seed, held=True)
        self.random_seed = seed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("../turnpike-mini/evaluation.jsonl"))
    options = parser.parse_args()
    lines = []
    for family, make in CASES.items():
        for number in range(CASES_ABOUT if make in (every_about, every_about_known) else CASES_PER_FAMILY):
            made, judge = make(SeededChance(FIRST_SEED + number))
            lines.append(to_json({"family": family, "request": request_of(made), "prompt": prompt_of(made), "judge": judge}))
    options.out.write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} questions in {options.out}")


if __name__ == "__main__":
    main()
