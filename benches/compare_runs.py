"""Compares two rankings of one data set, question by question.

    veritrail eval DIR --mode graph --settings a.toml --keep KB --run a.trec
    veritrail eval DIR --mode graph --settings b.toml --keep KB --run b.trec
    python3 benches/compare_runs.py DIR a.trec b.trec [--missed 10]

Prints recall@5 and nDCG@10 of both, the difference with its two-sided p by paired
randomisation (10,000 rounds, fixed seed; Smucker, Allan, Carterette: "A Comparison of
Statistical Significance Tests for Information Retrieval Evaluation", CIKM 2007), and how
many questions got better and worse. With `--missed N` it names the first N judged
documents that the second run does not have among its first five, with their ranks in
both runs.
"""

import argparse
import collections
import json
import math
import pathlib
import random

ROUNDS = 10_000


def judgements(path):
    judged = collections.defaultdict(dict)
    for line in path.read_text().splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            judged[query][document] = int(grade)
    return judged


def ranking(path):
    found = collections.defaultdict(list)
    for line in pathlib.Path(path).read_text().splitlines():
        query, _, rest = line.split(" ", 2)
        found[query].append(rest.rsplit(" ", 3)[0])
    return found


def recall(documents, judged, k=5):
    return sum(document in judged for document in documents[:k]) / len(judged)


def ndcg(documents, judged, k=10):
    def gain(grades):
        return sum(grade / math.log2(rank + 2) for rank, grade in enumerate(grades[:k]))

    ideal = gain(sorted(judged.values(), reverse=True))
    return gain([judged.get(document, 0) for document in documents]) / ideal


def significance(differences):
    """Share of random signs under which the mean differs at least as much."""
    chance = random.Random(1)
    observed = abs(sum(differences)) - 1e-12
    moved = [difference for difference in differences if difference]

    def extreme():
        return abs(sum(d if chance.random() < 0.5 else -d for d in moved)) >= observed

    return (1 + sum(extreme() for _ in range(ROUNDS))) / (1 + ROUNDS)


def rank(documents, document):
    return documents.index(document) + 1 if document in documents else "not found"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=pathlib.Path)
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("--missed", type=int, default=0)
    arguments = parser.parse_args()
    judged = judgements(arguments.dataset / "qrels.tsv")
    first, second = ranking(arguments.first), ranking(arguments.second)
    asked = sorted(set(first) & set(second) & set(judged))
    print(f"{arguments.dataset.name}: {len(asked)} questions")
    for name, measure in (("recall@5", recall), ("nDCG@10", ndcg)):
        a = [measure(first[query], judged[query]) for query in asked]
        b = [measure(second[query], judged[query]) for query in asked]
        differences = [y - x for x, y in zip(a, b)]
        better, worse = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
        print(
            f"{name}: {sum(a) / len(a):.4f} {sum(b) / len(b):.4f} "
            f"difference {sum(differences) / len(a):+.4f} p {significance(differences):.4f} "
            f"better {better} worse {worse}"
        )
    texts = {}
    for line in (arguments.dataset / "queries.jsonl").read_text().splitlines():
        question = json.loads(line)
        texts[str(question["id"])] = question["text"]
    missed = [(q, d) for q in asked for d in judged[q] if d not in second[q][:5]]
    for query, document in missed[: arguments.missed]:
        ranks = rank(first[query], document), rank(second[query], document)
        print(f"{query}: {texts.get(query)}\n  {document}: {ranks[0]} -> {ranks[1]}")


if __name__ == "__main__":
    main()
