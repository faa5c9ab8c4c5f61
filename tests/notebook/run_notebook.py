"""Executes a notebook with a trace; fails where a cell fails or where the notebook was stored with outputs.

    python3 tests/notebook/run_notebook.py notebooks/where_does_it_go.ipynb out/compare.h5 [executed.ipynb]
"""

import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def main(notebook_path, trace, executed=None):
    os.environ["FRINGE_TRACE"] = str(Path(trace).resolve())
    notebook = nbformat.read(notebook_path, as_version=4)
    stored = [i for i, cell in enumerate(notebook.cells) if cell.get("outputs")]
    if stored:
        print(f"{notebook_path}: cell {stored[0]} was stored with outputs", file=sys.stderr)
        return 1
    folder = str(Path(notebook_path).resolve().parent)
    try:
        NotebookClient(notebook, timeout=120, resources={"metadata": {"path": folder}}).execute()
    except CellExecutionError as error:
        print(f"{notebook_path}: {error}", file=sys.stderr)
        return 1
    finally:
        if executed:
            nbformat.write(notebook, executed)
    for i, cell in enumerate(notebook.cells):  # what fails while it is shown stops no cell
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                print(f"{notebook_path}: cell {i}: {output['evalue']}", file=sys.stderr)
                return 1
    figures = sum("image/png" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    print(f"{notebook_path}: {len(notebook.cells)} cells, {figures} figures")
    return 0 if figures else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
