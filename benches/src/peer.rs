//! The stores that are compared: how each is started, filled and queried.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::{Answer, BlockingConnection};
use crate::process::{cpu_seconds, rss_mb};

/// How long a server may take to start or to stop.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A store that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// This project.
    Plimsoll,
    /// VictoriaMetrics, single node.
    VictoriaMetrics,
    /// Prometheus.
    Prometheus,
}

/// A query that all stores answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// p95 of every partner over the last 5 minutes.
    EveryPartner,
    /// p95 of every partner over the last hour, by the minute.
    EveryPartnerByMinute,
    /// p95 of one partner over the last 5 minutes.
    OnePartner,
    /// How many requests there were in the hour.
    Total,
}

impl StoreKind {
    /// Every store.
    pub const ALL: [Self; 3] = [Self::Plimsoll, Self::VictoriaMetrics, Self::Prometheus];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plimsoll => "Plimsoll",
            Self::VictoriaMetrics => "VictoriaMetrics",
            Self::Prometheus => "Prometheus",
        }
    }

    /// The names of its program.
    const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Plimsoll => &["plimsoll"],
            Self::VictoriaMetrics => &["victoria-metrics", "victoria-metrics-prod"],
            Self::Prometheus => &["prometheus"],
        }
    }

    /// The program: in the directory of this one or in the path; `None` when it is not installed.
    #[must_use]
    pub fn program(self) -> Option<PathBuf> {
        let beside = std::env::current_exe().ok().and_then(|me| Some(me.parent()?.to_owned()));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let directories = beside.into_iter().chain(std::env::split_paths(&path));
        let found = |directory: PathBuf| {
            let files = self.programs().iter().map(move |name| directory.join(name));
            files.into_iter().find(|file| file.is_file())
        };
        directories.into_iter().find_map(found)
    }

    fn arguments(self, data_dir: &Path, address: SocketAddr) -> Vec<String> {
        let dir = data_dir.display();
        match self {
            Self::Plimsoll => {
                vec!["serve".into(), format!("--data-dir={dir}"), format!("--listen={address}")]
            }
            Self::VictoriaMetrics => vec![
                format!("-storageDataPath={dir}"),
                format!("-httpListenAddr={address}"),
                "-retentionPeriod=1".into(),
            ],
            Self::Prometheus => vec![
                format!("--storage.tsdb.path={dir}"),
                format!("--web.listen-address={address}"),
                format!("--config.file={dir}.yml"),
                "--web.enable-remote-write-receiver".into(),
                "--web.enable-admin-api".into(),
                "--log.level=error".into(),
            ],
        }
    }

    /// A path that costs almost nothing and answers 200 when the server is ready.
    #[must_use]
    pub const fn ready_path(self) -> &'static str {
        match self {
            Self::Plimsoll => "/readyz",
            Self::VictoriaMetrics => "/health",
            Self::Prometheus => "/-/ready",
        }
    }

    /// The path of pushes.
    #[must_use]
    pub const fn write_path(self) -> &'static str {
        match self {
            Self::Plimsoll => "/api/v1/push",
            Self::VictoriaMetrics | Self::Prometheus => "/api/v1/write",
        }
    }

    /// The query in the language of the store, about the time up to `end_ms`.
    #[must_use]
    pub fn path(self, query: Query, end_ms: i64) -> String {
        match self {
            Self::Plimsoll => plimsoll_path(query, end_ms),
            Self::VictoriaMetrics | Self::Prometheus => promql_path(query, end_ms),
        }
    }

    /// The number of series and points of an answer, and the value of [`Query::Total`].
    #[must_use]
    pub fn shape(self, query: Query, body: &[u8]) -> Shape {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let plimsoll = self == Self::Plimsoll;
        let series = if plimsoll { &body["series"] } else { &body["data"]["result"] };
        let series = series.as_array().map_or(&[][..], Vec::as_slice);
        let points = |one: &Value| {
            let points = if plimsoll { &one["points"] } else { &one["values"] };
            points.as_array().map_or(1, Vec::len)
        };
        let total = if plimsoll {
            body["series"][0]["points"][0]["count"].as_f64()
        } else {
            let text = body["data"]["result"][0]["value"][1].as_str();
            text.and_then(|text| text.parse().ok())
        };
        Shape {
            series: series.len(),
            points: series.iter().map(points).sum(),
            total: total.filter(|_| query == Query::Total).unwrap_or_default(),
        }
    }
}

/// The part of an answer that must be equal for all stores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// The number of series.
    pub series: usize,
    /// The number of points of all series.
    pub points: usize,
    /// The answer to [`Query::Total`]; 0 for other queries.
    pub total: f64,
}

