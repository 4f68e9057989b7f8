#!/usr/bin/env python3
"""How long `audit impact` takes over many recorded answers, as a command and over HTTP.

    python3 benches/audit_impact/run.py --kb KB --answers 100000 [--seconds 500]
        [--program target/release/veritrail] [--clients 2] [--rounds 5] [--out impact.json]

Makes the knowledge base KB of 200 short documents when there is none, serves it on a free
port of this machine, and asks until it holds that many records: real ones, answered, sealed
and written by the server as any others. `--seconds` ends the asking early; the next run
goes on. Then it asks for the impact of a document, an entity, a model and a generation,
each so many times: as a command, from its start to its end with the knowledge base closed,
and over HTTP. The first command after a program without the index of uses makes it, which is
told apart.

Prints JSON: times in milliseconds, bytes on the disk for each answer (before the store
compacts them), and what recording took by the server's own count.
"""
import argparse
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

N_PUMPS = 200
MODEL = "all-minilm-l6-v2"
# Few pieces of evidence, so that many answers find room; the rest is as it always is.
SETTINGS = """[models]
pictures = []
ocr = "off"
[retrieve]
n_evidence = 3
"""
QUESTIONS = [
    "Which torque does the drain plug of the pump P-{n} take?",
    "How much oil does the pump P-{n} need?",
    "Beside which valve does the pump P-{n} stand?",
    "Which seal of the pump P-{n} is replaced each year?",
]


def make(program, kb):
    subprocess.run([program, "--kb", kb, "init"], check=True)
    with open(os.path.join(kb, "veritrail.toml"), "w", encoding="utf-8") as file:
        file.write(SETTINGS)
    with tempfile.TemporaryDirectory() as source:
        for n in range(N_PUMPS):
            oil, torque = n % 7 + 2, n % 40 + 10
            with open(os.path.join(source, f"pump-{n}.md"), "w", encoding="utf-8") as file:
                file.write(
                    f"# Pump P-{n}\n\nThe pump P-{n} needs {oil} litres of oil. "
                    f"Its drain plug takes {torque} Nm.\n\n## Care\n\nThe pump P-{n} stands "
                    f"beside the valve V-{oil}. Replace the seal S-{torque} each year.\n"
                )
        subprocess.run([program, "--kb", kb, "ingest", source], check=True)


