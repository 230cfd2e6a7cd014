"""WordPiece as llama.cpp does it for `bert`: lower case, no accents, cut at punctuation, then the longest known pieces."""

import unicodedata
from collections import Counter
from collections.abc import Iterable

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORD_START = "▁"  # how a GGUF marks a piece that begins a word
WORD_LENGTH_MAX = 40


def words_of(text: str) -> list[str]:
    found: list[str] = []
    word = ""
    for character in unicodedata.normalize("NFD", text).lower():
        kind = unicodedata.category(character)
        if kind == "Mn":
            continue
        if kind[0] in "PS" or character.isspace():
            if word:
                found.append(word)
            word = ""
            if not character.isspace():
                found.append(character)
        else:
            word += character
    return [*found, word] if word else found


class WordPieces:
    def __init__(self, pieces: list[str]):
        self.pieces = pieces
        self.ids = {piece: index for index, piece in enumerate(pieces)}
        self.unknown = self.ids["[UNK]"]

    def encode(self, text: str) -> list[int]:
        return [piece for word in words_of(text) for piece in self.cut(word)]

    def cut(self, word: str) -> list[int]:
        marked, at, found = WORD_START + word, 0, []
        while at < len(marked):
            end = next((end for end in range(len(marked), at, -1) if marked[at:end] in self.ids), at)
            if end == at:
                return [self.unknown]
            found.append(self.ids[marked[at:end]])
            at = end
        return found


def learn_pieces(texts: Iterable[str], whole_words: int, endings: int) -> WordPieces:
    """Frequent words whole, and for all others their most frequent beginnings and endings, down to single letters."""
    counts = Counter(word for text in texts for word in words_of(text) if len(word) <= WORD_LENGTH_MAX)
    whole = [word for word, _ in counts.most_common(whole_words)]
    tails: Counter[str] = Counter()
    heads: Counter[str] = Counter()
    for word, count in counts.items():
        weight = min(count, 5)  # many different words count for more than one frequent word
        for size in range(2, min(7, len(word))):
            tails[word[-size:]] += weight
            heads[word[:size]] += weight
    letters = sorted({letter for word in counts for letter in word} | set("abcdefghijklmnopqrstuvwxyz0123456789"))
    pieces = [WORD_START + piece for piece in [*whole, *letters, *[head for head, _ in heads.most_common(endings)]]]
    pieces += [*letters, *[tail for tail, _ in tails.most_common(endings)]]
    return WordPieces([*SPECIALS, *dict.fromkeys(pieces)])
