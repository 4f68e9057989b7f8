#!/usr/bin/env python3
"""Pictures with lines of text, to measure how well text in pictures is read.

Writes into the folder `ocr` next to this script
  sheet-N.png, sheet-N.jpg   lines in several fonts, sizes, colours and angles
  lines.json                 {"sheet-N.png": [{"text": ..., "box": [x, y, width, height]}, ...]}

The boxes are those of the ink in pixels. Texts are written for this purpose.
Output is the same for one version of Pillow: the random numbers have a fixed seed.

Made with Python 3.12, Pillow 11.3 and the DejaVu fonts:
  python3 tests/reference/ocr_lines.py /usr/share/fonts/truetype/dejavu
"""
import json
import pathlib
import random
import sys

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

HERE = pathlib.Path(__file__).parent / "ocr"
FONTS = {
    "sans": "DejaVuSans.ttf", "sans bold": "DejaVuSans-Bold.ttf",
    "serif": "DejaVuSerif.ttf", "serif italic": "DejaVuSerif-Italic.ttf",
    "mono": "DejaVuSansMono.ttf", "condensed": "DejaVuSansCondensed.ttf",
    "oblique": "DejaVuSans-Oblique.ttf", "pillow": None,
}
# Background, ink, degrees, what is done to the whole sheet, lines: (text, font, size).
SHEETS = [
    ("#ffffff", "#101820", 0, "", [
        ("Error E-42: coolant level too low", "sans", 20),
        ("Press START to continue", "serif", 22),
        ("Order number KX-3050-B", "mono", 18),
        ("Maximum pressure 16 bar", "condensed", 20),
        ("Replace the filter every 500 hours", "serif italic", 20),
        ("Serial 0047 1189 2206", "pillow", 20),
    ]),
    ("#0e1a24", "#cfe2ec", 0, "", [
        ("Pump 3 stopped", "sans bold", 24),
        ("Temperature 84.6 degrees", "sans", 16),
        ("Last service 14.03.2026", "mono", 16),
        ("Battery 12 %", "pillow", 18),
        ("No network", "oblique", 18),
        ("Firmware 4.11.2 installed", "condensed", 16),
    ]),
    ("#ffe08a", "#5a1a00", 0, "", [
        ("WARNING", "sans bold", 34),
        ("Hot surface. Do not touch.", "sans", 18),
        ("Disconnect power before opening", "serif", 16),
        ("Use gloves and eye protection", "pillow", 17),
        ("Store below 40 degrees", "condensed", 18),
        ("See manual, page 27", "serif italic", 18),
    ]),
    ("#e9eef2", "#22303c", 0, "small", [
        ("Zone 1 day 21.5 night 18.0", "sans", 12),
        ("Zone 2 day 20.0 night 17.5", "pillow", 12),
        ("Gateway 10.0.8.254", "mono", 12),
        ("Signal strength good", "serif", 12),
        ("Next irrigation at 06:45", "condensed", 12),
        ("Total water 1384 litres", "sans", 12),
    ]),
    ("#dfe6dd", "#17301f", 7, "", [
        ("Spare part list", "serif", 24),
        ("Shaft seal SP-7714", "sans", 20),
        ("Gasket set GS-0302", "mono", 18),
        ("Bearing 6204-2RS", "condensed", 20),
        ("Torque 25 Nm", "pillow", 20),
        ("Tighten crosswise", "oblique", 20),
    ]),
    ("#f4f1ea", "#2b2118", -4, "blurred", [
        ("Cleaning instructions", "sans bold", 22),
        ("Rinse with warm water only", "serif", 19),
        ("Never use bleach or solvents", "sans", 18),
        ("Dry for at least 24 hours", "pillow", 19),
        ("Article 93-1150", "mono", 18),
        ("Made for indoor use", "serif italic", 19),
    ]),
]


def font(folder, name, size):
    if FONTS[name] is None:
        return ImageFont.load_default(size=size)
    return ImageFont.truetype(str(folder / FONTS[name]), size)


def main():
    folder = pathlib.Path(sys.argv[1])
    HERE.mkdir(exist_ok=True)
    noise = random.Random(7)
    truth = {}
    for n, (paper, ink, degrees, kind, lines) in enumerate(SHEETS, 1):
        size = (460, 330)
        sheet = Image.new("RGB", size, paper)
        found = []
        for i, (text, name, height) in enumerate(lines):
            mask = Image.new("L", size, 0)
            place = (34 + (i % 2) * 18, 24 + i * 50)
            ImageDraw.Draw(mask).text(place, text, 255, font(folder, name, height))
            mask = mask.rotate(degrees, Image.BICUBIC)
            left, top, right, bottom = mask.point(lambda v: 255 * (v > 64)).getbbox()
            found.append({"text": text, "box": [left, top, right - left, bottom - top]})
            sheet.paste(Image.new("RGB", size, ink), (0, 0), mask)
        if kind == "small":
            sheet = sheet.quantize(16).convert("RGB")
        if kind == "blurred":
            sheet = sheet.filter(ImageFilter.GaussianBlur(0.8))
            grain = Image.new("L", size)
            grain.putdata([noise.randrange(0, 24) for _ in range(size[0] * size[1])])
            sheet = ImageChops.subtract(sheet, Image.merge("RGB", [grain] * 3))
        name = f"sheet-{n}.jpg" if kind == "blurred" else f"sheet-{n}.png"
        if name.endswith("jpg"):
            sheet.save(HERE / name, quality=60)
        else:
            sheet.quantize(48).save(HERE / name, optimize=True)
        truth[name] = found
    text = json.dumps(truth, indent=1)
    (HERE / "lines.json").write_text(text + "\n")


main()
