#!/usr/bin/env python3
"""Checks the example knowledge base and the golden questions.

    python3 data/golden/check.py

Needs nothing but the standard library.  Prints the counts and exits with 1
when anything is wrong.
"""
import html
import json
import os
import re
import struct
import sys
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = os.path.join(os.path.dirname(HERE), "example")
DOCS = os.path.join(EXAMPLE, "docs")
PICTURES = os.path.join(EXAMPLE, "pictures")
LEAST = {"fact": 30, "multi-hop": 20, "picture": 12, "picture-question": 8,
         "comparison": 8, "unanswerable": 12}
problems = []


def need(ok, message):
    if not ok:
        problems.append(message)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def lines(path):
    return [json.loads(s) for s in read(path).splitlines() if s.strip()]


def plain(text):
    """Text as a reader sees it: no tags, one blank between words, lower case."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", text)).replace("**", "")
    return re.sub(r"\s+", " ", text).lower()


def orientation(path):
    """The EXIF orientation of a JPEG, 1 when there is none."""
    with open(path, "rb") as f:
        data = f.read()
    at = data.find(b"Exif\x00\x00")
    if at < 0:
        return 1
    t = data[at + 6:]
    e = "<" if t[:2] == b"II" else ">"
    first = struct.unpack(e + "I", t[4:8])[0]
    for i in range(struct.unpack(e + "H", t[first:first + 2])[0]):
        tag, _, _, value = struct.unpack(e + "HHIH", t[first + 2 + 12 * i:first + 12 + 12 * i])
        if tag == 0x0112:
            return value
    return 1


# ---------------------------------------------------------------- documents
names = sorted(os.listdir(DOCS))
ending = Counter(os.path.splitext(n)[1] for n in names)
need(len(names) >= 64, f"only {len(names)} documents")
need(ending[".html"] >= 5, "fewer than 5 HTML pages")
need(ending[".txt"] >= 4, "fewer than 4 plain text files")
texts = {}
for n in names:
    if n != "tickets.jsonl":
        texts["docs/" + n] = read(os.path.join(DOCS, n))
        words = len(texts["docs/" + n].split())
        need(150 <= words <= 900, f"docs/{n} has {words} words")
tickets = lines(os.path.join(DOCS, "tickets.jsonl"))
need(len(tickets) >= 12, "fewer than 12 tickets")
for t in tickets:
    need(set(t) == {"id", "title", "text"}, f"ticket {t.get('id')} has odd fields")
    texts["docs/tickets.jsonl#" + t["id"]] = t["title"] + ". " + t["text"]

# ---------------------------------------------------------------- pictures and links
pictures = sorted(n for n in os.listdir(PICTURES) if n.endswith((".png", ".jpg", ".webp")))
kinds = Counter(n.rsplit(".", 1)[1] for n in pictures)
size = sum(os.path.getsize(os.path.join(PICTURES, n)) for n in pictures)
need(len(pictures) >= 64, f"only {len(pictures)} pictures")
need(kinds["jpg"] >= 3 and kinds["webp"] >= 3, "fewer than 3 JPEG or WebP")
need(size < 2_500_000, f"pictures take {size} bytes")
need(any(orientation(os.path.join(PICTURES, n)) != 1 for n in pictures if n.endswith(".jpg")),
     "no JPEG with an EXIF orientation")
shown = set()
for doc, text in texts.items():
    rows = text.split("\n")
    for i, row in enumerate(rows):
        for alt, path in re.findall(r"!\[([^\]]*)\]\(\.\./pictures/([^)]+)\)", row):
            shown.add(path)
            need(len(alt) > 20, f"{doc}: thin alternative text for {path}")
            need(i + 1 < len(rows) and re.match(r"\*[^*].*\*$", rows[i + 1]), f"{doc}: no caption for {path}")
    for path, alt in re.findall(r'<figure><img src="\.\./pictures/([^"]+)" alt="([^"]+)">\s*<figcaption>', text):
        shown.add(path)
        need(len(alt) > 20, f"{doc}: thin alternative text for {path}")
    for a, b in re.findall(r'\]\(([^)]+)\)|(?:href|src)="([^"]+)"', text):
        link = a or b
        need(os.path.exists(os.path.join(DOCS, link)), f"{doc}: dead link {link}")
for n in pictures:
    need(n in shown, f"pictures/{n} is shown in no document")
for n in shown:
    need(n in pictures, f"pictures/{n} is shown but missing")

# ---------------------------------------------------------------- catalogue
resources = re.findall(r"^:(\S+) a ", read(os.path.join(EXAMPLE, "catalogue.ttl")), re.M)
need(len(set(resources)) >= 60, f"only {len(set(resources))} resources in the catalogue")
numbers = re.compile(r"\b(?:SP-\d{4}|AC-\d{4}|O[CPSN]-\d{3})\b")
for doc, text in texts.items():
    for number in set(numbers.findall(text)):
        need(number in resources, f"{doc}: {number} is not in the catalogue")

# ---------------------------------------------------------------- questions
queries = lines(os.path.join(HERE, "queries.jsonl"))
need(len(queries) >= 90, f"only {len(queries)} questions")
need(len({q["id"] for q in queries}) == len(queries), "an id is used twice")
need(len({(q["text"], q.get("image")) for q in queries}) == len(queries), "a question is asked twice")
count = Counter(q["kind"] for q in queries)
for kind, least in LEAST.items():
    need(count[kind] >= least, f"only {count[kind]} questions of kind {kind}")
need(not set(count) - set(LEAST), f"unknown kinds {set(count) - set(LEAST)}")

rows = read(os.path.join(HERE, "qrels.tsv")).splitlines()
need(rows[0] == "query_id\tdoc_id\trelevance", "the header of qrels.tsv is wrong")
relevant = {}
for row in rows[1:]:
    query, doc, grade = row.split("\t")
    need(grade in ("1", "2"), f"{query}: relevance {grade}")
    known = doc in texts or (doc.startswith("pictures/") and doc[9:] in pictures)
    need(known, f"{query}: {doc} does not exist")
    need(doc not in relevant.setdefault(query, {}), f"{query}: {doc} is judged twice")
    relevant[query][doc] = int(grade)
need(not set(relevant) - {q["id"] for q in queries}, "qrels.tsv names an unknown question")

for q in queries:
    rel = relevant.get(q["id"], {})
    bodies = [plain(texts[d]) for d in rel if d in texts]
    need(("image" in q) == (q["kind"] == "picture-question"), f"{q['id']}: image does not fit the kind")
    if "image" in q:
        need(q["image"][9:] in pictures, f"{q['id']}: {q['image']} does not exist")
    if q["kind"] == "unanswerable":
        need(not rel and not q["answers"], f"{q['id']} is unanswerable but has an answer")
        continue
    need(bool(rel) and bool(q["answers"]), f"{q['id']} has no answer or no document")
    need(2 in rel.values(), f"{q['id']} has no document of relevance 2")
    if q["kind"] == "fact":
        need(any(plain(q["answers"][0]) in b for b in bodies), f"{q['id']}: first answer in no relevant document")
    if q["kind"] == "picture":
        need(any(d.startswith("pictures/") for d in rel), f"{q['id']}: no picture is relevant")
        need(any(d.startswith("docs/") for d in rel), f"{q['id']}: the page of the picture is missing")
        continue
    if q["kind"] == "multi-hop":
        need(list(rel.values()).count(2) >= 2, f"{q['id']} needs one document only")
    for a in q["answers"]:
        need(any(plain(a) in b for b in bodies), f"{q['id']}: answer {a!r} in no relevant document")

demo = Counter(d["kind"] for d in lines(os.path.join(os.path.dirname(EXAMPLE), "demo.jsonl")))
need(demo == Counter({"fact": 2, "multi-hop": 2, "picture": 1, "unanswerable": 1}), f"demo questions: {dict(demo)}")

print(f"documents {len(names)} ({dict(ending)}), tickets {len(tickets)}")
print(f"pictures {len(pictures)} ({dict(kinds)}), {size} bytes")
print(f"catalogue resources {len(set(resources))}")
print(f"questions {len(queries)} ({dict(count)}), judgements {len(rows) - 1}")
for p in problems:
    print("WRONG:", p)
sys.exit(1 if problems else 0)
