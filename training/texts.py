"""Texts of drawings: what each is trained with, and their vectors."""

import json
import random
import re

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

TEXTS_EACH = {"emoji": 7, "drawing": 4, "icon": 2}
BATCH = 64


def normalised(text):
    return re.sub(r"\W+", " ", text.lower()).strip()


def exclusions(folders):
    """Every text that one of the evaluation sets asks for."""
    return {
        normalised(json.loads(line)["text"])
        for folder in folders for path in sorted(folder.glob("*queries.jsonl"))
        for line in path.read_text().splitlines()
    }


def meanings(name, nouns):
    """What the name of a drawing means, in other words: gloss, synonyms and kind of the
    most frequent sense."""
    bare = re.sub(r" (face|symbol|button|sign|emoji|icon)$", "", name)
    sense = nouns.first(name) or nouns.first(bare)
    if sense is None or len(name) < 3:
        return []
    return [sense.gloss, *sense.words[:3], *nouns.kinds_above(sense, 1)]


def texts_of(record, excluded, nouns):
    """A name or, where it may not be used, what comes nearest; then random handfuls of
    keywords. The same for drawings that share a concept."""
    given = record["texts"]
    means = meanings(given[0], nouns)
    allowed = [text for text in given + means if normalised(text) not in excluded]
    if not allowed:
        return []
    chance = random.Random(f"{record['concept']} {allowed}")
    keywords = [text for text in allowed if text != given[0] and text not in means[:1]]
    names = [text for text in (given[0], *means[:1]) if text in allowed]
    own = names or [" ".join(keywords[:5])]
    for _ in range(TEXTS_EACH[record["kind"]] - 1):
        if len(keywords) >= 2:
            own.append(" ".join(chance.sample(keywords, chance.randint(2, min(5, len(keywords))))))
        else:
            own.append(chance.choice(allowed + [f"a drawing of {allowed[0]}"]))
    return own


def training_texts(records, excluded, nouns):
    """Texts of each drawing, and how many of its texts were left out."""
    chosen = [texts_of(record, excluded, nouns) for record in records]
    n_left_out = sum(normalised(text) in excluded for record in records
                     for text in record["texts"])
    return chosen, n_left_out


class TextModel:
    """all-MiniLM-L6-v2 as `veritrail models pull` installs it: mean pooling, unit length.
    Vectors are kept in a file, so that the next run need not compute them."""

    def __init__(self, folder, kept=None):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(256)
        self.tokenizer.no_padding()
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
        self.inputs = [entry.name for entry in self.session.get_inputs()]
        self.kept, self.known = kept, {}
        if kept and kept.exists():
            with np.load(kept) as file:
                self.known = dict(zip(file["texts"].tolist(), file["vectors"]))

    def __call__(self, texts):
        missing = sorted({text for text in texts if text not in self.known})
        if missing:
            self.known.update(zip(missing, self.computed(missing)))
        if self.kept and len(missing) > BATCH:
            np.savez(self.kept, texts=np.array(list(self.known)),
                     vectors=np.stack(list(self.known.values())))
        return np.stack([self.known[text] for text in texts])

    def computed(self, texts):
        encodings = self.tokenizer.encode_batch(list(texts))
        by_length = np.argsort([len(encoding.ids) for encoding in encodings])
        vectors = np.zeros((len(encodings), 384), np.float32)
        for start in range(0, len(by_length), BATCH):
            rows = by_length[start:start + BATCH]
            longest = max(len(encodings[row].ids) for row in rows)
            ids, mask = np.zeros((2, len(rows), longest), np.int64)
            for i, row in enumerate(rows):
                n = len(encodings[row].ids)
                ids[i, :n], mask[i, :n] = encodings[row].ids, 1
            given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            given = {name: given[name] for name in self.inputs}
            hidden = self.session.run(None, given)[0]
            if hidden.ndim == 3:
                hidden = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
            vectors[rows] = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
        return vectors
