"""Reference of by-example synthesis: the same integers, cell by cell, in plain Python.

Prints the checksums that tests/it/reference.rs expects. The exemplar is hashed, so that nothing has to be stored.
Usage: python3 reference.py
"""
MASK = 0xFFFFFFFF
BLOCK = 4
DIAGONALS = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
NEIGHBOURS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]


def pcg4d(*words):
    """Jarzynski and Olano, "Hash Functions for GPU Rendering", 2020."""
    def mix(x, y, z, w):
        x = (x + y * w) & MASK
        y = (y + z * x) & MASK
        z = (z + x * y) & MASK
        w = (w + y * z) & MASK
        return x, y, z, w
    words = mix(*((word * 1664525 + 1013904223) & MASK for word in words))
    return mix(*(word ^ (word >> 16) for word in words))


def key(seed, stream, step):
    return pcg4d(seed & MASK, seed >> 32, stream, step)[0]


class Level:
    """Looks and similar places of side x side places."""
    def __init__(self, side, number, has_table):
        self.side = side
        self.looks = {}
        self.similar = {}
        for y in range(side):
            for x in range(side):
                bytes_of = [byte for word in pcg4d(x, y, number, 77)[:2] for byte in word.to_bytes(4, "little")]
                self.looks[y, x] = [max(byte - 128, -127) // 4 for byte in bytes_of]
                words = pcg4d(x, y, number, 78)
                self.similar[y, x] = [((word >> 16) % side, (word & 0xFFFF) % side) for word in words]
        self.has_table = has_table

    def place(self, y, x):
        return y % self.side, x % self.side


def start(level, rows, columns, seed, lattice):
    field = {}
    for y in range(rows):
        for x in range(columns):
            word_y, word_x, _, _ = pcg4d(x // BLOCK, y // BLOCK, 0, key(seed, 0, 0))
            down = (((word_y >> 16) * (level.side // lattice[0])) >> 16) * lattice[0]
            right = (((word_x >> 16) * (level.side // lattice[1])) >> 16) * lattice[1]
            field[y, x] = level.place(y + down, x + right)
    return field


def double(level, field, rows, columns):
    return {(y, x): level.place(2 * field[y // 2, x // 2][0] + y % 2, 2 * field[y // 2, x // 2][1] + x % 2)
            for y in range(rows) for x in range(columns)}


def move_blocks(level, field, rows, columns, seed, number, probability):
    moved = {}
    for (y, x), place in field.items():
        words = pcg4d(x // BLOCK, y // BLOCK, 1, key(seed, 0, number))
        if words[0] >> 24 < probability:
            center = field[min(y // BLOCK * BLOCK + BLOCK // 2, rows - 1), min(x // BLOCK * BLOCK + BLOCK // 2, columns - 1)]
            to = level.similar[center][(words[1] >> 29) % len(level.similar[center])]
            place = level.place(place[0] + to[0] - center[0], place[1] + to[1] - center[1])
        moved[y, x] = place
    return moved


def match(level, field, rows, columns):
    at = lambda y, x: field[y % rows, x % columns]
    look = lambda place, down, right: level.looks[level.place(place[0] + down, place[1] + right)]
    after = {}
    for y, x in field:
        wanted = []
        for down, right in DIAGONALS:
            predictions = [look(at(y + down, x + right), 0, 0), look(at(y + 2 * down, x + right), -down, 0),
                           look(at(y + down, x + 2 * right), 0, -right)]
            wanted.append([sum(dimension) for dimension in zip(*predictions)])
        near = {at(y + down, x + right) for down in range(-2, 3) for right in range(-2, 3) if down or right}
        best = None
        for down, right in NEIGHBOURS:
            place = at(y + down, x + right)
            suggestions = [(place, 20)] + ([(level.similar[place][0], 21)] if level.has_table else [])
            for suggestion, factor in suggestions:
                suggestion = level.place(suggestion[0] - down, suggestion[1] - right)
                cost = factor * sum((3 * a - b) ** 2 for diagonal, target in zip(DIAGONALS, wanted)
                                    for a, b in zip(look(suggestion, *diagonal), target))
                if suggestion in near:
                    cost = 2 * cost + 2_000_000
                if best is None or cost < best[0]:
                    best = cost, suggestion
        after[y, x] = best[1]
    return after


def synthesize(sides, tables, rows, columns, seed, moves, passes, lattice):
    """A torus of rows x columns cells on the finest level."""
    for number, (side, has_table) in enumerate(zip(sides, tables)):
        level = Level(side, number, has_table)
        spacing = sides[-1] // side
        h, w = rows // spacing, columns // spacing
        field = start(level, h, w, seed, lattice) if number == 0 else double(level, field, h, w)
        if has_table and moves[number]:
            field = move_blocks(level, field, h, w, seed, number, moves[number])
        for _ in range(passes):
            field = match(level, field, h, w)
    return field


def checksum(field, rows, columns):
    """FNV-1a of the packed places."""
    total = 0x811C9DC5
    for y in range(rows):
        for x in range(columns):
            packed = field[y, x][0] << 16 | field[y, x][1]
            for byte in packed.to_bytes(4, "little"):
                total = ((total ^ byte) * 0x01000193) & MASK
    return total


if __name__ == "__main__":
    for rows, columns, seed, lattice in ((32, 48, 7, (1, 1)), (64, 32, (5 << 32) + 3, (2, 4))):
        field = synthesize([4, 8, 16, 32], [True, True, True, False], rows, columns, seed, [0, 230, 128, 0], 2, lattice)
        print(f"{rows} x {columns}, seed {seed}, lattice {lattice}: {checksum(field, rows, columns):#010x}")
