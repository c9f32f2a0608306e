//! CPU time and memory of a process, from /proc, and a stopwatch.

use std::time::Instant;

/// Measures the wall-clock and CPU time of this process.
#[derive(Debug)]
pub struct Stopwatch {
    cpu_s: f64,
    started: Instant,
}

impl Stopwatch {
    /// Starts to measure.
    ///
    /// # Errors
    /// The system has no /proc.
    pub fn start() -> std::io::Result<Self> {
        Ok(Self { cpu_s: cpu_seconds(std::process::id())?, started: Instant::now() })
    }

    /// Wall-clock time since the start, in seconds.
    #[must_use]
    pub fn wall_s(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// CPU time of all threads since the start, in seconds.
    ///
    /// # Errors
    /// The system has no /proc.
    pub fn cpu_s(&self) -> std::io::Result<f64> {
        Ok(cpu_seconds(std::process::id())? - self.cpu_s)
    }
}

/// User and system time of a process in seconds (proc(5): fields 14 and 15 of `stat`, in ticks of 10 ms).
///
/// # Errors
/// The process has ended or the system has no /proc.
pub fn cpu_seconds(pid: u32) -> std::io::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    let mut ticks = || fields.next().and_then(|field| field.parse::<f64>().ok());
    let both = ticks().zip(ticks()).map(|(user, system)| (user + system) / 100.0);
    both.ok_or_else(|| std::io::Error::other("the process statistics cannot be read"))
}

/// Memory (RSS) of a process, in MB.
///
/// # Errors
/// The process has ended or the system has no /proc.
pub fn rss_mb(pid: u32) -> std::io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kb.map(|kb| kb / 1024).ok_or_else(|| std::io::Error::other("VmRSS is missing"))
}

/// CPU time of the calling thread in seconds (first field of `schedstat`, in ns).
///
/// # Errors
/// The system has no /proc or its kernel does not account for threads.
pub fn thread_cpu_seconds() -> std::io::Result<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let ns = stat.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
    ns.map(|ns| ns / 1e9).ok_or_else(|| std::io::Error::other("schedstat cannot be read"))
}
