//! `castile schema`: JSON Schema (2020-12) of what people write, for editors. Those of `castile.yaml` and of
//! sequences are made from the tables of their readers.

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::{Exit, Outcome, Screen};
use crate::api;
use crate::config::{self, SettingKind};
use crate::sequence::Sequence;

#[derive(Debug, clap::Args)]
pub(super) struct Schema {
    /// Which kind of file: castile.yaml, an api.yaml, or a sequence
    kind: FileKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileKind {
    Config,
    Api,
    Sequence,
}

/// Prints the schema.
pub(super) fn run(screen: &Screen, args: &Schema) -> Outcome {
    let pretty = |schema: &Value| {
        serde_json::to_string_pretty(schema).map_err(|e| {
            screen.error(&e.to_string());
            Exit::Problem
        })
    };
    let text = match args.kind {
        FileKind::Config => pretty(&settings())?,
        FileKind::Api => api::SCHEMA.to_owned(),
        FileKind::Sequence => pretty(&Sequence::schema())?,
    };
    Ok(screen.answer(text.as_bytes()))
}

/// The schema of `castile.yaml`: an empty value leaves the default, and unknown settings are errors.
fn settings() -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "castile.yaml",
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {},
    });
    for setting in config::settings() {
        let mut value = kind(&setting.kind);
        if setting.kind != SettingKind::Group {
            let variable = format!("CASTILE_{}", setting.path.to_ascii_uppercase().replace('.', "__"));
            let description = format!("Also {variable}, or a file's content by {variable}_FILE");
            if let Some(members) = value.as_object_mut() {
                members.insert("description".to_owned(), description.into());
            }
        }
        if let Some(place) = place(&mut schema, &setting.path) {
            *place = value;
        }
    }
    schema
}

/// Where the schema of a setting stands.
fn place<'a>(schema: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split('.').try_fold(schema, |group, key| {
        let properties = group.as_object_mut()?.entry("properties").or_insert_with(|| json!({}));
        Some(properties.as_object_mut()?.entry(key).or_insert(Value::Null))
    })
}

fn kind(kind: &SettingKind) -> Value {
    match kind {
        SettingKind::Group => json!({ "type": ["object", "null"], "additionalProperties": false, "properties": Map::new() }),
        SettingKind::Boolean => json!({ "type": ["boolean", "null"] }),
        SettingKind::Count => json!({ "type": ["integer", "null"], "minimum": 0 }),
        SettingKind::Word(words) => {
            let words = words.iter().map(|w| Value::from(*w)).chain([Value::Null]);
            json!({ "enum": words.collect::<Vec<_>>() })
        }
        SettingKind::Text => json!({ "type": ["string", "number", "boolean", "null"] }),
        SettingKind::List => {
            json!({ "type": ["array", "string", "number", "null"], "items": { "type": ["string", "number", "boolean"] } })
        }
    }
}
