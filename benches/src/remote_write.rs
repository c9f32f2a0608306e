//! The test data for Prometheus-like stores: cumulative counters of a classic histogram and of the outcomes,
//! as Prometheus remote write 1.0 (protobuf, snappy).
//!
//! <https://prometheus.io/docs/specs/prw/remote_write_spec/>

use plimsoll_storage::{Cell, Outcome, bucket_upper_s};

use crate::facts::Endpoint;

/// Upper borders of the histogram in seconds, followed by `+Inf`.
const BORDERS_S: [f64; 15] =
    [0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0];
const CLASSES: [Outcome; 3] = [Outcome::Status2xx, Outcome::Status4xx, Outcome::Status5xx];
/// Samples of an endpoint at each scrape.
pub const SAMPLES: usize = BORDERS_S.len() + 1 + 2 + CLASSES.len();

/// The counters of one endpoint.
#[derive(Debug)]
pub struct Counters {
    /// The encoded labels of each series.
    labels: Vec<Vec<u8>>,
    values: [f64; SAMPLES],
}

impl Counters {
    /// Counters at zero.
    #[must_use]
    pub fn new(endpoint: &Endpoint) -> Self {
        let labels = |name: &str, extra: Option<(&str, &str)>| {
            let mut pairs = vec![
                ("__name__", name),
                ("environment", endpoint.environment),
                ("operation", &endpoint.operation),
                ("partner", &endpoint.partner),
                ("site", &endpoint.site),
            ];
            pairs.extend(extra);
            pairs.sort_unstable();
            pairs.iter().flat_map(|(name, value)| label(name, value)).collect()
        };
        let borders = BORDERS_S.map(|border| border.to_string());
        let borders = borders.iter().map(String::as_str).chain(["+Inf"]);
        let mut series: Vec<Vec<u8>> = borders
            .map(|border| labels("request_duration_seconds_bucket", Some(("le", border))))
            .collect();
        series.push(labels("request_duration_seconds_sum", None));
        series.push(labels("request_duration_seconds_count", None));
        series
            .extend(CLASSES.map(|class| labels("requests_total", Some(("class", class.as_str())))));
        Self { labels: series, values: [0.0; SAMPLES] }
    }

    /// Adds the requests of a slot.
    pub fn add(&mut self, cell: &Cell) {
        let durations = &cell.durations;
        for bucket in durations.buckets() {
            let upper_s = bucket_upper_s(durations.scale(), bucket.index);
            let first = BORDERS_S.iter().position(|border| upper_s <= *border);
            for value in &mut self.values[first.unwrap_or(BORDERS_S.len())..=BORDERS_S.len()] {
                *value += bucket.count as f64;
            }
        }
        self.values[BORDERS_S.len() + 1] += durations.sum_us() as f64 / 1e6;
        self.values[BORDERS_S.len() + 2] += durations.count() as f64;
        for (value, class) in self.values[BORDERS_S.len() + 3..].iter_mut().zip(CLASSES) {
            *value += cell.outcomes.get(class) as f64;
        }
    }
}

/// A write request with the value of every counter at one time.
///
/// # Panics
/// The message is larger than 4 GiB.
#[must_use]
pub fn request(counters: &[Counters], at_ms: i64) -> Vec<u8> {
    let mut message = Vec::new();
    let mut series = Vec::new();
    for one in counters {
        for (labels, value) in one.labels.iter().zip(one.values) {
            series.clear();
            series.extend_from_slice(labels);
            // TimeSeries.samples = 2 { value = 1 (double), timestamp = 2 (int64) }
            let mut sample = vec![0x09];
            sample.extend_from_slice(&value.to_le_bytes());
            sample.push(0x10);
            varint(&mut sample, at_ms as u64);
            field(&mut series, 0x12, &sample);
            // WriteRequest.timeseries = 1
            field(&mut message, 0x0a, &series);
        }
    }
    snap::raw::Encoder::new().compress_vec(&message).expect("far below 4 GiB")
}

/// TimeSeries.labels = 1 { name = 1, value = 2 }
fn label(name: &str, value: &str) -> Vec<u8> {
    let mut pair = Vec::new();
    field(&mut pair, 0x0a, name.as_bytes());
    field(&mut pair, 0x12, value.as_bytes());
    let mut label = Vec::new();
    field(&mut label, 0x0a, &pair);
    label
}

/// A field of bytes under its tag.
fn field(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests;
