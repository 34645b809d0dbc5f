#!/usr/bin/env python3
"""Writes a language model of random weights that llama.cpp serves, of about half a megabyte.

  make_tiny_model.py FILE

It writes nonsense, quickly: what is of interest is how the server says it. Needs Debian's python3-gguf. Each byte is a token,
so that any text is a prompt, of as many tokens as it has bytes.
"""
import sys

import gguf
import numpy

EMBEDDING, LAYERS, HEADS, FEED_FORWARD, CONTEXT = 64, 2, 4, 128, 2048
# Llama's tokenizer has a space as this character.
SPACE = "\u2581"
WORDS = "the a is it time what in answer hello sure please ten miles one two three".split()


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make_tiny_model.py FILE")
    writer = gguf.GGUFWriter(sys.argv[1], "llama")
    kinds = gguf.TokenType
    tokens = [("<unk>", kinds.UNKNOWN), ("<s>", kinds.CONTROL), ("</s>", kinds.CONTROL)]
    tokens += [(f"<0x{byte:02X}>", kinds.BYTE) for byte in range(256)]
    tokens += [(SPACE + word, kinds.NORMAL) for word in WORDS]
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(EMBEDDING // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(0)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([text.encode() for text, _ in tokens])
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([kind for _, kind in tokens])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<assistant>")
    generator = numpy.random.default_rng(1)

    def add(name, *shape):
        writer.add_tensor(name + ".weight", (generator.standard_normal(shape) * 0.2).astype(numpy.float32))

    def add_norm(name):
        writer.add_tensor(name + ".weight", numpy.ones(EMBEDDING, numpy.float32))

    add("token_embd", len(tokens), EMBEDDING)
    add_norm("output_norm")
    add("output", len(tokens), EMBEDDING)
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{name}", EMBEDDING, EMBEDDING)
        add_norm(f"blk.{layer}.attn_norm")
        add_norm(f"blk.{layer}.ffn_norm")
        add(f"blk.{layer}.ffn_gate", FEED_FORWARD, EMBEDDING)
        add(f"blk.{layer}.ffn_up", FEED_FORWARD, EMBEDDING)
        add(f"blk.{layer}.ffn_down", EMBEDDING, FEED_FORWARD)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
