//! What else than the message's way steps may make of a call: answers, refusals, statuses; and what they ask of the caller.

use serde_json::{Value, json};

use super::{NoDefinitions, made};
use crate::sequence::expr::Path;
use crate::sequence::shape::Walk;
use crate::sequence::step::Step;
use crate::sequence::step::require::What;

/// What the steps of a path may do beside changing the message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcomes {
    /// The statuses that `set_status` chooses, each once.
    pub statuses: Vec<u16>,
    /// Is one of them chosen for every message?
    pub always: bool,
    /// What `respond` answers: the status, and the JSON Schema of the body where there is one.
    pub answers: Vec<(u16, Option<Value>)>,
    /// The statuses of `fail` and `require`, each once.
    pub refusals: Vec<u16>,
    /// Header fields without which every call is refused, in lower case.
    pub headers: Vec<String>,
    /// Scopes without which a call may be refused.
    pub scopes: Vec<String>,
    /// Those of them without which every call is refused.
    pub needed_scopes: Vec<String>,
}

impl Outcomes {
    /// Those of steps, one after the other.
    pub(in crate::sequence) fn of(steps: &[Step]) -> Self {
        let mut outcomes = Self::default();
        outcomes.all(steps, true);
        outcomes
    }

    /// `certain`: every message comes through them.
    fn all(&mut self, steps: &[Step], certain: bool) {
        let mut certain = certain;
        for step in steps {
            self.one(step, certain);
            // What stands behind them is met by some messages only.
            certain &= !matches!(step, Step::Respond(_) | Step::Fail(_) | Step::If(_) | Step::Switch(_) | Step::Call(_));
        }
    }

    fn one(&mut self, step: &Step, certain: bool) {
        match step {
            Step::SetStatus(step) => {
                push(&mut self.statuses, step.status);
                self.always |= certain;
            }
            Step::Respond(step) => {
                let schema = step.json.as_ref().map(|json| {
                    let mut none = NoDefinitions;
                    made(&mut Walk::new(&mut none, Path::Request, ""), json, &json!({})).0
                });
                push(&mut self.answers, (step.status, schema));
            }
            Step::Fail(step) => push(&mut self.refusals, step.status),
            Step::Require(step) => {
                let standard = match &step.what {
                    What::Header(name) if certain => {
                        push(&mut self.headers, name.as_str().to_owned());
                        400
                    }
                    What::Header(_) => 400,
                    What::Scope(scope) => {
                        push(&mut self.scopes, scope.to_string());
                        if certain {
                            push(&mut self.needed_scopes, scope.to_string());
                        }
                        403
                    }
                    What::When(_) => 403,
                };
                push(&mut self.refusals, step.status.unwrap_or(standard));
            }
            Step::If(step) => {
                self.all(&step.then, false);
                self.all(&step.otherwise, false);
            }
            Step::Switch(step) => {
                step.cases.iter().for_each(|(_, steps)| self.all(steps, false));
                self.all(&step.otherwise, false);
            }
            Step::Call(step) => step.on_fault.iter().for_each(|steps| self.all(steps, false)),
            Step::Cache(step) => self.all(&step.fill, false),
            Step::SetSoapHeader(_)
            | Step::Template(_)
            | Step::SetHeader(_)
            | Step::RemoveHeader(_)
            | Step::RenameHeader(_)
            | Step::Set(_)
            | Step::Remove(_)
            | Step::Rename(_)
            | Step::Copy(_)
            | Step::Keep(_)
            | Step::Default(_)
            | Step::Map(_)
            | Step::Cast(_)
            | Step::SetProperty(_)
            | Step::Log(_)
            | Step::Retry(_)
            | Step::Convert(_) => {}
        }
    }
}

fn push<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}
