"""What is measured, by which programs, and the bar that lariat has to reach."""

import dataclasses

ONE_CORE = "one core"    # The program, or the client and the server, pinned to the same core.
TWO_CORES = "two cores"  # Client and server each pinned to its own.
FREE = "free"            # Placed by the scheduler.


@dataclasses.dataclass
class Program:
    label: str     # In the table.
    workload: str  # Its folder in bench/.
    library: str   # Its file there.
    arguments: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Metric:
    """One column of a program's output, and what lariat's must be beside others'."""

    key: str
    # label -> ratio to its median; {compiler: ratio} where they make different code of it
    bars: dict = dataclasses.field(default_factory=dict)
    limit: float | None = None  # for lariat's own value
    higher_is_better: bool = False

    def bar(self, label, compiler):
        bar = self.bars.get(label)
        return bar.get(compiler) if isinstance(bar, dict) else bar


@dataclasses.dataclass
class Case:
    name: str
    kind: str  # "run", "echo", "echo_user" or "micro"
    programs: list
    metrics: list
    arguments: list = dataclasses.field(default_factory=list)
    placement: str = FREE
    real_time: bool = True


def programs(workload, *labels):
    """Programs by label: "asio 4" is library asio with the arguments that variants() gives it."""
    return [Program(label, workload, *variant(label)) for label in labels]


def variant(label):
    library, _, rest = label.partition(" ")
    if library == "liburing" and rest:
        return library, ["--mode", rest]
    if library == "fio" and rest:
        return library, [rest]
    if library == "handover":
        return library, ["--means", rest]
    if rest.endswith("worker"):
        return library, ["--workers", rest.split()[0]]
    if rest:
        return library, ["--threads", rest.split()[0]]
    return library, []


def echo_case(size, connections, metric, local=False, placement=ONE_CORE):
    where = "unix" if local else "tcp"
    cores = "" if placement == ONE_CORE else ", two cores"
    labels = ["lariat", "liburing multishot", "liburing single", "epoll", "tokio", "libuv", "asio",
              "asio_uring"]
    return Case(f"echo {where} {size} B n={connections}{cores}", "echo", programs("echo", *labels),
                [metric], ["--size", size, "--connections", connections] +
                (["--local", "yes"] if local else []), placement)


def echo_cases():
    def cpu(**bars):
        named = {"raw": "liburing multishot", "single": "liburing single"}
        return Metric("cpu_ns_per_message",
                      {named.get(name, name): bar for name, bar in bars.items()})

    yield echo_case(64, 64, cpu(raw=1.03, single=1.03, tokio=0.97, libuv=0.93, asio=0.88))
    yield echo_case(64, 1000, cpu(raw=1.05, single=1.03, tokio=0.97, asio=0.80))
    yield echo_case(4096, 64, cpu(raw=1.03, tokio=0.92, asio=0.88))
    yield echo_case(16384, 64, cpu(raw=1.03, tokio=0.92, asio=0.88))
    yield echo_case(64, 64, cpu(raw=1.05, tokio=0.97, asio=0.73), local=True)
    yield echo_case(64, 1, cpu(raw=1.05, asio_uring=0.80))
    yield echo_case(64, 1, cpu(raw=1.05, asio_uring=0.80), local=True)
    yield echo_case(64, 1, Metric("turn_p50_us", {"liburing multishot": 1.03}), placement=TWO_CORES)
    memory = echo_case(64, 10000, Metric("rss_bytes_per_connection", limit=1024))
    memory.name = "echo memory n=10000"
    yield memory
    user = echo_case(64, 64, Metric("user_ns_per_message", limit=60))
    user.name = "echo_user tcp 64 B n=64"
    user.kind = "echo_user"
    user.metrics.append(Metric("instructions_per_message"))
    yield user


def file_cases():
    for depth in (1, 8, 64):
        labels = ["lariat", "liburing", "pread", "fio", "fio batch",
                  "asio_uring", "libuv 4", "tokio", "tokio 4"]
        if depth == 1:
            labels.remove("fio batch")
            cost = Metric("cpu_us_per_op", {"liburing": 1.05, "asio_uring": 0.80, "libuv 4": 1 / 30,
                                            "tokio": 1 / 30})
            speed = Metric("ops_per_s", higher_is_better=True)
        else:
            labels.remove("pread")
            # fio submits one by one unless told otherwise, and the bar is set against that.
            cost = Metric("cpu_us_per_op", {"libuv 4": 0.6, "tokio": 0.25})
            speed = Metric("ops_per_s", {"liburing": 0.95, "fio": 1.4, "asio_uring": 1.4},
                           higher_is_better=True)
        yield Case(f"file_read cached 4 KiB qd={depth}", "run", programs("file_read", *labels),
                   [speed, cost], ["--qd", depth])


def timer_cases():
    for pending in (1_000, 10_000, 100_000, 1_000_000):
        metrics = [Metric("insert_cancel_ns", {"libuv": 0.7}, limit=50), Metric("reset_ns")]
        yield Case(f"timers pending={pending}", "run",
                   programs("timers", "lariat", "heap", "libuv", "asio", "tokio"), metrics,
                   ["--pending", pending], ONE_CORE)


def sleeper_cases():
    metrics = [Metric("bytes_per_task", limit=320),
               Metric("create_warm_ns", {"tokio": 0.5}),
               Metric("create_cold_ns", {"tokio": 1 / 3, "asio": 1 / 3}),
               Metric("expiry_cpu_us", {"tokio": 0.5})]
    yield Case("million_sleepers", "run",
               programs("million_sleepers", "lariat", "heap", "memory", "asio", "tokio"), metrics,
               placement=ONE_CORE)


