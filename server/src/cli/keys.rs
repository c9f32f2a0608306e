//! `plimsoll keys`: makes, lists, revokes and rotates keys, of a running server or in a data directory.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use plimsoll_alerting::{parse_duration_ms, parse_duration_or_zero_ms};
use plimsoll_storage::{Options, Store};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::{CommandError, Format};
use crate::access::{Grant, Keys, Scope, generate_key};
use crate::clock;
use crate::wire::keys::KeyBody;

/// Who made keys in a data directory.
const BY: &str = "the command line";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a key; its text is shown once
    ///
    /// From the first key on, every request to the server takes one.
    Create {
        /// Who or what gets the key
        #[arg(long)]
        name: String,
        /// What it allows: push, read, ids, operate or admin; repeated for several
        #[arg(long, required = true)]
        scope: Vec<Scope>,
        /// The only partners that it is for; repeated for several
        #[arg(long)]
        partner: Vec<String>,
        /// How long it lasts, such as 90d; for ever by default
        #[arg(long, value_name = "DURATION", value_parser = parse_duration_ms)]
        expires: Option<i64>,
        #[command(flatten)]
        place: Place,
    },
    /// List the keys, without their texts
    List {
        /// How to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        place: Place,
    },
    /// Revoke a key at once
    Revoke {
        /// The id of the key
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// Make a key in the place of another one
    Rotate {
        /// The id of the old key
        id: String,
        /// How long the old key goes on
        #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = parse_duration_or_zero_ms)]
        overlap: i64,
        #[command(flatten)]
        place: Place,
    },
    /// Print the text of a new key, for the setting `admin_key_file`
    Generate,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// Running server; the variable PLIMSOLL_KEY has a key with the scope admin
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Data directory that no server uses; it is created when it is missing
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// A new key, as the server answers.
#[derive(Debug, Deserialize)]
struct NewKey {
    key: String,
    id: String,
}

pub(super) fn run(args: Args) -> Result<(), CommandError> {
    match args.command {
        Command::Create { name, scope, partner, expires, place } => {
            let made = if let Some(url) = &place.url {
                let body = json!({
                    "name": name,
                    "scopes": scope,
                    "partners": partner,
                    "expires_in": expires.map(|ms| format!("{ms}ms")),
                });
                serde_json::from_value(ask(url, Method::POST, "/api/v1/keys", Some(body))?)?
            } else {
                let now = clock::now();
                let expires_at = expires.map(|ms| now.plus_ms(ms));
                let scopes = scope.into_iter().collect();
                let grant = Grant::new(&name, scopes, &partner, expires_at, (BY, now))?;
                let (key, text) = place.open()?.create(grant, now)?;
                NewKey { key: text, id: key.id.clone() }
            };
            show(&made, &name)
        }
        Command::List { format, place } => list(&place, format),
        Command::Revoke { id, place } => {
            if let Some(url) = &place.url {
                ask(url, Method::DELETE, &format!("/api/v1/keys/{id}"), None)?;
            } else {
                place.open()?.revoke(&id, clock::now())?.ok_or_else(|| unknown(&id))?;
            }
            Ok(writeln!(io::stdout(), "revoked key {id}")?)
        }
        Command::Rotate { id, overlap, place } => {
            let made = if let Some(url) = &place.url {
                let (path, body) = (
                    format!("/api/v1/keys/{id}/rotate"),
                    json!({ "overlap": format!("{overlap}ms") }),
                );
                serde_json::from_value(ask(url, Method::POST, &path, Some(body))?)?
            } else {
                let now = clock::now();
                let rotated = place.open()?.rotate(&id, BY, now, now.plus_ms(overlap))?;
                let (key, text) = rotated.ok_or_else(|| unknown(&id))?;
                NewKey { key: text, id: key.id.clone() }
            };
            show(&made, &format!("in the place of {id}"))
        }
        Command::Generate => Ok(writeln!(io::stdout(), "{}", generate_key()?)?),
    }
}

impl Place {
    fn open(&self) -> Result<Keys, CommandError> {
        let directory = self.data_dir.as_deref().ok_or("give --data-dir DIR or --url URL")?;
        let store = Store::open(&Options::new(directory))?;
        Ok(Keys::load(Arc::new(store))?)
    }
}

fn unknown(id: &str) -> String {
    format!("there is no key {id:?}; `plimsoll keys list` shows them")
}

fn show(made: &NewKey, name: &str) -> Result<(), CommandError> {
    // The text alone on standard output, so that it can be kept in a file.
    writeln!(io::stdout(), "{}", made.key)?;
    eprintln!("made key {} ({name}); its text is shown only now", made.id);
    Ok(())
}

fn list(place: &Place, format: Format) -> Result<(), CommandError> {
    let found = if let Some(url) = &place.url {
        ask(url, Method::GET, "/api/v1/keys", None)?
    } else {
        let now = clock::now();
        let keys = place.open()?.list();
        let keys: Vec<KeyBody> = keys.iter().map(|key| KeyBody::new(key, now)).collect();
        json!({ "keys": keys })
    };
    let mut out = io::stdout().lock();
    if format == Format::Json {
        return Ok(writeln!(out, "{found}")?);
    }
    let text = |key: &Value, name: &str| match &key[name] {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        _ => "-".to_owned(),
    };
    writeln!(
        out,
        "{:8}  {:8}  {:24}  {:28}  {:24}  {:24}  partners",
        "id", "state", "name", "scopes", "expires", "last used"
    )?;
    for key in found["keys"].as_array().into_iter().flatten() {
        writeln!(
            out,
            "{:8}  {:8}  {:24}  {:28}  {:24}  {:24}  {}",
            text(key, "id"),
            text(key, "state"),
            text(key, "name"),
            text(key, "scopes"),
            text(key, "expires_at"),
            text(key, "last_used_at"),
            key.get("partners").map_or_else(|| "all".to_owned(), |_| text(key, "partners")),
        )?;
    }
    Ok(())
}

fn ask(url: &str, method: Method, path: &str, body: Option<Value>) -> Result<Value, CommandError> {
    let client = Client::new(url)?;
    let mut request = client.request(method, path);
    if let Some(body) = body {
        request = request.json(&body);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { Ok(client.send(request).await?.json().await?) })
}
