"""Drawings with names: what the bundled model learns drawn things from.

Reads emoji and icon sets (iconify JSON) and the Open Clip Art Library (SVG
with Dublin Core metadata), renders each drawing to 224 x 224 pixels over
white, and writes `drawings.jsonl` beside one array of pixels.

One record: {"source", "style", "concept", "texts": [...]}; the first text
names what is drawn. Texts that an evaluation set asks for are left out
(see `exclusions.py`).
"""

import html
import io
import json
import random
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

SIDE = 224
SKIN = re.compile(r"(light|medium|dark)-skin-tone|-skin-tone|type-[1-6]$")
EMOJI_STYLES = [
    "noto", "noto-v1", "twemoji", "fluent-emoji", "fluent-emoji-flat", "emojione", "fxemoji",
    "streamline-emojis",
]
ICON_STYLES = ["game-icons", "flat-color-icons", "healthicons"]
DC = "{http://purl.org/dc/elements/1.1/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def slug(text):
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def emoji_names(folder):
    """Names and keywords of emoji by slug, from Unicode CLDR as emojibase gives them."""
    entries = json.loads((folder / "en" / "data.json").read_text())
    named = {}
    for entry in entries:
        texts = [entry["label"].lower()] + [tag for tag in entry.get("tags", []) if len(tag) > 1]
        named[slug(entry["label"])] = (entry["hexcode"], texts)
    return named


def icon_set(folder, style, names):
    icons = json.loads((folder / "icons.json").read_text())
    width, height = icons.get("width", 16), icons.get("height", 16)
    emoji = style in EMOJI_STYLES
    for name, icon in icons["icons"].items():
        if icon.get("hidden") or SKIN.search(name) or name.endswith(("-negative", "-outline")):
            continue
        size = icon.get("width", width), icon.get("height", height)
        origin = icon.get("left", 0), icon.get("top", 0)
        svg = (f'<svg xmlns="http://www.w3.org/2000/svg" '
               f'xmlns:xlink="http://www.w3.org/1999/xlink" '
               f'viewBox="{origin[0]} {origin[1]} {size[0]} {size[1]}">{icon["body"]}</svg>')
        bare = re.sub(r"-\d+$", "", name)
        concept, texts = names.get(name) or names.get(bare) or (
            f"{style}:{bare}", [bare.replace("-", " ")])
        kind = "emoji" if emoji else "icon"
        yield {"source": f"{style}/{name}", "style": style, "concept": concept, "kind": kind,
               "texts": texts}, svg


def clip_art(folder):
    for path in sorted(folder.rglob("*.svg")):
        try:
            root = ElementTree.parse(path).getroot()
        except (ElementTree.ParseError, UnicodeDecodeError, LookupError, ValueError):
            continue
        title = root.findtext(f".//{DC}title") or ""
        title = re.sub(r"\s+", " ", html.unescape(title)).strip().lower()
        title = re.sub(r"[_\d]+", " ", title).strip()
        if len(title) < 3:
            continue
        subject = root.find(f".//{DC}subject")
        words = [] if subject is None else [
            (item.text or "").strip().lower() for item in subject.iter(f"{RDF}li")]
        words = [word for word in words if 2 < len(word) < 30 and "clip" not in word]
        about = re.sub(r"\s+", " ", root.findtext(f".//{DC}description") or "").strip()
        texts = [title] + ([about] if 8 < len(about) < 200 else []) + words[:12]
        yield {"source": str(path.relative_to(folder)), "style": "openclipart",
               "concept": f"clip:{slug(title)}", "kind": "drawing", "texts": texts}, path


def render(task):
    """Pixels of one drawing over white, or None where it cannot be drawn. A third
    of them is drawn small and enlarged, as small pictures are in use."""
    index, svg = task
    chance = random.Random(index)
    side = chance.choice([72, 128, 224]) if chance.random() < 0.34 else SIDE
    try:
        source = {"svg_path": str(svg)} if isinstance(svg, Path) else {"svg_string": svg}
        png = resvg_py.svg_to_bytes(width=side, height=side, background="white", **source)
        picture = Image.open(io.BytesIO(bytes(png))).convert("RGB")
    except (ValueError, OSError, RuntimeError, BaseException):  # noqa: B014, a panic in the renderer
        return None
    margin = chance.randint(0, side // 6)
    framed = Image.new("RGB", (side + 2 * margin,) * 2, "white")
    scale = side / max(picture.size)
    picture = picture.resize([max(1, round(edge * scale)) for edge in picture.size], Image.BICUBIC)
    framed.paste(picture, [(framed.width - picture.width) // 2,
                           (framed.height - picture.height) // 2])
    pixels = np.asarray(framed.resize((SIDE, SIDE), Image.BICUBIC))
    return None if pixels.min() > 250 else pixels


def collect(packages):
    names = emoji_names(packages / "emojibase-data")
    for style in EMOJI_STYLES + ICON_STYLES:
        yield from icon_set(packages / style, style, names)
    yield from clip_art(packages / "openclipart")


def write(packages, folder):
    """Renders everything under `packages` into `folder`; returns the number of drawings."""
    drawn = list(collect(packages))
    with Pool() as pool:
        rendered = pool.map(render, list(enumerate(svg for _, svg in drawn)), chunksize=64)
    kept = [(record, pixels) for (record, _), pixels in zip(drawn, rendered) if pixels is not None]
    np.save(folder / "drawings.npy", np.stack([pixels for _, pixels in kept]))
    with open(folder / "drawings.jsonl", "w", encoding="utf-8") as out:
        for record, _ in kept:
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    return len(kept)
