#!/usr/bin/env python3
"""Veritrail beside what one would otherwise put together in Python, in one run.

  cargo build --release && target/release/veritrail models pull
  target/release/veritrail models pull all-minilm-l6-v2-float32
  python3 -m venv V && V/bin/pip install "txtai[graph]" bm25s PyStemmer onnxruntime tokenizers
  V/bin/python benches/peers/run.py FOLDER... [--out peers.json]

Each FOLDER holds corpus.jsonl, queries.jsonl and qrels.tsv. Every system has the same text
model (all-MiniLM-L6-v2, two threads), a process of its own, and the same scoring. Veritrail
runs the model as it does by default, with weights of 8 bits; the peers with those of 32 bits
that it was published with, or with any other file that `--model` names. The peers get
passages of at most 180 words below their titles; the best passage ranks its document.

  rrf       BM25 (bm25s with the Snowball stemmer) and a dense scan (numpy), fused by
            reciprocal ranks with k = 60 (Cormack, Clarke and Buettcher, SIGIR 2009)
  txtai     its hybrid index with content in SQLite
  txtai-graph  the same with its graph: the neighbourhood that it finds for a question,
            ranked by centrality

Times are of this machine: seconds until questions can be asked, and milliseconds for one
question after the other, its embedding included. Memory is the largest resident set.
"""
import argparse
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PEERS = ["rrf", "txtai", "txtai-graph"]
MAX_WORDS, N_RANKED = 180, 100


def records(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def judgements(folder):
    found = {}
    with open(os.path.join(folder, "qrels.tsv"), encoding="utf-8") as file:
        for line in file:
            fields = line.split()
            if len(fields) >= 3 and fields[-1].lstrip("-").isdigit() and int(fields[-1]) > 0:
                document = fields[-2]
                found.setdefault(fields[0], {})[document] = int(fields[-1])
    return found


def scores(ranking, gold):
    """Means over the judged questions; formulas of trec_eval."""
    recall, gain = [], []
    for question, relevant in gold.items():
        ranked = ranking.get(question, [])
        recall.append(len(set(ranked[:5]) & set(relevant)) / len(relevant))
        best = sorted(relevant.values(), reverse=True)[:10]
        ideal = sum(g / math.log2(i + 2) for i, g in enumerate(best))
        found = sum(relevant.get(d, 0) / math.log2(i + 2) for i, d in enumerate(ranked[:10]))
        gain.append(found / ideal)
    return {"recall@5": round(sum(recall) / len(recall), 3),
            "nDCG@10": round(sum(gain) / len(gain), 3)}


def percentile(times, share):
    return round(sorted(times)[min(len(times) - 1, int(share * len(times)))], 1)


class Encoder:
    """all-MiniLM-L6-v2: mean of the token vectors, of length one."""

    def __init__(self, folder):
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self.session = onnxruntime.InferenceSession(
            os.path.join(folder, "model.onnx"), options, providers=["CPUExecutionProvider"])
        self.inputs = {entry.name for entry in self.session.get_inputs()}
        self.tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(max_length=256)

    def __call__(self, texts, batch=32):
        import numpy as np

        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        vectors = np.zeros((len(ids), 384), dtype=np.float32)
        for start in range(0, len(order), batch):
            rows = order[start:start + batch]
            longest = max(len(ids[i]) for i in rows)
            tokens = np.zeros((len(rows), longest), dtype=np.int64)
            mask = np.zeros_like(tokens)
            for row, i in enumerate(rows):
                tokens[row, :len(ids[i])] = ids[i]
                mask[row, :len(ids[i])] = 1
            feed = {"input_ids": tokens, "attention_mask": mask,
                    "token_type_ids": np.zeros_like(tokens)}
            hidden = self.session.run(None, {k: v for k, v in feed.items() if k in self.inputs})[0]
            mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
            vectors[rows] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return vectors


def passages(folder):
    for record in records(os.path.join(folder, "corpus.jsonl")):
        title, words = record.get("title") or "", (record.get("text") or "").split()
        for start in range(0, max(len(words), 1), MAX_WORDS):
            yield record["id"], f"{title}\n{' '.join(words[start:start + MAX_WORDS])}".strip()


def first_of_each(owners):
    return list(dict.fromkeys(owners))[:N_RANKED]


def rrf(folder, encoder):
    import bm25s
    import numpy as np
    import Stemmer

    owners, texts = zip(*passages(folder))
    stemmer = Stemmer.Stemmer("english")
    words = bm25s.BM25()
    words.index(bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False),
                show_progress=False)
    vectors = encoder(texts)
    depth = min(N_RANKED, len(texts))

    def ask(question):
        tokens = bm25s.tokenize([question], stopwords="en", stemmer=stemmer, show_progress=False)
        lexical = words.retrieve(tokens, k=depth, show_progress=False)[0][0]
        cosines = vectors @ encoder([question])[0]
        dense = np.argpartition(-cosines, depth - 1)[:depth]
        dense = dense[np.argsort(-cosines[dense])]
        fused = {}
        for ranked in (lexical, dense):
            for place, i in enumerate(ranked):
                fused[int(i)] = fused.get(int(i), 0) + 1 / (60 + place + 1)
        best = sorted(fused, key=fused.get, reverse=True)
        return first_of_each(owners[i] for i in best)

    return ask


