#!/usr/bin/env python3
"""check_layers.py [--self-test]: reads the #includes and holds the floors of the house.

core <- {photonics, electronic, workloads} <- sim; siblings never include each other, and nothing of these includes
tests or bench. Includes are written from the repository root, every header says #pragma once, and random numbers come
from core/draw.hpp alone. A source includes the header of its name first, so that its compilation shows that the header
needs no other before it. Exit status 1 and one line per violation.
"""
import pathlib
import re
import sys
import tempfile

MAY_INCLUDE = {
    "core": {"core"},
    "photonics": {"core", "photonics"},
    "electronic": {"core", "electronic"},
    "workloads": {"core", "workloads"},
    "sim": {"core", "photonics", "electronic", "workloads", "sim"},
}
HEADERS = {".hpp", ".cuh"}
SOURCES = HEADERS | {".cpp", ".cu"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def violations(root):
    found = []
    for folder, allowed in MAY_INCLUDE.items():
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in SOURCES:
                continue
            text = path.read_text(encoding="utf-8")
            where = path.relative_to(root)
            if path.suffix in HEADERS and not re.search(r"^#pragma once$", text, re.MULTILINE):
                found.append(f"{where}: a header without #pragma once")
            includes = INCLUDE.findall(text)
            own = where.with_suffix(".hpp").as_posix()
            if path.suffix == ".cpp" and (root / own).exists() and (not includes or includes[0][1] != own):
                found.append(f"{where}: must include {own} first")
            for bracket, name in includes:
                first = name.split("/")[0]
                if name == "random":
                    found.append(f"{where}: includes <random>; random numbers come from core/draw.hpp")
                elif bracket == '"' and "/" not in name:
                    found.append(f'{where}: "{name}" is not written from the repository root')
                elif first in MAY_INCLUDE.keys() | {"tests", "bench"} and first not in allowed:
                    found.append(f"{where}: {folder} must not include {name}")
    return found


# One violation each, and what must be said about it.
BAD = {
    "core/a.hpp": ('#pragma once\n#include "sim/b.hpp"\n', "core must not include sim/b.hpp"),
    "photonics/a.cpp": ('#include "electronic/b.hpp"\n', "photonics must not include electronic/b.hpp"),
    "electronic/a.cu": ("#include <workloads/b.hpp>\n", "electronic must not include workloads/b.hpp"),
    "workloads/deep/a.cpp": ('  # include "photonics/b.hpp"\n', "workloads must not include photonics/b.hpp"),
    "sim/a.cpp": ('#include "tests/b.hpp"\n', "sim must not include tests/b.hpp"),
    "sim/b.cpp": ('#include "b.hpp"\n', '"b.hpp" is not written from the repository root'),
    "core/b.hpp": ("// #pragma once\n", "a header without #pragma once"),
    "core/d.cpp": ('#include <vector>\n#include "core/d.hpp"\n', "must include core/d.hpp first"),
    "core/c.cpp": ("#include <random>\n", "includes <random>; random numbers come from core/draw.hpp"),
}
GOOD = {
    "core/d.hpp": "#pragma once\n",
    "core/good.hpp": '#pragma once\n#include <vector>\n#include "core/other.hpp"\n',
    "photonics/good.cpp": '#include <Random123/philox.h>\n#include "core/good.hpp"\n#include "photonics/x.hpp"\n',
    "sim/good.cpp": '#include "core/a.hpp"\n#include "photonics/a.hpp"\n#include "electronic/a.hpp"\n#include "workloads/a.hpp"\n',
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in GOOD.items() | {(name, text) for name, (text, _) in BAD.items()}:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        found = sorted(violations(root))
        expected = sorted(f"{name}: {said}" for name, (_, said) in BAD.items())
        if found != expected:
            sys.exit("self-test failed:\nfound\n  " + "\n  ".join(found) + "\nexpected\n  " + "\n  ".join(expected))
    print(f"self-test: {len(BAD)} violations found, {len(GOOD)} good files passed")


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        sys.exit()
    root = pathlib.Path(__file__).resolve().parent.parent
    count = sum(1 for f in MAY_INCLUDE for p in (root / f).rglob("*") if p.suffix in SOURCES)
    if count == 0:
        sys.exit(f"no source found below {root}")
    found = violations(root)
    if found:
        sys.exit("\n".join(found))
    print(f"layers hold in {count} files")
