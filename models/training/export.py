"""Writes a checkpoint as a GGUF (llama.cpp) and as safetensors with config.json (vLLM, SGLang, transformers)."""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.numpy import save_file

from model import LanguageModel, ModelShape
from tokenizer import CONTROL_TOKENS, PIECES, Tokenizer

NAME = "turnpike-mini"
BLOCK_NAMES = {  # ours -> (GGUF, transformers)
    "attention_norm": ("attn_norm", "input_layernorm"),
    "attention.query": ("attn_q", "self_attn.q_proj"),
    "attention.key": ("attn_k", "self_attn.k_proj"),
    "attention.value": ("attn_v", "self_attn.v_proj"),
    "attention.out": ("attn_output", "self_attn.o_proj"),
    "feed_norm": ("ffn_norm", "post_attention_layernorm"),
    "feed.gate": ("ffn_gate", "mlp.gate_proj"),
    "feed.up": ("ffn_up", "mlp.up_proj"),
    "feed.down": ("ffn_down", "mlp.down_proj"),
}
OUTER_NAMES = {"embedding": ("token_embd", "model.embed_tokens"), "norm": ("output_norm", "model.norm")}


def load_model(path: Path, weights: str = "average") -> LanguageModel:
    """The running mean of the weights, which answers better than the last ones."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    model = LanguageModel(ModelShape(**state["shape"]))
    model.load_state_dict(state[weights])
    return model.eval()


def weights_of(model: LanguageModel) -> dict[str, np.ndarray]:
    return {name.removesuffix(".weight"): weight.float().numpy() for name, weight in model.state_dict().items()}


def other_name(name: str, side: int) -> str:
    if not name.startswith("blocks."):
        return f"{OUTER_NAMES[name][side]}.weight"
    _, layer, part = name.split(".", 2)
    prefix = "blk" if side == 0 else "model.layers"
    return f"{prefix}.{layer}.{BLOCK_NAMES[part][side]}.weight"


def write_gguf(model: LanguageModel, tokenizer: Tokenizer, template: str, path: Path) -> None:
    shape = model.shape
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(NAME)
    writer.add_license("apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(shape.vocab)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    add_tokenizer(writer, tokenizer, template)
    for name, weight in weights_of(model).items():
        if weight.ndim == 1:
            writer.add_tensor(other_name(name, 0), weight)
        else:
            quantised = gguf.quants.quantize(weight, gguf.GGMLQuantizationType.Q8_0)
            writer.add_tensor(other_name(name, 0), quantised, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer, template: str) -> None:
    kinds = [gguf.TokenType.CONTROL if token in CONTROL_TOKENS else gguf.TokenType.NORMAL for token in tokenizer.vocabulary]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokenizer.vocabulary)
    writer.add_token_types(kinds)
    writer.add_token_merges([f"{left} {right}" for left, right in tokenizer.used_merges])
    writer.add_eos_token_id(tokenizer.control("<|im_end|>"))
    writer.add_bos_token_id(tokenizer.control("<|endoftext|>"))
    writer.add_pad_token_id(tokenizer.control("<|endoftext|>"))
    writer.add_add_bos_token(False)
    writer.add_chat_template(template)


def half_rotated(weight: np.ndarray, head_width: int) -> np.ndarray:
    """Rotary pairs side by side (ours) -> first halves, then second halves (transformers)."""
    heads = weight.shape[0] // head_width
    return weight.reshape(heads, head_width // 2, 2, -1).transpose(0, 2, 1, 3).reshape(weight.shape).copy()


def write_safetensors(model: LanguageModel, tokenizer: Tokenizer, template: str, folder: Path) -> None:
    shape = model.shape
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for name, weight in weights_of(model).items():
        turned = half_rotated(weight, shape.head_width) if name.endswith((".query", ".key")) else weight
        tensors[other_name(name, 1)] = turned
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "float32", "vocab_size": shape.vocab, "hidden_size": shape.width, "intermediate_size": shape.hidden,
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads, "head_dim": shape.head_width, "hidden_act": "silu",
        "max_position_embeddings": shape.context, "rope_theta": shape.rope_base, "rms_norm_eps": shape.norm_epsilon, "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False,
        "bos_token_id": tokenizer.control("<|endoftext|>"), "eos_token_id": tokenizer.control("<|im_end|>"), "pad_token_id": tokenizer.control("<|endoftext|>"),
    }
    write_json(folder / "config.json", config)
    write_json(folder / "tokenizer.json", fast_tokenizer(tokenizer))
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>", "bos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "add_bos_token": False, "model_max_length": shape.context, "clean_up_tokenization_spaces": False, "chat_template": template})


def fast_tokenizer(tokenizer: Tokenizer) -> dict:
    """The tokenizer in the format of Hugging Face's `tokenizers`."""
    split = {"type": "Split", "pattern": {"Regex": PIECES.pattern}, "behavior": "Isolated", "invert": False}
    bytes_ = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    return {
        "version": "1.0",
        "added_tokens": [{"id": tokenizer.control(token), "content": token, "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False} for token in CONTROL_TOKENS],
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, bytes_]},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "vocab": tokenizer.ids, "merges": [f"{left} {right}" for left, right in tokenizer.used_merges], "byte_fallback": False, "ignore_merges": False},
    }


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build"))
    options = parser.parse_args()
    model = load_model(options.folder / "checkpoint.pt")
    tokenizer = Tokenizer.load(options.folder / "tokenizer.json")
    template = (Path(__file__).parent / "chat_template.jinja").read_text()
    write_gguf(model, tokenizer, template, options.folder / f"{NAME}.gguf")
    write_safetensors(model, tokenizer, template, options.folder / "safetensors")
    print(f"wrote {options.folder / NAME}.gguf and {options.folder / 'safetensors'}")


if __name__ == "__main__":
    main()
