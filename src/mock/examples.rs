//! Ready answers: made once for an operation, then given out as they are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::json::{Limits, parse};
use crate::mediate::{Direction, encode, encode_fault};
use crate::plan::Program;
use crate::plan::node::OperationPlan;
use crate::sample::{Sampler, Style};

use super::answer::named;

/// With a seed an operation has so many different answers.
const VARIANTS: u64 = 8;
/// So many bytes of answers are kept; what is beyond is made anew each time.
const KEPT_BYTES: usize = 64 << 20;

/// Envelopes by (operation, fault, variant).
#[derive(Debug, Default)]
pub(super) struct Examples {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    envelopes: HashMap<Key, Arc<[u8]>>,
    bytes: usize,
}

type Key = (usize, Option<usize>, u64);

impl Examples {
    /// The envelope of an operation's answer, or of the declared fault of that index. `random`: which of several, if the mock varies.
    ///
    /// # Errors
    /// Why there is none, in words: the message asks for something that cannot be made up.
    pub(super) fn envelope(
        &self,
        program: &Program,
        operation: usize,
        fault: Option<usize>,
        random: Option<u64>,
    ) -> Result<Arc<[u8]>, String> {
        let key = (operation, fault, random.map_or(0, |r| 1 + r % VARIANTS));
        if let Some(kept) = self.lock().envelopes.get(&key) {
            return Ok(kept.clone());
        }
        let plan = program.operations.get(operation).ok_or("there is no such operation")?;
        let envelope: Arc<[u8]> = make(program, plan, fault, random.map(|_| key.2))?.into();
        let mut kept = self.lock();
        if kept.bytes + envelope.len() <= KEPT_BYTES {
            kept.bytes += envelope.len();
            kept.envelopes.insert(key, envelope.clone());
        }
        Ok(envelope)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // What is kept is whole at every instant, so a panic elsewhere has not broken it.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn make(program: &Program, operation: &OperationPlan, fault: Option<usize>, seed: Option<u64>) -> Result<Vec<u8>, String> {
    let sampler = Sampler::new(program);
    let Some(index) = fault else {
        let json = match seed {
            Some(_) => sampler.message(operation, Direction::Response, seed, Style::Typical),
            // What the OpenAPI document shows.
            None => sampler.example(operation, Direction::Response),
        };
        let json = json.map_err(|e| e.to_string())?;
        return encode(program, operation, Direction::Response, &json).map_err(|e| named(&e).join("; "));
    };
    let plan = operation.faults.get(index).ok_or("there is no such fault")?;
    let json = sampler.fault(plan, seed, Style::Typical).map_err(|e| e.to_string())?;
    let detail = parse(&json, &Limits::default()).map_err(|e| format!("{:?} at {}", e.kind, e.pointer))?;
    encode_fault(program, operation, plan, &format!("mock: {}", plan.name), &detail).map_err(|e| named(&e).join("; "))
}
