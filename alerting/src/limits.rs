//! Every bound of this crate in one place, each with its reason.

/// Cells of slots to come that the engine holds until they are judged; more are let go. Clocks that
/// are ahead send some, a broken one must not fill the memory.
pub const AHEAD_CELLS_MAX: usize = 1_000_000;

/// Rules in one file. Judging 1,000 rules over 200 partners is the load the evaluator is sized for.
pub const RULES_MAX: usize = 2_000;

/// Receivers in one file; each has a delivery lane of its own.
pub const RECEIVERS_MAX: usize = 64;

/// Groups of one rule that are judged. More than this is a label with runaway values, and judging
/// all of them would starve every other rule.
pub const GROUPS_PER_RULE_MAX: usize = 10_000;

/// Groups of the sandbox that one grouping of a rule watches: room for some hundred drills.
pub const SANDBOX_GROUPS_PER_RULE_MAX: usize = 500;

/// Longest rules file that is read, in bytes.
pub const RULES_FILE_BYTES_MAX: u64 = 4 << 20;

/// Longest secret file that is read, in bytes.
pub const SECRET_FILE_BYTES_MAX: u64 = 64 << 10;

/// Longest name of a rule or receiver, in bytes.
pub const NAME_BYTES_MAX: usize = 100;

/// Longest `window`, `for` and `clear.for`: seven days, the reach of the finest data that is kept.
pub const DURATION_MS_MAX: i64 = 7 * 24 * 3_600_000;

/// Longest window of a scan, in minutes: what a ring of minutes holds for every group.
pub const SCAN_WINDOW_MIN_MAX: u32 = 180;

/// Most hours a usual is the median of: a week, so that each hour of each day weighs the same.
pub const USUAL_HOURS_MAX: u32 = 168;

/// Longest default for `clear.for`; a longer one must be asked for, since it delays every resolve.
pub const CLEAR_DEFAULT_MS_MAX: i64 = 10 * 60_000;

/// How far back judging reaches after a downtime. Older slots are skipped.
pub const CATCH_UP_MS_MAX: i64 = 7 * 24 * 3_600_000;

/// How far the clock may be behind what is judged already before judging starts over from now. More
/// means that the clock was wrong before, and waiting for it would leave everyone unwatched.
pub const CLOCK_BEHIND_MS_MAX: i64 = 3_600_000;

/// Silences that are kept at once.
pub const SILENCES_MAX: usize = 1_000;

/// Longest silence, in milliseconds. What should be quiet for longer is a change of the rules.
pub const SILENCE_MS_MAX: i64 = 30 * 24 * 3_600_000;

/// How long before its end a silence reminds of what it holds back, in milliseconds; a quarter of its
/// length when that is less.
pub const SILENCE_REMINDER_MS: i64 = 15 * 60_000;

/// Partners that are named as those who report a new release.
pub const RELEASE_PARTNERS_MAX: usize = 5;

/// Alerts that such a reminder names.
pub const REMINDER_ALERTS_MAX: usize = 5;

/// How long a silence is kept on record after its end, in milliseconds.
pub const SILENCE_KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// Slots without any change that may pass before the cursor is written again.
pub const QUIET_SLOTS_PER_WRITE: u32 = 100;

/// Entries waiting for one receiver. Beyond it new triggers go to the dead letters; a resolve always
/// fits, because its trigger did.
pub const OUTBOX_ENTRIES_PER_RECEIVER_MAX: usize = 10_000;

/// Sends under way at once to one receiver, each for another alert.
pub const SENDS_IN_FLIGHT_MAX: usize = 8;

/// One send, from connect to the last byte of the answer, in milliseconds.
pub const SEND_TIMEOUT_MS: u64 = 10_000;

/// Connecting to a receiver, in milliseconds: a part of [`SEND_TIMEOUT_MS`].
pub const CONNECT_TIMEOUT_MS: u64 = 5_000;

/// Bytes of an answer that are read; error texts of receivers are shorter.
pub const ANSWER_BYTES_MAX: usize = 4 << 10;

/// Longest `Retry-After` that is honoured, in milliseconds. A receiver that asks for more is tried
/// hourly, because a page must not be lost to a wrong header.
pub const RETRY_AFTER_MS_MAX: i64 = 3_600_000;

/// Waits between attempts, in milliseconds; the last one repeats.
pub const BACKOFF_MS: [i64; 8] = [1_000, 5_000, 15_000, 30_000, 60_000, 120_000, 240_000, 300_000];

/// How long a receiver that answers 429 without saying how long is left alone, in milliseconds.
pub const THROTTLED_MS: i64 = 5_000;

/// Failures in a row after which a receiver is only probed.
pub const BREAKER_FAILURES: u32 = 5;

/// Wait before the first probe, in milliseconds; it doubles with each that fails.
pub const BREAKER_WAIT_MS: i64 = 15_000;

/// Longest wait between probes, in milliseconds.
pub const BREAKER_WAIT_MS_MAX: i64 = 120_000;

/// How long a delivery is tried, in milliseconds, unless its receiver says otherwise.
pub const GIVE_UP_AFTER_MS: i64 = 24 * 3_600_000;

