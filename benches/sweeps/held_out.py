"""What settings are worth on a set that had no say in choosing them.

    veritrail eval SET... --sweep FILE --keep FOLDER --format json > sweep.json
    python3 benches/sweeps/held_out.py sweep.json [MEASURE]

For each set: the variant with the best mean over all other sets (each counts the same), and
what it reaches on this one beside the first variant of the sweep. MEASURE is that by which
variants are chosen, ndcg@10 without one.
"""

import json
import sys

MEASURES = ("recall@5", "ndcg@10")


def main(path: str, chosen_by: str = "ndcg@10") -> None:
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    if not rows or chosen_by not in rows[0]:
        sys.exit(f"{path}: expected lines of `veritrail eval --sweep --format json` with {chosen_by}")
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    values = {(row["dataset"], row["variant"]): row for row in rows}
    # The rows of all sets together are not those of a set.
    sets = list(dict.fromkeys(row["dataset"] for row in rows if row["dataset"]))

    def mean(variant: str, over: list[str], measure: str) -> float:
        return sum(values[name, variant][measure] for name in over) / len(over)

    chosen = {}
    for held_out in sets:
        others = [name for name in sets if name != held_out]
        chosen[held_out] = max(variants, key=lambda variant: mean(variant, others, chosen_by))
    for name, variant in chosen.items():
        row, first = values[name, variant], values[name, variants[0]]
        figures = ", ".join(f"{m} {row[m]:.4f} ({first[m]:.4f})" for m in MEASURES)
        print(f"{name:20} {figures}  by {variant}")
    for measure in MEASURES:
        held_out = sum(values[name, variant][measure] for name, variant in chosen.items())
        first = mean(variants[0], sets, measure)
        print(f"mean {measure:15} {held_out / len(sets):.4f} ({first:.4f})")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
