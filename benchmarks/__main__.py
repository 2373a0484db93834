"""Run every benchmark, or those named: `python -m benchmarks [archives] [policy] …`.

A benchmark is a module of this package that has a `main`.
"""

import importlib
import pkgutil
import sys

import benchmarks

NAMES = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")

for name in sys.argv[1:] or NAMES:
    run = getattr(importlib.import_module(f"benchmarks.{name}"), "main", None)
    if run is None and name in sys.argv:
        sys.exit(f"{name} measures nothing")
    if run is not None:
        print(f"== {name}")
        run()
