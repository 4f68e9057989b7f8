"""Figures of picture models on evaluation sets, with intervals; see README.md.

    python training/evaluate.py DATA --text-model FOLDER MODEL.onnx [MODEL.onnx ...]

Several models are taken as seeds of one recipe. Two intervals are printed: over the
queries (bootstrap, 95 %, of the mean over the seeds) and over the seeds (Student's t,
95 %).
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import pictures
import texts
from PIL import Image, ImageOps

STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
RESAMPLES = 5000


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def relevant(path):
    """Ids of the relevant documents by query."""
    found = {}
    for line in path.read_text().splitlines()[1:]:
        query, document, _ = line.split("\t")[:3]
        found.setdefault(query, set()).add(document)
    return found


def decoded(path):
    """Turned as its EXIF says, over white, RGB: as the engine reads a picture."""
    picture = ImageOps.exif_transpose(Image.open(path))
    if picture.mode in ("RGBA", "LA", "P"):
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture)
        picture = paper
    return picture.convert("RGB")


def embedded(session, folder, listed):
    entries = {entry["id"]: entry["image"] for entry in lines(folder / listed)}
    vectors = [session.run(["image_embeds"], {"pixel_values": pictures.pixel_values(decoded(
        folder / image))})[0][0] for image in entries.values()]
    return list(entries), np.stack(vectors)


def found_among(cosines, query_ids, ids, wanted, k):
    """For each query whether a relevant document is among the first k."""
    order = np.argsort(-cosines, axis=1)[:, :k]
    return np.array([bool({ids[i] for i in row} & wanted[query])
                     for query, row in zip(query_ids, order)], float)


def text_to_image(session, embed, folder, listed, queries, qrels, ks):
    ids, vectors = embedded(session, folder, listed)
    asked, wanted = lines(folder / queries), relevant(folder / qrels)
    cosines = embed([query["text"] for query in asked]) @ vectors.T
    query_ids = [query["id"] for query in asked]
    return {f"text to image, recall@{k}": found_among(cosines, query_ids, ids, wanted, k)
            for k in ks}


def zero_shot(session, embed, folder):
    """Whether the label nearest to a picture is its own."""
    ids, vectors = embedded(session, folder, "labels.jsonl")
    asked = lines(folder / "queries.jsonl")
    wanted = relevant(folder / "qrels.tsv")
    nearest = (embed([query["text"] for query in asked]) @ vectors.T).argmax(0)
    return {"zero-shot accuracy": np.array(
        [picture in wanted[asked[label]["id"]] for picture, label in zip(ids, nearest)], float)}


def image_to_text(session, embed, folder):
    ids, vectors = embedded(session, folder, "images.jsonl")
    documents, wanted = lines(folder / "corpus.jsonl"), relevant(folder / "photo_to_product.tsv")
    cosines = vectors @ embed([f"{d['title']}: {d['text']}" for d in documents]).T
    document_ids = [document["id"] for document in documents]
    return {f"photo to product, recall@{k}": found_among(cosines, ids, document_ids, wanted, k)
            for k in (1, 5)}


def figures(model, embed, data):
    """Outcomes of every query by set and measure."""
    session = pictures.session(model)
    plain = ("labels.jsonl", "queries.jsonl", "qrels.tsv")
    grocery = data / "grocery-store"
    return {
        "flickr8k-600": text_to_image(session, embed, data / "flickr8k-600", "captions.jsonl",
                                      *plain[1:], (1, 5, 10)),
        "openmoji-1000": text_to_image(session, embed, data / "openmoji-1000", *plain, (1, 5, 10)),
        "imagenet-sample-200": text_to_image(
            session, embed, data / "imagenet-sample-200", *plain, (1, 5, 10)),
        "clothing-500": zero_shot(session, embed, data / "clothing-500"),
        "grocery-store": image_to_text(session, embed, grocery) | text_to_image(
            session, embed, grocery, "images.jsonl", "image_queries.jsonl", "image_qrels.tsv",
            (1, 5, 10)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--text-model", type=Path, required=True)
    given = parser.parse_args()
    embed = texts.TextModel(given.text_model)
    of_seeds = [figures(onnx.load(model), embed, given.data) for model in given.models]
    chance = np.random.default_rng(0)
    print("| set | measure | mean | over queries | over seeds |\n| --- | --- | --- | --- | --- |")
    for name, measures in of_seeds[0].items():
        for measure in measures:
            outcomes = np.stack([seed[name][measure] for seed in of_seeds])
            by_query, by_seed = outcomes.mean(0), outcomes.mean(1)
            drawn = chance.integers(0, len(by_query), (RESAMPLES, len(by_query)))
            low, high = np.percentile(by_query[drawn].mean(1), [2.5, 97.5])
            n = len(of_seeds)
            half = STUDENT[n] * by_seed.std(ddof=1) / n ** 0.5 if n in STUDENT else None
            seeds = "one seed" if half is None else f"+-{half:.3f}"
            print(f"| {name} | {measure} | {by_query.mean():.3f} | "
                  f"{low:.3f} to {high:.3f} | {seeds} |", flush=True)


if __name__ == "__main__":
    main()
