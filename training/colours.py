"""What colours a picture has, in the space of the texts: the shares of thirteen colours
above or below what photographs usually have, times the vectors of the colours' names."""

import numpy as np
from classes import unit

# Name, usual share in photographs, and typical values in RGB.
COLOURS = [
    ("black", 0.029, [(15, 15, 15)]),
    ("white", 0.024, [(250, 250, 250)]),
    ("grey", 0.290, [(128, 128, 128), (180, 180, 180), (80, 80, 80)]),
    ("red", 0.035, [(200, 25, 30), (130, 10, 15)]),
    ("orange", 0.025, [(240, 130, 20)]),
    ("yellow", 0.021, [(245, 220, 40)]),
    ("green", 0.152, [(40, 140, 50), (120, 170, 60), (40, 70, 30)]),
    ("blue", 0.102, [(30, 70, 190), (70, 130, 210), (20, 30, 90)]),
    ("purple", 0.077, [(120, 50, 160)]),
    ("pink", 0.041, [(240, 130, 180)]),
    ("brown", 0.136, [(110, 70, 40), (160, 120, 80)]),
    ("light blue", 0.024, [(150, 195, 240)]),
    ("beige", 0.044, [(220, 200, 170)]),
]
TEMPLATES = ["{}", "something {}", "a {} thing", "a picture with much {}", "{} colour"]
CELL = 8  # pixels, a side of the squares whose mean colour counts
SOFTNESS = 900.0  # of the nearest colour, squared distance in RGB
STRENGTH = 0.1 / 0.236  # a tenth of the photo part on the validation photographs


def tables(embed):
    """(values [k, 3] as the network sees pixels, softness there, vectors [k, d],
    offset [d]): evidence = shares of the values @ vectors - offset."""
    named = np.stack([unit(embed([t.format(name) for t in TEMPLATES]).mean(0))
                      for name, _, _ in COLOURS])
    named = STRENGTH * (named - named.mean(0))
    values = [(np.array(value) - 127) / 128 for _, _, own in COLOURS for value in own]
    vectors = [vector for vector, (_, _, own) in zip(named, COLOURS) for _ in own]
    offset = sum(share * vector for vector, (_, share, _) in zip(named, COLOURS))
    return (np.stack(values).astype(np.float32), SOFTNESS / 128**2,
            np.stack(vectors).astype(np.float32), offset.astype(np.float32))
