//! `cast: { at: /amount, to: number }`: a scalar of another kind; what does not fit is refused.

use super::exchange::{Exchange, Stop};
use super::pointer::Pointer;
use super::reader::Reader;
use crate::sequence::number::is_number;
use crate::sequence::tree::Tree;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Cast {
    pub(super) at: Pointer,
    pub(super) to: To,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Text,
    Number,
    Boolean,
}

impl To {
    /// What it makes, in words.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
        }
    }
}

impl Cast {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let at = given.need(reader.file, "at");
        let to = given.need(reader.file, "to");
        given.end(reader.file);
        let at = at.and_then(|n| reader.pointer(n));
        let words = [("text", To::Text), ("number", To::Number), ("boolean", To::Boolean)];
        let to = to.and_then(|n| reader.file.word(n, &words));
        Some(Self { at: at?, to: to? })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        exchange.each(self.at.segments(), &mut |exchange, tree| {
            let new = match (self.to, &*tree) {
                (_, Tree::Null) | (To::Text, Tree::Text(_)) | (To::Number, Tree::Number(_)) | (To::Boolean, Tree::Bool(_)) => return Ok(()),
                (To::Text, Tree::Number(text)) => Tree::Text(text.clone()),
                (To::Text, Tree::Bool(b)) => Tree::Text(if *b { "true" } else { "false" }.into()),
                (To::Number, Tree::Text(text)) if is_number(text.trim()) && text.len() <= 1000 => Tree::Number(text.trim().into()),
                (To::Boolean, Tree::Text(text)) if matches!(text.trim(), "true" | "1") => Tree::Bool(true),
                (To::Boolean, Tree::Text(text)) if matches!(text.trim(), "false" | "0") => Tree::Bool(false),
                (To::Boolean, Tree::Number(text)) if matches!(&**text, "0" | "1") => Tree::Bool(&**text == "1"),
                (To::Text | To::Number | To::Boolean, _) => {
                    let word = match self.to {
                        To::Text => "a text, a number, true or false",
                        To::Number => "a number, or a text that is one",
                        To::Boolean => "true, false, 1 or 0",
                    };
                    return Err(Stop::Unfit { pointer: Some(self.at.as_str().to_owned()), expected: word.to_owned() });
                }
            };
            exchange.budget().spend(new.weight())?;
            *tree = new;
            Ok(())
        })
    }
}
