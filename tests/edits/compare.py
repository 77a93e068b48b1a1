"""Repairs beside other programs, on holes and scratches whose contents are known.

    pip install numpy pillow scikit-image opencv-python-headless
    apt-get install gmic
    python3 compare.py holes PHOTOS 'target/release/imagine' --out FOLDER
    python3 compare.py scratches PHOTOS 'target/release/imagine'
    python3 compare.py tiles PHOTOS 'target/release/imagine'

PHOTOS is a folder with the CC0 photographs named in cases.tsv. Figures: PSNR in the hole in decibels, and the distance of the histograms of its gradients (0: the
same, 2: disjoint). PSNR favours blur; the histogram sees it. With --out, pictures are written: the hole, every result, the truth.
"""

import argparse
import pathlib
import subprocess
import tempfile

import cv2
import numpy as np
import skimage.data
from PIL import Image
from scipy import ndimage
from skimage.restoration import inpaint_biharmonic

HERE = pathlib.Path(__file__).parent


def photo(folder, name, box):
    x, y, w, h = box
    return np.asarray(Image.open(folder / name).convert("RGB").crop((x, y, x + w, y + h)))


def holes(folder):
    """Name, picture, mask."""
    for name, draw, place in (("grass", 1, (120, 130, 45, 55)), ("brick", 2, (130, 125, 45, 50)), ("gravel", 3, (125, 135, 40, 50))):
        picture = Image.fromarray(getattr(skimage.data, name)()).convert("RGB").resize((256, 256), Image.LANCZOS)
        yield name, np.asarray(picture), blob((256, 256), *place, draw)
    cat = Image.fromarray(skimage.data.chelsea()).resize((384, 256), Image.LANCZOS)
    yield "a cat's cheek", np.asarray(cat), blob((256, 384), 190, 70, 38, 45, 4)
    for line in (HERE / "cases.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        name, crop, hole, what = line.split("\t")
        crop, (x, y, w, h) = [int(n) for n in crop.split()], [int(n) for n in hole.split()]
        mask = np.zeros((crop[3], crop[2]), bool)
        mask[y - crop[1] : y - crop[1] + h, x - crop[0] : x - crop[0] + w] = True
        yield what, photo(folder, name, crop), mask


def blob(size, cy, cx, ry, rx, seed):
    """An ellipse with a rough edge."""
    y, x = np.mgrid[: size[0], : size[1]]
    angle, rng = np.arctan2(y - cy, x - cx), np.random.default_rng(seed)
    edge = 1 + sum(0.15 / k * np.sin(k * angle + rng.uniform(0, 6.3)) for k in (2, 3, 5))
    return ((y - cy) / ry) ** 2 + ((x - cx) / rx) ** 2 < edge * edge


SCRATCHED = [
    ("gb82_grass.jpg", 100, 250), ("gb82_path.jpg", 150, 200), ("budgie_kitten-on-lawn.jpg", 380, 200), ("budgie_lake-sherburne.jpg", 300, 150),
    ("budgie_orange-hallway.jpg", 400, 200), ("tt4_museum.jpg", 200, 400), ("budgie_canyon-wren.jpg", 380, 150), ("gb82_sunset.jpg", 100, 100),
]  # fmt: skip


def scratches(width, count, size=256):
    """Bent lines of `width` pixels."""
    rng, mask = np.random.default_rng(5), np.zeros((size, size), np.uint8)
    for index in range(count):
        x0, y0, x1, y1 = rng.uniform(10, size - 10, 4)
        t = np.linspace(0, 1, 80)
        points = np.stack([x0 + (x1 - x0) * t + 8 * np.sin(t * 7 + index), y0 + (y1 - y0) * t + 8 * np.cos(t * 6 + index)], 1)
        cv2.polylines(mask, [points.round().astype(np.int32)], False, 255, width)
    return mask > 127


def psnr(made, truth, mask):
    error = ((made.astype(float) - truth) / 255)[mask]
    return -10 * np.log10(max((error**2).mean(), 1e-9))


def gradients(made, truth, mask):
    histograms = []
    for picture in (made, truth):
        luma = picture.astype(float) @ [0.299, 0.587, 0.114] / 255
        steps = [np.clip(step[mask], -0.2, 0.2) for step in np.gradient(luma)]
        edges = np.linspace(-0.2, 0.2, 33)
        histograms.append(np.concatenate([np.histogram(step, edges)[0] / mask.sum() for step in steps]))
    return np.abs(histograms[0] - histograms[1]).sum() / 2


class Programs:
    """What repairs a picture `[h, w, 3]` of bytes under a mask of truth values."""

    def __init__(self, imagine):
        self.imagine, self.folder = imagine.split(), pathlib.Path(tempfile.mkdtemp())

    def run(self, command, picture, mask):
        files = [self.folder / name for name in ("in.png", "mask.png", "out.png")]
        # What is under the mask must not help.
        Image.fromarray(np.where(mask[..., None], np.uint8([255, 0, 255]), picture)).save(files[0])
        Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0))).save(files[1])
        files[2].unlink(missing_ok=True)
        subprocess.run(command(*map(str, files)), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return np.asarray(Image.open(files[2]).convert("RGB"))

    def ours(self, picture, mask, scratches=0, grow=0):
        options = ["--grow", str(grow), "--scratches", str(scratches)]
        return self.run(lambda i, m, o: [*self.imagine, "repair", i, "--mask", m, *options, "--out", o], picture, mask)

    def gmic(self, picture, mask):
        return self.run(lambda i, m, o: ["gmic", i, m, "inpaint_matchpatch[0]", "[1]", "-o[0]", o], picture, mask)

    def biharmonic(self, picture, mask):
        made = inpaint_biharmonic(np.where(mask[..., None], 0, picture / 255), mask, channel_axis=-1)
        return (np.clip(made, 0, 1) * 255).round().astype(np.uint8)

    def telea(self, picture, mask):
        return cv2.inpaint(picture, mask.astype(np.uint8) * 255, 4, cv2.INPAINT_TELEA)

    def navier_stokes(self, picture, mask):
        return cv2.inpaint(picture, mask.astype(np.uint8) * 255, 4, cv2.INPAINT_NS)


def table(names, rows):
    print("| | " + " | ".join(names) + " |\n|---" * 1 + "|---" * len(names) + "|")
    for name, figures in rows:
        print(f"| {name} | " + " | ".join(f"{p:.1f} / {g:.2f}" for p, g in figures) + " |")
    means = np.mean([figures for _, figures in rows], 0)
    print("| mean | " + " | ".join(f"{p:.1f} / {g:.2f}" for p, g in means) + " |", flush=True)


def compare(cases, programs, out):
    rows = []
    for name, picture, mask in cases:
        made = [program(picture, mask) for _, program in programs]
        rows.append((name, [(psnr(m, picture, mask), gradients(m, picture, mask)) for m in made]))
        print(rows[-1], flush=True)
        if out:
            out.mkdir(parents=True, exist_ok=True)
            hole = np.where(mask[..., None], np.uint8([255, 0, 255]), picture)
            Image.fromarray(np.concatenate([hole, *made, picture], 1)).save(out / f"{len(rows):02} {name}.png".replace("'", ""))
    table([name for name, _ in programs], rows)


def ratios(pixels):
    """Of every row and column: the step to the next one, in means of the eight steps before and the eight after. The last is that across the edge."""
    found = []
    for axis in (0, 1):
        steps = np.abs(np.roll(pixels.astype(float), -1, axis) - pixels).mean((1 - axis, 2))
        near = sum(np.roll(steps, by) for by in range(-8, 9)) - steps
        found.append(16 * steps / near)
    return found


TEXTURES = ["gb82_grass", "gb82_sand", "gb82_path", "polyhaven_mossy_forest_000", "polyhaven_xanderklinge_000", "polyhaven_xanderklinge_135", "budgie_kitten-on-lawn", "gb82_waves"]


def tiles(folder, imagine, out):
    """The step across the edge of a picture made to tile, beside those next to it; and how far those of any row and column are from 1."""
    programs, seams = Programs(imagine), []
    print("| picture | before | after: rows, columns | deviation of any |\n|---|---|---|---|")
    for name in TEXTURES:
        picture = np.asarray(Image.open(folder / f"{name}.jpg").convert("RGB"))[-512:, :512]
        made = programs.run(lambda i, m, o: [*programs.imagine, "tile", i, "--out", o], picture, np.zeros(picture.shape[:2], bool))
        before, after = ratios(picture), ratios(made)
        seams.append([found[-1] for found in after])
        usual = np.std([found[80:-80] for found in before])
        print(f"| {name} | {np.mean([found[-1] for found in before]):.2f} | {seams[-1][0]:.2f}, {seams[-1][1]:.2f} | {usual:.2f} |", flush=True)
        if out:
            out.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.tile(made, (2, 2, 1))).save(out / f"{name}.png")
    print(f"mean {np.mean(seams):.3f}, standard error {np.std(seams) / np.size(seams) ** 0.5:.3f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["holes", "scratches", "tiles"])
    parser.add_argument("photos", type=pathlib.Path)
    parser.add_argument("imagine")
    parser.add_argument("--out", type=pathlib.Path)
    options = parser.parse_args()
    if options.what == "tiles":
        tiles(options.photos, options.imagine, options.out)
        return
    programs = Programs(options.imagine)
    others = [("G'MIC", programs.gmic), ("biharmonic", programs.biharmonic), ("Telea", programs.telea), ("Navier-Stokes", programs.navier_stokes)]
    if options.what == "holes":
        compare(holes(options.photos), [("this", programs.ours), *others], options.out)
        return
    for width in (1, 3, 5):
        # Soft edges are part of a scratch: a pixel more on all sides.
        scratched = scratches(width, 9)
        mask = ndimage.binary_dilation(scratched, np.ones((3, 3)))
        cases = [(name, photo(options.photos, name, (x, y, 256, 256)), mask) for name, x, y in SCRATCHED]
        print(f"{width} + 2 pixels")
        ours = [("scratches", lambda p, m: programs.ours(p, scratched, 6, 1)), ("copied", programs.ours)]
        compare(cases, [*ours, *others[1:]], options.out and options.out / str(width))


if __name__ == "__main__":
    main()
