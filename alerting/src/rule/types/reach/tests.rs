use plimsoll_storage::Label::{Environment, Operation, Partner, Release, Site};
use plimsoll_storage::{Label, LabelMatchers};

use super::OutOfReach::{self, NoLabel, OtherValue};
use crate::labels::GroupLabels;
use crate::rule::tests::parse;

const RECEIVER: &str = "receivers:\n  - { name: a, webhook: { url: 'https://h.example' } }\n";

fn matchers(given: &[(Label, &[&str])]) -> LabelMatchers {
    let mut matchers = LabelMatchers::new();
    for (label, values) in given {
        matchers.read(*label, values.iter().copied()).expect("valid selectors");
    }
    matchers
}

/// Why a rule with these fields is out of reach.
fn reached(fields: &str, given: &[(Label, &[&str])]) -> Option<OutOfReach> {
    let text = format!(
        "{RECEIVER}rules:\n  - {{ name: r, owner: o, runbook: partner-5xx, notify: [a], \
         signal: {{ ratio: {{ of: [5xx], stream: requests }} }}, critical: '> 5%', {fields} }}\n"
    );
    let set = parse(&text).unwrap_or_else(|error| panic!("{error}"));
    set.rules[0].out_of_reach(&matchers(given))
}

/// Fields of a rule, labels, and why the rule is out of their reach.
type Row = (&'static str, &'static [(Label, &'static [&'static str])], Option<OutOfReach>);

const PRODUCTION: &[(Label, &[&str])] = &[(Environment, &["production"])];
const TABLE: &[Row] = &[
    ("by: [partner]", PRODUCTION, Some(NoLabel(Environment))),
    ("by: [partner, environment]", PRODUCTION, None),
    ("by: [partner], also_by: [[environment]]", PRODUCTION, None),
    ("by: [partner], match: { environment: production }", PRODUCTION, None),
    (
        "by: [partner], match: { environment: [production, staging] }",
        PRODUCTION,
        Some(NoLabel(Environment)),
    ),
    ("by: [partner], match: { environment: ~prod.* }", PRODUCTION, Some(NoLabel(Environment))),
    ("by: [partner], match: { environment: '!staging' }", PRODUCTION, Some(NoLabel(Environment))),
    ("by: [partner], match: { environment: staging }", PRODUCTION, Some(OtherValue(Environment))),
    (
        "by: [environment], match: { environment: [staging, test] }",
        PRODUCTION,
        Some(OtherValue(Environment)),
    ),
    (
        "by: [environment], match: { environment: '!production' }",
        PRODUCTION,
        Some(OtherValue(Environment)),
    ),
    ("by: [partner], match: { environment: production }", &[(Environment, &["!staging"])], None),
    (
        "by: [partner], match: { environment: production }",
        &[(Environment, &["!production"])],
        Some(OtherValue(Environment)),
    ),
    ("by: [partner], match: { environment: production }", &[(Environment, &["~prod.*"])], None),
    ("by: [partner]", &[(Environment, &["!staging"])], Some(NoLabel(Environment))),
    ("by: [partner]", &[(Environment, &["!sandbox"])], Some(NoLabel(Environment))),
    // Every rule watches the sandbox, in groups with its environment.
    ("by: [partner]", &[(Environment, &["sandbox"])], None),
    ("by: [partner], match: { environment: production }", &[(Environment, &["sandbox"])], None),
    ("by: [partner]", &[(Partner, &["dhl", "ups"])], None),
    ("by: [partner]", &[(Partner, &["dhl"]), (Site, &["ams1"])], Some(NoLabel(Site))),
    ("by: [partner], also_by: [[partner, site]]", &[(Partner, &["dhl"]), (Site, &["ams1"])], None),
    (
        "by: [partner], match: { partner: '!dhl' }",
        &[(Partner, &["dhl"])],
        Some(OtherValue(Partner)),
    ),
    ("by: [site]", &[(Partner, &["dhl"])], Some(NoLabel(Partner))),
    ("by: [partner]", &[(Operation, &["!track"])], Some(NoLabel(Operation))),
    ("by: [partner]", &[(Release, &["~.*"])], Some(NoLabel(Release))),
    ("by: [partner]", &[], None),
];

#[test]
fn a_label_is_known_by_the_grouping_or_by_one_matched_value() {
    for (fields, given, expected) in TABLE {
        assert_eq!(reached(fields, given), *expected, "{fields} {given:?}");
    }
}

#[test]
fn what_is_out_of_reach_covers_no_alert_and_what_is_in_reach_covers_one() {
    let values = [&["a"][..], &["!a"], &["~a|b"], &["a", "b"]];
    let matches = ["a", "b", "'!a'", "~a|c", "[a, b]"];
    for value in values {
        for own in matches {
            for by in ["partner", "site"] {
                let text = format!(
                    "{RECEIVER}rules:\n  - {{ name: r, owner: o, runbook: partner-5xx, critical: '> 5%', \
                     notify: [a], \
                     signal: {{ ratio: {{ of: [5xx], stream: requests }} }}, by: [{by}], \
                     match: {{ site: {own} }} }}\n"
                );
                let set = parse(&text).unwrap_or_else(|error| panic!("{error}"));
                let (rule, selected) = (&set.rules[0], matchers(&[(Label::Site, value)]));
                let is_covered = |site: &str| {
                    let labels = match by {
                        "site" => GroupLabels::new([(Label::Site, site.to_owned())]),
                        _ => GroupLabels::new([(Label::Partner, "dhl".to_owned())]),
                    };
                    let labels = rule.known_labels(&labels);
                    let is_watched = rule.selector().could_select("requests", Label::Site, site);
                    is_watched && selected.accept(|label| labels.get(label))
                };
                let covers = ["a", "b", "c", "d"].into_iter().any(is_covered);
                assert_eq!(rule.out_of_reach(&selected).is_none(), covers, "{own} {by} {value:?}");
            }
        }
    }
}
