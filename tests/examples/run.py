#!/usr/bin/env python3
"""Runs an example program and checks that it does what its first comment says.

usage: run.py NAME FOLDER_OF_PROGRAMS

Each class tests the example of its name.
"""

import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

import file_server_test
import treesum_test
from programs import FOLDER, TestCase, serving


class cat(TestCase):
    def test_it_prints_every_file(self):
        with tempfile.TemporaryDirectory() as folder:
            first, second = pathlib.Path(folder, 'first'), pathlib.Path(folder, 'second')
            first.write_bytes(bytes(range(256)) * 1000)
            second.write_bytes(b'')
            self.assertEqual(self.output_of('cat', first, second, first),
                             first.read_bytes() * 2)

    def test_a_missing_file_is_named_and_the_others_are_printed(self):
        ended = self.run_program('cat', '/no/such/file', '/proc/self/stat')
        self.assertEqual(ended.returncode, 1)
        self.assertIn(b'/no/such/file: No such file or directory', ended.stderr)
        self.assertIn(b'(cat)', ended.stdout)


class three_sleeps(TestCase):
    def test_three_sleeps_take_the_time_of_one(self):
        # The program says by its exit status whether they did; long, so that noise is small.
        lines = self.output_of('three_sleeps', 700).splitlines()
        self.assertEqual(lines[:3], [b'sleep %d is over' % i for i in (1, 2, 3)])


class read_while_ticking(TestCase):
    def test_reads_and_ticks_both_go_on(self):
        self.assertRegex(self.output_of('read_while_ticking', '/proc/self/exe', 300),
                         rb'\d+ reads, .* \d+ ticks')


class fibonacci_worker(TestCase):
    def test_the_loop_ticks_while_the_pool_computes(self):
        self.assertRegex(self.output_of('fibonacci_worker', 27),
                         rb'fibonacci\(27\) = 196418 in \d+ ms; \d+ ticks')


class word_count(TestCase):
    def test_words_are_counted_as_by_other_programs(self):
        text = b'the Cat and the dog\nThe end' + 50000 * b' and so on'
        with tempfile.NamedTemporaryFile() as file:
            file.write(text)
            file.flush()
            lines = self.output_of('word_count', file.name).split(b'\n')
        self.assertEqual(lines[:4], [b'  50001 and', b'  50000 on', b'  50000 so', b'      3 the'])


class count_lines(TestCase):
    def test_the_lines_of_all_files_are_counted(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, 'a', 'b').mkdir(parents=True)
            wanted = set()
            for number in range(100):
                path = pathlib.Path(folder, 'a', 'b' if number % 2 else '', f'{number}.txt')
                path.write_text(number * 'line\n')
                wanted.add(f'{number:8} {path}'.encode())
            *files, total, rest = self.output_of('count_lines', folder).split(b'\n')
        self.assertEqual((set(files), total, rest), (wanted, b'    4950 in all', b''))

    def test_a_folder_that_is_not_there_is_an_error_of_the_walk(self):
        ended = self.run_program('count_lines', '/no such folder')
        self.assertEqual((ended.returncode, ended.stdout), (0, b'       0 in all\n'))
        self.assertIn(b'No such file or directory', ended.stderr)


class mandelbrot(TestCase):
    def test_it_draws_a_png_of_that_size(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, 'set.png')
            self.assertIn(b'60 x 48', self.output_of('mandelbrot', path, 60))
            image = path.read_bytes()
        self.assertEqual(image[:8], b'\x89PNG\r\n\x1a\n')
        self.assertEqual(struct.unpack('>II', image[16:24]), (60, 48))


class to_thread(TestCase):
    def test_it_ends_well(self):
        self.assertTrue(self.output_of('to_thread'))


class blocking_inside_async(TestCase):
    def test_it_ends_well(self):
        self.assertTrue(self.output_of('blocking_inside_async'))


class echo_server(TestCase):
    def test_many_clients_get_back_what_they_send(self):
        with serving('echo_server', '127.0.0.1:0') as (server, where):
            texts = [b'x' * 100_000, b'a line', b'\xff\x00'[:1]]
            clients = [subprocess.Popen([FOLDER / 'echo_client', where, text],
                                        stdout=subprocess.PIPE) for text in texts]
            for client, text in zip(clients, texts):
                with client:
                    self.assertEqual(client.communicate(timeout=20)[0], text + b'\n')
                    self.assertEqual(client.returncode, 0)
            server.send_signal(signal.SIGINT)
            self.assertEqual(server.wait(20), -signal.SIGINT)

    def test_an_address_in_use_is_named(self):
        with serving('echo_server', '127.0.0.1:0') as (_, where):
            ended = self.run_program('echo_server', where)
            self.assertNotEqual(ended.returncode, 0)
            self.assertIn(f'bind {where}: Address already in use'.encode(), ended.stderr)


class echo_client(TestCase):
    def test_a_refused_connection_is_an_error_that_names_the_server(self):
        with socket.create_server(('127.0.0.1', 0)) as closed:
            where = '127.0.0.1:%d' % closed.getsockname()[1]
        ended = self.run_program('echo_client', where)
        self.assertEqual(ended.returncode, 1)
        self.assertIn(f'connect {where}: Connection refused'.encode(), ended.stderr)


class file_server(file_server_test.Tests):
    pass


class treesum(treesum_test.Tests):
    pass


def main():
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(globals()[sys.argv[1]])
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    failed = len(result.failures) + len(result.errors)
    print(f'{result.testsRun - failed - len(result.skipped)} passed, {failed} failed')
    return 1 if failed or result.testsRun == 0 else 0


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.exit(main())
