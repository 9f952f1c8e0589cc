//! A reply as the gateway reads it: leniently, in pieces as they arrive, what may be sent taken after each. It must become the JSON that the
//! whole, read strictly, becomes.

use super::{Mapping, Pieces, json_difference};
use crate::json::{Limits, parse};
use crate::mediate::{DecodeError, DecodeErrorKind, Decoded, Direction};

/// Bytes of a piece.
const PIECES: [usize; 2] = [1, 64];
/// Bytes of an envelope that is read byte by byte, at most: longer ones are read in the larger pieces only.
const BY_BYTE: usize = 64 << 10;

/// What reading in pieces made otherwise.
pub(super) struct Otherwise {
    /// JSON pointer; `Envelope` for the whole.
    pub(super) path: String,
    pub(super) text: String,
    /// The JSON in pieces, as far as there is one.
    pub(super) json: Vec<u8>,
}

/// The first difference between `whole` and what the reply becomes in pieces. `operation`: index into the program's.
pub(super) fn difference(mapping: &dyn Mapping, operation: usize, reply: &[u8], whole: &Decoded) -> Option<Otherwise> {
    let sizes = PIECES.into_iter().filter(|size| *size > 1 || reply.len() <= BY_BYTE);
    sizes.into_iter().find_map(|size| {
        let otherwise = |path: &str, text: String, json: &[u8]| {
            let bytes = if size == 1 { "1 byte".to_owned() } else { format!("{size} bytes") };
            Some(Otherwise { path: path.to_owned(), text: format!("in pieces of {bytes} {text}"), json: json.to_vec() })
        };
        match (read(mapping, operation, reply, size), whole) {
            (Err(e), _) => otherwise("Envelope", format!("it is refused: {}", e.message), b""),
            (Ok(Decoded::Empty), Decoded::Empty) => None,
            (Ok(Decoded::Value(json)), Decoded::Value(whole)) => {
                let (path, text) = differs(whole, &json)?;
                otherwise(&path, text, &json)
            }
            (Ok(Decoded::Fault(fault)), Decoded::Fault(whole)) => {
                if fault.declared != whole.declared {
                    return otherwise("Body/Fault", "it is another fault".to_owned(), &fault.fault_json);
                }
                let (path, text) = differs(&whole.fault_json, &fault.fault_json)?;
                otherwise(&path, text, &fault.fault_json)
            }
            (Ok(Decoded::Empty | Decoded::Value(_) | Decoded::Fault(_)), _) => {
                otherwise("Envelope", "it is another kind of answer".to_owned(), b"")
            }
        }
    })
}

/// Nothing is kept but what must be. Some content can only be written when all of it is there; a reply with such that is larger than the
/// reply buffer is refused as too large, which is a bound and no difference, so it is read as a smaller one.
fn read(mapping: &dyn Mapping, operation: usize, reply: &[u8], bytes: usize) -> Result<Decoded, DecodeError> {
    let read = |buffer_bytes| mapping.decode_in_pieces(operation, Direction::Response, reply, Pieces { bytes, buffer_bytes });
    match read(Some(0)) {
        Err(e) if e.kind == DecodeErrorKind::Limit => read(None),
        read => read,
    }
}

/// Pointer and words of a difference; not a byte may differ.
fn differs(whole: &[u8], pieces: &[u8]) -> Option<(String, String)> {
    if whole == pieces {
        return None;
    }
    let value = |text| parse(text, &Limits::default());
    let (Ok(a), Ok(b)) = (value(whole), value(pieces)) else {
        return Some((String::new(), "its JSON cannot be read".to_owned()));
    };
    let found = json_difference(&a, &b).unwrap_or_else(|| " the same is written otherwise".to_owned());
    let (path, text) = found.split_once(' ').unwrap_or((&found, ""));
    Some((path.to_owned(), text.to_owned()))
}
