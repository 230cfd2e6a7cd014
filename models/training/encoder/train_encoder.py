"""Trains the encoder for searching: one vector a word piece, so that a question is near the text that answers it.

The vectors begin as random directions, as long as a word is rare: texts that share rare words are near each other already.
Training then brings together what means the same: wordings of one question, a heading and its section, a sentence and what
stands around it, and synonyms. All of it is the project's own text. Takes about a minute on one core.
"""

import argparse
import math
import random
from collections import Counter
from pathlib import Path

import torch
import torch.nn.functional as F

from chance import Chance
from encoder.docs import Piece, find_pages, read_pieces
from encoder.export_encoder import VECTOR_WIDTH, write_encoder
from encoder.wordpiece import SPECIALS, WordPieces, learn_pieces, words_of
from families.knowledge import about_question, beyond, talk
from families.tools import everyday_tool
from text.about import ABOUT

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
WHOLE_WORDS, ENDINGS = 5_000, 1_500
STEPS = 600
BATCH = 192
TEMPERATURE = 0.06
RATE = 0.004
STAY = 0.3  # how hard the vectors are held near their beginning, so that words without examples keep working
SYNONYM_SHARE = 0.3

Pair = tuple[str, str]


def read_synonyms() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (HERE.parent / "text/synonyms.txt").read_text().splitlines():
        for word in line.split():
            found.setdefault(word, []).extend(line.split())
    return found


class Pairs:
    """Endless pairs of texts that belong together."""

    def __init__(self, pieces: list[Piece], seed: int):
        self.pieces = pieces
        self.random = random.Random(seed)
        self.synonyms = read_synonyms()

    def one(self) -> Pair:
        make = self.random.choices((self.heading, self.sentence, self.words, self.wordings, self.topic), (3, 5, 4, 4, 2))[0]
        return make()

    def heading(self) -> Pair:
        piece = self.random.choice(self.pieces)
        last = piece.headings.split(" › ")[-1]
        return self.reworded(self.asked(last)), piece.text

    def sentence(self) -> Pair:
        """A line of a piece and the rest of it."""
        piece = self.random.choice(self.pieces)
        lines = [line for line in piece.text.splitlines() if len(line.split()) > 2]
        if len(lines) < 2:
            return self.words()
        chosen = self.random.choice(lines)
        return self.reworded(chosen), f"{piece.headings}\n{piece.text.replace(chosen, '')}"

    def words(self) -> Pair:
        """A few words of a piece, as one types into a search box."""
        piece = self.random.choice(self.pieces)
        words = [word for word in words_of(piece.searched) if len(word) > 2]
        chosen = " ".join(self.random.sample(words, min(len(words), self.random.randint(2, 5))))
        return self.reworded(self.asked(chosen)), piece.searched

    def wordings(self) -> Pair:
        topic = self.random.choice(ABOUT)
        chance = Chance(self.random.randrange(1 << 40))
        return about_question(chance, topic), about_question(chance, topic)

    def topic(self) -> Pair:
        topic = self.random.choice(ABOUT)
        return about_question(Chance(self.random.randrange(1 << 40)), topic), topic.answer

    def asked(self, text: str) -> str:
        return self.random.choice(("{}", "How do I {}?", "What is {}?", "Where is {}?", "Why {}?", "Which {}?", "What does {} mean?", "How does {} work?", "Can I {}?", "Tell me about {}", "What happens when {}?")).format(text)

    def reworded(self, text: str) -> str:
        words = words_of(text)
        return " ".join(self.random.choice(self.synonyms[word]) if word in self.synonyms and self.random.random() < SYNONYM_SHARE else word for word in words)


def first_vectors(pieces: WordPieces, texts: list[str], seed: int) -> torch.Tensor:
    """Random directions, as long as a piece is rare; what is no word (punctuation, the control tokens) is left out."""
    found_in = Counter(token for text in texts for token in set(pieces.encode(text)))
    generator = torch.Generator().manual_seed(seed)
    vectors = F.normalize(torch.randn(len(pieces.pieces), VECTOR_WIDTH, generator=generator), dim=1)
    for index, piece in enumerate(pieces.pieces):
        weight = math.log((len(texts) + 1) / (found_in[index] + 0.5)) / math.log(len(texts) + 1)
        if piece in SPECIALS or not any(letter.isalnum() for letter in piece):
            weight = 0.0
        elif len(piece) < 3:  # single letters, which unknown words are spelled with
            weight *= 0.3
        vectors[index] *= weight
    return vectors


def embed(vectors: torch.Tensor, pieces: WordPieces, texts: list[str]) -> torch.Tensor:
    tokens = [pieces.encode(text) or [pieces.unknown] for text in texts]
    offsets = torch.tensor([0, *[len(one) for one in tokens[:-1]]]).cumsum(0)
    return F.normalize(F.embedding_bag(torch.tensor([token for one in tokens for token in one]), vectors, offsets, mode="mean"), dim=1, eps=1e-9)


def general_texts(count: int) -> list[str]:
    """Ordinary language from the chat model's own training text, for the vocabulary and for how rare a word is."""
    return [text for seed in range(count) for text in (talk(Chance(seed)).turns[0].text, beyond(Chance(seed)).turns[0].text, about_question(Chance(seed), ABOUT[seed % len(ABOUT)]), everyday_tool(Chance(seed)).ask(Chance(seed)).request)]


def train(pieces: WordPieces, vectors: torch.Tensor, pairs: Pairs) -> torch.Tensor:
    first = vectors.clone()
    learnt = vectors.clone().requires_grad_()
    adam = torch.optim.Adam([learnt], lr=RATE)
    for step in range(STEPS):
        adam.param_groups[0]["lr"] = RATE * min(1.0, 2 * (1 - step / STEPS))
        batch = [pairs.one() for _ in range(BATCH)]
        asked, found = (embed(learnt, pieces, [pair[side] for pair in batch]) for side in (0, 1))
        scores = asked @ found.T / TEMPERATURE
        right = torch.arange(BATCH)
        loss = (F.cross_entropy(scores, right) + F.cross_entropy(scores.T, right)) / 2 + STAY * (learnt - first).pow(2).sum(1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        if (step + 1) % 250 == 0:
            print(f"encoder: step {step + 1}, loss {loss.item():.3f}", flush=True)
    return learnt.detach()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE.parents[1] / "turnpike-embed/turnpike-embed.gguf")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    found = read_pieces(REPOSITORY, find_pages(REPOSITORY))
    texts = [piece.searched for piece in found]
    pieces = learn_pieces([*texts * 3, *general_texts(4_000)], WHOLE_WORDS, ENDINGS)
    vectors = first_vectors(pieces, texts, seed=1)
    vectors = train(pieces, vectors, Pairs(found, seed=1))
    write_encoder(pieces, vectors.numpy(), options.out)
    print(f"wrote {options.out}: {len(pieces.pieces)} word pieces")


if __name__ == "__main__":
    main()
