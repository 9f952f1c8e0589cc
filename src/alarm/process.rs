//! What this process uses: memory and open files, against what it may. Linux only; elsewhere nothing is looked at.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::time::Instant;

use super::{Kind, begin, end};
use crate::config::AlarmSettings;
use crate::telemetry::names;

/// How many of the open files that are allowed are an alarm, in percent.
const OPEN_FILES: u64 = 80;

/// How much of its memory this process uses, in percent.
static MEMORY_PERCENT: AtomicU8 = AtomicU8::new(0);

/// How much of what it may have of memory this process used when it was looked at last, in percent, at most 255; 0 while nobody looks.
pub fn memory_percent() -> u8 {
    MEMORY_PERCENT.load(Ordering::Relaxed)
}

/// What this process may have of memory, in bytes; `None`: the system does not say.
pub fn memory_limit(settings: &AlarmSettings) -> Option<u64> {
    let set = settings.memory_limit.map(|l| l.0);
    set.or_else(|| MemoryReading::take(Path::new("/")).ok().map(|r| r.limit))
}

/// Looks at this process.
#[derive(Debug)]
pub struct ProcessWatch {
    settings: AlarmSettings,
    root: PathBuf,
    /// Since when memory is near its limit.
    near: Option<Instant>,
}

/// Memory of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryReading {
    /// Bytes that are resident.
    pub used: u64,
    /// Bytes that may be.
    pub limit: u64,
}

impl ProcessWatch {
    /// By these settings.
    pub fn new(settings: AlarmSettings) -> Self {
        Self { settings, root: PathBuf::from("/"), near: None }
    }

    /// Looks once.
    pub fn look(&mut self, now: Instant) {
        if cfg!(target_os = "linux") {
            if let Some(percent) = self.memory(now) {
                MEMORY_PERCENT.store(u8::try_from(percent).unwrap_or(u8::MAX), Ordering::Relaxed);
            }
            self.files();
        }
    }

    /// Gives how much of it is used, in percent.
    fn memory(&mut self, now: Instant) -> Option<u64> {
        let read = readable("memory", MemoryReading::take(&self.root))?;
        let limit = self.settings.memory_limit.map_or(read.limit, |l| l.0);
        metrics::gauge!(names::MEMORY).set(read.used as f64);
        metrics::gauge!(names::MEMORY_LIMIT).set(limit as f64);
        let percent = read.used.saturating_mul(100) / limit.max(1);
        if percent < u64::from(self.settings.memory) {
            self.near = None;
            end(Kind::Memory, "");
            return Some(percent);
        }
        let since = *self.near.get_or_insert(now);
        if now.duration_since(since) >= self.settings.memory_after {
            let (used, limit) = (read.used >> 20, limit >> 20);
            begin(Kind::Memory, "", format!("memory is near its limit: {used} of {limit} MiB ({percent} %)"));
        }
        Some(percent)
    }

    fn files(&self) {
        let Some((open, limit)) = readable("open_files", open_files(&self.root)) else { return };
        metrics::gauge!(names::OPEN_FILES).set(open as f64);
        metrics::gauge!(names::OPEN_FILES_LIMIT).set(limit as f64);
        if open.saturating_mul(100) >= limit.saturating_mul(OPEN_FILES) {
            begin(Kind::OpenFiles, "", format!("{open} of {limit} files and connections that the process may have are open"));
        } else {
            end(Kind::OpenFiles, "");
        }
    }
}

/// What was read; that it was not is an alarm: an alarm that cannot be raised must not look like all is well.
fn readable<T>(metric: &'static str, read: io::Result<T>) -> Option<T> {
    match read {
        Ok(value) => {
            end(Kind::Metric, metric);
            Some(value)
        }
        Err(error) => {
            begin(Kind::Metric, metric, format!("a metric of this process cannot be read: {error}"));
            None
        }
    }
}

impl MemoryReading {
    /// Reads below `root`, which is `/` but in tests: the smallest of what the process's control groups and the machine allow.
    ///
    /// # Errors
    /// A file is missing, or is not as it should be.
    pub fn take(root: &Path) -> io::Result<Self> {
        let used = in_kib(&read(root, "proc/self/status")?, "VmRSS:")?;
        let machine = in_kib(&read(root, "proc/meminfo")?, "MemTotal:")?;
        Ok(Self { used, limit: group_limit(root).map_or(machine, |l| l.min(machine)) })
    }
}

