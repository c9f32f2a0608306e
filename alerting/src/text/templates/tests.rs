use super::*;

#[test]
fn errors_have_their_line() {
    for (template, line, says) in [
        ("a\n{{ colour }}", 2, "there is no `colour`; use some of alert_id, at"),
        ("{% if begins %}\nx\n{% else %}\n{{ patner }}{% endif %}", 4, "no `patner`"),
        ("a\n\n{% if begins %}x", 3, "unexpected end of the template"),
        ("{{ summary", 1, "unexpected end of the template, expected `}}`"),
        ("{{ summary }", 1, "unexpected `}`, expected `}}`"),
        ("{% iff begins %}x{% endif %}", 1, "unknown instruction iff"),
        ("x\n{{ summary | shout }}", 2, "there is no filter `shout`"),
        ("{{ partner.name }}", 1, "no such part"),
        (
            "x\n{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
            2,
            "too many steps",
        ),
        ("{% for a in range(9999) %}{{ summary }}{% endfor %}", 1, "more than"),
    ] {
        let found = check(template).expect_err(template);
        assert_eq!(found.line, line, "{template}: {found:?}");
        assert!(found.detail.contains(says), "{template}: {found:?}");
    }
    let long = check(&"x".repeat(TEMPLATE_BYTES_MAX + 1)).expect_err("too long");
    assert!(long.detail.contains("the limit is"), "{long:?}");
}

#[test]
fn valid_templates_are_accepted() {
    for template in [
        "",
        "Partner {{ partner | upper }} {{ value }}",
        "{% for label, value in labels %}{{ label }}={{ value }} {% endfor %}",
        "{% if begins %}{{ examples | join(', ') }}{% else %}over{% endif %}",
        "{% set who = partner or 'someone' %}{{ who }}",
    ] {
        assert_eq!(check(template), Ok(()), "{template}");
    }
}

#[test]
fn every_name_is_documented() {
    let page = include_str!("../../../../docs/alerting.md");
    for name in Phrases::names() {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_output_is_limited() {
    let phrases = Phrases::sample(true);
    let render = |template| render(template, &phrases, MESSAGE_BYTES_MAX);
    assert!(render("{{ 'x' * 100000 }}").is_err());
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
    assert!(render(endless).is_err());
    assert_eq!(render("{{ examples[7] }}-").expect("rendered"), "-");
}
