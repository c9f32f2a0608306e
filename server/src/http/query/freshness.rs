//! `GET /api/v1/query/freshness`: the newest event of each group and its age, also where one is expected and
//! none ever came.

use axum::extract::State;
use plimsoll_alerting::{ExpectedAges, PRODUCTION, RuleSet};
use plimsoll_query::{ExpectedStream, Freshness, Selector, StreamAge};
use plimsoll_storage::Label;

use super::{Answer, Defaults};
use crate::app::App;
use crate::error::ErrorCode;
use crate::http::call::Call;
use crate::http::params::Params;
use crate::http::params::labels::{BY, LABELS, STREAM};
use crate::http::reply::Reply;
use crate::wire::query::partner::{FreshnessBody, FreshnessesBody};
use crate::wire::query::series::ExampleBody;

pub(crate) fn calls() -> Vec<Call> {
    vec![of_freshness(Call::get("/api/v1/query/freshness", freshness)).about(
        "The newest event and its age",
        "Also where the rules file expects something and nothing ever came.",
    )]
}

/// The parameters and answers of calls about freshness.
pub(crate) fn of_freshness(call: Call) -> Call {
    call.takes(&[&STREAM, &BY, &LABELS])
        .answers_rows::<FreshnessesBody>()
        .errors(&[ErrorCode::Busy])
}

async fn freshness(State(app): State<App>, params: Params, reply: Reply) -> Answer {
    answer(&app, params, reply, Defaults::ANY).await
}

/// Answers a query about freshness.
///
/// # Errors
/// 400 naming a parameter that is wrong; 503 when too many queries run.
pub(crate) async fn answer(
    app: &App,
    mut params: Params,
    reply: Reply,
    defaults: Defaults,
) -> Answer {
    let selector = params.selector(defaults.stream)?;
    let by = params.by()?;
    params.end()?;
    app.ask(move |app, _| {
        let now = app.now();
        let reply = reply.like(|| ExampleBody { series: [FreshnessBody::example(&by)] })?;
        let expected = expected(&app.rules.get());
        let groups = plimsoll_query::freshness(&app.store, &selector, &by, &expected).into_iter();
        let ages = app.progress.expected_ages();
        let series = groups
            .map(|group| {
                let age = age_of(&ages, &selector, &group);
                FreshnessBody::new(group, age, now)
            })
            .collect();
        reply.send(&FreshnessesBody { series })
    })
    .await
}

/// What rules say of the silence of a group: they watch partners as a whole, in production.
fn age_of(ages: &ExpectedAges, selector: &Selector, group: &Freshness) -> Option<StreamAge> {
    let is_whole =
        |(label, _): &(Label, String)| matches!(label, Label::Partner | Label::Environment);
    let known = |label| selector.known(&group.labels, label);
    let elsewhere = known(Label::Environment).is_some_and(|it| !it.is_empty() && it != PRODUCTION);
    if !group.expected || elsewhere || !group.labels.iter().all(is_whole) {
        return None;
    }
    let (partner, stream) = (known(Label::Partner)?.to_owned(), group.stream.clone()?);
    ages.get(&(partner, stream)).copied()
}

/// The streams that partners should report, according to the rules file.
fn expected(rules: &RuleSet) -> Vec<ExpectedStream> {
    let of_partner = |partner: &plimsoll_alerting::rule::Partner| {
        let one = |stream: &String| ExpectedStream {
            partner: partner.name.clone(),
            stream: stream.clone(),
        };
        partner.expects.iter().map(one).collect::<Vec<_>>()
    };
    rules.partners.iter().flat_map(of_partner).collect()
}
