"""A vector for each class that the backbone knows: its names, and what photographs
of it usually show (`class_scenes.tsv`)."""

import re

import numpy as np

TEMPLATES = ["{}", "a photo of a {}", "a picture showing a {}"]
N_CLASSES = 1000


def unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-9)


def class_names(path):
    """Names of the classes in the order of the classifier, from the class list of the
    MobileNet package: `0: 'tench, Tinca tinca',` and so on."""
    found = re.findall(r"(\d+): (?:'((?:[^'\\]|\\.)*)'|\"([^\"]*)\")", path.read_text())
    names = {int(index): (single or double).replace("\\'", "'") for index, single, double in found}
    assert sorted(names) == list(range(N_CLASSES)), "the list does not name 1,000 classes"
    return [[name.strip() for name in names[index].split(",")] for index in range(N_CLASSES)]


def class_scenes(path):
    scenes = [[] for _ in range(N_CLASSES)]
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        ranges, sentences = line.split("\t")
        for part in ranges.split(","):
            first, _, last = part.partition("-")
            for index in range(int(first), int(last or first) + 1):
                scenes[index] += [sentence.strip() for sentence in sentences.split(";")]
    return scenes


def class_vectors(names, scenes, embed):
    """Unit vectors, [1000, d]: half the first three names, half the sentences."""
    vectors = []
    for own_names, own_scenes in zip(names, scenes):
        named = [unit(embed([t.format(name) for t in TEMPLATES]).mean(0)) for name in own_names[:3]]
        weights = [1.0, 0.5, 0.5][:len(named)]
        named = unit(sum(weight * vector for weight, vector in zip(weights, named)))
        shown = unit(embed(own_scenes).mean(0)) if own_scenes else named
        vectors.append(unit(named + shown))
    return np.stack(vectors)
