#!/usr/bin/env python3
"""Tiny CLIP and SigLIP models and what the reference library makes of pictures
and texts with them. Nothing of Veritrail's code takes part.

Writes into tests/reference/crossmodal:
  clip/, siglip/            randomly initialised models in the layout of the common
                            exports (onnx/*.onnx, preprocessor_config.json, tokenizer.json)
  pictures/                 pictures of all kinds, drawn here
  texts.jsonl               {"text", "clip": token ids, "siglip": token ids}
  {clip,siglip}_pictures.f32, {clip,siglip}_texts.f32   vectors, unit length, little-endian

The tokenizers are trained here: a byte-level BPE for CLIP (reference:
CLIPTokenizerFast, the library's default; the slow one repairs curly quotes and
parts Chinese characters before it begins) and a sentencepiece Unigram for SigLIP
(reference: the slow SiglipTokenizer, the only one there is). Pictures are turned upright and put on white paper before the
library's image processors see them.

Made with Python 3.11, torch 1.13, transformers 4.44.2, Pillow 11.3.0 (which
resizes horizontally first), sentencepiece 0.2:
  python3 tests/reference/crossmodal.py
"""
import io
import json
import pathlib
import random
import struct
import zlib

import numpy as np
import sentencepiece
import torch
from PIL import Image, ImageDraw, ImageOps
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer,
                          CLIPTokenizerFast, SiglipConfig, SiglipImageProcessor, SiglipModel,
                          SiglipTokenizer)
from transformers.convert_slow_tokenizer import CLIPConverter, SpmConverter

HERE = pathlib.Path(__file__).parent / "crossmodal"
torch.manual_seed(7)
torch.set_num_threads(1)
WORDS = ("pump valve seal shaft red green amber light panel screen error wiring diagram photo of a the "
         "on off two three four cat dog house boat tree mountain sensor display button warning hot "
         "surface sign picture drawing front back left right open closed water oil pressure").split()


