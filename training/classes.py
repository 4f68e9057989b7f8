"""A vector for each class that the backbone knows: its names, what photographs of it
usually show (`class_scenes.tsv`), and its gloss in WordNet."""

import re

import numpy as np

TEMPLATES = ["{}", "a photo of a {}", "a picture showing a {}"]
N_CLASSES = 1000
N_NAMES = 3
# Weights of names, sentences and gloss, chosen on the validation pictures.
WEIGHTS = (2.0, 0.7, 0.5)


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


def mean_vectors(groups, embed):
    """The mean direction of each group of texts, zero for an empty one, [n, d]. All texts
    are embedded in one call."""
    vectors = embed([text for group in groups for text in group])
    ends = np.cumsum([len(group) for group in groups])
    return np.stack([unit(vectors[end - len(group):end].sum(0)) if group
                     else np.zeros(vectors.shape[1], np.float32)
                     for group, end in zip(groups, ends)])


def name_vectors(names, embed):
    """Unit vectors, [1000, d], of the names alone."""
    return mean_vectors([[t.format(name) for t in TEMPLATES for name in own[:N_NAMES]]
                         for own in names], embed)


def class_vectors(names, scenes, nouns, embed):
    """Unit vectors, [1000, d]."""
    senses = [nouns.shared(own) for own in names]
    parts = (name_vectors(names, embed), mean_vectors(scenes, embed),
             mean_vectors([[sense.gloss] if sense else [] for sense in senses], embed))
    return unit(sum(weight * part for weight, part in zip(WEIGHTS, parts))).astype(np.float32)
