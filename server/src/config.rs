//! Settings: from flags, then the environment, then the configuration file, then defaults.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_storage::{Durability, Retention, SlotWidth, limits::MEMORY_BYTES_MIN};
use serde::Deserialize;

use crate::admission::QueryLimits;
use crate::telemetry::LogFormat;
use crate::wire::time;

/// Where the server listens unless told otherwise: loopback only.
const LISTEN: &str = "127.0.0.1:8585";

/// Questions answered at once, at most: each takes a thread.
const QUERIES_MAX: usize = 256;

/// What may be set by flag or environment. The file knows the same names.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Flags {
    /// Configuration file (YAML)
    #[arg(long, env = "PLIMSOLL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the embedded database
    #[arg(long, env = "PLIMSOLL_DATA_DIR", value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:8585]
    #[arg(long, env = "PLIMSOLL_LISTEN", value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// Address at which people reach this server, for links in pages [default: http:// and where it listens]
    #[arg(long, env = "PLIMSOLL_EXTERNAL_URL", value_name = "URL")]
    external_url: Option<String>,
    /// Rules file (YAML): receivers, rules, partners, maintenance
    #[arg(long, env = "PLIMSOLL_RULES", value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Width of a slot; chosen once, when the database is created [default: 10s]
    #[arg(long, env = "PLIMSOLL_SLOT", value_name = "DURATION")]
    slot: Option<String>,
    /// When a push is answered: fsync survives power loss, wal survives kill -9 [default: fsync]
    #[arg(long, env = "PLIMSOLL_DURABILITY", value_name = "fsync|wal|memory")]
    durability: Option<String>,
    /// Let receivers be at loopback and private addresses
    #[arg(long, env = "PLIMSOLL_ALLOW_PRIVATE_RECEIVERS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    allow_private_receivers: Option<bool>,
    /// Directory below which POST /api/v1/backups may make backups [default: none, it makes none]
    #[arg(long, env = "PLIMSOLL_BACKUP_DIR", value_name = "DIR")]
    backup_dir: Option<PathBuf>,
    #[command(flatten)]
    retention: RetentionFlags,
    /// Memory for cells, such as 256MiB; the database and requests take some on top [default: 256MiB, and with more
    /// than 4,000 streams 16 KiB each for the newest hour, up to a quarter of the machine's memory]
    #[arg(long, env = "PLIMSOLL_MEMORY", value_name = "SIZE")]
    memory: Option<String>,
    /// Cells that a question may read; one that touches more is refused [default: 50000000]
    #[arg(long, env = "PLIMSOLL_QUERY_CELLS_MAX", value_name = "COUNT")]
    query_cells_max: Option<u64>,
    /// How long a question may take [default: 30s]
    #[arg(long, env = "PLIMSOLL_QUERY_TIMEOUT", value_name = "DURATION")]
    query_timeout: Option<String>,
    /// Questions answered at once; others wait a little [default: as many as there are cores, 2 at least]
    #[arg(long, env = "PLIMSOLL_QUERIES_MAX", value_name = "COUNT")]
    queries_max: Option<usize>,
    /// Log level, or a filter such as info,plimsoll=debug [default: info]
    #[arg(long, env = "PLIMSOLL_LOG_LEVEL", value_name = "LEVEL")]
    log_level: Option<String>,
    /// Format of the log on stderr [default: text]
    #[arg(long, env = "PLIMSOLL_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

/// How long cells are kept.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct RetentionFlags {
    /// How long cells are kept as they came [default: 8d]
    #[arg(long, env = "PLIMSOLL_RETENTION", value_name = "DURATION")]
    retention: Option<String>,
    /// How long cells are kept by the minute [default: 60d]
    #[arg(long, env = "PLIMSOLL_RETENTION_1M", value_name = "DURATION")]
    retention_1m: Option<String>,
    /// How long cells are kept by the quarter of an hour [default: 730d]
    #[arg(long, env = "PLIMSOLL_RETENTION_15M", value_name = "DURATION")]
    retention_15m: Option<String>,
    /// Size of the database above which the oldest days go early, such as 50GiB [default: none]
    #[arg(long, env = "PLIMSOLL_RETENTION_SIZE", value_name = "SIZE")]
    retention_size: Option<String>,
}

impl RetentionFlags {
    /// Each setting as given here, or else as in `file`.
    fn or(self, file: Self) -> Self {
        Self {
            retention: self.retention.or(file.retention),
            retention_1m: self.retention_1m.or(file.retention_1m),
            retention_15m: self.retention_15m.or(file.retention_15m),
            retention_size: self.retention_size.or(file.retention_size),
        }
    }

