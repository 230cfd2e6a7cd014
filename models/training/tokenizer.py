"""A byte-level BPE of 2,048 tokens that cuts a word the same way wherever it stands.

Ordinary BPE learns ` Oslo` and `"Oslo` as different pieces, so a small model that must copy a city from a sentence into
JSON would have to know how every word is spelled. Here the merges are learnt in two stages: first inside runs of
letters (and inside punctuation), then, ranked after all of those, a space in front of the most common whole words. A rare word
is therefore the same tokens after a space, a quote or an underscore, and copying it is copying tokens.

A token that training never says can't be copied, though. So a word that training may not say, since it is kept for
evaluation, is written in pieces (`cut`), as any other word that the model has not seen.

The split before merging is llama.cpp's `qwen2`, in which every digit is a token of its own.
"""

import collections
import heapq
import json
from collections.abc import Iterable
from pathlib import Path

import regex

VOCABULARY_SIZE = 2048
SPACED_WORDS = 320  # the last merges: a space in front of the most common words
SPACED_WORD_COUNT_MIN = 150

CONTROL_TOKENS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "<tools>",
    "</tools>",
    "<tool_response>",
    "</tool_response>",
    *[f"<|reserved_{number}|>" for number in range(5)],
]

PIECES = regex.compile(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LETTERS_OR_REST = regex.compile(r"\p{L}+|[^\p{L}]+")


def printable_bytes() -> dict[int, str]:
    """GPT-2's table: each byte as one visible character, which is how a vocabulary file spells bytes."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {**{byte: chr(byte) for byte in visible}, **{byte: chr(256 + i) for i, byte in enumerate(hidden)}}


BYTE_TO_CHARACTER = printable_bytes()
CHARACTER_TO_BYTE = {character: byte for byte, character in BYTE_TO_CHARACTER.items()}
SPACE = BYTE_TO_CHARACTER[32]


def spell(text: str) -> str:
    return "".join(BYTE_TO_CHARACTER[byte] for byte in text.encode())


def learn_merges(counts: dict[str, int], wanted: int) -> list[tuple[str, str]]:
    """Plain BPE over the counted strings: merge the most frequent neighbours, again and again."""
    words = [list(spell(word)) for word in counts]
    weights = list(counts.values())
    pairs: collections.Counter = collections.Counter()
    places: dict[tuple[str, str], set[int]] = collections.defaultdict(set)

    def note(index: int, sign: int, touched: set) -> None:
        for pair in zip(words[index], words[index][1:]):
            pairs[pair] += sign * weights[index]
            touched.add(pair)
            if sign > 0:
                places[pair].add(index)

    touched: set[tuple[str, str]] = set()
    for index in range(len(words)):
        note(index, 1, touched)
    heap = [(-pairs[pair], pair) for pair in touched]
    heapq.heapify(heap)
    merges: list[tuple[str, str]] = []
    while len(merges) < wanted and heap:
        count, best = heapq.heappop(heap)
        if pairs[best] != -count or -count < 2:
            continue
        merges.append(best)
        touched = set()
        for index in list(places[best]):
            note(index, -1, touched)
            words[index] = merge_pair(words[index], best)
            note(index, 1, touched)
        for pair in touched:
            if pairs[pair] > 0:
                heapq.heappush(heap, (-pairs[pair], pair))
    return merges


def merge_pair(parts: list[str], pair: tuple[str, str]) -> list[str]:
    merged: list[str] = []
    index = 0
    while index < len(parts):
        if tuple(parts[index : index + 2]) == pair:
            merged.append(parts[index] + parts[index + 1])
            index += 2
        else:
            merged.append(parts[index])
            index += 1
    return merged


class Tokenizer:
    def __init__(self, merges: Iterable[tuple[str, str]], cut: Iterable[str] = ()):
        """`cut` are words that are written in pieces although they have a token, which stays unused."""
        self.merges = [tuple(merge) for merge in merges]
        self.cut = sorted(cut)
        unused = {form for word in self.cut for form in (spell(word), SPACE + spell(word))}
        self.used_merges = [merge for merge in self.merges if "".join(merge) not in unused]
        self.rank = {merge: rank for rank, merge in enumerate(self.used_merges)}
        bytes_ = [BYTE_TO_CHARACTER[byte] for byte in range(256)]
        self.vocabulary = bytes_ + [left + right for left, right in self.merges] + CONTROL_TOKENS
        self.ids = {token: index for index, token in enumerate(self.vocabulary)}
        if len(self.ids) != len(self.vocabulary):
            raise ValueError("two merges make the same token")
        self.byte_lengths = [len(token) for token in self.vocabulary]  # a byte is one character in a vocabulary
        self.known: dict[str, list[int]] = {}

    def control(self, token: str) -> int:
        return self.ids[token]

    def encode(self, text: str) -> list[int]:
        """Ordinary text only: a control token's name in `text` comes out as the letters that it is written with."""
        return [token for piece in PIECES.findall(text) for token in self.encode_piece(piece)]

    def encode_piece(self, piece: str) -> list[int]:
        if piece in self.known:
            return self.known[piece]
        parts = list(spell(piece))
        while len(parts) > 1:
            ranked = [(self.rank[pair], pair) for pair in zip(parts, parts[1:]) if pair in self.rank]
            if not ranked:
                break
            parts = merge_pair(parts, min(ranked)[1])
        self.known[piece] = [self.ids[part] for part in parts]
        return self.known[piece]

    def decode(self, ids: Iterable[int]) -> str:
        out = bytearray()
        for index in ids:
            token = self.vocabulary[index]
            out += token.encode() if token in CONTROL_TOKENS else bytes(CHARACTER_TO_BYTE[c] for c in token)
        return out.decode("utf8", "replace")

    def save(self, path: Path) -> None:
        path.write_text(json.dumps({"merges": self.merges, "cut": self.cut}, ensure_ascii=False))

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        saved = json.loads(path.read_text())
        return cls((tuple(merge) for merge in saved["merges"]), saved.get("cut", ()))


def learn_tokenizer(texts: Iterable[str]) -> Tokenizer:
    pieces: collections.Counter = collections.Counter()
    for text in texts:
        pieces.update(PIECES.findall(text))
    runs: collections.Counter = collections.Counter()
    spaced: collections.Counter = collections.Counter()
    for piece, count in pieces.items():
        for run in LETTERS_OR_REST.findall(piece):
            runs[run] += count
        if piece[0] == " " and piece[1:].isalpha():
            spaced[piece[1:]] += count
    room = VOCABULARY_SIZE - 256 - len(CONTROL_TOKENS) - SPACED_WORDS
    merges = learn_merges(runs, room)
    draft = Tokenizer(merges)
    whole = [spell(word) for word, count in spaced.most_common() if count >= SPACED_WORD_COUNT_MIN and len(draft.encode_piece(word)) == 1]
    return Tokenizer(merges + [(SPACE, word) for word in whole[:SPACED_WORDS]])
