//! `multipart/form-data` (RFC 7578) for operations that take binary values: fields become the JSON value that the same call would send,
//! files its base64 strings, without being held in memory.
//!
//! A field's name is a property's name or a JSON pointer (`photo`, `/order/pages/0`), or an attachment's part name. A field of type
//! application/json is JSON; the one named `$body` is the object that the others are put into. Files are fields with a file name or with
//! another type than text/plain. Other fields are read as URL parameters are: by the type of their place.

use std::borrow::Cow;

use bytes::Bytes;

use super::body::{BodyError, RequestBody};
use super::spool::{Spool, SpoolError, Stored};
use super::{CallerBody, rest};
use crate::catalog::PublishedResource;
use crate::json::{Limits, Value, parse, push_pointer};
use crate::mediate::mime::{MediaType, PartHead, Splitter};
use crate::mediate::package::{Upload, Uploads};
use crate::mediate::{Parameter, ParameterIn, parameter_target};
use crate::plan::Program;
use crate::plan::node::MessagePlan;
use crate::problem::{InvalidField, Place, Problem, Reason};

/// The field that is the whole JSON value, but for the others.
const BODY: &str = "$body";

/// A form that was read.
pub(super) struct Form {
    fields: Vec<Field>,
    /// The files, in the order of their fields.
    pub(super) files: Vec<Stored>,
    /// Bytes of the fields that are no files.
    pub(super) text_bytes: u64,
    pub(super) uploads: Uploads,
}

struct Field {
    name: String,
    pointer: String,
    content: Content,
}

enum Content {
    Json(Bytes),
    Text(String),
    /// Index into the form's files, and the type that it says.
    File(usize, Option<String>),
}

impl Form {
    /// Reads a caller's form: files go to temporary files where they are large; the other fields together may have `text_limit` bytes.
    ///
    /// # Errors
    /// What the caller sent is no form, or too much.
    pub(super) async fn read(
        mut body: RequestBody<CallerBody>,
        media_type: &MediaType,
        message: &MessagePlan,
        text_limit: u64,
    ) -> Result<Self, Problem> {
        let bad = |e: SpoolError| match e {
            SpoolError::Mime(e) => Problem::new(Reason::InvalidRequest, 400, format!("The form cannot be read: {e}.")),
            SpoolError::Io(e) => Problem::internal(format!("a part could not be kept: {e}")),
        };
        let mut splitter = Splitter::new(media_type).map_err(|e| bad(e.into()))?;
        let mut spool = Spool::default();
        while let Some(chunk) = body.next().await.map_err(BodyError::problem)? {
            splitter.feed(&chunk, &mut spool).map_err(bad)?;
            spool.settle().await.map_err(bad)?;
        }
        splitter.finish().map_err(|e| bad(e.into()))?;
        let heads = spool.heads().to_vec();
        Self::sort(heads, spool.into_stored(), message, text_limit).await
    }

    async fn sort(heads: Vec<PartHead>, stored: Vec<Stored>, message: &MessagePlan, text_limit: u64) -> Result<Self, Problem> {
        let (mut fields, mut files, mut uploads) = (Vec::new(), Vec::new(), Vec::new());
        let mut text_bytes = 0;
        for (head, stored) in heads.into_iter().zip(stored) {
            let Some(name) = head.name.clone().filter(|n| !n.is_empty()) else {
                return Err(Problem::new(Reason::InvalidRequest, 400, "A part of the form has no name (Content-Disposition: form-data)."));
            };
            let pointer = pointer(&name, message);
            let essence = head.media_type().essence;
            let is_json = essence == "application/json" || name == BODY;
            let is_file = head.file_name.is_some() && name != BODY || !(is_json || matches!(essence.as_str(), "" | "text/plain"));
            if is_file {
                uploads.push(Upload { size: stored.size(), media_type: head.content_type.clone() });
                fields.push(Field { name, pointer, content: Content::File(files.len(), head.content_type) });
                files.push(stored);
                continue;
            }
            text_bytes += stored.size();
            if text_bytes > text_limit {
                let text = format!("The form's fields that are no files are larger than {text_limit} bytes.");
                return Err(Problem::new(Reason::TooLarge, 413, text));
            }
            let bytes = all(&stored).await?;
            let content = match is_json {
                true => Content::Json(bytes),
                false => match String::from_utf8(bytes.to_vec()) {
                    Ok(text) => Content::Text(text),
                    Err(_) => return Err(rest::invalid(vec![wrong(&name, "text in UTF-8", "other bytes")])),
                },
            };
            fields.push(Field { name, pointer, content });
        }
        Ok(Self { fields, files, text_bytes, uploads: Uploads::new(uploads) })
    }

