"""Trains the model on the files that corpus.py makes. The same code on a CPU core and on a GPU.

The clock decides how long: `--minutes` of training are divided among the stages of the corpus, the learning rate falls
over the second half, and a checkpoint every few minutes lets a broken run go on where it was.
"""

import argparse
import json
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from corpus import STAGE_SHARES
from model import LanguageModel, ModelShape, Shown
from muon import Muon
from start import plant_copying

MUON_RATE = 0.005  # 0.02 learns to talk as fast, but keeps breaking what copies: loss 0.85 against 0.56 after the same tokens
ADAM_RATE = 0.00075
WARM_UP_STEPS = 150  # slow, so that the planted circuit bends and does not break
DECAY_FROM = 0.45  # of the time
RATE_FLOOR = 0.02
AVERAGED_STEPS = 100  # the weights that are exported are a running mean over about so many steps
GRADIENT_NORM_MAX = 1.0
SHOWN_SHARE = 0.15  # of the loss: where copied words stood before, shown to one head in each of the last two layers
WINDOW_CONVERSATIONS = 4_096  # sorted by length and cut into batches, so that padding costs little
LENGTH_STEP = 16
CHECKPOINT_SECONDS = 240
REPORT_STEPS = 50


@dataclass
class Batch:
    ids: torch.Tensor
    said: torch.Tensor
    places: torch.Tensor  # where the token was copied from, or -1

    def shown(self, device: str) -> Shown:
        rows, at = (self.places[:, 1:] >= 0).nonzero(as_tuple=True)
        return Shown(rows.to(device), at.to(device), self.places[rows, at + 1].to(device))


class Stage:
    """One corpus file, read in windows of conversations of similar length."""

    def __init__(self, path: Path, tokens_per_batch: int, seed: int):
        data = np.load(path)
        self.ids, self.said, self.places, self.ends = data["ids"], data["said"], data["places"], data["ends"]
        self.starts = np.concatenate([[0], self.ends[:-1]])
        self.tokens_per_batch = tokens_per_batch
        self.random = np.random.default_rng(seed)
        self.batches = self.endless()

    def endless(self) -> Iterator[Batch]:
        while True:
            order = self.random.permutation(len(self.ends))
            for first in range(0, len(order), WINDOW_CONVERSATIONS):
                yield from self.window(order[first : first + WINDOW_CONVERSATIONS])

    def window(self, chosen: np.ndarray) -> Iterator[Batch]:
        lengths = self.ends[chosen] - self.starts[chosen]
        groups: list[list[int]] = [[]]
        for index in chosen[np.argsort(lengths, kind="stable")]:
            longest = padded(int(self.ends[index] - self.starts[index]))
            if groups[-1] and longest * (len(groups[-1]) + 1) > self.tokens_per_batch:
                groups.append([])
            groups[-1].append(int(index))
        for place in self.random.permutation(len(groups)):
            yield self.batch(groups[place])

    def batch(self, group: list[int]) -> Batch:
        longest = padded(max(int(self.ends[index] - self.starts[index]) for index in group))
        ids = np.zeros((len(group), longest), np.int64)
        said = np.zeros((len(group), longest), bool)
        places = np.full((len(group), longest), -1, np.int64)
        for row, index in enumerate(group):
            part = slice(self.starts[index], self.ends[index])
            ids[row, : self.ends[index] - self.starts[index]] = self.ids[part]
            said[row, : self.ends[index] - self.starts[index]] = self.said[part]
            places[row, : self.ends[index] - self.starts[index]] = self.places[part]
        return Batch(torch.from_numpy(ids), torch.from_numpy(said), torch.from_numpy(places))


