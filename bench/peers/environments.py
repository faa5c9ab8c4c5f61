"""A virtual environment per package under build/peers, so that their requirements never meet."""

import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).resolve().parents[2] / "build" / "peers"
DEBIAN = "/usr/bin/python3"  # has Debian's NumPy and PyTorch; another Python on PATH may not


class NotInstalled(Exception):
    """Says why, in one line."""


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def python_of(name, adapter):
    """The Python that has the adapter's packages: Debian's own for modules that Debian packs (SYSTEM), else one of an
    environment that is made now. An environment that was completed once is used as it is. Raises NotInstalled."""
    system = DEBIAN if Path(DEBIAN).exists() else sys.executable
    modules = getattr(adapter, "SYSTEM", [])
    for module in modules:
        if run(system, "-c", f"import {module}").returncode:
            raise NotInstalled(f"no module {module}; Debian's package is python3-{module}")
    if not adapter.PACKAGES:
        return system
    folder = HOME / name
    python, done = folder / "bin" / "python", folder / "complete"
    if done.exists():
        return str(python)
    print(f"… installing {' '.join(adapter.PACKAGES)}", file=sys.stderr)
    share = ["--system-site-packages"] if modules else []
    made = run(system, "-m", "venv", "--clear", *share, str(folder))
    if made.returncode:
        raise NotInstalled(f"no virtual environment: {last_line(made)}; Debian's package is python3-venv")
    pip = run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
              *(["--no-deps"] if modules else []), *adapter.PACKAGES)
    if pip.returncode:
        raise NotInstalled(f"pip install {' '.join(adapter.PACKAGES)} failed: {last_line(pip)}")
    done.touch()
    return str(python)


def last_line(process):
    """The line that names the error, else the last one."""
    lines = [line.strip() for line in (process.stderr or process.stdout).splitlines() if line.strip()]
    named = [line for line in lines if "Error:" in line]
    return (named or lines or ["no message"])[-1]
