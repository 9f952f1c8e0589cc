//! The steps: a file for each kind, each with its settings, its check and its run.
//!
//! A step is added with a file, a variant of [`Step`], a row of [`VERBS`], its settings in `form`, an arm of [`Step::run`], and what it makes of a
//! message's shape in `shape`: there the compiler asks.

mod branch;
mod cache;
mod call;
mod cast;
mod content;
mod convert;
mod copy;
mod default;
mod exchange;
mod fail;
mod form;
mod keep;
mod log;
mod map;
mod pointer;
mod reader;
mod remove;
mod remove_header;
mod rename;
mod rename_header;
mod require;
mod respond;
mod retry;
mod set;
mod set_header;
mod set_property;
mod set_soap_header;
mod set_status;
mod shape;
mod switch;
mod template;

pub use call::CalledOperation;
pub(super) use convert::Convert;
pub use exchange::{Answer, Caller, Exchange, Failure, FailureKind, FaultFacts, Note, Stop, Who};
pub(super) use form::schema;
pub(super) use pointer::{Segment, has_at as has, index, put_at as put};
pub(super) use reader::{BodyPlace, Files, Names, Reader, Uses};
pub use shape::{Origin, Outcomes};
pub(super) use shape::{Ways, before_all, behind_all, origins, undo_all};
pub(super) use template::files as template_files;

use std::sync::Arc;

use super::expr::Path;
use super::need::Need;
use crate::yaml::Node;

/// A step.
#[derive(Debug, Clone)]
pub(super) enum Step {
    SetHeader(set_header::SetHeader),
    RemoveHeader(remove_header::RemoveHeader),
    RenameHeader(rename_header::RenameHeader),
    Set(set::Set),
    Remove(remove::Remove),
    Rename(rename::Rename),
    Copy(copy::Copy),
    Keep(keep::Keep),
    Default(default::Default),
    Map(map::Map),
    Cast(cast::Cast),
    If(branch::If),
    Switch(switch::Switch),
    Require(require::Require),
    Respond(respond::Respond),
    Fail(fail::Fail),
    SetStatus(set_status::SetStatus),
    SetProperty(set_property::SetProperty),
    Log(log::Log),
    Call(call::Call),
    Cache(cache::Cache),
    Retry(retry::Retry),
    SetSoapHeader(set_soap_header::SetSoapHeader),
    Template(template::Template),
    Convert(convert::Convert),
}

/// How a step is read.
type Read = fn(&mut Reader<'_, '_>, &Node) -> Option<Step>;

/// Every verb, the paths that it may stand on, and its reader.
pub(super) static VERBS: &[(&str, &[Path], Read)] = {
    use Path::{Fault, Request, Response};
    const ALL: &[Path] = &[Request, Response, Fault];
    &[
        ("set_header", ALL, |r, n| set_header::SetHeader::read(r, n).map(Step::SetHeader)),
        ("remove_header", ALL, |r, n| remove_header::RemoveHeader::read(r, n).map(Step::RemoveHeader)),
        ("rename_header", ALL, |r, n| rename_header::RenameHeader::read(r, n).map(Step::RenameHeader)),
        ("set", ALL, |r, n| set::Set::read(r, n).map(Step::Set)),
        ("remove", ALL, |r, n| remove::Remove::read(r, n).map(Step::Remove)),
        ("rename", ALL, |r, n| rename::Rename::read(r, n).map(Step::Rename)),
        ("move", ALL, |r, n| copy::Copy::read(r, n, true).map(Step::Copy)),
        ("copy", ALL, |r, n| copy::Copy::read(r, n, false).map(Step::Copy)),
        ("keep", ALL, |r, n| keep::Keep::read(r, n).map(Step::Keep)),
        ("default", ALL, |r, n| default::Default::read(r, n).map(Step::Default)),
        ("map", ALL, |r, n| map::Map::read(r, n).map(Step::Map)),
        ("cast", ALL, |r, n| cast::Cast::read(r, n).map(Step::Cast)),
        ("if", ALL, |r, n| branch::If::read(r, n).map(Step::If)),
        ("switch", ALL, |r, n| switch::Switch::read(r, n).map(Step::Switch)),
        ("require", &[Request], |r, n| require::Require::read(r, n).map(Step::Require)),
        ("respond", ALL, |r, n| respond::Respond::read(r, n).map(Step::Respond)),
        ("fail", ALL, |r, n| fail::Fail::read(r, n).map(Step::Fail)),
        ("set_status", &[Response, Fault], |r, n| set_status::SetStatus::read(r, n).map(Step::SetStatus)),
        ("set_property", ALL, |r, n| set_property::SetProperty::read(r, n).map(Step::SetProperty)),
        ("log", ALL, |r, n| log::Log::read(r, n).map(Step::Log)),
        ("call", ALL, |r, n| call::Call::read(r, n).map(Step::Call)),
        ("cache", ALL, |r, n| cache::Cache::read(r, n).map(Step::Cache)),
        ("retry", ALL, |r, n| retry::Retry::read(r, n).map(Step::Retry)),
        ("set_soap_header", &[Request], |r, n| set_soap_header::SetSoapHeader::read(r, n).map(Step::SetSoapHeader)),
        ("template", ALL, |r, n| template::Template::read(r, n).map(Step::Template)),
        ("to_soap", &[Request], |r, n| convert::to_soap(r, n).map(Step::Convert)),
        ("to_json", &[Response], |r, n| convert::to_json(r, n).map(Step::Convert)),
        ("to_problem", &[Fault], |r, n| convert::to_problem(r, n).map(Step::Convert)),
    ]
};

