"""Reads streams of exemplars after docs/exemplar-stream.md, in plain Python, apart from the Rust code.

python3 reference.py it/streams/*.stream > it/streams/expected.txt
"""

import hashlib
import math
import sys

U32 = 0xFFFFFFFF


class Coder:
    def __init__(self, data):
        self.data, self.at, self.range, self.code = data, 0, U32, 0
        for _ in range(4):
            self.byte()

    def byte(self):
        assert self.at < len(self.data), "the stream ends early"
        self.code = (self.code << 8 | self.data[self.at]) & U32
        self.at += 1

    def narrow(self, low, size):
        self.code -= low
        self.range = size
        while self.range < 1 << 24:
            self.range = self.range << 8 & U32
            self.byte()

    def raw(self, count):
        if count > 16:
            high = self.raw(count - 16)
            return high << 16 | self.raw(16)
        unit = self.range >> count
        value = min(self.code // unit, (1 << count) - 1)
        self.narrow(unit * value, unit)
        return value

    def bit(self, model):
        p = min(max((model[0] + model[1]) >> 5, 1), 4095)
        bound = (self.range >> 12) * p
        one = self.code >= bound
        for k, shift in enumerate((4, 7)):
            model[k] = model[k] - (model[k] >> shift) if one else model[k] + ((65535 - model[k]) >> shift)
        if one:
            self.narrow(bound, self.range - bound)
        else:
            self.narrow(0, bound)
        return one


class Contexts:
    def __init__(self):
        self.magnitude = [[[32768, 32768] for _ in range(14)] for _ in range(32)]
        self.bits = [[32768, 32768] for _ in range(16)]

    def signed(self, coder, expected):
        expected = max(expected, 0) + 2
        octave = expected.bit_length() - 1
        models = self.magnitude[min(2 * (octave - 1) + (expected >> (octave - 1) & 1), 31)]
        value = 0
        while value < 14 and coder.bit(models[value]):
            value += 1
        if value == 14:
            bits = 0
            while bits < 15 and coder.bit(self.bits[bits]):
                bits += 1
            value = 13 + (1 << bits | coder.raw(bits))
        return -value if value and coder.raw(1) else value


def signed_byte(value):
    return value - 256 if value > 127 else value


def planes(coder, count, height, width):
    contexts, done = Contexts(), []
    for _ in range(count):
        kind = coder.raw(2)
        weights = [signed_byte(coder.raw(8)) for _ in range(4)] if kind == 1 else None
        quarters = coder.raw(3) if kind == 2 else 0
        back = [coder.raw(8) for _ in range(3)]
        factors = [coder.raw(8) for _ in range(6)]
        for b in back:
            factors += [coder.raw(8), coder.raw(8)] if b else [0, 0]
        factors.append(coder.raw(8))
        earlier = [done[-b][1] if 0 < b <= len(done) else None for b in back]
        values, rests = {}, {}
        v = lambda y, x: values.get((y, x), 0)
        for y in range(height):
            for x in range(width):
                left, above, corner = v(y, x - 1), v(y - 1, x), v(y - 1, x - 1)
                guess = 0
                if kind == 1:
                    near = (left, above, corner, v(y - 1, x + 1))
                    guess = (sum(a * b for a, b in zip(near, weights)) + 16) // 32
                elif kind == 2:
                    missed = done[-1][1].get((y, x), 0) if done else 0
                    guess = min(max(left + above - corner, min(left, above)), max(left, above))
                    guess += (missed * quarters + 2) // 4
                r = lambda rests, y, x: abs(rests.get((y, x), 0))
                features = [r(rests, y - u, x - l) for u, l in ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0))]
                for e in earlier:
                    if e is None:
                        features += [0, 0]
                    else:
                        features.append(r(e, y, x))
                        features.append((r(e, y, x - 1) + r(e, y, x + 1) + r(e, y - 1, x) + r(e, y + 1, x) + 2) >> 2)
                features.append(1)
                value = contexts.signed(coder, sum(f * w for f, w in zip(features, factors))) + guess
                value = min(max(value, -16384), 16384)
                values[y, x], rests[y, x] = value, value - guess
        done.append((values, rests))
    return [[[p[0][y, x] for x in range(width)] for y in range(height)] for p in done]


def elements(coder, contexts, length, backs):
    found = []
    for index in range(length):
        before = lambda back: abs(found[index - back]) if index >= back else 0
        found.append(contexts.signed(coder, sum(w * before(b) for w, b in backs)))
    return found


