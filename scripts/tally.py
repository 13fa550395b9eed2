#!/usr/bin/env python3
"""Counts the test cases behind the tests of a meson run; the last line is `N passed, N failed`.

usage: tally.py BUILD/meson-logs/testlog.json
"""

import json
import re
import sys

PLAIN = re.compile(r'^(\d+) passed, (\d+) failed$', re.MULTILINE)
CATCH_ALL = re.compile(r'^All tests passed \([\d,]+ assertions? in (\d+) test cases?\)', re.MULTILINE)
CATCH_SOME = re.compile(r'^test cases:\s*(\d+)((?: *\| *\d+ [a-z ]+)+)', re.MULTILINE)


def count(test):
    """Returns (passed, failed) of one entry of the log."""
    output = test.get('stdout', '') + '\n' + test.get('stderr', '')
    passed = failed = 0
    if found := PLAIN.findall(output):
        passed, failed = map(int, found[-1])
    elif found := CATCH_ALL.findall(output):
        passed = int(found[-1])
    elif found := CATCH_SOME.findall(output):
        counts = {what.strip(): int(n) for n, what in re.findall(r'(\d+) ([a-z ]+)', found[-1][1])}
        passed = counts.get('passed', 0) + counts.get('failed as expected', 0)
        failed = counts.get('failed', 0)
    elif test['result'] == 'OK':
        passed = 1
    if test['result'] not in ('OK', 'EXPECTEDFAIL', 'SKIP') and failed == 0:
        failed = 1  # a crash, a time-out, a leak found at exit
    return passed, failed


def main():
    passed = failed = skipped = 0
    with open(sys.argv[1]) as log:
        for line in log:
            test = json.loads(line)
            name = test['name'].split(' / ')[-1]
            if test['result'] == 'SKIP':
                skipped += 1
                print(f'  {name:14} skipped')
                continue
            p, f = count(test)
            print(f'  {name:14} {p} passed, {f} failed in {test["duration"]:.1f} s')
            passed, failed = passed + p, failed + f
    if skipped:
        print(f'{skipped} skipped, for want of something on this machine')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or passed == 0 else 0


if __name__ == '__main__':
    sys.exit(main())
