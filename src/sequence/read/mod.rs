//! Sequence files.

use super::expr::Path;
use super::step::template_files;
use super::step::{Convert, Files, Names, Reader, Step};
use super::{Sequence, Steps, codes};
use crate::diagnostic::{Diagnostic, SourceId, Span};
use crate::yaml::{File, Node};

/// Bytes of a sequence file.
const MAX_BYTES: usize = 256 << 10;

impl Sequence {
    /// The version of the format that is read.
    pub const VERSION: u32 = 1;
    /// Bytes of a file at most.
    pub const MAX_BYTES: usize = MAX_BYTES;

    /// Reads a sequence file.
    ///
    /// # Errors
    /// Everything that is wrong with it, each at its place: the author's fault.
    pub fn parse(source: SourceId, text: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::parse_with(source, text, &|_| None)
    }

    /// The files that the templates of a sequence name: those that [`Sequence::parse_with`] asks for.
    pub fn files(text: &str) -> Vec<String> {
        if text.len() > MAX_BYTES { Vec::new() } else { template_files(text) }
    }

    /// Reads a sequence file whose templates stand in files: `files` gives one by its path in the API's folder.
    ///
    /// # Errors
    /// As [`Sequence::parse`].
    pub fn parse_with(source: SourceId, text: &str, files: Files<'_>) -> Result<Self, Vec<Diagnostic>> {
        if text.len() > MAX_BYTES {
            let message = format!("the file is larger than {MAX_BYTES} bytes");
            return Err(vec![Diagnostic::error(&codes::TOO_LARGE, message).at(Span { source, start: 0, end: 0 })]);
        }
        let (mut file, node) = File::parse(source, text, &codes::OF_YAML);
        let sequence = node.and_then(|node| root(&mut file, &node, files));
        match sequence.filter(|_| file.diagnostics.is_empty()) {
            Some(sequence) => Ok(sequence),
            None => Err(file.diagnostics),
        }
    }
}

fn root(file: &mut File<'_>, node: &Node, files: Files<'_>) -> Option<Sequence> {
    let mut fields = file.fields(node);
    if let Some(version) = fields.need(file, "version") {
        file.integer(version, Sequence::VERSION.into(), Sequence::VERSION.into());
    }
    let nodes = [fields.need(file, "request"), fields.need(file, "response"), fields.need(file, "fault")];
    fields.end(file);
    let [request, response, fault] = nodes;
    let mut names = Names::default();
    let (request, _) = path(file, Path::Request, request?, (&mut names, files))?;
    let (response, unwrap) = path(file, Path::Response, response?, (&mut names, files))?;
    let (fault, _) = path(file, Path::Fault, fault?, (&mut names, files))?;
    Some(Sequence { request, response, fault, unwrap })
}

/// The steps of a path without its conversion, and what `to_json` takes out of the reply.
fn path(file: &mut File<'_>, path: Path, node: &Node, (names, files): (&mut Names, Files<'_>)) -> Option<(Steps, Option<Box<str>>)> {
    let before = file.diagnostics.len();
    let mut reader = Reader::new(file, path, std::mem::take(names), files);
    let mut steps = reader.steps(node);
    let uses = std::mem::take(&mut reader.uses);
    *names = std::mem::take(&mut reader.names);
    if file.diagnostics.len() > before {
        return Some((Steps::default(), None));
    }
    let verb = match path {
        Path::Request => "to_soap",
        Path::Response => "to_json",
        Path::Fault => "to_problem",
    };
    let at: Vec<usize> = steps.iter().enumerate().filter(|(_, (s, _))| matches!(s, Step::Convert(_))).map(|(i, _)| i).collect();
    let [at] = at.as_slice() else {
        let place = at.get(1).and_then(|i| steps.get(*i)).map_or(node, |(_, n)| *n);
        let message = format!("the {} path has {verb} {} times", path.word(), at.len());
        let span = file.span(place);
        file.diagnostics.push(Diagnostic::error(&codes::BAD_PATH, message).at(span).expected(format!("`{verb}` once")));
        return None;
    };
    let misplaced = match path {
        Path::Request | Path::Fault => steps.get(at + 1).map(|(_, n)| (*n, format!("nothing stands behind `{verb}`"))),
        Path::Response => steps.first().filter(|_| *at > 0).map(|(_, n)| (*n, format!("nothing stands before `{verb}`"))),
    };
    if let Some((node, message)) = misplaced {
        let span = file.span(node);
        let hint = if path == Path::Response { "put the step behind it" } else { "put the step before it" };
        file.diagnostics.push(Diagnostic::error(&codes::WRONG_PLACE, message).at(span).hint(hint));
        return None;
    }
    let unwrap = match steps.remove(*at).0 {
        Step::Convert(Convert::Json { unwrap }) => unwrap,
        _ => None,
    };
    Some((Steps { steps: steps.into_iter().map(|(step, _)| step).collect(), uses }, unwrap))
}

#[cfg(test)]
mod tests;
