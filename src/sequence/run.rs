//! A run over the steps of a path: an explicit stack, so that it can stop where a step needs something of outside, and go on from there.

use super::need::{Need, Outcome};
use super::step::{Block, Exchange, FaultFacts, Next, Step, Stop};
use super::trace::Before;
use super::tree::Tree;

/// Where a run is.
#[derive(Debug)]
pub struct Run {
    frames: Vec<Frame>,
}

/// A list of steps that is being done.
#[derive(Debug)]
struct Frame {
    steps: Block,
    /// The step that comes next.
    at: usize,
    /// What is done behind the last of them.
    then: Then,
}

/// What is done at the end of a list of steps.
#[derive(Debug)]
enum Then {
    Nothing,
    /// The fault that was known before is known again.
    Restore(Option<FaultFacts>),
    /// The step that it belongs to keeps what it made.
    Keep,
}

impl Run {
    pub(super) fn new(steps: Block) -> Self {
        Self { frames: vec![Frame { steps, at: 0, then: Then::Nothing }] }
    }

    /// Does steps up to the end of the path, or to one that needs something. Levels are those of the file, which have a bound.
    ///
    /// # Errors
    /// What shall happen instead of going on.
    pub fn go(&mut self, exchange: &mut Exchange) -> Result<Option<Need>, Stop> {
        loop {
            let depth = self.depth();
            let Some(frame) = self.frames.last_mut() else { return Ok(None) };
            let Some(step) = frame.steps.get(frame.at) else {
                let Some(Frame { then, .. }) = self.frames.pop() else { return Ok(None) };
                match then {
                    Then::Nothing => {}
                    Then::Restore(fault) => exchange.fault = fault,
                    Then::Keep => {
                        if let Some(Step::Cache(step)) = self.current() {
                            return step.keep(exchange).map(|keep| Some(Need::Keep(keep)));
                        }
                    }
                }
                continue;
            };
            frame.at += 1;
            exchange.budget().spend(1)?;
            let before = Before::of(exchange);
            let result = step.run(exchange);
            if let Some(before) = before {
                before.note(exchange, step.verb(), depth, result.as_ref().err());
            }
            match result? {
                Next::On => {}
                Next::Into(steps) => self.frames.push(Frame { steps, at: 0, then: Then::Nothing }),
                Next::Need(need) => return Ok(Some(need)),
            }
        }
    }

    /// Takes what came of [`Need::Calls`], in their order.
    ///
    /// # Errors
    /// One of them failed, and no step says what happens then; or a limit.
    pub fn called(&mut self, exchange: &mut Exchange, outcomes: Vec<Outcome>) -> Result<(), Stop> {
        let Some(Step::Call(step)) = self.current() else { return Ok(()) };
        let watched = Before::of(exchange);
        let taken = step.take(exchange, outcomes);
        if let Some(watched) = watched {
            watched.note(exchange, "call", self.depth(), taken.as_ref().err());
        }
        let Some((fault, steps)) = taken? else { return Ok(()) };
        let before = exchange.fault.replace(fault);
        self.frames.push(Frame { steps, at: 0, then: Then::Restore(before) });
        Ok(())
    }

    /// Takes what came of [`Need::Kept`]. Says whether a value has to be made.
    ///
    /// # Errors
    /// A limit.
    pub fn found(&mut self, exchange: &mut Exchange, value: Option<Tree>) -> Result<(), Stop> {
        let Some(Step::Cache(step)) = self.current() else { return Ok(()) };
        match value {
            Some(value) => step.take(exchange, value),
            None => {
                let steps = step.fill();
                self.frames.push(Frame { steps, at: 0, then: Then::Keep });
                Ok(())
            }
        }
    }

    /// Branches around the step that comes next.
    fn depth(&self) -> usize {
        self.frames.len().saturating_sub(1)
    }

    /// The step that was begun last on the innermost list.
    fn current(&self) -> Option<&Step> {
        let frame = self.frames.last()?;
        frame.steps.get(frame.at.checked_sub(1)?)
    }
}