    /// The retention, with defaults for what is not set.
    ///
    /// # Errors
    /// Names the setting at fault and what it takes.
    pub(crate) fn resolve(self) -> Result<Retention, ConfigError> {
        let mut retention = Retention::default();
        set_duration(&mut retention.slot_ms, "retention", self.retention)?;
        set_duration(&mut retention.minute_ms, "retention_1m", self.retention_1m)?;
        set_duration(&mut retention.quarter_ms, "retention_15m", self.retention_15m)?;
        let size = self.retention_size.map(|text| parse_size("retention_size", text));
        retention.size_bytes = size.transpose()?;
        Ok(retention)
    }
}

/// The configuration file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data_dir: Option<PathBuf>,
    listen: Option<String>,
    external_url: Option<String>,
    rules: Option<PathBuf>,
    slot: Option<String>,
    durability: Option<String>,
    allow_private_receivers: Option<bool>,
    backup_dir: Option<PathBuf>,
    retention: Option<String>,
    retention_1m: Option<String>,
    retention_15m: Option<String>,
    retention_size: Option<String>,
    memory: Option<String>,
    query_cells_max: Option<u64>,
    query_timeout: Option<String>,
    queries_max: Option<usize>,
    log_level: Option<String>,
    log_format: Option<LogFormat>,
}

/// Every setting, resolved and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) data_dir: PathBuf,
    pub(crate) listen: SocketAddr,
    /// Without a slash at the end; `None` for where it listens.
    pub(crate) external_url: Option<String>,
    pub(crate) rules: Option<PathBuf>,
    /// `None` takes that of the database.
    pub(crate) slot_width: Option<SlotWidth>,
    pub(crate) durability: Durability,
    pub(crate) allow_private_receivers: bool,
    /// Absolute.
    pub(crate) backup_dir: Option<PathBuf>,
    pub(crate) retention: Retention,
    /// `None` lets the number of streams decide.
    pub(crate) memory_bytes: Option<usize>,
    pub(crate) queries: QueryLimits,
    pub(crate) log_level: String,
    pub(crate) log_format: LogFormat,
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration file {}: {source}", .path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the configuration file {} is wrong: {detail}", .path.display())]
    Malformed { path: PathBuf, detail: String },
    #[error("setting `{key}` is {given:?}: {remedy}")]
    Invalid { key: &'static str, given: String, remedy: &'static str },
    #[error(
        "setting `data_dir` is missing: give --data-dir DIR, PLIMSOLL_DATA_DIR or data_dir in the configuration file"
    )]
    NoDataDir,
}

impl Config {
    /// Resolves the settings.
    ///
    /// # Errors
    /// Names the setting at fault and what it takes.
    pub(crate) fn resolve(flags: Flags) -> Result<Self, ConfigError> {
        let file = match &flags.config {
            Some(path) => read_file(path)?,
            None => File::default(),
        };
        let listen = flags.listen.or(file.listen).unwrap_or_else(|| LISTEN.to_owned());
        let slot = flags.slot.or(file.slot);
        let durability = flags.durability.or(file.durability);
        let retention = flags.retention.or(RetentionFlags {
            retention: file.retention,
            retention_1m: file.retention_1m,
            retention_15m: file.retention_15m,
            retention_size: file.retention_size,
        });
        let queries = query_limits(
            flags.query_cells_max.or(file.query_cells_max),
            flags.query_timeout.or(file.query_timeout),
            flags.queries_max.or(file.queries_max),
        )?;
        Ok(Self {
            data_dir: flags.data_dir.or(file.data_dir).ok_or(ConfigError::NoDataDir)?,
            listen: listen.parse().map_err(|_| ConfigError::Invalid {
                key: "listen",
                given: listen,
                remedy: "use an address and port such as 127.0.0.1:8585 or [::1]:8585",
            })?,
            external_url: flags.external_url.or(file.external_url).map(parse_url).transpose()?,
            rules: flags.rules.or(file.rules),
            slot_width: slot.map(parse_slot).transpose()?,
            durability: durability.map_or(Ok(Durability::default()), parse_durability)?,
            allow_private_receivers: flags
                .allow_private_receivers
                .or(file.allow_private_receivers)
                .unwrap_or(false),
            backup_dir: flags
                .backup_dir
                .or(file.backup_dir)
                .as_deref()
                .map(absolute)
                .transpose()?,
            retention: retention.resolve()?,
            memory_bytes: flags.memory.or(file.memory).map(parse_memory).transpose()?,
            queries,
            log_level: flags.log_level.or(file.log_level).unwrap_or_else(|| "info".to_owned()),
            log_format: flags.log_format.or(file.log_format).unwrap_or_default(),
        })
    }
}