/// Steps that are done one after the other. Shared, so that a run holds its place in them.
pub(super) type Block = Arc<[Step]>;

/// What comes behind a step.
#[derive(Debug)]
pub(super) enum Next {
    /// The step behind it.
    On,
    /// These steps first.
    Into(Block),
    /// Something of outside.
    Need(Need),
}

impl Step {
    /// What it is called in a file.
    pub(super) fn verb(&self) -> &'static str {
        match self {
            Self::SetHeader(_) => "set_header",
            Self::RemoveHeader(_) => "remove_header",
            Self::RenameHeader(_) => "rename_header",
            Self::Set(_) => "set",
            Self::Remove(_) => "remove",
            Self::Rename(_) => "rename",
            Self::Copy(step) => step.verb(),
            Self::Keep(_) => "keep",
            Self::Default(_) => "default",
            Self::Map(_) => "map",
            Self::Cast(_) => "cast",
            Self::If(_) => "if",
            Self::Switch(_) => "switch",
            Self::Require(_) => "require",
            Self::Respond(_) => "respond",
            Self::Fail(_) => "fail",
            Self::SetStatus(_) => "set_status",
            Self::SetProperty(_) => "set_property",
            Self::Log(_) => "log",
            Self::Call(_) => "call",
            Self::Cache(_) => "cache",
            Self::Retry(_) => "retry",
            Self::SetSoapHeader(_) => "set_soap_header",
            Self::Template(_) => "template",
            Self::Convert(_) => "convert",
        }
    }
}

impl Step {
    /// Does it.
    ///
    /// # Errors
    /// Why the sequence ends here.
    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<Next, Stop> {
        match self {
            Self::If(step) => return step.run(exchange),
            Self::Switch(step) => return step.run(exchange),
            Self::Call(step) => return step.run(exchange),
            Self::Cache(step) => return step.run(exchange),
            Self::Retry(step) => return step.run(exchange),
            Self::SetHeader(step) => step.run(exchange),
            Self::RemoveHeader(step) => step.run(exchange),
            Self::RenameHeader(step) => step.run(exchange),
            Self::Set(step) => step.run(exchange),
            Self::Remove(step) => step.run(exchange),
            Self::Rename(step) => step.run(exchange),
            Self::Copy(step) => step.run(exchange),
            Self::Keep(step) => step.run(exchange),
            Self::Default(step) => step.run(exchange),
            Self::Map(step) => step.run(exchange),
            Self::Cast(step) => step.run(exchange),
            Self::Require(step) => step.run(exchange),
            Self::Respond(step) => step.run(exchange),
            Self::Fail(step) => step.run(exchange),
            Self::SetStatus(step) => step.run(exchange),
            Self::SetProperty(step) => step.run(exchange),
            Self::Log(step) => step.run(exchange),
            Self::SetSoapHeader(step) => step.run(exchange),
            Self::Template(step) => step.run(exchange),
            // The gateway converts, where the path says.
            Self::Convert(_) => Ok(()),
        }?;
        Ok(Next::On)
    }
}
