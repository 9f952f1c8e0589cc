//! `/publish/import`: a WSDL from files, a zip, an address or a field becomes an API that callers do not find yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::{PUBLISHER, Wrong, at, wrong};
use crate::manage::ManageError;
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get, upload};
use crate::portal::visit::{Upload, Visit};
use crate::publish::{NewApi, NotTaken, Source};

/// What a pasted WSDL is called.
const PASTED: &str = "service.wsdl";
/// The first bytes of a zip.
const ZIP: &[u8] = b"PK\x03\x04";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/publish/import", PUBLISHER), show).with(upload("/publish/import", PUBLISHER), import)
}

#[derive(Default, Serialize)]
struct Form {
    url: String,
    text: String,
    root: String,
    name: String,
    version: String,
    context: String,
    endpoint: String,
    open: bool,
    wrong: Option<Wrong>,
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    Answer::page(&portal, &visit, StatusCode::OK, "publish_import", "Import a WSDL", &Form::default())
}

async fn import(portal: Arc<Portal>, mut visit: Visit) -> Result<Answer, Fail> {
    let actor = visit.actor()?;
    let new = NewApi {
        name: visit.form.trimmed("name"),
        version: visit.form.trimmed("version"),
        context: visit.form.trimmed("context"),
        endpoint: visit.form.trimmed("endpoint"),
        open: visit.form.is_ticked("open"),
    };
    let imported = match source(&portal, &mut visit).await {
        Ok(source) => portal.publish.import(&actor, source, new).await,
        Err(error) => Err(error),
    };
    match imported {
        Ok(name) => Ok(Answer::see(at(&name, ""))),
        Err(error) => {
            let text = |name: &str| visit.form.get(name);
            let form = Form {
                url: text("url"),
                text: text("text"),
                root: text("root"),
                name: text("name"),
                version: text("version"),
                context: text("context"),
                endpoint: text("endpoint"),
                open: visit.form.is_ticked("open"),
                wrong: Some(wrong(error)?),
            };
            Answer::page(&portal, &visit, StatusCode::BAD_REQUEST, "publish_import", "Import a WSDL", &form)
        }
    }
}

/// The documents that a form brought: files, else an address, else a text.
pub(super) async fn source(portal: &Portal, visit: &mut Visit) -> Result<Source, NotTaken> {
    let root = visit.form.trimmed("root");
    let files = std::mem::take(&mut visit.files);
    if !files.is_empty() {
        return of_files(files, root);
    }
    if let Some(url) = visit.form.trimmed("url") {
        return portal.publish.fetched(&url).await;
    }
    match visit.form.trimmed("text") {
        Some(text) => Ok(Source::Texts { files: BTreeMap::from([(PASTED.to_owned(), text.into_bytes())]), root: None }),
        None => Err(ManageError::invalid("documents", "a file, an address, or a text", "nothing").into()),
    }
}

fn of_files(mut files: Vec<Upload>, root: Option<String>) -> Result<Source, NotTaken> {
    if files.len() == 1 && files.iter().all(|f| f.bytes.starts_with(ZIP)) {
        return Ok(Source::Zip { bytes: files.pop().map(|f| f.bytes).unwrap_or_default(), root });
    }
    let mut texts = BTreeMap::new();
    for file in files {
        // A browser names a file of a folder by its path.
        let name = file.name.replace('\\', "/");
        if texts.insert(name.clone(), file.bytes).is_some() {
            return Err(ManageError::invalid("documents", "files of different names", &name).into());
        }
    }
    Ok(Source::Texts { files: texts, root })
}
