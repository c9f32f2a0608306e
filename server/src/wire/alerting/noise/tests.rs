use std::collections::BTreeSet;

use plimsoll_alerting::RuleSet;
use plimsoll_alerting::report::noise;

use super::*;

#[test]
fn a_page_names_what_was_noisy_and_takes_no_markup_from_names() {
    let rules = RuleSet::default_pack().expect("the default pack is valid");
    let span = (TimestampMs(0), TimestampMs(7 * 86_400_000));
    let mut body = NoiseBody::new(noise(&[], &BTreeSet::new(), &rules, span), span, true);
    let tally = Tally {
        alerts: 3,
        notified: 2,
        acknowledged: 1,
        resolved: 2,
        short: 2,
        flaps: 1,
        open_ms: 5_400_000,
    };
    let partner = "<b>dhl</b>|x".to_owned();
    body.partners = vec![PartnerNoiseBody { partner, tally: TallyBody::new(tally, 1.0) }];
    let page = body.to_markdown();
    let row = r"| \<b\>dhl\<\/b\>\|x | 3 | 2 | 2 | 50 % | 100 % | 1 | 1.5 h |";
    assert!(page.contains(row), "{page}");
    assert!(page.contains("- partner\\-drop\n") && page.contains("left out"), "{page}");
    assert!(page.contains("| everything | 0 | 0 | 0 | – | – | 0 | 0.0 h |"), "{page}");
}
