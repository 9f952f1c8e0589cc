//! `castile api|app|subscription|key|plan|user|tenant|client|issuer|secret|token|signing|instance …`: the objects of a running server, by its admin API.

pub(super) mod access;
pub(super) mod api;
pub(super) mod args;
pub(super) mod delivery;
pub(super) mod remote;
pub(super) mod secret;
pub(super) mod token;
mod wanted;

use std::io::{self, IsTerminal};

use clap::Subcommand;
use comfy_table::Table;
use http::Method;
use serde_json::Value;

use self::args::{Key, Noun, User};
use self::remote::Remote;
use self::wanted::{Shown, Wanted, Wants};
use super::args::Global;
use super::{Exit, Outcome, Screen, runtime};
use crate::net::secret::Secret;

/// Runs a command about an object.
pub(super) fn run<C: Subcommand + Wants>(screen: &Screen, global: &Global, noun: Noun<C>) -> Outcome {
    let wanted = noun.command.wanted().map_err(|e| screen.usage(&e))?;
    let remote = Remote::new(screen, global, noun.tenant)?;
    runtime(screen)?.block_on(done(screen, &remote, wanted))
}

/// Runs a command about a key: the one to rotate may be the only one of an application.
pub(super) fn key(screen: &Screen, global: &Global, mut noun: Noun<Key>) -> Outcome {
    if let Key::Rotate { id, app: Some(app), .. } = &mut noun.command {
        let remote = Remote::new(screen, global, noun.tenant.clone())?;
        let path = ["applications", app.as_str(), "keys"].map(str::to_owned);
        let keys = runtime(screen)?.block_on(remote.list(&path, &[]))?;
        // One that was rotated before has an end.
        let mut lasting = keys.iter().filter(|k| k["expires"].is_null());
        *id = match (lasting.next(), lasting.next()) {
            (Some(one), None) => one["id"].as_str().map(str::to_owned),
            (Some(_), Some(_)) => {
                return Err(screen.usage(&format!("{app} has several keys; `castile key list --app {app}` shows their ids")));
            }
            (None, _) => return Err(screen.usage(&format!("{app} has no key without an end"))),
        };
    }
    run(screen, global, noun)
}

/// `castile audit`.
#[derive(Debug, clap::Args)]
pub(super) struct Audit {
    /// Another tenant than one's own, for administrators of the tenant default
    #[arg(long, value_name = "T")]
    tenant: Option<String>,
    /// The newest entries only
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    last: u16,
    /// Go on with what is done from now on, until Ctrl-C
    #[arg(long, short = 'f')]
    follow: bool,
}

/// What a table of the audit log shows.
const AUDIT: &[&str] = &["seq", "at", "actor", "action", "object", "summary"];
/// Between two looks of `--follow`.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);
/// Entries that one request of `--follow` takes; as many requests follow as there are entries.
const LOOKED_AT: u16 = 1_000;

/// Shows the end of the audit log, the oldest entry first.
pub(super) fn audit(screen: &Screen, global: &Global, args: Audit) -> Outcome {
    let remote = Remote::new(screen, global, args.tenant)?;
    runtime(screen)?.block_on(async {
        let (mut entries, _) = newest(&remote, args.last, None).await?;
        entries.reverse();
        let mut shown = seq(entries.last());
        let mut ended = list(screen, &entries, AUDIT);
        while args.follow && ended == Exit::Fine {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
            entries = since(&remote, shown).await?;
            shown = shown.max(seq(entries.last()));
            if !entries.is_empty() {
                ended = list(screen, &entries, AUDIT);
            }
        }
        Ok(ended)
    })
}

fn seq(entry: Option<&Value>) -> u64 {
    entry.and_then(|e| e["seq"].as_u64()).unwrap_or(0)
}

/// The entries after that one, the oldest first, however many there are.
async fn since(remote: &Remote<'_>, shown: u64) -> Outcome<Vec<Value>> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let (part, next) = newest(remote, LOOKED_AT, cursor).await?;
        let new = part.iter().take_while(|e| seq(Some(e)) > shown).count();
        // One that was shown already is among them, or there are no more.
        let is_all = new < part.len() || next.is_none();
        all.extend(part.into_iter().take(new));
        cursor = next;
        if is_all {
            all.reverse();
            return Ok(all);
        }
    }
}

