"""The model: a plain Llama-architecture decoder, small enough to read in one sitting.

Nothing here differs from what llama.cpp, vLLM and SGLang load as `llama`: RMSNorm before each half, rotary positions,
grouped-query attention, SwiGLU, tied embeddings. Rotary pairs are interleaved (x0 with x1), which is what a GGUF of this
architecture holds; the export to safetensors permutes them.
"""

from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class ModelShape:
    vocab: int = 2048
    width: int = 256
    layers: int = 6
    heads: int = 4
    kv_heads: int = 2
    hidden: int = 768
    context: int = 2048
    # Only the slow half of the rotary pairs can compare *what* two distant tokens are. A base of a million instead of
    # 10,000 leaves 18 of 32 pairs nearly still over 512 tokens (10 before), and copying lives on those.
    rope_base: float = 1_000_000.0
    norm_epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        return self.width // self.heads


@dataclass
class Shown:
    """Where one head shall look: for each (row, at) the place that the next token is copied from."""

    rows: torch.Tensor
    at: torch.Tensor
    places: torch.Tensor


def rotary_tables(shape: ModelShape) -> tuple[torch.Tensor, torch.Tensor]:
    steps = torch.arange(0, shape.head_width, 2).float() / shape.head_width
    angles = torch.outer(torch.arange(shape.context).float(), shape.rope_base**-steps)
    return angles.cos(), angles.sin()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Attention(nn.Module):
    def __init__(self, shape: ModelShape):
        super().__init__()
        self.shape = shape
        kv_width = shape.kv_heads * shape.head_width
        self.query = nn.Linear(shape.width, shape.width, bias=False)
        self.key = nn.Linear(shape.width, kv_width, bias=False)
        self.value = nn.Linear(shape.width, kv_width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)
        self.shown_head = 0
        self.shown_loss: torch.Tensor | None = None  # of the last forward pass that was shown where to look

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, shown: Shown | None = None) -> torch.Tensor:
        rows, length, _ = x.shape
        shape = self.shape
        query = self.query(x).view(rows, length, shape.heads, shape.head_width).transpose(1, 2)
        key = self.key(x).view(rows, length, shape.kv_heads, shape.head_width).transpose(1, 2)
        value = self.value(x).view(rows, length, shape.kv_heads, shape.head_width).transpose(1, 2)
        query, key = rotate(query, cos, sin).to(value.dtype), rotate(key, cos, sin).to(value.dtype)
        group = shape.heads // shape.kv_heads
        if shown is not None:
            looking = query[shown.rows, self.shown_head, shown.at]
            scores = torch.einsum("nw,nlw->nl", looking, key[shown.rows, self.shown_head // group]) * shape.head_width**-0.5
            later = torch.arange(length, device=x.device) > shown.at[:, None]
            self.shown_loss = F.cross_entropy(scores.float().masked_fill(later, -torch.inf), shown.places, reduction="sum")
        key, value = key.repeat_interleave(group, 1), value.repeat_interleave(group, 1)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(rows, length, -1))


class FeedForward(nn.Module):
    def __init__(self, shape: ModelShape):
        super().__init__()
        self.gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    def __init__(self, shape: ModelShape):
        super().__init__()
        self.attention_norm = nn.RMSNorm(shape.width, shape.norm_epsilon)
        self.attention = Attention(shape)
        self.feed_norm = nn.RMSNorm(shape.width, shape.norm_epsilon)
        self.feed = FeedForward(shape)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, wanted: torch.Tensor | None = None, shown: Shown | None = None) -> torch.Tensor:
        x = x + self.attention(self.attention_norm(x), cos, sin, shown)
        if wanted is not None:
            x = x[wanted]
        return x + self.feed(self.feed_norm(x))


class LanguageModel(nn.Module):
    def __init__(self, shape: ModelShape):
        super().__init__()
        self.shape = shape
        self.embedding = nn.Embedding(shape.vocab, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.RMSNorm(shape.width, shape.norm_epsilon)
        self.blocks[-2].attention.shown_head = shape.heads // 2  # of another key-value group than the last block's
        cos, sin = rotary_tables(shape)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.reset_weights()

    def reset_weights(self) -> None:
        residual_scale = (2 * self.shape.layers) ** -0.5
        for name, weight in self.named_parameters():
            if weight.dim() < 2:
                continue
            writes_residual = name.endswith(("out.weight", "down.weight"))
            nn.init.normal_(weight, std=0.02 * (residual_scale if writes_residual else 1.0))

    def states(self, ids: torch.Tensor, wanted: torch.Tensor | None = None, shown: Shown | None = None) -> torch.Tensor:
        """The last hidden states, normed; with a mask only those that it wants, which saves a tenth of a training step.

        The last two blocks can be shown where to look; `shown_loss` then says how far they are from it.
        """
        x = self.embedding(ids)
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for block in self.blocks[:-2]:
            x = block(x, cos, sin)
        x = self.blocks[-2](x, cos, sin, None, shown)
        return self.norm(self.blocks[-1](x, cos, sin, wanted, shown))

    def shown_loss(self) -> torch.Tensor:
        losses = [block.attention.shown_loss for block in self.blocks[-2:]]
        return torch.stack([loss for loss in losses if loss is not None]).sum()

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        return F.linear(states, self.embedding.weight)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.logits(self.states(ids))

    def size(self) -> int:
        return sum(weight.numel() for weight in self.parameters())
