use super::*;

#[test]
fn countries_are_known_by_their_code_in_any_case() {
    for code in ["DE", "de", " De ", "UA", "HR", "US", "TW", "XK"] {
        let expected = code.trim().to_ascii_uppercase();
        let known = (expected != "XK").then_some(expected);
        assert_eq!(country(code), known, "{code}");
    }
    for code in ["", "#", "UK", "EU", "DEU", "Germany"] {
        assert_eq!(country(code), None, "{code:?}");
    }
}

#[test]
fn a_country_has_the_zone_that_most_people_live_in() {
    let table = [
        ("DE", "Europe/Berlin"),
        ("UA", "Europe/Kyiv"),
        ("HR", "Europe/Zagreb"),
        ("US", "America/New_York"),
        ("CA", "America/Toronto"),
        ("AU", "Australia/Sydney"),
        ("BR", "America/Sao_Paulo"),
        ("RU", "Europe/Moscow"),
        ("CN", "Asia/Shanghai"),
    ];
    for (code, zone) in table {
        assert_eq!(main_zone(code), Some(zone), "{code}");
    }
    assert_eq!(main_zone("XX"), None);
}

#[test]
fn the_main_zone_of_every_country_exists() {
    let countries = ZONES.lines().filter(|line| !line.starts_with('#'));
    let countries: Vec<&str> = countries.filter_map(|line| line.split(' ').next()).collect();
    assert!(countries.len() > 240 && countries.is_sorted(), "{}", countries.len());
    for country in countries {
        let zone = main_zone(country).expect("a zone");
        assert!(TimeZone::get(zone).is_ok(), "{country}: {zone}");
    }
}

#[test]
fn several_names_of_one_clock_are_one_clock() {
    for code in ["US", "RU", "AU", "BR", "CA", "ES", "PT", "UA"] {
        assert!(has_several_clocks(code), "{code}");
    }
    for code in ["DE", "FR", "HR", "PL", "UZ", "XX"] {
        assert!(!has_several_clocks(code), "{code}");
    }
}
