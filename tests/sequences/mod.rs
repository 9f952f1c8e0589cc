//! Sequences and the messages that they stand between: what authors read of a slip, and what shapes are inferred.

mod mutants;
mod outer;
mod random;
mod wrong;
