//! Valid mapping files, and the errors of invalid ones.

use super::*;

const MAPPING: &str = "
- { prefix: /api, partner: 'path:2', operation: 'path:3' }
- { prefix: /api/shop/, partner: shopify, environment: staging, site: ams1 }
- { prefix: /api/shop/eu, partner: shopify-eu }
";

fn routes() -> Routes {
    let operation = Some(LabelSource::Literal("other".into()));
    Routes::new(LabelSources { operation, ..LabelSources::default() })
}

fn error_of(text: &str) -> String {
    routes().with_mapping("map.yaml", text).expect_err("a broken mapping").to_string()
}

#[test]
fn the_longest_prefix_wins_at_segment_borders() {
    let routes = routes().with_mapping("map.yaml", MAPPING).expect("a good mapping");
    for (path, partner, operation, site) in [
        ("/api/dhl/rates", "dhl", Some("rates"), None),
        ("/api/dhl", "dhl", None, None),
        ("/api/shop", "shopify", Some("other"), Some("ams1")),
        ("/api/shop/orders", "shopify", Some("other"), Some("ams1")),
        ("/api/shop/eu/orders", "shopify-eu", Some("other"), None),
        ("/api/shop/europe", "shopify", Some("other"), Some("ams1")),
        ("/api/shopping/x", "shopping", Some("x"), None),
    ] {
        let labels = routes.labels(path).expect(path);
        let found = (&*labels.partner, labels.operation.as_deref(), labels.site.as_deref());
        assert_eq!(found, (partner, operation, site), "{path}");
    }
    assert!(routes.labels("/apis/x").is_err(), "no prefix fits and no flag names a partner");
}

#[test]
fn errors_name_file_line_and_field() {
    for (text, expected) in [
        ("- { prefix: api, partner: a }", "map.yaml, line 1, prefix: must start with '/'"),
        (
            "- { prefix: /a, partner: a }\n- { prefix: /a/, partner: b }",
            "map.yaml, line 2, prefix: \"/a/\" is already in line 1",
        ),
        (
            "- prefix: /a\n  site: b",
            "map.yaml, line 1, partner: is missing: set it here or with --partner",
        ),
        (
            "- prefix: /a\n  partner: path:0",
            "map.yaml, line 2, partner: path:0 is not a segment: segments count from 1, as in path:1",
        ),
        (
            "- prefix: /a\n  partner: b\n  site: ''",
            "map.yaml, line 3, site: a label has 1 to 128 bytes and no control characters",
        ),
    ] {
        assert_eq!(error_of(text), expected, "{text}");
    }
}

#[test]
fn errors_of_the_parser_name_file_line_and_field() {
    for (text, line, word) in [
        ("- prefix: /a\n  partner: b\n  sitee: c", "line 3", "sitee"),
        ("- prefix: /a\n  partner: [b]", "line 2", "must be one value"),
        ("- partner: a", "line 1", "prefix"),
        ("prefix: /a\npartner: b", "line 1", "must be a list"),
        ("- { prefix: /a", "line", "map.yaml"),
    ] {
        let error = error_of(text);
        assert!(
            error.starts_with("map.yaml: ") && error.contains(line) && error.contains(word),
            "{error}"
        );
        assert!(!error.contains('\n'), "one line, not a picture: {error}");
    }
}
