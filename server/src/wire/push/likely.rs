//! Which field a client meant by an unknown name.

/// Names that other systems use for the fields of items, in lower case and without separators. Where there
/// are several fields, the first that the item can have is meant.
const SYNONYMS: &[(&[&str], &[&str])] = &[
    (
        &[
            "duration",
            "durationms",
            "durations",
            "durationseconds",
            "elapsed",
            "elapsedms",
            "latency",
            "latencys",
            "latencyseconds",
            "ms",
            "requesttime",
            "responsetime",
            "responsetimems",
            "rt",
            "took",
            "tookms",
        ],
        &["latency_ms", "latency"],
    ),
    (
        &[
            "date",
            "datetime",
            "eventtime",
            "time",
            "timestamp",
            "timestampms",
            "timeunixnano",
            "ts",
            "at",
            "start",
            "startedat",
            "starttime",
            "starttimeunixnano",
            "from",
            "begin",
            "occurredat",
            "createdat",
        ],
        &["at", "start"],
    ),
    (
        &["code", "httpcode", "httpstatus", "httpstatuscode", "responsecode", "statuscode"],
        &["status"],
    ),
    (&["result", "class", "outcomeclass", "state"], &["outcome", "outcomes"]),
    (&["counts", "statuses", "responses"], &["outcomes"]),
    (&["bucket", "buckets"], &["bucket_counts"]),
    (&["histogram", "latencyhistogram", "durationhistogram"], &["latency"]),
    (&["step", "stepms", "interval", "intervals", "period", "width"], &["step_s"]),
    (
        &["carrier", "partnername", "partnerid", "vendor", "shop", "provider", "client"],
        &["partner"],
    ),
    (&["endpoint", "route", "path", "method", "action", "op"], &["operation"]),
    (&["env"], &["environment"]),
    (&["region", "dc", "datacenter", "zone", "location"], &["site"]),
    (&["version", "build"], &["release"]),
    (&["streamname", "type", "kind", "topic"], &["stream"]),
    (&["metric", "gauge", "metricname"], &["name", "stream"]),
    (&["val", "reading", "level", "gaugevalue"], &["value"]),
    (&["id", "traceid", "orderid", "shipmentid", "correlationid"], &["ids"]),
    (&["lastseen", "lasttime", "lastevent", "lasttimestamp", "newest"], &["last_at"]),
];

/// The one of `known` that an unknown name probably stands for: another spelling of it, a name that other
/// systems use, or a slip of the finger.
pub(crate) fn likely(name: &str, known: &[&'static str]) -> Option<&'static str> {
    /// Longer names are no slip.
    const NAME_BYTES_MAX: usize = 64;
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let plain = plain(name);
    if let Some(same) = known.iter().find(|it| self::plain(it) == plain) {
        return Some(same);
    }
    let synonyms = SYNONYMS.iter().filter(|(names, _)| names.contains(&plain.as_str()));
    let mut meant = synonyms.flat_map(|(_, fields)| fields.iter());
    if let Some(field) = meant.find(|field| known.contains(field)) {
        return Some(field);
    }
    let distance = |it: &&&'static str| strsim::osa_distance(&self::plain(it), &plain);
    let nearest = known.iter().min_by_key(distance)?;
    (distance(&nearest) <= plain.len() / 3).then_some(*nearest)
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests;