fn read_file(path: &Path) -> Result<File, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
    if text.trim().is_empty() {
        return Ok(File::default());
    }
    serde_saphyr::from_str(&text)
        .map_err(|error| ConfigError::Malformed { path: path.into(), detail: error.to_string() })
}

/// A slot width as text, such as `10s`.
pub(crate) fn parse_slot(text: String) -> Result<SlotWidth, ConfigError> {
    time::parse_duration_ms(&text).and_then(SlotWidth::from_ms).ok_or(ConfigError::Invalid {
        key: "slot",
        given: text,
        remedy: "use whole seconds that divide a minute, such as 1s, 5s, 10s, 30s or 60s",
    })
}

fn parse_url(given: String) -> Result<String, ConfigError> {
    let remedy = "use an address such as https://plimsoll.example";
    let rest = given.strip_prefix("https://").or_else(|| given.strip_prefix("http://"));
    let is_plain = |rest: &str| !rest.is_empty() && !rest.contains(char::is_whitespace);
    match rest {
        Some(rest) if is_plain(rest) && !rest.contains(['?', '#']) => {
            Ok(given.trim_end_matches('/').to_owned())
        }
        _ => Err(ConfigError::Invalid { key: "external_url", given, remedy }),
    }
}

fn absolute(path: &Path) -> Result<PathBuf, ConfigError> {
    let remedy = "use the path of a directory";
    std::path::absolute(path).map_err(|_| ConfigError::Invalid {
        key: "backup_dir",
        given: path.display().to_string(),
        remedy,
    })
}

fn query_limits(
    cells_max: Option<u64>,
    timeout: Option<String>,
    at_once_max: Option<usize>,
) -> Result<QueryLimits, ConfigError> {
    let mut limits = QueryLimits::default();
    if let Some(given) = timeout {
        let (key, remedy) = ("query_timeout", "use a duration such as 5s, 30s or 2m");
        let ms = time::parse_duration_ms(&given).and_then(|ms| u64::try_from(ms).ok());
        let ms = ms.ok_or(ConfigError::Invalid { key, given, remedy })?;
        limits.timeout = Duration::from_millis(ms);
    }
    limits.cells_max = cells_max.unwrap_or(limits.cells_max);
    limits.at_once_max = at_once_max.unwrap_or(limits.at_once_max);
    if !(1..=QUERIES_MAX).contains(&limits.at_once_max) {
        let (key, given) = ("queries_max", limits.at_once_max.to_string());
        return Err(ConfigError::Invalid { key, given, remedy: "use 1 to 256" });
    }
    Ok(limits)
}

fn set_duration(ms: &mut i64, key: &'static str, text: Option<String>) -> Result<(), ConfigError> {
    let Some(given) = text else { return Ok(()) };
    let remedy = "use a duration such as 12h, 8d or 730d";
    *ms = time::parse_duration_ms(&given).ok_or(ConfigError::Invalid { key, given, remedy })?;
    Ok(())
}

/// A size such as `512MiB` or `50GiB`, in bytes.
fn parse_size(key: &'static str, given: String) -> Result<u64, ConfigError> {
    let digits = given.find(|c: char| !c.is_ascii_digit()).unwrap_or(given.len());
    let (number, unit) = given.split_at(digits);
    let shift = match unit {
        "" | "B" => Some(0),
        "KiB" => Some(10),
        "MiB" => Some(20),
        "GiB" => Some(30),
        "TiB" => Some(40),
        _ => None,
    };
    let bytes = shift.and_then(|shift| number.parse::<u64>().ok()?.checked_mul(1 << shift));
    let remedy = "use a size such as 512MiB or 50GiB";
    bytes.ok_or(ConfigError::Invalid { key, given, remedy })
}

fn parse_memory(given: String) -> Result<usize, ConfigError> {
    let bytes = usize::try_from(parse_size("memory", given.clone())?).unwrap_or(usize::MAX);
    if bytes < MEMORY_BYTES_MIN {
        let remedy = "use 32MiB or more";
        return Err(ConfigError::Invalid { key: "memory", given, remedy });
    }
    Ok(bytes)
}

fn parse_durability(text: String) -> Result<Durability, ConfigError> {
    match text.as_str() {
        "fsync" => Ok(Durability::Fsync),
        "wal" => Ok(Durability::Wal),
        "memory" => Ok(Durability::Memory),
        _ => Err(ConfigError::Invalid {
            key: "durability",
            given: text,
            remedy: "use fsync, wal or memory",
        }),
    }
}

#[cfg(test)]
mod tests;
