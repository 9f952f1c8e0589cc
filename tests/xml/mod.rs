//! XML at the floor, seen from outside.

mod conformance;
mod hostile;
mod mutations;
