"""Compressed exemplars beside JPEG, WebP and AVIF at the same bytes, all maps of a material together.

python3 compare.py IMAGINE SET... prints a table: weighted PSNR (colour and normal x and y count 1, other maps 0.4 each) at 2, 4 and 6 bits a
texel. The other formats get the best split of the bytes over the maps. IMAGINE is the command line, a SET a folder of maps of 512 x 512 texels.
Needs numpy and Pillow with AVIF.
"""

import io
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
from PIL import Image, ImageFile

# Room for JPEG at its best.
ImageFile.MAXBLOCK = 1 << 24
BITS = (2, 4, 6)
WEIGHTS = {"color": 1.0, "normal": 1.0}
OTHER = 0.4
FORMATS = {
    "JPEG": ("JPEG", [{"quality": q, "optimize": True, "subsampling": s} for q in (3, *range(6, 97, 6), 98) for s in (0, 2)]),
    "WebP": ("WEBP", [{"quality": q, "method": 6} for q in (0, 2, 5, *range(10, 101, 6))]),
    "AVIF": ("AVIF", [{"quality": q, "speed": 4, "subsampling": "4:4:4"} for q in (1, 5, 10, *range(16, 100, 7))]),
}


def maps(folder):
    for path in sorted(pathlib.Path(folder).iterdir()):
        name = path.stem.split("_")[0]
        yield name, Image.open(path).convert("RGB" if name in WEIGHTS else "L")


def error(name, one, other):
    """Weighted squared error of a texel, in squares of the whole range."""
    a, b = (np.asarray(p, dtype=np.float64) / 255 for p in (one, other))
    if name == "normal":
        a, b = a[..., :2], b[..., :2]
    return WEIGHTS.get(name, OTHER) * float(np.mean((a - b) ** 2))


def points(name, picture, kind, settings):
    """Bytes and errors of one map at each setting, and the picture without a byte: its mean."""
    flat = Image.fromarray(np.broadcast_to(np.asarray(picture).mean((0, 1)).round().astype(np.uint8), np.shape(picture)).copy())
    found = [(4, error(name, picture, flat))]
    for setting in settings:
        file = io.BytesIO()
        picture.save(file, kind, **setting)
        found.append((file.tell(), error(name, picture, Image.open(io.BytesIO(file.getvalue())).convert(picture.mode))))
    return found


def best(curves, budget):
    """The least sum of errors for the bytes, over slopes of the convex hull."""
    low, high = 1e-14, 1e-1
    found = math.inf
    for _ in range(80):
        slope = math.sqrt(low * high)
        chosen = [min(curve, key=lambda point: point[1] + slope * point[0]) for curve in curves]
        if sum(point[0] for point in chosen) > budget:
            low = slope
        else:
            high = slope
            found = min(found, sum(point[1] for point in chosen))
    return found


def psnr(total, names):
    return -10 * math.log10(total / sum(WEIGHTS.get(name, OTHER) for name in names))


def ours(imagine, folder):
    with tempfile.TemporaryDirectory() as place:
        exact, small = (f"{place}/{name}.generator.safetensors" for name in ("exact", "small"))
        train = [imagine, "train", "exemplar", folder, "--side", "512", "--out", exact, "--json"]
        # A set that does not tell the convention of its normals counts as +Y up.
        if subprocess.run(train, capture_output=True).returncode != 0:
            subprocess.run([*train, "--normal", "gl"], check=True, capture_output=True)
        for bits in BITS:
            begin = time.time()
            command = [imagine, "compress", exact, "--bits", str(bits), "--out", small, "--json"]
            report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            yield report["psnr"], time.time() - begin


def main(imagine, folders):
    print("| set | code | " + " | ".join(f"{bits} bits" for bits in BITS) + " |\n|---|---|" + "---|" * len(BITS))
    for folder in folders:
        pictures = dict(maps(folder))
        name = pathlib.Path(folder).name
        texels = math.prod(next(iter(pictures.values())).size)
        for code, (kind, settings) in FORMATS.items():
            curves = [points(map_name, picture, kind, settings) for map_name, picture in pictures.items()]
            found = [psnr(best(curves, bits * texels / 8), pictures) for bits in BITS]
            print(f"| {name} | {code} | " + " | ".join(f"{value:.1f}" for value in found) + " |", flush=True)
        found = list(ours(imagine, folder))
        print(f"| {name} | ours | " + " | ".join(f"{value:.1f} ({seconds:.0f} s)" for value, seconds in found) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
