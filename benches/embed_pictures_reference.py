#!/usr/bin/env python3
"""The picture benchmark in Python: onnxruntime + Pillow, the same model file, the
same pictures, batches and threads as benches/embed_pictures.rs.

  python3 -m pip install numpy onnxruntime==1.32.0 pillow
  python3 benches/embed_pictures_reference.py ~/.cache/veritrail/models/veritrail-lite FOLDER

Side by side with the Rust benchmark, round by round in one run:
  VERITRAIL_BENCH_PYTHON=python3 cargo bench --bench embed_pictures

As strong as the Rust side: pictures are decoded and resized on as many threads as
the model has, for which Pillow gives the interpreter's lock away. With --serve it
reads a line from standard input for each round and answers with the seconds that
the round took and the sum of all components.
"""
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

N_THREADS, BATCH = 2, 8


def main():
    import numpy as np
    import onnxruntime
    from PIL import Image, ImageOps

    model, pictures = sys.argv[1:3]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = N_THREADS
    session = onnxruntime.InferenceSession(
        os.path.join(model, "vision_model.onnx"), options, providers=["CPUExecutionProvider"]
    )
    config = json.load(open(os.path.join(model, "preprocessor_config.json")))
    size = (config["size"]["width"], config["size"]["height"])
    factor = np.float32(config["rescale_factor"])
    mean = np.asarray(config["image_mean"], dtype=np.float32)
    std = np.asarray(config["image_std"], dtype=np.float32)
    files = sorted(os.path.join(pictures, name) for name in os.listdir(pictures))

    def prepared(path):
        picture = Image.open(path)
        ImageOps.exif_transpose(picture, in_place=True)
        if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
            picture = picture.convert("RGBA")
            paper = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(paper, picture)
        picture = picture.convert("RGB").resize(size, Image.Resampling(config["resample"]))
        pixels = np.asarray(picture, dtype=np.float32) * factor
        return ((pixels - mean) / std).transpose(2, 0, 1)

    pool = ThreadPoolExecutor(N_THREADS)

    def one_round():
        begin, total = time.perf_counter(), 0.0
        for start in range(0, len(files), BATCH):
            numbers = np.stack(list(pool.map(prepared, files[start : start + BATCH])))
            vectors = session.run(["image_embeds"], {"pixel_values": numbers})[0]
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            total += float(vectors.sum())
        return time.perf_counter() - begin, total

    if "--serve" in sys.argv:
        print("ready", flush=True)
        for _ in sys.stdin:
            seconds, total = one_round()
            print(seconds, total, flush=True)
        return
    for _ in range(5):
        seconds, total = one_round()
        print(f"python: {len(files) / seconds:.1f} pictures/s (sum of components {total:.3f})")


if __name__ == "__main__":
    main()
