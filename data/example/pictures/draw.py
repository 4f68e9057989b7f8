#!/usr/bin/env python3
"""Draws every picture of the Orrendale example knowledge base.

Nobody needs to run this: the pictures are committed beside it.
To draw them again, with Python 3 and Pillow 10.1 or later:

    python3 data/example/pictures/draw.py

The output is deterministic for one version of Pillow: no clock, no random
numbers.  Everything is drawn at three times the size and scaled down, then
reduced to a palette.  Pictures land in the folder of this script.
"""
import math
import os

from PIL import Image, ImageDraw, ImageFont

HERE = os.path.dirname(os.path.abspath(__file__))
S = 3
FONTS = {}

INK, GREY, LIGHT, WHITE = "#22303c", "#7b8794", "#eef1f4", "#ffffff"
RED, AMBER, GREEN, BLUE, VIOLET = "#e02b2b", "#ffa51f", "#27c04a", "#2f80ff", "#a24bff"
YELLOW, DARK, OFF, TEAL = "#ffd21f", "#333d47", "#4a5560", "#1d7f86"
BROWN, STEEL, STEEL2, BRAND = "#8a5a2b", "#b9c2cb", "#8e99a4", "#0f5c7a"


def font(size):
    size = int(size * S)
    if size not in FONTS:
        FONTS[size] = ImageFont.load_default(size=size)
    return FONTS[size]


