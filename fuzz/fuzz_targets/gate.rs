//! Any bytes: the gate does not panic, chunks do not matter, and what it lets through is a tree.
#![no_main]

use castile::xml::gate::{Gate, GateError, Handler, Namespaces, StartTag, Stop};
use castile::xml::{Document, Limits};
use libfuzzer_sys::fuzz_target;

/// Everything a handler sees, text joined.
#[derive(Default)]
struct Script(String);

impl Handler for Script {
    type Error = std::convert::Infallible;

    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), Self::Error> {
        self.0 += &format!("<{}|{}", tag.uri(), tag.local());
        tag.attributes().for_each(|a| self.0 += &format!(" {}|{}={:?}", tag.scope().uri(a.namespace), a.local, a.value));
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Self::Error> {
        self.0 += text;
        Ok(())
    }

    fn end(&mut self, _scope: &Namespaces) -> Result<(), Self::Error> {
        self.0.push('>');
        Ok(())
    }
}

fn read(bytes: &[u8], piece: usize) -> (String, Result<(), GateError>) {
    let mut script = Script::default();
    let mut gate = Gate::new(Limits::message(), None);
    let fed = bytes.chunks(piece).try_for_each(|c| gate.feed(c, &mut script)).and_then(|()| gate.finish(&mut script));
    let result = match fed {
        Ok(()) => Ok(()),
        Err(Stop::Refused(e)) => Err(e),
        Err(Stop::Handler(never)) => match never {},
    };
    (script.0, result)
}

// The first byte is the size of the chunks.
fuzz_target!(|input: &[u8]| {
    let Some((piece, bytes)) = input.split_first() else { return };
    let whole = read(bytes, usize::MAX);
    assert_eq!(whole, read(bytes, usize::from(*piece).max(1)));
    if whole.1.is_ok()
        && let Ok(document) = Document::parse(bytes, None, Limits::message())
    {
        document.tree();
    }
});
