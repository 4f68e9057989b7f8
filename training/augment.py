"""Other styles of the same drawing: flat colours with dark outlines, other hues,
grey, turned, nearer and farther."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps


def outlined(picture, chance):
    """Few flat colours, or none, with a dark line round every area."""
    flat = picture.filter(ImageFilter.MedianFilter(5)).quantize(chance.choice([5, 7, 9]))
    flat = flat.convert("RGB")
    highest, lowest = flat.filter(ImageFilter.MaxFilter(5)), flat.filter(ImageFilter.MinFilter(5))
    contrast = chance.choice([18, 30, 45])
    edges = ImageChops.subtract(highest, lowest).convert("L")
    edges = edges.point(lambda value: 255 if value > contrast else 0)
    if chance.random() < 0.5:
        edges = edges.filter(ImageFilter.MaxFilter(3))
    if chance.random() < 0.8:
        drawn = ImageEnhance.Color(flat).enhance(chance.choice([0.6, 1.0, 1.3]))
    else:
        drawn = Image.new("RGB", picture.size, "white")
    drawn.paste((0, 0, 0), mask=edges)
    return drawn


def another_hue(picture, turn):
    hue, saturation, value = picture.convert("HSV").split()
    turned = hue.point(lambda angle: (angle + turn) % 256)
    return Image.merge("HSV", (turned, saturation, value)).convert("RGB")


def moved(picture, chance):
    """Other hues or grey, turned, nearer or farther."""
    if chance.random() < 0.3:
        picture = another_hue(picture, chance.randint(0, 255))
    if chance.random() < 0.12:
        picture = ImageOps.grayscale(picture).convert("RGB")
    if chance.random() < 0.4:
        angle = chance.uniform(-12, 12)
        picture = picture.rotate(angle, fillcolor="white", resample=Image.BICUBIC)
    if chance.random() < 0.5:
        margin = int(picture.width * chance.uniform(0.0, 0.15)) // 2
        if chance.random() < 0.5:
            side = picture.width - margin
            picture = picture.crop((margin, margin, side, side))
        else:
            picture = ImageOps.expand(picture, margin, "white")
    return picture


def background(side, chance):
    """A made-up surrounding: smooth patches of a few colours, with grain."""
    numbers = np.random.default_rng(chance.randint(0, 2**31))
    cells = chance.choice([2, 3, 6, 12, 24])
    patches = numbers.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
    if chance.random() < 0.5:  # one tone
        tone = numbers.integers(30, 226, 3)
        patches = np.clip(tone + numbers.normal(0, 25, patches.shape), 0, 255).astype(np.uint8)
    smooth = chance.choice([Image.BICUBIC, Image.BILINEAR])
    grain = numbers.normal(0, chance.uniform(0, 14), (side, side, 1))
    field = np.asarray(Image.fromarray(patches).resize((side, side), smooth), np.float32) + grain
    return Image.fromarray(np.clip(field, 0, 255).astype(np.uint8))


def photographed(picture, chance):
    """The drawing as an object in a surrounding, lit from one side, a little blurred
    and with grain: what lies on white paper in the drawing is cut out."""
    side = picture.width
    numbers = np.asarray(picture)
    paper = Image.fromarray(((numbers.min(2) > 245) * 255).astype(np.uint8)).convert("L")
    for corner in [(0, 0), (side - 1, 0), (0, side - 1), (side - 1, side - 1)]:
        if paper.getpixel(corner) == 255:
            ImageDraw.floodfill(paper, corner, 128)
    cut = paper.point(lambda value: 0 if value == 128 else 255)
    cut = cut.filter(ImageFilter.GaussianBlur(1))
    light = np.linspace(chance.uniform(0.6, 1.0), chance.uniform(0.9, 1.25), side)
    light = light[None, :, None] if chance.random() < 0.5 else light[:, None, None]
    grain = np.random.default_rng(chance.randint(0, 2**31))
    numbers = numbers * light + grain.normal(0, chance.uniform(2, 12), numbers.shape)
    lit = Image.fromarray(np.clip(numbers, 0, 255).astype(np.uint8))
    placed = background(side, chance)
    size = int(side * chance.uniform(0.55, 1.1))
    at = (chance.randint(min(0, side - size), max(0, side - size)),
          chance.randint(min(0, side - size), max(0, side - size)))
    placed.paste(lit.resize((size, size), Image.BICUBIC), at, cut.resize((size, size)))
    if chance.random() < 0.5:
        placed = placed.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 1.2)))
    return placed
