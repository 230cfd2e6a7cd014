"""Where a copied word stood before: found from the tokens alone, for every word that an answer takes from its prompt.

Training shows one attention head of two layers where to look (see train.py). A small model is slow to find out by itself that
the value after `"colour": "` is the word beside "colour" in the request; told where to look, it learns from far fewer tokens.
"""

import numpy as np

from tokenizer import CHARACTER_TO_BYTE, CONTROL_TOKENS, SPACE, Tokenizer

COMMON = "the a an is of in to and you I it your my for that this was one with are The You A It not on at by as be or so We we he she they his her me no yes am do can have has its Your My".split()


class CopyingPlaces:
    def __init__(self, tokenizer: Tokenizer):
        size = len(tokenizer.vocabulary)
        self.same = np.arange(size)  # a token with a space in front is the same word as without
        self.wordlike = np.zeros(size, bool)
        self.spaced = np.zeros(size, bool)
        for index, token in enumerate(tokenizer.vocabulary):
            bare = token.removeprefix(SPACE)
            if token in CONTROL_TOKENS or not bare:
                continue
            self.spaced[index] = bare != token
            self.wordlike[index] = all(chr(CHARACTER_TO_BYTE[character]).isascii() and chr(CHARACTER_TO_BYTE[character]).isalnum() for character in bare)
            self.same[index] = tokenizer.ids.get(bare, index)
        self.common = {self.same[tokenizer.encode(word)[0]] for word in COMMON if len(tokenizer.encode(word)) == 1}
        self.digits = {tokenizer.encode(digit)[0] for digit in "0123456789"}
        self.colon = tokenizer.encode('":')[0]
        self.name = tokenizer.encode("name")[0]
        self.call = tokenizer.control("<tool_call>")

    def find(self, ids: list[int], said: list[int]) -> np.ndarray:
        """For each token the place that it is copied from, or -1; only for the first token of a word."""
        places = np.full(len(ids), -1, np.int16)
        if 1 not in said:
            return places
        tokens = np.array(ids)
        wordlike, spaced, same = self.wordlike[tokens], self.spaced[tokens], self.same[tokens]
        begins = wordlike & (spaced | ~np.concatenate([[False], wordlike[:-1]]))
        answer_start, last_end = 0, -1
        seen: dict[int, list[int]] = {}
        for at in range(len(ids)):
            if said[at] and not said[at - 1] and ids[at - 1] != self.colon:
                answer_start = at
            if begins[at]:
                if said[at]:
                    places[at], last_end = self.source(at, answer_start, ids, wordlike, spaced, same, seen, last_end)
                seen.setdefault(int(same[at]), []).append(at)
        return places

    def source(self, at: int, before: int, ids: list[int], wordlike: np.ndarray, spaced: np.ndarray, same: np.ndarray, seen: dict[int, list[int]], last_end: int) -> tuple[int, int]:
        value = at >= 2 and ids[at - 2] == self.colon
        if not value and int(same[at]) in self.common:
            return -1, -1
        size = self.word_length(at, wordlike, spaced)
        is_key = at + size < len(ids) and ids[at + size] == self.colon
        if not value and size == 1 and ids[at] in self.digits:
            return -1, -1  # computed more often than copied
        is_name = value and ids[at - 3] == self.name and self.call in ids[at - 7 : at]
        found = [place for place in seen.get(int(same[at]), ()) if place < before and self.word_length(place, wordlike, spaced) == size and (same[place : place + size] == same[at : at + size]).all() and (not is_name or ids[place - 2] == self.colon)]
        if not found:
            return -1, -1
        if is_key:  # keys are listed before the text, in the schema or in the request
            return found[0], -1
        place = next((one for one in found if 0 <= one - last_end <= 2), found[-1]) if last_end >= 0 else found[-1]
        return place, place + size

    @staticmethod
    def word_length(at: int, wordlike: np.ndarray, spaced: np.ndarray) -> int:
        size = 1
        while at + size < len(wordlike) and wordlike[at + size] and not spaced[at + size]:
            size += 1
        return size
