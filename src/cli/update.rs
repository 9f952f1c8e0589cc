//! `castile update`: a newer WSDL of an API; edits and names stay, what breaks callers is listed.

use std::fmt::Write;

use serde_json::{Value, json};

use super::args::{Global, Update as Asked};
use super::target::Wanted;
use super::{Exit, Outcome, Screen, target};
use crate::catalog;
use crate::import::update::{self, Kept, Update};
use crate::plan::compare::{Change, Effect};

/// Operations that a line names.
const NAMED: usize = 4;

/// Compares, reports, and carries it out where nothing stands against it.
pub(super) fn run(screen: &Screen, global: &Global, asked: &Asked) -> Outcome {
    let Some(folder) = target::api_folder(screen, global, &asked.api)? else {
        return Err(screen.usage(&format!("there is no API `{}` here; `castile import` makes one", asked.api)));
    };
    let name = folder.canonicalize().unwrap_or_else(|_| folder.clone());
    let name = name.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let content = catalog::read_api(&folder).map_err(|b| target::say_built(screen, &b))?;
    let wanted = Wanted { root: asked.root.as_deref(), ca: asked.ca.as_deref(), ..Wanted::new(&asked.wsdl) };
    let loaded = target::load_wsdl(screen, global, &wanted)?;
    let made = screen.progress(&format!("comparing {}", asked.wsdl), || update::update(&name, &content, loaded));
    let update = made.map_err(|failed| {
        screen.diagnostics(&failed.diagnostics, &failed.sources);
        screen.error(&format!("{name} was not updated ({}); nothing was written", Screen::count(&failed.diagnostics)));
        Exit::Problem
    })?;
    let refused = !update.fits() || update.breaks() && !asked.accept_breaking;
    let kept = match refused || asked.dry_run || update.same {
        true => None,
        false => Some(update::place(&folder, &update).map_err(|e| {
            screen.error(&format!("{} cannot be updated: {e}; it is as it was", folder.display()));
            Exit::Problem
        })?),
    };
    if screen.json {
        screen.answer(serde_json::to_string_pretty(&to_json(&update, kept.as_ref())).unwrap_or_default().as_bytes());
    } else {
        screen.diagnostics(&update.diagnostics, &update.sources);
        let mut text = String::new();
        let _infallible = write_text(&mut text, &update);
        screen.answer(text.as_bytes());
        say_outcome(screen, asked, &update, kept.as_ref());
    }
    Ok(if refused { Exit::Problem } else { Exit::Fine })
}

fn say_outcome(screen: &Screen, asked: &Asked, update: &Update, kept: Option<&Kept>) {
    let name = &update.name;
    if !update.fits() {
        screen.error(&format!("edits of {name} do not fit the new WSDL ({}); nothing was written", Screen::count(&update.diagnostics)));
    } else if update.breaks() && !asked.accept_breaking {
        screen.error(&format!("{name} was not updated: callers would notice; `--accept-breaking` carries it out"));
    } else if let Some(kept) = kept {
        screen.say(&format!("Updated {name}; what was there before is in {}", kept.previous.display()));
    } else if !update.same {
        screen.say(&format!("{name} can be updated; nothing was written"));
    }
}

fn faces(change: &Change) -> &'static str {
    let worst = change.effect();
    match (change.rest == worst, change.soap == worst) {
        (true, true) => "REST and SOAP",
        (true, false) => "REST",
        (false, _) => "SOAP",
    }
}

fn write_text(out: &mut String, update: &Update) -> std::fmt::Result {
    if update.same {
        return writeln!(out, "{}: it is the WSDL that is there already; nothing to do", update.name);
    }
    if update.is_quiet() {
        writeln!(out, "{}: no change that a caller could notice", update.name)?;
    }
    for (effect, title) in [(Effect::Breaking, "Breaking"), (Effect::Harmless, "Harmless")] {
        let resources: Vec<_> = update.resources.iter().filter(|r| r.effect() == effect).collect();
        let changes: Vec<_> = update.changes.iter().filter(|c| c.effect() == effect).collect();
        if resources.is_empty() && changes.is_empty() {
            continue;
        }
        writeln!(out, "{title}:")?;
        for r in resources {
            writeln!(out, "  {} {}: {} [resource, REST]", r.method.as_str(), r.path, r.text())?;
        }
        for c in changes {
            let named = c.operations.iter().take(NAMED).map(|o| &**o).collect::<Vec<_>>().join(", ");
            let more = c.operations.len().saturating_sub(NAMED);
            let named = if more > 0 { format!("{named} and {more} more") } else { named };
            let whom = if named.is_empty() { "all".to_owned() } else { named };
            let place = if c.place.is_empty() { String::new() } else { format!("{} ", c.place) };
            let type_ = c.type_.as_ref().map(|t| format!(", type {t}")).unwrap_or_default();
            writeln!(out, "  {whom}: {place}{} [{}, {}{type_}]", c.text, c.kind.word(), faces(c))?;
        }
    }
    if !update.kept.is_empty() {
        writeln!(out, "Kept:")?;
        update.kept.iter().try_for_each(|k| writeln!(out, "  {k}"))?;
    }
    Ok(())
}

fn to_json(update: &Update, kept: Option<&Kept>) -> Value {
    let changes: Vec<Value> = update
        .changes
        .iter()
        .map(|c| {
            json!({
                "change": c.kind.word(), "effect": c.effect().word(), "rest": c.rest.word(), "soap": c.soap.word(),
                "operations": c.operations, "place": c.place, "type": c.type_, "text": c.text,
            })
        })
        .collect();
    let resources: Vec<Value> = update
        .resources
        .iter()
        .map(|r| {
            json!({
                "method": r.method.as_str(), "path": &*r.path, "operation": &*r.operation, "effect": r.effect().word(), "text": r.text(),
            })
        })
        .collect();
    let findings: Vec<_> = update.diagnostics.iter().map(|d| json!(d.finding(&update.sources))).collect();
    json!({
        "api": update.name,
        "same": update.same,
        "fits": update.fits(),
        "breaking": update.breaks(),
        "updated": kept.is_some(),
        "previous": kept.map(|k| k.previous.display().to_string()),
        "changes": changes,
        "resources": resources,
        "kept": update.kept,
        "diagnostics": findings,
    })
}