def texts():
    """A hundred texts: plain, over-long, empty, many scripts, odd signs."""
    rng = random.Random(1)
    made = [" ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 12))) for _ in range(55)]
    made += [" ".join(rng.choice(WORDS) for _ in range(n)) for n in (70, 80, 120, 300)]
    made += ["", " ", "a", "A PHOTO OF A CAT!", "don't we'll they're it's", "E-17 / SP-3117 (NBR)",
             "12345 67.89 1,000", "tabs\tand\nnew lines", "dash\u2014dash \u201cquotes\u201d", "caf\u00e9 na\u00efve \u00fcber",
             "cafe\u0301 combining", "\u041d\u0430\u0441\u043e\u0441 \u043f\u0440\u043e\u0442\u0435\u043a\u0430\u0435\u0442", "\u6c34\u6cf5\u6f0f\u6c34", "\u30dd\u30f3\u30d7\u304c\u6f0f\u308c\u308b", "\ud38c\ud504\uac00 \uc0c8\ub2e4",
             "\u0627\u0644\u0645\u0636\u062e\u0629 \u062a\u0633\u0631\u0628", "\u05d4\u05de\u05e9\u05d0\u05d1\u05d4 \u05d3\u05d5\u05dc\u05e4\u05ea", "\u092a\u0902\u092a \u0932\u0940\u0915", "\u03b1\u03bd\u03c4\u03bb\u03af\u03b1", "\u0e1b\u0e31\u0e4a\u0e21\u0e23\u0e31\u0e48\u0e27",
             "emoji \U0001f600\U0001f6e0\ufe0f", "a/b\\c_d", "unbreakable" * 25, "UPPER lower MiXeD", "...!!!???", "$5.00 & 50%",
             "<html> &amp; tags", "snake_case camelCase", "100\u00b0C \u00b5m \u03a9", "a  b   c"]
    while len(made) < 100:
        made.append("photo of " + " and ".join(rng.sample(WORDS, 3)))
    return made[:100]


def photo(width, height, seed):
    """Something with edges and gradients."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [128 + 100 * np.sin(x / (7.0 + seed)) * np.cos(y / 23.0),
             128 + 90 * np.sin((x + y) / (9.0 + seed)), x * 255.0 / max(width, 1)]
    picture = np.stack(waves, -1)
    picture[height // 4:height // 2, width // 4:width // 3] = [250, 240, 20]
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def flat(width, height, seed):
    """Shapes of few colours, which pack small."""
    rng = random.Random(seed)
    picture = Image.new("RGB", (width, height), (240, 240, 235))
    draw = ImageDraw.Draw(picture)
    for _ in range(6):
        x, y = rng.randrange(width), rng.randrange(height)
        size = rng.randrange(1, max(2, min(width, height) // 2))
        colour = tuple(rng.randrange(256) for _ in range(3))
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)([x, y, x + size, y + size], fill=colour)
    return picture


def sixteen_bits(width, height, channels):
    """A PNG of 16 bits a channel, which Pillow does not write in colour."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [(x * 65535 // width), (y * 65535 // height), ((x + y) * 65535 // (width + height))][:channels]
    values = np.stack(planes, -1).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", width, height, 16, 2 if channels == 3 else 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return png, Image.fromarray((values >> 8).astype(np.uint8).squeeze())


def encoded(picture, form, **options):
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def pictures():
    """Name, bytes and, where Pillow would read the bytes otherwise, the pixels."""
    for n, (width, height) in enumerate([(224, 224), (320, 240), (240, 320), (97, 61), (61, 97), (300, 77), (77, 300)]):
        yield f"photo-{width}x{height}.png", encoded(photo(width, height, n), "PNG", optimize=True), None
    for n, (width, height) in enumerate([(640, 480), (480, 640), (1280, 853), (300, 777), (1, 1), (2, 3), (16, 16), (2400, 1600), (1000, 40), (40, 1000)]):
        yield f"flat-{width}x{height}.png", encoded(flat(width, height, n), "PNG", optimize=True), None
    yield "jpeg.jpg", encoded(photo(400, 300, 3), "JPEG", quality=85), None
    yield "progressive.jpg", encoded(photo(300, 400, 4), "JPEG", quality=85, progressive=True), None
    yield "grey.jpg", encoded(photo(200, 150, 5).convert("L"), "JPEG", quality=90), None
    yield "cmyk.jpg", encoded(flat(200, 150, 6).convert("CMYK"), "JPEG", quality=95), None
    exif = Image.Exif()
    for orientation in (3, 6, 8):
        exif[0x0112] = orientation
        yield f"exif-{orientation}.jpg", encoded(photo(260, 180, orientation), "JPEG", quality=90, exif=exif), None
    yield "grey.png", encoded(photo(180, 240, 7).convert("L"), "PNG", optimize=True), None
    yield "bits.png", encoded(flat(180, 140, 8).convert("1"), "PNG"), None
    yield "palette.png", encoded(flat(230, 170, 9).convert("P", palette=Image.ADAPTIVE, colors=16), "PNG"), None
    alpha = flat(200, 200, 10).convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize((200, 200)))
    yield "alpha.png", encoded(alpha, "PNG", optimize=True), None
    grey_alpha = flat(150, 200, 11).convert("LA")
    grey_alpha.putalpha(Image.radial_gradient("L").resize((150, 200)))
    yield "grey-alpha.png", encoded(grey_alpha, "PNG", optimize=True), None
    yield "lossless.webp", encoded(flat(330, 220, 12), "WEBP", lossless=True), None
    yield "alpha.webp", encoded(alpha, "WEBP", lossless=True), None
    frames = [flat(160, 120, n) for n in (13, 14)]
    yield "animated.webp", encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True), None
    yield "animated.png", encoded(frames[0], "PNG", save_all=True, append_images=frames[1:]), None
    for channels in (3, 1):
        data, pixels = sixteen_bits(210, 160, channels)
        yield f"sixteen-bits-{channels}.png", data, pixels


def on_white(picture):
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")


def clip_tokenizer(corpus):
    trained = Tokenizer(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>"))
    trained.normalizer = normalizers.Lowercase()
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=900, end_of_word_suffix="</w>", show_progress=False,
                                  initial_alphabet=alphabet, min_frequency=2)
    # Words are separated before training, so that no piece begins with a space.
    trained.train_from_iterator([word for text in corpus for word in text.split()], trainer)
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in json.loads(trained.to_str())["model"]["merges"]]
    pieces = alphabet + [letter + "</w>" for letter in alphabet] + ["".join(pair.split(" ")) for pair in merges]
    pieces = list(dict.fromkeys(pieces)) + ["<|startoftext|>", "<|endoftext|>"]
    folder = HERE / "clip"
    (folder / "vocab.json").write_text(json.dumps({piece: n for n, piece in enumerate(pieces)}, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    slow = CLIPTokenizer(folder / "vocab.json", folder / "merges.txt")
    CLIPConverter(slow).converted().save(str(folder / "tokenizer.json"))
    for name in ("vocab.json", "merges.txt"):
        (folder / name).unlink()
    return CLIPTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))


