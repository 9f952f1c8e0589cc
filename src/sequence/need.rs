//! What a run needs of outside. The gateway gets it, and the run goes on with what came.

use std::time::Duration;

use super::step::FaultFacts;
use super::tree::Tree;

/// What a run needs before it goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// Operations are called, all at the same time; [`Run::called`](super::Run::called) takes what came of them.
    Calls(Calls),
    /// A value that may be kept; [`Run::found`](super::Run::found) takes it. Where there is none the run makes it, nobody else does meanwhile, and
    /// [`Need::Keep`] or the end of the run follows.
    Kept(Slot),
    /// A value is kept. Nothing comes back.
    Keep(Keep),
}

/// Calls that are made at the same time.
#[derive(Debug, Clone, PartialEq)]
pub struct Calls {
    /// One or more.
    pub asks: Vec<Ask>,
    /// How long all of them may take; `None`: as long as the caller's call.
    pub timeout: Option<Duration>,
}

/// The call of an operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The API's name; `None`: that of the resource.
    pub api: Option<Box<str>>,
    /// The operation's name.
    pub operation: Box<str>,
    /// Its message.
    pub json: Tree,
}

/// What came of a call: the reply's JSON, or why there is none.
pub type Outcome = Result<Tree, FaultFacts>;

/// Where a value is kept: a name of the sequence, and the key that this call has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// `name`.
    pub name: Box<str>,
    /// `key`, as this call gives it.
    pub key: String,
}

/// A value to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Keep {
    /// Where.
    pub slot: Slot,
    /// What.
    pub value: Tree,
    /// How long.
    pub lifetime: Duration,
}
