"""Writes onnx_evaluator.json: what ONNX's own evaluator makes of operators that pick, sample, pad and sum.

    pip install onnx==1.22.0 numpy==2.4.6 && python onnx_evaluator.py

Every entry has our operator and attributes, its inputs, and the evaluator's output, as in onnx_answers.json.
"""

import json
import pathlib

import numpy as np
from onnx import helper
from onnx.reference import ReferenceEvaluator

random = np.random.default_rng(5)


def floats(*shape):
    """Numbers with three binary digits after the point: exact in JSON."""
    return (random.integers(-16, 17, shape) / 8).astype(np.float32)


def ints(low, high, *shape):
    return random.integers(low, high, shape).astype(np.int64)


def tensor(array):
    kind, element = {"f": ("data", lambda v: round(float(v), 7)), "i": ("i32", int), "b": ("bool", bool)}[array.dtype.kind]
    return {"shape": list(array.shape), kind: [element(v) for v in array.ravel()]}


def answer(name, op, inputs, ours=None, theirs=None, extra=()):
    """Runs one node. `theirs` are ONNX's attributes if not ours, `extra` its further inputs, None where one is left out."""
    ours = ours or {}
    attributes = ours if theirs is None else theirs
    tensors = [*inputs, *extra]
    names = ["" if array is None else f"x{i}" for i, array in enumerate(tensors)]
    node = helper.make_node(op, names, ["y"], **{k: int(v) if isinstance(v, bool) else v for k, v in attributes.items()})
    given = {name: array for name, array in zip(names, tensors) if name}
    types = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in given.items()]
    result = helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(inputs[0].dtype), None)
    graph = helper.make_graph([node], name, types, [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)])
    (y,) = ReferenceEvaluator(model).run(None, given)
    entry = {"name": name, "op": op, "attributes": ours, "inputs": [tensor(t) for t in inputs]}
    return {**entry, "output": tensor(np.asarray(y))}


# ONNX's inputs behind the first that are attributes with us, with their element types.
LISTS = {
    "Resize": {"roi": np.float32, "scales": np.float32, "sizes": np.int64},
    "Pad": {"pads": np.int64, "value": None, "axes": np.int64},
    "Tile": {"repeats": np.int64},
    "Trilu": {"k": np.int64},
    "CumSum": {"axis": np.int64},
    "AffineGrid": {"size": np.int64},
}


def listed(name, op, x, **ours):
    """A node whose further inputs are attributes with us."""
    kinds = LISTS[op]
    array = lambda key: None if key not in ours else np.array(ours[key], dtype=kinds[key] or x.dtype)
    theirs = {key: value for key, value in ours.items() if key not in kinds}
    return answer(name, op, [x], ours, theirs, [array(key) for key in kinds])


