//! Sharing the work of a large query between cores.
//!
//! A small query is answered by the calling thread alone. A large query adds a helper thread for each other
//! core. All queries of the process together have at most one helper for each other core, so that the thread
//! that stores pushes always gets its share of one. Helpers are threads of one pool, because the allocator
//! keeps the memory of a finished thread for a long time.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Cells from which a query is large: some 100 µs of reading, a few times the cost of a helper.
const CELLS_LARGE: usize = 4_000;

/// Helpers at work for all queries of the process.
static HELPERS: AtomicUsize = AtomicUsize::new(0);

/// The right to use one helper; given back on drop.
struct Permit;

impl Permit {
    fn take() -> Option<Self> {
        let spare = std::thread::available_parallelism().map_or(1, NonZero::get) - 1;
        let more = |held: usize| (held < spare).then_some(held + 1);
        let taken = HELPERS.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        // Not `then_some`: it would build a permit in any case, and dropping that one would give it back.
        taken.is_ok().then(|| Self)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        HELPERS.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The threads of all helpers. When they cannot be started, a query does without, and the next one tries
/// again.
static POOL: Mutex<Option<Arc<ThreadPool>>> = Mutex::new(None);

fn pool() -> Option<Arc<ThreadPool>> {
    let mut pool = POOL.lock();
    if pool.is_none() {
        let built = ThreadPoolBuilder::new().thread_name(|n| format!("query-{n}")).build();
        *pool = built.ok().map(Arc::new);
    }
    pool.clone()
}

/// Maps each item, on several threads if that pays, and returns the results in the order of the items.
/// `cells` estimates the work, in cells read, of which each takes some 25 ns. `worker` is called once for
/// each thread.
///
/// # Errors
/// The first error of a worker.
pub fn parallel_map<T: Sync, R: Send, E: Send, W: FnMut(&T) -> Result<R, E>>(
    items: &[T],
    cells: usize,
    worker: impl Fn() -> W + Sync,
) -> Result<Vec<R>, E> {
    let permits: Vec<Permit> = if cells < CELLS_LARGE || items.len() < 2 {
        Vec::new()
    } else {
        std::iter::from_fn(Permit::take).take(items.len() - 1).collect()
    };
    let next = AtomicUsize::new(0);
    // Each thread takes one item at a time, so that no thread waits long for the slowest one.
    let run = || -> Result<Vec<(usize, R)>, E> {
        let mut work = worker();
        let mut done = Vec::new();
        while let position = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(position)
        {
            done.push((position, work(item)?));
        }
        Ok(done)
    };
    let mut helped: Vec<_> = permits.iter().map(|_| Ok(Vec::new())).collect();
    let pool = if helped.is_empty() { None } else { pool() };
    let mine = match pool {
        None => run(),
        Some(pool) => pool.in_place_scope(|scope| {
            for done in &mut helped {
                scope.spawn(|_| *done = run());
            }
            run()
        }),
    };
    let mut done = mine?;
    for results in helped {
        done.extend(results?);
    }
    done.sort_unstable_by_key(|(position, _)| *position);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}
