//! `/publish/apis/{api}/files`: the texts that people write of an API, its definition and its sequences, with what the checker says at their lines, and a
//! run with a sample.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::super::applications::Choice;
use super::trial::{Sample, Traced, asked, example, failed, sent, traced};
use super::{Head, Opened, PUBLISHER, Shown, Wrong, at, expected, in_query, wrong};
use crate::catalog::{DEFINITION, PublishedApi};
use crate::manage::ManageError;
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get, post, upload};
use crate::portal::visit::Visit;
use crate::publish::{PLAIN_SEQUENCE, Publish};

/// Resources to choose from.
const MAX_RESOURCES: usize = 300;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/publish/apis/{api}/files", PUBLISHER), files)
        .with(post("/publish/apis/{api}/sequences", PUBLISHER), add)
        .with(get("/publish/apis/{api}/edit", PUBLISHER), show)
        .with(upload("/publish/apis/{api}/edit", PUBLISHER), save)
}

#[derive(Serialize)]
struct Files {
    api: Head,
    files: Vec<File>,
    /// Resources without a sequence of their own.
    resources: Vec<Choice>,
    wrong: Option<Wrong>,
}

#[derive(Serialize)]
struct File {
    path: String,
    query: String,
    about: String,
}

async fn files(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    listed(&portal, &visit, StatusCode::OK, None).await
}

async fn listed(portal: &Portal, visit: &Visit, status: StatusCode, wrong: Option<Wrong>) -> Result<Answer, Fail> {
    let opened = Opened::of(portal, visit).await?;
    let definition = Publish::definition(&opened.latest)?;
    let of = |path: &str| {
        let named = definition.resources.iter().filter(|r| r.sequence.as_deref() == Some(path));
        named.map(|r| format!("{} {}", r.method.as_str(), r.path)).collect::<Vec<_>>().join(", ")
    };
    let mut files = vec![File { path: DEFINITION.to_owned(), query: DEFINITION.to_owned(), about: "the definition".to_owned() }];
    files.extend(edited(&opened).into_keys().filter(|p| p != DEFINITION).map(|path| File {
        query: in_query(&path),
        about: of(&path),
        path,
    }));
    let api = portal.publish.compiled(&opened.actor, &opened.latest).await?;
    let has = |r: &crate::catalog::PublishedResource| {
        definition.resources.iter().any(|d| d.method == r.method && *d.path == *r.path && d.sequence.is_some())
    };
    let choice = |r: &crate::catalog::PublishedResource| {
        let name = format!("{} {}", r.method.as_str(), r.path);
        Choice { value: name.clone(), text: name, chosen: false }
    };
    let shown = Files {
        files,
        resources: api.resources.iter().filter(|r| !has(r)).take(MAX_RESOURCES).map(choice).collect(),
        api: opened.head(),
        wrong,
    };
    Answer::page(portal, visit, status, "publish_files", "Sequences", &shown)
}

/// The texts that people write: the definition, sequences and their templates.
fn edited(opened: &Opened) -> BTreeMap<String, Arc<str>> {
    let content = &opened.latest.content;
    let folder = content.definition.name.strip_suffix(DEFINITION).unwrap_or_default();
    let own = std::iter::once(&content.definition).chain(&content.sequences);
    own.map(|d| (d.name.strip_prefix(folder).unwrap_or(&d.name).to_owned(), d.text.clone())).collect()
}

async fn add(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let opened = Opened::of(&portal, &visit).await?;
    let api = portal.publish.compiled(&opened.actor, &opened.latest).await?;
    let resource = visit.form.get("resource");
    let path = free_path(&edited(&opened), &resource);
    let made = portal.publish.add_sequence(&opened.actor, &api, expected(&visit)?, &resource, (&path, PLAIN_SEQUENCE)).await;
    match made {
        Ok(_) => Ok(Answer::see(at(&api.name, &format!("/edit?file={}", in_query(&path))))),
        Err(error) => listed(&portal, &visit, StatusCode::BAD_REQUEST, Some(wrong(error)?)).await,
    }
}

/// A path for the sequence of a resource that no file has yet.
fn free_path(there: &BTreeMap<String, Arc<str>>, resource: &str) -> String {
    let plain: String = resource.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(60).collect();
    let words: Vec<&str> = plain.split('-').filter(|w| !w.is_empty()).collect();
    let stem = words.join("-");
    let paths = (1..).map(|n| if n == 1 { format!("sequences/{stem}.yaml") } else { format!("sequences/{stem}-{n}.yaml") });
    paths.into_iter().find(|p| !there.contains_key(p)).unwrap_or_default()
}

#[derive(Serialize)]
struct Editor {
    api: Head,
    file: String,
    query: String,
    text: String,
    /// The text with what is wrong in it, a line each; empty where nothing is.
    lines: Vec<Line>,
    said: &'static str,
    /// The resource that is run; empty for a file that is no sequence.
    resource: String,
    sample: Sample,
    may_call: bool,
    traced: Option<Traced>,
    wrong: Option<Wrong>,
}