class Server:
    """`veritrail serve` on a free port."""

    def __init__(self, program, kb):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.log = tempfile.NamedTemporaryFile(mode="w+", suffix=".log", delete=False)
        # One caller asks as much as it can; limits for one caller are another matter.
        limits = {"VERITRAIL__SERVE__REQUESTS_PER_MINUTE": "10000000"}
        command = [program, "--kb", kb, "serve", "--listen", f"127.0.0.1:{self.port}"]
        self.process = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, env=os.environ | limits
        )
        for _ in range(1200):
            if self.process.poll() is not None:
                sys.exit(f"error: the server ended; see {self.log.name}")
            try:
                if self.ask(self.connection(), "GET", "/healthz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        sys.exit("error: the server does not answer")

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)

    def ask(self, connection, method, path, body=None):
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, {"content-type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read()

    def stop(self):
        self.process.terminate()
        self.process.wait()


def n_records(kb):
    """Seals in the log."""
    path = os.path.join(kb, "audit", "log.jsonl")
    if not os.path.exists(path):
        return 0
    with open(path, "rb") as file:
        return sum(line.startswith(b'{"seal"') for line in file)


def fill(server, n_wanted, n_clients, seconds):
    """Asks so many questions, or as many as the time allows; failures."""
    ends, lock = time.monotonic() + seconds, threading.Lock()
    state = {"next": 0, "failed": 0}

    def client():
        connection = server.connection()
        while time.monotonic() < ends:
            with lock:
                n = state["next"]
                if n >= n_wanted:
                    return
                state["next"] = n + 1
            asked = n * 7919 % (N_PUMPS * len(QUESTIONS))
            question = QUESTIONS[asked % len(QUESTIONS)].format(n=asked // len(QUESTIONS))
            body = {
                "model": "veritrail:extractive",
                "messages": [{"role": "user", "content": question}],
            }
            status, _ = server.ask(connection, "POST", "/v1/chat/completions", body)
            if status != 200:
                state["failed"] += 1
                time.sleep(0.1)

    threads = [threading.Thread(target=client) for _ in range(n_clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return state["failed"]


def recording(server):
    """What recording took, by the buckets of the stage `record`."""
    _, text = server.ask(server.connection(), "GET", "/metrics")
    pattern = r'veritrail_stage_duration_seconds_bucket\{stage="record",le="([0-9.]+)"\} (\d+)'
    buckets = [(float(le), int(n)) for le, n in re.findall(pattern, text.decode())]
    total = int(re.search(r'seconds_count\{stage="record"\} (\d+)', text.decode()).group(1))
    reached = [le for le, n in buckets if n >= 0.95 * total]
    return {
        "n": total,
        "share_within_5_ms": round(dict(buckets).get(0.005, 0) / max(total, 1), 3),
        "p95_at_most_ms": round(reached[0] * 1e3, 1) if reached else None,
    }


def folder_bytes(folder):
    total = 0
    for path, _, files in os.walk(folder):
        total += sum(os.path.getsize(os.path.join(path, name)) for name in files)
    return total


def of_command(program, kb, name, rounds):
    took, found = [], None
    for _ in range(rounds):
        begun = time.monotonic()
        command = [program, "--kb", kb, "audit", "impact", name, "--format", "json"]
        output = subprocess.run(command, check=True, capture_output=True).stdout
        took.append(round((time.monotonic() - begun) * 1e3))
        found = json.loads(output)["n_answers"]
    return {"n_answers": found, "ms": took}


def of_http(server, name, rounds):
    connection, took, found = server.connection(), [], None
    for _ in range(rounds):
        begun = time.monotonic()
        path = "/api/audit/impact?of=" + urllib.parse.quote(name)
        status, body = server.ask(connection, "GET", path)
        took.append(round((time.monotonic() - begun) * 1e3))
        found = json.loads(body)["n_answers"] if status == 200 else status
    return {"n_answers": found, "ms": took}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kb", required=True)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--program", default="target/release/veritrail")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out")
    options = parser.parse_args()
    program, kb = options.program, options.kb
    if not os.path.exists(os.path.join(kb, "FORMAT")):
        make(program, kb)
    graph = os.path.join(kb, "graph")
    before, n_before = folder_bytes(graph), n_records(kb)
    result = {}
    if n_before < options.answers:
        server, begun = Server(program, kb), time.monotonic()
        try:
            n_missing = options.answers - n_before
            result["failed"] = fill(server, n_missing, options.clients, options.seconds)
            took = time.monotonic() - begun
            result["recording"] = recording(server)
        finally:
            server.stop()
        n_new = n_records(kb) - n_before
        result["answers_per_second"] = round(n_new / took, 1)
        result["graph_bytes_per_answer"] = round((folder_bytes(graph) - before) / max(n_new, 1))
    result["n_records"] = n_records(kb)
    if result["n_records"] >= options.answers and options.rounds:
        generation = open(os.path.join(kb, "CURRENT"), encoding="utf-8").read().strip()
        names = {"document": "pump-7.md", "entity": "Pump P-7", "model": MODEL, "generation": generation}
        if not os.path.exists(os.path.join(kb, "audit", "uses")):
            result["making_the_index_ms"] = of_command(program, kb, MODEL, 1)["ms"][0]
        result["command"] = {
            of: of_command(program, kb, name, options.rounds) for of, name in names.items()
        }
        server = Server(program, kb)
        try:
            result["http"] = {of: of_http(server, name, options.rounds) for of, name in names.items()}
        finally:
            server.stop()
    text = json.dumps(result, indent=2)
    print(text)
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
