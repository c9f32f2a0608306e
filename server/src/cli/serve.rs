//! `plimsoll serve`: opens the store and serves until a signal stops it.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use plimsoll_alerting::rule::read_text_file;
use plimsoll_alerting::{Evaluator, HeartbeatTarget, parse_time};
use plimsoll_storage::{Options, Store, TimestampMs};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::{CommandError, backup};
use crate::access::{Grant, Hosts, Keys, Scope};
use crate::admission::{BodyMemory, HeavyBodies, Queries};
use crate::app::{self, App, Delivery, LoadedRules, Rules, RulesCheck, Stop};
use crate::backtest::jobs::Jobs;
use crate::config::{Config, ConfigFlags, ServerSettings};
use crate::connections::{self, ConnectionLimits};
use crate::self_metrics::start_logs;
use crate::{clock, http, memory};

/// How long after the signal background tasks, such as an attempt to deliver, may go on: longer than
/// requests.
const TASKS_END: Duration = Duration::from_millis(3_500);
/// How long threads that use the store may take to end after that.
const THREADS_END: Duration = Duration::from_millis(500);
/// How often it is checked whether they have.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Logged when no alert can reach anybody.
const NOBODY_IS_NOTIFIED: &str = "nobody is notified of alerts: no rule has a receiver; define receivers in a rules file, name them in \
     `notify` of its rules, and give it with --rules FILE";

/// Bytes of a file with a key.
const KEY_FILE_BYTES_MAX: u64 = 4 << 10;
/// Logged when everybody on the network may do everything.
const INSECURE: &str = "INSECURE: there are no keys, and others reach this address: everybody may do everything; make a key \
     with `plimsoll keys create`";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigFlags,
    /// Evaluate the rules over stored history from this time on, and notify receivers of what fires
    ///
    /// For use after an import: alerts are found and receivers notified in the order of the data. A time
    /// before the oldest stored data means all of it, and long stretches without data are passed over.
    /// Without this flag, alerts that fired and resolved while the server was down are recorded, and nobody
    /// is notified of them.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    evaluate_from: Option<TimestampMs>,
}

pub(super) fn run(args: Args) -> Result<(), CommandError> {
    memory::set_purge_delay();
    let Config { server: config, retention } = args.config.resolve()?;
    let _flushed_at_the_end = start_logs(config.log_format, &config.log_level)?;
    let limits = config.connection_limits(connections::raise_limit());
    tracing::info!(
        connections = limits.all_max,
        per_address = limits.per_address_max,
        "bounds on connections"
    );
    let mut options = Options::new(&config.data_dir);
    options.slot_width = config.slot;
    options.durability = config.durability;
    options.retention = retention;
    options.streams_max = config.streams_max;
    match config.memory {
        Some(bytes) => options.memory_bytes = memory::within_machine(bytes)?,
        None => options.cache_growth_bytes_max = memory::cells_bytes_max(),
    }
    let store = Arc::new(Store::open(&options)?);
    let keys = open_keys(&config, &store)?;
    let rules = app::load_rules(config.rules.as_deref(), store.slot_width())?;
    tracing::info!("{rules}");
    if rules.notify_nobody() {
        tracing::warn!("{NOBODY_IS_NOTIFIED}");
    }
    tracing::info!(data_dir = %config.data_dir.display(), streams = store.stats().streams, "opened the store");
    store.trust_clock_until(clock::trusted_until());
    backup::remove_unfinished(config.backup_dir.as_deref());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = Arc::clone(&store);
    runtime.block_on(serve(&config, limits, served, keys, rules, args.evaluate_from))?;
    runtime.shutdown_timeout(THREADS_END);
    match store.flush_for_stop() {
        Ok(true) => {}
        Ok(false) => tracing::info!("much was appended lately; the next start replays the journal"),
        Err(error) => {
            tracing::warn!(%error, "the head cannot be sealed; the next start replays the journal");
        }
    }
    store.end_compactions();
    wait_until_unused(&store);
    tracing::info!("stopped");
    Ok(())
}

