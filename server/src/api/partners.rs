//! `GET /api/v1/partners`.

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use plimsoll_storage::{Label, LabelMatchers};

use super::reply::Reply;
use crate::{
    app::App,
    error::ApiError,
    wire::{
        answer::{PartnerBody, PartnersBody},
        param::Params,
        push::truncated,
    },
};

pub(crate) async fn list(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    reply: Reply,
) -> Result<Response, ApiError> {
    let mut params = Params::new(query.as_deref())?;
    let labels = params.labels()?;
    params.end()?;
    app.ask(move |app, _| {
        let now = app.now();
        let partners = plimsoll_query::partners(&app.store, &labels).into_iter();
        let partners = partners.map(|one| PartnerBody::new(one, now)).collect();
        reply.send(&PartnersBody { partners })
    })
    .await
}

pub(crate) async fn one(
    State(app): State<App>,
    Path(partner): Path<String>,
    reply: Reply,
) -> Result<Response, ApiError> {
    let labels = LabelMatchers::any_of(Label::Partner, [partner.clone()]);
    let found = plimsoll_query::partners(&app.store, &labels).into_iter().next();
    let found =
        found.ok_or_else(|| ApiError::not_found(format!("partner {:?}", truncated(&partner))))?;
    reply.send(&PartnerBody::new(found, app.now()))
}
