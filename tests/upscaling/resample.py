"""The numbers of the test `pictures_are_resampled_as_matlab_does` of `imagine_train`: dense matrices over a picture padded by its mirror images."""

import numpy as np


def keys(x):
    a, x = -0.5, np.abs(x)
    near, far = (a + 2) * x**3 - (a + 3) * x**2 + 1, a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def lanczos(x):
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


def resized(image, sizes, kernel):
    for axis, size in enumerate(sizes):
        length = image.shape[axis]
        scale = size / length
        padded = np.pad(image, [(length, length) if at == axis else (0, 0) for at in (0, 1)], mode="symmetric")
        middles = np.arange(3 * length) - length + 0.5
        weights = np.stack([kernel((middles - (at + 0.5) / scale) * min(scale, 1)) for at in range(size)])
        weights /= weights.sum(axis=1, keepdims=True)
        image = np.moveaxis(np.tensordot(weights, np.moveaxis(padded, axis, 0), 1), 0, axis)
    return image


y, x = np.mgrid[0:8, 0:12]
image = ((x * x * 7 + y * 31 + x * y * 5) % 256).astype(float)
np.set_printoptions(precision=3, suppress=True, linewidth=120)
print(resized(image, (4, 6), keys), resized(image, (2, 3), keys), sep="\n")
print(resized(image[:4, :4], (8, 8), keys)[:2], resized(image[:4, :4], (8, 8), lanczos)[:2], sep="\n")


def luminance(red, green, blue):
    return 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255


changed = np.clip(image + (x + 2 * y) % 5 - 2, 0, 255)
others = image[::-1], image[:, ::-1]
difference = (luminance(image, *others) - luminance(changed, *others))[2:-2, 2:-2]
print(10 * np.log10(255**2 / np.mean(difference**2)))
