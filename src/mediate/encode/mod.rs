//! JSON → envelope, checking on the way.

use super::{Direction, EncodeError};
use crate::json::Value;
use crate::plan::Program;
use crate::plan::node::OperationPlan;

/// JSON text → envelope bytes (UTF-8, with an XML declaration).
///
/// # Errors
/// Everything that does not fit, each with its pointer.
pub fn encode(_program: &Program, _operation: &OperationPlan, _direction: Direction, _text: &[u8]) -> Result<Vec<u8>, EncodeError> {
    todo!("encode")
}

/// The same for a value that was read already.
///
/// # Errors
/// Everything that does not fit, each with its pointer.
pub fn encode_value(
    _program: &Program,
    _operation: &OperationPlan,
    _direction: Direction,
    _value: &Value<'_>,
) -> Result<Vec<u8>, EncodeError> {
    todo!("encode_value")
}
