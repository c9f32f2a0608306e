//! Every setting of the server, declared once.
//!
//! A declaration gives flag, environment variable and file key (all of its name), default, check, help and
//! the entry in `docs/settings.md`. To add a setting, declare it here and use the field.

use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use plimsoll_alerting::rule::Secret;
use plimsoll_storage::{Durability, Retention, SlotWidth};

use super::declare::{Declaration, Given, Setting, Settings, settings};
use super::error::ConfigError;
use super::parse;
use crate::admission::QueryLimits;
use crate::connections::{ConnectionLimits, ConnectionNumbers};
use crate::self_metrics::LogFormat;

pub(super) const SLOT_REMEDY: &str =
    "use whole seconds that divide a minute, such as 1s, 5s, 10s, 30s or 60s";
const RETENTION_REMEDY: &str = "use 1h or longer, such as 12h, 8d or 730d";
const DIRECTORY_REMEDY: &str = "use the path of a directory";
const COUNT_REMEDY: &str = "use 1 to 1000000";
const TIMEOUT_REMEDY: &str = "use 100ms to 1h, such as 10s";
const FILE_REMEDY: &str = "use the path of a file";

settings! {
    /// What the server needs to know, except for how long it keeps data.
    struct ServerSettings {
        /// Directory of the embedded database
        data_dir: PathBuf = Setting::new("DIR", parse::path, DIRECTORY_REMEDY);

        /// Address to listen on
        listen: SocketAddr = Setting::new(
            "ADDR:PORT",
            parse::plain,
            "use an address and port such as 127.0.0.1:8585 or [::1]:8585",
        )
        .or("127.0.0.1:8585");

        /// URL under which people reach this server; links in notifications begin with it
        external_url: Option<String> = Setting::new(
            "URL",
            |given| parse::base_url(given).map(Some),
            "use an address such as https://plimsoll.example",
        )
        .or_none("http:// and the address it listens on");

        /// Names under which this server is asked, with commas between them
        ///
        /// A request is answered when its `Host` is a loopback address, the address that the server listens
        /// on, a name without a dot, the host of `external_url`, or one of these. Others are refused, so
        /// that a page of another site cannot ask by a name that points here.
        allowed_host: Vec<String> = Setting::new(
            "HOST,…",
            parse::hosts,
            "use names or addresses without scheme and port, such as plimsoll.internal",
        )
        .or_else(Vec::new, "none");

        /// File with the first key, which gets every scope
        ///
        /// For containers, where no command can run before the server: `plimsoll keys generate` makes the
        /// text. Once the server has a key, the file is not read.
        admin_key_file: Option<PathBuf> =
            Setting::new("FILE", |given| parse::path(given).map(Some), FILE_REMEDY).or_none("none");

        /// Listen on an address that others reach without any key
        ///
        /// Without keys everybody who reaches the port may do everything.
        insecure_no_auth: bool =
            Setting::new("BOOL", parse::switch, "use true or false").or("false").with_switch();

        /// Rules file (YAML): receivers, rules, partners, maintenance
        rules: Option<PathBuf> = Setting::new("FILE", |given| parse::path(given).map(Some), FILE_REMEDY)
            .or_none("the default rules");

        /// Width of a slot; chosen once, when the database is created
        slot: Option<SlotWidth> =
            Setting::new("DURATION", |given| parse::slot_width(given).map(Some), SLOT_REMEDY)
                .or_none("10s");

        /// When a push is answered: fsync survives power loss, wal survives kill -9
        ///
        /// With memory the answer does not wait for the disk, and a crash loses what was not yet written.
        durability: Durability =
            Setting::new("fsync|wal|memory", parse::durability, "use fsync, wal or memory").or("fsync");

        /// Allow receivers at loopback and private addresses
        allow_private_receivers: bool =
            Setting::new("BOOL", parse::switch, "use true or false").or("false").with_switch();

        /// URL of an outside monitor, requested each minute while alerts are evaluated and delivered
        ///
        /// A monitor such as healthchecks.io raises an alarm when the requests stop. Who knows the URL can
        /// keep the monitor quiet: give it in a file or a variable, because flags are in the list of
        /// processes.
        heartbeat: Option<Secret> = Setting::new(
            "URL",
            |given| parse::secret_url(given).map(Some),
            "use an address such as https://hc-ping.com/UUID",
        )
        .or_none("none; then no other system notices that this server has stopped")
        .with_secret();

        /// Directory below which POST /api/v1/backups may make backups
        backup_dir: Option<PathBuf> =
            Setting::new("DIR", |given| parse::absolute_path(given).map(Some), DIRECTORY_REMEDY)
                .or_none("none; then no backups over HTTP");

        /// Memory for cells, such as 256MiB
        ///
        /// By default 256MiB. With more than 4,000 streams the newest hour takes 16 KiB of each stream
        /// instead, up to a quarter of the memory of the machine or container. The database, the index and
        /// requests need memory on top of this.
        memory: Option<usize> =
            Setting::new("SIZE", |given| parse::memory(given).map(Some), "use 32MiB or more in B, KiB, MiB, GiB or TiB, such as 512MiB")
                .or_none("256MiB, more with many streams");

        /// Streams that the database may have
        ///
        /// Half of them is guaranteed: each partner may always have 50. The other half is shared: a partner
        /// may have a ninth of what is free of it besides. See `docs/push.md`.
        streams_max: usize =
            Setting::new("COUNT", parse::stream_count, "use 1000 to 1000000").or("1000000");

        /// Cells that a query may read; a query that reads more ends with an error
        query_cells_max: u64 =
            Setting::new("COUNT", parse::count, "use a whole number from 1").or("50000000");

        /// How long a query may take
        query_timeout: Duration =
            Setting::new("DURATION", parse::duration, "use a duration such as 5s, 30s or 2m").or("30s");

        /// Queries that run at the same time; others wait up to 5 seconds
        queries_max: usize = Setting::new("COUNT", parse::query_count, "use 1 to 256")
            .or_else(cores, "the number of cores, at least 2");

        /// Connections in all; when they are open, the one idle for the longest time makes room
        ///
        /// A connection with a request is never closed for another; when all have one, a new connection is
        /// answered with 503. Of the open files that the system allows, 1024 are left to the database and to
        /// deliveries, so there may be fewer connections; the log of a start says how many.
        connections_max: Option<usize> =
            Setting::new("COUNT", |given| parse::connection_count(given).map(Some), COUNT_REMEDY)
                .or_none("16000, fewer with a low limit on open files");

        /// Connections of one address, or of one /64 network with IPv6
        connections_per_address_max: Option<usize> =
            Setting::new("COUNT", |given| parse::connection_count(given).map(Some), COUNT_REMEDY)
                .or_none("seven eighths of connections_max");

        /// How long request line and headers may take, and how long a body may pause
        ///
        /// The same holds for the first byte of a connection. Whoever sends less than 16 KiB a second uses
        /// up the pause. A whole body may take three times as long.
        request_timeout: Duration = Setting::new("DURATION", parse::timeout, TIMEOUT_REMEDY).or("10s");

        /// How long a client may pause while it reads an answer
        ///
        /// Whoever takes less than 128 KiB a second uses up the pause.
        response_timeout: Duration = Setting::new("DURATION", parse::timeout, TIMEOUT_REMEDY).or("30s");

        /// How long a connection stays open between two requests
        ///
        /// A proxy in front of the server must close its own idle connections earlier.
        idle_timeout: Duration = Setting::new("DURATION", parse::timeout, TIMEOUT_REMEDY).or("75s");

        /// Log level: error, warn, info, debug, trace or off; or a filter such as info,plimsoll=debug
        log_level: String = Setting::new(
            "LEVEL",
            parse::log_level,
            "use error, warn, info, debug, trace or off, or a filter such as info,plimsoll=debug",
        )
        .or("info");

        /// Format of the log on stderr
        log_format: LogFormat =
            Setting::new("text|json", parse::log_format, "use text or json").or("text");
    }
}

