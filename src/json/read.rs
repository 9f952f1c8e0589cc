use super::Value;

/// What a text may be made of.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Levels of arrays and objects.
    pub depth: usize,
    /// Members of one object.
    pub keys_per_object: usize,
    /// Bytes of one member name.
    pub key_bytes: usize,
    /// Characters of one number.
    pub number_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 320,
            keys_per_object: 4096,
            key_bytes: 2100,
            number_bytes: 1000,
        }
    }
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// Not JSON; says what was expected.
    Syntax(&'static str),
    /// A member name stands twice.
    DuplicateName,
    /// A limit, named.
    Limit(&'static str),
    /// Not UTF-8.
    NotUtf8,
}

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Offset in bytes.
    pub offset: usize,
    /// JSON pointer of the value that was being read (for a duplicate: of the member).
    pub pointer: String,
}

/// Reads one JSON text.
///
/// # Errors
/// Where it is not JSON, has a name twice, or passes a limit: the caller's fault.
pub fn parse<'a>(_text: &'a [u8], _limits: &Limits) -> Result<Value<'a>, ParseError> {
    todo!("json reader")
}
