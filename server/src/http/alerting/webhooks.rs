//! `POST /api/v1/webhooks/pagerduty`: acknowledgements that are made in PagerDuty.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use plimsoll_alerting::AcknowledgeResult;
use plimsoll_alerting::WebhookError;

use crate::app::App;
use crate::error::{ApiError, ErrorCode};
use crate::http::body;
use crate::http::call::Call;
use crate::wire::alerting::alert::AcknowledgementBody;

/// PagerDuty sends whole incidents.
const BODY_BYTES_MAX: usize = 512 << 10;
const SIGNATURE: &str = "x-pagerduty-signature";

pub(crate) fn calls() -> Vec<Call> {
    const EXAMPLE: &str = r#"{"event":{"event_type":"incident.acknowledged","agent":{"summary":"Ann"},
        "data":{"incident_key":"…"}}}"#;
    vec![
        Call::post("/api/v1/webhooks/pagerduty", pagerduty)
            .public()
            .about(
                "A webhook of PagerDuty, v3",
                "An incident that is acknowledged in PagerDuty is acknowledged here; other events are \
                 ignored. Signed with the `webhook_secret` of a receiver, in `X-PagerDuty-Signature`.",
            )
            .body(&[("application/json", EXAMPLE)])
            .answers::<AcknowledgementBody>()
            .errors(&[ErrorCode::MalformedBody, ErrorCode::BodyTooLarge, ErrorCode::Unsigned]),
    ]
}

async fn pagerduty(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<AcknowledgementBody>, ApiError> {
    let body = body::small(body, BODY_BYTES_MAX).await?;
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    let signature = signature.unwrap_or_default();
    match tokio::task::block_in_place(|| app.control().pagerduty_webhook(signature, &body))? {
        Ok(Some(AcknowledgeResult::Acknowledged(alert, _))) => {
            Ok(Json(AcknowledgementBody { acknowledged: Some(alert.id) }))
        }
        // Not an error: PagerDuty would only send the same again.
        Ok(_) => Ok(Json(AcknowledgementBody { acknowledged: None })),
        Err(WebhookError::Unsigned) => {
            let detail =
                "must hold a signature of the body with the `webhook_secret` of a receiver";
            let detail = format!("header `{SIGNATURE}` {detail}");
            Err(ApiError::new(ErrorCode::Unsigned, detail))
        }
        Err(WebhookError::Malformed(detail)) => Err(ApiError::malformed(detail)),
    }
}