    /// The JSON text that is the base of the value, where there is one.
    pub(super) fn source(&self) -> Bytes {
        let body = self.fields.iter().find(|f| f.name == BODY);
        match body.map(|f| &f.content) {
            Some(Content::Json(bytes)) => bytes.clone(),
            Some(Content::Text(_) | Content::File(..)) | None => Bytes::new(),
        }
    }

    /// The value without its text fields.
    ///
    /// # Errors
    /// A field is no JSON, or there is no place for it.
    pub(super) fn value<'v>(&'v self, source: &'v [u8], program: &Program, message: &MessagePlan) -> Result<Value<'v>, Problem> {
        let mut errors = Vec::new();
        let json = |field: &Field, bytes: &'v [u8], errors: &mut Vec<InvalidField>| match parse(bytes, &Limits::default()) {
            Ok(value) => Some(value),
            Err(e) => {
                errors.push(wrong(&field.name, "JSON in which every name stands once", &e.to_string()));
                None
            }
        };
        let base = self.fields.iter().find(|f| f.name == BODY);
        let mut root = base.and_then(|f| json(f, source, &mut errors)).unwrap_or(Value::Object(Vec::new()));
        if self.fields.iter().filter(|f| f.name == BODY).count() > 1 {
            errors.push(wrong(BODY, "one value for a place", "several"));
        }
        let mut done: Vec<&str> = Vec::new();
        for field in self.fields.iter().filter(|f| f.name != BODY) {
            let value = match &field.content {
                Content::Text(_) => continue,
                Content::Json(bytes) => match json(field, bytes, &mut errors) {
                    Some(value) => value,
                    None => continue,
                },
                Content::File(..) if done.contains(&field.pointer.as_str()) => continue,
                Content::File(..) => {
                    done.push(&field.pointer);
                    self.file_value(field, program, message)
                }
            };
            if let Err(why) = put(&mut root, &field.pointer, value) {
                errors.push(wrong(&field.name, why, "a field"));
            }
        }
        if errors.is_empty() { Ok(root) } else { Err(rest::invalid(errors)) }
    }

    /// All files of one name: the one, or an array of them where the place is one; with its type where the place has room for that.
    fn file_value<'v>(&'v self, field: &'v Field, program: &Program, message: &MessagePlan) -> Value<'v> {
        let pointer = &field.pointer;
        let same = || {
            let all = self.fields.iter().filter(|f| f.pointer == *pointer);
            all.filter_map(|f| match &f.content {
                Content::File(i, type_) => Some((Value::String(Cow::Borrowed(self.uploads.mark(*i))), type_.as_deref())),
                Content::Json(_) | Content::Text(_) => None,
            })
        };
        let is_array = parameter_target(program, message, pointer).is_some_and(|t| t.array);
        if is_array || same().count() > 1 {
            return Value::Array(same().map(|(mark, _)| mark).collect());
        }
        let Some((mark, type_)) = same().next() else { return Value::Null };
        let declared = pointer.strip_prefix("/$attachments/").and_then(|key| message.attachments.iter().find(|a| *a.key == *key));
        let takes = |below: &str| parameter_target(program, message, &format!("{pointer}/{below}")).is_some();
        let in_object = takes("$value") || declared.is_some_and(|a| a.only_type().is_none());
        if !in_object {
            return mark;
        }
        let mut members: Vec<(Cow<'v, str>, Value<'v>)> = vec![("$value".into(), mark)];
        if let Some(type_) = type_.filter(|_| declared.is_some() || takes("@contentType")) {
            members.push(("@contentType".into(), Value::String(type_.into())));
        }
        Value::Object(members)
    }

    /// The text fields, which are read by the types of their places.
    pub(super) fn parameters(&self) -> impl Iterator<Item = Parameter<'_>> {
        self.fields.iter().filter_map(|f| match &f.content {
            Content::Text(text) => Some(Parameter { location: ParameterIn::Form, name: &f.name, pointer: &f.pointer, text }),
            Content::Json(_) | Content::File(..) => None,
        })
    }

    /// Names the fields in errors about the value that was made of them.
    pub(super) fn explain(&self, mut problem: Problem) -> Problem {
        for error in &mut problem.errors {
            for text in [&mut error.found, &mut error.expected] {
                *text = text.replace("\"\\u0000\"", "a file");
            }
            let Place::Pointer(pointer) = &error.place else { continue };
            let field = self.fields.iter().filter(|f| f.name != BODY).find(|f| {
                let rest = pointer.strip_prefix(f.pointer.as_str());
                rest.is_some_and(|r| r.is_empty() || r.starts_with('/'))
            });
            if let Some(field) = field {
                error.place = Place::Parameter { location: ParameterIn::Form.word(), name: field.name.clone() };
            }
        }
        problem
    }
}

