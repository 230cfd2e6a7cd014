"""Makes the training set: conversations by seed, rendered to token ids, one file a stage.

A file holds all conversations one after the other: `ids` (uint16), `said` (1 where the assistant speaks), `places` (where in its
conversation a word was copied from, or -1) and `ends` (where each conversation ends). The same seeds give the same files.
"""

import argparse
import itertools
from collections.abc import Iterable
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from chance import HELD_WORDS
from chat import Renderer, system_content, turn_content
from copying_places import CopyingPlaces
from families.fields import HELD_KEYS
from mix import STAGES, conversation
from tokenizer import Tokenizer, learn_tokenizer

SEEDS_PER_STAGE = 100_000_000
SEEDS_PER_JOB = 2_000
TOKENIZER_SAMPLES = 40_000
SAID_SAMPLES, SAID_MIN, READ_MAX = 8_000, 45, 250
TOKENS_MAX = 2_048  # longer conversations are left out
STAGE_SHARES = {"early": 0.15, "main": 0.45, "late": 0.4}

renderer: Renderer | None = None  # one of each in each worker process
copying: CopyingPlaces | None = None


def open_renderer(path: Path) -> None:
    global renderer, copying
    tokenizer = Tokenizer.load(path)
    renderer, copying = Renderer(tokenizer), CopyingPlaces(tokenizer)


def render_job(job: tuple[str, int]) -> tuple[np.ndarray, ...]:
    stage, first = job
    assert renderer is not None and copying is not None, "a worker starts with open_renderer"
    ids: list[int] = []
    said: list[int] = []
    places: list[np.ndarray] = []
    ends: list[int] = []
    for seed in range(first, first + SEEDS_PER_JOB):
        one_ids, one_said = renderer.render(conversation(seed, stage))
        if len(one_ids) <= TOKENS_MAX:
            ids += one_ids
            said += one_said
            places.append(copying.find(one_ids, one_said))
            ends.append(len(ids))
    return np.array(ids, np.uint16), np.array(said, np.uint8), np.concatenate(places), np.array(ends, np.int64)


def sample_texts(count: int):
    for seed in range(count):
        made = conversation(9 * SEEDS_PER_STAGE + seed, "main")
        yield from system_content(made)
        for turn in made.turns:
            yield from turn_content(turn)
            yield f"{turn.role}\n"


def make_tokenizer(path: Path) -> None:
    learnt = learn_tokenizer(sample_texts(TOKENIZER_SAMPLES))
    tokenizer = Tokenizer(learnt.merges, hardly_said(learnt, HELD_WORDS | HELD_KEYS))
    tokenizer.save(path)
    print(f"tokenizer: {len(tokenizer.vocabulary)} tokens")


def hardly_said(tokenizer: Tokenizer, words: Iterable[str]) -> set[str]:
    """Those of the words that are a token of their own which the assistant hardly ever says in training, and which is not read all the time."""
    renderer = Renderer(tokenizer)
    read, said = np.zeros((2, len(tokenizer.vocabulary)), np.int64)
    for seed in range(SAID_SAMPLES):
        ids, marks = map(np.array, renderer.render(conversation(9 * SEEDS_PER_STAGE + seed, "late")))
        read += np.bincount(ids, minlength=len(read))
        said += np.bincount(ids[marks > 0], minlength=len(said))
    tokens = {part: tokenizer.encode(part) for word in words for part in word.split("_") if len(part) > 2}
    return {part for part, ids in tokens.items() if len(ids) == 1 and said[ids[0]] < SAID_MIN and read[ids[0]] < READ_MAX}


def make_stage(stage: str, tokens: int, tokenizer: Path, folder: Path, workers: int) -> None:
    first = STAGES.index(stage) * SEEDS_PER_STAGE
    jobs = ((stage, first + SEEDS_PER_JOB * job) for job in itertools.count())
    parts, total = [], 0
    with Pool(workers, open_renderer, (tokenizer,)) as pool:
        for part in pool.imap(render_job, itertools.islice(jobs, 100_000)):
            parts.append(part)
            total += len(part[0])
            if total >= tokens:
                break
        pool.terminate()
    starts = np.cumsum([0, *[len(part[0]) for part in parts[:-1]]])
    ends = np.concatenate([part[3] + start for part, start in zip(parts, starts)])
    ids, said, places = (np.concatenate([part[index] for part in parts]) for index in range(3))
    np.savez(folder / f"{stage}.npz", ids=ids, said=said, places=places, ends=ends)
    print(f"{stage}: {len(ends)} conversations, {total / 1e6:.2f} M tokens, {said.mean():.0%} said by the assistant")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build"))
    parser.add_argument("--tokens", type=float, default=18e6)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    tokenizer = options.folder / "tokenizer.json"
    if not tokenizer.exists():
        make_tokenizer(tokenizer)
    for stage, share in STAGE_SHARES.items():
        make_stage(stage, int(options.tokens * share), tokenizer, options.folder, options.workers)


if __name__ == "__main__":
    main()