/// How long a receiver fails before another takes its place, in milliseconds, unless it says otherwise.
pub const FAIL_OVER_AFTER_MS: i64 = 5 * 60_000;

/// How long nobody acknowledges before the next receiver is told, in milliseconds, unless the receiver
/// says otherwise.
pub const ESCALATE_AFTER_MS: i64 = 15 * 60_000;

/// Most calls of a receiver's `rate`.
pub const RATE_CALLS_MAX: u32 = 10_000;

/// Attempts of a delivery that are kept, the newest.
pub const ATTEMPTS_KEPT_MAX: usize = 10;

/// Deliveries that one commit settles at most when many are settled at once.
pub const SETTLED_PER_COMMIT_MAX: usize = 500;

/// Rows of the ledger that one listing call reads at most.
pub const LEDGER_ROWS_READ_MAX: usize = 100_000;

/// A delivery lane looks at the outbox at least this often, in milliseconds, even when nothing woke it.
pub const LANE_POLL_MS: i64 = 1_000;

/// A page that leaves later than this after its alert fired says by how much.
pub const LATE_PAGE_MS: i64 = 120_000;

/// Groups that a page names; a cascade may hold hundreds.
pub const PAGE_GROUPS_MAX: usize = 20;

/// How often a message that is open is brought up to date at most, in milliseconds.
pub const PAGE_UPDATE_EVERY_MS: i64 = 2 * 60_000;

/// Lines with contacts in a page.
pub const PAGE_CONTACTS_MAX: usize = 10;

/// Steps of the runbook in a page: what fits on a telephone.
pub const PAGE_STEPS_MAX: usize = 3;

/// Orders that a page names: what someone looks up before the cause is clear.
pub const PAGE_EXAMPLES_MAX: usize = 3;

/// Pages of one slot that tell their trend and examples, which are read from the store; further ones go
/// without.
pub const TRENDS_PER_SLOT_MAX: usize = 50;

/// Groups that one explanation tells of.
pub const EXPLAIN_GROUPS_MAX: usize = 20;

/// Judgements of a group that an explanation tells of, beside those that changed something.
pub const EXPLAIN_JUDGEMENTS_MAX: usize = 360;

/// Groups of a rule whose ordinary hours are looked at.
pub const NOISE_GROUPS_MAX: usize = 500;

/// Longest span of an explanation, in ms.
pub const EXPLAIN_SPAN_MS_MAX: i64 = 24 * 3_600_000;

/// How long an explanation judges at most before the first judgement it tells of, in ms.
pub const EXPLAIN_LEAD_MS_MAX: i64 = 6 * 3_600_000;

/// Longest runbook beside a rules file that is read, in bytes.
pub const RUNBOOK_FILE_BYTES_MAX: u64 = 256 << 10;

/// Rows that one listing call returns at most.
pub const LIST_ROWS_MAX: usize = 10_000;

/// PagerDuty's bound on `payload.summary`, in characters.
/// <https://developer.pagerduty.com/docs/send-alert-event>
pub const PAGERDUTY_SUMMARY_CHARS_MAX: usize = 1_024;

/// PagerDuty's bound on an event, in bytes.
pub const PAGERDUTY_BODY_BYTES_MAX: usize = 512_000;

/// Bytes of a signed webhook: the specification advises receivers to expect less than 20 KB.
pub const WEBHOOK_BODY_BYTES_MAX: usize = 20_000;

/// Bytes of a mail's body: more is not read at night.
pub const EMAIL_BODY_BYTES_MAX: usize = 64 << 10;

/// Characters of a name or address that a message keeps when it is too long.
pub const PAGE_NAME_CHARS_MAX: usize = 200;

/// Addressees of one e-mail receiver.
pub const EMAIL_ADDRESSEES_MAX: usize = 50;

/// Secrets that a webhook is signed with at once, while they are rotated.
pub const WEBHOOK_SECRETS_MAX: usize = 4;

/// Slack's bound on the text of a section, in characters.
/// <https://api.slack.com/reference/block-kit/blocks>
pub const SLACK_SECTION_CHARS_MAX: usize = 3_000;

/// Characters of the text that Slack shows in notifications; longer ones are of no use there.
pub const SLACK_FALLBACK_CHARS_MAX: usize = 1_000;

/// Characters of a mail's subject.
pub const EMAIL_SUBJECT_CHARS_MAX: usize = 200;

/// Bytes of a template in the rules file.
pub const TEMPLATE_BYTES_MAX: usize = 16 << 10;

/// Bytes that a template of messages may write.
pub const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// Steps that a template of messages may take.
pub const TEMPLATE_FUEL_MAX: u64 = 100_000;

const _: () = {
    assert!(CLEAR_DEFAULT_MS_MAX <= DURATION_MS_MAX);
    assert!(SENDS_IN_FLIGHT_MAX > 0);
    assert!(CONNECT_TIMEOUT_MS < SEND_TIMEOUT_MS);
    assert!(ATTEMPTS_KEPT_MAX > 0);
    assert!(OUTBOX_ENTRIES_PER_RECEIVER_MAX > SENDS_IN_FLIGHT_MAX);
};
