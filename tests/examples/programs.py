"""What the tests of the example programs have in common."""

import contextlib
import pathlib
import re
import subprocess
import sys
import unittest

FOLDER = pathlib.Path(sys.argv[2])


class TestCase(unittest.TestCase):
    def run_program(self, name, *arguments, **how):
        return subprocess.run([FOLDER / name, *map(str, arguments)], capture_output=True,
                              timeout=60, **how)

    def output_of(self, name, *arguments):
        ended = self.run_program(name, *arguments)
        self.assertEqual((ended.returncode, ended.stderr), (0, b''))
        return ended.stdout


@contextlib.contextmanager
def serving(name, *arguments, **how):
    """Starts a server; gives the process and what it says that it listens on; ends it."""
    with subprocess.Popen([FOLDER / name, *map(str, arguments)], stdout=subprocess.PIPE,
                          **how) as server:
        try:
            line = server.stdout.readline().decode()
            yield server, re.fullmatch(r'listening on (?:http://)?(.*?)/?\n', line)[1]
        finally:
            server.kill()