/// The keys of a server, with the first one that a setting may give.
///
/// # Errors
/// There is none, and the server would listen on an address that others reach.
fn open_keys(config: &ServerSettings, store: &Arc<Store>) -> Result<Arc<Keys>, CommandError> {
    let keys = Keys::load(Arc::clone(store))?;
    if let (Some(path), false) = (&config.admin_key_file, keys.are_required()) {
        let now = clock::now();
        let by = ("the setting `admin_key_file`", now);
        let grant = Grant::new("admin", Scope::ALL.into(), &[], None, by)?;
        let text = read_text_file(path, KEY_FILE_BYTES_MAX)?;
        if !keys.add(text.trim(), grant, now)? {
            return Err(format!(
                "{} does not hold the text of a key; make one with `plimsoll keys generate`",
                path.display()
            )
            .into());
        }
        tracing::info!(path = %path.display(), "the file has the first key");
    }
    if keys.are_required() {
        tracing::info!(keys = keys.list().len(), "every request takes a key");
    } else if config.listen.ip().is_loopback() {
        tracing::info!("there are no keys: whoever reaches this port may do everything");
    } else if config.insecure_no_auth {
        tracing::error!(listen = %config.listen, "{INSECURE}");
    } else {
        let address = config.listen;
        return Err(format!(
            "the server has no keys, and others reach {address}: make one with `plimsoll keys create --name \
             admin --scope admin --data-dir {}`, or listen on 127.0.0.1",
            config.data_dir.display()
        )
        .into());
    }
    Ok(Arc::new(keys))
}

/// Waits until no thread uses the store any more, so that it is closed when this process ends.
fn wait_until_unused(store: &Arc<Store>) {
    let start = std::time::Instant::now();
    while Arc::strong_count(store) > 1 && start.elapsed() < THREADS_END {
        std::thread::sleep(LOOK_EVERY);
    }
}

/// What to do about an address that cannot be used.
const OTHER_ADDRESS: &str = "choose another address with setting `listen`";

async fn serve(
    config: &ServerSettings,
    limits: ConnectionLimits,
    store: Arc<Store>,
    keys: Arc<Keys>,
    loaded: LoadedRules,
    evaluate_from: Option<TimestampMs>,
) -> Result<(), CommandError> {
    let in_force = loaded.to_string();
    let LoadedRules { rules, file } = loaded;
    let evaluator = Evaluator::new(Arc::clone(&store), Arc::clone(&rules))?;
    let allow_private_receivers = config.allow_private_receivers;
    let check = RulesCheck { store: Arc::clone(&store), allow_private_receivers };
    let notifier = check.notifier(&rules)?;
    let heartbeat = heartbeat_target(config)?;
    check.reserve_partners(&rules);
    let (rules, reload) = Rules::new(rules);
    let listener = connections::bind(config.listen)
        .map_err(|error| format!("cannot listen on {}: {error}; {OTHER_ADDRESS}", config.listen))?;
    let address = listener.local_addr()?;
    let listen_url = format!("http://{address}");
    let base_url = config.external_url.as_deref().unwrap_or(&listen_url);
    let mut evaluator = evaluator.with_base_url(base_url);
    if let Some(from) = evaluate_from {
        if from > clock::now() {
            return Err("--evaluate-from lies in the future; give a time of stored data".into());
        }
        evaluator.rewind_to(from)?;
    }
    let (allowed, external) = (&config.allowed_host, config.external_url.as_deref());
    let app = App {
        store,
        keys,
        rules,
        base_url: Arc::from(base_url.trim_end_matches('/')),
        hosts: Arc::new(Hosts::new(address.ip(), allowed, external)),
        control: Arc::new(RwLock::new(notifier.control())),
        bodies: BodyMemory::of_requests(),
        answers: BodyMemory::of_answers(),
        heavy_bodies: HeavyBodies::default(),
        queries: Queries::new(config.query_limits()),
        backtests: Jobs::default(),
        metrics: Arc::default(),
        backup_dir: config.backup_dir.as_deref().map(Arc::from),
        groups_left_out: Arc::default(),
        data_dir: Arc::from(config.data_dir.as_path()),
        progress: Arc::default(),
    };
    let (stop_sender, stop) = watch::channel(false);
    let mut background = JoinSet::new();
    let (rules, control) = (app.rules.clone(), Arc::clone(&app.control));
    let delivery = Delivery { rules, check: check.clone(), control };
    background.spawn(app::follow_rules(file, reload, check, stop.clone()));
    background.spawn(app::watch_health(app.clone(), stop.clone()));
    maintain_store(&app, &stop, &mut background);
    background.spawn(app::evaluate(app.clone(), evaluator, stop.clone()));
    let delivery = app::deliver(delivery, notifier, stop.clone());
    background.spawn(app::watched("delivery", app.clone(), stop.clone(), delivery));
    if let Some(target) = heartbeat {
        background.spawn(app::send_heartbeats(app.clone(), target, stop.clone()));
    }
    greet(address, &in_force, app.keys.are_required())?;
    let signalled_at = answer_requests(listener, limits, app.clone(), stop_sender, stop).await;
    end_work(&app, background, signalled_at + TASKS_END).await;
    Ok(())
}

