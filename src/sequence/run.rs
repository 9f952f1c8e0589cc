//! A run over the steps of a path: an explicit stack, so that it can stop where a step needs something of outside, and go on from there.

use super::step::{Block, Exchange, Next, Stop};

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
}

impl Run {
    pub(super) fn new(steps: Block) -> Self {
        Self { frames: vec![Frame { steps, at: 0 }] }
    }

    /// Does steps up to the end of the path. Levels are those of the file, which have a bound.
    ///
    /// # Errors
    /// What shall happen instead of going on.
    pub fn go(&mut self, exchange: &mut Exchange) -> Result<(), Stop> {
        while let Some(frame) = self.frames.last_mut() {
            let Some(step) = frame.steps.get(frame.at) else {
                self.frames.pop();
                continue;
            };
            frame.at += 1;
            exchange.budget().spend(1)?;
            match step.run(exchange)? {
                Next::On => {}
                Next::Into(steps) => self.frames.push(Frame { steps, at: 0 }),
            }
        }
        Ok(())
    }
}
