"""How much a painted view flickers while the camera moves.

    pip install numpy pillow opencv-python-headless flip-evaluator
    python3 flicker.py PHOTOS 'target/release/imagine generate STYLE.generator.safetensors --image {} --out {}'
    python3 flicker.py PHOTOS 'target/release/imagine restyle {} --style starry_night --out {}'

A camera of 640 x 360 pixels pans and zooms over photographs, so that the true motion is known. Frame t as painted is moved along with it and compared with frame
t + 1 as painted: mean FLIP (Andersson et al. 2020), less what the same comparison finds for the frames themselves, which is the resampling.
"""

import pathlib
import subprocess
import sys
import tempfile

import cv2
import flip_evaluator
import numpy as np
from PIL import Image

SIZE, FRAMES, RIM = (640, 360), 5, 8
PHOTOS = ["budgie_lake-sherburne", "budgie_kitten-on-lawn", "polyhaven_mossy_forest_120", "budgie_beacon-street-sunset"]
# Pixels to the right and downwards, and growth, for each frame.
MOTIONS = {"still": (0, 0, 1), "pan": (4, 1, 1), "zoom": (0.5, 0.3, 1.01)}


def camera(motion, time):
    """The affine map from pixels of frame `time` to those of the photograph."""
    x, y, growth = motion
    scale = 1 / growth**time
    return np.float64([[scale, 0, 40 + x * time], [0, scale, 30 + y * time]])


def seen(photo, view):
    return cv2.warpAffine(photo, view, SIZE, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT)


def moved(frame, before, after):
    """Frame `before` as it would look from camera `after`."""
    whole = [np.vstack([view, [0, 0, 1]]) for view in (before, after)]
    back = np.linalg.inv(whole[0]) @ whole[1]
    return cv2.warpAffine(frame, back[:2], SIZE, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT)


def flip(a, b):
    inner = [picture[RIM:-RIM, RIM:-RIM].astype(np.float32) / 255 for picture in (a, b)]
    return flip_evaluator.evaluate(*inner, "LDR")[1]


def main():
    folder, command = pathlib.Path(sys.argv[1]), sys.argv[2].split()
    work = pathlib.Path(tempfile.mkdtemp())
    print("| motion | painted | content | difference |\n|---|---|---|---|")
    for name, motion in MOTIONS.items():
        found = []
        for photo in PHOTOS:
            picture = np.asarray(Image.open(folder / f"{photo}.jpg").convert("RGB"))
            frames = []
            for time in range(FRAMES):
                view = camera(motion, time)
                content = seen(picture, view)
                Image.fromarray(content).save(work / "in.png")
                names = iter([str(work / "in.png"), str(work / "out.png")])
                arguments = [next(names) if part == "{}" else part for part in command]
                subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                frames.append((view, content, np.asarray(Image.open(work / "out.png").convert("RGB"))))
            for (before, content, painted), (after, next_content, next_painted) in zip(frames, frames[1:]):
                found.append([flip(moved(painted, before, after), next_painted), flip(moved(content, before, after), next_content)])
        painted, content = np.mean(found, 0)
        print(f"| {name} | {painted:.3f} | {content:.3f} | {painted - content:.3f} |", flush=True)


if __name__ == "__main__":
    main()
