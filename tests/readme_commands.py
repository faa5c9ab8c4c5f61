#!/usr/bin/env python3
"""readme_commands.py [--bin DIR] [--prefix DIR] PAGE.md...: does what the pages show.

Fenced blocks are taken in order, each page in a folder of its own:
  ```toml file=mine.toml   is written to that file
  ```sh test               runs in bash with the program (--bin, default build/release/bin) first on PATH
  ```python test           runs in this Python with the installed module on its path
  ```cpp test              is compiled and run as a main program against the installed package (--prefix, default
                           out/installed)
Blocks without a mark are only read. A page must have a marked block; the first failure ends the run with status 1.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

FENCE = re.compile(r"^```(\w+) +(test|file=(\S+))\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(snippet LANGUAGES CXX)
find_package(fringe REQUIRED)
add_executable(snippet main.cpp)
target_link_libraries(snippet PRIVATE fringe::sim fringe::workloads fringe::electronic fringe::photonics fringe::core)
"""


def run(command, folder, environment):
    done = subprocess.run(command, cwd=folder, env=environment, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}\n{' '.join(map(str, command))}\nended with status {done.returncode}")
    return done.stdout


def compile_and_run(text, folder, prefix, environment):
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(PROJECT, encoding="utf-8")
    (folder / "main.cpp").write_text(text, encoding="utf-8")
    run(["cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
         "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror", f"-DCMAKE_PREFIX_PATH={prefix}"], folder, environment)
    run(["cmake", "--build", "build"], folder, environment)
    return run(["build/snippet"], folder, environment)


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=pathlib.Path, default=root / "build/release/bin")
    parser.add_argument("--prefix", type=pathlib.Path, default=root / "out/installed")
    parser.add_argument("pages", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    environment = dict(os.environ, PATH=f"{options.bin.resolve()}:{os.environ['PATH']}")
    for page in options.pages:
        blocks = FENCE.findall(page.read_text(encoding="utf-8"))
        if not blocks:
            sys.exit(f"{page}: no block marked test")
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for number, (language, mark, file, text) in enumerate(blocks):
                if file:
                    (folder / file).write_text(text, encoding="utf-8")
                elif language == "sh":
                    print(run(["bash", "-euo", "pipefail", "-c", text], folder, environment), end="")
                elif language == "python":
                    modules = str(options.prefix.resolve() / "share/fringe/python")
                    print(run([sys.executable, "-c", text], folder, dict(environment, PYTHONPATH=modules)), end="")
                elif language == "cpp":
                    print(compile_and_run(text, folder / f"snippet{number}", options.prefix.resolve(), environment), end="")
                else:
                    sys.exit(f"{page}: a {language} block cannot be tested")
        print(f"{page}: {len(blocks)} blocks did what they show")


if __name__ == "__main__":
    main()