def resizes():
    image, last = floats(1, 2, 5, 7), [2, 3]
    cubic = {"mode": "cubic", "axes": last}
    linear = {"mode": "linear", "axes": last}
    small = {"mode": "linear", "axes": [3, 1], "sizes": [3, 4]}
    crop = {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize", "axes": last, "sizes": [3, 4]}
    return [
        listed("cubic, half_pixel", "Resize", image, scales=[1.7, 0.6], **cubic),
        listed("cubic, asymmetric, a", "Resize", image, scales=[0.7, 2], cubic_coeff_a=-0.5, coordinate_transformation_mode="asymmetric", **cubic),
        listed("cubic without the outside", "Resize", image, scales=[2, 1.5], exclude_outside=True, **cubic),
        listed("linear, antialiased", "Resize", image, scales=[0.5, 0.3], antialias=True, **linear),
        listed("cubic, antialiased, without the outside", "Resize", image, scales=[0.7, 0.3], antialias=True, exclude_outside=True, **cubic),
        listed("corners of no whole length", "Resize", image, scales=[0.7, 1.3], coordinate_transformation_mode="align_corners", **linear),
        listed("symmetric", "Resize", image, scales=[0.7, 1.3], coordinate_transformation_mode="half_pixel_symmetric", **linear),
        listed("region", "Resize", image, roi=[0.1, 0.4, 0.7, 1.5], extrapolation_value=9.0, **crop),
        listed("not larger", "Resize", image, keep_aspect_ratio_policy="not_larger", **small),
        listed("not smaller", "Resize", image, keep_aspect_ratio_policy="not_smaller", **small),
        listed("all axes", "Resize", floats(2, 3, 4), mode="linear", scales=[1.5, 1.0, 0.5]),
        listed("nearest, ceil, one axis", "Resize", floats(3, 4), axes=[0], scales=[2.4], nearest_mode="ceil"),
    ]


def samples():
    image, volume = floats(2, 2, 4, 5), floats(1, 2, 3, 4, 2)
    grid, places = floats(2, 3, 4, 2), floats(1, 2, 2, 3, 3)
    sample = lambda name, x, at, **ours: answer(name, "GridSample", [x, at], ours)
    modes = [(m, p, c) for m in ("linear", "nearest", "cubic") for p in ("zeros", "border", "reflection") for c in (False, True)]
    answers = [sample(f"{m}, {p}, {c}", image, grid, mode=m, padding_mode=p, align_corners=c) for m, p, c in modes]
    return answers + [
        sample("volume, reflection", volume, places, padding_mode="reflection"),
        sample("volume, cubic, border", volume, places, mode="cubic", padding_mode="border"),
        listed("image", "AffineGrid", floats(2, 2, 3), size=[2, 1, 3, 4]),
        listed("volume, corners", "AffineGrid", floats(1, 3, 4), size=[1, 1, 3, 2, 4], align_corners=True),
    ]


def picks():
    data, numbers = floats(3, 4, 2), ints(-9, 9, 3, 4)
    return [
        answer("last axis", "Gather", [data, ints(-2, 2, 2, 3)], {"axis": -1}),
        answer("first axis", "Gather", [numbers, ints(0, 3, 4)]),
        answer("middle axis", "GatherElements", [data, ints(-4, 4, 3, 5, 2)], {"axis": 1}),
        answer("tuples", "GatherND", [data, ints(0, 2, 5, 2)]),
        answer("batch", "GatherND", [data, ints(0, 2, 3, 2, 1)], {"batch_dims": 1}),
        scatter("last axis, negative", "ScatterElements", data, [[[-1, 1], [0, 1]]], (1, 2, 2), axis=-1),
        scatter("sums", "ScatterElements", data, [[[0, 3], [0, 3], [0, -3]]], (1, 3, 2), axis=1, reduction="add"),
        scatter("products of rows", "ScatterND", data, [[0, 1], [2, -1], [0, 1]], (3, 2), reduction="mul"),
        scatter("slices", "ScatterND", data, [[2], [0]], (2, 4, 2)),
        listed("every axis", "Tile", data, repeats=[2, 1, 3]),
        listed("lower", "Trilu", data, upper=False, k=-1),
        listed("upper", "Trilu", numbers, k=2),
        listed("exclusive, reverse", "CumSum", data, axis=1, exclusive=True, reverse=True),
        listed("integers", "CumSum", numbers, axis=-1),
        answer("blocks", "SpaceToDepth", [floats(1, 2, 4, 6)], {"blocksize": 2}),
    ]


def scatter(name, op, data, indices, updates, **ours):
    return answer(name, op, [data, np.array(indices, dtype=np.int64), floats(*updates)], ours)


def pads():
    data = floats(3, 4)
    return [
        listed("reflect, far", "Pad", data, pads=[7, 1, 2, 9], mode="reflect"),
        listed("wrap, far", "Pad", data, pads=[7, 1, 2, 9], mode="wrap"),
        listed("edge, one axis", "Pad", data, pads=[2, 3], mode="edge", axes=[-1]),
        listed("integers", "Pad", ints(-9, 9, 4), pads=[1, 2], value=-3),
    ]


def sums():
    shapes = {
        "bij, bjk -> bik": [(2, 3, 4), (2, 4, 2)],
        "...ii->...i": [(2, 3, 3)],
        "ijk,kl": [(2, 3, 2), (2, 3)],
        "abcd,cdea->be": [(2, 3, 2, 2), (2, 2, 3, 2)],
        "...a,...b->...": [(2, 1, 3), (4, 2)],
        "ijj->": [(2, 3, 3)],
    }
    return [answer(e, "Einsum", [floats(*s) for s in of], {"equation": e}) for e, of in shapes.items()]


def main():
    answers = resizes() + samples() + picks() + pads() + sums()
    lines = ",\n".join(json.dumps(entry) for entry in answers)
    path = pathlib.Path(__file__).with_name("onnx_evaluator.json")
    path.write_text(f"[\n{lines}\n]\n")


main()
