//! Sharing a large question between cores.
//!
//! Small questions are answered by the thread that asks. A large one takes a helper for each other
//! core, but all questions together never have more helpers than there are other cores: the thread
//! that stores pushes always finds a core it can get a turn on. Helpers are threads of one pool, because
//! the allocator keeps for long what a thread that ends leaves behind.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Cells from which a question is large: some 100 µs of reading, a few times what a helper costs.
const CELLS_LARGE: usize = 4_000;

/// Helpers at work, for every question of the process.
static HELPERS: AtomicUsize = AtomicUsize::new(0);

/// A right to one helper.
struct Permit;

impl Permit {
    fn take() -> Option<Self> {
        let spare = std::thread::available_parallelism().map_or(1, NonZero::get) - 1;
        let more = |held: usize| (held < spare).then_some(held + 1);
        let taken = HELPERS.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        // Not `then_some`: a permit that is made only to be dropped would be given back.
        taken.is_ok().then(|| Self)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        HELPERS.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What work makes of each item, in the order of the items. `cells` tells how much work it is, in cells
/// read, of which each takes some 25 ns; each thread works with a `worker` of its own.
///
/// # Errors
/// The first that a worker has.
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
    // Items are handed out one at a time, so that nobody waits for the slowest share.
    let share = || -> Result<Vec<(usize, R)>, E> {
        let mut work = worker();
        let mut done = Vec::new();
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(number)
        {
            done.push((number, work(item)?));
        }
        Ok(done)
    };
    let mut helped: Vec<_> = permits.iter().map(|_| Ok(Vec::new())).collect();
    let own = rayon::in_place_scope(|scope| {
        for done in &mut helped {
            scope.spawn(|_| *done = share());
        }
        share()
    });
    let mut done = own?;
    for share in helped {
        done.extend(share?);
    }
    done.sort_unstable_by_key(|(number, _)| *number);
    Ok(done.into_iter().map(|(_, made)| made).collect())
}
