//! A million sleeping tasks on tokio's current-thread runtime, in the rounds of rounds.hpp.

#[path = "../common.rs"]
mod common;

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use tokio::time::{sleep, sleep_until, Duration, Instant};

static ASLEEP: AtomicI64 = AtomicI64::new(0);
static AWAKE: AtomicI64 = AtomicI64::new(0);

struct Figures {
    bytes: f64,
    create_ns: f64,
    expiry_us: f64,
}

async fn sleep_once(deadline: Instant) {
    ASLEEP.fetch_add(1, Relaxed);
    sleep_until(deadline).await;
    AWAKE.fetch_add(1, Relaxed);
}

async fn round(count: i64, grace: Duration, numbers: &mut common::RandomNumbers) -> Figures {
    ASLEEP.store(0, Relaxed);
    AWAKE.store(0, Relaxed);
    let rss = common::rss_bytes();
    let start = common::wall_ns();
    let first = Instant::now() + grace;
    for i in 0..count {
        tokio::spawn(sleep_once(first + Duration::from_nanos(numbers.below(1_000_000_000))));
        // A spawned task starts in a turn of the loop, so that its memory is in the cache still.
        if i % 256 == 255 {
            tokio::task::yield_now().await;
        }
    }
    while ASLEEP.load(Relaxed) < count {
        tokio::task::yield_now().await;
    }
    let create_ns = (common::wall_ns() - start) as f64 / count as f64;
    let bytes = (common::rss_bytes() - rss) as f64 / count as f64;
    assert!(Instant::now() < first, "creation took longer than --grace");
    let cpu = common::cpu_ns();
    sleep_until(first + Duration::from_secs(1)).await;
    while AWAKE.load(Relaxed) < count {
        sleep(Duration::from_millis(1)).await;
    }
    let expiry_us = (common::cpu_ns() - cpu) as f64 / count as f64 / 1e3;
    Figures { bytes, create_ns, expiry_us }
}

fn main() {
    common::end_after(120);
    let count = common::option("tasks", 1_000_000i64);
    let grace = Duration::from_secs_f64(common::option("grace", 5.0));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut numbers = common::RandomNumbers::default_seed();
    let (cold, warm) = runtime.block_on(async {
        let cold = round(count, grace, &mut numbers).await;
        (cold, round(count, grace, &mut numbers).await)
    });
    println!(
        "library=tokio tasks={} bytes_per_task={:.0} create_cold_ns={:.1} create_warm_ns={:.1} \
         expiry_cpu_us={:.4}",
        count, cold.bytes, cold.create_ns, warm.create_ns, warm.expiry_us
    );
    std::process::exit(0);
}
