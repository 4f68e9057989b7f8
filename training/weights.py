"""Reads the published weights without PyTorch: a checkpoint in its older layout is five
pickles (magic number, version, machine, the names of the tensors, the keys of the
storages), then every storage as a count and raw numbers. Only what describes a tensor
is unpickled."""

import pickle
import struct

import numpy as np

TYPES = {"FloatStorage": np.float32, "LongStorage": np.int64}


class Tensor:
    """What the pickle says of a tensor, before its storage is read."""

    def __init__(self, storage, offset, shape, strides, *_):
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides

    def array(self, storages):
        numbers = storages[self.storage[0]]
        strides = [step * numbers.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(numbers[self.offset:], self.shape, strides).copy()


class Names(dict):
    """Tensors by name; takes the remarks that the pickle hangs on it."""


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        if module == "torch" and name in TYPES:
            return TYPES[name]
        known = {("torch._utils", "_rebuild_tensor_v2"): Tensor,
                 ("collections", "OrderedDict"): Names}
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"expected weights, found {module}.{name}")
        return known[module, name]

    def persistent_load(self, pid):
        _, kind, key, _, count, *_ = pid
        return key, kind, count


def read(path):
    """Arrays by name."""
    with open(path, "rb") as file:
        _, _, _, tensors, keys = [Reader(file).load() for _ in range(5)]
        kinds = {tensor.storage[0]: tensor.storage[1] for tensor in tensors.values()}
        storages = {}
        for key in keys:
            count, = struct.unpack("<q", file.read(8))
            size = count * np.dtype(kinds[key]).itemsize
            storages[key] = np.frombuffer(file.read(size), kinds[key])
    return {name: tensor.array(storages) for name, tensor in tensors.items()}
