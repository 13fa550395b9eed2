"""Builds every program of bench/ with one compiler; what cannot be built is skipped by name."""

import os
import subprocess

from harness import peers

FLAGS = ["-std=c++20", "-O2", "-DNDEBUG", "-Wall", "-Wextra", "-pthread"]
C_COMPILERS = {"g++-12": "gcc-12", "clang++-19": "clang-19"}
LIBRARIES = {
    "liburing": ["-luring"],
    "handover": ["-luring"],
    "libuv": ["-luv"],
    "asio_uring": ["-luring"],
    "tbb": ["-ltbb"],
    "openmp": ["-fopenmp"],
}
# Where what is measured is the code that the compiler makes of a program and not the system's.
WORKLOAD_FLAGS = {"fork_join": ["-O3"], "parallel": ["-O3"], "hop": ["-O3"]}
# Asio chooses its back end by macros, so one source makes two programs.
ASIO_URING = ["-DBOOST_ASIO_HAS_IO_URING", "-DBOOST_ASIO_DISABLE_EPOLL"]

MANIFEST = """[package]
name = "peers"
version = "0.0.0"
edition = "2021"
autobins = false

[profile.release]
opt-level = 3
lto = "fat"
codegen-units = 1
panic = "abort"

[dependencies]
libc = "0.2"
tokio = {{ version = "1", features = ["rt", "net", "io-util", "time"] }}
{programs}"""

CARGO_CONFIG = """[source.crates-io]
replace-with = "debian"

[source.debian]
directory = "{registry}"
"""


class ToolChain:
    """A compiler and the folder with all that it built."""

    def __init__(self, root, build_dir, compiler):
        self.root = root
        self.build_dir = build_dir
        self.compiler = compiler
        self.folder = build_dir / compiler
        self.rust_folder = build_dir / "rust"

    def binary(self, workload, library):
        """The path of a program, whether or not it exists."""
        if library == "tokio":
            return self.rust_folder / "target" / "release" / f"{workload}_tokio"
        return self.folder / f"{workload}_{library}"

    def description(self):
        version = subprocess.run([self.compiler, "--version"], capture_output=True, text=True)
        first_line = (version.stdout.splitlines() or ["not installed"])[0]
        return f"{self.compiler}: {first_line}; {' '.join(FLAGS)}"

    def build(self, cases):
        self.folder.mkdir(parents=True, exist_ok=True)
        wanted = {(p.workload, p.library) for case in cases for p in case.programs}
        wanted |= {("echo", "client")} if any(w == "echo" for w, _ in wanted) else set()
        ours = any(library in ("lariat", "micro") for _, library in wanted)
        lariat = self.lariat_flags() if ours else None
        for workload, library in sorted(wanted):
            if library not in ("tokio", "fio"):
                self.compile(workload, library, lariat)
        if any(library == "tokio" for _, library in wanted):
            self.build_rust()

    def compile(self, workload, library, lariat):
        sources = self.sources(workload, library, lariat)
        flags = self.library_flags(library)
        if not sources:
            print(f"skipped: bench/{workload}/{library} (no such program yet)")
            return
        if library == "lariat" and lariat is None:
            self.binary(workload, library).unlink(missing_ok=True)
            print(f"skipped: bench/{workload}/lariat (no library to link with)")
            return
        if flags is None:
            print(f"skipped: bench/{workload}/{library} (no Boost 1.81)")
            return
        uses_lariat = any(source.stem == "lariat" for source in sources)
        if workload == "micro":
            flags += ["-lbenchmark_main", "-lbenchmark"]
        target = self.binary(workload, library)
        newest = max(path.stat().st_mtime for path in self.root.glob("bench/**/*.[ch]pp"))
        if target.exists() and target.stat().st_mtime > newest and not uses_lariat:
            return
        print(f"building {target.name} ({self.compiler})", flush=True)
        flags = [*WORKLOAD_FLAGS.get(workload, []), *(lariat if uses_lariat else []), *flags]
        command = [self.compiler, *FLAGS, *sources, *flags]
        if subprocess.run([*command, "-o", target]).returncode != 0:
            target.unlink(missing_ok=True)
            print(f"skipped: bench/{workload}/{library} (does not build)")
            if workload == "micro" and uses_lariat:
                self.compile(workload, library, None)

    def sources(self, workload, library, lariat):
        folder = self.root / "bench" / workload
        if workload == "micro":
            # One binary, so that all are measured in one process with one allocator.
            every = sorted(folder.glob("*.cpp"))
            return [source for source in every if lariat is not None or source.stem != "lariat"]
        source = folder / f"{'asio' if library == 'asio_uring' else library}.cpp"
        return [source] if source.exists() else []

    def library_flags(self, library):
        flags = list(LIBRARIES.get(library, []))
        if not library.startswith("asio"):
            return flags
        include = peers.boost_include(self.build_dir)
        if include is None:
            return None
        return [*flags, "-isystem", include, *(ASIO_URING if library == "asio_uring" else [])]

    def lariat_flags(self):
        """Builds the library and says how to compile and link against it; None without one."""
        if not (self.root / "meson.build").exists():
            return None
        folder = self.build_dir / f"lariat-{self.compiler}"
        log = self.build_dir / f"lariat-{self.compiler}.log"
        compiler = {"CXX": self.compiler, "CC": C_COMPILERS[self.compiler]}
        setup = ["meson", "setup", folder, self.root, "-Doptimization=2", "-Ddebug=false",
                 "-Db_ndebug=true", "-Ddefault_library=static", "-Dtests=disabled",
                 "-Dexamples=disabled"]
        steps = [] if (folder / "build.ninja").exists() else [setup]
        steps.append(["meson", "compile", "-C", folder, "lariat"])
        print(f"building lariat ({self.compiler})", flush=True)
        with open(log, "w") as output:
            for step in steps:
                result = subprocess.run(step, env={**os.environ, **compiler}, stdout=output,
                                        stderr=subprocess.STDOUT)
                if result.returncode != 0:
                    print(f"skipped: lariat (does not build: {log})")
                    return None
        archives = sorted(folder.glob("**/liblariat*.a"))
        return ["-I", folder / "include", *archives, "-luring"] if archives else None

    def build_rust(self):
        tools = peers.rust()
        if tools is None:
            print("skipped: tokio (no Rust, or no librust-tokio-dev)")
            return
        cargo, rustc = tools
        (self.rust_folder / ".cargo").mkdir(parents=True, exist_ok=True)
        config = CARGO_CONFIG.format(registry=peers.RUST_REGISTRY)
        (self.rust_folder / ".cargo" / "config.toml").write_text(config)
        programs = ""
        for source in sorted((self.root / "bench").glob("*/tokio.rs")):
            name = f"{source.parent.name}_tokio"
            programs += f'\n[[bin]]\nname = "{name}"\npath = "{source}"\n'
        (self.rust_folder / "Cargo.toml").write_text(MANIFEST.format(programs=programs))
        print("building tokio's programs", flush=True)
        command = [cargo, "build", "--release", "--offline", "--quiet"]
        environment = {**os.environ, "RUSTC": rustc}
        if subprocess.run(command, cwd=self.rust_folder, env=environment).returncode != 0:
            print("skipped: tokio (does not build)")
