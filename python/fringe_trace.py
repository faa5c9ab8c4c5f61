"""Reads fringe traces (docs/trace_schema.md) with h5py and numpy alone.

    trace = Trace("out/compare.h5")
    trace.attributes["seed"]
    trace["hardware"]["accuracy_mean"]      # one array per column, one row per record
    trace.where("costs", hardware="mesh 64", scenario="resident")
"""

from __future__ import annotations

import sys
from pathlib import Path

import h5py
import numpy as np

MAJOR = 1


class TraceError(Exception):
    """The file is missing, is not a fringe trace, or is newer than this reader."""


class Trace:
    """A trace read into memory: finished, still growing, or cut off when its writer was killed.

    Columns of a table are cut to the shortest, so a record that was being written is left out.
    """

    def __init__(self, path):
        self.path = Path(path)
        if not self.path.is_file():
            raise TraceError(f"trace {path}: no such file")
        try:
            file = h5py.File(self.path, "r")
        except OSError as error:
            raise TraceError(f"trace {path}: is not an HDF5 file ({error})") from None
        with file:
            if file.attrs.get("file_type") != "fringe-trace":
                raise TraceError(f"trace {path}: is not a fringe trace")
            self.attributes = dict(file.attrs)
            major, minor = self.attributes["schema_version"]
            if major > MAJOR:
                raise TraceError(f"trace {path}: has schema version {major}.{minor}, this reader knows {MAJOR}.x")
            self._units = {}
            self._tables = {name: self._read(name, group) for name, group in file.items()}

    def _read(self, table, group):
        records = min((len(column) for column in group.values()), default=0)
        columns = {}
        for name, column in group.items():
            self._units[table, name] = column.attrs["unit"].decode()
            text = h5py.check_string_dtype(column.dtype)
            columns[name] = (column.asstr() if text else column)[:records]
        return columns

    def __contains__(self, table):
        return table in self._tables

    def __getitem__(self, table):
        """The columns of a table, by name. KeyError where the run had nothing for it."""
        return self._tables[table]

    def __iter__(self):
        return iter(self._tables)

    def records(self, table):
        return min((len(column) for column in self._tables.get(table, {}).values()), default=0)

    def unit(self, table, column):
        return self._units[table, column]

    def where(self, table, **equal):
        """The columns of the records whose named columns have the given values; empty where the table is absent."""
        columns = self._tables.get(table, {})
        keep = np.ones(self.records(table), dtype=bool)
        for name, value in equal.items():
            keep &= columns[name] == value if columns else keep
        return {name: column[keep] for name, column in columns.items()}

    @property
    def parts(self):
        """Names of the axis `part`."""
        return self["parts"]["name"].tolist()

    @property
    def resources(self):
        """Names of the axis `resource`."""
        return self["resources"]["name"].tolist()


def draw(usage, table, lacking, figure):
    """What a script SCRIPT TRACE.h5 FIGURE.png does: figure(trace, png) of a trace that holds `table`; else says that it holds
    `lacking`. Returns the exit status."""
    if len(sys.argv) != 3:
        print(usage.strip(), file=sys.stderr)
        return 2
    try:
        trace = Trace(sys.argv[1])
        if table not in trace:
            raise TraceError(f"trace {sys.argv[1]}: holds {lacking}")
        figure(trace, sys.argv[2])
    except (TraceError, OSError) as error:
        print(f"{Path(sys.argv[0]).stem}: {error}", file=sys.stderr)
        return 2
    return 0