def siglip_tokenizer(corpus):
    folder = HERE / "siglip"
    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([text.lower() for text in corpus if text.strip()] * 3), model_writer=buffer,
        vocab_size=420, character_coverage=0.98, pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
        model_type="unigram", hard_vocab_limit=False, minloglevel=2)
    path = folder / "spiece.model"
    path.write_bytes(buffer.getvalue())
    slow = SiglipTokenizer(str(path))
    converter = SpmConverter(slow)
    fast = converter.converted()
    punctuation = Regex("[" + "".join("\\" + c for c in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") + "]")
    fast.normalizer = normalizers.Sequence([
        normalizers.Lowercase(), normalizers.Replace(punctuation, ""),
        normalizers.Replace(Regex("\\s+"), " "), normalizers.Strip(), fast.normalizer])
    fast.post_processor = processors.TemplateProcessing(
        single=["$A", "</s>"], special_tokens=[("</s>", slow.convert_tokens_to_ids("</s>"))])
    fast.save(str(folder / "tokenizer.json"))
    path.unlink()
    return slow


class Features(torch.nn.Module):
    """One tower of a model, as it is exported."""

    def __init__(self, method):
        super().__init__()
        self.method = method

    def forward(self, *inputs):
        return self.method(*inputs)


def export(model, folder, text_inputs, outputs):
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    batch, length = {0: "batch"}, {0: "batch", 1: "length"}
    options = dict(opset_version=14, do_constant_folding=True)
    vision = Features(lambda pixel_values: model.get_image_features(pixel_values))
    vision.model = model
    torch.onnx.export(vision, (torch.zeros(1, 3, 224, 224),), str(folder / "onnx/vision_model.onnx"),
                      input_names=["pixel_values"], output_names=[outputs[0]],
                      dynamic_axes={"pixel_values": batch, outputs[0]: batch}, **options)
    text = Features(lambda *inputs: model.get_text_features(*inputs))
    text.model = model
    torch.onnx.export(text, text_inputs[1], str(folder / "onnx/text_model.onnx"),
                      input_names=text_inputs[0], output_names=[outputs[1]],
                      dynamic_axes={**{name: length for name in text_inputs[0]}, outputs[1]: batch}, **options)


def unit(rows):
    rows = np.concatenate(rows).astype(np.float64)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype("<f4")


def main():
    for name in ("clip", "siglip", "pictures"):
        (HERE / name).mkdir(parents=True, exist_ok=True)
    corpus = texts()
    clip_words, siglip_words = clip_tokenizer(corpus), siglip_tokenizer(corpus)
    eos = clip_words.convert_tokens_to_ids("<|endoftext|>")
    tower = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2)
    clip = CLIPModel(CLIPConfig(
        text_config=dict(tower, vocab_size=len(clip_words), max_position_embeddings=77, eos_token_id=eos,
                         bos_token_id=eos - 1, pad_token_id=eos),
        vision_config=dict(tower, image_size=224, patch_size=32), projection_dim=32)).eval()
    siglip = SiglipModel(SiglipConfig(
        text_config=dict(tower, vocab_size=siglip_words.vocab_size, max_position_embeddings=64),
        vision_config=dict(tower, image_size=224, patch_size=16))).eval()
    # The export of torch 1.13 knows no padding by name.
    patches = siglip.vision_model.embeddings.patch_embedding
    patches.padding, patches._reversed_padding_repeated_twice = (0, 0), [0, 0, 0, 0]
    ids = torch.tensor([clip_words("a photo of a cat", padding="max_length", max_length=77)["input_ids"]])
    export(clip, HERE / "clip", (["input_ids", "attention_mask"], (ids, torch.ones_like(ids))), ("image_embeds", "text_embeds"))
    ids = torch.tensor([siglip_words("a photo of a cat", padding="max_length", max_length=64, truncation=True)["input_ids"]])
    export(siglip, HERE / "siglip", (["input_ids"], (ids,)), ("pooler_output", "pooler_output"))
    processors_of = {"clip": CLIPImageProcessor(), "siglip": SiglipImageProcessor()}
    for name, processor in processors_of.items():
        processor.save_pretrained(HERE / name)
    vectors = {key: [] for key in ("clip_pictures", "siglip_pictures", "clip_texts", "siglip_texts")}
    with torch.no_grad():
        for name, data, pixels in pictures():
            (HERE / "pictures" / name).write_bytes(data)
            picture = on_white(pixels if pixels is not None else Image.open(io.BytesIO(data)))
            for key, model in (("clip", clip), ("siglip", siglip)):
                values = processors_of[key](images=np.asarray(picture), return_tensors="pt",
                                              input_data_format="channels_last")["pixel_values"]
                vectors[f"{key}_pictures"].append(model.get_image_features(values).numpy())
        with open(HERE / "texts.jsonl", "w") as file:
            for text in corpus:
                a = clip_words(text, truncation=True, max_length=77)["input_ids"]
                b = siglip_words(text, truncation=True, max_length=64)["input_ids"]
                padded = b + [siglip_words.pad_token_id] * (64 - len(b))
                vectors["clip_texts"].append(clip.get_text_features(torch.tensor([a])).numpy())
                vectors["siglip_texts"].append(siglip.get_text_features(torch.tensor([padded])).numpy())
                file.write(json.dumps({"text": text, "clip": a, "siglip": b}) + "\n")
    for key, rows in vectors.items():
        unit(rows).tofile(HERE / f"{key}.f32")
    print("pad of siglip:", siglip_words.pad_token_id, "eos of clip:", eos)


if __name__ == "__main__":
    main()
