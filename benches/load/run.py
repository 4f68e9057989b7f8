#!/usr/bin/env python3
"""Load on a running knowledge base: requests per second and latencies, with wrk.

    python3 benches/load/run.py --kb KB --questions DIR... [--out load.json]

Starts `veritrail serve` on a free port of this machine and sends it questions that all
differ (so that no cache of whole results helps), with 1, 16 and 64 clients, to
`/api/search` and to chat in extractive mode; then more clients than it takes, and, with
`--soak SECONDS`, a long run. Prints a table and what each stage took, and writes all of
it as JSON.

Needs wrk (https://github.com/wg/wrk, Debian package `wrk`). Questions come from
`queries.jsonl` of the folders named; when they run out, halves of two are joined.
LOAD_KEY is the API key for a knowledge base that asks for one.
"""
import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))


def questions(folders):
    """Endlessly many, all different."""
    texts = []
    for folder in folders:
        path = folder if folder.endswith(".jsonl") else os.path.join(folder, "queries.jsonl")
        with open(path, encoding="utf-8") as file:
            texts += [json.loads(line)["text"] for line in file]
    texts = sorted(set(texts))
    if not texts:
        sys.exit("error: no questions in the folders")
    # A fixed shuffle: neighbours of one data set are spread.
    texts = [texts[i * 7919 % len(texts)] for i in range(len(texts))] if len(texts) % 7919 else texts
    yield from texts
    distance = 0
    while True:
        distance += 1
        for i, text in enumerate(texts):
            other = texts[(i + distance) % len(texts)].split()
            words = text.split()
            yield " ".join(words[: len(words) // 2] + other[len(other) // 2:]) + f" {distance}"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# One caller asks as much as it can; what limits one caller is measured by itself.
WITHOUT_QUOTA = ["serve.requests_per_minute=100000000"]


class Service:
    """`veritrail serve` while it runs."""

    def __init__(self, arguments, settings):
        self.base = f"http://127.0.0.1:{free_port()}"
        command = [arguments.binary, "serve", "--kb", arguments.kb, "--listen", self.base[7:]]
        environment = dict(os.environ, VERITRAIL_LOG="error")
        for setting in settings + arguments.setting:
            name, value = setting.split("=", 1)
            environment["VERITRAIL__" + name.upper().replace(".", "__")] = value
        begun = time.time()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
        while True:
            if self.process.poll() is not None:
                sys.exit("error: the server ended")
            try:
                self.get("/readyz")
                break
            except OSError:
                time.sleep(0.2)
        self.start_seconds = round(time.time() - begun, 1)

    def get(self, path):
        request = urllib.request.Request(self.base + path)
        if os.environ.get("LOAD_KEY"):
            request.add_header("Authorization", "Bearer " + os.environ["LOAD_KEY"])
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.read().decode()

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            found = re.search(r"VmRSS:\s+(\d+) kB", file.read())
        return round(int(found.group(1)) / 1024, 1)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stages(self):
        """Seconds and number of times by stage, and caches, since the start."""
        text = self.get("/metrics")
        found = {}
        for name, stage, value in re.findall(
            r'^veritrail_stage_duration_seconds_(sum|count)\{stage="(\w+)"\} (\S+)$', text, re.M
        ):
            found.setdefault(stage, {})[name] = float(value)
        caches = {
            labels: float(value)
            for labels, value in re.findall(
                r"^(veritrail_cache_(?:hits|misses)_total\{.*\}) (\S+)$", text, re.M
            )
        }
        return found, caches

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Memory(threading.Thread):
    """Looks at the memory once a second."""

    def __init__(self, service):
        super().__init__(daemon=True)
        self.service, self.samples, self.over = service, [], threading.Event()

    def run(self):
        while not self.over.wait(1):
            self.samples.append(self.service.resident_mib())


def growth_mib_per_minute(samples):
    """Slope of the line of least squares through samples that are a second apart."""
    n = len(samples)
    if n < 3:
        return 0.0
    mean_x, mean_y = (n - 1) / 2, sum(samples) / n
    above = sum((x - mean_x) * (y - mean_y) for x, y in enumerate(samples))
    below = sum((x - mean_x) ** 2 for x in range(n))
    return round(60 * above / below, 2)


def by_minute(samples):
    """Means of the samples of each whole minute."""
    minutes = [samples[start:start + 60] for start in range(0, len(samples) - 59, 60)]
    return [round(sum(minute) / 60, 1) for minute in minutes]


def load(service, name, path, body, source, clients, seconds, rate_guess):
    """One scenario."""
    n_bodies = int(seconds * rate_guess) + 16 * clients
    threads = 1 if clients == 1 else 2
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        for _ in range(n_bodies):
            file.write(json.dumps(body(next(source))) + "\n")
        file.flush()
        stages_before, caches_before = service.stages()
        cpu_before = service.cpu_seconds()
        memory = Memory(service)
        memory.start()
        environment = dict(os.environ, LOAD_BODIES=file.name, LOAD_THREADS=str(threads))
        command = ["wrk", "-t", str(threads), "-c", str(clients), "-d", f"{seconds}s",
                   "--timeout", "60s", "-s", os.path.join(HERE, "requests.lua"),
                   service.base + path]
        output = subprocess.run(command, capture_output=True, text=True, env=environment)
        memory.over.set()
        memory.join()
    found = re.search(r"^LOAD (.*)$", output.stdout, re.M)
    if not found:
        sys.exit(f"error: wrk failed: {output.stdout} {output.stderr}")
    outcome = json.loads(found.group(1))
    stages_after, caches_after = service.stages()
    spent = {}
    for stage, now in stages_after.items():
        then = stages_before.get(stage, {"sum": 0, "count": 0})
        n = now["count"] - then["count"]
        if n:
            spent[stage] = round(1e3 * (now["sum"] - then["sum"]) / n, 3)
    total = sum(spent.values()) or 1
    settled = memory.samples[len(memory.samples) // 5:]
    outcome |= {
        "name": name,
        "clients": clients,
        "repeated": outcome["requests"] > n_bodies,
        "per_second": round(outcome["requests"] / outcome["seconds"], 1),
        "server_cpu_cores": round((service.cpu_seconds() - cpu_before) / outcome["seconds"], 2),
        "stage_ms": spent,
        "stage_share": {stage: round(ms / total, 3) for stage, ms in spent.items()},
        "caches": {k: v - caches_before.get(k, 0) for k, v in caches_after.items()},
        "memory_mib": {
            "first": memory.samples[0] if memory.samples else None,
            "last": memory.samples[-1] if memory.samples else None,
            "most": max(memory.samples, default=None),
            "growth_per_minute": growth_mib_per_minute(settled),
            "by_minute": by_minute(memory.samples),
        },
    }
    statuses = ", ".join(f"{n} x {status}" for status, n in sorted(outcome["statuses"].items()))
    shares = ", ".join(f"{stage} {ms:.2f}" for stage, ms in spent.items())
    print(f"{name:18} {clients:4} clients {outcome['per_second']:8.1f}/s  p50 {outcome['p50_ms']:8.2f}"
          f"  p95 {outcome['p95_ms']:8.2f}  p99 {outcome['p99_ms']:8.2f} ms  {statuses}"
          f"  errors {outcome['socket_errors']}  timeouts {outcome['timeouts']}"
          f"  memory {outcome['memory_mib']['first']} to {outcome['memory_mib']['last']} MiB\n"
          f"{'':18} ms by stage: {shares}", flush=True)
    return outcome


def search_body(text):
    return {"query": text, "k": 10}


def chat_body(text):
    return {"model": "veritrail:extractive", "messages": [{"role": "user", "content": text}]}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kb", required=True)
    parser.add_argument("--questions", nargs="+", required=True, metavar="DIR")
    parser.add_argument("--binary", default="target/release/veritrail")
    parser.add_argument("--seconds", type=int, default=30, help="of each scenario")
    parser.add_argument("--soak", type=int, default=0, help="seconds of the long run")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--overload", type=int, default=256, help="clients beyond the limits")
    parser.add_argument("--only", choices=["search", "chat", "overload", "soak"], action="append")
    parser.add_argument("--setting", action="append", default=[],
                        help="section.key=value for the server")
    parser.add_argument("--out", help="file for all figures")
    arguments = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("error: wrk is not installed (Debian: apt-get install wrk)")
    wanted = arguments.only or ["search", "chat", "overload", "soak"]
    source = questions(arguments.questions)
    outcomes, starts = [], []

    def serve(settings, scenarios):
        service = Service(arguments, settings)
        starts.append(service.start_seconds)
        try:
            print(f"ready after {service.start_seconds} s, {service.resident_mib()} MiB", flush=True)
            # The first requests touch everything once.
            warm_up = ("warm-up", "/api/search", search_body, 4, 5, 400)
            for scenario in [warm_up] + scenarios:
                name, path, body, clients, seconds, rate = scenario
                outcomes.append(load(service, name, path, body, source, clients, seconds, rate))
        finally:
            service.stop()

    search, chat = ("/api/search", search_body), ("/v1/chat/completions", chat_body)
    steady = []
    if "search" in wanted:
        steady += [("search", *search, n, arguments.seconds, 600) for n in arguments.clients]
    if "chat" in wanted:
        steady += [("chat", *chat, n, arguments.seconds, 300) for n in arguments.clients]
    if "soak" in wanted and arguments.soak:
        steady.append(("soak search", *search, 16, arguments.soak // 2, 600))
        steady.append(("soak chat", *chat, 4, arguments.soak // 2, 300))
    if steady:
        serve(WITHOUT_QUOTA, steady)
    if "overload" in wanted:
        n, seconds = arguments.overload, min(arguments.seconds, 20)
        # Beyond the places of the server, then beyond the quota of one caller.
        serve(WITHOUT_QUOTA, [("overload search", *search, n, seconds, 5000),
                              ("after overload", *search, 1, 5, 600),
                              ("overload chat", *chat, n, seconds, 5000),
                              ("after overload", *chat, 1, 5, 600)])
        # A caller has a quota only where it is known.
        if os.environ.get("LOAD_KEY"):
            serve([], [("beyond quota", *search, 16, seconds, 5000)])
    if arguments.out:
        with open(arguments.out, "w", encoding="utf-8") as file:
            json.dump({"start_seconds": starts, "runs": outcomes}, file, indent=2)


if __name__ == "__main__":
    main()
