//! Validators of what a document says, and services taken in parallel.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use jsonschema::{Registry, Validator};
use serde_json::{Value, json};

/// Makes validators of a document's schemas.
pub struct Schemas<'d> {
    registry: Registry<'d>,
}

const DOCUMENT: &str = "json-schema:///document";

impl<'d> Schemas<'d> {
    pub fn of(document: &'d Value) -> Self {
        Self { registry: Registry::new().add(DOCUMENT, document).unwrap().prepare().unwrap() }
    }

    /// The schema at a JSON pointer into the document.
    pub fn at(&self, pointer: &str) -> Result<Validator, String> {
        let schema =
            json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": format!("{DOCUMENT}#{}", fragment(pointer)) });
        jsonschema::options().with_registry(&self.registry).build(&schema).map_err(|e| e.to_string())
    }
}

/// A JSON pointer as a URI's fragment.
fn fragment(pointer: &str) -> String {
    const SET: &percent_encoding::AsciiSet =
        &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`').add(b'{').add(b'}').add(b'%').add(b'^').add(b'|');
    percent_encoding::utf8_percent_encode(pointer, SET).to_string()
}

/// What is wrong with a value, in words; `None` where nothing is.
pub fn errors(validator: &Validator, value: &Value) -> Option<String> {
    let found: Vec<_> = validator.iter_errors(value).take(3).map(|e| format!("{}: {:.300}", e.instance_path(), e.to_string())).collect();
    (!found.is_empty()).then(|| found.join("; "))
}

/// Does the work for every service, on as many threads as there are cores.
pub fn in_parallel<R: Send>(services: &[(String, PathBuf)], work: impl Fn(&str, &Path) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let take = || {
        while let Some((name, wsdl)) = services.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = work(name, wsdl);
            done.lock().unwrap().push(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(take);
        }
    });
    done.into_inner().unwrap()
}
