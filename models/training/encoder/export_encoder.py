"""Writes the encoder as a GGUF of llama.cpp's `bert` architecture.

The encoder is a bag of words: the mean of one learnt vector for each word piece. `bert` would do more than that: it puts every
token's vector through attention and norms. So its one block writes nothing (all its weights are zero), and two numbers are added to each vector that
make its mean zero and its length the same for all; a norm then changes nothing, and the last one takes the two away again.
"""

from pathlib import Path

import gguf
import numpy as np

from encoder.wordpiece import SPECIALS, WordPieces

NAME = "turnpike-embed"
WIDTH = 384
BLOCK = 32  # Q8_0 keeps one scale for 32 numbers, so the two large ones get a block of their own
VECTOR_WIDTH = WIDTH - BLOCK
HEADS = 6
CONTEXT = 2048
NORM_EPSILON = 1e-12
LENGTH = 3.0  # of the filled-up vectors; the longest learnt one has length 1


def filled_up(vectors: np.ndarray) -> np.ndarray:
    vectors = vectors / np.linalg.norm(vectors, axis=1).max()
    total, square = vectors.sum(1), (vectors**2).sum(1)
    root = np.sqrt(2 * (LENGTH**2 - square) - total**2)
    rows = np.zeros((len(vectors), WIDTH), np.float32)
    rows[:, :VECTOR_WIDTH] = vectors
    rows[:, VECTOR_WIDTH] = (root - total) / 2
    rows[:, VECTOR_WIDTH + 1] = -total - rows[:, VECTOR_WIDTH]
    return rows


def write_encoder(pieces: WordPieces, vectors: np.ndarray, path: Path) -> None:
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name(NAME)
    writer.add_license("apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(len(pieces.pieces))
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(BLOCK)
    writer.add_head_count(HEADS)
    writer.add_layer_norm_eps(NORM_EPSILON)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    add_tokenizer(writer, pieces)
    for name, tensor in tensors_of(vectors).items():
        if tensor.ndim == 1 or name == "token_types.weight":
            writer.add_tensor(name, tensor)
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(tensor, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensors_of(vectors: np.ndarray) -> dict[str, np.ndarray]:
    ones, zeros = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    square = np.zeros((WIDTH, WIDTH), np.float32)
    kept = np.concatenate([np.ones(VECTOR_WIDTH, np.float32), np.zeros(BLOCK, np.float32)])
    tensors = {
        "token_embd.weight": filled_up(vectors), "position_embd.weight": np.zeros((CONTEXT, WIDTH), np.float32), "token_types.weight": np.zeros((2, WIDTH), np.float32),
        "token_embd_norm.weight": ones, "token_embd_norm.bias": zeros,
    }
    for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
        tensors |= {f"blk.0.{part}.weight": square, f"blk.0.{part}.bias": zeros}
    return tensors | {
        "blk.0.attn_output_norm.weight": ones, "blk.0.attn_output_norm.bias": zeros,
        "blk.0.ffn_up.weight": np.zeros((BLOCK, WIDTH), np.float32), "blk.0.ffn_up.bias": np.zeros(BLOCK, np.float32),
        "blk.0.ffn_down.weight": np.zeros((WIDTH, BLOCK), np.float32), "blk.0.ffn_down.bias": zeros,
        "blk.0.layer_output_norm.weight": kept, "blk.0.layer_output_norm.bias": zeros,
    }


def add_tokenizer(writer: gguf.GGUFWriter, pieces: WordPieces) -> None:
    kinds = [gguf.TokenType.CONTROL if piece in SPECIALS else gguf.TokenType.NORMAL for piece in pieces.pieces]
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(pieces.pieces)
    writer.add_token_types(kinds)
    writer.add_token_type_count(2)
    writer.add_bos_token_id(pieces.ids["[CLS]"])
    writer.add_eos_token_id(pieces.ids["[SEP]"])
    writer.add_unk_token_id(pieces.ids["[UNK]"])
    writer.add_sep_token_id(pieces.ids["[SEP]"])
    writer.add_pad_token_id(pieces.ids["[PAD]"])
    writer.add_mask_token_id(pieces.ids["[MASK]"])
