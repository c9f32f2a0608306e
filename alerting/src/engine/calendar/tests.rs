use super::*;
use crate::rule::{Holiday, Partner};

#[test]
fn a_quarter_is_the_partners_own() {
    let partner = Partner {
        name: "dhl".into(),
        kind: None,
        country: Some("DE".into()),
        time_zone: None,
        contacts: Vec::new(),
        sla_class: None,
        expects: Vec::new(),
        depends_on: Vec::new(),
        paused: false,
    };
    let holiday = Holiday { country: "DE".into(), date: jiff::civil::date(2026, 12, 25) };
    let rules = RuleSet { partners: vec![partner], holidays: vec![holiday], ..RuleSet::default() };
    let calendar = Calendar::new(&rules);
    let quarter = |partner, text: &str| {
        let at: jiff::Timestamp = text.parse().unwrap();
        calendar.of(Some(partner)).quarter(TimestampMs(at.as_millisecond()))
    };
    let berlin = |kind, quarter| LocalQuarter { kind, near: None, quarter, put_forward: 0 };
    assert_eq!(quarter("dhl", "2026-11-20T08:20:00Z"), berlin(DayKind::WorkDay, 9 * 4 + 1));
    let near = |kind, near, quarter| LocalQuarter { near: Some(near), ..berlin(kind, quarter) };
    let (work_day, weekend) = (DayKind::WorkDay, DayKind::Weekend);
    assert_eq!(quarter("dhl", "2026-11-20T19:59:00Z"), berlin(work_day, 83));
    assert_eq!(quarter("dhl", "2026-11-20T20:00:00Z"), near(work_day, weekend, 84));
    assert_eq!(quarter("dhl", "2026-11-20T23:00:00Z"), near(weekend, work_day, 0));
    assert_eq!(quarter("dhl", "2026-11-21T05:00:00Z"), berlin(weekend, 24));
    assert_eq!(quarter("dhl", "2026-11-21T23:00:00Z"), berlin(weekend, 0));
    assert_eq!(quarter("dhl", "2026-12-25T23:00:00Z").near, Some(DayKind::Holiday));
    assert_eq!(quarter("dhl", "2026-12-25T08:00:00Z").kind, DayKind::Holiday);
    let forward = quarter("dhl", "2026-03-30T10:00:00Z").put_forward;
    assert_eq!((forward, quarter("dhl", "2026-10-26T10:00:00Z").put_forward), (4, 92));
    assert_eq!(quarter("ups", "2026-12-25T08:00:00Z"), berlin(DayKind::WorkDay, 32));
}
