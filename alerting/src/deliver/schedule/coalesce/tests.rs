use super::*;

/// Lower-case letters are unsent deliveries, capitals were attempted.
fn of(thread: &str) -> Vec<(usize, usize)> {
    let waiting = |letter: char| Waiting {
        action: match letter.to_ascii_lowercase() {
            't' => Action::Trigger,
            'e' => Action::Escalate,
            'a' => Action::Acknowledge,
            _ => Action::Resolve,
        },
        is_unsent: letter.is_ascii_lowercase(),
    };
    let found = cancelled(&thread.chars().map(waiting).collect::<Vec<_>>());
    found.into_iter().map(|range| (range.start, range.end)).collect()
}

#[test]
fn only_an_unsent_trigger_and_its_resolve_cancel_out() {
    let nothing: Vec<(usize, usize)> = Vec::new();
    for kept in ["", "t", "r", "te", "Tr", "Ter", "TeR", "er", "rt", "tR"] {
        assert_eq!(of(kept), nothing, "{kept}");
    }
    assert_eq!(of("tr"), [(0, 2)]);
    assert_eq!(of("ter"), [(0, 3)]);
    assert_eq!(of("tar"), [(0, 3)]);
    assert_eq!(of("rtrtr"), [(1, 3), (3, 5)]);
    assert_eq!(of("TrtrT"), [(2, 4)]);
    assert_eq!(of("trt"), [(0, 2)]);
}
