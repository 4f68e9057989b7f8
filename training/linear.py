#!/usr/bin/env python3
"""Learns the weights of a linear model of `src/answer` from what `veritrail eval --run`
wrote, and says by cross-validation how it does on cases that it does not know.

    veritrail eval attributionbench-dev --task support --run support.jsonl
    python3 training/linear.py support.jsonl --name support-1 --out src/answer/support_weights.json

Each line has `features`, a `label` and a `group` (cases of one group stay together, as
the claims of one question do). Logistic regression with a ridge on standardised features,
by Newton's method; the weights are written for the features as they are. Cases of files
after `--beside` count a fifth. `--trade` prints, for thresholds of the probability, how many
cases with the label are lost and how many without it are let through, for each file. Needs
numpy alone.
"""
import argparse
import hashlib
import json
import os

import numpy as np

RIDGE = 3.0  # on standardised features, as scikit-learn's C = 1/3
N_PARTS = 10
BESIDE = 0.2
THRESHOLDS = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)


def fit(x, y, counts, ridge_of_all=RIDGE):
    """Bias and weights; classes count the same however many cases they have."""
    mean, scale = x.mean(0), x.std(0)
    scale[scale == 0] = 1
    z = np.hstack([np.ones((len(x), 1)), (x - mean) / scale])
    mean_label = (counts * y).sum() / counts.sum()
    share = counts * np.where(y == 1, 0.5 / max(mean_label, 1e-9), 0.5 / max(1 - mean_label, 1e-9))
    ridge = np.full(z.shape[1], ridge_of_all)
    ridge[0] = 1e-9
    w = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(z @ w, -30, 30)))
        gradient = z.T @ (share * (y - p)) - ridge * w
        hessian = (z * (share * p * (1 - p))[:, None]).T @ z + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        w += step
        if np.abs(step).max() < 1e-9:
            break
    weights = w[1:] / scale
    return w[0] - (weights * mean).sum(), weights


def balanced_accuracy(said, y):
    return ((said[y == 1]).mean() + (~said[y == 0]).mean()) / 2


def trade(logits, y, files):
    """What each threshold loses and lets through, by cross-validation."""
    p = 1 / (1 + np.exp(-logits))
    for name in sorted(set(files)):
        of = files == name
        for threshold in THRESHOLDS:
            lost = (p[:, of & (y == 1)] < threshold).mean()
            through = (p[:, of & (y == 0)] >= threshold).mean() if (of & (y == 0)).any() else None
            through = "" if through is None else f", let through {through:.3f}"
            print(f"  {os.path.basename(name):24} {threshold:.2f}  lost {lost:.3f}{through}")


def part_of(group, seed):
    return int(hashlib.sha256(f"{seed} {group}".encode()).hexdigest(), 16) % N_PARTS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--name", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--beside", nargs="*", default=[], metavar="FILE")
    parser.add_argument("--ridge", type=float, default=RIDGE)
    parser.add_argument("--trade", action="store_true")
    parser.add_argument("--without", default="", help="features to leave out, separated by commas")
    arguments = parser.parse_args()
    lines = [json.loads(line) | {"file": path} for path in arguments.cases + arguments.beside
             for line in open(path)]
    # Without evidence there is nothing to weigh.
    lines = [line for line in lines if line["features"]]
    left_out = set(arguments.without.split(","))
    names = [name for name in sorted(lines[0]["features"]) if name not in left_out]
    x = np.array([[line["features"][name] for name in names] for line in lines])
    y = np.array([int(line["label"]) for line in lines])
    counts = np.array([BESIDE if line["file"] in arguments.beside else 1.0 for line in lines])
    results, ungated, held_back = [], [], []
    for seed in range(5):
        parts = np.array([part_of(line["group"], seed) for line in lines])
        p = np.zeros(len(lines))
        for part in range(N_PARTS):
            known = parts != part
            bias, weights = fit(x[known], y[known], counts[known], arguments.ridge)
            p[parts == part] = bias + x[parts == part] @ weights
        held_back.append(p)
        full = counts == 1
        ungated.append(balanced_accuracy(p[full] >= 0, y[full]))
        for name in sorted({line.get("part", "") for line in lines}):
            of = np.array([line.get("part", "") == name for line in lines])
            results.append((name, balanced_accuracy(p[of] >= 0, y[of])))
    print(f"{len(lines)} cases, {N_PARTS} parts by group, 5 divisions: balanced accuracy "
          f"{np.mean(ungated):.3f} ({min(ungated):.3f} to {max(ungated):.3f})")
    for name in sorted({name for name, _ in results}):
        print(f"  {name or 'all':22} {np.mean([r for n, r in results if n == name]):.3f}")
    if arguments.trade:
        trade(np.array(held_back), y, np.array([line["file"] for line in lines]))
    bias, weights = fit(x, y, counts, arguments.ridge)
    for name, weight, spread in sorted(zip(names, weights, x.std(0)), key=lambda item: -abs(item[1] * item[2])):
        print(f"  {name:24} {weight:8.3f}   by its spread {weight * spread:6.3f}")
    digests = {os.path.basename(path): hashlib.sha256(open(path, "rb").read()).hexdigest()
               for path in arguments.cases + arguments.beside}
    model = {
        "format": "veritrail-linear-model 1",
        "learned": {
            "name": arguments.name,
            "command": "training/linear.py " + " ".join(
                [os.path.basename(c) for c in arguments.cases]
                + (["--beside"] + [os.path.basename(c) for c in arguments.beside] if arguments.beside else [])
                + [f"--ridge {arguments.ridge:g}"]),
            "cases": digests,
            "n_cases": len(lines),
            "balanced_accuracy_by_cross_validation": round(float(np.mean(ungated)), 3),
        },
        "bias": round(float(bias), 4),
        "weights": {name: round(float(weight), 4) for name, weight in zip(names, weights)},
    }
    with open(arguments.out, "w") as file:
        json.dump(model, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