fn wrong(name: &str, expected: &str, found: &str) -> InvalidField {
    let place = Place::Parameter { location: ParameterIn::Form.word(), name: rest::excerpt(name) };
    InvalidField { place, expected: expected.to_owned(), found: rest::excerpt(found), hint: None }
}

async fn all(stored: &Stored) -> Result<Bytes, Problem> {
    let size = usize::try_from(stored.size()).unwrap_or(usize::MAX);
    stored.read(0, size).await.map_err(|e| Problem::internal(format!("a part could not be read: {e}")))
}

/// What a field's name points to.
fn pointer(name: &str, message: &MessagePlan) -> String {
    if name.starts_with('/') {
        return name.to_owned();
    }
    let mut pointer = String::new();
    if message.attachments.iter().any(|a| *a.key == *name) {
        pointer.push_str("/$attachments");
    }
    push_pointer(&mut pointer, name);
    pointer
}

/// Levels of a pointer at most: those of JSON.
const MAX_LEVELS: usize = 320;

/// Puts a value at a pointer; what is missing around it is made. No XML name begins with a digit, so such a token is an array's index.
fn put<'v>(root: &mut Value<'v>, pointer: &str, value: Value<'v>) -> Result<(), &'static str> {
    let Some(tokens) = pointer.strip_prefix('/') else { return Err("the name of a property, or a JSON pointer") };
    let tokens: Vec<String> = tokens.split('/').map(|t| t.replace("~1", "/").replace("~0", "~")).collect();
    if tokens.len() > MAX_LEVELS {
        return Err("at most 320 levels");
    }
    let is_index = |t: &str| t.bytes().next().is_some_and(|b| b.is_ascii_digit());
    let mut value = Some(value);
    let mut at = root;
    for (n, token) in tokens.iter().enumerate() {
        let made = match tokens.get(n + 1) {
            None => value.take().unwrap_or(Value::Null),
            Some(next) if is_index(next) => Value::Array(Vec::new()),
            Some(_) => Value::Object(Vec::new()),
        };
        let is_last = n + 1 == tokens.len();
        at = match at {
            Value::Object(members) => {
                let found = members.iter().position(|(k, _)| k == token);
                let ix = match found {
                    Some(_) if is_last => return Err("one value for a place"),
                    Some(ix) => ix,
                    None => {
                        members.push((Cow::Owned(token.clone()), made));
                        members.len() - 1
                    }
                };
                let Some((_, next)) = members.get_mut(ix) else { return Ok(()) };
                next
            }
            Value::Array(items) if is_index(token) => {
                let ix: usize = token.parse().map_err(|_| "the index of an array's item")?;
                if ix < items.len() && is_last {
                    return Err("one value for a place");
                }
                if ix == items.len() {
                    items.push(made);
                }
                items.get_mut(ix).ok_or("items of an array in their order, from 0 on")?
            }
            Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                return Err("an object or an array around it");
            }
        };
    }
    Ok(())
}

/// May the call be a form?
pub(super) fn is_taken(resource: &PublishedResource) -> bool {
    resource.files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_put_where_their_names_point() {
        let mut root = Value::Object(Vec::new());
        for (pointer, number) in [("/a", "1"), ("/b/c", "2"), ("/d/0/e", "3"), ("/d/1/e", "4"), ("/d/0/f", "5"), ("/x~1y", "6")] {
            put(&mut root, pointer, Value::Number(number)).unwrap();
        }
        let mut text = Vec::new();
        root.write_into(&mut text);
        assert_eq!(text, br#"{"a":1,"b":{"c":2},"d":[{"e":3,"f":5},{"e":4}],"x/y":6}"#);
        for pointer in ["/a", "/a/b", "/d/x", "/d/7/e", "/d/99999999999999999999", "b"] {
            assert!(put(&mut root, pointer, Value::Null).is_err(), "{pointer}");
        }
    }
}
