#!/usr/bin/env python3
"""The embedding benchmark in Python: onnxruntime + tokenizers, the same model
file, the same sentences, batches and threads as benches/embed.rs.

Alone:
  python3 -m pip install numpy onnxruntime==1.32.0 tokenizers
  python3 benches/embed_reference.py ~/.cache/veritrail/models/all-minilm-l6-v2

Side by side with the Rust benchmark, round by round in one run:
  VERITRAIL_BENCH_PYTHON=python3 cargo bench --bench embed

With --serve it reads a line from standard input for each round and answers
with the seconds that the round took and the sum of all components.
"""
import os
import resource
import sys
import time

N_THREADS, N_SENTENCES, BATCH = 2, 2000, 32
WORDS = (
    "pump valve filter pressure water tank sensor alarm manual reset button network router cable "
    "power supply battery charge display error code service contract refund payment customer order "
    "warranty replacement part delivery address invoice temperature limit safety switch is are was "
    "the a of in on with for when after before not must should how does why open close check"
).split()


def sentences():
    state, texts = 1, []
    for _ in range(N_SENTENCES):
        words = []
        state = (state * 1103515245 + 12345) % 2**31
        for _ in range(4 + state // 65536 % 28):
            state = (state * 1103515245 + 12345) % 2**31
            words.append(WORDS[state // 65536 % len(WORDS)])
        texts.append(" ".join(words))
    return texts


def main():
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer

    folder = sys.argv[1]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = N_THREADS
    session = onnxruntime.InferenceSession(
        os.path.join(folder, "model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=256)
    texts = sentences()

    def one_round():
        begin, total = time.perf_counter(), 0.0
        # As strong as the Rust side: tokens once for all, batches of equal length in tokens.
        encoded = sorted((e.ids for e in tokenizer.encode_batch(texts)), key=len)
        for start in range(0, len(encoded), BATCH):
            rows = encoded[start : start + BATCH]
            ids = np.zeros((len(rows), len(rows[-1])), dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, numbers in enumerate(rows):
                ids[row, : len(numbers)] = numbers
                mask[row, : len(numbers)] = 1
            feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            hidden = session.run(["last_hidden_state"], feed)[0]
            weight = mask[:, :, None].astype(np.float32)
            mean = (hidden * weight).sum(axis=1) / weight.sum(axis=1)
            mean /= np.linalg.norm(mean, axis=1, keepdims=True)
            total += float(mean.sum())
        return time.perf_counter() - begin, total

    if "--serve" in sys.argv:
        print("ready", flush=True)
        for _ in sys.stdin:
            seconds, total = one_round()
            print(seconds, total, flush=True)
        return
    for _ in range(5):
        seconds, total = one_round()
        print(f"python: {N_SENTENCES / seconds:.1f} sentences/s (sum of components {total:.3f})")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"python: peak memory {peak} MB")


if __name__ == "__main__":
    main()
