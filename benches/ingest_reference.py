#!/usr/bin/env python3
"""Loading and cutting Markdown in Python, as a user of LangChain would do it:
MarkdownHeaderTextSplitter, then RecursiveCharacterTextSplitter.

  python3 -m pip install langchain-text-splitters tokenizers
  VERITRAIL_BENCH_PYTHON=python3 cargo bench --bench ingest

It is given a JSONL file of {id, title, text} or a folder of Markdown, the
tokenizer of the model, and how chunks are measured: `tokens` (200, overlap 30,
as Veritrail does) or `characters` (800, overlap 120, the usual setting). For each
line on standard input it answers with the seconds of a round and the number of
chunks.
"""
import json
import pathlib
import sys
import time

from langchain_text_splitters import MarkdownHeaderTextSplitter, RecursiveCharacterTextSplitter
from tokenizers import Tokenizer


def texts(source):
    if source.is_file():
        for line in source.read_text(encoding="utf-8").splitlines():
            if line.strip():
                record = json.loads(line)
                yield record.get("text") or ""
    else:
        for path in sorted(source.rglob("*.md")):
            yield path.read_text(encoding="utf-8")


def main():
    source, tokenizer, unit = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    tokenizer = Tokenizer.from_file(tokenizer)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    headings = MarkdownHeaderTextSplitter(
        [("#" * n, str(n)) for n in range(1, 7)], strip_headers=False)
    if unit == "tokens":
        chunks = RecursiveCharacterTextSplitter(
            chunk_size=200, chunk_overlap=30,
            length_function=lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids))
    else:
        chunks = RecursiveCharacterTextSplitter(chunk_size=800, chunk_overlap=120)
    print("ready", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        n_chunks = 0
        for text in texts(source):
            n_chunks += len(chunks.split_documents(headings.split_text(text)))
        print(f"{time.perf_counter() - begin} {n_chunks}", flush=True)


main()