settings! {
    /// How long cells are kept.
    struct RetentionSettings {
        /// How long cells are kept in slots
        ///
        /// Where a slot is a minute wide, slots are kept as long as minutes.
        retention: Duration = Setting::new("DURATION", parse::retention, RETENTION_REMEDY).or("8d");

        /// How long cells are kept in minutes
        retention_1m: Duration = Setting::new("DURATION", parse::retention, RETENTION_REMEDY).or("60d");

        /// How long cells are kept in quarters of an hour
        retention_15m: Duration = Setting::new("DURATION", parse::retention, RETENTION_REMEDY).or("730d");

        /// Size of the database above which the oldest days are deleted early, such as 50GiB
        retention_size: Option<u64> =
            Setting::new(
            "SIZE",
            |given| parse::retention_size(given).map(Some),
            "use 64MiB or more in B, KiB, MiB, GiB or TiB, such as 512MiB or 50GiB",
        )
        .or_none("none");
    }
}

/// As many queries as there are cores, but at least two: a slow one must not delay all others.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).max(2)
}

impl ServerSettings {
    /// The bounds of queries.
    pub(crate) const fn query_limits(&self) -> QueryLimits {
        QueryLimits {
            cells_max: self.query_cells_max,
            timeout: self.query_timeout,
            at_once_max: self.queries_max,
        }
    }

    /// The bounds on connections, with so many open files.
    pub(crate) fn connection_limits(&self, files_max: u64) -> ConnectionLimits {
        let numbers = ConnectionNumbers {
            all_max: self.connections_max,
            per_address_max: self.connections_per_address_max,
        };
        let (all_max, per_address_max) = numbers.within(files_max);
        ConnectionLimits {
            all_max,
            per_address_max,
            request_timeout: self.request_timeout,
            response_timeout: self.response_timeout,
            idle_timeout: self.idle_timeout,
        }
    }
}

impl RetentionSettings {
    /// For the store.
    ///
    /// # Errors
    /// Finer cells would be kept longer than coarser ones.
    pub(crate) fn retention(&self) -> Result<Retention, ConfigError> {
        for (finer, finer_kept, coarser, coarser_kept) in [
            ("retention", self.retention, "retention_1m", self.retention_1m),
            ("retention_1m", self.retention_1m, "retention_15m", self.retention_15m),
        ] {
            if finer_kept > coarser_kept {
                return Err(ConfigError::RetentionOrder { finer, coarser });
            }
        }
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Ok(Retention {
            slot_ms: ms(self.retention),
            minute_ms: ms(self.retention_1m),
            quarter_ms: ms(self.retention_15m),
            size_bytes: self.retention_size,
        })
    }
}
