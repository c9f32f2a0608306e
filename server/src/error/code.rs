//! The codes of failed requests: one table of code, HTTP status, title and remedy.

use axum::http::StatusCode;

/// Defines [`ErrorCode`] from a table: variant, code, status, title, remedy.
macro_rules! error_codes {
    ($($variant:ident $code:literal $status:ident $title:literal, $remedy:literal;)+) => {
        /// Why a request failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum ErrorCode {
            $(#[doc = $title] $variant,)+
        }

        impl ErrorCode {
            /// Every code, for the documentation.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The stable name that clients see.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)+
                }
            }

            /// The HTTP status.
            pub(crate) const fn status(self) -> StatusCode {
                match self {
                    $(Self::$variant => StatusCode::$status,)+
                }
            }

            /// What is wrong, in a few words.
            pub(crate) const fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)+
                }
            }

            /// What the caller can do about it.
            pub(crate) const fn remedy(self) -> &'static str {
                match self {
                    $(Self::$variant => $remedy,)+
                }
            }
        }
    };
}

error_codes! {
    MalformedBody "malformed_body" BAD_REQUEST
        "the body cannot be read", "`detail` says what is expected";
    EmptyBody "empty_body" BAD_REQUEST
        "there is no body", "send one";
    InvalidParameter "invalid_parameter" BAD_REQUEST
        "a parameter is wrong", "`field` names it, `detail` says what it takes";
    InvalidHeader "invalid_header" BAD_REQUEST
        "a header is wrong", "`field` names it, `detail` says what it takes";
    Unsigned "unsigned" UNAUTHORIZED
        "the body is not signed with a secret that is known here", "sign it with the `webhook_secret` of a receiver";
    KeyMissing "key_missing" UNAUTHORIZED
        "the server has keys, and the request has none", "send a key; `plimsoll keys create` makes one";
    KeyDenied "key_denied" UNAUTHORIZED
        "the key of the request is not valid", "`detail` says why; `plimsoll keys create` makes another one";
    ScopeMissing "scope_missing" FORBIDDEN
        "the key does not allow this", "use a key with the scope that `detail` names";
    PartnerNotAllowed "partner_not_allowed" FORBIDDEN
        "the key is not for this partner", "ask for a partner of the key, or use another key";
    CrossSite "cross_site" FORBIDDEN
        "a page of another site sent the request", "send it from a page of this server, or by a program";
    BackupsOff "backups_off" FORBIDDEN
        "the server makes no backups", "start it with `--backup-dir`";
    OutsideBackupDir "outside_backup_dir" FORBIDDEN
        "backups are not made there", "name a directory below that of `--backup-dir`";
    BackupTooDeep "backup_too_deep" UNPROCESSABLE_ENTITY
        "the backup would lie in too many folders", "name a directory with fewer folders above it";
    ForeignHost "foreign_host" MISDIRECTED_REQUEST
        "the host of the request is not this server", "use its address, or give the name with `--allowed-host`";
    NotFound "not_found" NOT_FOUND
        "it does not exist", "`detail` says what was looked for";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED
        "the path does not take that method", "`/openapi.json` lists the methods";
    NotAcceptable "not_acceptable" NOT_ACCEPTABLE
        "the answer has none of the media types asked for", "`detail` lists those it has";
    BodyTimeout "body_timeout" REQUEST_TIMEOUT
        "the body did not arrive in time", "send it again";
    NotEmpty "not_empty" CONFLICT
        "the target is not empty", "choose a directory that does not exist";
    TooManyBackups "too_many_backups" CONFLICT
        "there are too many backups", "delete some and try again";
    TooManySilences "too_many_silences" CONFLICT
        "there are too many silences", "end some and try again";
    AlertEnded "alert_ended" CONFLICT
        "the alert has ended", "no acknowledgement is needed";
    NotReplayable "not_replayable" CONFLICT
        "the delivery cannot be replayed", "`detail` says why";
    BackupFailed "backup_failed" CONFLICT
        "the backup cannot be written", "`detail` says why";
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE
        "the body is too large", "send it in parts";
    UnsupportedMediaType "unsupported_media_type" UNSUPPORTED_MEDIA_TYPE
        "the type or the encoding of the body is not supported", "`detail` says which are";
    NothingAccepted "nothing_accepted" UNPROCESSABLE_ENTITY
        "no item was accepted", "`rejected` says why";
    KeyReused "idempotency_key_reused" UNPROCESSABLE_ENTITY
        "the idempotency key belongs to another request", "send each body with a key of its own";
    InvalidKey "invalid_key" UNPROCESSABLE_ENTITY
        "the key cannot be as it was asked for", "`detail` names the field and what is wrong with it";
    CoversNothing "covers_nothing" UNPROCESSABLE_ENTITY
        "the silence selects no alert of any rule", "name labels that the rules group by, or a `rule`";
    TooManyCells "too_many_cells" UNPROCESSABLE_ENTITY
        "the query reads too much", "`detail` says how to narrow it";
    AnswerTooLarge "answer_too_large" UNPROCESSABLE_ENTITY
        "the answer has too many points", "`detail` says how to narrow it";
    Overloaded "overloaded" TOO_MANY_REQUESTS
        "more is pushed than the server can store", "try again after `Retry-After`";
    Internal "internal" INTERNAL_SERVER_ERROR
        "the server failed", "its log has the cause under the correlation id";
    Busy "busy" SERVICE_UNAVAILABLE
        "the server is busy or not ready", "the same request can succeed after `Retry-After`";
    QueryTimeout "query_timeout" SERVICE_UNAVAILABLE
        "the query took too long", "narrow it";
}