def txtai(folder, encoder, graph):
    from txtai import Embeddings

    owners, texts = zip(*passages(folder))
    settings = {"method": "external", "transform": lambda texts: encoder(texts), "hybrid": True, "content": True}
    if graph:
        settings["graph"] = {"approximate": False}
    index = Embeddings(settings)
    index.index([(i, text, None) for i, text in enumerate(texts)])

    def ask(question):
        if graph:
            near = index.search(question, N_RANKED, graph=True)
            central = near.centrality()
            best = sorted(central, key=central.get, reverse=True)
            return first_of_each(owners[int(near.attribute(i, "id"))] for i in best)
        # Words like `select` must not be taken for SQL: the statement is ours.
        found = index.search("select id from txtai where similar(:q, 200)", 200,
                             parameters={"q": question})
        return first_of_each(owners[int(row["id"])] for row in found)

    return ask


def peer(name, folder, model):
    """What the process of one peer does."""
    encoder = Encoder(model)
    begun = time.perf_counter()
    ask = rrf(folder, encoder) if name == "rrf" else txtai(folder, encoder, name == "txtai-graph")
    seconds = time.perf_counter() - begun
    gold, ranking, times = judgements(folder), {}, []
    questions = [q for q in records(os.path.join(folder, "queries.jsonl")) if q["id"] in gold]
    ask(questions[0]["text"])
    for question in questions:
        begun = time.perf_counter()
        ranking[question["id"]] = ask(question["text"])
        times.append(1e3 * (time.perf_counter() - begun))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return scores(ranking, gold) | {
        "p50_ms": percentile(times, 0.5), "p95_ms": percentile(times, 0.95),
        "ingest_s": round(seconds, 1), "peak_mib": round(peak)}


def run_process(command):
    """Output, seconds, and the largest resident set in MiB."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            errors.seek(0)
            sys.exit(f"error: {' '.join(command)} failed: {errors.read()[-2000:]}")
    return output, time.perf_counter() - begun, usage.ru_maxrss / 1024


def veritrail(binary, folder):
    with tempfile.TemporaryDirectory() as scratch:
        run = os.path.join(scratch, "run.trec")
        command = [binary, "eval", folder, "--mode", "graph", "--keep", os.path.join(scratch, "kb"),
                   "--run", run]
        _, first, peak = run_process(command)
        # Once more, with everything taken in: what is left is asking.
        output, second, _ = run_process(command)
        told = json.loads(output.strip().splitlines()[-1])
        ranking = {}
        with open(run, encoding="utf-8") as file:
            for line in file:
                question, _, document, *_ = line.split()
                ranking.setdefault(question, []).append(document)
        return scores(ranking, judgements(folder)) | {
            "p50_ms": round(told["latency_ms"]["p50"], 1), "p95_ms": round(told["latency_ms"]["p95"], 1),
            "ingest_s": round(first - second, 1), "peak_mib": round(peak)}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER")
    parser.add_argument("--binary", default=os.path.join(ROOT, "target/release/veritrail"))
    parser.add_argument("--model", default=os.path.expanduser("~/.cache/veritrail/models/all-minilm-l6-v2-float32"))
    parser.add_argument("--systems", nargs="+", default=["veritrail"] + PEERS)
    parser.add_argument("--out", help="file for all figures")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        print(json.dumps(peer(arguments.peer, arguments.folders[0], arguments.model)))
        return
    if not shutil.which(arguments.binary):
        sys.exit(f"error: {arguments.binary} is not there; `cargo build --release` makes it")
    outcomes = []
    for folder in arguments.folders:
        for system in arguments.systems:
            if system == "veritrail":
                outcome = veritrail(arguments.binary, folder)
            else:
                output, _, _ = run_process([sys.executable, os.path.abspath(__file__), folder,
                                            "--model", arguments.model, "--peer", system])
                outcome = json.loads(output.strip().splitlines()[-1])
            outcome = {"data": os.path.basename(os.path.normpath(folder)), "system": system} | outcome
            outcomes.append(outcome)
            print(json.dumps(outcome), flush=True)
    if arguments.out:
        with open(arguments.out, "w", encoding="utf-8") as file:
            json.dump(outcomes, file, indent=2)


if __name__ == "__main__":
    main()
