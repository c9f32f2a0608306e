use plimsoll_storage::{SlotWidth, TimestampMs};

use super::*;

const CLOCK: SlotClock =
    SlotClock { now: TimestampMs(1_795_136_405_000), width: SlotWidth::DEFAULT };

fn read(query: &str) -> Result<(), ApiError> {
    read_all(Params::new(Some(query))?, CLOCK)
}

#[test]
fn a_wrong_value_or_combination_names_the_parameter_and_what_it_takes() {
    for (query, parameter, detail) in [
        ("window=5", "window", "has no unit"),
        ("window=9s", "window", "is 9s, which is not a multiple of 10s"),
        ("window=1m&window=2m", "window", "comes 2 times"),
        ("step=1m", "step", "needs `start`"),
        ("start=1795000000000&step=10s", "step", "the limit is 11000"),
        ("start=1795136400000&step=15s", "step", "use 10s or 20s"),
        ("start=2030-01-01T00:00:00Z", "end", "is now, which lies before `start`"),
        ("start=1795136400000&end=1795136300000", "end", "lies before `start`"),
        ("start=1795136400", "start", "in seconds; write milliseconds, 1795136400000"),
        ("end=1795136400000000", "end", "in microseconds"),
        ("end=1999-12-31T00:00:00Z", "end", "2000 to 2099"),
        ("start=today", "start", "RFC 3339"),
        ("stream=", "stream", "is empty"),
        ("by=color", "by", "partner, operation, environment, site, release"),
        ("q=0", "q", "above 0 and up to 1"),
        ("q=0.5,p95", "q", "above 0 and up to 1"),
        ("under=500", "under", "has no unit"),
        ("apdex=-1s", "apdex", "is negative"),
        ("top=5", "top", "needs `by`"),
        ("by=partner&top=0", "top", "use 1 to 1000"),
        ("by=partner&top=many", "top", "use 1 to 1000"),
        ("rank=p95", "rank", "needs `top`"),
        ("by=partner&top=5&rank=p99", "rank", "use p95, errors, count"),
        ("compare=3d", "compare", "use 1d, 1w"),
        ("compare_release=2.4.0", "compare_release", "two releases"),
        ("compare_release=2.4.0,2.4.0", "compare_release", "two different releases"),
        ("compare_release=1,2,3", "compare_release", "the limit is 2"),
        ("compare_release=1,2&compare=1d", "compare_release", "cannot be combined with `compare`"),
        ("compare_release=1,2&release=1", "compare_release", "cannot be combined"),
        ("compare_release=1,2&by=release", "compare_release", "cannot be combined"),
        ("form=picture", "form", "use points, heatmap"),
        ("buckets=20", "buckets", "needs `form=heatmap`"),
        ("form=heatmap&buckets=2", "buckets", "use 8 to 160"),
        ("form=heatmap&under=1s", "under", "not answered with `form=heatmap`"),
        ("form=heatmap&compare=1d", "compare", "not answered with `form=heatmap`"),
        ("of=6xx", "of", "classes among 2xx, 3xx"),
        ("to=2xx", "to", "needs `of`"),
        ("confidence=0.9", "confidence", "needs `of`"),
        ("of=5xx,timeout&to=5xx,2xx", "to", "holds some classes of `of`"),
        ("of=5xx&confidence=95", "confidence", "above 0 and below 1"),
        ("weeks=0", "weeks", "use 1 to 26"),
        ("time_zone=Berlin", "time_zone", "Europe/Berlin"),
        ("colour=red", "colour", "known are form"),
    ] {
        let error = format!("{:?}", read(query).expect_err(query));
        assert!(error.contains(&format!("parameter `{parameter}` ")), "{query}: {error}");
        assert!(error.contains(detail), "{query}: {error}");
    }
}

#[test]
fn valid_queries_are_read() {
    for query in [
        "",
        "stream=requests&partner=!dhl&by=partner,site&by=operation",
        "start=1795136400000&step=1m&window=5m&end=2026-11-20T01:30:00Z",
        "start=2026-11-20T01:00:00+01:00&step=1m",
        "q=0.5,0.95&q=1&under=500ms,2s&apdex=1s",
        "by=partner&top=5&rank=errors&compare=1w",
        "compare_release=2.4.0&compare_release=2.4.1",
        "form=heatmap&buckets=8&by=partner&top=3",
        "form=points",
        "of=5xx,timeout&of=network&to=2xx&confidence=0.99",
        "weeks=26&time_zone=Europe/Berlin",
    ] {
        assert!(read(query).is_ok(), "{query}: {:?}", read(query));
    }
}
