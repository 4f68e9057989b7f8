"""What the head reads of every training picture, computed once: [n, HEAD_INPUTS] in
16 bits, with the record of each row beside it."""

import hashlib
import json
import random

import augment
import backbone
import drawings
import numpy as np
import onnxruntime
from PIL import Image

# Of the styles in colour there is a second variant in another style, and of those whose
# drawings are modelled in light and shade a third as objects in a surrounding.
RESTYLED = {"noto", "noto-v1", "twemoji", "fluent-emoji", "fluent-emoji-flat", "emojione",
            "fxemoji", "streamline-emojis"}
PHOTOGRAPHED = {"fluent-emoji", "noto", "twemoji", "emojione", "openclipart"}
N_PHOTOGRAPHED = 5000
OUTLINED = 0.65  # share of the restyled drawings whose shapes get a line
REPORT = 500  # pictures


def plan(drawn):
    """(variant, number of the drawing) of every training picture, in random order: what
    was computed before an interruption is a fair sample."""
    chance = random.Random(1)
    styles = [record["style"] for record, _ in drawn]
    plain = [("plain", i) for i in range(len(drawn))]
    restyled = [("restyled", i) for i, style in enumerate(styles) if style in RESTYLED]
    objects = [("photographed", i) for i, style in enumerate(styles) if style in PHOTOGRAPHED]
    objects = chance.sample(objects, min(N_PHOTOGRAPHED, len(objects)))
    tasks = plain + restyled + objects
    chance.shuffle(tasks)
    return tasks


def picture(variant, i, svg):
    chance = random.Random(f"{variant} {i}")
    if variant == "restyled" and chance.random() < OUTLINED:
        made = drawings.render(drawings.outlined_svg(svg, chance), chance)
        return made and augment.moved(made, chance)
    made = drawings.render(svg, chance)
    if made is None or variant == "plain":
        return made
    if variant == "photographed":
        return augment.photographed(made, chance)
    return augment.moved(augment.outlined(made, chance), chance)


def pixel_values(shown):
    """The input of the backbone, as preprocessor_config.json describes it."""
    resized = shown.resize((backbone.SIDE, backbone.SIDE), Image.BICUBIC)
    return ((np.asarray(resized, np.float32) - 127) / 128).transpose(2, 0, 1)[None]


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def digest(shown):
    """Of the decoded pixels at one size, so that another encoding is the same picture."""
    small = shown.convert("RGB").resize((drawings.SIDE,) * 2, Image.BICUBIC)
    return hashlib.sha256(np.asarray(small).tobytes()).hexdigest()


def write(packages, work, state, most):
    """Computes what is missing under `work` of the first `most` pictures of the plan;
    returns (features, records)."""
    features, listed = work / "features.f16", work / "pictures.jsonl"
    drawn = list(drawings.collect(packages))
    tasks = plan(drawn)[:most]
    done = len(listed.read_text().splitlines()) if listed.exists() else 0
    trunk = session(backbone.feature_model(state)) if done < len(tasks) else None
    width = backbone.HEAD_INPUTS
    with open(features, "ab") as out, open(listed, "a", encoding="utf-8") as lines:
        out.truncate(done * width * 2)
        for number in range(done, len(tasks)):
            variant, i = tasks[number]
            record, svg = drawn[i]
            shown = picture(variant, i, svg)
            row = np.zeros(width, np.float16)
            if shown is not None:
                row = trunk.run(None, {"pixel_values": pixel_values(shown)})[0][0]
            out.write(row.astype(np.float16).tobytes())
            line = {"variant": variant, "drawn": shown is not None, **record}
            if shown is not None:
                line["pixels"] = digest(shown)
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")
            if number % REPORT == 0:
                out.flush()
                lines.flush()
                print(f"{number} of {len(tasks)} pictures", flush=True)
    return read(work, most)


def read(work, most):
    records = [json.loads(line) for line in (work / "pictures.jsonl").read_text().splitlines()]
    features = np.memmap(work / "features.f16", np.float16, "r").reshape(-1, backbone.HEAD_INPUTS)
    n = min(len(records), len(features), most)
    return features[:n], records[:n]
