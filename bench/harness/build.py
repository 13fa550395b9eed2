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
}
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
        lariat = self.lariat_flags() if any(library == "lariat" for _, library in wanted) else None
        for workload, library in sorted(wanted):
            if library not in ("tokio", "fio"):
                self.compile(workload, library, lariat)
        if any(library == "tokio" for _, library in wanted):
            self.build_rust()

    def compile(self, workload, library, lariat):
        if workload == "micro":
            # One binary, so that all are measured in one process with one allocator.
            sources = sorted((self.root / "bench" / "micro").glob("*.cpp"))
            if lariat is None:
                sources = [source for source in sources if source.stem != "lariat"]
        else:
            stem = "asio" if library == "asio_uring" else library
            sources = [self.root / "bench" / workload / f"{stem}.cpp"]
        missing = [source for source in sources if not source.exists()]
        if missing or (library == "lariat" and lariat is None):
            print(f"skipped: bench/{workload}/{library} (no such program yet)")
            return
        flags = list(LIBRARIES.get(library, []))
        if library.startswith("asio"):
            include = peers.boost_include(self.build_dir)
            if include is None:
                print(f"skipped: bench/{workload}/{library} (no Boost 1.81)")
                return
            flags += ["-isystem", include]
            if library == "asio_uring":
                flags += ASIO_URING
        if lariat is not None and any(source.stem == "lariat" for source in sources):
            flags += lariat
        if workload == "micro":
            flags += ["-lbenchmark_main", "-lbenchmark"]
        target = self.binary(workload, library)
        newest = max(path.stat().st_mtime for path in self.root.glob("bench/**/*.[ch]pp"))
        if target.exists() and target.stat().st_mtime > newest and "lariat" not in target.name:
            return
        print(f"building {target.name} ({self.compiler})", flush=True)
        command = [self.compiler, *FLAGS, *sources, *flags, "-o", target]
        if subprocess.run(command).returncode != 0:
            target.unlink(missing_ok=True)
            print(f"skipped: bench/{workload}/{library} (does not build)")

    def lariat_flags(self):
        """Builds the library and says how to compile and link against it; None without one."""
        if not (self.root / "meson.build").exists():
            return None
        folder = self.build_dir / f"lariat-{self.compiler}"
        log = self.build_dir / f"lariat-{self.compiler}.log"
        compiler = {"CXX": self.compiler, "CC": C_COMPILERS[self.compiler]}
        setup = ["meson", "setup", folder, self.root, "-Doptimization=2", "-Ddebug=false",
                 "-Db_ndebug=true", "-Ddefault_library=static"]
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