def padded(length: int) -> int:
    return -(-length // LENGTH_STEP) * LENGTH_STEP


def stage_at(done: float) -> str:
    for stage, share in STAGE_SHARES.items():
        if done < share:
            return stage
        done -= share
    return list(STAGE_SHARES)[-1]


def rate_at(done: float, step: int) -> float:
    warm = min(1.0, (step + 1) / WARM_UP_STEPS)
    return warm if done < DECAY_FROM else max(RATE_FLOOR, (1 - done) / (1 - DECAY_FROM))


class Training:
    def __init__(self, shape: ModelShape, device: str, rate: float):
        self.device = device
        self.rate = rate
        self.model = LanguageModel(shape)
        plant_copying(self.model)
        self.model.to(device)
        named = list(self.model.named_parameters())
        matrices = [weight for name, weight in named if weight.dim() == 2 and "embedding" not in name]
        self.others = [weight for name, weight in named if weight.dim() != 2 or "embedding" in name]
        self.muon = Muon(matrices, MUON_RATE)
        self.adam = torch.optim.AdamW(self.others, lr=ADAM_RATE, betas=(0.9, 0.95), weight_decay=0.0)
        self.average = {name: weight.detach().clone() for name, weight in named}
        self.step_count = 0
        self.tokens = 0
        self.seconds = 0.0
        self.loss = float("nan")
        self.shown_loss = float("nan")

    def step(self, batches: list[Batch], done: float) -> None:
        rate = self.rate * rate_at(done, self.step_count)
        self.muon.param_groups[0]["lr"] = MUON_RATE * rate
        self.adam.param_groups[0]["lr"] = ADAM_RATE * rate
        wanted = sum(int(batch.said[:, 1:].sum()) for batch in batches)
        pointed = sum(int((batch.places[:, 1:] >= 0).sum()) for batch in batches)
        total = total_shown = 0.0
        for batch in batches:
            loss, shown = self.summed_losses(batch)
            (loss / wanted + SHOWN_SHARE * shown / max(pointed, 1)).backward()
            total += float(loss.detach()) / wanted
            total_shown += float(shown.detach()) / max(pointed, 1) / 2
            self.tokens += batch.ids.numel()
        torch.nn.utils.clip_grad_norm_(self.others, GRADIENT_NORM_MAX)
        self.muon.step()
        self.adam.step()
        self.model.zero_grad(set_to_none=True)
        for name, weight in self.model.named_parameters():
            self.average[name].lerp_(weight.detach(), 1 / AVERAGED_STEPS)
        self.step_count += 1
        self.loss = total if self.loss != self.loss else 0.98 * self.loss + 0.02 * total
        self.shown_loss = total_shown if self.shown_loss != self.shown_loss else 0.98 * self.shown_loss + 0.02 * total_shown

    def summed_losses(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Over what the assistant says, and only there are predictions made: most of a prompt is never predicted."""
        ids, said = batch.ids.to(self.device), batch.said.to(self.device)
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.device != "cpu"):
            states = self.model.states(ids[:, :-1], said[:, 1:], batch.shown(self.device))
            logits = self.model.logits(states)
        return F.cross_entropy(logits.float(), ids[:, 1:][said[:, 1:]], reduction="sum"), self.model.shown_loss()

    def save(self, path: Path) -> None:
        state = {
            "shape": asdict(self.model.shape), "model": self.model.state_dict(), "average": self.average, "muon": self.muon.state_dict(), "adam": self.adam.state_dict(),
            "step_count": self.step_count, "tokens": self.tokens, "seconds": self.seconds, "loss": self.loss,
        }
        draft = path.with_suffix(".draft")
        torch.save(state, draft)
        draft.replace(path)

    def resume(self, path: Path) -> None:
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average = state["average"]
        self.muon.load_state_dict(state["muon"])
        self.adam.load_state_dict(state["adam"])
        self.step_count, self.tokens, self.seconds, self.loss = (state[key] for key in ("step_count", "tokens", "seconds", "loss"))


def train(training: Training, options: argparse.Namespace) -> None:
    stages = {name: Stage(options.folder / f"{name}.npz", options.batch_tokens, training.step_count) for name in STAGE_SHARES}
    checkpoint = options.folder / "checkpoint.pt"
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    started, saved = time.monotonic() - training.seconds, time.monotonic()
    while not stopped and (done := (time.monotonic() - started) / (options.minutes * 60)) < 1:
        batches = stages[stage_at(done)].batches
        training.step([next(batches) for _ in range(options.batches_per_step)], done)
        training.seconds = time.monotonic() - started
        if training.step_count % REPORT_STEPS == 0:
            report = {"step": training.step_count, "tokens_m": round(training.tokens / 1e6, 2), "seconds": round(training.seconds), "stage": stage_at(done), "loss": round(training.loss, 4), "shown": round(training.shown_loss, 3)}
            print(json.dumps(report), flush=True)
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            training.save(checkpoint)
            saved = time.monotonic()
    training.save(checkpoint)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build"))
    parser.add_argument("--minutes", type=float, default=90)
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--hidden", type=int, default=768)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--kv-heads", type=int, default=2)
    parser.add_argument("--batch-tokens", type=int, default=1024)
    parser.add_argument("--batches-per-step", type=int, default=3)
    parser.add_argument("--rate", type=float, default=1.0, help="multiplies both learning rates")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compile", action="store_true", help="fuse the blocks with torch.compile")
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    shape = ModelShape(layers=options.layers, width=options.width, hidden=options.hidden, heads=options.heads, kv_heads=options.kv_heads)
    training = Training(shape, options.device, options.rate)
    if options.resume:
        training.resume(options.folder / "checkpoint.pt")
    if options.compile:
        for block in training.model.blocks:
            block.compile(dynamic=True)
    print(f"{training.model.size() / 1e6:.2f} M parameters on {options.device}", flush=True)
    train(training, options)


if __name__ == "__main__":
    main()
