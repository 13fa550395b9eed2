//! Timers on tokio's wheel, in the patterns of pattern.hpp: a Sleep is registered by its first
//! poll, moved by reset(), and cancelled by its drop.

#[path = "../common.rs"]
mod common;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use tokio::time::{sleep_until, Duration, Instant, Sleep};

struct Nobody;

impl Wake for Nobody {
    fn wake(self: Arc<Self>) {}
}

fn delay(numbers: &mut common::RandomNumbers) -> Duration {
    Duration::from_millis(100_000 + numbers.below(900_000))
}

fn nanoseconds_each(start: i64, steps: u64) -> f64 {
    (common::wall_ns() - start) as f64 / steps as f64
}

fn main() {
    common::end_after(120);
    let pending = common::option("pending", 1000u64);
    let steps = common::option("steps", 1_000_000u64);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _inside = runtime.enter();
    let waker = Waker::from(Arc::new(Nobody));
    let mut context = Context::from_waker(&waker);
    let mut numbers = common::RandomNumbers::default_seed();
    let mut now = Instant::now();

    let start = common::wall_ns();
    let mut sleeps: Vec<Pin<Box<Sleep>>> = Vec::with_capacity(pending as usize);
    for _ in 0..pending {
        let mut sleep = Box::pin(sleep_until(now + delay(&mut numbers)));
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        sleeps.push(sleep);
    }
    let fill = nanoseconds_each(start, pending);

    let start = common::wall_ns();
    for step in 1..=steps {
        let sleep = sleep_until(now + delay(&mut numbers));
        tokio::pin!(sleep);
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        if step % 64 == 0 {
            now = Instant::now();
        }
    }
    let insert_cancel = nanoseconds_each(start, steps);

    let start = common::wall_ns();
    for step in 1..=steps {
        let sleep = &mut sleeps[numbers.below(pending) as usize];
        sleep.as_mut().reset(now + delay(&mut numbers));
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        if step % 64 == 0 {
            now = Instant::now();
        }
    }
    let reset = nanoseconds_each(start, steps);
    println!(
        "library=tokio pending={} fill_ns={:.1} insert_cancel_ns={:.2} reset_ns={:.2}",
        pending, fill, insert_cancel, reset
    );
    std::process::exit(0); // Taking a million timers down again is nobody's concern here.
}
