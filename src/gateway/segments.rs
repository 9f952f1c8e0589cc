//! A body in segments, given out piece by piece: text in memory, parts in files, base64 made or undone on the way. Its length is known
//! before its first byte.

use std::collections::VecDeque;
use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::Stream;

use super::spool::Stored;
use crate::mediate::mime::Base64Decoder;

/// Bytes that are read at once: a multiple of three, so that base64 has no padding within.
const PIECE_BYTES: usize = 48 << 10;

/// A stretch of a body.
#[derive(Debug, Clone)]
pub(super) enum Segment {
    /// These bytes.
    Bytes(Bytes),
    /// A part as it is.
    Raw(Stored),
    /// A part as base64 text.
    Base64(Stored),
    /// base64 text without its white space; so many characters are left then.
    Stripped(Bytes, u64),
    /// What base64 text stands for: so many bytes.
    Decoded(Bytes, u64),
}

impl Segment {
    /// Bytes that it gives.
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Raw(stored) => stored.size(),
            Self::Base64(stored) => stored.size().div_ceil(3) * 4,
            Self::Stripped(_, length) | Self::Decoded(_, length) => *length,
        }
    }
}

/// Bytes that these give in all.
pub(super) fn length(segments: &[Segment]) -> u64 {
    segments.iter().map(Segment::length).sum()
}

/// The bytes of these, one after the other.
pub(super) fn stream(segments: Vec<Segment>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let state = Reading { queue: segments.into(), at: 0, decoder: Base64Decoder::default() };
    futures_util::stream::unfold(Some(state), |state| async move {
        let mut state = state?;
        match state.next().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(state))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

struct Reading {
    queue: VecDeque<Segment>,
    /// How far the first of them was read.
    at: u64,
    decoder: Base64Decoder,
}

impl Reading {
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        while let Some(segment) = self.queue.front() {
            let (read, given) = match segment {
                // What is in memory already is given as it is.
                Segment::Bytes(bytes) if self.at == 0 => (bytes.clone(), bytes.clone()),
                Segment::Bytes(_) => (Bytes::new(), Bytes::new()),
                Segment::Raw(stored) => {
                    let read = stored.read(self.at, PIECE_BYTES).await?;
                    (read.clone(), read)
                }
                Segment::Base64(stored) => {
                    let read = stored.read(self.at, PIECE_BYTES).await?;
                    let given = STANDARD.encode(&read).into();
                    (read, given)
                }
                Segment::Stripped(text, _) => {
                    let read = piece(text, self.at);
                    let given = read.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
                    (read, given)
                }
                Segment::Decoded(text, _) => {
                    let read = piece(text, self.at);
                    let mut given = Vec::with_capacity(read.len());
                    let done = if read.is_empty() { self.decoder.finish(&mut given) } else { self.decoder.push(&read, &mut given) };
                    done.map_err(io::Error::other)?;
                    (read, given.into())
                }
            };
            self.at += read.len() as u64;
            if read.is_empty() {
                self.queue.pop_front();
                (self.at, self.decoder) = (0, Base64Decoder::default());
            }
            if !given.is_empty() {
                return Ok(Some(given));
            }
        }
        Ok(None)
    }
}

fn piece(text: &Bytes, at: u64) -> Bytes {
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
    text.slice(at..text.len().min(at + PIECE_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;

    #[tokio::test]
    async fn lengths_are_what_is_given() {
        for n in [0, 1, 2, 3, 49_151, 49_152, 49_153, 200_000] {
            let bytes: Bytes = (0..n).map(|i| (i % 256) as u8).collect::<Vec<u8>>().into();
            let text = STANDARD.encode(&bytes);
            let spaced: Bytes = text.as_bytes().chunks(76).flat_map(|line| [line, b"\n"].concat()).collect::<Vec<u8>>().into();
            let segments = vec![
                Segment::Bytes("<".into()),
                Segment::Raw(Stored::Memory(bytes.clone())),
                Segment::Bytes(Bytes::new()),
                Segment::Base64(Stored::Memory(bytes.clone())),
                Segment::Stripped(spaced.clone(), text.len() as u64),
                Segment::Decoded(spaced, n),
                Segment::Bytes(">".into()),
            ];
            let expected = [b"<", &bytes[..], text.as_bytes(), text.as_bytes(), &bytes[..], b">"].concat();
            assert_eq!(length(&segments), expected.len() as u64, "{n}");
            let given: Vec<u8> = stream(segments).map(|b| b.unwrap().to_vec()).concat().await;
            assert!(given == expected, "{n}");
        }
    }
}
