//! The settings of each step as a table: what the reader lets pass, and what editors are told.

use serde_json::{Map, Value, json};

use super::VERBS;
use super::call::MAX_PARALLEL;
use super::reader::{MAX_STEPS, Reader};
use crate::sequence::Sequence;
use crate::sequence::expr::Path;
use crate::yaml::Node;

/// What stands below a verb.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// Nothing: `{}`.
    Nothing,
    /// A value by itself.
    One(Kind),
    /// Settings by name.
    Settings(&'static [Setting]),
    /// The first settings where one of that name is there, else the others.
    Either(&'static str, &'static [Setting], &'static [Setting]),
    /// Settings by name, of which just one of these is there.
    OneOf(&'static [&'static str], &'static [Setting]),
}

/// A setting: its name, what it takes, and whether it must be there.
pub(super) type Setting = (&'static str, Kind, bool);

/// What a setting takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A JSON pointer.
    Pointer,
    /// One pointer, or a list of them.
    Pointers,
    /// The name of a header field.
    Field,
    /// One name, or a list of them.
    Fields,
    /// A text, with expressions between `{{` and `}}`.
    Text,
    /// A text without expressions.
    Plain,
    /// Any value, with expressions in its texts.
    Any,
    /// An expression.
    Expression,
    /// A status between these.
    Status(u16, u16),
    /// The status of an answer with a body.
    Answered,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A table of scalars.
    Table,
    /// A scalar.
    Scalar,
    /// A JSON Schema.
    Schema,
    /// A list of calls.
    Calls,
    /// Steps.
    Steps,
    /// A table of steps.
    Cases,
}

const MUST: bool = true;
const MAY: bool = false;

/// The settings of a verb, and what it does.
pub(super) fn form(verb: &str) -> Option<(Form, &'static str)> {
    FORMS.iter().find(|(name, ..)| *name == verb).map(|(_, form, text)| (*form, *text))
}

/// Every verb. A verb of [`VERBS`] without a row is a failure of a test.
static FORMS: &[(&str, Form, &str)] = {
    use Form::{Either, Nothing, One, OneOf, Settings};
    use Kind::{
        Answered, Any, Calls, Cases, Expression, Field, Fields, Plain, Pointer, Pointers, Scalar, Schema, Status, Steps, Table, Text, Word,
    };
    &[
        ("set_header", Settings(&[("name", Field, MUST), ("value", Text, MUST)]), "Sets a header field; an absent value removes it."),
        ("remove_header", One(Fields), "Removes header fields."),
        ("rename_header", Settings(&[("from", Field, MUST), ("to", Field, MUST)]), "Gives a header field another name."),
        ("set", Settings(&[("to", Pointer, MUST), ("value", Any, MUST)]), "Puts a value; an absent one removes what is there."),
        ("remove", One(Pointers), "Takes away what stands at pointers."),
        ("rename", Settings(&[("from", Pointer, MUST), ("to", Pointer, MUST)]), "Gives another name in the same object."),
        ("move", Settings(&[("from", Pointer, MUST), ("to", Pointer, MUST)]), "Takes a value to another place."),
        ("copy", Settings(&[("from", Pointer, MUST), ("to", Pointer, MUST)]), "Copies a value to another place."),
        ("keep", One(Pointers), "Removes everything but this."),
        ("default", Settings(&[("to", Pointer, MUST), ("value", Any, MUST)]), "Puts a value where nothing is."),
        ("map", Settings(&[("at", Pointer, MUST), ("values", Table, MUST), ("otherwise", Scalar, MAY)]), "Takes a value from a table."),
        ("cast", Settings(&[("at", Pointer, MUST), ("to", Word(&["text", "number", "boolean"]), MUST)]), "Makes a scalar of another kind."),
        ("if", Settings(&[("when", Expression, MUST), ("then", Steps, MUST), ("else", Steps, MAY)]), "Decides by a condition."),
        (
            "switch",
            Settings(&[("value", Expression, MUST), ("cases", Cases, MUST), ("default", Steps, MAY)]),
            "Decides by the text of a value.",
        ),
        (
            "require",
            OneOf(
                &["scope", "header", "when"],
                &[
                    ("scope", Plain, MAY),
                    ("header", Field, MAY),
                    ("when", Expression, MAY),
                    ("status", Status(400, 499), MAY),
                    ("detail", Text, MAY),
                ],
            ),
            "Refuses calls without a scope, a header field, or of which a condition does not hold.",
        ),
        ("respond", Settings(&[("status", Status(200, 599), MAY), ("json", Any, MAY)]), "Answers now."),
        (
            "fail",
            Settings(&[("status", Status(400, 599), MUST), ("code", Plain, MAY), ("title", Text, MAY), ("detail", Text, MAY)]),
            "Refuses with a problem document.",
        ),
        ("set_status", One(Answered), "Chooses the status of the answer."),
        ("set_property", Settings(&[("name", Plain, MUST), ("value", Any, MUST)]), "Keeps a value for this call."),
        ("log", Settings(&[("message", Text, MUST), ("paths", Pointers, MAY)]), "Writes a line into the log."),
        (
            "call",
            Either(
                "parallel",
                &[("parallel", Calls, MUST), ("timeout", Plain, MAY), ("on_fault", Steps, MAY)],
                &[
                    ("operation", Plain, MUST),
                    ("as", Plain, MUST),
                    ("api", Plain, MAY),
                    ("json", Any, MAY),
                    ("schema", Schema, MAY),
                    ("timeout", Plain, MAY),
                    ("on_fault", Steps, MAY),
                ],
            ),
            "Calls operations of this or another API.",
        ),
        (
            "cache",
            Settings(&[("name", Plain, MUST), ("key", Text, MAY), ("lifetime", Plain, MUST), ("fill", Steps, MUST), ("value", Any, MUST)]),
            "Keeps a value from call to call.",
        ),
        ("retry", Settings(&[("drop", Plain, MUST)]), "Forgets a value and begins the request again, once."),
        (
            "set_soap_header",
            OneOf(
                &["header", "element"],
                &[
                    ("header", Plain, MAY),
                    ("element", Plain, MAY),
                    ("value", Any, MUST),
                    ("qualified", Scalar, MAY),
                    ("must_understand", Scalar, MAY),
                    ("role", Plain, MAY),
                ],
            ),
            "Puts a block into the SOAP Header.",
        ),
        (
            "template",
            OneOf(
                &["file", "text"],
                &[
                    ("file", Plain, MAY),
                    ("text", Plain, MAY),
                    ("as", Word(&["json", "soap"]), MAY),
                    ("partials", Table, MAY),
                    ("schema", Schema, MAY),
                ],
            ),
            "Writes the message by a Handlebars template.",
        ),
        ("to_soap", Nothing, "Makes the envelope. Ends the request path."),
        ("to_json", Settings(&[("unwrap", Plain, MAY)]), "Makes JSON of the reply. Begins the response path."),
        ("to_problem", Nothing, "Makes a problem document of the fault. Ends the fault path."),
    ]
};

impl Form {
    /// Has a step the settings that it must have, and no others? Says what is wrong.
    pub(super) fn fits(self, reader: &mut Reader<'_, '_>, node: &Node) -> bool {
        let settings: &[Setting] = match self {
            Self::One(_) => return true,
            Self::Nothing => &[],
            Self::Settings(settings) | Self::OneOf(_, settings) => settings,
            Self::Either(name, with, without) => {
                if reader.file.fields(node).has(&[name]) {
                    with
                } else {
                    without
                }
            }
        };
        let before = reader.file.diagnostics.len();
        let mut given = reader.file.fields(node);
        for (name, _, must) in settings {
            if *must {
                given.need(reader.file, name);
            } else {
                given.take(name);
            }
        }
        given.end(reader.file);
        reader.file.diagnostics.len() == before
    }

    fn schema(self, path: Path) -> Value {
        match self {
            Self::Nothing => json!({ "type": ["object", "null"], "maxProperties": 0 }),
            Self::One(kind) => kind.schema(path),
            Self::Either(_, with, without) => json!({ "oneOf": [Self::Settings(with).schema(path), Self::Settings(without).schema(path)] }),
            Self::OneOf(names, settings) => {
                let mut schema = Self::Settings(settings).schema(path);
                let one: Vec<Value> = names.iter().map(|name| json!({ "required": [name] })).collect();
                if let Some(members) = schema.as_object_mut() {
                    members.insert("type".into(), json!("object"));
                    members.insert("oneOf".into(), json!(one));
                }
                schema
            }
            Self::Settings(settings) => {
                let properties: Map<String, Value> =
                    settings.iter().map(|(name, kind, _)| ((*name).to_owned(), kind.schema(path))).collect();
                let required: Vec<&str> = settings.iter().filter(|(.., must)| *must).map(|(name, ..)| *name).collect();
                let kinds = if required.is_empty() { json!(["object", "null"]) } else { json!("object") };
                json!({ "type": kinds, "properties": properties, "required": required, "additionalProperties": false })
            }
        }
    }
}

impl Kind {
    fn schema(self, path: Path) -> Value {
        let refer = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
        match self {
            Self::Pointer => refer("pointer"),
            Self::Pointers => json!({ "oneOf": [refer("pointer"), { "type": "array", "items": refer("pointer"), "minItems": 1 }] }),
            Self::Field => refer("field"),
            Self::Fields => json!({ "oneOf": [refer("field"), { "type": "array", "items": refer("field"), "minItems": 1 }] }),
            Self::Text => json!({ "type": ["string", "number", "boolean"], "description": "`{{` and `}}` stand around expressions." }),
            Self::Plain => json!({ "type": ["string", "number", "boolean"] }),
            Self::Any => json!({ "description": "In texts `{{` and `}}` stand around expressions." }),
            Self::Schema => json!({ "type": "object", "description": "A JSON Schema." }),
            Self::Expression => json!({ "type": ["string", "number", "boolean"], "description": "An expression." }),
            Self::Answered => {
                // A fault's answer is a problem, whose status is that of an error.
                let least = if path == Path::Fault { 400 } else { 200 };
                json!({ "type": "integer", "minimum": least, "maximum": 599, "not": { "enum": [204, 205, 304] } })
            }
            Self::Status(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
            Self::Word(words) => json!({ "enum": words }),
            Self::Table => json!({ "type": "object", "minProperties": 1, "additionalProperties": Self::Scalar.schema(path) }),
            Self::Scalar => json!({ "type": ["string", "number", "boolean", "null"] }),
            Self::Calls => {
                let one = Form::Settings(&[
                    ("operation", Self::Plain, MUST),
                    ("as", Self::Plain, MUST),
                    ("api", Self::Plain, MAY),
                    ("json", Self::Any, MAY),
                    ("schema", Self::Schema, MAY),
                ]);
                json!({ "type": "array", "items": one.schema(path), "minItems": 1, "maxItems": MAX_PARALLEL, "uniqueItems": true })
            }
            Self::Steps => refer(&format!("{}_steps", path.word())),
            Self::Cases => json!({ "type": "object", "additionalProperties": refer(&format!("{}_steps", path.word())) }),
        }
    }
}

/// The JSON Schema (2020-12) of a sequence file.
pub(in crate::sequence) fn schema() -> Value {
    let mut definitions = Map::new();
    definitions.insert(
        "pointer".into(),
        json!({ "type": "string", "pattern": "^(/([^~]|~[01])*)?$", "description": "A JSON pointer, `*` for each item of a list." }),
    );
    definitions.insert("field".into(), json!({ "type": "string", "pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" }));
    let mut paths = Map::new();
    for path in [Path::Request, Path::Response, Path::Fault] {
        let word = path.word();
        definitions.insert(format!("{word}_steps"), json!({ "type": "array", "maxItems": MAX_STEPS, "items": step(path, false) }));
        let conversion = conversion(path);
        let once = json!({ "type": "object", "required": [conversion] });
        let all = json!({ "type": "array", "maxItems": MAX_STEPS, "items": step(path, true), "contains": once, "minContains": 1, "maxContains": 1 });
        paths.insert(word.to_owned(), all);
    }
    paths.insert("version".into(), json!({ "const": Sequence::VERSION }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A sequence of Castile",
        "type": "object",
        "properties": paths,
        "required": ["version", "request", "response", "fault"],
        "additionalProperties": false,
        "$defs": definitions,
    })
}

fn conversion(path: Path) -> &'static str {
    match path {
        Path::Request => "to_soap",
        Path::Response => "to_json",
        Path::Fault => "to_problem",
    }
}

/// A step of a path: one verb. `whole`: also the path's conversion, which stands in no other step.
fn step(path: Path, whole: bool) -> Value {
    let mut verbs = Map::new();
    for (verb, ..) in VERBS.iter().filter(|(verb, paths, _)| paths.contains(&path) && (whole || *verb != conversion(path))) {
        let Some((form, text)) = form(verb) else { continue };
        let mut made = form.schema(path);
        if let Some(members) = made.as_object_mut() {
            members.insert("description".into(), json!(text));
        }
        verbs.insert((*verb).to_owned(), made);
    }
    json!({ "type": "object", "properties": verbs, "minProperties": 1, "maxProperties": 1, "additionalProperties": false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_its_settings_and_no_others_have() {
        let mut verbs: Vec<_> = VERBS.iter().map(|(verb, ..)| *verb).collect();
        let mut forms: Vec<_> = FORMS.iter().map(|(verb, ..)| *verb).collect();
        verbs.sort_unstable();
        forms.sort_unstable();
        assert_eq!(verbs, forms);
    }
}
