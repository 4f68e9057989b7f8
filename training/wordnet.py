"""Nouns of WordNet: what a name means, what it is a kind of, what else it is called."""

from dataclasses import dataclass


@dataclass
class Sense:
    words: list
    kinds: list  # offsets of the hypernyms
    gloss: str


def normal(name):
    return name.lower().replace("_", " ").replace("-", " ")


class Nouns:
    def __init__(self, folder):
        """Reads data.noun and index.noun of `folder`."""
        self.senses, self.by_name = {}, {}
        for line in (folder / "data.noun").read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):
                continue
            head, _, gloss = line.partition("|")
            fields = head.split()
            n_words = int(fields[3], 16)
            words = [fields[4 + 2 * i].replace("_", " ") for i in range(n_words)]
            links = fields[4 + 2 * n_words + 1:]
            kinds = [links[i + 1] for i in range(0, len(links) - 3, 4) if links[i] in ("@", "@i")]
            gloss = gloss.split(";")[0].split('"')[0].strip()
            self.senses[fields[0]] = Sense(words, kinds, gloss)
        for line in (folder / "index.noun").read_text(encoding="utf-8").splitlines():
            if line.startswith("  "):
                continue
            fields = line.split()
            n_senses = int(fields[2])
            # The most frequent sense comes first.
            self.by_name[normal(fields[0])] = fields[-n_senses:]

    def first(self, name):
        """The most frequent sense of a name, or None."""
        found = self.by_name.get(normal(name))
        return found and self.senses[found[0]]

    def shared(self, names):
        """The sense that most of `names` have, as the names of one ImageNet class do."""
        counts = {}
        for name in names:
            for offset in self.by_name.get(normal(name), []):
                counts[offset] = counts.get(offset, 0) + 1
        if not counts:
            return None
        best = max(counts, key=lambda o: counts[o] + counts[o] / len(self.senses[o].words))
        return self.senses[best]

    def kinds_above(self, sense, most):
        """First names of the kinds above a sense, nearest first."""
        above = []
        while sense.kinds and len(above) < most:
            sense = self.senses[sense.kinds[0]]
            above.append(sense.words[0])
        return above
