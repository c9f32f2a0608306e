//! Paths and their labels.

use super::*;
use proptest::prelude::*;

fn source(text: &str) -> Option<LabelSource> {
    Some(text.parse().expect("a label source"))
}

fn by_segments() -> Routes {
    Routes::new(LabelSources {
        partner: source("path:1"),
        operation: source("path:2"),
        ..LabelSources::default()
    })
}

#[test]
fn a_source_is_a_segment_or_a_literal() {
    assert_eq!("path:2".parse(), Ok(LabelSource::Segment(2)));
    assert_eq!("dhl".parse(), Ok(LabelSource::Literal("dhl".into())));
    assert_eq!("paths".parse(), Ok(LabelSource::Literal("paths".into())));
    for number in ["0", "", "-1", "x", "99999999999999999999"] {
        let error = format!("path:{number}").parse::<LabelSource>();
        assert_eq!(error, Err(LabelSourceError::BadSegment(number.into())));
    }
    for text in ["", "a\tb", &"x".repeat(129)] {
        assert_eq!(text.parse::<LabelSource>(), Err(LabelSourceError::BadLabel), "{text:?}");
    }
}

#[test]
fn segments_give_labels() {
    let routes = by_segments();
    for (path, partner, operation) in [
        ("/dhl/rates", "dhl", Some("rates")),
        ("/dhl/rates/7", "dhl", Some("rates")),
        ("/dhl", "dhl", None),
        ("/dhl/", "dhl", None),
        ("/dhl//rates", "dhl", None),
        ("/d%68l/r%C3%A4te", "dhl", Some("räte")),
        ("/a%2Fb/100%", "a/b", Some("100%")),
        (r"/d\x68l/\x22\xC3\xA4\x22", "dhl", Some("\"ä\"")),
        (r#"/a\"b/c\\d"#, "a\"b", Some(r"c\d")),
        ("/%zz/%4", "%zz", Some("%4")),
    ] {
        let labels = routes.labels(path).expect(path);
        assert_eq!((&*labels.partner, labels.operation.as_deref()), (partner, operation), "{path}");
        assert_eq!((labels.environment, labels.site), (None, None));
    }
}

#[test]
fn a_path_without_the_segment_has_no_partner() {
    for path in ["", "/", "//dhl", "*", "shop.example:443", "dhl/rates"] {
        assert_eq!(by_segments().labels(path), Err(UnreadableReason::NoPartner), "{path}");
    }
}

#[test]
fn a_label_that_the_store_would_reject_is_a_bad_label() {
    let long = format!("/{}", "x".repeat(129));
    for path in ["/a%00b", "/a%0Ab", long.as_str()] {
        assert_eq!(by_segments().labels(path), Err(UnreadableReason::BadLabel), "{path}");
    }
    let full = format!("/{}", "x".repeat(128));
    assert!(by_segments().labels(&full).is_ok());
}

#[test]
fn a_literal_partner_applies_to_every_line() {
    let routes = Routes::new(LabelSources {
        partner: source("web"),
        site: source("ams1"),
        ..LabelSources::default()
    });
    for path in ["", "/", "/a/b"] {
        let labels = routes.labels(path).expect("a literal needs no path");
        assert_eq!((&*labels.partner, labels.site.as_deref()), ("web", Some("ams1")));
    }
}

proptest! {
    #[test]
    fn every_encoded_segment_is_read_back(text in "[^\u{0}-\u{1f}\u{7f}-\u{9f}]{1,32}") {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let path = format!("/{encoded}/x");
        let routes = by_segments();
        prop_assert_eq!(&*routes.labels(&path).expect("one segment").partner, text.as_str());
    }

    #[test]
    fn no_path_makes_it_panic(path in any::<String>()) {
        let _ = by_segments().labels(&path);
    }
}
