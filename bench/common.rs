//! What every tokio program shares: the command line and the clocks, as in common.hpp.
#![allow(dead_code)]

use std::fmt::Display;
use std::str::FromStr;

/// The value after `--name`, or `otherwise`.
pub fn option<T: FromStr + Display>(name: &str, otherwise: T) -> T {
    let words: Vec<String> = std::env::args().collect();
    let wanted = format!("--{}", name);
    words
        .windows(2)
        .find(|pair| pair[0] == wanted)
        .and_then(|pair| pair[1].parse().ok())
        .unwrap_or(otherwise)
}

/// Ends the process after `seconds` whatever happens to the one that started it.
pub fn end_after(seconds: u32) {
    unsafe { libc::alarm(seconds) };
}

fn clock_ns(clock: libc::clockid_t) -> i64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(clock, &mut now) };
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

pub fn wall_ns() -> i64 {
    clock_ns(libc::CLOCK_MONOTONIC)
}

/// CPU time of all threads of this process.
pub fn cpu_ns() -> i64 {
    clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID)
}

pub fn rss_bytes() -> i64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("Rss:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<i64>().ok())
        .unwrap_or(0)
        * 1024
}

pub fn raise_descriptor_limit() {
    unsafe {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
}

/// xorshift64*, the same numbers as in common.hpp.
pub struct RandomNumbers(u64);

impl RandomNumbers {
    pub fn new(seed: u64) -> Self {
        RandomNumbers(seed)
    }

    pub fn default_seed() -> Self {
        Self::new(0x9e3779b97f4a7c15)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545f4914f6cdd1d)
    }

    /// A number below `bound`, which is less than 2^32.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((self.next() >> 32) * bound) >> 32
    }
}

/// Durations in nanoseconds, as in common.hpp.
pub struct Samples {
    values: Vec<i64>,
    sum: i64,
    count: i64,
}

impl Samples {
    pub fn new() -> Self {
        Samples { values: Vec::with_capacity(1_000_000), sum: 0, count: 0 }
    }

    pub fn add(&mut self, ns: i64) {
        self.sum += ns;
        self.count += 1;
        if self.values.len() < self.values.capacity() {
            self.values.push(ns);
        }
    }

    pub fn count(&self) -> i64 {
        self.count
    }

    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.count.max(1) as f64
    }

    pub fn quantile(&mut self, q: f64) -> f64 {
        if self.values.is_empty() {
            return 0.0;
        }
        self.values.sort_unstable();
        self.values[(q * (self.values.len() - 1) as f64) as usize] as f64
    }
}