#[derive(Serialize)]
struct Line {
    text: String,
    found: Vec<Shown>,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let said = if visit.query.get("saved") == "yes" { "Saved, and in force within two seconds." } else { "" };
    page(&portal, &visit, StatusCode::OK, said, None, None).await
}

async fn page(
    portal: &Portal,
    visit: &Visit,
    status: StatusCode,
    said: &'static str,
    traced: Option<Traced>,
    wrong: Option<Wrong>,
) -> Result<Answer, Fail> {
    let opened = Opened::of(portal, visit).await?;
    let file = visit.form.trimmed("file").or_else(|| visit.query.trimmed("file")).unwrap_or_else(|| DEFINITION.to_owned());
    let kept = edited(&opened).remove(&file).ok_or(Fail::Nowhere)?;
    let is_sent = !visit.form.get("do").is_empty();
    let text = if is_sent { visit.form.get("text") } else { kept.to_string() };
    let api = portal.publish.compiled(&opened.actor, &opened.latest).await?;
    let (resource, index) = resource_of(&opened, &api, &file)?;
    let (wrong, lines) = at_lines(&text, &file, wrong);
    let editor = Editor {
        query: in_query(&file),
        text,
        lines,
        said,
        sample: if is_sent { sent(visit, &api, index) } else { example(&api, index) },
        resource,
        may_call: portal.publish.calls_services(),
        traced,
        wrong,
        file,
        api: opened.head(),
    };
    Answer::page(portal, visit, status, "publish_edit", "Edit", &editor)
}

/// The first resource that has the file for its sequence, and its index.
fn resource_of(opened: &Opened, api: &PublishedApi, file: &str) -> Result<(String, usize), Fail> {
    let definition = Publish::definition(&opened.latest)?;
    let named = definition.resources.iter().find(|r| r.sequence.as_deref() == Some(file));
    let Some(named) = named else { return Ok((String::new(), 0)) };
    let index = api.resources.iter().position(|r| r.method == named.method && *r.path == *named.path);
    Ok((format!("{} {}", named.method.as_str(), named.path), index.unwrap_or(0)))
}

/// Takes what is wrong in the file to its lines; the rest stays above.
fn at_lines(text: &str, file: &str, wrong: Option<Wrong>) -> (Option<Wrong>, Vec<Line>) {
    let Some(mut wrong) = wrong else { return (None, Vec::new()) };
    // A draft is called `sequence`, a file by its path in the folder.
    let is_here = |f: &Shown| f.line > 0 && (f.place.starts_with("sequence,") || f.place.contains(&format!("{file}, line")));
    let (here, elsewhere): (Vec<Shown>, Vec<Shown>) = std::mem::take(&mut wrong.found).into_iter().partition(is_here);
    wrong.found = elsewhere;
    if here.is_empty() {
        return (Some(wrong), Vec::new());
    }
    let line = |(index, text): (usize, &str)| Line {
        text: text.to_owned(),
        found: here.iter().filter(|f| f.line == index + 1).cloned().collect(),
    };
    (Some(wrong), text.lines().enumerate().map(line).collect())
}

async fn save(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, name) = (visit.actor()?, visit.path("api"));
    let (file, text) = (visit.form.get("file"), visit.form.get("text"));
    let opened = Opened::of(&portal, &visit).await?;
    if !edited(&opened).contains_key(&file) {
        return Err(Fail::Nowhere);
    }
    if visit.form.get("do") == "run" {
        let api = portal.publish.compiled(&actor, &opened.latest).await?;
        let (resource, _) = resource_of(&opened, &api, &file)?;
        if resource.is_empty() {
            let none = ManageError::invalid("file", "the sequence of a resource", &file);
            return page(&portal, &visit, StatusCode::BAD_REQUEST, "", None, Some(wrong(none)?)).await;
        }
        let asked = crate::publish::Asked { sequence: Some(text), ..asked(&visit, resource) };
        return match portal.publish.try_out(&actor, name, asked).await {
            Ok(report) => page(&portal, &visit, StatusCode::OK, "Run, and not saved.", Some(traced(report)), None).await,
            Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, "", None, Some(failed(error)?)).await,
        };
    }
    let put = portal.publish.put(&actor, name, expected(&visit)?, |texts| _ = texts.insert(file.clone(), text.into())).await;
    match put {
        Ok(_) => Ok(Answer::see(at(name, &format!("/edit?file={}&saved=yes", in_query(&file))))),
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, "", None, Some(wrong(error)?)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_get_paths_of_their_own() {
        let mut there = BTreeMap::new();
        assert_eq!(free_path(&there, "GET /a/{id}/B"), "sequences/get-a-id-b.yaml");
        there.insert("sequences/get-a-id-b.yaml".to_owned(), Arc::from(""));
        assert_eq!(free_path(&there, "GET /a/{id}/B"), "sequences/get-a-id-b-2.yaml");
    }
}
