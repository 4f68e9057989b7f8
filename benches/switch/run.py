#!/usr/bin/env python3
"""Changing the text model of a served knowledge base under load, and going back.

    python3 benches/switch/run.py --kb KB --questions DIR... [--text-model NAME]
        [--bad NAME] [--clients 4] [--pause 0] [--rest 10] [--out switch.json]

Starts `veritrail serve` on a free port of this machine. While clients ask without a
pause, or with one of `--pause` seconds (chat in extractive mode), it builds a generation with another text model, promotes
it through the golden sets, goes back, and goes there again; with `--bad` it first builds
one with a bad model, which the golden sets must refuse. Then it reads the record of every
answer and compares the spaces that were searched with those of its generation.

The golden sets of the knowledge base decide about the bad model: without one, or with one
that words alone can answer, nothing is refused (`golden add` keeps one first).

Prints what each step took, requests, failures, answers of mixed spaces, and latencies in
each phase, as JSON. `--make-models` adds two models to the folder of models that is used
(`--cache`, VERITRAIL_CACHE or ~/.cache/veritrail, in `models.toml`): `minilm-128`, the
installed model reading 128 tokens (another space, nearly as good), and `minilm-shuffled`,
whose words were exchanged for others (a bad one).

The knowledge base is changed: take a copy. SWITCH_KEY is the API key where one is asked.
"""
import argparse
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

BASE = "all-minilm-l6-v2"


def make_models(cache):
    """Two models out of the one that is installed."""
    installed = os.path.join(cache, "models", BASE)
    entries = []
    for name, max_tokens in (("minilm-128", 128), ("minilm-shuffled", 256)):
        folder = os.path.join(cache, "models", name)
        os.makedirs(folder, exist_ok=True)
        files = []
        for file in ("config.json", "model.safetensors", "model.onnx", "tokenizer.json"):
            target = os.path.join(folder, file)
            if os.path.lexists(target):
                os.remove(target)
            if name == "minilm-shuffled" and file == "tokenizer.json":
                with open(os.path.join(installed, file), encoding="utf-8") as source:
                    tokenizer = json.load(source)
                words = tokenizer["model"]["vocab"]
                n = len(words)
                for word, number in words.items():
                    if number >= 2000:
                        words[word] = 2000 + (number - 2000 + 7919) % (n - 2000)
                with open(target, "w", encoding="utf-8") as copy:
                    json.dump(tokenizer, copy)
            else:
                os.symlink(os.path.join(installed, file), target)
            with open(target, "rb") as content:
                digest = hashlib.sha256(content.read()).hexdigest()
            files.append(f'[[model.file]]\nname = "{file}"\nsha256 = "{digest}"\n')
        entries.append(
            f'[[model]]\nname = "{name}"\ntask = "text"\nlicence = "Apache-2.0"\n'
            f'summary = "for benches/switch"\ndimension = 384\nmax_tokens = {max_tokens}\n'
            f'pooling = "mean"\n' + "".join(files)
        )
    path = os.path.join(cache, "models.toml")
    known = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = file.read()
    if "minilm-128" not in known:
        with open(path, "a", encoding="utf-8") as file:
            file.write("\n".join([""] + entries))


