use std::io::Read;

use axum::body::to_bytes;
use axum::http::HeaderName;
use serde_json::{Value, json};

use super::*;

fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    let value = |value: &str| HeaderValue::try_from(value).expect("a header value");
    pairs.iter().map(|(name, text)| (name.clone(), value(text))).collect()
}

fn format(accept: &str) -> Option<Format> {
    Format::accepted(&headers(&[(header::ACCEPT, accept)])).ok()
}

fn body() -> Value {
    let points: Vec<_> = (0..100).map(|n| json!({"t": n, "count": n})).collect();
    json!({"series": [{"labels": {"partner": "dhl"}, "points": points}]})
}

fn send(pairs: &[(HeaderName, &str)]) -> Response {
    Reply::of(&headers(pairs)).expect("acceptable").send(&body()).expect("sent")
}

fn header_of(response: &Response, name: HeaderName) -> String {
    let value = response.headers().get(name).map(HeaderValue::to_str);
    value.map_or_else(String::new, |value| value.expect("text").to_owned())
}

async fn bytes_of(response: Response) -> Vec<u8> {
    to_bytes(response.into_body(), usize::MAX).await.expect("in memory").to_vec()
}

#[test]
fn the_format_is_the_preferred_one() {
    assert_eq!(Format::accepted(&HeaderMap::new()).ok(), Some(Format::Json));
    for (accept, expected) in [
        ("", Some(Format::Json)),
        ("*/*", Some(Format::Json)),
        ("text/html,application/xhtml+xml,*/*;q=0.8", Some(Format::Json)),
        ("text/csv", Some(Format::Csv)),
        ("text/*", Some(Format::Csv)),
        ("application/json;q=0.5, text/csv", Some(Format::Csv)),
        ("application/ndjson", Some(Format::Ndjson)),
        ("application/json;q=0, application/*", Some(Format::Ndjson)),
        ("text/csv;q=0, */*", Some(Format::Json)),
        ("image/png", None),
        ("text/csv;q=0", None),
    ] {
        assert_eq!(format(accept), expected, "{accept:?}");
    }
}

#[test]
fn compression_is_the_preferred_one() {
    for (accept, expected) in [
        ("gzip", Compression::Gzip),
        ("gzip, zstd", Compression::Zstd),
        ("gzip, zstd;q=0.5", Compression::Gzip),
        ("br", Compression::None),
        ("*", Compression::Zstd),
        ("gzip;q=0", Compression::None),
        ("gzip;q=0.5, identity", Compression::None),
    ] {
        let headers = headers(&[(header::ACCEPT_ENCODING, accept)]);
        assert_eq!(accepted_compression(&headers), expected, "{accept}");
    }
    assert_eq!(accepted_compression(&HeaderMap::new()), Compression::None);
}

#[tokio::test]
async fn a_compressed_answer_decompresses_to_the_plain_one() {
    let plain = bytes_of(send(&[])).await;
    assert_eq!(serde_json::from_slice::<Value>(&plain).expect("JSON"), body());
    let gzip = send(&[(header::ACCEPT_ENCODING, "gzip")]);
    assert_eq!(header_of(&gzip, header::CONTENT_ENCODING), "gzip");
    let gzip = bytes_of(gzip).await;
    let mut decompressed = Vec::new();
    flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut decompressed).expect("gzip");
    assert_eq!(decompressed, plain);
    let compressed = bytes_of(send(&[(header::ACCEPT_ENCODING, "zstd")])).await;
    assert_eq!(zstd::decode_all(compressed.as_slice()).expect("zstd"), plain);
    assert!(compressed.len() < plain.len());
}

#[tokio::test]
async fn a_known_answer_gets_304() {
    let mut tags = Vec::new();
    for pairs in
        [vec![], vec![(header::ACCEPT, "text/csv")], vec![(header::ACCEPT_ENCODING, "gzip")]]
    {
        let tag = header_of(&send(&pairs), header::ETAG);
        assert_eq!(tag, header_of(&send(&pairs), header::ETAG), "the same bytes, the same tag");
        for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let pairs = [&pairs[..], &[(header::IF_NONE_MATCH, &known)]].concat();
            let again = send(&pairs);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(header_of(&again, header::ETAG), tag);
            assert_eq!(
                header_of(&again, header::VARY),
                "accept, accept-encoding, authorization, x-api-key"
            );
            assert!(bytes_of(again).await.is_empty());
        }
        tags.push(tag);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "every format and compression has its own tag: {tags:?}");
    let other = send(&[(header::IF_NONE_MATCH, "\"other\"")]);
    assert_eq!(other.status(), StatusCode::OK);
}

#[test]
fn only_final_and_complete_answers_are_cached() {
    let caching = |end: i64, damaged: usize| {
        let reply = Reply::of(&HeaderMap::new()).expect("acceptable");
        let reply = reply.ends_at(TimestampMs(end), TimestampMs(LATE_DATA_MS)).damaged(damaged);
        header_of(&reply.send(&body()).expect("sent"), header::CACHE_CONTROL)
    };
    assert_eq!(caching(0, 0), "private, max-age=60");
    assert_eq!(caching(1, 0), "no-cache");
    assert_eq!(caching(0, 2), "no-cache");
    assert_eq!(header_of(&send(&[]), header::CACHE_CONTROL), "no-cache");
}
