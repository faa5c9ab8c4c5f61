"""Opens traces of killed writers (see trace_kill_test.cpp) with nothing but h5py: path, rounds, path, rounds, ..."""

import sys

import h5py
import numpy as np

BATCH = 100
arguments = iter(sys.argv[1:])
for path, rounds in zip(arguments, map(int, arguments)):
    with h5py.File(path) as file:
        for table, records in (("epochs", rounds), ("phases", rounds), ("predictions", BATCH * rounds)):
            for name, column in file[table].items():
                assert len(column[:]) >= records, f"{path}: /{table}/{name}: {len(column)} of {records} records"
        round_ = np.arange(rounds)
        assert np.array_equal(file["epochs/loss"][:rounds], round_ / 2), path
        for name in ("theta_asked", "phi_asked", "out_asked", "theta_realised", "phi_realised", "out_realised"):
            assert (file["phases"][name][:rounds] == round_[:, None]).all(), f"{path}: {name}"
        for name in ("fold", "sample", "label", "predicted"):
            column = file["predictions"][name][: BATCH * rounds]
            assert np.array_equal(column, np.arange(BATCH * rounds)), f"{path}: {name}"
        assert (file["predictions/hardware"][: BATCH * rounds] == b"core").all(), path
