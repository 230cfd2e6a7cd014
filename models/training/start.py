"""Where training starts: random weights, with one circuit for copying already laid.

A model of this size needs most of a short training before "what followed this the last time it stood here?" (the circuit
that copies from context) appears by itself. It is simple enough to write down, so it is planted as a first guess that
training then bends to its needs. The residual stream is divided: tokens in its first half, and in the second half what
came one and two tokens before.

* Dimension 0 of every embedding is the same constant, by which the first layer recognises positions.
* Layer 0: head 0 looks one token back, head 1 two; each carries a part of the token found there along.
* Layer 1: one head of each key-value group looks for the place where the last two tokens stood before, and copies the token
  that followed them.
"""

import torch

from model import LanguageModel

CONSTANT = 0.32  # as long as the rest of an embedding: 0.02 × √256
POSITION_SHARPNESS = 0.64
POSITION_PAIRS = 10  # fast rotary pairs that tell neighbours apart
MATCH_SHARPNESS = 2.5
SLOW_TURN_MAX = 0.004  # radians per token: pairs slower than this compare content, not position
CARRY = 0.06
COPY = 0.4


@torch.no_grad()
def plant_copying(model: LanguageModel) -> None:
    shape = model.shape
    half, head = shape.width // 2, shape.head_width
    group = shape.heads // shape.kv_heads
    turns = shape.rope_base ** -(torch.arange(0, head, 2).float() / head)
    tokens = torch.arange(1, half)
    one_back, two_back = half + torch.arange(head), half + head + torch.arange(head)
    embedding = model.embedding.weight
    embedding[:, :half] *= 2**0.5
    embedding[:, half:] = 0
    embedding[:, 0] = CONSTANT

    first = model.blocks[0].attention
    fast = torch.arange(POSITION_PAIRS)
    first.key.weight[2 * fast, 0] = POSITION_SHARPNESS
    first.value.weight[:head] = 0
    first.value.weight[torch.arange(head), 1 + torch.arange(head)] = 1
    for heads_row, places, back in ((0, one_back, 1), (head, two_back, 2)):
        first.query.weight[heads_row + 2 * fast, 0] = POSITION_SHARPNESS * (back * turns[fast]).cos()
        first.query.weight[heads_row + 2 * fast + 1, 0] = -POSITION_SHARPNESS * (back * turns[fast]).sin()
        first.out.weight[:, heads_row : heads_row + head] = 0
        first.out.weight[places, heads_row + torch.arange(head)] = CARRY

    second = model.blocks[1].attention
    slow = (turns < SLOW_TURN_MAX).nonzero().flatten()
    slots = torch.stack([2 * slow, 2 * slow + 1], 1).flatten()
    now, before = slots[0::2], slots[1::2]
    for kv_head in range(shape.kv_heads):
        query_row, key_row = kv_head * group * head, kv_head * head
        picked = (kv_head * len(now) + torch.arange(len(now))) % head
        second.query.weight[query_row : query_row + head] = 0
        second.key.weight[key_row : key_row + head] = 0
        second.query.weight[query_row + now, 1 + picked] = MATCH_SHARPNESS
        second.key.weight[key_row + now, one_back[picked]] = MATCH_SHARPNESS
        second.query.weight[query_row + before, one_back[picked]] = MATCH_SHARPNESS
        second.key.weight[key_row + before, two_back[picked]] = MATCH_SHARPNESS
        copied = tokens[kv_head * head : (kv_head + 1) * head]
        second.value.weight[key_row : key_row + head] = 0
        second.value.weight[key_row + torch.arange(len(copied)), copied] = 1
        second.out.weight[:, query_row : query_row + head] = 0
        second.out.weight[copied, query_row + torch.arange(len(copied))] = COPY
