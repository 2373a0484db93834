"""Run every benchmark, or those named: `python -m benchmarks [policy] [start_up] [trees] …`."""

import importlib
import sys

NAMES = ("policy", "rendering", "start_up", "trees", "workflows")

for name in sys.argv[1:] or NAMES:
    print(f"== {name}")
    importlib.import_module(f"benchmarks.{name}").main()
