//! What to do first: one step that fits the case, before those of the runbook.

use plimsoll_storage::{Label, Outcome};

use super::fault::place::Part;
use super::words::{Case, Together, listed};
use crate::rule::Signal;

impl Case<'_> {
    /// The first step of an open alert, as a sentence. `None` when its rule is gone.
    pub(crate) fn first_step(&self, together: Option<&Together<'_>>) -> Option<String> {
        let signal = self.signal().filter(|_| self.alert.is_open())?;
        if together.is_some() {
            let common = self.common_parts();
            return Some(common.last().map_or_else(
                || "Check what they share: our network, our release, a proxy.".to_owned(),
                |part| step_of_part(part, true),
            ));
        }
        // The fault is in one part, and another one works.
        let apart = self.fault.parts.iter().rev().find(|part| part.elsewhere.all > 0);
        Some(apart.map_or_else(|| self.step_of_signal(signal), |part| step_of_part(part, false)))
    }

    fn step_of_signal(&self, signal: &Signal) -> String {
        let (partner, stream) = (self.partner(), self.stream());
        match signal {
            Signal::Ratio { of, .. } | Signal::Burn { of, .. } => {
                let most = self.fault.classes.first().map(|(class, _)| *class);
                step_of_class(most.or_else(|| of.first().copied()), partner)
            }
            Signal::Latency { .. } => {
                format!("Check whether all calls of {partner} are slow, or only some operations.")
            }
            Signal::Freshness { .. } | Signal::Absence { .. } if self.is_never_seen() => {
                format!("Check that the connector of {partner} is set up to report {stream}.")
            }
            Signal::Freshness { .. } | Signal::Absence { .. } => {
                format!(
                    "Check that the connector runs, and whether {partner} reports other streams."
                )
            }
            Signal::Drop { .. } => {
                format!("Check whether only {stream} fell; if so, ask {partner}.")
            }
            Signal::Gauge { name, below, .. } => {
                let changes = if *below { "falls" } else { "rises" };
                format!("Check what {name} depends on, and whether it still {changes}.")
            }
            Signal::Run { .. } => format!("Check whether {stream} was started, and read its log."),
        }
    }

    fn partner(&self) -> &str {
        let partner = self.alert.labels.get(Label::Partner);
        partner.filter(|partner| !partner.is_empty()).unwrap_or("the partner")
    }
}

/// A step for a fault of one part. Several partners that share the part are less likely its cause.
fn step_of_part(part: &Part, is_shared: bool) -> String {
    let values: Vec<&str> = part.values.iter().map(String::as_str).collect();
    let values = listed(&values);
    match part.label {
        Label::Release => {
            format!("Compare release {values} with the others, and roll it back if it is new.")
        }
        Label::Site if is_shared => format!("Check the network and the proxies of {values}."),
        Label::Site => {
            format!("Check the network of {values}, and whether other partners fail there.")
        }
        _ => format!("Check what changed in {values}."),
    }
}

/// A step by the class of most bad items.
fn step_of_class(class: Option<Outcome>, partner: &str) -> String {
    match class {
        Some(Outcome::Auth) => {
            format!("Check when the credential for {partner} expires, and renew it.")
        }
        Some(Outcome::RateLimited) => {
            format!("Find what calls {partner} more often than usual, and slow it down.")
        }
        Some(Outcome::Status4xx | Outcome::Rejected) => {
            "Read the error of one rejected item, and check what changed in our last release."
                .to_owned()
        }
        Some(Outcome::Exception) => "Read the error of one of the failed items.".to_owned(),
        Some(Outcome::Timeout | Outcome::Network) => {
            format!("Call {partner} by hand; if it answers, check our network.")
        }
        _ => format!("Read the status page of {partner}, and call it by hand."),
    }
}

#[cfg(test)]
mod tests;
