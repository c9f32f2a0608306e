use std::io::Write as _;

use super::*;
use crate::backtest::{ReplayOptions, cores, replay};

const RULES: &str = r#"
receivers: [{ name: nobody }]
rules:
  - name: suggested
    owner: integrations
    runbook: https://runbooks.example/suggested
    signal: { ratio: { of: [5xx], stream: requests } }
    by: [partner]
    window: 5m
    for: 2m
    critical: "> 5%"
    notify: [nobody]
"#;
const MINUTES_PER_WEEK: u64 = 7 * 24 * 60;
const STORMS_PER_WEEK: u64 = 28;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Weeks of minutes of a partner: 10 to 30 % of calls fail in storms, and 0.3 % between them.
fn traffic(seed: u64, weeks: u64) -> tempfile::NamedTempFile {
    let mut random = Random(seed);
    let mut file = std::io::BufWriter::new(tempfile::NamedTempFile::new().expect("a file"));
    let apart = MINUTES_PER_WEEK / STORMS_PER_WEEK;
    let start_ms = 1_790_000_040_000_u64;
    for storm in 0..weeks * STORMS_PER_WEEK {
        let share = 0.1 * 3_f64.powf(random.unit());
        let from = 60 + (random.unit() * (apart - 180) as f64) as u64;
        let until = from + 20 + (random.unit() * 20.0) as u64;
        for minute in 0..apart {
            let share = if (from..until).contains(&minute) { share } else { 0.003 };
            let failed = (0..400).filter(|_| random.unit() < share).count();
            let at = start_ms + (storm * apart + minute) * 60_000;
            let good = 400 - failed;
            writeln!(
                    file,
                    r#"{{"type":"summary","stream":"requests","partner":"dhl","start":{at},"step_s":60,"outcomes":{{"2xx":{good},"5xx":{failed}}}}}"#
                )
                .expect("written");
        }
    }
    file.into_inner().expect("written")
}

fn suggestion(seed: u64, weeks: u64, pages_per_week: f64) -> Suggestion {
    let file = traffic(seed, weeks);
    let width = SlotWidth::from_ms(60_000).expect("a width");
    let history = History::recording(file.path().to_owned(), width);
    let rules = RuleSet::parse_for_replay(RULES).expect("good rules");
    let request = SuggestRequest { rule: "suggested".into(), pages_per_week };
    let options = ReplayOptions { threads: cores(), with_transitions: false };
    let mut replay = |rule_sets| replay(&history, rule_sets, options, &|_, _| true);
    suggest(&request, &rules, &history, None, &mut replay).expect("readable").0
}

#[test]
fn a_suggestion_holds_on_fresh_traffic() {
    for seed in [1, 2] {
        let suggested = suggestion(seed, 3, 7.0);
        let fresh = suggestion(seed + 100, 3, 7.0);
        assert_eq!(suggested.caution, None, "seed {seed}");
        let level = suggested.suggested.expect("a level").level;
        let right = fresh.suggested.expect("a level").level;
        eprintln!("seed {seed}: suggested {level:.4}, right on fresh traffic {right:.4}");
        assert!((level / right - 1.0).abs() < 0.2, "seed {seed}: {level} against {right}");
    }
}

#[test]
fn too_little_data_causes_a_caution() {
    let suggested = suggestion(3, 1, 0.5);
    let caution = suggested.caution.expect("a caution");
    assert!(caution.contains("8 weeks of data would be more reliable"), "{caution}");
}
