"""A server's time in user mode, where the CPU's counters are not to be had.

The kernel's own split of run time is by ticks, too coarse for the percent in question. So the share
is sampled (perf, by timer), and the instructions are counted (callgrind), which is exact.
"""

import re
import shutil
import signal
import subprocess
import tempfile
import time

SAMPLES_PER_SECOND = 10000
KERNEL = 1 << 47  # The first address that is not user space's.


def user_share(runner, client, server):
    """Runs the client twice: undisturbed for the cost of a message, sampled for its split."""
    from harness import measure

    values = measure.parse(runner.output(client))
    if shutil.which("perf") is None:
        return values
    with tempfile.NamedTemporaryFile(suffix=".perf") as data:
        # Above the server's priority and on another core, or a busy machine keeps it from starting.
        above = ["chrt", "-f", "20"] if runner.real_time else []
        record = [*above, "taskset", "-c", str(runner.other_core), "perf", "record", "-q", "-e", "cpu-clock", "-F", str(SAMPLES_PER_SECOND),
                  "-p", str(server.pid), "-o", data.name]
        sampler = subprocess.Popen(record, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            runner.output(client)
        finally:
            sampler.send_signal(signal.SIGINT)
            sampler.wait(timeout=60)
        script = subprocess.run(["perf", "script", "-i", data.name, "-F", "ip"],
                                capture_output=True, text=True)
    addresses = [int(word, 16) for word in script.stdout.split()]
    if addresses:
        share = sum(address < KERNEL for address in addresses) / len(addresses)
        values["user_percent"] = 100 * share
        values["user_ns_per_message"] = share * values["cpu_ns_per_message"]
    return values


def instructions(runner, server_command, client, quick):
    """User instructions per message: a long run's less a short run's, so that starting cancels."""
    from harness import measure

    if shutil.which("valgrind") is None:
        return {}
    binary = next(i for i, word in enumerate(server_command) if "/" in word)
    load = list(client)
    counts = []
    messages = (6_400, 64_000) if quick else (12_800, 256_000)
    for amount in messages:
        # On the client's core as well, so that the batches are those of the real thing and nobody
        # is counted spinning.
        command = [*server_command[:binary], "valgrind", "--tool=callgrind",
                   "--callgrind-out-file=/dev/null", *server_command[binary:]]
        server = measure.Server(command)
        load[load.index("--port") + 1] = str(server.port)
        load[load.index("--server-pid") + 1] = str(server.pid)
        try:
            runner.output([*load, "--messages", str(amount)], timeout=300)
            # Valgrind looks for signals between blocks of code, not inside io_uring_enter: load the
            # server till it has seen this one. That is some thousand messages in either run.
            server.process.terminate()
            subprocess.run([*load, "--messages", "1000000000"], capture_output=True, timeout=60)
        finally:
            log = server.end()
        match = re.search(r"Collected : (\d+)", log)
        if match is None:
            return {}
        counts.append(int(match.group(1)))
    return {"instructions_per_message": (counts[1] - counts[0]) / (messages[1] - messages[0])}