class Pic:
    """A canvas with coordinates in final pixels."""

    def __init__(self, w=480, h=320, bg=LIGHT):
        self.w, self.h = w, h
        self.im = Image.new("RGB", (w * S, h * S), bg)
        self.d = ImageDraw.Draw(self.im)

    def rr(self, x0, y0, x1, y1, r=6, fill=None, line=None, w=1.5):
        self.d.rounded_rectangle([x0 * S, y0 * S, x1 * S, y1 * S], r * S, fill, line,
                                 max(1, int(w * S)) if line else 0)

    def el(self, x, y, rx, ry=None, fill=None, line=None, w=1.5):
        ry = rx if ry is None else ry
        self.d.ellipse([(x - rx) * S, (y - ry) * S, (x + rx) * S, (y + ry) * S], fill, line,
                       max(1, int(w * S)) if line else 0)

    def ln(self, pts, fill=INK, w=2):
        p = [(x * S, y * S) for x, y in pts]
        self.d.line(p, fill, max(1, int(w * S)), joint="curve")
        if w >= 2:
            r = w * S / 2
            for x, y in p:
                self.d.ellipse([x - r, y - r, x + r, y + r], fill)

    def po(self, pts, fill=None, line=None, w=1.5):
        self.d.polygon([(x * S, y * S) for x, y in pts], fill)
        if line:
            self.ln(list(pts) + [pts[0]], line, max(w, 2))

    def arc(self, x, y, r, a, b, fill=INK, w=2):
        self.d.arc([(x - r) * S, (y - r) * S, (x + r) * S, (y + r) * S], a, b, fill, int(w * S))

    def tx(self, x, y, s, size=13, fill=INK, a="mm", bold=False):
        self.d.text((x * S, y * S), s, fill, font(size), a,
                    stroke_width=1 if bold else 0, stroke_fill=fill)

    def arrow(self, x0, y0, x1, y1, fill=INK, w=2):
        self.ln([(x0, y0), (x1, y1)], fill, w)
        t = math.atan2(y1 - y0, x1 - x0)
        self.po([(x1 + 4 * math.cos(t), y1 + 4 * math.sin(t)),
                 (x1 - 8 * math.cos(t - .5), y1 - 8 * math.sin(t - .5)),
                 (x1 - 8 * math.cos(t + .5), y1 - 8 * math.sin(t + .5))], fill)

    def shade(self, x0, y0, x1, y1, top, bottom):
        """A vertical gradient, for bodies that should look round."""
        a, b = [tuple(int(c[i:i + 2], 16) for i in (1, 3, 5)) for c in (top, bottom)]
        n = int((y1 - y0) * S)
        for i in range(n):
            c = tuple(a[k] + (b[k] - a[k]) * i // n for k in range(3))
            self.d.line([x0 * S, y0 * S + i, x1 * S, y0 * S + i], c)

    def led(self, x, y, c, r=9, mode="on"):
        if mode == "off":
            self.el(x, y, r, fill=OFF, line="#20272e")
            return
        if mode != "on":
            n = 12
            for i in range(n):
                t = 2 * math.pi * i / n
                self.ln([(x + (r + 4) * math.cos(t), y + (r + 4) * math.sin(t)),
                         (x + (r + 10) * math.cos(t), y + (r + 10) * math.sin(t))], c, 1.6)
        self.el(x, y, r + 2, fill="#111820")
        self.el(x, y, r, fill=c)
        self.el(x - r * .3, y - r * .35, r * .25, fill="#ffffff")

    def screw(self, x, y, r=4):
        self.el(x, y, r, fill=STEEL, line=STEEL2, w=1)
        self.ln([(x - r * .6, y - r * .6), (x + r * .6, y + r * .6)], "#5f6b76", 1)

    def title(self, s, sub=None):
        self.tx(self.w / 2, 16, s, 15, INK, bold=True)
        if sub:
            self.tx(self.w / 2, 34, sub, 11, GREY)

    def save(self, name, colours=64, orientation=None):
        im = self.im.resize((self.w, self.h), Image.LANCZOS)
        path = os.path.join(HERE, name)
        if name.endswith(".png"):
            # maximum coverage keeps small spots of colour, such as a status light
            im.quantize(colours + 32, method=Image.Quantize.MAXCOVERAGE, kmeans=2,
                        dither=Image.Dither.NONE).save(path, optimize=True)
        elif name.endswith(".jpg"):
            more = {}
            if orientation == 6:  # stored lying on its side, a viewer turns it upright
                im = im.transpose(Image.Transpose.ROTATE_90)
                exif = Image.Exif()
                exif[0x0112] = 6
                more["exif"] = exif
            im.save(path, quality=86, optimize=True, **more)
        else:
            im.save(path, quality=86, method=6)


# ---------------------------------------------------------------- parts

def rj45(p, x, y, w=30, label=None, led=None):
    p.rr(x, y, x + w, y + w * .85, 2, "#1b2229", "#68747f", 1.2)
    p.po([(x + w * .2, y + w * .2), (x + w * .8, y + w * .2), (x + w * .8, y + w * .62),
          (x + w * .65, y + w * .62), (x + w * .65, y + w * .76), (x + w * .35, y + w * .76),
          (x + w * .35, y + w * .62), (x + w * .2, y + w * .62)], "#05080b")
    for i in range(5):
        p.ln([(x + w * (.28 + .11 * i), y + w * .22), (x + w * (.28 + .11 * i), y + w * .36)], "#d6a94b", 1)
    if led:
        p.rr(x + 2, y + 1.5, x + 7, y + 4.5, 1, led)
    if label:
        p.tx(x + w / 2, y + w * .85 + 9, label, 9.5)


def terminals(p, x, y, n, step=13, c="#3f9b57", labels=None):
    p.rr(x, y, x + n * step + 2, y + 20, 2, c, "#2a5e38", 1)
    for i in range(n):
        p.el(x + 7.5 + i * step, y + 7, 3.6, fill=STEEL, line="#3b444d", w=1)
        p.ln([(x + 5.5 + i * step, y + 7), (x + 9.5 + i * step, y + 7)], "#3b444d", 1)
        p.rr(x + 4 + i * step, y + 13, x + 11 + i * step, y + 18, 1, "#12241a")
        if labels:
            p.tx(x + 7.5 + i * step, y + 28, labels[i], 8.5)


def rail(p, y):
    p.shade(0, y, p.w, y + 34, "#d5dbe0", "#a5afb8")
    for i in range(12):
        p.rr(15 + i * 42, y + 13, 33 + i * 42, y + 21, 4, "#7f8a95")


def body(p, x0, y0, x1, y1, c="#3b4650", edge="#1d252c", r=10):
    p.rr(x0 + 4, y0 + 5, x1 + 4, y1 + 5, r, "#c2c9d0")
    p.rr(x0, y0, x1, y1, r, c, edge, 2)
    p.rr(x0 + 3, y0 + 3, x1 - 3, y0 + 9, 3, "#5d6a76" if c != WHITE else "#f5f7f9")


def brand(p, x, y, model, fill=WHITE, size=15):
    p.tx(x, y, "ORRENDALE", 8, fill, "lm")
    p.tx(x, y + 14, model, size, fill, "lm", bold=True)


# ---------------------------------------------------------------- controllers

def lcd(p, x, y, w, h, rows, sel=None, size=11):
    p.rr(x - 5, y - 5, x + w + 5, y + h + 5, 5, "#1b2229")
    p.rr(x, y, x + w, y + h, 2, "#b7cf8f")
    step = h / max(len(rows), 1)
    for i, r in enumerate(rows):
        if i == sel:
            p.rr(x + 2, y + i * step + 1, x + w - 2, y + (i + 1) * step - 1, 1, "#28361a")
        p.tx(x + 7, y + (i + .5) * step, r, size, "#b7cf8f" if i == sel else "#28361a", "lm")


def front_fell_200():
    p = Pic()
    rail(p, 140)
    body(p, 150, 46, 330, 276, "#e6e2d6", "#8d8878")
    terminals(p, 160, 54, 12)
    terminals(p, 160, 248, 12)
    lcd(p, 200, 100, 112, 58, ["Zone 1   21.4 °C", "RH  74 %   DAY", "Vent 30 %"], size=9.5)
    for i, (n, c, m) in enumerate([("PWR", GREEN, "on"), ("RUN", GREEN, "on"), ("ALM", RED, "off")]):
        p.led(172, 104 + i * 24, c, 5, m)
        p.tx(172, 115 + i * 24, n, 7.5)
    for i, n in enumerate(["MENU", "<", ">", "OK"]):
        p.rr(196 + i * 31, 178, 222 + i * 31, 196, 5, "#5f6b76", "#3b444d")
        p.tx(209 + i * 31, 187, n, 8, WHITE)
    brand(p, 196, 214, "Fell 200", BRAND)
    p.title("Fell 200", "order number OC-200")
    p.save("front-fell-200.png")


def fell_body(p, x=70, two=False):
    rail(p, 140)
    body(p, x, 50, x + 340, 276)
    terminals(p, x + 14, 58, 24)
    terminals(p, x + 14, 250, 24, c="#2f7fb0")
    if two:
        p.shade(x + 2, 92, x + 338, 106, "#3aa0ff", "#1a6fd0")
    rj45(p, x + 30, 128, 38, None, GREEN)
    p.tx(x + 49, 170, "ETH1" if two else "ETH", 10, WHITE)
    if two:
        rj45(p, x + 80, 128, 38, None, GREEN)
        p.tx(x + 99, 170, "ETH2", 10, WHITE)
    names = ["PWR", "RUN", "ALM", "BUS"] + (["RING"] if two else [])
    x0 = x + (142 if two else 116)
    for i, n in enumerate(names):
        on = n != "ALM"
        p.led(x0 + i * 32, 142, GREEN, 6, "on" if on else "off")
        p.tx(x0 + i * 32, 160, n, 9, WHITE)
    p.rr(x + 296, 124, x + 326, 186, 4, "#55616c", "#1d252c")
    p.tx(x + 311, 155, "SD", 10, WHITE)
    brand(p, x + 30, 204, "Fell 400X" if two else "Fell 400", WHITE, 20)
    p.el(x + 270, 214, 3, fill="#05080b")
    p.tx(x + 266, 228, "reset", 8, "#cfd6dc")


def front_fell_400():
    p = Pic()
    fell_body(p)
    p.title("Fell 400", "order number OC-400")
    p.save("front-fell-400.png")


def front_fell_400x():
    p = Pic()
    fell_body(p, two=True)
    p.title("Fell 400X", "order number OC-410")
    p.save("front-fell-400x.png")


def led_panel(name, device, lights, note, colour="#3b4650", ink=WHITE, w=420, h=190):
    """lights: (label, colour, mode, words) with mode on, off or blink."""
    p = Pic(w, h)
    body(p, 24, 34, w - 24, h - 44, colour)
    p.tx(w / 2, 17, device, 14, INK, bold=True)
    n = len(lights)
    for i, (lab, c, m, words) in enumerate(lights):
        x = 24 + (w - 48) * (i + .5) / n
        p.led(x, 74, c, 13, m)
        p.tx(x, 106, lab, 13, ink, bold=True)
        p.tx(x, 125, words, 10.5, ink)
    p.tx(w / 2, h - 20, note, 12, INK)
    p.save(name, 48)


def led_panels():
    ok = ("PWR", GREEN, "on", "steady")
    run = ("RUN", GREEN, "blink", "slow blink")
    quiet = ("ALM", RED, "off", "dark")
    bus = ("BUS", GREEN, "on", "steady")
    f4 = [
        ("normal", [ok, run, quiet, bus], "normal operation"),
        ("low-supply", [("PWR", AMBER, "on", "amber"), run, quiet, bus], "supply below 20.4 V"),
        ("update", [ok, ("RUN", GREEN, "blink", "fast, 5/s"), quiet, ("BUS", GREEN, "off", "dark")],
         "firmware update in progress"),
        ("alarm-new", [ok, run, ("ALM", RED, "blink", "blinking"), bus], "new alarm"),
        ("alarm-acked", [ok, run, ("ALM", RED, "on", "steady"), bus], "alarm acknowledged, still present"),
        ("bus-missing", [ok, run, quiet, ("BUS", AMBER, "blink", "double flash")], "sensor missing"),
        ("bus-short", [ok, run, quiet, ("BUS", RED, "on", "steady red")], "short circuit on the bus"),
    ]
    for n, l, note in f4:
        led_panel(f"leds-fell-400-{n}.png", "Fell 400", l, note)
    led_panel("leds-fell-400x-ring-open.png", "Fell 400X",
              [ok, run, ("ALM", RED, "blink", "blinking"), bus, ("RING", GREEN, "off", "dark")],
              "ring open, E-38", "#1d5fae")
    led_panel("leds-fell-200-normal.png", "Fell 200", [ok, run, quiet], "normal operation", "#e6e2d6", INK)
    led_panel("leds-fell-200-bus-fault.png", "Fell 200", [ok, run, ("ALM", RED, "blink", "double flash")],
              "sensor bus fault", "#e6e2d6", INK)
    wan = ("WAN", GREEN, "off", "dark")
    white = ("CLOUD", "#f4f8ff", "on", "white")
    g2 = [
        ("connected", [ok, wan, ("LTE", BLUE, "on", "steady blue"), white], "online by mobile network"),
        ("registering", [ok, wan, ("LTE", BLUE, "blink", "blinking"), ("CLOUD", WHITE, "off", "dark")],
         "looking for a network"),
        ("no-sim", [ok, wan, ("LTE", RED, "on", "red"), ("CLOUD", WHITE, "off", "dark")], "no SIM or SIM locked"),
        ("queueing", [ok, ("WAN", GREEN, "on", "green"), ("LTE", BLUE, "off", "dark"),
                      ("CLOUD", AMBER, "blink", "amber, blinks")], "server not reached, queueing"),
    ]
    for n, l, note in g2:
        led_panel(f"leds-g2-{n}.png", "Tarn G2", l, note, "#5a3d7a")
    for n, c, m, note in [("measuring", BLUE, "blink", "short flash every 10 s"),
                          ("fault", RED, "blink", "blinking: internal fault"),
                          ("addressing", VIOLET, "on", "steady: addressing mode")]:
        p = Pic(320, 220)
        p.tx(160, 17, "Rook sensor light", 14, INK, bold=True)
        p.rr(92, 40, 236, 186, 40, "#cfd6dc")
        p.rr(88, 36, 232, 182, 40, WHITE, STEEL2, 2)
        p.led(160, 92, c, 18, m)
        p.tx(160, 140, "ROOK", 16, BRAND, bold=True)
        p.el(160, 162, 4, fill=GREY)
        p.tx(160, 204, note, 12.5)
        p.save(f"leds-rook-{n}.png", 48)
    p = Pic(420, 200)
    body(p, 20, 34, 400, 160, "#2c5b4a")
    p.tx(210, 17, "Tarn S8, port lights", 14, INK, bold=True)
    for i in range(6):
        x = 42 + i * 57
        rj45(p, x, 84, 42)
        p.led(x + 21, 64, RED if i == 5 else GREEN, 8, "on")
        p.tx(x + 21, 136, str(i + 1), 14, WHITE, bold=True)
    p.tx(210, 181, "port 6 red: PoE budget used up", 12.5)
    p.save("leds-s8-poe-overload.png")


# ---------------------------------------------------------------- pumps

def drive(p, x, y, w=110, code="70 bar"):
    p.rr(x, y, x + w, y + 56, 7, "#2b343c", "#12181d", 2)
    p.rr(x + 10, y + 9, x + w - 36, y + 33, 3, "#0a1a10")
    p.tx(x + (w - 26) / 2, y + 21, code, 13, "#7dff9a")
    for i in range(3):
        p.rr(x + 12 + i * 24, y + 39, x + 30 + i * 24, y + 50, 3, "#5f6b76")
    p.rr(x + w - 28, y + 10, x + w - 10, y + 48, 3, "#c23b32" if code.startswith("E") else "#3f9b57")


def pump(p, x, y, k, headc, dark, frame=False):
    """A misting pump; k scales it."""
    def X(v):
        return x + v * k

    def Y(v):
        return y + v * k
    if frame:
        p.rr(X(-14), Y(176), X(296), Y(190), 3, "#5b6670")
        for v in (-10, 272):
            p.rr(X(v), Y(150), X(v + 18), Y(208), 3, "#6f7b86", "#3b444d")
        for v in (-20, 250):
            p.arc(X(v + 26), Y(40), 26 * k, 180, 360, "#39434c", 6)
            p.ln([(X(v), Y(40)), (X(v), Y(178))], "#39434c", 6)
            p.ln([(X(v + 52), Y(40)), (X(v + 52), Y(178))], "#39434c", 6)
    p.rr(X(6), Y(182), X(276), Y(198), 4, "#9aa5af", "#5f6b76")
    p.shade(X(120), Y(70), X(262), Y(164), "#aab4be", "#66727d")
    p.rr(X(120), Y(70), X(262), Y(164), 10 * k, None, "#3b444d", 2)
    for i in range(9):
        p.ln([(X(132 + i * 14), Y(74)), (X(132 + i * 14), Y(160))], "#56626d", 2)
    p.rr(X(258), Y(82), X(278), Y(152), 6, "#39434c")
    p.shade(X(14), Y(62), X(104), Y(172), headc, dark)
    p.rr(X(14), Y(62), X(104), Y(172), 12 * k, None, "#10242f", 2)
    p.rr(X(102), Y(98), X(122), Y(136), 3, "#c8a24a", "#7d6428")
    for cy in (88, 117, 146):
        p.el(X(59), Y(cy), 11 * k, fill=STEEL, line="#3b444d")
        p.el(X(59), Y(cy), 4 * k, fill="#5f6b76")
    p.rr(X(-18), Y(138), X(16), Y(156), 3, STEEL, "#5f6b76")
    p.rr(X(-18), Y(78), X(16), Y(94), 3, STEEL, "#5f6b76")
    p.rr(X(40), Y(168), X(78), Y(184), 2, "#39434c")
    p.rr(X(150), Y(160), X(230), Y(184), 2, "#39434c")
    p.tx(X(-22), Y(86), "out", 10, INK, "rm")
    p.tx(X(-22), Y(147), "in", 10, INK, "rm")


def pumps():
    p = Pic()
    pump(p, 110, 62, 1.0, "#4aa3d8", "#155a86")
    drive(p, 246, 76)
    p.tx(169, 134, "BECK 12", 12, WHITE, bold=True)
    p.tx(251, 274, "drip tray", 12)
    p.title("Beck 12", "order number OP-012")
    p.save("front-beck-12.jpg")

    p = Pic()
    pump(p, 96, 64, 1.05, "#e0894a", "#8a4213", frame=True)
    drive(p, 246, 72, 116)
    p.tx(158, 138, "BECK 30", 12.5, WHITE, bold=True)
    p.title("Beck 30", "order number OP-030")
    p.save("front-beck-30.jpg")

    p = Pic()
    body(p, 180, 54, 400, 284, "#e9eef2", "#7b8794", 18)
    p.el(290, 130, 56, fill="#2b343c")
    p.el(290, 130, 50, fill=GREEN)
    p.el(290, 130, 43, fill="#0b1512")
    p.tx(290, 120, "1.20", 24, "#a6ffbf")
    p.tx(290, 144, "L/h", 12, "#a6ffbf")
    for i, n in enumerate(["MENU", "PRIME", "START"]):
        p.rr(204 + i * 60, 206, 256 + i * 60, 228, 7, "#5f6b76")
        p.tx(230 + i * 60, 217, n, 10, WHITE)
    brand(p, 232, 248, "Beck Dose", BRAND, 18)
    p.rr(92, 100, 182, 236, 14, "#cfeaf2", "#6fa5b8", 2)
    p.el(140, 168, 34, fill="#eaf8fc", line="#6fa5b8", w=2)
    p.el(140, 168, 17, fill="#ffffff", line="#9ec6d4")
    for y in (118, 218):
        p.el(140, y, 8, fill="#f6f2e6", line="#a79b78")
    for y0, y1 in ((64, 100), (236, 276)):
        p.rr(130, y0, 150, y1, 3, "#dfe5ea", "#7b8794")
    p.arrow(112, 196, 112, 140, BLUE, 3)
    p.tx(72, 84, "pressure", 11)
    p.tx(72, 256, "suction", 11)
    p.title("Beck Dose", "order number OP-005")
    p.save("front-beck-dose.png")


# ---------------------------------------------------------------- sensors

def sensors():
    p = Pic(360, 320)
    p.rr(162, 46, 198, 76, 4, "#39434c")
    for i in range(5):
        p.ln([(167 + i * 6.5, 50), (167 + i * 6.5, 72)], "#7b8794", 1.5)
    p.rr(154, 76, 214, 216, 22, "#cfd6dc")
    p.rr(150, 74, 210, 214, 22, WHITE, STEEL2, 2)
    p.rr(156, 208, 204, 290, 16, "#a0a8b0", "#6d7781", 2)
    for r in range(8):
        for c in range(5):
            p.el(164 + c * 8 + (r % 2) * 3, 222 + r * 8, 1.6, fill="#6d7781")
    p.led(180, 102, BLUE, 6)
    p.tx(180, 138, "ROOK", 13, BRAND, bold=True)
    p.tx(180, 156, "TH", 19, BRAND, bold=True)
    p.el(180, 188, 4, fill=GREY)
    p.tx(222, 188, "magnet dot", 10.5, GREY, "lm")
    p.tx(222, 60, "M12 plug", 10.5, GREY, "lm")
    p.tx(222, 254, "filter cap", 10.5, GREY, "lm")
    p.title("Rook TH", "order number OS-110")
    p.save("front-rook-th.webp")

    p = Pic(360, 320)
    p.el(184, 176, 112, fill="#cfd6dc")
    p.el(180, 172, 112, fill=WHITE, line=STEEL2, w=2)
    p.el(180, 172, 96, fill="#f3f6f8", line="#d3dae0")
    for i in range(7):
        half = 62 - abs(i - 3) * 5
        p.rr(180 - half, 176 + i * 10, 180 + half, 181 + i * 10, 2, "#56626d")
    p.led(180, 104, BLUE, 8)
    p.tx(180, 132, "ROOK CO", 18, BRAND, bold=True)
    p.tx(180, 152, "carbon dioxide", 11, GREY)
    p.rr(168, 282, 192, 308, 3, "#39434c")
    p.title("Rook CO", "order number OS-120")
    p.save("front-rook-co.png")

    p = Pic(360, 320, "#e4f0e2")
    p.ln([(60, 290), (120, 230), (176, 214)], "#5f6b76", 9)
    p.rr(30, 262, 86, 308, 10, WHITE, STEEL2, 2)
    p.tx(58, 285, "Leaf", 14, BRAND, bold=True)
    pts = []
    for i in range(41):
        t = i / 40
        pts.append((170 + 140 * t, 214 - 140 * t - 54 * math.sin(math.pi * t)))
    for i in range(41):
        t = 1 - i / 40
        pts.append((170 + 140 * t + 54 * math.sin(math.pi * t), 214 - 140 * t))
    p.po(pts, "#2f9a4c", "#1c6330", 2)
    for i in range(1, 10):
        t = i / 10
        h = 44 * math.sin(math.pi * t)
        x, y = 170 + 140 * t, 214 - 140 * t
        p.ln([(x, y), (x, y - h)], "#e6c24a", 2)
        p.ln([(x, y), (x + h, y)], "#e6c24a", 2)
    p.ln([(170, 214), (306, 78)], "#f3dc84", 3)
    p.title("Rook Leaf", "order number OS-130")
    p.save("front-rook-leaf.jpg", orientation=6)


# ---------------------------------------------------------------- network

def network_fronts():
    p = Pic()
    for x in (150, 330):
        p.rr(x - 6, 44, x + 6, 130, 6, "#1b2229")
        p.rr(x - 9, 122, x + 9, 140, 3, "#c8a24a")
    body(p, 90, 138, 390, 270, "#5a3d7a", "#2f1f42", 14)
    for i, (n, c) in enumerate([("PWR", GREEN), ("WAN", GREEN), ("LTE", BLUE), ("CLOUD", "#f4f8ff")]):
        p.led(150 + i * 60, 182, c, 8)
        p.tx(150 + i * 60, 204, n, 11, WHITE)
    brand(p, 122, 230, "Tarn G2", WHITE, 20)
    p.tx(340, 244, "LTE gateway", 11, "#d9cbe8")
    p.title("Tarn G2", "order number ON-220")
    p.save("front-tarn-g2.png")

    p = Pic(360, 320)
    body(p, 112, 46, 248, 302, "#2c5b4a", "#16352a")
    brand(p, 126, 66, "Tarn S8", WHITE, 16)
    for i in range(6):
        rj45(p, 130 + (i % 2) * 56, 98 + (i // 2) * 46, 42, None, GREEN)
        p.tx(124 + (i % 2) * 112, 116 + (i // 2) * 46, str(i + 1), 10, WHITE)
    for i in range(2):
        p.rr(130 + i * 56, 244, 172 + i * 56, 264, 2, "#c4ccd3", "#5f6b76")
        p.rr(136 + i * 56, 249, 166 + i * 56, 260, 1, "#12181d")
        p.tx(151 + i * 56, 274, f"{7 + i} fibre", 9.5, WHITE)
    p.led(214, 72, AMBER, 5)
    p.tx(232, 72, "MGR", 8, WHITE)
    p.tx(180, 291, "48 V DC", 9.5, WHITE)
    p.title("Tarn S8", "order number ON-108")
    p.save("front-tarn-s8.png")

    p = Pic()
    p.rr(54, 48, 434, 298, 16, "#c2c9d0")
    p.rr(50, 44, 430, 294, 16, "#20272e", "#0b0f13", 2)
    p7_home(p, 72, 62, 336, 204)
    p.tx(240, 280, "ORRENDALE  Tarn P7", 11, "#cfd6dc")
    p.title("Tarn P7")
    p.save("front-tarn-p7.jpg")


def p7_home(p, x, y, w, h):
    p.rr(x, y, x + w, y + h, 3, "#0e1a24")
    p.tx(x + 10, y + 13, "House north", 12, WHITE, "lm")
    p.tx(x + w - 10, y + 13, "14:32", 12, WHITE, "rm")
    zones = [("Zone 1", "21.4 °C", "74 %", TEAL), ("Zone 2", "22.0 °C", "71 %", TEAL),
             ("Zone 3", "E-31", "no reading", RED), ("Zone 4", "18.9 °C", "83 %", TEAL)]
    for i, (n, a, b, c) in enumerate(zones):
        tw, th = (w - 30) / 2, (h - 46) / 2
        tx, ty = x + 10 + (i % 2) * (tw + 10), y + 28 + (i // 2) * (th + 8)
        p.rr(tx, ty, tx + tw, ty + th, 7, c)
        p.tx(tx + 10, ty + 13, n, 11, "#e8f4f5", "lm")
        p.tx(tx + tw / 2, ty + th * .5, a, 21, WHITE, bold=True)
        p.tx(tx + tw / 2, ty + th * .84, b, 12, "#e8f4f5")


# ---------------------------------------------------------------- screens

def web(title, tab, tabs=("Dashboard", "Sensors", "Alarms", "Network", "System"), c=BRAND, dev="Fell 400"):
    p = Pic(480, 320, WHITE)
    p.rr(0, 0, 480, 26, 0, "#d9dee3")
    for i, k in enumerate(("#e0645c", "#e8b84a", "#5fb865")):
        p.el(14 + i * 15, 13, 5, fill=k)
    p.rr(66, 5, 466, 21, 7, WHITE)
    p.tx(78, 13, "192.168.40.10" if dev == "Fell 400" else "192.168.40.1", 10, GREY, "lm")
    p.rr(0, 26, 480, 60, 0, c)
    p.tx(12, 43, dev, 14, WHITE, "lm", bold=True)
    x = 110
    for t in tabs:
        wd = 8 + len(t) * 7
        if t == tab:
            p.rr(x - 5, 32, x + wd, 60, 4, WHITE)
        p.tx(x, 45, t, 11.5, c if t == tab else "#dcebf1", "lm")
        x += wd + 10
    p.tx(14, 78, title, 15, INK, "lm", bold=True)
    return p


def table(p, x, y, widths, rows, step=22, size=11.5, fills=None):
    for r, row in enumerate(rows):
        f = "#dfe8ee" if r == 0 else (fills or {}).get(r, "#f6f8fa" if r % 2 else WHITE)
        p.rr(x, y + r * step, x + sum(widths), y + (r + 1) * step - 1, 1, f)
        cx = x
        for wd, cell in zip(widths, row):
            p.tx(cx + 7, y + (r + .5) * step, cell, size, INK, "lm", bold=r == 0)
            cx += wd


def button(p, x, y, w, s, c=BRAND):
    p.rr(x, y, x + w, y + 24, 5, c)
    p.tx(x + w / 2, y + 12, s, 12, WHITE)


def field(p, x, y, label, value, w=150, lw=130):
    p.tx(x, y + 11, label, 12.5, INK, "lm")
    p.rr(x + lw, y, x + lw + w, y + 22, 3, WHITE, "#9aa5af", 1.2)
    p.tx(x + lw + 8, y + 11, value, 12.5, INK, "lm")


def screens():
    p = web("Dashboard", "Dashboard")
    for i, (n, t, h) in enumerate([("Zone 1", "21.4 °C", "74 %"), ("Zone 2", "22.0 °C", "71 %"),
                                   ("Zone 3", "19.6 °C", "80 %"), ("Zone 4", "18.9 °C", "83 %")]):
        x, y = 16 + (i % 2) * 228, 96 + (i // 2) * 108
        p.rr(x, y, x + 218, y + 98, 8, "#eaf2f5", "#c4d6de")
        p.tx(x + 12, y + 16, n, 12.5, GREY, "lm")
        p.tx(x + 12, y + 44, t, 22, BRAND, "lm", bold=True)
        p.tx(x + 12, y + 76, "humidity " + h, 12.5, INK, "lm")
        pts = [(x + 130 + k * 8, y + 62 + 14 * math.sin(k * .7 + i)) for k in range(10)]
        p.ln(pts, AMBER, 2)
    p.save("screen-fell-400-dashboard.png")

    p = web("Sensors", "Sensors")
    table(p, 14, 94, [50, 104, 76, 118, 80], [
        ["Bus", "Sensor", "Address", "Reading", "Age"],
        ["A", "Rook TH", "1", "21.4 °C  74 %", "4 s"], ["A", "Rook TH", "2", "22.0 °C  71 %", "6 s"],
        ["A", "Rook CO", "3", "640 ppm", "5 s"], ["B", "Rook TH", "1", "19.6 °C  80 %", "3 s"],
        ["B", "Rook TH", "2", "18.9 °C  83 %", "8 s"], ["B", "Rook Leaf", "3", "4 %", "7 s"]], 25)
    button(p, 14, 282, 90, "Search")
    p.tx(120, 294, "Poll interval 10 s", 12, GREY, "lm")
    p.save("screen-fell-400-sensors.png")

    p = web("Sensors: poll interval", "Sensors")
    field(p, 30, 110, "Poll interval", "15 s")
    p.rr(318, 110, 440, 132, 4, "#fff1cf")
    p.tx(379, 121, "works: 10 s", 11.5, "#8a5b00")
    field(p, 30, 148, "Missed answers", "3")
    field(p, 30, 186, "Safe value after", "45 s")
    button(p, 160, 232, 100, "Save")
    p.tx(30, 284, "Longer intervals help with long sensor cables.", 12, GREY, "lm")
    p.save("screen-fell-400-poll-interval.png")

    p = web("Alarms", "Alarms")
    table(p, 14, 96, [60, 170, 132, 88], [
        ["Code", "Text", "Since", "State"],
        ["E-31", "sensor bus timeout", "today 03:12", "NEW"],
        ["E-35", "clock battery low", "2 May 18:40", "acknowl."],
        ["E-17", "leak at pump head", "28 April 07:02", "cleared"]], 32,
        fills={1: "#ffd3d0", 2: "#dcdfe3", 3: WHITE})
    button(p, 14, 250, 150, "Acknowledge all")
    p.save("screen-fell-400-alarms.png")

    p = web("Network", "Network")
    field(p, 30, 98, "Name", "north-house-1", 190)
    field(p, 30, 132, "Address", "192.168.40.10", 190)
    field(p, 30, 166, "Mask", "255.255.255.0", 190)
    field(p, 30, 200, "Gateway", "192.168.40.1", 190)
    p.el(40, 246, 7, fill=WHITE, line=GREY)
    p.tx(54, 246, "DHCP", 12.5, INK, "lm")
    p.el(130, 246, 7, fill=BRAND)
    p.tx(144, 246, "fixed address", 12.5, INK, "lm")
    button(p, 160, 276, 100, "Save")
    p.save("screen-fell-400-network.png")

    p = web("System: firmware", "System")
    table(p, 14, 96, [150, 150], [["Installed", "New file"], ["5.2", "5.2.1"]], 28, 14)
    p.rr(14, 176, 454, 200, 8, "#e1e6ea")
    p.rr(14, 176, 278, 200, 8, GREEN)
    p.tx(234, 188, "60 %", 13, INK, bold=True)
    p.tx(14, 222, "Upload running. Do not switch off.", 13, RED, "lm")
    p.tx(14, 246, "RUN blinks fast. Remaining time: 1 min 36 s", 12, GREY, "lm")
    button(p, 14, 270, 100, "Export")
    p.save("screen-fell-400-firmware.png")

    for name, rows, sel, t in [
        ("menu", ["Zones", "Programmes", "Clock", "Bus", "About"], 0, "Fell 200: main menu"),
        ("clock", ["CLOCK", "Time      07:45", "Date  02.04.2025", "Auto DST     OFF"], 3, "Fell 200: clock")]:
        p = Pic(360, 220)
        p.rr(30, 34, 330, 204, 10, "#e6e2d6", "#8d8878", 2)
        lcd(p, 70, 50, 220, 108, rows, sel, 14)
        for i, n in enumerate(["MENU", "<", ">", "OK"]):
            p.rr(70 + i * 58, 174, 116 + i * 58, 196, 6, "#5f6b76")
            p.tx(93 + i * 58, 185, n, 10, WHITE)
        p.tx(180, 16, t, 14, bold=True)
        p.save(f"screen-fell-200-{name}.png", 32)

    p = Pic(480, 300, "#20272e")
    p7_home(p, 16, 14, 448, 272)
    p.save("screen-p7-home.webp")

    p = Pic(480, 300, "#20272e")
    p.rr(16, 14, 464, 286, 3, "#0e1a24")
    p.tx(32, 34, "Zone 2   carbon dioxide", 15, WHITE, "lm")
    p.tx(448, 34, "fw 1.8", 12, "#9fb2c0", "rm")
    p.rr(40, 62, 440, 206, 10, "#163244")
    p.tx(222, 132, "640", 64, WHITE, bold=True)
    p.tx(330, 142, "%", 50, RED, bold=True)
    p.tx(240, 232, "set point 800 %", 16, "#cfe2ec")
    p.tx(240, 262, "KI-0244: the unit should be ppm", 12.5, AMBER)
    p.save("screen-p7-co2-wrong.png")

    tabs = ("Status", "Controllers", "Cloud", "System")
    p = web("Status", "Status", tabs, "#5a3d7a", "Tarn G2")
    field(p, 24, 98, "Signal", "-82 dBm  (good)", 190)
    field(p, 24, 132, "Controllers", "3 of 12", 190)
    field(p, 24, 166, "Storage left", "41 days", 190)
    field(p, 24, 200, "Battery", "100 %", 190)
    field(p, 24, 234, "Firmware", "2.8", 190)
    for i in range(5):
        p.rr(380 + i * 14, 190 - i * 14, 390 + i * 14, 200, 1, GREEN if i < 4 else "#d3dae0")
    p.tx(412, 216, "LTE", 12, GREY)
    p.save("screen-g2-status.png")

    p = web("Cloud: certificates", "Cloud", tabs, "#5a3d7a", "Tarn G2")
    table(p, 14, 98, [150, 140, 150], [
        ["Certificate", "Valid until", "State"], ["client", "in 12 days", "renew soon"],
        ["authority", "in 6 years", "good"]], 34, 13, {1: "#fff1b8", 2: "#e2f5e6"})
    p.po([(400, 141), (412, 161), (388, 161)], YELLOW, "#8a6d00")
    p.tx(400, 154, "!", 12, INK, bold=True)
    button(p, 14, 222, 170, "Upload certificate", "#5a3d7a")
    p.tx(14, 270, "After the date the gateway raises E-54 and queues readings.", 12, GREY, "lm")
    p.save("screen-g2-certificates.png")

    for code, line, name, sym in [("E-17", "leak at pump head", "screen-beck-drive-e17.png", "drop"),
                                  ("E-05", "inlet 1.1 bar", "screen-beck-drive-e05.png", "gauge")]:
        p = Pic(360, 240)
        p.rr(24, 34, 336, 222, 14, "#2b343c", "#12181d", 2)
        p.rr(48, 54, 312, 158, 6, "#0a1410")
        p.tx(150, 92, code, 44, "#ff8a3c", bold=True)
        p.tx(180, 138, line, 17, "#ffc48f")
        if sym == "drop":
            p.po([(268, 66), (286, 98), (250, 98)], BLUE)
            p.el(268, 100, 18, fill=BLUE)
        else:
            p.arc(268, 96, 24, 150, 390, "#ffc48f", 4)
            p.ln([(268, 96), (251, 106)], RED, 3)
        for i, n in enumerate(["MENU", "-", "+", "RESET"]):
            p.rr(48 + i * 68, 176, 108 + i * 68, 204, 6, "#c23b32" if n == "RESET" else "#5f6b76")
            p.tx(78 + i * 68, 190, n, 12, WHITE)
        p.tx(180, 16, "Beck drive display", 14, bold=True)
        p.save(name, 48)

    p = Pic(360, 300)
    p.el(180, 162, 132, fill="#2b343c")
    p.el(180, 162, 124, fill=WHITE)
    p.el(180, 162, 112, fill="#0b1512")
    p.tx(180, 96, "Calibrate", 18, "#a6ffbf")
    p.tx(180, 128, "200 strokes done", 14, "#d8ffe4")
    p.tx(180, 160, "measured volume", 12, "#8fb89c")
    p.tx(180, 192, "84 mL", 34, "#ffffff", bold=True)
    p.rr(140, 222, 220, 246, 8, GREEN)
    p.tx(180, 234, "SAVE", 13, INK, bold=True)
    p.tx(180, 14, "Beck Dose display", 14, bold=True)
    p.save("screen-dose-calibration.png", 48)


# ---------------------------------------------------------------- signs

def signs():
    def tri(name, draw, text):
        p = Pic(260, 260, WHITE)
        p.ln([(130, 26), (238, 206), (22, 206), (130, 26)], INK, 16)
        p.po([(130, 26), (238, 206), (22, 206)], YELLOW)
        p.ln([(130, 26), (238, 206), (22, 206), (130, 26)], INK, 9)
        draw(p)
        p.tx(130, 238, text, 15, INK, bold=True)
        p.save(name, 24)

    def bolt(p):
        p.po([(142, 66), (104, 138), (128, 138), (112, 192), (160, 120), (134, 120), (156, 66)], INK)

    def jet(p):
        p.rr(50, 160, 86, 184, 4, INK)
        p.po([(86, 164), (108, 168), (108, 176), (86, 180)], INK)
        for dy in (-22, -11, 0, 11, 22):
            p.ln([(114, 172 + dy * .1), (168, 172 + dy)], BLUE, 3)
        p.rr(172, 128, 200, 198, 10, INK)
        p.po([(130, 76), (146, 112), (114, 112)], BLUE)
        p.el(130, 116, 16, fill=BLUE)

    def hot(p):
        for x in (98, 130, 162):
            pts = [(x + 9 * math.sin(i * .55), 96 + i * 4.2) for i in range(18)]
            p.ln(pts, INK, 6)
        p.rr(62, 180, 198, 192, 3, INK)

    def esd(p):
        p.rr(92, 146, 160, 186, 12, INK)
        for i in range(4):
            p.rr(94 + i * 17, 112 - (6 if i in (1, 2) else 0), 107 + i * 17, 156, 6, INK)
        p.ln([(158, 168), (182, 146)], INK, 12)
        p.ln([(84, 88), (196, 192)], YELLOW, 10)
        p.ln([(78, 94), (186, 196)], INK, 5)

    tri("sign-electric.png", bolt, "dangerous voltage")
    tri("sign-high-pressure.png", jet, "high pressure jet")
    tri("sign-hot-surface.png", hot, "hot surface, 80 °C")
    tri("sign-esd.png", esd, "electrostatic discharge")

    p = Pic(260, 260, WHITE)
    p.el(130, 114, 100, fill="#1f5fbf")
    p.el(130, 112, 58, 66, fill=WHITE)
    p.rr(66, 84, 194, 124, 16, "#1f5fbf")
    p.el(102, 104, 26, 20, fill="#bfe0ff", line=INK, w=4)
    p.el(158, 104, 26, 20, fill="#bfe0ff", line=INK, w=4)
    p.arc(130, 136, 18, 20, 160, INK, 3)
    p.tx(130, 238, "wear eye protection", 15, bold=True)
    p.save("sign-eye-protection.png", 24)

    p = Pic(260, 260, WHITE)
    p.el(130, 114, 100, fill="#1f5fbf")
    p.arc(130, 92, 36, 180, 360, WHITE, 12)
    p.ln([(100, 92), (100, 118)], WHITE, 12)
    p.ln([(160, 92), (160, 118)], WHITE, 12)
    p.rr(80, 108, 180, 178, 10, WHITE)
    p.el(130, 136, 10, fill="#1f5fbf")
    p.po([(125, 138), (135, 138), (139, 164), (121, 164)], "#1f5fbf")
    p.tx(130, 238, "isolate and lock", 15, bold=True)
    p.save("sign-isolate.png", 24)

    p = Pic(260, 260, WHITE)
    p.el(130, 114, 92, fill=WHITE)
    p.rr(100, 92, 160, 176, 10, INK)
    p.rr(114, 60, 146, 96, 4, INK)
    p.tx(130, 136, "SOLV", 15, WHITE, bold=True)
    p.el(130, 114, 100, line=RED, w=15)
    p.ln([(66, 50), (194, 178)], RED, 13)
    p.tx(130, 238, "no solvents", 15, bold=True)
    p.save("sign-no-solvent.png", 24)


# ---------------------------------------------------------------- ports

def callout(p, x0, y0, x1, y1, s, a="mm"):
    p.ln([(x0, y0), (x1, y1)], GREY, 1.2)
    p.el(x0, y0, 2.5, fill=RED)
    dy = 9 if y1 > y0 else -9
    p.tx(x1, y1 + dy, s, 11.5, INK, a)


def ports():
    for x2 in (False, True):
        p = Pic()
        body(p, 40, 70, 440, 250, "#1d5fae" if x2 else "#3b4650")
        terminals(p, 56, 82, 5)
        terminals(p, 130, 82, 5)
        terminals(p, 204, 82, 3, c="#c28a2b")
        if x2:
            terminals(p, 56, 146, 10, 12, "#7a4bb0")
            callout(p, 120, 160, 120, 262, "buses C and D")
        rj45(p, 262, 82, 34)
        if x2:
            rj45(p, 306, 82, 34)
        terminals(p, 356, 82, 5, c="#b04b6a")
        terminals(p, 150 if x2 else 90, 218, 20 if x2 else 24, 13, "#2f7fb0")
        callout(p, 88, 84, 88, 56, "bus A")
        callout(p, 162, 84, 162, 56, "bus B")
        callout(p, 224, 84, 220, 56, "RS-485")
        callout(p, 279, 84, 275, 56, "ETH1" if x2 else "ETH")
        if x2:
            callout(p, 323, 84, 327, 56, "ETH2")
        callout(p, 390, 84, 390, 56, "AO 1-4")
        callout(p, 300, 236, 300, 262, "relays 1-8")
        p.tx(320, 165, "Fell 400X" if x2 else "Fell 400", 22, WHITE, bold=True)
        p.tx(240, 16, "Ports of the " + ("Fell 400X" if x2 else "Fell 400"), 15, bold=True)
        p.save("ports-fell-400x.png" if x2 else "ports-fell-400.png")

    p = Pic()
    body(p, 40, 90, 440, 220, "#5a3d7a", "#2f1f42")
    for x, n in ((70, "ANT 1"), (410, "ANT 2")):
        p.el(x, 150, 14, fill="#c8a24a", line="#7d6428", w=2)
        p.el(x, 150, 5, fill=WHITE)
        callout(p, x, 166, x, 244, n)
    rj45(p, 104, 130, 42)
    callout(p, 125, 132, 125, 72, "WAN")
    rj45(p, 158, 130, 42)
    callout(p, 179, 132, 179, 72, "LAN")
    terminals(p, 220, 136, 3, c="#c28a2b")
    callout(p, 240, 138, 240, 72, "RS-485")
    p.rr(278, 140, 326, 152, 2, "#05080b", "#cfd6dc")
    callout(p, 302, 150, 302, 244, "SIM slot")
    p.rr(342, 138, 380, 154, 2, "#cfd6dc", "#68747f")
    p.rr(346, 145, 376, 149, 1, "#12181d")
    callout(p, 361, 140, 361, 72, "USB service")
    terminals(p, 156, 190, 2, c="#b04b6a")
    callout(p, 170, 200, 170, 244, "24 V DC")
    p.title("Ports of the Tarn G2, rear view")
    p.save("ports-tarn-g2.png")

    p = Pic()
    body(p, 40, 90, 440, 220, "#2c5b4a", "#16352a")
    for i in range(6):
        rj45(p, 62 + i * 42, 128, 34, None, GREEN)
        p.tx(79 + i * 42, 168, str(i + 1), 12, WHITE)
    for i in range(2):
        p.rr(322 + i * 46, 132, 362 + i * 46, 152, 2, "#c4ccd3", "#5f6b76")
        p.rr(328 + i * 46, 137, 356 + i * 46, 148, 1, "#12181d")
        p.tx(342 + i * 46, 168, str(7 + i), 12, WHITE)
    callout(p, 100, 130, 100, 72, "ring: 1 and 2")
    callout(p, 230, 130, 230, 72, "PoE: 1 to 6")
    callout(p, 366, 140, 366, 72, "fibre: 7 and 8")
    p.rr(70, 192, 100, 204, 2, "#c4ccd3")
    callout(p, 85, 200, 85, 244, "console")
    p.el(170, 198, 4, fill="#05080b")
    callout(p, 170, 198, 170, 244, "MGR key")
    terminals(p, 330, 188, 2, c="#b04b6a")
    callout(p, 345, 196, 345, 244, "48 V DC")
    p.title("Ports of the Tarn S8")
    p.save("ports-tarn-s8.png")

    p = Pic()
    p.rr(64, 56, 416, 268, 14, "#4b5660", "#20272e", 2)
    p.rr(94, 80, 386, 226, 8, "#5d6974")
    for x in (80, 400):
        for y in (74, 250):
            p.screw(x, y, 7)
    for i in range(9):
        p.rr(120, 92 + i * 8, 360, 95 + i * 8, 1, "#3b444d")
    rj45(p, 130, 178, 40)
    p.rr(216, 186, 252, 202, 2, "#cfd6dc", "#68747f")
    p.el(310, 194, 4, fill="#05080b")
    callout(p, 150, 214, 150, 282, "PoE network")
    callout(p, 234, 202, 234, 282, "USB service")
    callout(p, 310, 194, 310, 282, "reset")
    p.tx(240, 240, "Tarn P7   ON-707", 12, WHITE)
    p.title("Rear of the Tarn P7")
    p.save("ports-tarn-p7.png")


# ---------------------------------------------------------------- wiring

def box(p, x, y, w, h, s, c=BRAND, size=13):
    p.rr(x + 2, y + 3, x + w + 2, y + h + 3, 7, "#ccd3d9")
    p.rr(x, y, x + w, y + h, 7, c, "#1d252c", 1.5)
    lines = s.split("\n")
    for i, t in enumerate(lines):
        p.tx(x + w / 2, y + h / 2 + (i - (len(lines) - 1) / 2) * (size + 4), t, size, WHITE)


def wiring():
    W = "#fbfcfd"
    p = Pic(bg=W)
    p.title("Fell 200: supply")
    box(p, 30, 110, 120, 110, "AC-1010\n24 V DC\n60 W", "#55616c")
    box(p, 330, 100, 120, 130, "Fell 200", BRAND, 16)
    p.ln([(150, 140), (330, 140)], RED, 3)
    p.ln([(150, 190), (330, 190)], BLUE, 3)
    p.rr(212, 130, 262, 150, 4, WHITE, INK, 2)
    p.ln([(212, 140), (262, 140)], INK, 1)
    p.tx(237, 116, "fuse 1 A slow", 12)
    for y, n in ((140, "1  +"), (190, "2  -")):
        p.el(330, y, 5, fill=AMBER, line=INK)
        p.tx(342, y, n, 12, WHITE, "lm")
    p.ln([(90, 220), (90, 256)], GREEN, 3)
    for i, hw in enumerate((18, 12, 6)):
        p.ln([(90 - hw, 256 + i * 6), (90 + hw, 256 + i * 6)], GREEN, 2)
    p.tx(118, 262, "earth the minus line once, at the supply", 11.5, GREY, "lm")
    p.save("wiring-fell-200-power.png")

    p = Pic(bg=W)
    p.title("Fell 400: sensor bus A as a line")
    box(p, 16, 110, 92, 90, "Fell 400\nbus A", BRAND)
    for k, (c, dy) in enumerate([(BROWN, -12), (BLUE, -4), ("#c9ced3", 4), (INK, 12)]):
        p.ln([(108, 155 + dy), (426, 155 + dy)], c, 2.5)
    for i in range(4):
        x = 150 + i * 68
        p.ln([(x + 20, 143), (x + 20, 215)], GREY, 2)
        for dy in (-12, -4, 4, 12):
            p.el(x + 20, 155 + dy, 3, fill=AMBER)
        box(p, x - 5, 208, 50, 56, f"Rook\naddr {i + 1}", TEAL, 11)
    box(p, 426, 132, 44, 46, "120\nohm", "#c23b32", 12)
    p.tx(448, 194, "AC-1031", 10.5)
    for i, (n, c) in enumerate([("plus", BROWN), ("minus", BLUE), ("data H", "#9aa3ab"), ("data L", INK)]):
        p.ln([(120 + i * 84, 78), (140 + i * 84, 78)], c, 4)
        p.tx(146 + i * 84, 78, n, 11.5, INK, "lm")
    p.tx(240, 292, "at most 100 m, branches shorter than 2 m", 12, GREY)
    p.save("wiring-fell-400-bus.png")

    p = Pic(bg=W)
    p.title("Fell 400: relays 1 to 3")
    box(p, 20, 60, 100, 230, "Fell 400\nrelays", BRAND)
    for i, (n, s) in enumerate([("M", "vent motor"), ("K", "heater contactor"), ("V", "misting valve")]):
        y = 92 + i * 80
        p.tx(108, y - 14, f"{i + 1}", 13, WHITE)
        p.el(120, y, 4, fill=AMBER)
        p.el(120, y + 30, 4, fill=AMBER)
        p.ln([(120, y), (170, y)], RED, 2.5)
        p.ln([(170, y), (200, y - 14)], RED, 2.5)
        p.ln([(206, y), (300, y)], RED, 2.5)
        p.ln([(120, y + 30), (320, y + 30), (320, y + 20)], BLUE, 2.5)
        p.el(320, y, 21, fill=WHITE, line=INK, w=2)
        p.tx(320, y, n, 18, INK, bold=True)
        p.tx(352, y, s, 13, INK, "lm")
        if n != "M":
            p.rr(240, y + 6, 264, y + 24, 2, "#ffe3b0", INK, 1)
            p.ln([(252, y), (252, y + 6)], INK, 1.4)
            p.ln([(252, y + 24), (252, y + 30)], INK, 1.4)
    p.tx(300, 302, "orange boxes: suppressors across the coils", 11.5, GREY)
    p.save("wiring-fell-400-relays.png")

    p = Pic(bg=W)
    p.title("Ethernet ring")
    box(p, 180, 50, 120, 54, "Tarn S8\nring manager", "#2c5b4a")
    pos = [(30, 150), (180, 228), (330, 150)]
    for i, (x, y) in enumerate(pos):
        box(p, x, y, 120, 54, f"Fell 400X\nno. {i + 1}", "#1d5fae")
    for a, b in [((200, 104), (100, 150)), ((100, 204), (186, 236)), ((294, 236), (380, 204)), ((380, 150), (280, 104))]:
        p.ln([a, b], AMBER, 4)
    p.tx(120, 118, "port 1", 11.5)
    p.tx(362, 118, "port 2", 11.5)
    p.tx(240, 172, "recovers in 50 ms", 13, GREY)
    p.save("wiring-fell-400x-ring.png")

    p = Pic(bg=W)
    p.title("Beck 12: three-phase supply")
    for i, (n, c) in enumerate([("L1", BROWN), ("L2", INK), ("L3", "#8b949c"), ("PE", GREEN)]):
        y = 100 + i * 44
        p.ln([(40, y), (380, y)], c, 3)
        p.tx(22, y, n, 14, INK, bold=True)
        p.el(380, y, 5, fill=AMBER, line=INK)
    p.rr(84, 80, 144, 206, 6, WHITE, INK, 2)
    p.rr(200, 80, 280, 206, 6, "#fff5e0", INK, 2)
    for i in range(3):
        y = 100 + i * 44
        p.ln([(98, y), (130, y - 14)], RED, 3)
        p.rr(226, y - 9, 254, y + 9, 3, WHITE, RED, 2)
    box(p, 384, 76, 82, 180, "Beck 12\ndrive", "#155a86")
    p.tx(114, 66, "main switch", 12)
    p.tx(240, 66, "protection 5.1 A", 12)
    p.tx(240, 280, "400 V, no neutral. Work for an electrician only.", 12.5, RED)
    p.save("wiring-beck-12-supply.png")

    p = Pic(bg=W)
    p.title("Beck Dose: one round plug")
    box(p, 300, 70, 150, 190, "Beck Dose", BRAND, 16)
    p.el(300, 165, 36, fill="#39434c", line=INK, w=2)
    for i in range(6):
        t = math.pi * i / 3
        p.el(300 + 20 * math.cos(t), 165 + 20 * math.sin(t), 4, fill="#e6c24a")
    for y, n, c in [(80, "24 V plus", RED), (112, "minus", BLUE), (150, "RS-485 A", "#9aa3ab"),
                    (182, "RS-485 B", INK), (222, "level switch", TEAL), (254, "level switch", TEAL)]:
        p.ln([(130, y), (220, y), (272, 165 + (y - 165) * .2)], c, 2.5)
        p.tx(124, y, n, 12.5, INK, "rm")
    p.save("wiring-beck-dose.png")

    p = Pic(bg=W)
    p.title("M12 plug of Rook sensors", "solder side")
    p.el(150, 180, 104, fill="#5f6b76", line=INK, w=3)
    p.el(150, 180, 82, fill="#20272e")
    p.po([(140, 96), (160, 96), (160, 112), (140, 112)], "#5f6b76")
    pins = [(1, -40, -40, BROWN, "plus 12 V"), (2, 40, -40, WHITE, "data high"), (3, 40, 40, BLUE, "minus"),
            (4, -40, 40, "#05080b", "data low"), (5, 0, 0, STEEL, "screen")]
    for n, dx, dy, c, s in pins:
        p.el(150 + dx, 180 + dy, 15, fill=c, line="#e6c24a", w=3)
        p.tx(150 + dx, 180 + dy, str(n), 14, INK if c in (WHITE, STEEL) else WHITE)
        y = 96 + n * 28
        p.el(300, y, 9, fill=c, line=INK, w=1.5)
        p.tx(320, y, f"{n}   {s}", 14, INK, "lm")
    p.save("wiring-rook-m12.png")

    p = Pic(bg=W)
    p.title("Tarn P7: one cable for supply and data")
    box(p, 30, 100, 120, 130, "Tarn S8\nport 3, PoE", "#2c5b4a")
    p.rr(310, 96, 456, 216, 10, "#20272e", INK, 2)
    p.rr(322, 106, 444, 190, 3, "#0e1a24")
    for i in range(4):
        x, y = 328 + (i % 2) * 57, 112 + (i // 2) * 38
        p.rr(x, y, x + 53, y + 34, 4, RED if i == 2 else TEAL)
        p.tx(x + 26, y + 17, f"Zone {i + 1}", 11, WHITE)
    p.tx(383, 203, "Tarn P7", 12, WHITE)
    p.ln([(150, 165), (190, 165), (215, 190), (260, 140), (280, 160), (310, 160)], "#3aa0ff", 5)
    p.tx(232, 222, "up to 100 m", 13, GREY)
    p.tx(232, 240, "9 W", 13, GREY)
    p.save("wiring-p7-poe.png")

    p = Pic(bg=W)
    p.title("Tarn G2: usual connection")
    box(p, 180, 60, 120, 70, "Tarn G2", "#5a3d7a", 16)
    box(p, 20, 68, 100, 54, "24 V DC\nAC-1010", "#55616c")
    p.ln([(120, 84), (180, 84)], RED, 3)
    p.ln([(120, 106), (180, 106)], BLUE, 3)
    box(p, 180, 180, 120, 40, "Tarn S8", "#2c5b4a")
    p.ln([(240, 130), (240, 180)], AMBER, 4)
    p.tx(262, 156, "LAN", 12)
    for i in range(3):
        box(p, 66 + i * 130, 262, 100, 40, "Fell 400", BRAND)
        p.ln([(240, 220), (116 + i * 130, 262)], AMBER, 3)
    box(p, 366, 68, 96, 54, "Fell 200", "#8d8878")
    p.ln([(300, 95), (366, 95)], TEAL, 3)
    p.tx(333, 80, "RS-485", 12)
    p.save("wiring-tarn-g2.png")


# ---------------------------------------------------------------- exploded views

def number(p, x, y, n, tx, ty):
    p.ln([(x, y), (tx, ty)], GREY, 1.2)
    p.el(tx, ty, 11, fill=WHITE, line=INK, w=1.6)
    p.tx(tx, ty, str(n), 13, INK, bold=True)


def exploded():
    p = Pic(bg=WHITE)
    p.title("Beck 12: shaft seal")
    p.ln([(20, 160), (462, 160)], "#b7c0c8", 1)
    p.rr(34, 118, 78, 202, 6, "#c8a24a", "#7d6428", 2)
    for i in range(4):
        p.ln([(34, 132 + i * 18), (78, 132 + i * 18)], "#7d6428", 1.5)
    p.el(124, 160, 16, 40, fill=STEEL, line="#5f6b76", w=2)
    p.el(124, 160, 8, 22, fill=WHITE, line="#5f6b76", w=2)
    p.el(182, 160, 15, 36, fill="#8a5a2b", line="#4d3215", w=2)
    p.el(182, 160, 7, 19, fill=WHITE, line="#4d3215", w=2)
    pts = [(216 + i * 2.6, 160 + 28 * math.sin(i * 1.25)) for i in range(22)]
    p.ln(pts, "#5f6b76", 2.5)
    p.el(312, 160, 12, 34, line=INK, w=6)
    p.shade(356, 96, 446, 224, "#4aa3d8", "#155a86")
    p.rr(356, 96, 446, 224, 10, None, "#10242f", 2)
    p.el(364, 160, 10, 26, fill="#0b2433")
    for x, n, y in [(56, 1, 118), (124, 2, 120), (182, 3, 124), (244, 4, 134), (312, 5, 126), (400, 6, 96)]:
        number(p, x, y, n, x, 68)
    p.tx(240, 262, "1 gland nut   2 outer ring   3 seal lip", 13)
    p.tx(240, 284, "4 spring   5 O-ring   6 housing", 13)
    p.save("exploded-beck-12-seal.png")

    p = Pic(bg=WHITE)
    p.title("Beck Dose: dosing head")
    p.ln([(30, 160), (450, 160)], "#b7c0c8", 1)
    p.rr(40, 90, 112, 230, 10, "#cfeaf2", "#6fa5b8", 2)
    for x, y in ((52, 104), (100, 104), (52, 216), (100, 216)):
        p.screw(x, y, 6)
    for y in (124, 196):
        p.el(160, y, 12, fill="#f6f2e6", line="#a79b78", w=2)
        p.rr(148, y + 14, 172, y + 20, 2, "#d9d2ba", "#a79b78")
    p.el(236, 160, 18, 56, fill="#fbfbfb", line=INK, w=2)
    p.el(236, 160, 8, 30, fill="#e9e9e9", line=GREY)
    p.el(306, 160, 14, 46, fill=STEEL, line="#5f6b76", w=2)
    p.rr(356, 100, 440, 220, 12, "#e9eef2", "#7b8794", 2)
    p.rr(338, 150, 358, 170, 2, "#5f6b76")
    for x, n, y in [(76, 1, 90), (160, 2, 112), (236, 3, 104), (306, 4, 114), (398, 5, 100)]:
        number(p, x, y, n, x, 62)
    p.tx(240, 262, "1 cover   2 valve balls   3 diaphragm", 13)
    p.tx(240, 284, "4 support disc   5 drive housing", 13)
    p.save("exploded-beck-dose-head.png")

    p = Pic(bg=WHITE)
    p.title("Rook TH taken apart")
    p.ln([(30, 160), (450, 160)], "#b7c0c8", 1)
    p.rr(40, 144, 76, 176, 4, "#39434c")
    p.rr(76, 128, 218, 192, 22, WHITE, STEEL2, 2)
    p.tx(146, 160, "ROOK TH", 14, BRAND)
    p.rr(250, 140, 312, 180, 4, "#2f7f4c", "#1c4d2e", 2)
    p.rr(290, 150, 306, 170, 2, "#f3f3f3", INK, 1)
    p.rr(346, 132, 440, 188, 16, "#a0a8b0", "#6d7781", 2)
    for r in range(5):
        for c in range(9):
            p.el(360 + c * 8.5, 142 + r * 9, 1.8, fill="#6d7781")
    for x, n, y in [(146, 1, 128), (290, 2, 140), (392, 3, 132)]:
        number(p, x, y, n, x, 84)
    p.tx(240, 244, "1 tube   2 measuring element   3 sinter filter cap", 13)
    p.save("exploded-rook-th.png")

    p = Pic(bg=WHITE)
    p.title("Rook CO taken apart")
    for x, n in ((80, 1), (190, 2), (296, 3), (400, 4)):
        number(p, x, 110, n, x, 64)
    p.el(80, 166, 34, 60, fill=WHITE, line=STEEL2, w=2)
    for i in range(5):
        p.rr(58, 146 + i * 12, 102, 150 + i * 12, 2, "#56626d")
    p.rr(166, 128, 216, 204, 6, "#d8b04a", "#7d6428", 2)
    p.rr(176, 142, 206, 160, 3, "#fff3c4", "#7d6428")
    p.tx(191, 182, "IR", 15, "#4d3c10", bold=True)
    p.el(296, 166, 30, 56, line="#c23b32", w=5)
    p.el(400, 166, 36, 60, fill="#e3e8ec", line=STEEL2, w=2)
    p.rr(384, 150, 416, 184, 4, "#2f7f4c")
    p.tx(240, 262, "1 lid   2 sensor cell   3 seal ring   4 base", 13)
    p.save("exploded-rook-co.png")

    p = Pic(bg=WHITE)
    p.title("Tarn P7: gasket and clamps")

    def plate(x, fill, line, hole=None, w=70):
        q = [(x, 110), (x + w, 76), (x + w, 216), (x, 250)]
        p.po(q, fill, line, 2)
        if hole:
            p.po([(x + 12, 122), (x + w - 12, 99), (x + w - 12, 203), (x + 12, 234)], hole, line, 2)
    plate(36, "#20272e", "#0b0f13", "#0e5a72")
    plate(140, WHITE, "#c23b32", WHITE)
    p.po([(140, 110), (210, 76), (210, 216), (140, 250)], None, "#c23b32", 5)
    plate(238, "#d5dbe0", "#7b8794", WHITE)
    plate(344, "#4b5660", "#20272e")
    for x, y in ((352, 124), (406, 100), (352, 232), (406, 206)):
        p.screw(x, y, 7)
    for x, n in ((70, 1), (175, 2), (273, 3), (379, 4)):
        number(p, x, 92, n, x, 56)
    p.tx(240, 280, "1 bezel   2 gasket   3 door   4 panel with clamps", 13)
    p.save("exploded-p7-gasket.png")


# ---------------------------------------------------------------- charts

def axes(p, xl, yl, xs, ys, x0=64, y0=262, x1=456, y1=52):
    """Draws a frame and gives back a function from values to pixels."""
    def at(x, y):
        return (x0 + (x - xs[0]) / (xs[-1] - xs[0]) * (x1 - x0),
                y0 - (y - ys[0]) / (ys[-1] - ys[0]) * (y0 - y1))
    for y in ys:
        p.ln([(x0, at(0, y)[1]), (x1, at(0, y)[1])], "#dde3e8", 1)
        p.tx(x0 - 7, at(0, y)[1], f"{y:g}", 11, INK, "rm")
    for x in xs:
        p.tx(at(x, 0)[0], y0 + 12, f"{x:g}", 11, INK)
    p.ln([(x0, y1), (x0, y0), (x1, y0)], INK, 2)
    p.tx((x0 + x1) / 2, y0 + 34, xl, 12.5, GREY)
    p.tx(x0 - 44, y1 - 16, yl, 12.5, GREY, "lm")
    return at


def charts():
    p = Pic(bg=WHITE)
    p.title("Pressure and flow")
    at = axes(p, "flow in L/min", "bar", [0, 10, 20, 30, 40], [0, 20, 40, 60, 80, 100])
    p.ln([at(12.6 - .0001 * b * b - max(0, b - 70) * .25, b) for b in range(0, 96, 5)], BLUE, 3)
    p.ln([at(31.4 - .0003 * b * b - max(0, b - 70) * .55, b) for b in range(0, 96, 5)], "#e0762a", 3)
    p.ln([at(0, 85), at(40, 85)], RED, 1.5)
    p.tx(at(39.5, 89)[0], at(0, 89)[1], "relief valve 85 bar", 11, RED, "rm")
    p.tx(at(13, 30)[0], at(0, 30)[1], "Beck 12", 13, BLUE, "lm")
    p.tx(at(32, 30)[0], at(0, 30)[1], "Beck 30", 13, "#c85f18", "lm")
    p.save("chart-beck-curve.webp")

    p = Pic(bg=WHITE)
    p.title("Rook CO in a house with night enrichment")
    at = axes(p, "weeks", "ppm", [0, 2, 4, 6, 8, 10, 12], [400, 500, 600, 700, 800, 900])
    on = [at(i / 4, 800 - 21 * i / 4 + 9 * math.sin(i * 1.3)) for i in range(49)]
    off = [at(i / 4, 800 + 8 * math.sin(i * 1.1)) for i in range(49)]
    p.ln(off, GREEN, 3)
    p.ln(on, RED, 3)
    p.tx(at(11.8, 850)[0], at(0, 850)[1], "auto baseline off", 12.5, "#178a35", "rm")
    p.tx(at(8.2, 520)[0], at(0, 520)[1], "auto baseline on", 12.5, RED, "rm")
    p.save("chart-rook-co-drift.webp")

    p = Pic(bg=WHITE)
    p.title("Sound pressure at 1 m")
    at = axes(p, "", "dB(A)", [0, 1, 2, 3], [0, 20, 40, 60, 80, 100])
    p.rr(40, 266, 470, 316, 0, WHITE)
    for i, (n, v, c) in enumerate([("Beck Dose", 48, TEAL), ("Beck 12", 74, BLUE), ("Beck 30", 79, "#e0762a")]):
        x0, y0 = at(i + .2, v)
        x1, y1 = at(i + .8, 0)
        p.rr(x0, y0, x1, y1, 2, c)
        p.tx((x0 + x1) / 2, y0 - 10, str(v), 15, INK, bold=True)
        p.tx((x0 + x1) / 2, 280, n, 13.5)
    p.save("chart-noise.png")

    p = Pic(bg=WHITE)
    p.title("Oil viscosity in a Beck 30")
    at = axes(p, "hours since oil change", "%", [0, 250, 500, 750, 1000], [40, 60, 80, 100])
    p.ln([at(h, 100 - 9e-6 * h * h * 3.6 - .012 * h) for h in range(0, 1001, 25)], "#e0762a", 3)
    p.ln([at(0, 66), at(1000, 66)], RED, 2)
    p.tx(at(20, 63)[0], at(0, 63)[1], "limit", 12, RED, "lm")
    for h, c, s in ((750, GREEN, "new: 750 h"), (1000, GREY, "old: 1,000 h")):
        p.ln([at(h, 40), at(h, 96)], c, 2)
        p.tx(at(h, 98)[0] - 4, at(0, 98)[1], s, 12, INK, "rm" if h == 1000 else "mm")
    p.save("chart-oil-interval.png")

    p = Pic(bg=WHITE)
    p.title("Mobile data per month (one reading a minute)")
    at = axes(p, "controllers", "MB", [0, 2, 4, 6, 8, 10, 12], [0, 100, 200, 300, 400, 500])
    for n in range(1, 13):
        x0, y0 = at(n - .32, 40 * n)
        x1, y1 = at(min(n + .32, 12), 0)
        p.rr(x0, y0, x1, y1, 2, "#7a5aa0")
    p.tx(at(11.3, 480)[0] - 4, at(0, 480)[1], "480 MB", 12.5, INK, "rm")
    p.save("chart-g2-data.png")

    p = Pic(bg=WHITE)
    p.title("Humidity error of the Rook TH")
    at = axes(p, "relative humidity in %", "error in %", [0, 20, 40, 60, 80, 100], [0, 1, 2, 3, 4])
    p.ln([at(h, 3 - .12 * h if h < 10 else 1.8 if h <= 90 else 1.8 + (h - 90) * .12)
          for h in range(0, 101, 2)], BLUE, 3)
    p.tx(at(50, 2.1)[0], at(0, 2.1)[1], "1.8 % from 10 to 90 %", 12.5)
    p.tx(at(88, 3)[0], at(0, 3)[1], "3 % at the top", 12.5, INK, "rm")
    p.save("chart-rh-error.png")

    p = Pic(bg=WHITE)
    p.title("PoE budget of a Tarn S8")
    at = axes(p, "", "W", [0, 1, 2], [0, 30, 60, 90, 120])
    p.rr(40, 266, 470, 316, 0, WHITE)
    y = 0
    for i, (v, c, s) in enumerate([(9, TEAL, "P7")] * 4 + [(12, "#c28a2b", "camera")] * 2):
        a, b = at(.5, y + v), at(1.2, y)
        p.rr(a[0], a[1], b[0], b[1], 1, c, WHITE, 1)
        p.tx((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, f"{s}  {v} W", 11, WHITE)
        y += v
    p.ln([at(0, 90), at(2, 90)], RED, 2)
    p.tx(at(1.98, 96)[0], at(0, 97)[1], "limit 90 W", 13, RED, "rm")
    p.tx(at(1.3, 57)[0], at(0, 57)[1], "used: 60 W", 13, INK, "lm")
    p.tx(at(.85, 0)[0], 280, "four panels and two cameras", 13)
    p.save("chart-poe-budget.png")


def main():
    for f in (front_fell_200, front_fell_400, front_fell_400x, led_panels, pumps, sensors, network_fronts,
              screens, signs, ports, wiring, exploded, charts):
        f()


if __name__ == "__main__":
    main()