class Server:
    """`veritrail serve` on a free port."""

    def __init__(self, program, kb, cache):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.log = tempfile.NamedTemporaryFile(mode="w+", suffix=".log", delete=False)
        # One caller asks as much as it can; limits for one caller are another matter.
        limits = {"VERITRAIL__SERVE__REQUESTS_PER_MINUTE": "1000000"}
        command = [program, "--kb", kb, "--cache", cache, "serve", "--listen", f"127.0.0.1:{port}"]
        self.process = subprocess.Popen(
            command, stdout=self.log, stderr=self.log, env=os.environ | limits
        )
        for _ in range(1200):
            if self.process.poll() is not None:
                sys.exit(f"error: the server ended; see {self.log.name}")
            try:
                if self.ask("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        sys.exit("error: the server does not answer")

    def ask(self, method, path, body=None, kind="application/json", accept="application/json"):
        data = None if body is None else (body if isinstance(body, str) else json.dumps(body)).encode()
        headers = {"content-type": kind, "accept": accept}
        if "SWITCH_KEY" in os.environ:
            headers["authorization"] = "Bearer " + os.environ["SWITCH_KEY"]
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=600) as response:
                text = response.read().decode()
                return response.status, json.loads(text) if text.startswith(("{", "[")) else text
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            return error.code, json.loads(text) if text.startswith("{") else text

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Load:
    """Clients that ask until they are told to stop."""

    def __init__(self, server, questions, n_clients, pause):
        self.server, self.questions, self.pause = server, questions, pause
        self.phase, self.stopping, self.next = "before", False, 0
        self.lock, self.done, self.failed, self.turned_away = threading.Lock(), [], [], 0
        self.threads = [threading.Thread(target=self.client) for _ in range(n_clients)]
        for thread in self.threads:
            thread.start()

    def client(self):
        while not self.stopping:
            with self.lock:
                n, self.next = self.next, self.next + 1
            question = f"{self.questions[n % len(self.questions)]} {n // len(self.questions) or ''}"
            body = {
                "model": "veritrail:extractive",
                "messages": [{"role": "user", "content": question}],
            }
            phase, begun = self.phase, time.monotonic()
            try:
                status, answer = self.server.ask("POST", "/v1/chat/completions", body)
            except OSError as error:
                status, answer = 0, str(error)
            took = (time.monotonic() - begun) * 1e3
            if status == 429:
                self.turned_away += 1
                time.sleep(0.2)
            elif status == 200:
                self.done.append((phase, took, answer["answer_id"]))
            else:
                self.failed.append((phase, status, str(answer)[:300]))
            time.sleep(self.pause)

    def end(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def latencies(self):
        phases = {}
        for phase, took, _ in self.done:
            phases.setdefault(phase, []).append(took)
        at = lambda values, share: round(sorted(values)[int(share * (len(values) - 1))], 1)
        return {
            phase: {"n": len(values), "p50_ms": at(values, 0.5), "p95_ms": at(values, 0.95)}
            for phase, values in phases.items()
        }


def build(server, model):
    """Builds a generation with a model; its name and the seconds that it took."""
    begun = time.monotonic()
    status, job = server.ask("POST", "/api/generations/build", {"text_model": model})
    if status != 202:
        sys.exit(f"error: {job}")
    while True:
        _, state = server.ask("GET", f"/api/jobs/{job['job']}")
        if state["status"] == "done":
            return state["result"]["generation"], time.monotonic() - begun
        if state["status"] == "failed":
            sys.exit(f"error: {state['error']}")
        progress = state.get("progress") or {}
        if sys.stderr.isatty():
            n_done, n_total = progress.get("n_done"), progress.get("n_total")
            print(f"\r{progress.get('stage')} {n_done}/{n_total}   ", end="", file=sys.stderr)
        time.sleep(0.2)


def timed(server, path, body):
    begun = time.monotonic()
    status, answer = server.ask("POST", path, body)
    return status, answer, round(time.monotonic() - begun, 3)


def mixed(server, answers):
    """Answers whose record names other spaces than their generation does, and how many
    answers each generation gave."""
    query = "SELECT ?g ?s { GRAPH <urn:veritrail:graph:governance> { ?g vt:searches ?s } }"
    kind = "application/sparql-query"
    _, found = server.ask("POST", "/query", query, kind, "application/sparql-results+json")
    spaces = {}
    for row in found["results"]["bindings"]:
        spaces.setdefault(row["g"]["value"], set()).add(row["s"]["value"])
    wrong, by_generation = [], {}
    for answer in answers:
        status, record = server.ask("GET", f"/api/answers/{answer}")
        if status != 200 or set(record["spaces"]) != spaces.get(record["generation"]):
            wrong.append(answer)
        elif status == 200:
            name = record["generation"].rsplit(":", 1)[-1]
            by_generation[name] = by_generation.get(name, 0) + 1
    return wrong, by_generation


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kb", required=True)
    parser.add_argument("--questions", nargs="+", required=True)
    parser.add_argument("--program", default="target/release/veritrail")
    cache = os.environ.get("VERITRAIL_CACHE") or os.path.expanduser("~/.cache/veritrail")
    parser.add_argument("--cache", default=cache)
    parser.add_argument("--make-models", action="store_true")
    parser.add_argument("--text-model", default="minilm-128")
    parser.add_argument("--bad")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--pause", type=float, default=0, help="seconds between two questions of a client")
    parser.add_argument("--rest", type=float, default=10, help="seconds between two steps")
    parser.add_argument("--out")
    options = parser.parse_args()
    if options.make_models:
        make_models(options.cache)
    texts = set()
    for folder in options.questions:
        with open(os.path.join(folder, "queries.jsonl"), encoding="utf-8") as file:
            texts.update(json.loads(line)["text"] for line in file)
    server = Server(options.program, options.kb, options.cache)
    result = {}
    try:
        _, metrics = server.ask("GET", "/metrics", accept="*/*")
        result["n_fragments"] = int(re.search(r"(?m)^veritrail_fragments (\d+)", metrics).group(1))
        load = Load(server, sorted(texts), options.clients, options.pause)
        time.sleep(options.rest)
        if options.bad:
            load.phase = "building the bad one"
            generation, took = build(server, options.bad)
            load.phase = "asking the golden sets about the bad one"
            status, answer, asked = timed(server, "/api/generations/promote", {"generation": generation})
            said = answer.get("error", {}).get("message") if isinstance(answer, dict) else answer
            caught = status == 409
            result["bad"] = {"build_s": round(took, 1), "gate_s": asked, "caught": caught, "said": said}
            if not caught:
                # It answers now; what follows shall not be measured against it.
                server.ask("POST", "/api/generations/rollback", {})
        load.phase = "building"
        generation, took = build(server, options.text_model)
        result["build_s"] = round(took, 1)
        load.phase = "promoting"
        status, answer, result["promote_s"] = timed(
            server, "/api/generations/promote", {"generation": generation}
        )
        if status != 200:
            sys.exit(f"error: {answer}")
        load.phase = "after"
        time.sleep(options.rest)
        load.phase = "going back"
        status, answer, result["rollback_s"] = timed(server, "/api/generations/rollback", {})
        result["rolled_back_to"] = answer.get("to") if status == 200 else answer
        load.phase = "after going back"
        time.sleep(options.rest)
        load.phase = "there again"
        status, answer, result["promote_again_s"] = timed(
            server, "/api/generations/promote", {"generation": generation, "force": True}
        )
        time.sleep(options.rest)
        load.end()
        result["requests"] = len(load.done) + len(load.failed)
        result["failed"] = load.failed
        result["turned_away"] = load.turned_away
        result["latency"] = load.latencies()
        wrong, result["answers"] = mixed(server, [answer for _, _, answer in load.done])
        result["mixed_space"] = wrong
    finally:
        if "load" in locals():
            load.end()
        server.stop()
    print(json.dumps(result, indent=2))
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=2)


if __name__ == "__main__":
    main()