def offload_cases():
    peers = ["lariat 4", "libuv 1", "libuv 4", "asio 1", "asio 4", "tokio 1", "tokio 4"]
    means = ["handover futex", "handover eventfd", "handover eventfd_read", "handover msg_ring",
             "handover send_msg_ring"]
    metrics = [Metric("p50_us", {"libuv 1": 0.78}), Metric("mean_us"), Metric("cpu_us_per_call")]
    yield Case("offload q=1 free", "run", programs("offload", "lariat", *peers, *means), metrics)
    metrics = [Metric("p50_us", {"asio 1": 1.0}), Metric("mean_us"), Metric("cpu_us_per_call")]
    yield Case("offload q=1 one core", "run", programs("offload", "lariat", *peers, *means),
               metrics, placement=ONE_CORE)
    for queue in (64, 1024):
        metrics = [Metric("calls_per_s", {label: 1.0 for label in peers[1:]}, higher_is_better=True),
                   Metric("cpu_us_per_call")]
        yield Case(f"offload q={queue} free", "run", programs("offload", "lariat", *peers), metrics,
                   ["--queue", queue])


def by_compiler(clang, gcc):
    return {"clang++-19": clang, "g++-12": gcc}


def worker_cases(workload, what, option, rounds, bars, others, size=None, **limits):
    """The same work by one worker and by two; with two it is also to be faster than with one."""
    for workers, bar in zip((1, 2), bars):
        metrics = [Metric("ms", {"tbb": bar})]
        metrics += [Metric(key, limit=limit) for key, limit in limits.items()]
        labels = ["lariat", "tbb", *others]
        if workers == 2:
            metrics[0].bars["lariat 1 worker"] = 1 / 1.9
            labels.insert(1, "lariat 1 worker")
        arguments = [f"--{option}", what, "--workers", workers, "--rounds", rounds]
        name = f"{workload} {what}{f' {size}' if size else ''} workers={workers}"
        yield Case(name, "run", programs(workload, *labels), metrics,
                   arguments + (["--size", size] if size else []),
                   ONE_CORE if workers == 1 else FREE)


def fork_join_cases():
    def cases_of(*arguments, **more):
        return worker_cases("fork_join", *arguments, **more)

    # OpenMP where it does not take minutes.
    yield from cases_of("fib", "workload", 1, (by_compiler(0.16, 0.24), by_compiler(0.13, 0.18)),
                        ["serial"], peak_rss_mb=4)
    yield from cases_of("skynet", "workload", 15, (0.34, 0.28), ["openmp", "serial"], peak_rss_mb=4)
    yield from cases_of("skynet", "workload", 1, (0.37, 0.29), ["serial"], size=100_000_000,
                        peak_rss_mb=4)
    yield from cases_of("nqueens", "workload", 1, (0.76, 0.70), ["openmp", "serial"])
    yield from cases_of("matmul", "workload", 5, (0.80, 0.85), ["openmp", "serial"])
    yield from cases_of("uts_t1", "workload", 1, (0.86, 0.80), ["openmp", "serial"])
    yield from cases_of("uts_t3", "workload", 1, (0.79, 0.71), ["serial"])


def parallel_cases():
    for algorithm, others in (("for", ["openmp", "serial"]), ("reduce", ["openmp", "serial"]),
                              ("sort", ["serial"])):
        for case in worker_cases("parallel", algorithm, "algorithm", 5, (1.0, 1.0), others):
            # Loops that do next to nothing wait for memory, which two cores share.
            if algorithm != "sort":
                case.metrics[0].bars.pop("lariat 1 worker", None)
            yield case


def hop_cases():
    metrics = [Metric("p50_us", {"tbb": 1.1}), Metric("mean_us"), Metric("cpu_us_per_hop")]
    yield Case("hop spinning", "run", programs("hop", "lariat", "tbb", "handover spin"), metrics)
    metrics = [Metric("p50_us", {"handover sleep": 1.1}), Metric("mean_us"),
               Metric("cpu_us_per_hop")]
    yield Case("hop sleeping", "run", programs("hop", "lariat", "tbb", "handover sleep"), metrics,
               ["--pause-us", 2000])


def channel_cases():
    metrics = [Metric("item_ns", {"mutex": 0.2}), Metric("cpu_ns_per_item")]
    for ends in ("threads", "loop", "loops"):
        yield Case(f"channel {ends}", "run", programs("channel", "lariat", "mutex"), metrics,
                   ["--ends", ends])


def hand_over_cases():
    metrics = [Metric("round_ns"), Metric("cpu_ns_per_round")]
    for ends in ("threads", "loops"):
        yield Case(f"hand_over {ends}", "run", programs("hand_over", "lariat", "condition"), metrics,
                   ["--ends", ends])


def micro_cases():
    # The rows come from the binary itself: a benchmark named "what/library" is one value.
    # The bars are by "what", for lariat's beside the bare coroutine's.
    bars = {"call": 1.6, "chain_of_100": 1.6, "yield": 2.0, "spawn_join": 12.0, "mutex": 1.5,
            "semaphore": 1.5, "event": 1.5, "channel": 5.0, "concurrent_mutex": 4.0,
            "concurrent_semaphore": 4.0, "concurrent_event": 1.5}
    yield Case("micro", "micro", [Program("all", "micro", "micro")], [Metric("cpu_ns", bars)],
               placement=ONE_CORE)


def all_cases():
    return [*echo_cases(), *file_cases(), *timer_cases(), *sleeper_cases(), *offload_cases(),
            *fork_join_cases(), *parallel_cases(), *hop_cases(),
            *channel_cases(), *hand_over_cases(), *micro_cases()]
