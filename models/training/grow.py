"""Makes a trained checkpoint deeper: `grow.py checkpoint.pt deeper.pt --layers 1` goes on where the other stopped.

The new layers stand behind the two that copy. What they would add to the stream is zero at first, so the deeper model says the
same as the one that it came from (checked here), and training goes on with the optimizer's memory of all that stays.
"""

import argparse
from pathlib import Path

import torch
import torch.nn as nn

from model import ModelShape
from train import Training

GROWN_AT = 2  # behind the layers of the planted circuit; the heads that are shown where to look stay the last ones
NEW_DEVIATION = 0.04


def name_before(name: str, extra: int) -> str | None:
    """What a weight of the deeper model was called, or nothing if it is new."""
    if not name.startswith("blocks."):
        return name
    _, layer, rest = name.split(".", 2)
    if int(layer) < GROWN_AT:
        return name
    return None if int(layer) < GROWN_AT + extra else f"blocks.{int(layer) - extra}.{rest}"


@torch.no_grad()
def grow(old: Training, extra: int) -> Training:
    shape = old.model.shape
    new = Training(ModelShape(**{**vars(shape), "layers": shape.layers + extra}), old.device, old.rate)
    names = {name: name_before(name, extra) for name, _ in new.model.named_parameters()}
    for name, weight in new.model.named_parameters():
        before = names[name]
        if before is not None:
            weight.copy_(old.average[before])
        elif name.endswith(("out.weight", "down.weight")):
            weight.zero_()
        elif weight.dim() == 2:
            nn.init.normal_(weight, std=NEW_DEVIATION)
        else:
            weight.copy_(old.average[f"blocks.{GROWN_AT}.{name.split('.', 2)[2]}"])
        new.average[name] = weight.detach().clone()
    keep_momentum(old, new, names)
    new.step_count, new.tokens, new.seconds, new.loss = old.step_count, old.tokens, old.seconds, old.loss
    return new


def keep_momentum(old: Training, new: Training, names: dict[str, str | None]) -> None:
    old_weights = dict(old.model.named_parameters())
    for name, weight in new.model.named_parameters():
        before = names[name]
        for mine, theirs in ((new.muon, old.muon), (new.adam, old.adam)):
            if before is not None and old_weights[before] in theirs.state:
                mine.state[weight] = {key: value.clone() if torch.is_tensor(value) else value for key, value in theirs.state[old_weights[before]].items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("deeper", type=Path)
    parser.add_argument("--layers", type=int, default=1, help="how many layers more")
    options = parser.parse_args()
    torch.manual_seed(7)
    shape = ModelShape(**torch.load(options.checkpoint, map_location="cpu", weights_only=True)["shape"])
    old = Training(shape, "cpu", 1.0)
    old.resume(options.checkpoint)
    new = grow(old, options.layers)
    old.model.load_state_dict(old.average)
    ids = torch.randint(0, shape.vocab, (2, 64))
    with torch.no_grad():
        difference = float((old.model(ids) - new.model(ids)).abs().max())
    new.save(options.deeper)
    print(f"{new.model.shape.layers} layers, {new.model.size() / 1e6:.2f} M parameters; says the same but for {difference:.1e}")


if __name__ == "__main__":
    main()
