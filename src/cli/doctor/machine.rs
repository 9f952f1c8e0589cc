//! This machine: folders, room, open files, certificates in files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Findings, Level, Patient, certificate};
use crate::alarm;
use crate::net::tls::chain_ends;

/// Less room than this is a note, in bytes.
const ROOM_BYTES: u64 = 1 << 30;
/// Files that a process needs beside its connections.
const OTHER_FILES: u64 = 256;
/// Files of the data folder, none of which others may read.
const PRIVATE: &[&str] = &["castile.db", "castile.key", "admin.token", "snapshot/snapshot.jsonl"];

pub(super) fn look(patient: &Patient, findings: &mut Findings) {
    files(patient, findings);
    data(patient, findings);
    if let Some(tls) = &patient.config.listen.gateway.tls {
        let near = patient.config.alarms.certificate_seconds();
        match fs::read(&tls.certificate).map(|pem| chain_ends(&pem)) {
            Ok(Some(ends)) => certificate("listener gateway".to_owned(), ends, near, findings),
            Ok(None) => findings.add("listener gateway", Level::Problem, "its certificate file holds none", "it must be PEM"),
            Err(error) => findings.add(
                "listener gateway",
                Level::Problem,
                format!("its certificate cannot be read: {error}"),
                "see `listen.gateway.tls`",
            ),
        }
        if let Err(error) = fs::File::open(&tls.key) {
            findings.add("listener gateway", Level::Problem, format!("its key cannot be read: {error}"), "see `listen.gateway.tls`");
        }
    }
}

/// Every connection is two open files at the most: the caller's and the service's.
fn files(patient: &Patient, findings: &mut Findings) {
    let connections = patient.config.limits.http.connections as u64;
    match alarm::open_files(Path::new("/")) {
        Ok((_, limit)) if limit < connections.saturating_add(OTHER_FILES) => findings.add(
            "open files",
            Level::Note,
            format!("{limit} are allowed, and `limits.http.connections` is {connections}"),
            "raise `ulimit -n` (LimitNOFILE of a unit), or lower the limit",
        ),
        Ok((_, limit)) => findings.fine("open files", format!("{limit} are allowed")),
        Err(error) => findings.add("open files", Level::Note, format!("the limit cannot be read: {error}"), "/proc must be there"),
    }
}

fn data(patient: &Patient, findings: &mut Findings) {
    let folder = patient.beside.join("data");
    let Ok(meta) = folder.metadata() else {
        return findings.add("data folder", Level::Note, format!("{} is not there yet", folder.display()), "`castile serve` makes it");
    };
    let mut open = Vec::new();
    if meta.permissions().mode() & 0o077 != 0 {
        open.push(folder.clone());
    }
    let files = PRIVATE.iter().map(|name| folder.join(name));
    open.extend(files.filter(|f| f.metadata().is_ok_and(|m| m.permissions().mode() & 0o077 != 0)));
    if open.is_empty() {
        findings.fine("data folder", format!("{} is its owner's alone", folder.display()));
    }
    for path in open {
        let advice = format!("chmod go= {}", path.display());
        findings.add("data folder", Level::Problem, format!("others may read {}", path.display()), advice);
    }
    disk(&folder, findings);
}

/// Free room; asked on Linux only.
#[cfg(target_os = "linux")]
fn disk(folder: &Path, findings: &mut Findings) {
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let text = format!("{} MiB are free at {}", free >> 20, folder.display());
            if free < ROOM_BYTES { findings.add("disk", Level::Note, text, "make room") } else { findings.fine("disk", text) }
        }
        Err(error) => findings.add("disk", Level::Note, format!("free room cannot be read: {error}"), ""),
    }
}

#[cfg(not(target_os = "linux"))]
fn disk(_: &Path, _: &mut Findings) {}