/// Files and connections that are open, and how many may be; below `root`, which is `/` but in tests.
///
/// # Errors
/// A file is missing, or is not as it should be.
pub fn open_files(root: &Path) -> io::Result<(u64, u64)> {
    // The folder itself is open while it is read.
    let open = fs::read_dir(root.join("proc/self/fd"))?.count().saturating_sub(1) as u64;
    let limits = read(root, "proc/self/limits")?;
    let line = limits.lines().find_map(|l| l.strip_prefix("Max open files")).ok_or_else(|| other("Max open files"))?;
    let limit = match line.split_whitespace().next() {
        Some("unlimited") => u64::MAX,
        Some(number) => number.parse().map_err(|_| other("Max open files"))?,
        None => return Err(other("Max open files")),
    };
    Ok((open, limit))
}

/// What the control groups above this process allow (version 2 and 1); `None`: they say nothing.
fn group_limit(root: &Path) -> Option<u64> {
    let groups = read(root, "proc/self/cgroup").ok()?;
    let mut smallest = None::<u64>;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(kinds), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let (base, file) = match kinds {
            "" => ("sys/fs/cgroup", "memory.max"),
            kinds if kinds.split(',').any(|k| k == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        // In a container the path may be the host's: what is above it is looked at too, up to the root of what is mounted.
        let mut folder = Some(Path::new(path.trim_start_matches('/')));
        while let Some(at) = folder {
            let limit = fs::read_to_string(root.join(base).join(at).join(file)).ok().and_then(|t| t.trim().parse().ok());
            smallest = limit.map(|l: u64| smallest.map_or(l, |s| s.min(l))).or(smallest);
            folder = at.parent();
        }
    }
    smallest
}

fn read(root: &Path, file: &str) -> io::Result<String> {
    fs::read_to_string(root.join(file)).map_err(|e| io::Error::new(e.kind(), format!("/{file}: {e}")))
}

/// The number of a line such as `VmRSS:   1234 kB`, in bytes.
fn in_kib(text: &str, name: &str) -> io::Result<u64> {
    let line = text.lines().find_map(|l| l.strip_prefix(name)).ok_or_else(|| other(name))?;
    let number: u64 = line.trim().trim_end_matches("kB").trim().parse().map_err(|_| other(name))?;
    Ok(number.saturating_mul(1 << 10))
}

fn other(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("`{name}` is not there, or no number"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::standing;
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn machine(root: &Path, used_kib: u64) {
        write(root, "proc/self/status", &format!("Name:\tcastile\nVmRSS:\t  {used_kib} kB\nThreads: 3\n"));
        write(root, "proc/meminfo", "MemTotal:       1000 kB\nMemFree: 3 kB\n");
    }

    #[test]
    fn the_smallest_limit_counts() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        machine(root, 10);
        assert_eq!(MemoryReading::take(root).unwrap(), MemoryReading { used: 10_240, limit: 1_024_000 });
        write(root, "proc/self/cgroup", "0::/a/b\n");
        write(root, "sys/fs/cgroup/a/b/memory.max", "max\n");
        write(root, "sys/fs/cgroup/a/memory.max", "20480\n");
        assert_eq!(MemoryReading::take(root).unwrap().limit, 20_480, "what is above it");
        write(root, "proc/self/cgroup", "5:cpu,memory:/host/path\n");
        write(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "30000\n");
        assert_eq!(MemoryReading::take(root).unwrap().limit, 30_000, "version 1, the container's root");
        write(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(MemoryReading::take(root).unwrap().limit, 1_024_000, "no limit: the machine");
    }

    #[test]
    fn memory_near_its_limit_for_a_while_and_one_that_cannot_be_read_are_alarms() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let kinds = || standing().iter().map(|a| a.alarm).filter(|a| ["memory", "metric"].contains(a)).collect::<Vec<_>>();
        let mut watch = ProcessWatch { root: root.to_owned(), ..ProcessWatch::new(AlarmSettings::default()) };
        let began = Instant::now();
        let mut look = |after: u64| {
            watch.memory(began + Duration::from_secs(after));
        };
        machine(root, 700);
        look(0);
        look(59);
        assert_eq!(kinds(), [""; 0], "not for long enough");
        look(60);
        assert_eq!(kinds(), ["memory"]);
        machine(root, 699);
        look(61);
        assert_eq!(kinds(), [""; 0]);
        machine(root, 999);
        look(62);
        assert_eq!(kinds(), [""; 0], "it is counted anew");
        write(root, "proc/self/status", "VmRSS: many kB\n");
        look(63);
        assert_eq!(kinds(), ["metric"]);
        machine(root, 1);
        look(64);
        assert_eq!(kinds(), [""; 0]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_can_be_read() {
        let read = MemoryReading::take(Path::new("/")).unwrap();
        assert!(read.used > 0 && read.limit > read.used, "{read:?}");
        let (open, limit) = open_files(Path::new("/")).unwrap();
        assert!(open > 0 && limit > open, "{open} of {limit}");
    }
}