def texels(coder, exact, height, width, channels):
    if exact:
        done = planes(coder, channels, height, width)
        return [[[done[c][y][x] for c in range(channels)] for x in range(width)] for y in range(height)]
    normal = coder.raw(4) - 1
    length = 16 * channels
    mean = [coder.raw(15) for _ in range(length)]
    contexts, vectors = Contexts(), []
    for _ in range(coder.raw(8)):
        coder.raw(2)
        scale = coder.raw(24)
        vectors.append((scale, elements(coder, contexts, length, ((24, channels), (16, 4 * channels), (8, 1)))))
    done = planes(coder, len(vectors), height // 4, width // 4)
    out = [[None] * width for _ in range(height)]
    for y in range(height):
        for x in range(width):
            texel = []
            for c in range(channels):
                k = (y % 4 * 4 + x % 4) * channels + c
                total = 512 * mean[k] + 32768
                total += sum(p[y // 4][x // 4] * scale * v[k] for p, (scale, v) in zip(done, vectors))
                texel.append(min(max(wrapped(total) >> 16, 0), 255))
            if normal >= 0:
                a, b = (2 * texel[normal + k] - 255 for k in (0, 1))
                texel[normal + 2] = (256 + math.isqrt(max(0, 255 * 255 - a * a - b * b))) // 2
            out[y][x] = texel
    return out


def mirrored(at, length, bounded):
    if not bounded:
        return at % length
    return min(max(-at if at < 0 else 2 * (length - 1) - at if at >= length else at, 0), length - 1)


def halved(level, bounded):
    height, width, channels = len(level), len(level[0]), len(level[0][0])
    taps = (1, 4, 6, 4, 1)
    def value(y, x, c):
        total = sum(
            a * b * level[mirrored(2 * y + i - 2, height, bounded)][mirrored(2 * x + j - 2, width, bounded)][c]
            for i, a in enumerate(taps) for j, b in enumerate(taps))
        return (total + 128) >> 8
    return [[[value(y, x, c) for c in range(channels)] for x in range(width // 2)] for y in range(height // 2)]


def wrapped(value):
    return (value + (1 << 31) & U32) - (1 << 31)


def appearance(level, bounded, shift, biases, weights):
    height, width, channels = len(level), len(level[0]), len(level[0][0])
    rounding = 1 << shift - 1 if shift else 0
    def vector(y, x):
        near = [
            level[mirrored(y + i - 2, height, bounded)][mirrored(x + j - 2, width, bounded)][c]
            for i in range(5) for j in range(5) for c in range(channels)]
        return [
            min(max(wrapped(sum(w * v for w, v in zip(weights[k], near)) + biases[k] + rounding) >> shift, -127), 127)
            for k in range(8)]
    return [[vector(y, x) for x in range(width)] for y in range(height)]


def rimmed(vectors, bounded):
    height, width = len(vectors), len(vectors[0])
    at = lambda k, length: min(max(k - 1, 0), length - 1) if bounded else (k - 1) % length
    return [vectors[at(y, height)][at(x, width)] for y in range(height + 2) for x in range(width + 2)]


def similar(vectors, bounded, lattice):
    height, width = len(vectors), len(vectors[0])
    def around(y, x):
        found = []
        for dy, dx in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
            if bounded:
                at = min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1)
            else:
                at = (y + dy) % height, (x + dx) % width
            found += vectors[at[0]][at[1]]
        return found
    margin = lambda length: min(length // 6, 2) if bounded else 0
    inside = lambda at, length: margin(length) <= at < length - margin(length)
    places = [(y, x) for y in range(height) for x in range(width)]
    near = {place: around(*place) for place in places}
    shown = [place for place in places if inside(place[0], height) and inside(place[1], width)]
    def far(one, other):
        apart = []
        for a, b, length in zip(one, other, (height, width)):
            d = abs(a - b)
            apart.append(d if bounded else min(d, length - d))
        return max(apart) * 20 > max(height, 20)
    table = []
    for place in places:
        fits = [o for o in shown if all(abs(a - b) % l == 0 for a, b, l in zip(place, o, lattice))]
        fits.sort(key=lambda o: sum((a - b) ** 2 for a, b in zip(near[place], near[o])))
        chosen = [o for o in fits[:40] if far(place, o)][:8]
        table += [chosen[k % len(chosen)] if chosen else place for k in range(8)]
    return table


def digest(values):
    return hashlib.sha256(bytes(values)).hexdigest()


def read(data):
    assert data[0] == 1, "version"
    coder = Coder(data[1:])
    height, width = coder.raw(14), coder.raw(14)
    channels, count = 1 + coder.raw(4), 1 + coder.raw(4)
    bounded, exact = coder.raw(1), coder.raw(1)
    maps = texels(coder, exact, height, width, channels)
    yield "texels", digest(b for row in maps for texel in row for b in texel)
    levels = []
    for _ in range(count):
        projection = None
        if coder.raw(1):
            shift = coder.raw(5)
            biases = [coder.raw(32) for _ in range(8)]
            biases = [b - (1 << 32) if b >> 31 else b for b in biases]
            contexts = Contexts()
            weights = [
                elements(coder, contexts, 25 * channels, ((24, channels), (24, 5 * channels), (8, 1))) for _ in range(8)]
            projection = shift, biases, weights
        matched = coder.raw(1)
        table = (coder.raw(14), coder.raw(14)) if coder.raw(1) else None
        levels.append((projection, matched, table))
    assert coder.at == len(coder.data), "bytes are left"
    pyramid = [[[[(8190 * b + 255) // 510 - 2048 for b in texel] for texel in row] for row in maps]]
    for _ in range(count - 1):
        pyramid.append(halved(pyramid[-1], bounded))
    for index, (projection, matched, table) in enumerate(levels):
        spacing = 1 << count - 1 - index
        vectors = projection and appearance(pyramid[count - 1 - index], bounded, *projection)
        if matched:
            yield f"spacing_{spacing}.appearance", digest(b & 255 for v in rimmed(vectors, bounded) for b in v)
        if table:
            places = similar(vectors, bounded, table)
            yield f"spacing_{spacing}.similar", digest(b for y, x in places for b in (x & 255, x >> 8, y & 255, y >> 8))


if __name__ == "__main__":
    for path in sys.argv[1:]:
        for name, found in read(open(path, "rb").read()):
            print(path.rsplit("/", 1)[-1], name, found)
