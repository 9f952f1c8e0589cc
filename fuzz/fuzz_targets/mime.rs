//! Any bytes: the splitter does not panic, chunks do not matter, and what it gives is no more than what it got.
#![no_main]

use castile::mediate::mime::{MediaType, MimeError, PartHead, PartSink, RootPart, Splitter};
use libfuzzer_sys::fuzz_target;

/// Everything a sink sees.
#[derive(Default, PartialEq, Debug)]
struct Script {
    parts: Vec<(PartHead, Vec<u8>, bool)>,
}

impl PartSink for Script {
    type Error = MimeError;

    fn begin(&mut self, head: PartHead) -> Result<(), MimeError> {
        self.parts.push((head, Vec::new(), false));
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<(), MimeError> {
        assert!(!bytes.is_empty());
        let (_, data, ended) = self.parts.last_mut().expect("data before a part");
        assert!(!*ended);
        data.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> Result<(), MimeError> {
        self.parts.last_mut().expect("an end before a part").2 = true;
        Ok(())
    }
}

fn split(bytes: &[u8], piece: usize) -> Result<Script, MimeError> {
    let mut splitter = Splitter::new(&MediaType::parse("multipart/related; boundary=b"))?;
    let mut script = Script::default();
    for chunk in bytes.chunks(piece) {
        splitter.feed(chunk, &mut script)?;
    }
    splitter.finish()?;
    Ok(script)
}

fn root(bytes: &[u8], piece: usize) -> Result<(Vec<u8>, Option<u64>), MimeError> {
    let mut root = RootPart::new(&MediaType::parse("multipart/related; boundary=b; start=\"<r>\""))?;
    let mut out = Vec::new();
    for chunk in bytes.chunks(piece) {
        root.feed(chunk, &mut out)?;
    }
    root.finish()?;
    Ok((out, root.root_offset()))
}

// The first byte is the size of the chunks.
fuzz_target!(|input: &[u8]| {
    let Some((piece, bytes)) = input.split_first() else { return };
    let piece = usize::from(*piece).max(1);
    let whole = split(bytes, usize::MAX);
    match (&whole, split(bytes, piece)) {
        // Which of two errors comes first may depend on the cut.
        (Err(_), Err(_)) => {}
        (Ok(a), Ok(b)) => assert_eq!(*a, b),
        (a, b) => panic!("{a:?} and {b:?}"),
    }
    if let Ok(script) = &whole {
        assert!(script.parts.iter().all(|(_, _, ended)| *ended));
        assert!(script.parts.iter().map(|(_, data, _)| data.len()).sum::<usize>() <= bytes.len());
    }
    if let Ok((out, Some(at))) = root(bytes, piece) {
        let at = usize::try_from(at).expect("within the body");
        assert_eq!(bytes.get(at..at + out.len()), Some(out.as_slice()));
    }
});
