"""Tests of examples/treesum."""

import hashlib
import os
import pathlib
import pty
import re
import shutil
import subprocess
import tempfile

from programs import FOLDER, TestCase

ODD_NAMES = ['plain', 'with space', 'new\nline', 'back\\slash', 'carriage\rreturn', '-dash',
             '\\n', 'tab\there', 'umlaut-\u00fc', '*star', "quote'\""]
CHUNK = 128 * 1024  # The program's.
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 3]


class Tests(TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name, 'tree')
        self.root.mkdir()
        folder_path = pathlib.Path(folder.name)
        folder_path.chmod(0o755)  # For tests that are somebody else.

    def add(self, name, content=b''):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def check(self, sums, **how):
        """What sha256sum -c says of the sums: the names that are right."""
        checked = subprocess.run(['sha256sum', '-c', '--strict', '--quiet'], input=sums,
                                 capture_output=True, timeout=60, **how)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, b'', b''))

    def test_sums_of_all_sizes_are_right_and_in_order(self):
        expected = []
        for i, size in enumerate(SIZES * 30):
            path = self.add(f'{i % 7}/{i}', os.urandom(size))
            expected.append((os.fsencode(path), hashlib.sha256(path.read_bytes()).hexdigest()))
        lines = b''.join(sum.encode() + b'  ' + path + b'\n' for path, sum in sorted(expected))
        self.assertEqual(self.output_of('treesum', self.root), lines)
        self.assertEqual(self.output_of('treesum', '--in-flight', 1, self.root), lines)

    def test_odd_names_are_written_as_sha256sum_writes_and_reads_them(self):
        for name in ODD_NAMES:
            self.add(name, name.encode())
        sums = self.output_of('treesum', self.root)
        theirs = subprocess.run(['sha256sum', '--', *sorted(self.root.iterdir(), key=os.fsencode)],
                                capture_output=True, check=True).stdout
        self.assertEqual(sums, theirs)
        self.check(sums)

    def test_links_fifos_and_empty_directories_are_passed_over(self):
        file = self.add('file', b'content')
        (self.root / 'link').symlink_to(file)
        (self.root / 'loop').symlink_to(self.root)
        (self.root / 'empty').mkdir()
        os.mkfifo(self.root / 'fifo')
        self.assertEqual(self.output_of('treesum', self.root).count(b'\n'), 1)

    def test_an_empty_tree_has_no_sums(self):
        self.assertEqual(self.output_of('treesum', self.root), b'')

    def test_a_file_that_claims_to_be_empty_is_read_to_its_end(self):
        sums = self.output_of('treesum', '/proc/sys/kernel/random')
        self.assertIn(b'/boot_id\n', sums)
        self.assertNotIn(hashlib.sha256().hexdigest().encode() + b'  '
                         b'/proc/sys/kernel/random/boot_id', sums)

    def test_what_cannot_be_read_is_named_and_the_rest_is_summed(self):
        self.add('a', b'a')
        self.add('secret', b's').chmod(0)
        (self.add('closed/file', b'f').parent).chmod(0)
        self.add('z', b'z')
        program = shutil.copy(FOLDER / 'treesum', self.root.parent / 'treesum')
        how = {'user': 65534, 'group': 65534, 'extra_groups': []} if os.geteuid() == 0 else {}
        self.addCleanup((self.root / 'closed').chmod, 0o755)
        ended = subprocess.run([program, self.root], capture_output=True, timeout=60, **how)
        self.assertEqual(ended.returncode, 1)
        self.assertEqual(ended.stdout.count(b'\n'), 2)
        self.check(ended.stdout)
        errors = ended.stderr.decode().splitlines()
        self.assertEqual(len(errors), 2)
        self.assertIn(f'{self.root}/secret: Permission denied', ''.join(errors))
        self.assertIn(f'{self.root}/closed: Permission denied', ''.join(errors))

    def test_a_directory_that_does_not_exist_is_an_error(self):
        ended = self.run_program('treesum', '/no/such/directory')
        self.assertEqual((ended.returncode, ended.stdout), (1, b''))
        self.assertIn(b'/no/such/directory: No such file or directory', ended.stderr)

    def test_output_that_cannot_be_written_is_an_error(self):
        self.add('file', b'content')
        with open('/dev/full', 'wb') as full:
            ended = subprocess.run([FOLDER / 'treesum', self.root], stdout=full,
                                   stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(ended.returncode, 1)
        self.assertIn(b'No space left on device', ended.stderr)

    def test_bar_and_summary_are_for_terminals(self):
        self.add('file', b'content')
        terminal, end = pty.openpty()
        with open(terminal, 'rb', buffering=0) as screen, open(end, 'wb') as stderr:
            ended = subprocess.run([FOLDER / 'treesum', self.root], stdout=subprocess.PIPE,
                                   stderr=stderr, timeout=60)
            shown = screen.read(4096)
        self.assertEqual((ended.returncode, ended.stdout.count(b'\n')), (0, 1))
        self.assertIn(b'1 files, 0.0 MB in', shown)
        asked = self.run_program('treesum', '--summary', self.root)
        self.assertRegex(asked.stderr, rb'^treesum: 1 files, 0.0 MB in .* MB/s\n$')

    def test_memory_does_not_grow_with_a_file(self):
        if re.search(rb'__[at]san_init', (FOLDER / 'treesum').read_bytes()):
            self.skipTest('sanitizers reserve terabytes')
        self.add('huge')
        os.truncate(self.root / 'huge', 300 << 20)
        limited = ['prlimit', '--data=200000000']
        ended = subprocess.run([*limited, FOLDER / 'treesum', self.root], capture_output=True,
                               timeout=60)
        self.assertEqual((ended.returncode, ended.stderr), (0, b''))
        self.assertEqual(ended.stdout.count(b'\n'), 1)
