"""Trains the bundled picture model from packages in a folder; see README.md.

    python training/train.py PACKAGES WORK OUT --text-model FOLDER \
        [--evaluation FOLDER ...] [--hold-out STYLE] [--seed N]

Writes OUT/vision_model.onnx and OUT/preprocessor_config.json. With --hold-out, the
drawings of that style are kept from training and scored: select by that figure.
"""

import argparse
import hashlib
import json
import random
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import augment
import backbone
import classes
import drawings
import export
import head
import numpy as np
import onnx
import onnxruntime
import texts
import torch
from PIL import Image

SKIN_TONE = re.compile(r"-(light|medium-light|medium|medium-dark|dark)$")
ICONS_KEPT = 1000  # of the largest icon set
PHOTOGRAPHED = 8000
PHOTOGRAPHED_STYLES = {"fluent-emoji", "noto", "twemoji", "emojione", "openclipart"}
TRAINING = {"epochs": 16, "dropout": 0.4, "hidden": 768, "rate": 1e-3}


def read_backbone(packages):
    path = next((packages / "efficientnet-lite2").rglob("*.pth"))
    state = torch.load(path, map_location="cpu")
    return {name: tensor.numpy() for name, tensor in state.items()}


def features_of(session, pictures):
    """Head inputs of PIL pictures, [n, HEAD_INPUTS] in 16 bits."""
    def one(picture):
        resized = picture.resize((backbone.SIDE, backbone.SIDE), Image.BICUBIC)
        pixels = ((np.asarray(resized, np.float32) - 127) / 128).transpose(2, 0, 1)
        return session.run(None, {"pixel_values": pixels[None]})[0][0].astype(np.float16)
    with ThreadPoolExecutor() as pool:
        return np.stack(list(pool.map(one, pictures)))


def cached(path, make):
    if not path.exists():
        np.save(path, make())
    return np.load(path)


def refuse_evaluation_pictures(pixels, folders):
    """No picture of an evaluation set may be among the drawings, by digest of its pixels."""
    known = {hashlib.sha256(picture.tobytes()).digest() for picture in pixels}
    for folder in folders:
        for path in sorted((folder / "images").iterdir()):
            picture = Image.open(path).convert("RGB").resize((drawings.SIDE,) * 2, Image.BICUBIC)
            digest = hashlib.sha256(np.asarray(picture).tobytes()).digest()
            assert digest not in known, f"{path} is among the drawings"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--text-model", type=Path, required=True)
    parser.add_argument("--evaluation", type=Path, nargs="*", default=[])
    parser.add_argument("--hold-out")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    given.out.mkdir(parents=True, exist_ok=True)

    if not (given.work / "drawings.jsonl").exists():
        print(drawings.write(given.packages, given.work), "drawings")
    lines = (given.work / "drawings.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    pixels = np.load(given.work / "drawings.npy", mmap_mode="r")
    refuse_evaluation_pictures(pixels, given.evaluation)
    chance = random.Random(1)
    rows = [i for i, record in enumerate(records) if not SKIN_TONE.search(record["source"])]
    icons = [i for i in rows if records[i]["style"] == "game-icons"]
    dropped = set(icons) - set(chance.sample(icons, min(ICONS_KEPT, len(icons))))
    rows = [i for i in rows if i not in dropped]

    state = read_backbone(given.packages)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    trunk = backbone.feature_model(state).SerializeToString()
    session = onnxruntime.InferenceSession(trunk, options)
    picture = lambda i: Image.fromarray(pixels[i])  # noqa: E731
    emoji = [i for i in rows if records[i]["kind"] == "emoji"]
    objects = [i for i in rows if records[i]["style"] in PHOTOGRAPHED_STYLES]
    objects = chance.sample(objects, min(PHOTOGRAPHED, len(objects)))
    variants = [
        ("plain", rows, picture),
        ("augmented", emoji, lambda i: augment.augmented(picture(i), i * 7 + 1)),
        ("photographed", objects, lambda i: augment.photographed(picture(i), i * 11 + 3)),
    ]
    parts, sources = [], []
    for name, chosen, make in variants:
        path = given.work / f"{name}.npy"
        parts.append(cached(path, lambda: features_of(session, map(make, chosen))))
        sources += chosen
        print(f"{name}: {len(chosen)} pictures", flush=True)
    features = np.concatenate(parts)

    embed = texts.TextModel(given.text_model)
    own, n_left_out = texts.training_texts(records, texts.exclusions(given.evaluation))
    print(f"{n_left_out} texts left out because an evaluation set asks for them")
    distinct = sorted({text for chosen in own for text in chosen})
    vectors = embed(distinct)
    row_of = {text: i for i, text in enumerate(distinct)}
    held_out = [i for i in rows if records[i]["style"] == given.hold_out]
    texts_of = [[] if records[i]["style"] == given.hold_out else [row_of[t] for t in own[i]]
                for i in sources]
    trained = head.train(features, texts_of, vectors, given.seed, **TRAINING,
                         report=lambda epoch, loss: print(f"epoch {epoch}: {loss:.3f}", flush=True))
    if held_out:
        found = trained(parts[0][[rows.index(i) for i in held_out]])
        cosines = embed([records[i]["texts"][0] for i in held_out]) @ found.T
        ranks = (cosines > np.diag(cosines)[:, None]).sum(1)
        shares = {k: round(float((ranks < k).mean()), 3) for k in (1, 5, 10)}
        print(f"{given.hold_out}: recall of {len(held_out)} names", shares)

    names = classes.class_names(given.packages / "mobilenet/dist/imagenet_classes.js")
    scenes = classes.class_scenes(Path(__file__).with_name("class_scenes.tsv"))
    class_vectors = classes.class_vectors(names, scenes, embed).astype(np.float32)
    tower = export.stored_small(export.picture_tower(state, class_vectors, trained))
    onnx.save(tower, given.out / "vision_model.onnx")
    config = {
        "do_resize": True, "size": {"height": backbone.SIDE, "width": backbone.SIDE},
        "resample": 3, "do_center_crop": False, "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": [127 / 255] * 3, "image_std": [128 / 255] * 3,
    }
    (given.out / "preprocessor_config.json").write_text(json.dumps(config, indent=2))


if __name__ == "__main__":
    main()
