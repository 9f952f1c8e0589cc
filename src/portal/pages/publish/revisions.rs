//! `/publish/apis/{api}/revisions`: what was kept of an API, what differs between two, and which is in force.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::super::minute;
use super::{Head, Opened, PUBLISHER};
use crate::manage::{ManageError, WhichRevision};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get};
use crate::portal::visit::Visit;
use crate::publish::{DifferentLine, difference};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/publish/apis/{api}/revisions", PUBLISHER), list).with(get("/publish/apis/{api}/difference", PUBLISHER), differences)
}

#[derive(Serialize)]
struct Revisions {
    api: Head,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    number: u64,
    made: String,
    before: Option<u64>,
    in_force: bool,
    older: bool,
}

async fn list(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let opened = Opened::of(&portal, &visit).await?;
    let entries = portal.manage.revisions(&opened.actor, &opened.status.name).await?;
    let row = |(index, e): (usize, &crate::publish::RevisionEntry)| Row {
        number: e.number,
        made: minute(e.at.as_second()),
        before: index.checked_sub(1).and_then(|i| entries.get(i)).map(|b| b.number),
        in_force: e.number == opened.status.revision,
        older: e.number < opened.status.revision,
    };
    let mut rows: Vec<Row> = entries.iter().enumerate().map(row).collect();
    rows.reverse();
    Answer::page(&portal, &visit, StatusCode::OK, "publish_revisions", "Revisions", &Revisions { rows, api: opened.head() })
}

#[derive(Serialize)]
struct Differences {
    api: Head,
    from: u64,
    to: u64,
    files: Vec<File>,
}

#[derive(Serialize)]
struct File {
    path: String,
    what: &'static str,
    groups: Vec<Vec<Line>>,
    left: usize,
}

#[derive(Serialize)]
struct Line {
    old: String,
    new: String,
    sign: &'static str,
    class: &'static str,
    text: String,
}

async fn differences(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let opened = Opened::of(&portal, &visit).await?;
    let number = |name: &'static str| {
        let text = visit.query.get(name);
        text.parse::<u64>().map_err(|_| ManageError::invalid(name, "the number of a revision", &text))
    };
    let (from, to) = (number("from")?, number("to")?);
    let texts = async |n| -> Result<_, Fail> {
        let found = portal.manage.revision(&opened.actor, &opened.status.name, WhichRevision::Number(n)).await?;
        Ok(found.content.texts())
    };
    let (old, new) = (texts(from).await?, texts(to).await?);
    let compared = tokio::task::spawn_blocking(move || {
        let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let differ = paths.into_iter().filter(|p| old.get(*p) != new.get(*p));
        differ.map(|path| file(path, old.get(path).map(|t| &**t), new.get(path).map(|t| &**t))).collect::<Vec<_>>()
    });
    let files = compared.await.map_err(|_| Fail::Broken("texts cannot be compared".to_owned()))?;
    let title = format!("Revisions {from} and {to}");
    let shown = Differences { files, from, to, api: opened.head() };
    Answer::page(&portal, &visit, StatusCode::OK, "publish_difference", &title, &shown)
}

fn file(path: &str, old: Option<&str>, new: Option<&str>) -> File {
    let what = match (old, new) {
        (None, _) => "new",
        (_, None) => "gone",
        _ => "changed",
    };
    let (groups, left) = difference(old.unwrap_or_default(), new.unwrap_or_default());
    File { path: path.to_owned(), what, groups: groups.into_iter().map(|g| g.into_iter().map(line).collect()).collect(), left }
}

fn line(line: DifferentLine) -> Line {
    let (sign, class) = match (line.old, line.new) {
        (None, _) => ("+", "added"),
        (_, None) => ("-", "removed"),
        _ => (" ", "same"),
    };
    let number = |n: Option<usize>| n.map(|n| n.to_string()).unwrap_or_default();
    Line { old: number(line.old), new: number(line.new), sign, class, text: line.text }
}
