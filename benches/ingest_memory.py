#!/usr/bin/env python3
"""Peak memory of `veritrail ingest` over a corpus and over one ten times as large.

  cargo build --release
  python3 benches/ingest_memory.py [--times 1,10] [FOLDER]

FOLDER holds a corpus.jsonl of {id, title, text}, or Markdown and text files; without
it, the bundled example. The larger corpus holds other documents of the same kind: in
each copy, words with digits get a mark and paragraphs change places, so that names,
fragments and vectors grow with it. Peak memory is the largest resident set that the
system counted for the process (`ru_maxrss`).
"""
import argparse
import json
import os
import pathlib
import random
import re
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent.parent


def documents(folder):
    records = folder / "corpus.jsonl"
    if records.is_file():
        for line in records.read_text(encoding="utf-8").splitlines():
            if line.strip():
                record = json.loads(line)
                yield record["id"], record.get("title") or "", record.get("text") or ""
    else:
        for path in sorted([*folder.rglob("*.md"), *folder.rglob("*.txt")]):
            yield str(path.relative_to(folder)), path.stem, path.read_text(encoding="utf-8")


def other(number, name, title, text):
    """The document as the copy of this number has it."""
    if number == 0:
        return {"id": name, "title": title, "text": text}
    mark = f"x{number}"
    paragraphs = re.split(r"\n{2,}", re.sub(r"\b(\w*\d\w*)\b", rf"\1{mark}", text))
    random.Random(f"{number} {name}").shuffle(paragraphs)
    return {"id": f"{name}#{mark}", "title": f"{title} {mark}", "text": "\n\n".join(paragraphs)}


def measured(veritrail, source, kb):
    """Peak in MiB, seconds, and what the program printed last."""
    begin = time.monotonic()
    process = subprocess.Popen(
        [veritrail, "--kb", kb, "ingest", source],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        raise SystemExit(f"veritrail ended with {status}: {printed}")
    return usage.ru_maxrss / 1024, time.monotonic() - begin, printed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", default=HERE / "data/example/docs")
    parser.add_argument("--times", default="1,10", help="sizes, as multiples of the corpus")
    parser.add_argument("--veritrail", default=HERE / "target/release/veritrail")
    arguments = parser.parse_args()
    found = list(documents(pathlib.Path(arguments.folder)))
    peaks = []
    for times in map(int, arguments.times.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "corpus.jsonl"
            with source.open("w", encoding="utf-8") as file:
                for number in range(times):
                    for document in found:
                        file.write(json.dumps(other(number, *document)) + "\n")
            n_bytes = source.stat().st_size
            peak, seconds, printed = measured(
                str(arguments.veritrail), str(source), str(pathlib.Path(folder) / "kb"))
        peaks.append(peak)
        print(f"{times} x: {times * len(found)} documents, {n_bytes / 1e6:.1f} MB, "
              f"{seconds:.0f} s, peak {peak:.0f} MiB ({peak / peaks[0]:.2f} x the first)")
        print("  " + "\n  ".join(printed.strip().splitlines()), flush=True)


main()
