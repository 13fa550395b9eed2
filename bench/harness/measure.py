"""Runs a case: its programs in turns (A B C A B C ...), each turn a fresh process."""

import json
import shutil
import subprocess
import sys
import time

from harness import cases, machine, profile

FILE_BYTES = 256 << 20


class Broken(Exception):
    """A program that failed; the case goes on without it."""


def parse(text):
    """The key=value pairs of a program's one line of output."""
    values = {}
    for word in text.split():
        key, separator, value = word.partition("=")
        if separator:
            try:
                values[key] = float(value)
            except ValueError:
                pass
    return values


class Runner:
    def __init__(self, tool_chain, options):
        self.tool_chain = tool_chain
        self.options = options
        self.real_time = machine.may_be_real_time()
        # The last core: interrupts and other people's work prefer the first.
        self.core = machine.cores()[-1]
        self.other_core = machine.cores()[0]
        self.turn = 0
        self.counted = {}

    def run(self, case):
        """{label: [values of a round, ...]}; a label without values was skipped."""
        values = {program.label: [] for program in case.programs}
        if case.kind == "micro":
            values = {}
        alive = [program for program in case.programs if self.exists(program)]
        for round_number in range(self.options.rounds):
            for program in list(alive):
                self.progress(f"{case.name}: {program.label} "
                              f"({round_number + 1}/{self.options.rounds})")
                try:
                    self.run_once(case, program, values)
                except (Broken, subprocess.TimeoutExpired) as error:
                    self.progress("")
                    print(f"broken: {case.name}: {program.label}: {error}", flush=True)
                    values[program.label] = None
                    alive.remove(program)
        self.progress("")
        return values

    def progress(self, text):
        """One line that overwrites itself, for those who watch."""
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text and self.tool_chain.compiler + ': '}{text}", end="",
                  file=sys.stderr, flush=True)

    def exists(self, program):
        if program.library == "fio":
            return shutil.which("fio") is not None
        return self.tool_chain.binary(program.workload, program.library).exists()

    def run_once(self, case, program, values):
        if case.kind == "micro":
            for label, value in self.micro(program).items():
                values.setdefault(label, []).append({"cpu_ns": value})
        elif case.kind.startswith("echo"):
            values[program.label].append(self.echo(case, program))
        elif program.library == "fio":
            values[program.label].append(self.fio(case, program))
        else:
            values[program.label].append(self.plain(case, program))

    def prefix(self, case, core=None):
        words = []
        if core is None and case.placement != cases.FREE:
            core = self.core
        if core is not None:
            words += ["taskset", "-c", str(core)]
        if self.real_time and case.real_time:
            words += ["chrt", "-f", "10"]
        return words

    def command(self, case, program):
        binary = self.tool_chain.binary(program.workload, program.library)
        words = [str(binary), *program.arguments, *case.arguments]
        return [str(word) for word in words]

    def output(self, command, timeout=180):
        result = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        if result.returncode != 0:
            raise Broken((result.stderr.strip() or f"exit status {result.returncode}")[-300:])
        return result.stdout

    def plain(self, case, program):
        command = [*self.prefix(case), *self.command(case, program)]
        command += ["--seconds", str(self.options.seconds)]
        if program.workload == "file_read":
            command += ["--file", str(self.data_file())]
        if self.options.quick:
            command += ["--steps", "100000", "--tasks", "10000", "--grace", "0.5", "--quick", "yes"]
        return parse(self.output(command))

    def data_file(self):
        """A file that is in the page cache and stays there."""
        path = self.tool_chain.build_dir / "data"
        if not path.exists() or path.stat().st_size != FILE_BYTES:
            with open(path, "wb") as file, open("/dev/urandom", "rb") as source:
                for _ in range(FILE_BYTES >> 20):
                    file.write(source.read(1 << 20))
        with open(path, "rb") as file:
            while file.read(1 << 20):
                pass
        return path

    def fio(self, case, program):
        depth = str(case.arguments[case.arguments.index("--qd") + 1])
        command = [*self.prefix(case), "fio", "--name=read", f"--filename={self.data_file()}",
                   "--ioengine=io_uring", "--rw=randread", "--bs=4k", f"--iodepth={depth}",
                   "--time_based", f"--runtime={max(self.options.seconds, 0.2)}", "--thread",
                   # Keep the cache, and spare it the bookkeeping that the others do not do.
                   "--invalidate=0", "--norandommap", "--randrepeat=0", "--gtod_reduce=1",
                   "--registerfiles=1", "--fixedbufs=1", f"--iodepth_batch_complete_max={depth}",
                   "--output-format=json"]
        if program.arguments == ["batch"]:
            command.append(f"--iodepth_batch={depth}")
        text = self.output(command)
        job = json.loads(text[text.index("{"):])["jobs"][0]
        rate = job["read"]["iops"]
        busy = (job["usr_cpu"] + job["sys_cpu"]) / 100
        return {"ops_per_s": rate, "cpu_us_per_op": busy / rate * 1e6}

    def micro(self, program):
        binary = self.tool_chain.binary(program.workload, program.library)
        command = [*self.prefix(MICRO), str(binary), "--benchmark_format=json",
                   f"--benchmark_min_time={min(self.options.seconds, 0.5)}"]
        report = json.loads(self.output(command))
        return {b["name"]: b["cpu_time"] for b in report["benchmarks"]}

    def echo(self, case, program):
        self.turn += 1
        server_side, client_side = case.arguments, list(case.arguments)
        path = f"/tmp/lariat-bench-{self.turn}.sock" if "--local" in case.arguments else ""
        command = [*self.prefix(case), *self.command(case, program), "--path", path]
        with Server([str(word) for word in command]) as server:
            client_core = self.other_core if case.placement == cases.TWO_CORES else self.core
            client = [*self.prefix(case, client_core),
                      self.tool_chain.binary("echo", "client"), *client_side,
                      "--seconds", self.options.seconds, "--port", server.port, "--path", path,
                      "--server-pid", server.pid]
            client = [str(word) for word in client]
            if case.kind == "echo":
                return parse(self.output(client))
            values = profile.user_share(self, client, server)
        key = tuple(word for word in command if "/tmp/" not in word)
        if key not in self.counted:
            # Hardly differs from one run to the next, and takes long.
            self.counted[key] = profile.instructions(self, command, client, self.options.quick)
        return {**values, **self.counted[key]}


MICRO = cases.Case("micro", "micro", [], [], placement=cases.ONE_CORE)


class Server:
    """A server process, from its first line ("ready port=...") to its death at the end."""

    def __init__(self, command, patience=20):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.pid = self.process.pid
        line = self.process.stdout.readline()
        if not line.startswith("ready"):
            self.process.kill()
            raise Broken("server: " + (self.process.stderr.read().strip() or "no ready line"))
        self.port = int(line.split("port=")[1])
        time.sleep(0.02)  # Past its first wait.

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.end()

    def end(self):
        """Terminates it and returns what it wrote to stderr."""
        self.process.terminate()
        try:
            return self.process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()[1]
