"""Tests of examples/file_server."""

import contextlib
import email.utils
import http.client
import os
import pathlib
import signal
import socket
import tempfile

from programs import TestCase, serving

BIG = os.urandom(300_000)  # Several pieces of an answer.
HEAD_MAX = 16 * 1024  # The program's.


class Tests(TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        outside = pathlib.Path(folder.name, 'secret.txt')
        outside.write_text('secret')
        root = self.root = pathlib.Path(folder.name, 'root')
        (root / 'sub').mkdir(parents=True)
        (root / 'empty').mkdir()
        (root / 'a.txt').write_text('hello')
        (root / 'nothing').write_bytes(b'')
        (root / 'big.bin').write_bytes(BIG)
        (root / 'with space+%.html').write_text('odd')
        (root / 'sub/index.html').write_text('index')
        (root / 'inside').symlink_to('a.txt')
        (root / 'outside').symlink_to('../secret.txt')
        (root / 'absolute').symlink_to(outside)
        os.mkfifo(root / 'fifo')
        self.start()

    def start(self, *arguments):
        running = contextlib.ExitStack()
        self.addCleanup(running.close)
        self.server, where = running.enter_context(serving('file_server', *arguments, self.root, 0))
        self.address = where.split(':')[0], int(where.split(':')[1])

    def add_sparse(self):
        """Adds a file that does not fit into socket buffers."""
        (self.root / 'sparse').write_bytes(b'')
        os.truncate(self.root / 'sparse', 64 << 20)
        return 64 << 20

    def connect(self):
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        self.addCleanup(connection.close)
        return connection

    def get(self, target, method='GET', connection=None, **fields):
        connection = connection or self.connect()
        connection.request(method, target, headers={k.replace('_', '-'): v for k, v in fields.items()})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer

    def raw(self, text, end=True):
        """What the server answers to these bytes, up to the end of the connection."""
        with socket.create_connection(self.address, timeout=20) as connection:
            connection.sendall(text)
            if end:
                connection.shutdown(socket.SHUT_WR)
            return b''.join(iter(lambda: connection.recv(65536), b''))

    def test_files_are_served_whole_with_their_types(self):
        for target, content, kind in [('/a.txt', b'hello', 'text/plain; charset=utf-8'),
                                      ('/nothing', b'', 'application/octet-stream'),
                                      ('/big.bin', BIG, 'application/octet-stream'),
                                      ('/with%20space+%25.html?q', b'odd', 'text/html; charset=utf-8'),
                                      ('/inside', b'hello', 'application/octet-stream'),
                                      ('//a.txt', b'hello', 'text/plain; charset=utf-8'),
                                      ('/sub/', b'index', 'text/html; charset=utf-8')]:
            status, body, answer = self.get(target)
            self.assertEqual((status, body, answer.getheader('Content-Type')),
                             (200, content, kind), target)

    def test_a_connection_is_kept_for_many_requests(self):
        connection = self.connect()
        for _ in range(50):
            self.assertEqual(self.get('/a.txt', connection=connection)[:2], (200, b'hello'))
            self.assertEqual(self.get('/none', connection=connection)[0], 404)
            self.assertEqual(self.get('/a.txt', 'HEAD', connection)[:2], (200, b''))

    def test_pipelined_requests_are_answered_in_order(self):
        request = b'GET /%b HTTP/1.1\r\nHost: x\r\n%b\r\n'
        answers = self.raw(request % (b'a.txt', b'') * 2 +
                           request % (b'sub/index.html', b'Connection: close\r\n'), end=False)
        self.assertRegex(answers, rb'(?s)^HTTP/1.1 200 OK.*hello.*hello.*index$')

    def test_http_1_0_ends_the_connection_unless_asked(self):
        self.assertRegex(self.raw(b'GET /a.txt HTTP/1.0\r\n\r\n', end=False), rb'(?s)^HTTP/1.0.*hello$')
        twice = (b'GET /a.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
                 b'GET /a.txt HTTP/1.0\r\n\r\n')
        self.assertEqual(self.raw(twice, end=False).count(b'hello'), 2)

    def test_head_gives_the_fields_of_get(self):
        _, _, get = self.get('/big.bin')
        _, body, head = self.get('/big.bin', 'HEAD', Range='bytes=1-2')
        self.assertEqual((body, dict(head.getheaders()), head.status),
                         (b'', dict(get.getheaders()) | {'Date': head.getheader('Date')}, 200))

    def test_ranges(self):
        size = len(BIG)
        for asked, first, last in [('0-0', 0, 0), ('1-70000', 1, 70000), ('299999-', size - 1, size - 1),
                                   ('-1', size - 1, size - 1), ('5-999999999', 5, size - 1),
                                   (f'-{size + 1}', 0, size - 1)]:
            status, body, answer = self.get('/big.bin', Range='bytes=' + asked)
            self.assertEqual((status, answer.getheader('Content-Range')),
                             (206, f'bytes {first}-{last}/{size}'), asked)
            self.assertEqual(body, BIG[first:last + 1], asked)
        for asked, target in [(f'{size}-', '/big.bin'), ('-0', '/big.bin'), ('0-', '/nothing')]:
            status, body, answer = self.get(target, Range='bytes=' + asked)
            length = size if target == '/big.bin' else 0
            self.assertEqual((status, body, answer.getheader('Content-Range')),
                             (416, b'', f'bytes */{length}'))
        for ignored in ['bytes=2-1', 'bytes=a-b', 'bytes=', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-',
                        'bytes=0-18446744073709551616', 'bytes=1-2x']:
            self.assertEqual(self.get('/a.txt', Range=ignored)[:2], (200, b'hello'), ignored)

    def test_conditions(self):
        modified = self.get('/a.txt')[2].getheader('Last-Modified')
        status, body, _ = self.get('/a.txt', If_Modified_Since=modified)
        self.assertEqual((status, body), (304, b''))
        earlier = email.utils.formatdate(email.utils.mktime_tz(
            email.utils.parsedate_tz(modified)) - 1, usegmt=True)
        for other in [earlier, 'yesterday']:
            self.assertEqual(self.get('/a.txt', If_Modified_Since=other)[0], 200)
        self.assertEqual(self.get('/a.txt', Range='bytes=1-2', If_Range=modified)[:2], (206, b'el'))
        self.assertEqual(self.get('/a.txt', Range='bytes=1-2', If_Range=earlier)[:2], (200, b'hello'))

    def test_what_is_not_there_is_404(self):
        for target in ['/none', '/a.txt/', '/a.txt/b', '/empty/', '/fifo', '/' + 'x' * 300]:
            self.assertEqual(self.get(target)[0], 404, target)

    def test_a_directory_without_slash_redirects_within_this_server(self):
        for target, location in [('/sub', '/sub/'), ('/sub?q', '/sub/?q'), ('//sub', '/sub/')]:
            status, _, answer = self.get(target)
            self.assertEqual((status, answer.getheader('Location')), (301, location))

    def test_there_is_no_way_out(self):
        for target in ['/../secret.txt', '/%2e%2e/secret.txt', '/sub/../../secret.txt',
                       '/..%2fsecret.txt', '/sub/..', '/a.txt%00.html', '/%zz', '/%2', 'a.txt',
                       '*', 'ftp://host/a.txt']:
            answer = self.raw(f'GET {target} HTTP/1.1\r\nHost: x\r\n\r\n'.encode())
            self.assertRegex(answer, b'^HTTP/1.1 400 ', target)
        for target in ['/outside', '/absolute', '//etc/passwd', f'/{self.root.parent}/secret.txt']:
            self.assertEqual(self.get(target)[0], 404, target)
        answer = self.raw(b'GET http://host/a.txt HTTP/1.1\r\nHost: host\r\n\r\n')
        self.assertTrue(answer.endswith(b'hello'))

    def test_other_methods_are_405_and_bodies_413(self):
        for method in ['POST', 'DELETE', 'BREW']:
            answer = self.raw(f'{method} /a.txt HTTP/1.1\r\nHost: x\r\n\r\n'.encode(), end=False)
            self.assertRegex(answer, rb'^HTTP/1.1 405 ')
            self.assertIn(b'Allow: GET, HEAD\r\n', answer)
        self.assertEqual(self.get('/a.txt', Content_Length='5')[0], 413)
        self.assertEqual(self.get('/a.txt', Transfer_Encoding='chunked')[0], 413)

    def test_garbage_is_400(self):
        for garbage in [b'garbage', b'garbage\r\n\r\n', b'\r\n\r\n', os.urandom(100) + b'\r\n\r\n',
                        b'GET /a.txt HTTP/1.1\r\n\r\n', b'GET /a.txt\r\n\r\n',
                        b'GET /a.txt HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n',
                        b'GET /a.txt HTTP/1.1\r\nHost: x\r\n bad\r\n: x\r\n\r\n',
                        b'GET /a.txt HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n']:
            self.assertRegex(self.raw(garbage), rb'^HTTP/1.1 400 ', garbage)
        self.assertEqual(self.raw(b''), b'')
        self.assertRegex(self.raw(b'GET /a.txt HTTP/3.0\r\nHost: x\r\n\r\n'), rb'^HTTP/1.1 (400|505) ')
        self.assertEqual(self.get('/a.txt')[0], 200)

    def test_a_head_that_is_too_large_is_431(self):
        field = b'X: ' + b'x' * HEAD_MAX + b'\r\n'
        answer = self.raw(b'GET /a.txt HTTP/1.1\r\nHost: x\r\n' + field + b'\r\n', end=False)
        self.assertRegex(answer, rb'^HTTP/1.1 431 ')

    def test_no_more_connections_than_allowed(self):
        self.start('--connections', 2)
        first, second, third = self.connect(), self.connect(), self.connect()
        for each in first, second:
            self.assertEqual(self.get('/a.txt', connection=each)[0], 200)
        third.timeout = 0.3
        with self.assertRaises(TimeoutError):
            self.get('/a.txt', connection=third)
        third.close()
        first.close()
        self.assertEqual(self.get('/a.txt')[0], 200)

    def test_a_client_that_sends_slowly_is_told_and_an_idle_one_is_left(self):
        self.start('--request-time', 1)
        with socket.create_connection(self.address, timeout=20) as slow:
            slow.sendall(b'GET /a.txt HT')
            self.assertEqual(self.raw(b'', end=False), b'')
            self.assertRegex(slow.recv(65536), rb'^HTTP/1.1 408 ')

    def test_a_client_that_does_not_read_is_left(self):
        self.start('--write-time', 1, '--connections', 1)
        self.add_sparse()
        with socket.create_connection(self.address, timeout=20) as deaf:
            deaf.sendall(b'GET /sparse HTTP/1.1\r\nHost: x\r\n\r\n')
            self.assertEqual(self.get('/a.txt')[0], 200)  # There is room only when it is gone.

    def test_interrupted_it_finishes_an_answer_and_ends_well(self):
        idle = self.connect()
        self.assertEqual(self.get('/a.txt', connection=idle)[0], 200)
        size = self.add_sparse()
        busy = self.connect()
        busy.request('GET', '/sparse')
        answer = busy.getresponse()
        self.server.send_signal(signal.SIGINT)
        self.assertEqual(len(answer.read()), size)
        self.assertEqual(self.server.wait(20), 0)

    def test_it_ends_by_itself(self):
        self.start('--seconds', 1)
        self.assertEqual(self.get('/a.txt')[0], 200)
        self.assertEqual(self.server.wait(20), 0)

    def test_a_directory_that_does_not_exist_is_an_error(self):
        ended = self.run_program('file_server', '/no/such/directory', 0)
        self.assertEqual(ended.returncode, 1)
        self.assertIn(b'/no/such/directory: No such file or directory', ended.stderr)
