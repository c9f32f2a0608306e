use std::sync::mpsc;

use super::*;

/// Passes what is written on, each write when it is taken.
struct Slow(mpsc::SyncSender<Vec<u8>>);

impl Write for Slow {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.send(line.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_stands_still_costs_lines_and_no_time() {
    let (sender, written) = mpsc::sync_channel(0);
    let mut lines = LogLines::start(Slow(sender)).expect("a thread");
    let start = Instant::now();
    for number in 0..LINES_MAX + 500 {
        lines.write_all(format!("{number}\n").as_bytes()).expect("never an error");
    }
    let lost = lines.lost.load(Ordering::Relaxed);
    // One more may be in the hands of the thread.
    assert!((499..=500).contains(&lost), "{lost}");
    LogLines::flush(&lines);
    assert!(start.elapsed() < Duration::from_secs(10));
    // It reads again: what waited comes in order, and notes say how many lines are missing.
    let (mut numbers, mut missing) = (Vec::new(), 0);
    while numbers.len() as u64 + lost < (LINES_MAX + 500) as u64 {
        let line = String::from_utf8(written.recv().expect("a line")).expect("text");
        match line.trim_end().split_once(' ') {
            None => numbers.push(line.trim_end().parse::<usize>().expect("a number")),
            Some((count, _)) => missing += count.parse::<u64>().expect("a count"),
        }
    }
    assert!(numbers.is_sorted());
    assert_eq!(missing, lost);
}

#[test]
fn a_target_that_fails_costs_lines_only() {
    let (sender, written) = mpsc::sync_channel(0);
    drop(written);
    let mut lines = LogLines::start(Slow(sender)).expect("a thread");
    for _ in 0..10 {
        lines.write_all(b"x\n").expect("never an error");
    }
    LogLines::flush(&lines);
    assert_eq!(lines.lost.load(Ordering::Relaxed), 10);
}
