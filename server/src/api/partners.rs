//! `GET /api/v1/partners`.

use axum::{
    Json,
    extract::{Path, RawQuery, State},
};
use plimsoll_storage::{Label, LabelMatchers};

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
) -> Result<Json<PartnersBody>, ApiError> {
    let mut params = Params::new(query.as_deref())?;
    let labels = params.labels()?;
    params.end()?;
    let now = app.now();
    let partners = plimsoll_query::partners(&app.store, &labels).into_iter();
    Ok(Json(PartnersBody { partners: partners.map(|one| PartnerBody::new(one, now)).collect() }))
}

pub(crate) async fn one(
    State(app): State<App>,
    Path(partner): Path<String>,
) -> Result<Json<PartnerBody>, ApiError> {
    let labels = LabelMatchers::any_of(Label::Partner, [partner.clone()]);
    let found = plimsoll_query::partners(&app.store, &labels).into_iter().next();
    let found =
        found.ok_or_else(|| ApiError::not_found(format!("partner {:?}", truncated(&partner))))?;
    Ok(Json(PartnerBody::new(found, app.now())))
}
