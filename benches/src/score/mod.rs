//! How good alerts are, measured against labelled incidents.
//!
//! What counts, and how. Times are those of the replay's clock.
//!
//! - A **page** is a notification with action `trigger`. Several receivers told of the same thing at the
//!   same moment are one page. `escalate` is no page: it says more about what was said already.
//! - The **window** of an incident reaches from its start to half an hour after its end. A page belongs
//!   to an incident when its alert's partner is one of the incident's and it lies in the window. When
//!   it lies in several windows, it belongs to an incident that is still going on rather than to one
//!   that is over, and then to the one that began last. It belongs to one incident only.
//! - An incident that **must page** is found when a page belongs to it. An alert that fired but was
//!   folded into another message is no page, so the incident is missed.
//! - An incident that **may page** (`must_page` is false, such as a warning) is found when any alert
//!   about one of its partners, told or not, fired within its window. Pages that belong to it are neither
//!   true nor false.
//! - Every other page is **false**: those in blips, load tests, announced maintenance, holidays, late or
//!   doubled batches included.
//! - Before `score_from` nothing counts. An incident that began before it is treated as one that may
//!   page.
//! - **Time to detect** runs from the onset (when the fault passed its limit) to the first page that
//!   belongs; a page before the onset counts as 0.
//! - **Pages per incident** is over incidents that were found.
//! - A **flap** is a page about a partner within half an hour after a message about the same partner
//!   was resolved, whether true or false.
//! - The **resolve lag** runs from the end of a found incident to the moment its last page was resolved.
//!   It is negative when that came first. Pages that are open at the end of the data are left out.

mod corpus;
mod judge;
mod rules;

pub use corpus::{
    Alert, Context, Corpus, Failure, Incident, read_alerts, read_context, read_corpus,
};
pub use judge::{FalsePage, Found, Score, score};
pub use rules::rules_yaml;
