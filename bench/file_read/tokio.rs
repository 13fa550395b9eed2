//! Cached random reads on tokio: pread on its blocking pool, which is the fastest it has for files
//! (tokio::fs::File copies through a buffer of its own and seeks). Its pool has up to 512 threads
//! unless `--threads` says otherwise.

#[path = "../common.rs"]
mod common;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::Arc;

const BLOCK: usize = 4096;

static OPERATIONS: AtomicI64 = AtomicI64::new(0);

async fn read_all(file: Arc<File>, slot: u64, end_ns: i64) {
    let blocks = file.metadata().unwrap().len() / BLOCK as u64;
    let mut numbers = common::RandomNumbers::new(slot + 1);
    let mut buffer = vec![0u8; BLOCK];
    loop {
        let offset = numbers.below(blocks) * BLOCK as u64;
        let file = file.clone();
        let read = tokio::task::spawn_blocking(move || {
            file.read_exact_at(&mut buffer, offset).expect("pread");
            buffer
        });
        buffer = read.await.unwrap();
        OPERATIONS.fetch_add(1, Relaxed);
        if common::wall_ns() >= end_ns {
            return;
        }
    }
}

fn main() {
    let seconds = common::option("seconds", 1.0f64);
    common::end_after(seconds as u32 + 30);
    let depth = common::option("qd", 1u64);
    let file = Arc::new(File::open(common::option("file", String::new())).expect("open"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(common::option("threads", 512))
        .build()
        .unwrap();
    let start = common::wall_ns();
    let cpu = common::cpu_ns();
    let end_ns = start + (seconds * 1e9) as i64;
    runtime.block_on(async {
        let tasks: Vec<_> = (0..depth)
            .map(|slot| tokio::spawn(read_all(file.clone(), slot, end_ns)))
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    let wall = (common::wall_ns() - start) as f64;
    let cpu = (common::cpu_ns() - cpu) as f64;
    let operations = OPERATIONS.load(Relaxed);
    println!(
        "library=tokio qd={} ops={} ops_per_s={:.0} cpu_us_per_op={:.4}",
        depth,
        operations,
        operations as f64 / (wall / 1e9),
        cpu / operations as f64 / 1e3
    );
}
