//! Words that nobody can guess: boundaries, Content-IDs, addresses of attachments.

use crate::problem::Problem;

/// 160 random bits in 32 letters and digits.
///
/// # Errors
/// The system gives no randomness.
pub(super) fn token() -> Result<String, Problem> {
    /// 32 letters and digits: five bits each.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let random: [u8; 32] = crate::net::random::bytes().map_err(|e| Problem::internal(e.to_string()))?;
    Ok(random.iter().filter_map(|b| ALPHABET.get(usize::from(b & 31))).map(|c| char::from(*c)).collect())
}