fn plimsoll_path(query: Query, end_ms: i64) -> String {
    let start_ms = end_ms - 3_600_000;
    let first_ms = start_ms + 60_000;
    match query {
        Query::EveryPartner => format!(
            "/api/v1/query/latency?stream=requests&by=partner&q=0.95&window=5m&end={end_ms}"
        ),
        Query::EveryPartnerByMinute => format!(
            "/api/v1/query/latency?stream=requests&by=partner&q=0.95&step=1m&start={first_ms}&end={end_ms}"
        ),
        Query::OnePartner => format!(
            "/api/v1/query/latency?stream=requests&partner=partner-007&q=0.95&window=5m&end={end_ms}"
        ),
        Query::Total => {
            format!("/api/v1/query/outcomes?stream=requests&start={start_ms}&end={end_ms}")
        }
    }
}

fn promql_path(query: Query, end_ms: i64) -> String {
    let end_s = end_ms / 1000;
    let instant = |promql: &str| {
        let query: String = form_urlencoded::byte_serialize(promql.as_bytes()).collect();
        format!("/api/v1/query?nocache=1&time={end_s}&query={query}")
    };
    let p95 = |by: &str, of: &str, window: &str| {
        format!(
            "histogram_quantile(0.95, sum by ({by}) \
             (increase(request_duration_seconds_bucket{of}[{window}])))"
        )
    };
    match query {
        Query::EveryPartner => instant(&p95("partner, le", "", "5m")),
        Query::EveryPartnerByMinute => {
            let promql = p95("partner, le", "", "1m");
            let query: String = form_urlencoded::byte_serialize(promql.as_bytes()).collect();
            let first_s = end_s - 3_540;
            format!(
                "/api/v1/query_range?nocache=1&start={first_s}&end={end_s}&step=60&query={query}"
            )
        }
        Query::OnePartner => instant(&p95("le", "{partner=\"partner-007\"}", "5m")),
        Query::Total => instant("sum(request_duration_seconds_count)"),
    }
}

/// A running server. It is killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts a store on an empty directory and waits until it is ready.
    ///
    /// # Errors
    /// The program cannot be started or is not ready in time.
    pub fn start(kind: StoreKind, program: &Path, data_dir: &Path) -> io::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        if kind == StoreKind::Prometheus {
            std::fs::write(format!("{}.yml", data_dir.display()), "global: {}\n")?;
        }
        let child = Command::new(program)
            .args(kind.arguments(data_dir, address))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self { child, address };
        let started = Instant::now();
        loop {
            let ready = server.connect().and_then(|mut one| one.get(kind.ready_path()));
            if ready.is_ok_and(|answer| answer.status == 200) {
                return Ok(server);
            }
            if started.elapsed() > TIMEOUT {
                return Err(io::Error::other(format!("{} is not ready in time", kind.name())));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Opens a new connection to it.
    ///
    /// # Errors
    /// The connection is refused.
    pub fn connect(&self) -> io::Result<BlockingConnection> {
        BlockingConnection::open(self.address)
    }

    /// Its CPU time so far, in seconds.
    ///
    /// # Errors
    /// The process has ended.
    pub fn cpu_seconds(&self) -> io::Result<f64> {
        cpu_seconds(self.child.id())
    }

    /// Its memory (RSS) in MB.
    ///
    /// # Errors
    /// The process has ended.
    pub fn rss_mb(&self) -> io::Result<u64> {
        rss_mb(self.child.id())
    }

    /// Stops it with SIGTERM and waits for its end.
    ///
    /// # Errors
    /// It does not end in time.
    pub fn stop(mut self) -> io::Result<()> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status()?;
        let started = Instant::now();
        while self.child.try_wait()?.is_none() {
            if started.elapsed() > TIMEOUT {
                return Err(io::Error::other("the server does not stop"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both calls fail when the process has already ended, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The size in bytes of all files below a directory.
///
/// # Errors
/// The directory cannot be read.
pub fn bytes_below(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_below(&entry.path())? } else { metadata.len() };
    }
    Ok(bytes)
}

/// The body of an answer with status 2xx.
///
/// # Errors
/// Any other status, with the beginning of the body.
pub fn accepted(answer: Answer) -> io::Result<Vec<u8>> {
    if (200..300).contains(&answer.status) {
        return Ok(answer.body);
    }
    let text = String::from_utf8_lossy(&answer.body);
    let text: String = text.chars().take(300).collect();
    Err(io::Error::other(format!("answered {}: {text}", answer.status)))
}
