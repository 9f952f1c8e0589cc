//! A push decoder for gzip bodies that never writes more than it is allowed.

use std::io::{self, Write};

use flate2::write::MultiGzDecoder;

/// Inflated bytes for each compressed byte, beyond [`RATIO_FREE_BYTES`].
pub const RATIO: u64 = 100;
/// Inflated bytes for which no ratio is asked.
pub const RATIO_FREE_BYTES: u64 = 1 << 20;
/// Compressed bytes that are decoded before the limits are looked at again.
const SLICE_BYTES: usize = 4 * 1024;

/// Why a body was not inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// More than the absolute limit.
    #[error("the body inflates to more than {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// A bomb.
    #[error("the body inflates to more than {RATIO} times its size")]
    Ratio,
    /// Not gzip, or damaged.
    #[error("the body is not valid gzip")]
    Malformed,
    /// The end is missing, or its checksum is wrong.
    #[error("the gzip body is cut off or damaged at its end")]
    Truncated,
}

/// Inflates a gzip body chunk by chunk.
pub struct Inflate {
    decoder: MultiGzDecoder<Sink>,
    compressed: u64,
}

impl std::fmt::Debug for Inflate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflate").field("compressed", &self.compressed).finish_non_exhaustive()
    }
}

/// Where the decoder writes: a buffer with the limits in front of it.
struct Sink {
    out: Vec<u8>,
    total: u64,
    /// The most that may be written in all, for the bytes that came so far.
    allowed: u64,
    limit_bytes: u64,
    refused: Option<InflateError>,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let total = self.total.saturating_add(bytes.len() as u64);
        if total > self.limit_bytes {
            self.refused = Some(InflateError::TooLarge { limit_bytes: self.limit_bytes });
        } else if total > self.allowed {
            self.refused = Some(InflateError::Ratio);
        } else {
            self.total = total;
            self.out.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        Err(io::Error::other("limit"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Inflate {
    /// At most `limit_bytes` in all, and the ratio.
    pub fn new(limit_bytes: u64) -> Self {
        let sink = Sink { out: Vec::new(), total: 0, allowed: RATIO_FREE_BYTES, limit_bytes, refused: None };
        Self { decoder: MultiGzDecoder::new(sink), compressed: 0 }
    }

    /// Decodes a chunk and appends to `out` what comes of it: a chunk of n bytes gives at most 1 MiB + 100 · n.
    ///
    /// # Errors
    /// A limit, or malformed input. Nothing more can be decoded then.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), InflateError> {
        // flate2 looks at the magic number only when the whole header is there.
        if self.compressed == 0 && chunk.first().is_some_and(|b| *b != 0x1f) {
            return Err(InflateError::Malformed);
        }
        for slice in chunk.chunks(SLICE_BYTES) {
            self.compressed = self.compressed.saturating_add(slice.len() as u64);
            self.decoder.get_mut().allowed = RATIO_FREE_BYTES.max(self.compressed.saturating_mul(RATIO));
            let written = self.decoder.write_all(slice).and_then(|()| self.decoder.flush());
            self.outcome(written)?;
            out.append(&mut self.decoder.get_mut().out);
        }
        Ok(())
    }

    /// Decodes what is left and checks the end.
    ///
    /// # Errors
    /// The body is cut off, or its checksum is wrong. A body of no bytes at all is cut off too.
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), InflateError> {
        let finished = self.decoder.try_finish();
        // Everything so far was valid. A missing and a wrong checksum look alike to flate2.
        match self.outcome(finished) {
            Err(InflateError::Malformed) => return Err(InflateError::Truncated),
            outcome => outcome?,
        }
        if self.compressed == 0 {
            return Err(InflateError::Truncated);
        }
        out.append(&mut self.decoder.get_mut().out);
        Ok(())
    }

    fn outcome(&mut self, result: io::Result<()>) -> Result<(), InflateError> {
        let Err(e) = result else { return Ok(()) };
        Err(match self.decoder.get_ref().refused {
            Some(refused) => refused,
            None if matches!(e.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::WriteZero) => InflateError::Truncated,
            None => InflateError::Malformed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        e.write_all(bytes).expect("memory");
        e.finish().expect("memory")
    }

    fn inflate(body: &[u8], chunk: usize, limit: u64) -> Result<Vec<u8>, InflateError> {
        let (mut i, mut out) = (Inflate::new(limit), Vec::new());
        for c in body.chunks(chunk) {
            i.push(c, &mut out)?;
        }
        i.finish(&mut out)?;
        Ok(out)
    }

    #[test]
    fn any_cut_of_the_input_gives_the_same_output() {
        let text: Vec<u8> = (0..200_000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        let body = gzip(&text);
        for chunk in [1, 7, 4_096, 65_536, body.len()] {
            assert!(inflate(&body, chunk, 10 << 20) == Ok(text.clone()), "{chunk}");
        }
    }

    #[test]
    fn members_follow_each_other() {
        let body = [gzip(b"one "), gzip(b"two")].concat();
        assert_eq!(inflate(&body, 3, 100), Ok(b"one two".to_vec()));
    }

    #[test]
    fn bombs_are_refused_early() {
        let bomb = gzip(&vec![0u8; 64 << 20]);
        let mut i = Inflate::new(1 << 30);
        let mut out = Vec::new();
        let result = bomb.chunks(16 * 1024).try_for_each(|c| i.push(c, &mut out));
        assert_eq!(result, Err(InflateError::Ratio));
        assert!(out.len() < (2 << 20), "{}", out.len());
        assert_eq!(inflate(&bomb, 1_000, 500_000), Err(InflateError::TooLarge { limit_bytes: 500_000 }));
        // Below 1 MiB no ratio is asked.
        assert_eq!(inflate(&gzip(&vec![0u8; 1 << 20]), 100, 1 << 20).map(|v| v.len()), Ok(1 << 20));
    }

    #[test]
    fn what_is_no_gzip_or_ends_early_is_refused() {
        assert_eq!(inflate(b"<soap/>", 7, 100), Err(InflateError::Malformed));
        let body = gzip(b"hello hello hello hello");
        for cut in 0..body.len() {
            assert_eq!(inflate(&body[..cut], 5, 100), Err(InflateError::Truncated), "{cut}");
        }
        let mut wrong = body;
        let at = wrong.len() - 6;
        wrong[at] ^= 1;
        assert_eq!(inflate(&wrong, 100, 100), Err(InflateError::Truncated));
    }
}
