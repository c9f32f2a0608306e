//! `GET /api/v1/query/freshness`: the newest event and its age, also where one is expected and none
//! ever came.

use axum::extract::{RawQuery, State};
use plimsoll_alerting::RuleSet;
use plimsoll_query::ExpectedStream;
use plimsoll_storage::StreamKind;

use super::Answer;
use crate::app::App;
use crate::http::params::Params;
use crate::http::params::question::Defaults;
use crate::http::reply::Reply;
use crate::wire::query::partner::{FreshnessBody, FreshnessesBody};

pub(crate) async fn freshness(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Answer {
    answer(&app, query.as_deref(), reply, Defaults::ANY).await
}

/// Answers about freshness, with the stream that is meant when none is named.
pub(crate) async fn answer(
    app: &App,
    query: Option<&str>,
    reply: Reply,
    defaults: Defaults,
) -> Answer {
    let mut params = Params::new(query)?;
    let selector = params.selector(StreamKind::Activity, defaults)?;
    let by = params.by()?;
    params.end()?;
    app.ask(move |app, _| {
        let now = app.now();
        let expected = expected(&app.rules.get());
        let groups = plimsoll_query::freshness(&app.store, &selector, &by, &expected).into_iter();
        let series = groups.map(|group| FreshnessBody::new(group, now)).collect();
        reply.send(&FreshnessesBody { series })
    })
    .await
}

/// What the rules file says should be reported.
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
