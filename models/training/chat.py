"""A conversation, and its one exact rendering as tokens (described for the reader in ../turnpike-mini/README.md)."""

import json
from dataclasses import dataclass, field
from typing import Any

from tokenizer import Tokenizer

EFFORTS = ("minimal", "low", "medium", "high")


@dataclass
class Turn:
    role: str
    text: str = ""
    thoughts: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    learnt: list[str] = field(default_factory=list)  # if given, only these parts of the text (in order) are learnt to be said


@dataclass
class Conversation:
    turns: list[Turn]
    system: str = ""
    tools: list[dict[str, Any]] = field(default_factory=list)
    schema: dict[str, Any] | None = None
    json_object: bool = False
    effort: str = ""
    opening_tokens: int = 0  # if set, training sees only so many tokens of the answer


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def system_parts(conversation: Conversation) -> list[list[str]]:
    """The system turn as parts; a part is a list of strings in which control tokens stand alone."""
    parts: list[list[str]] = []
    if conversation.system:
        parts.append([conversation.system])
    if conversation.tools:
        listing = "".join(f"\n{to_json(tool)}" for tool in conversation.tools)
        parts.append(["<tools>", f"{listing}\n", "</tools>"])
    if conversation.schema is not None:
        parts.append([f"Answer with JSON that matches this schema:\n{to_json(conversation.schema)}"])
    elif conversation.json_object:
        parts.append(["Answer with a JSON object."])
    if conversation.effort:
        parts.append([f"Reasoning: {conversation.effort}"])
    return parts


def system_content(conversation: Conversation) -> list[str]:
    content: list[str] = []
    for part in system_parts(conversation):
        content += (["\n\n"] if content else []) + part
    return content


def turn_content(turn: Turn) -> list[str]:
    if turn.role == "tool":
        return ["<tool_response>", f"\n{turn.text}\n", "</tool_response>"]
    content: list[str] = []
    if turn.thoughts:
        content += ["<think>", f"\n{turn.thoughts}\n", "</think>", "\n"]
    if turn.text:
        content.append(turn.text)
    for index, call in enumerate(turn.calls):
        if turn.text or index > 0:
            content.append("\n")
        content += ["<tool_call>", f"\n{to_json(call)}\n", "</tool_call>"]
    return content


class Renderer:
    """Turns conversations into token ids, and marks the ids that the model has to learn to say."""

    def __init__(self, tokenizer: Tokenizer):
        self.tokenizer = tokenizer
        self.controls = {"<think>", "</think>", "<tool_call>", "</tool_call>", "<tools>", "</tools>", "<tool_response>", "</tool_response>"}

    def encode(self, content: list[str]) -> list[int]:
        ids: list[int] = []
        for text in content:
            ids += [self.tokenizer.control(text)] if text in self.controls else self.tokenizer.encode(text)
        return ids

    def turn(self, role: str, content: list[str]) -> tuple[list[int], list[int]]:
        opening = [self.tokenizer.control("<|im_start|>"), *self.tokenizer.encode(f"{role}\n")]
        body = [*self.encode(content), self.tokenizer.control("<|im_end|>")]
        closing = self.tokenizer.encode("\n")
        said = [1 if role == "assistant" else 0] * len(body)
        return opening + body + closing, [0] * len(opening) + said + [0] * len(closing)

    def learnt(self, turn: Turn) -> list[int]:
        """Marks the tokens of an answer's text that lie in its learnt parts."""
        marks = bytearray(len(turn.text.encode()))
        at = 0
        for part in turn.learnt:
            at = turn.text.index(part, at)
            start, size = len(turn.text[:at].encode()), len(part.encode())
            marks[start : start + size] = b"\1" * size
            at += len(part)
        said, place = [], 0
        for token in self.tokenizer.encode(turn.text):
            said.append(marks[place])
            place += self.tokenizer.byte_lengths[token]
        return said

    def render(self, conversation: Conversation) -> tuple[list[int], list[int]]:
        ids: list[int] = []
        said: list[int] = []
        system = system_content(conversation)
        if system:
            ids, said = self.turn("system", system)
        for turn in conversation.turns:
            turn_ids, turn_said = self.turn(turn.role, turn_content(turn))
            if turn.learnt:
                marks = self.learnt(turn)
                first = turn_said.index(1)
                turn_said[first : first + len(marks)] = marks
            ids += turn_ids
            said += turn_said
        if conversation.opening_tokens:
            shown = said.index(1) + conversation.opening_tokens
            return ids[:shown], said[:shown]
        return ids, said
