#!/usr/bin/env python3
"""What the image processors of the reference library make of pictures, sampled.

Adds photographs of natural statistics to tests/reference/crossmodal/pictures
(amplitudes fall with the frequency, colours follow brightness, as in photographs)
and writes, for every picture in pictures/, in the order of pictures.txt:
  {clip,siglip}_pixels.f32      256 numbers of the pixel values, evenly spaced
  {clip,siglip}_natural.f32     vectors of the natural pictures by the tiny models

Made with Python 3.11, transformers 4.44.2, Pillow 11.3.0, onnxruntime 1.32:
  python3 tests/reference/crossmodal_pixels.py
"""
import io
import pathlib

import numpy as np
import onnxruntime
from PIL import Image, ImageOps
from transformers import CLIPImageProcessor, SiglipImageProcessor

HERE = pathlib.Path(__file__).parent / "crossmodal"
N_SAMPLES = 256


def natural(width, height, seed):
    """Amplitudes fall as 1/f (Field 1987), those of colour faster than those of brightness."""
    numbers = np.random.default_rng(seed)
    fy, fx = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]
    frequency = np.maximum(np.hypot(fy, fx), 1 / max(width, height))
    planes = [np.fft.ifft2(np.fft.fft2(numbers.normal(size=(height, width))) / frequency**power).real
              for power in (1.2, 1.8, 1.8)]
    brightness, warm, green = (plane / plane.std() for plane in planes)
    colours = np.stack([brightness + 0.35 * warm, brightness + 0.2 * green,
                        brightness - 0.35 * warm - 0.1 * green], -1)
    return Image.fromarray(np.clip(120 + 50 * colours, 0, 255).astype(np.uint8))


def on_white(picture):
    if picture.mode == "I;16":
        picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")


def unit(rows):
    rows = np.concatenate(rows).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main():
    folder = HERE / "pictures"
    added = []
    for n, (width, height, options) in enumerate([
            (480, 360, {"quality": 88}), (300, 450, {"quality": 75, "progressive": True}),
            (640, 427, {"quality": 92, "subsampling": 0}), (375, 500, {"quality": 85, "subsampling": 1})]):
        buffer = io.BytesIO()
        natural(width, height, n).save(buffer, "JPEG", **options)
        added.append(f"natural-{width}x{height}.jpg")
        (folder / added[-1]).write_bytes(buffer.getvalue())
    names = sorted(path.name for path in folder.iterdir() if path.suffix != ".txt")
    (HERE / "pictures.txt").write_text("\n".join(names) + "\n")
    for key, processor in (("clip", CLIPImageProcessor()), ("siglip", SiglipImageProcessor())):
        session = onnxruntime.InferenceSession(HERE / key / "onnx" / "vision_model.onnx")
        samples, vectors = [], {}
        for name in names:
            picture = np.asarray(on_white(Image.open(folder / name)))
            values = processor(images=picture, return_tensors="np",
                               input_data_format="channels_last")["pixel_values"]
            at = np.linspace(0, values.size - 1, N_SAMPLES).astype(int)
            samples.append(values.ravel()[at].astype(np.float32))
            vectors[name] = session.run(None, {"pixel_values": values.astype(np.float32)})[0]
        np.concatenate(samples).tofile(HERE / f"{key}_pixels.f32")
        unit([vectors[name] for name in sorted(added)]).tofile(HERE / f"{key}_natural.f32")


if __name__ == "__main__":
    main()
