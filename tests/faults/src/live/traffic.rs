//! Pushes of several connectors, and what was acknowledged of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use plimsoll_tests::Api;
use serde_json::{Value, json};
use tokio::sync::watch;

/// How many connectors push at the same time. Every second one uses idempotency keys.
pub(crate) const LANES: usize = 4;
const PAUSE: Duration = Duration::from_millis(4);
const RETRY_AFTER: Duration = Duration::from_millis(25);

/// What pushes of all lanes have in common.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    pub(crate) api: Api,
    /// The time of new events.
    pub(crate) now_ms: Arc<AtomicI64>,
    /// True when lanes are to stop.
    pub(crate) stop: watch::Receiver<bool>,
    /// Pushes that were acknowledged, and those that were answered with 503.
    pub(crate) accepted: Arc<AtomicU64>,
    pub(crate) refused: Arc<AtomicU64>,
}

/// A connector: it pushes events of its own partner.
#[derive(Debug)]
pub(crate) struct Lane {
    name: String,
    random: Rng,
    uses_keys: bool,
    pushes: u64,
    /// A push with a key that is not acknowledged yet.
    pending: Option<Push>,
    /// Events of acknowledged pushes.
    acknowledged: u64,
    /// Events of pushes without a key whose answer was lost.
    unknown: u64,
}

#[derive(Debug, Clone)]
struct Push {
    key: String,
    events: u64,
    body: Value,
}

impl Lane {
    pub(crate) fn new(number: usize, seed: u64) -> Self {
        Self {
            name: format!("lane-{number}"),
            random: Rng::with_seed(seed ^ number as u64),
            uses_keys: number.is_multiple_of(2),
            pushes: 0,
            pending: None,
            acknowledged: 0,
            unknown: 0,
        }
    }

    pub(crate) fn all(seed: u64) -> Vec<Self> {
        (0..LANES).map(|number| Self::new(number, seed)).collect()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How many events must be stored, and how many may be.
    pub(crate) fn bounds(&self) -> (u64, u64) {
        let pending = self.pending.as_ref().map_or(0, |push| push.events);
        (self.acknowledged, self.acknowledged + self.unknown + pending)
    }

    /// Pushes until it is to stop, or until the server is gone.
    ///
    /// # Errors
    /// An answer that no push may get.
    pub(crate) async fn push_all(&mut self, shared: &Shared) -> Result<(), String> {
        while !*shared.stop.borrow() {
            let push = match self.pending.take() {
                Some(push) => push,
                None => self.next_push(shared.now_ms.load(Ordering::Relaxed)),
            };
            if !self.push(push, shared).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Repeats the push that is not acknowledged yet until it is.
    ///
    /// # Errors
    /// As [`Self::push_all`], or when it is not acknowledged.
    pub(crate) async fn finish(&mut self, shared: &Shared) -> Result<(), String> {
        for _ in 0..400 {
            let Some(push) = self.pending.take() else { return Ok(()) };
            self.push(push, shared).await?;
        }
        Err(format!("{}: a push is not acknowledged", self.name))
    }

    /// Sends a push and notes the answer. Returns false when the server is gone.
    async fn push(&mut self, push: Push, shared: &Shared) -> Result<bool, String> {
        let sent = if self.uses_keys {
            shared.api.push_once(&push.key, &push.body).await
        } else {
            let request = shared.api.request("POST", "/api/v1/push").json(&push.body);
            plimsoll_tests::api::send(request).await
        };
        let (pause, goes_on) = match sent {
            Ok(answer) if answer.status == 200 => {
                self.acknowledged += push.events;
                shared.accepted.fetch_add(1, Ordering::Relaxed);
                (PAUSE, true)
            }
            Ok(answer) if answer.status == 503 => {
                // Without a key it is not sent again: then nothing of it may be stored.
                self.pending = self.uses_keys.then_some(push);
                shared.refused.fetch_add(1, Ordering::Relaxed);
                (RETRY_AFTER, true)
            }
            Ok(answer) => return Err(format!("{}: {} {}", self.name, answer.status, answer.text)),
            Err(_) if self.uses_keys => {
                self.pending = Some(push);
                (RETRY_AFTER, false)
            }
            Err(_) => {
                self.unknown += push.events;
                (RETRY_AFTER, false)
            }
        };
        tokio::time::sleep(pause).await;
        Ok(goes_on)
    }

    fn next_push(&mut self, now_ms: i64) -> Push {
        self.pushes += 1;
        let is_large = self.random.u8(..20) == 0;
        let count = if is_large { 600 } else { self.random.u64(1..20) };
        let operations = if is_large { 300 } else { 8 };
        let events: Vec<Value> = (0..count)
            .map(|number| {
                let fails = self.random.u8(..8) == 0;
                json!({
                    "stream": "requests",
                    "partner": self.name,
                    "operation": format!("operation-{}", number % operations),
                    "at": now_ms - self.random.i64(0..60_000),
                    "status": if fails { 503 } else { 200 },
                    "latency_ms": self.random.u32(1..5_000),
                    "ids": { "order_id": format!("{}-{}-{number}", self.name, self.pushes) },
                })
            })
            .collect();
        let key = format!("{}-{}", self.name, self.pushes);
        Push { key, events: count, body: json!({ "events": events }) }
    }
}

/// Lets all lanes push at the same time, while `during` runs; they stop when it ends.
///
/// # Errors
/// Of a lane, or of `during`.
pub(crate) async fn push_during<T>(
    lanes: &mut [Lane],
    shared: &Shared,
    stop: &watch::Sender<bool>,
    during: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    stop.send_replace(false);
    let lanes = lanes.iter_mut().map(|lane| lane.push_all(shared));
    let ends = async {
        let result = during.await;
        stop.send_replace(true);
        result
    };
    let (result, lanes) = tokio::join!(ends, join_all(lanes.collect()));
    lanes.into_iter().collect::<Result<(), String>>()?;
    result
}

/// Waits for all of some futures.
async fn join_all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|it| (Box::pin(it), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_done = true;
        for (future, output) in &mut running {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(ready) => *output = Some(ready),
                    std::task::Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}
