//! Lexical forms of the built-in types: is a text one, and what does it stand for?

pub(super) mod binary;
pub(super) mod names;
pub(super) mod number;
pub(super) mod time;
pub(super) mod white;