/// So many of the newest entries, or of those behind a cursor, the newest first; and where the next begin.
async fn newest(remote: &Remote<'_>, most: u16, cursor: Option<String>) -> Outcome<(Vec<Value>, Option<String>)> {
    let query: Vec<_> = [("limit", Some(most.to_string())), ("cursor", cursor)].into_iter().filter_map(|(n, v)| Some((n, v?))).collect();
    let mut part = remote.send(Method::GET, &["audit".to_owned()], &query, None).await?;
    let next = part.get("next").and_then(Value::as_str).map(str::to_owned);
    match part.get_mut("items").map(Value::take) {
        Some(Value::Array(entries)) => Ok((entries, next)),
        _ => Ok((Vec::new(), next)),
    }
}

/// Runs a command about a user: one's own password is changed by who has it, not by the token of the machine.
pub(super) fn user(screen: &Screen, global: &Global, noun: Noun<User>) -> Outcome {
    let User::Password { user, old_password_file, .. } = &noun.command else { return run(screen, global, noun) };
    if noun.tenant.is_some() {
        return Err(screen.usage("`user password` takes TENANT/NAME in the place of `--tenant`"));
    }
    let old = wanted::password(old_password_file).map_err(|e| screen.usage(&e))?;
    let remote = Remote::of_user(screen, global, user, &Secret::new(old))?;
    let wanted = noun.command.wanted().map_err(|e| screen.usage(&e))?;
    runtime(screen)?.block_on(done(screen, &remote, wanted))
}

async fn done(screen: &Screen, remote: &Remote<'_>, wanted: Wanted) -> Outcome {
    let Wanted { method, path, query, mut body, over, shown } = wanted;
    if let Shown::List(columns) = shown {
        return Ok(list(screen, &remote.list(&path, &query).await?, columns));
    }
    if over {
        let mut there = remote.send(Method::GET, &path, &query, None).await?;
        if let (Value::Object(there), Some(Value::Object(given))) = (&mut there, body.take()) {
            there.extend(given);
        }
        body = Some(there);
    }
    let answer = remote.send(method, &path, &query, body.as_ref()).await?;
    Ok(match shown {
        Shown::Gone(_) if screen.json => Exit::Fine,
        Shown::Gone(sentence) => {
            screen.say(&sentence);
            Exit::Fine
        }
        Shown::Secret(member) if !screen.json => secret(screen, &answer, member),
        Shown::Whole(columns) => list(screen, answer.get("items").and_then(Value::as_array).map_or(&[], Vec::as_slice), columns),
        Shown::List(_) | Shown::One | Shown::Secret(_) if screen.json => screen.answer(answer.to_string().as_bytes()),
        Shown::List(_) | Shown::One | Shown::Secret(_) => one(screen, &answer),
    })
}

/// The secret alone on standard output, so that it can be taken from there; the rest beside it.
fn secret(screen: &Screen, answer: &Value, member: &str) -> Exit {
    let Some(secret) = answer.get(member).and_then(Value::as_str) else { return one(screen, answer) };
    let named = ["client_id", "name", "id"].into_iter().find_map(|n| Some((n, answer.get(n)?.as_str()?)));
    if let Some((name, value)) = named {
        screen.say(&format!("{name}: {value}"));
    }
    screen.say(&format!("This {} is shown once and kept nowhere:", member.replace('_', " ")));
    screen.answer(secret.as_bytes())
}

/// A list: a table on a terminal, else a line for each with tabs.
fn list(screen: &Screen, items: &[Value], columns: &[&str]) -> Exit {
    if screen.json {
        return screen.answer(Value::from(items.to_vec()).to_string().as_bytes());
    }
    let rows = items.iter().map(|item| columns.iter().map(|c| cell(&item[*c])).collect::<Vec<_>>());
    if !io::stdout().is_terminal() {
        let lines: String = rows.map(|r| r.join("\t") + "\n").collect();
        return if lines.is_empty() { Exit::Fine } else { screen.answer(lines.as_bytes()) };
    }
    if items.is_empty() {
        screen.say("there are none");
        return Exit::Fine;
    }
    let mut table = plain_table();
    table.set_header(columns.iter().map(|c| screen.paint("1", &c.to_uppercase().replace('_', " "))));
    table.add_rows(rows);
    screen.answer(table.trim_fmt().as_bytes())
}

/// An object: a line for each member.
fn one(screen: &Screen, object: &Value) -> Exit {
    let rows = object.as_object().into_iter().flatten().map(|(name, value)| [name.replace('_', " "), cell(value)]);
    let mut table = plain_table();
    table.add_rows(rows);
    screen.answer(table.trim_fmt().as_bytes())
}

fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table
}

/// A value as people read it; what may be a control character of a terminal is left out.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        Value::Object(members) => members.iter().map(|(name, v)| format!("{name}={}", cell(v))).collect::<Vec<_>>().join(", "),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    };
    text.chars().filter(|c| !c.is_control()).collect()
}
