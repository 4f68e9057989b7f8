"""The trained head: features of a drawing into the space of its names.

One hidden layer, or none, and unit length; trained by the symmetric InfoNCE loss (van den
Oord et al. 2018, as in CLIP) against fixed text vectors, with AdamW (Loshchilov
and Hutter 2019), a cosine schedule and dropout of the inputs. Texts of one batch
that mean nearly the same do not count as negatives.
"""

import random

import numpy as np
from classes import unit

SAME_MEANING = 0.85
CLIP = 5.0  # standard deviations
NAMED = 0.3  # how often a drawing goes with its name, else with any of its texts
STATISTICS = 6000  # pictures of which mean and deviation are taken


class AdamW:
    def __init__(self, parameters):
        self.parameters, self.step_number = parameters, 0
        self.means = [np.zeros_like(p) for p in parameters]
        self.squares = [np.zeros_like(p) for p in parameters]

    def step(self, gradients, rate, decay):
        self.step_number += 1
        for p, g, m, v in zip(self.parameters, gradients, self.means, self.squares):
            m += 0.1 * (g - m)
            v += 0.001 * (g * g - v)
            m_hat = m / (1 - 0.9 ** self.step_number)
            v_hat = v / (1 - 0.999 ** self.step_number)
            p -= rate * (m_hat / (np.sqrt(v_hat) + 1e-8) + (decay * p if p.ndim > 1 else 0))


def through_unit(z, y, dz):
    """Gradient before the scaling to unit length."""
    return (dz - z * (dz * z).sum(1, keepdims=True)) / np.linalg.norm(y, axis=1, keepdims=True)


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


class Head:
    """`unit(h @ weight + bias)` with `h = relu(s @ inner + inner_bias)`, or `h = s` where
    there is no hidden layer, and `s = clip((x - mean) / deviation)`."""

    def __init__(self, mean, deviation, layers):
        self.mean, self.deviation, self.layers = mean, deviation, layers

    def scaled(self, x):
        x = (x.astype(np.float32) - self.mean) / self.deviation
        return np.clip(x, -CLIP, CLIP)

    def __call__(self, x):
        x = self.scaled(x)
        for weight, bias in self.layers[:-1]:
            x = np.maximum(x @ weight + bias, 0)
        weight, bias = self.layers[-1]
        return unit(x @ weight + bias)


def new_layers(sizes, random_numbers):
    def weights(n, m):
        drawn = random_numbers.standard_normal((n, m)) * min(0.02, (2 / n) ** 0.5)
        return drawn.astype(np.float32)
    return [(weights(n, m), np.zeros(m, np.float32)) for n, m in zip(sizes, sizes[1:])]


def dropped(x, share, random_numbers):
    """`x` without a share of its numbers, to the nearest of 256 steps."""
    kept = random_numbers.integers(0, 256, x.shape, np.uint8) >= round(share * 256)
    return x * kept / np.float32(1 - share)


def name_or_another(own, chance):
    return own[0] if chance.random() < NAMED else chance.choice(own)


def train(features, texts_of, texts, seed, epochs, batch=1024, rate=2e-3, decay=0.05, dropout=0.5,
          hidden=0, inner_dropout=0.3, report=lambda epoch, loss: None):
    """Trains on `features` [n, f]; row i goes with any of the texts `texts_of[i]`
    (rows of `texts` [m, d]); rows without texts are left out."""
    random_numbers, chance = np.random.default_rng(seed), random.Random(seed)
    rows = np.array([i for i, own in enumerate(texts_of) if own])
    sample = features[np.sort(random_numbers.choice(rows, min(STATISTICS, len(rows)), False))]
    mean, deviation = sample.mean(0, dtype=np.float64), sample.std(0, dtype=np.float64) + 1e-3
    sizes = [features.shape[1], *([hidden] if hidden else []), texts.shape[1]]
    head = Head(mean.astype(np.float32), deviation.astype(np.float32),
                new_layers(sizes, random_numbers))
    log_scale = np.array(np.log(20.0), np.float32)
    optimizer = AdamW([array for layer in head.layers for array in layer] + [log_scale])
    steps, done, diagonal = epochs * (len(rows) // batch), 0, np.arange(batch)
    for epoch in range(epochs):
        order, losses = random_numbers.permutation(rows), []
        for start in range(0, len(order) - batch + 1, batch):
            picked = order[start:start + batch]
            x = dropped(head.scaled(features[picked]), dropout, random_numbers)
            t = texts[[name_or_another(texts_of[i], chance) for i in picked]]
            inputs = [x]
            for inner, inner_bias in head.layers[:-1]:
                x = np.maximum(x @ inner + inner_bias, 0)
                x = dropped(x, inner_dropout, random_numbers)
                inputs.append(x)
            weight, bias = head.layers[-1]
            y = x @ weight + bias
            z, scale = unit(y), np.exp(log_scale)
            cosines = z @ t.T
            same = t @ t.T > SAME_MEANING
            np.fill_diagonal(same, False)
            logits = np.where(same, -1e4, scale * cosines)
            by_picture, by_text = softmax(logits, 1), softmax(logits, 0)
            losses.append(-np.log(by_picture[diagonal, diagonal] + 1e-9).mean())
            gradient = (by_picture + by_text) / 2
            gradient[diagonal, diagonal] -= 1
            gradient /= batch
            dy = through_unit(z, y, scale * gradient @ t)
            d_scale = np.array(scale * (gradient * cosines)[~same].sum(), np.float32)
            gradients, dx = [], dy
            for (weight, _), entered in zip(reversed(head.layers), reversed(inputs)):
                gradients = [entered.T @ dx, dx.sum(0)] + gradients
                if entered is not inputs[0]:
                    dx = (dx @ weight.T) * (entered > 0) / (1 - inner_dropout)
            ramp = min(1, (done + 1) / 20) * 0.5 * (1 + np.cos(np.pi * done / steps))
            optimizer.step([*gradients, d_scale], rate * ramp, decay)
            log_scale[...] = min(float(log_scale), np.log(100.0))
            done += 1
        report(epoch, float(np.mean(losses)))
    return head
