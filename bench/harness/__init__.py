"""The machinery of scripts/bench: install, build, run in turns, tabulate."""
