"""Drawings with names: what the bundled model learns drawn things from.

Reads emoji, icon and flag sets (iconify JSON) and the Open Clip Art Library (SVG with
Dublin Core metadata). One record: {"source", "style", "concept", "kind", "texts"}; the
first text names what is drawn, the others are keywords or a description.
"""

import html
import io
import json
import random
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import resvg_py
from PIL import Image

SIDE = 224
SKIN = re.compile(r"skin-tone|type-[1-6]$|-(light|medium-light|medium|medium-dark|dark)$")
# Sizes and letters' cases of one icon.
TWIN = re.compile(r"(-negative|-outline|-rtl|-\d+|-4x3|-1x1|-static|-off)$")
EMOJI_STYLES = [
    "noto", "noto-v1", "twemoji", "fluent-emoji", "fluent-emoji-flat", "emojione", "fxemoji",
    "streamline-emojis", "fluent-emoji-high-contrast", "emojione-monotone",
]
FLAG_STYLES = ["flag", "circle-flags"]
ICON_STYLES = [
    "flat-color-icons", "game-icons", "healthicons", "icon-park", "lucide", "maki",
    "meteocons", "fluent-color", "streamline-ultimate-color", "streamline-freehand-color",
]
# How many drawings are taken of a set, so that none outweighs the others.
MOST = {
    "game-icons": 900, "healthicons": 700, "icon-park": 700, "lucide": 500,
    "streamline-freehand-color": 700, "fluent-emoji-high-contrast": 900,
    "emojione-monotone": 900, "flag": 255,
}
# Sets whose names run words together: only names that Unicode knows are read.
UNSPACED_STYLES = {"fxemoji"}
DC = "{http://purl.org/dc/elements/1.1/}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
SHAPES = "path,circle,rect,ellipse,polygon,polyline,line"


def slug(text):
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def key(name):
    """One key for the spellings of a name: hyphens and the word order of flags differ."""
    bare = slug(name).replace("flag-for-flag-", "flag-").replace("flag-for-", "flag-")
    bare = bare.replace("-", "")
    if bare.endswith("flag") and len(bare) > 8:
        bare = "flag" + bare.removesuffix("flag")
    return bare


def emoji_names(folder):
    """(code, texts) of emoji by key, from Unicode CLDR as emojibase gives them, and of
    flags by the two letters of the country."""
    named, countries = {}, {}
    for entry in json.loads((folder / "en" / "data.json").read_text()):
        label = entry["label"].lower()
        texts = [label] + [tag for tag in entry.get("tags", []) if len(tag) > 1]
        if label.startswith("flag: "):
            country = label.removeprefix("flag: ")
            texts = [label, country, f"flag of {country}", f"{country} flag", "national flag"]
            points = [int(code, 16) - 0x1F1E6 for code in entry["hexcode"].split("-")]
            if len(points) == 2:
                letters = "".join(chr(ord("a") + point) for point in points)
                countries[letters] = entry["hexcode"], texts
        named[key(entry["label"])] = entry["hexcode"], texts
    return named, countries


def icon_set(folder, style, names, countries):
    """Records and SVG texts of one iconify set."""
    icons = json.loads((folder / "icons.json").read_text())
    width, height = icons.get("width", 16), icons.get("height", 16)
    seen, found = set(), []
    for name, icon in icons["icons"].items():
        bare = TWIN.sub("", TWIN.sub("", name))
        if icon.get("hidden") or SKIN.search(name) or bare in seen:
            continue
        if style in FLAG_STYLES and bare not in countries:
            continue
        seen.add(bare)
        size = icon.get("width", width), icon.get("height", height)
        origin = icon.get("left", 0), icon.get("top", 0)
        svg = (f'<svg xmlns="http://www.w3.org/2000/svg" '
               f'xmlns:xlink="http://www.w3.org/1999/xlink" '
               f'viewBox="{origin[0]} {origin[1]} {size[0]} {size[1]}">{icon["body"]}</svg>')
        named = names.get(key(name)) or names.get(key(bare))
        if style in UNSPACED_STYLES and not named:
            continue
        if style in FLAG_STYLES:
            concept, texts = countries[bare]
        else:
            concept, texts = named or (f"{style}:{bare}", [bare.replace("-", " ")])
        kind = "icon" if style in ICON_STYLES else "emoji"
        found.append(({"source": f"{style}/{name}", "style": style, "concept": concept,
                       "kind": kind, "texts": texts}, svg))
    most = MOST.get(style, len(found))
    return found if len(found) <= most else random.Random(1).sample(found, most)


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


def collect(packages):
    """Every drawing under `packages`: a record, and an SVG text or the path of one."""
    names, countries = emoji_names(packages / "emojibase-data")
    for style in [*EMOJI_STYLES, *FLAG_STYLES, *ICON_STYLES]:
        yield from icon_set(packages / style, style, names, countries)
    yield from clip_art(packages / "openclipart-svg")


def outlined_svg(svg, chance):
    """The drawing with a dark line round each of its shapes, as flat styles have it."""
    box = re.search(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', svg)
    line = float(box[1]) * chance.choice([0.015, 0.025, 0.035])
    fill = chance.choice(["", "", "", "", "fill:none;"])
    style = (f"<style>{SHAPES}{{{fill}stroke:#000;stroke-width:{line:.3f};"
             f"stroke-linejoin:round;stroke-linecap:round}}</style>")
    return svg.replace(">", f">{style}", 1)


def render(svg, chance):
    """The drawing on white, or None where it cannot be drawn. A third is drawn small and
    enlarged, as small pictures are in use."""
    side = chance.choice([72, 128, 224]) if chance.random() < 0.34 else SIDE
    source = {"svg_path": str(svg)} if isinstance(svg, Path) else {"svg_string": svg}
    try:
        png = resvg_py.svg_to_bytes(width=side, height=side, background="white", **source)
        picture = Image.open(io.BytesIO(bytes(png))).convert("RGB")
    except BaseException:  # noqa: BLE001, the renderer panics on some of them
        return None
    margin = chance.randint(0, side // 6)
    framed = Image.new("RGB", (side + 2 * margin,) * 2, "white")
    scale = side / max(picture.size)
    picture = picture.resize([max(1, round(edge * scale)) for edge in picture.size], Image.BICUBIC)
    framed.paste(picture, [(framed.width - picture.width) // 2,
                           (framed.height - picture.height) // 2])
    framed = framed.resize((SIDE, SIDE), Image.BICUBIC)
    return None if np.asarray(framed).min() > 250 else framed
