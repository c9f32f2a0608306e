//! Microsoft Teams in the rules file.

use reqwest::Url;

use super::webhook_of_chat;
use crate::rule::targets::address::{Service, parameter};
use crate::rule::types::RateLimit;

/// How the hosts of workflows end, in the clouds that Microsoft runs.
const HOSTS: [&str; 7] = [
    ".logic.azure.com",
    ".logic.azure.us",
    ".logic.azure.cn",
    ".api.powerplatform.com",
    ".powerplatform.microsoft.us",
    ".appsplatform.us",
    ".powerplatform.partner.microsoftonline.cn",
];
/// Hosts of the incoming webhooks that workflows have replaced.
const RETIRED_HOSTS: [&str; 3] =
    [".webhook.office.com", "outlook.office.com", "outlook.office365.com"];

const SERVICE: Service = Service {
    remedy: "the address of a workflow, https://….api.powerplatform.com/…/triggers/manual/paths/invoke?…&sig=…, \
             as a secret",
    allows_http: false,
    check: is_workflow,
};

webhook_of_chat! {
    /// A workflow of Microsoft Teams that posts what its webhook receives.
    TeamsTarget, RawTeams, Teams,
    service: SERVICE,
    // Teams accepts four requests a second.
    rate: RateLimit { calls: 4, per_ms: 1_000 },
    takes_updates: false,
}

fn is_workflow(url: &Url) -> Result<(), &'static str> {
    let host = url.host_str().unwrap_or_default();
    if RETIRED_HOSTS.iter().any(|retired| host.ends_with(retired)) {
        return Err("connectors of Office 365 no longer exist; create a workflow in Teams");
    }
    if !HOSTS.iter().any(|end| host.ends_with(end)) {
        return Err("it is not a host of workflows");
    }
    if !url.path().contains("/workflows/") || !url.path().ends_with("/invoke") {
        return Err("it is not the path of a workflow's trigger");
    }
    if parameter(url, "sig").is_none() {
        return Err(
            "it has no signature `sig`; let anyone trigger the workflow, and copy the address whole",
        );
    }
    Ok(())
}
