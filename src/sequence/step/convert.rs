//! `to_soap`, `to_json` and `to_problem`: where a message becomes another. The gateway does it; here is where it stands.

use super::reader::Reader;
use crate::yaml::Node;

/// A conversion.
#[derive(Debug, Clone)]
pub(in crate::sequence) enum Convert {
    /// JSON → envelope.
    Soap,
    /// Envelope → JSON; of the reply's object only this property, where one is named.
    Json { unwrap: Option<Box<str>> },
    /// Fault → problem document.
    Problem,
}

pub(super) fn to_soap(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Convert> {
    reader.file.fields(node).end(reader.file);
    Some(Convert::Soap)
}

pub(super) fn to_json(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Convert> {
    let mut given = reader.file.fields(node);
    let unwrap = given.take("unwrap");
    given.end(reader.file);
    let unwrap = match unwrap {
        Some(node) => Some(reader.file.text(node)?.into()),
        None => None,
    };
    Some(Convert::Json { unwrap })
}

pub(super) fn to_problem(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Convert> {
    reader.file.fields(node).end(reader.file);
    Some(Convert::Problem)
}
