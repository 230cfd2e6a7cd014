"""Where training starts: random weights, with one circuit for copying already laid.

A model of this size needs most of a short training before "what followed this word the last time it stood here?" (the
circuit that copies from context) appears by itself. It is simple enough to write down, so it is planted as a first guess that
training then bends to its needs:

* every embedding shares one constant component, which gives the first layer something to recognise positions by;
* head 0 of layer 0 looks at the previous token and carries (a projection of) it along;
* heads 0 and 2 of layer 1 look for the position whose previous token is the current one, and copy the token found there.
"""

import torch

from model import LanguageModel

CONSTANT = 0.32  # as long as the rest of an embedding: 0.02 × √256
POSITION_SHARPNESS = 0.64
POSITION_PAIRS = 10  # fast rotary pairs that tell neighbours apart
MATCH_SHARPNESS = 2.5
SLOW_TURN_MAX = 0.004  # radians per token: pairs slower than this compare content, not position
CARRY = 0.06
COPY = 0.3


def orthonormal_rows(rows: int, columns: int) -> torch.Tensor:
    return torch.linalg.qr(torch.randn(columns, rows))[0].T.contiguous()


@torch.no_grad()
def plant_copying(model: LanguageModel) -> None:
    shape = model.shape
    width, head = shape.width, shape.head_width
    turns = shape.rope_base ** -(torch.arange(0, head, 2).float() / head)
    model.embedding.weight[:, 0] = CONSTANT

    seen = orthonormal_rows(head, width)  # how the carried token is read …
    carried = orthonormal_rows(head, width)  # … and where in the residual stream it is put
    seen[:, 0] = 0
    carried[:, 0] = 0

    first = model.blocks[0].attention
    fast = torch.arange(POSITION_PAIRS)
    first.key.weight[:head, 0][2 * fast] = POSITION_SHARPNESS
    first.query.weight[:head, 0][2 * fast] = POSITION_SHARPNESS * turns[fast].cos()
    first.query.weight[:head, 0][2 * fast + 1] = -POSITION_SHARPNESS * turns[fast].sin()
    first.value.weight[:head] = seen
    first.out.weight[:, :head] = CARRY * carried.T

    second = model.blocks[1].attention
    slow = (turns < SLOW_TURN_MAX).nonzero().flatten()
    places = torch.stack([2 * slow, 2 * slow + 1], 1).flatten()
    for kv_head in range(shape.kv_heads):
        query_row = kv_head * (shape.heads // shape.kv_heads) * head
        key_row = kv_head * head
        start = kv_head * len(places) % head
        rows = (start + torch.arange(len(places))) % head
        second.query.weight[query_row : query_row + head] = 0
        second.key.weight[key_row : key_row + head] = 0
        second.query.weight[query_row + places] = MATCH_SHARPNESS * seen[rows]
        second.key.weight[key_row + places] = MATCH_SHARPNESS * carried[rows]
        found = orthonormal_rows(head, width)
        found[:, 0] = 0
        second.value.weight[key_row : key_row + head] = found
        second.out.weight[:, query_row : query_row + head] = COPY * found.T
