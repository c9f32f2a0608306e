use super::*;

#[test]
fn a_plain_name_that_succeeds_or_fails_is_a_partner() {
    let mut survey = Survey::default();
    for (name, status) in [
        ("dhl", 503),
        ("dhl", 200),
        ("ups", 404),
        (".env", 200),
        ("wp-login.php", 200),
        ("cgi-bin", 404),
        ("a b", 200),
        ("größe_1", 201),
        ("old", 301),
        ("down", 502),
        ("api.php", 503),
    ] {
        survey.note(name, status).expect("few names");
    }
    let partners = survey.partners();
    let names = [
        "dhl",
        "ups",
        ".env",
        "wp-login.php",
        "cgi-bin",
        "a b",
        "größe_1",
        "old",
        "down",
        "api.php",
    ];
    let found: Vec<&str> = names.into_iter().filter(|name| partners.has(name)).collect();
    assert_eq!(found, ["dhl", "größe_1", "down"]);
}

#[test]
fn listed_names_are_partners_whatever_they_look_like() {
    let partners = PathPartners::Listed("ups, .env".parse().expect("a list"));
    assert!(partners.has("ups") && partners.has(".env") && !partners.has("dhl"));
    assert!("dhl,,ups".parse::<ListedPartners>().is_err());
}

#[test]
fn ids_in_the_place_of_partners_are_an_error() {
    let mut survey = Survey::default();
    let result = (0..2_000).try_for_each(|id| survey.note(&format!("order{id}"), 200));
    assert!(result.expect_err("too many").contains("right segment"));
}
