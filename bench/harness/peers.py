"""Installs the peers, all of them Debian packages."""

import os
import pathlib
import shutil
import subprocess

PACKAGES = ["liburing-dev", "libuv1-dev", "librust-tokio-dev", "rustc", "cargo", "fio",
            "libtbb-dev", "libomp-19-dev", "libbenchmark-dev", "linux-perf", "valgrind",
            "util-linux", "meson", "pkg-config"]
# Conflicts with the default libboost-dev (1.74, whose Asio knows no io_uring and no files), so it
# is unpacked beside the build, not installed: the headers are all that Asio needs.
BOOST = "libboost1.81-dev"
# Without the sandbox user, who may not write to every build folder.
DOWNLOAD = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root"]
RUST_REGISTRY = pathlib.Path("/usr/share/cargo/registry")


def installed(package):
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True).stdout == "installed"


def boost_include(build_dir):
    """The folder with Boost 1.81 or later, or None."""
    for folder in [pathlib.Path("/usr/include"), build_dir / "boost" / "usr" / "include"]:
        header = folder / "boost" / "version.hpp"
        if not header.exists():
            continue
        for line in header.read_text().splitlines():
            words = line.split()
            if words[:2] == ["#define", "BOOST_VERSION"] and int(words[2]) >= 108100:
                return folder
    return None


def unpack_boost(build_dir):
    archives = build_dir / "archives"
    archives.mkdir(exist_ok=True)
    subprocess.run([*DOWNLOAD, BOOST], cwd=archives, check=True)
    for archive in archives.glob(f"{BOOST}_*.deb"):
        subprocess.run(["dpkg-deb", "-x", archive, build_dir / "boost"], check=True)


def install(build_dir):
    if shutil.which("apt-get") is None:
        print("no apt-get: using the peers that are there")
        return
    missing = [package for package in PACKAGES if not installed(package)]
    try:
        if missing:
            as_root = [] if os.geteuid() == 0 else ["sudo"]
            print("installing", " ".join(missing), flush=True)
            command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
            subprocess.run([*as_root, *command], check=True, stdout=subprocess.DEVNULL)
        if boost_include(build_dir) is None:
            print("unpacking", BOOST, flush=True)
            unpack_boost(build_dir)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        print(f"could not install every peer ({error}): those that are missing are skipped")


def rust():
    """(cargo, rustc): Debian's where it is, whatever is on the path otherwise; or None."""
    if not list(RUST_REGISTRY.glob("tokio-1.*")):
        return None
    for folder in ["/usr/bin", None]:
        cargo = shutil.which("cargo", path=folder)
        rustc = shutil.which("rustc", path=folder)
        if cargo and rustc:
            return cargo, rustc
    return None
