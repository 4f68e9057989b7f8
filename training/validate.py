"""Figures of a picture model on validation pictures, by which it is selected; see README.md.

    python training/validate.py PACKAGES MODEL.onnx --text-model FOLDER

Photographs with captions of our own (validation_photos.tsv), and photographed things cut
out by the artists of Tux Paint on made-up backgrounds with their descriptions; all are
candidates for every query. None of them is in training.
"""

import argparse
import random
from pathlib import Path

import augment
import numpy as np
import onnx
import pictures
import texts
from evaluate import decoded
from PIL import Image

STAMPS = "tuxpaint-stamps-default/usr/share/tuxpaint/stamps"
# Folders of drawings, and pictures that the program turns by itself.
NOT_PHOTOGRAPHED = ("cartoon", "symbols", "hanukkah", "planets", "roadsigns", "mirror", "flip",
                    "houses", "toys")
SIDE = 320  # pixels of a made-up picture


def photographs(packages):
    for line in Path(__file__).with_name("validation_photos.tsv").read_text().splitlines():
        if not line.startswith("#"):
            path, captions = line.split("\t")
            yield decoded(packages / path), [caption.strip() for caption in captions.split(";")]


def stamps(packages):
    root = packages / STAMPS
    for path in sorted(root.rglob("*.png")):
        name, told = str(path.relative_to(root)), path.with_suffix(".txt")
        if any(word in name for word in NOT_PHOTOGRAPHED) or not told.exists():
            continue
        text = told.read_text(errors="ignore").splitlines()[0].strip()
        if not 0 < len(text) <= 80:
            continue
        thing, chance = Image.open(path).convert("RGBA"), random.Random(name)
        placed = augment.background(SIDE, chance)
        scale = SIDE * chance.uniform(0.6, 0.9) / max(thing.size)
        thing = thing.resize([max(1, int(edge * scale)) for edge in thing.size], Image.BICUBIC)
        at = chance.randint(0, SIDE - thing.width), chance.randint(0, SIDE - thing.height)
        placed.paste(thing, at, thing)
        yield placed, [text]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--text-model", type=Path, required=True)
    given = parser.parse_args()
    session, embed = pictures.session(onnx.load(given.model)), texts.TextModel(given.text_model)
    vectors, queries = [], []
    for kind, source in (("photograph", photographs), ("thing", stamps)):
        for picture, captions in source(given.packages):
            queries += [(kind, caption, len(vectors)) for caption in captions]
            vectors.append(session.run(
                ["image_embeds"], {"pixel_values": pictures.pixel_values(picture)})[0][0])
    cosines = embed([caption for _, caption, _ in queries]) @ np.stack(vectors).T
    own = np.array([row for _, _, row in queries])
    ranks = (cosines > cosines[np.arange(len(own)), own][:, None]).sum(1)
    for kind in ("photograph", "thing"):
        of_kind = ranks[[query[0] == kind for query in queries]]
        recalls = ", ".join(f"recall@{k} {np.mean(of_kind < k):.3f}" for k in (1, 5, 10))
        print(f"{kind}: {len(of_kind)} queries among {len(vectors)} pictures, {recalls}, "
              f"mean reciprocal rank {np.mean(1 / (of_kind + 1)):.3f}")


if __name__ == "__main__":
    main()