/// Begins what keeps the store in shape.
fn maintain_store(app: &App, stop: &Stop, background: &mut JoinSet<()>) {
    let recovery = app::recover(app.clone(), stop.clone());
    background.spawn(app::watched("recovery", app.clone(), stop.clone(), recovery));
    let sealing = app::seal(app.clone(), stop.clone());
    background.spawn(app::watched("sealing", app.clone(), stop.clone(), sealing));
    background.spawn(app::note_use_of_keys(app.clone(), stop.clone()));
    background.spawn(app::preload(app.clone(), stop.clone()));
    background.spawn(app::compact(app.clone(), stop.clone()));
}

/// Ends what a server does besides answering requests.
async fn end_work(app: &App, mut background: JoinSet<()>, until: Instant) {
    // Queries without a client, warm-up and backtests end at their next read.
    app.store.end_reads();
    app.backtests.stop();
    let tasks = async { while background.join_next().await.is_some() {} };
    if timeout_at(until, tasks).await.is_err() {
        tracing::warn!(
            "background tasks did not finish in time; deliveries are tried again after the next start"
        );
    }
}

/// Answers requests until a signal arrives, and returns when that was; requests that run then may finish.
async fn answer_requests(
    listener: TcpListener,
    limits: ConnectionLimits,
    app: App,
    stop_sender: watch::Sender<bool>,
    stop: Stop,
) -> Instant {
    let metrics = app.metrics.connections.clone();
    let signals = async move {
        let name = stop_signal().await;
        tracing::info!(signal = name, "stopping: waiting for running requests");
        stop_sender.send_replace(true);
        Instant::now()
    };
    let served = connections::serve(listener, http::router(app), limits, metrics, stop);
    let (signalled_at, unfinished) = tokio::join!(signals, served);
    if unfinished > 0 {
        tracing::warn!(requests = unfinished, "some requests did not finish in time");
    }
    signalled_at
}

async fn stop_signal() -> &'static str {
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(error) => {
                tracing::error!(%error, "SIGTERM cannot be handled");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => "SIGINT",
        () = terminate => "SIGTERM",
    }
}

/// Which monitor outside is requested.
fn heartbeat_target(config: &ServerSettings) -> Result<Option<HeartbeatTarget>, CommandError> {
    let target = |url| HeartbeatTarget::new(url, config.allow_private_receivers);
    Ok(config.heartbeat.as_ref().map(target).transpose()?)
}

/// Prints the address of the server, the rules in force and a first command.
fn greet(address: SocketAddr, in_force: &str, takes_key: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{address}")?;
    writeln!(out, "{in_force}")?;
    let key = if takes_key { " -H \"X-Api-Key: $PLIMSOLL_KEY\"" } else { "" };
    writeln!(out, "try: {}{key}", first_push(address))?;
    out.flush()
}

/// A push that works without a change: the event happens now.
fn first_push(address: SocketAddr) -> String {
    format!(
        "curl -s http://{address}/api/v1/push --json '{{\"events\":[{{\"stream\":\"requests\",\"partner\":\"dhl\",\"operation\":\"create_label\",\"at\":{},\"status\":200,\"latency_ms\":132.4}}]}}'",
        clock::now().0
    )
}
