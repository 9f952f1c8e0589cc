//! `castile db`: migrate, backup, restore and check the store that the settings name.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::{Db, DbCommand, Global};
use super::{Exit, Outcome, Screen, runtime, target};
use crate::config::Config;
use crate::store::{AnyStore, BackupError, BackupSummary, Load, Store, StoreError, backup, restore};

/// Runs the command.
pub(super) fn run(screen: &Screen, global: &Global, args: &Db) -> Outcome {
    let file = target::config_file(global);
    let config = target::config(screen, global)?;
    let beside = file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_path_buf();
    runtime(screen)?.block_on(async {
        let store = open(screen, &config, &beside, &args.command).await?;
        let ended = match &args.command {
            DbCommand::Migrate => migrated(screen, &store).await,
            DbCommand::Backup { file } => back_up(screen, &store, file).await,
            DbCommand::Restore { file, replace } => {
                let how = if *replace { Load::Replace } else { Load::IntoEmpty };
                restored(screen, &store, file, how).await
            }
            DbCommand::Check => check(screen, &store).await,
        };
        store.close().await;
        ended
    })
}

/// Opens the store. What only reads makes no database where there is none.
async fn open(screen: &Screen, config: &Config, beside: &Path, command: &DbCommand) -> Outcome<AnyStore> {
    if let (Some(file), DbCommand::Backup { .. } | DbCommand::Check) = (AnyStore::sqlite_file(&config.store, beside), command)
        && !file.is_file()
    {
        screen.error(&format!("there is no database {}", file.display()));
        return Err(Exit::Problem);
    }
    let opened = match command {
        DbCommand::Check => AnyStore::open_as_it_is(&config.store, beside).await,
        DbCommand::Migrate | DbCommand::Backup { .. } | DbCommand::Restore { .. } => AnyStore::open(&config.store, beside).await,
    };
    opened.map_err(|e| failed(screen, &e))
}

/// Says why the store did not do it.
fn failed(screen: &Screen, error: &StoreError) -> Exit {
    screen.error(&error.to_string());
    if error.is_transient() { Exit::Unreachable } else { Exit::Problem }
}

/// Opening has done it.
async fn migrated(screen: &Screen, store: &AnyStore) -> Outcome {
    let generation = store.generation().await.map_err(|e| failed(screen, &e))?;
    let backend = store.state().backend;
    if screen.json {
        return Ok(screen.answer(json!({ "store": backend, "generation": generation }).to_string().as_bytes()));
    }
    screen.say(&format!("the {backend} database has the newest schema"));
    Ok(Exit::Fine)
}

async fn back_up(screen: &Screen, store: &AnyStore, file: &Path) -> Outcome {
    let cannot = |e: &io::Error| {
        screen.error(&format!("{} cannot be written: {e}", file.display()));
        Exit::Problem
    };
    if file.exists() {
        return Err(screen.usage(&format!("{} is there already", file.display())));
    }
    // It appears under its name when it is whole.
    let part = part_of(file);
    let out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(|e| cannot(&e))?;
    let made = backup(store, BufWriter::new(&out)).await;
    let kept = made.and_then(|summary| {
        out.sync_all()?;
        std::fs::hard_link(&part, file)?;
        Ok(summary)
    });
    let _gone = std::fs::remove_file(&part);
    match kept {
        Ok(summary) => Ok(told(screen, "kept", file, &summary)),
        Err(BackupError::Store(error)) => Err(failed(screen, &error)),
        Err(BackupError::Io(error)) => Err(cannot(&error)),
        Err(error @ (BackupError::Line { .. } | BackupError::OtherDatabase)) => {
            screen.error(&error.to_string());
            Err(Exit::Problem)
        }
    }
}

fn part_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".part{}", std::process::id()));
    file.with_file_name(name)
}

async fn restored(screen: &Screen, store: &AnyStore, file: &Path, how: Load) -> Outcome {
    match restore(store, || File::open(file).map(BufReader::new), how).await {
        Ok(summary) => Ok(told(screen, "restored", file, &summary)),
        Err(BackupError::Store(StoreError::NotEmpty)) => {
            screen.error("the store is not empty; `--replace` removes what is in it");
            Err(Exit::Problem)
        }
        Err(BackupError::Store(error)) => Err(failed(screen, &error)),
        Err(error) => {
            screen.error(&format!("{}: {error}", file.display()));
            Err(Exit::Problem)
        }
    }
}

/// What a backup holds.
fn told(screen: &Screen, done: &str, file: &Path, summary: &BackupSummary) -> Exit {
    if screen.json {
        return screen.answer(json!({ "file": file.display().to_string(), "holds": summary }).to_string().as_bytes());
    }
    let records: u64 = summary.records.values().sum();
    screen.say(&format!(
        "{done} {records} records, {} revisions of APIs and {} audit entries: {}",
        summary.revisions,
        summary.audit,
        file.display()
    ));
    Exit::Fine
}

async fn check(screen: &Screen, store: &AnyStore) -> Outcome {
    let found = store.check().await.map_err(|e| failed(screen, &e))?;
    let head = store.audit_head().await.map_err(|e| failed(screen, &e))?;
    let exit = if found.is_empty() { Exit::Fine } else { Exit::Problem };
    let sentences: Vec<String> = found.iter().map(ToString::to_string).collect();
    if screen.json {
        let document = json!({ "good": found.is_empty(), "audit_head": head.to_string(), "damage": sentences });
        let answered = screen.answer(document.to_string().as_bytes());
        return Ok(if answered == Exit::Fine { exit } else { answered });
    }
    for sentence in &sentences {
        screen.error(sentence);
    }
    if found.is_empty() {
        screen.say("everything is as it was written");
    }
    // Written down elsewhere it shows later that nothing up to here was taken away.
    screen.say(&format!("audit log up to {head}"));
    Ok(exit)
}
