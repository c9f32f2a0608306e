use super::*;

#[test]
fn nothing_from_outside_is_read_as_markdown_or_html() {
    assert_eq!(text("<b>a</b> | [x](y)\nz"), "\\<b\\>a\\<\\/b\\> \\| \\[x\\]\\(y\\) z");
    assert_eq!(link("x", "javascript:alert(1)"), "x");
    assert_eq!(link("x", "/a>b"), "x");
    assert_eq!(link("a b", "/partners/dhl?from=1"), "[a b](</partners/dhl?from=1>)");
    assert_eq!(fact("Where", ""), None);
    let labels = [(Label::Partner, "ups & co")];
    assert_eq!(
        rule_address("partner-5xx", labels.into_iter(), "2026-11-20T20:00:00Z"),
        "/rules/partner-5xx?at=2026-11-20T20%3A00%3A00Z&partner=ups%20%26%20co"
    );
}
