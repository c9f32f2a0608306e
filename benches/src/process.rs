//! What a process costs, from /proc.

/// User and system time of a process (proc(5): fields 14 and 15 of `stat`, in ticks of 10 ms), in
/// seconds.
///
/// # Errors
/// When the process is gone or the system has no /proc.
pub fn cpu_seconds(pid: u32) -> std::io::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
    let mut ticks = || fields.next().and_then(|field| field.parse::<f64>().ok());
    let both = ticks().zip(ticks()).map(|(user, system)| (user + system) / 100.0);
    both.ok_or_else(|| std::io::Error::other("the process statistics cannot be read"))
}

/// Resident memory of a process, in MB.
///
/// # Errors
/// When the process is gone or the system has no /proc.
pub fn resident_mb(pid: u32) -> std::io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kb.map(|kb| kb / 1024).ok_or_else(|| std::io::Error::other("VmRSS is missing"))
}

/// Time that the calling thread has spent on a core, in seconds (first field of `schedstat`, in ns).
///
/// # Errors
/// When the system has no /proc or its kernel keeps no such account.
pub fn thread_cpu_seconds() -> std::io::Result<f64> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let ns = stat.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
    ns.map(|ns| ns / 1e9).ok_or_else(|| std::io::Error::other("schedstat cannot be read"))
}
