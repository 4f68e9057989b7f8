"""Texts of drawings: what each is trained with, and their vectors."""

import json
import random
import re

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

TEXTS_EACH = 6
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


def training_texts(records, excluded, seed=0):
    """For each drawing its first allowed text and random handfuls of its keywords."""
    chance, chosen, n_left_out = random.Random(seed), [], 0
    for record in records:
        allowed = [text for text in record["texts"] if normalised(text) not in excluded]
        n_left_out += len(record["texts"]) - len(allowed)
        keywords = allowed[1:] or allowed
        own = allowed[:1]
        for _ in range(TEXTS_EACH - 1):
            if len(keywords) >= 2:
                n = chance.randint(2, min(5, len(keywords)))
                own.append(" ".join(chance.sample(keywords, n)))
            elif allowed:
                template = chance.choice(["a drawing of ", "a picture of ", "", "an icon showing "])
                own.append(template + allowed[0])
        chosen.append(own)
    return chosen, n_left_out


class TextModel:
    """all-MiniLM-L6-v2 as `veritrail models pull` installs it: mean pooling, unit length."""

    def __init__(self, folder):
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(256)
        self.tokenizer.no_padding()
        self.session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
        self.inputs = [entry.name for entry in self.session.get_inputs()]

    def __call__(self, texts):
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
