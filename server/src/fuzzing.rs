//! Entry points for the fuzz targets into parsers that are private otherwise. Only built for fuzzing.

use crate::import::{LabelSource, LabelSources, Observation, Routes};

/// Reads an access-log line whose partner and operation are the first two segments of its path.
pub fn access_log(line: &[u8]) {
    let segment = |number| Some(LabelSource::Segment(number));
    let sources =
        LabelSources { partner: segment(1), operation: segment(2), ..LabelSources::default() };
    // An unreadable line is an error; a panic is not allowed.
    let _ = Observation::from_line(line, &Routes::new(sources));
}
