//! Empty calls to tokio's blocking pool by spawn_blocking.

#[path = "../common.rs"]
mod common;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};

static CALLS: AtomicI64 = AtomicI64::new(0);
static ENDED: AtomicBool = AtomicBool::new(false);

// With one chain the time between two returns is one round trip.
async fn call_one_by_one(end_ns: i64, round_trip: &mut common::Samples) {
    let mut last = common::wall_ns();
    while last < end_ns {
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        let now = common::wall_ns();
        round_trip.add(now - last);
        last = now;
    }
    CALLS.store(round_trip.count(), Relaxed);
}

async fn call_chain(end_ns: i64) {
    while !ENDED.load(Relaxed) {
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        let calls = CALLS.fetch_add(1, Relaxed) + 1;
        if calls % 64 == 0 && common::wall_ns() >= end_ns {
            ENDED.store(true, Relaxed);
        }
    }
}

fn main() {
    let seconds = common::option("seconds", 1.0f64);
    common::end_after(seconds as u32 + 30);
    let queue = common::option("queue", 1u32);
    let threads = common::option("threads", 1);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(threads)
        .build()
        .unwrap();
    let mut round_trip = common::Samples::new();
    let start = common::wall_ns();
    let cpu = common::cpu_ns();
    let end_ns = start + (seconds * 1e9) as i64;
    runtime.block_on(async {
        if queue == 1 {
            return call_one_by_one(end_ns, &mut round_trip).await;
        }
        let chains: Vec<_> = (0..queue).map(|_| tokio::spawn(call_chain(end_ns))).collect();
        for chain in chains {
            chain.await.unwrap();
        }
    });
    let wall = (common::wall_ns() - start) as f64;
    let cpu = (common::cpu_ns() - cpu) as f64;
    let calls = CALLS.load(Relaxed);
    println!(
        "library=tokio queue={} threads={} calls={} calls_per_s={:.0} p50_us={:.2} mean_us={:.2} \
         cpu_us_per_call={:.3}",
        queue,
        threads,
        calls,
        calls as f64 / (wall / 1e9),
        round_trip.quantile(0.5) / 1e3,
        round_trip.mean() / 1e3,
        cpu / calls as f64 / 1e3
    );
}
