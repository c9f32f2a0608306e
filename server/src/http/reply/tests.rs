use std::io::Read;

use axum::body::to_bytes;
use axum::http::HeaderName;
use serde_json::{Value, json};

use super::*;

fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    let value = |value: &str| HeaderValue::try_from(value).expect("a header value");
    pairs.iter().map(|(name, text)| (name.clone(), value(text))).collect()
}

fn form(accept: &str) -> Option<Form> {
    Form::accepted(&headers(&[(header::ACCEPT, accept)])).ok()
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
fn the_form_is_the_one_liked_best() {
    assert_eq!(Form::accepted(&HeaderMap::new()).ok(), Some(Form::Json));
    for (accept, expected) in [
        ("", Some(Form::Json)),
        ("*/*", Some(Form::Json)),
        ("text/html,application/xhtml+xml,*/*;q=0.8", Some(Form::Json)),
        ("text/csv", Some(Form::Csv)),
        ("text/*", Some(Form::Csv)),
        ("application/json;q=0.5, text/csv", Some(Form::Csv)),
        ("application/ndjson", Some(Form::Ndjson)),
        ("application/json;q=0, application/*", Some(Form::Ndjson)),
        ("text/csv;q=0, */*", Some(Form::Json)),
        ("image/png", None),
        ("text/csv;q=0", None),
    ] {
        assert_eq!(form(accept), expected, "{accept:?}");
    }
}

#[test]
fn packing_is_what_is_asked_for() {
    for (accept, expected) in [
        ("gzip", Packing::Gzip),
        ("gzip, zstd", Packing::Zstd),
        ("gzip, zstd;q=0.5", Packing::Gzip),
        ("br", Packing::Plain),
        ("*", Packing::Zstd),
        ("gzip;q=0", Packing::Plain),
        ("gzip;q=0.5, identity", Packing::Plain),
    ] {
        let headers = headers(&[(header::ACCEPT_ENCODING, accept)]);
        assert_eq!(accepted_packing(&headers), expected, "{accept}");
    }
    assert_eq!(accepted_packing(&HeaderMap::new()), Packing::Plain);
}

#[tokio::test]
async fn a_packed_answer_unpacks_to_the_plain_one() {
    let plain = bytes_of(send(&[])).await;
    assert_eq!(serde_json::from_slice::<Value>(&plain).expect("JSON"), body());
    let gzip = send(&[(header::ACCEPT_ENCODING, "gzip")]);
    assert_eq!(header_of(&gzip, header::CONTENT_ENCODING), "gzip");
    let gzip = bytes_of(gzip).await;
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(gzip.as_slice()).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain);
    let packed = bytes_of(send(&[(header::ACCEPT_ENCODING, "zstd")])).await;
    assert_eq!(zstd::decode_all(packed.as_slice()).expect("zstd"), plain);
    assert!(packed.len() < plain.len());
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
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
            assert_eq!(header_of(&again, header::VARY), "accept, accept-encoding");
            assert!(bytes_of(again).await.is_empty());
        }
        tags.push(tag);
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "every form and packing has a tag of its own: {tags:?}");
    let other = send(&[(header::IF_NONE_MATCH, "\"other\"")]);
    assert_eq!(other.status(), StatusCode::OK);
}

#[test]
fn only_settled_and_whole_answers_are_kept() {
    let caching = |end: i64, damaged: usize| {
        let reply = Reply::of(&HeaderMap::new()).expect("acceptable");
        let reply = reply.settled(TimestampMs(end), TimestampMs(SETTLED_MS)).damaged(damaged);
        header_of(&reply.send(&body()).expect("sent"), header::CACHE_CONTROL)
    };
    assert_eq!(caching(0, 0), "private, max-age=60");
    assert_eq!(caching(1, 0), "no-cache");
    assert_eq!(caching(0, 2), "no-cache");
    assert_eq!(header_of(&send(&[]), header::CACHE_CONTROL), "no-cache");
}
