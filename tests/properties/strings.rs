//! Any string, in every kind of place: it is refused there, or the envelope is well-formed and says it.

use std::io::Write;
use std::process::{Command, Stdio};

use castile::json::{Value, string_into};
use castile::mediate::{Decoded, Direction, EncodeError, decode, encode};
use castile::xml::Limits;
use castile::xml::gate::{Gate, Ignore};

use super::{Random, Service, cases, clip, json, written};
use crate::support;

/// Where the string stands in the JSON text.
const POINTERS: [&str; 8] =
    ["/@attribute", "/anything", "/element", "/mixed/$content/0", "/mixed/$content/1/b", "/mixed/$content/2", "/more/$value", "/more/@x"];

/// Letters that something could stumble on: ends of lines, mark-up, what XML lacks, the edges of the surrogates and of the planes.
const ODD: [&str; 40] = [
    "\0",
    "\u{1}",
    "\u{8}",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u{b}",
    "\u{1f}",
    " ",
    "  ",
    "\u{7f}",
    "\u{85}",
    "\u{9f}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "\u{d7ff}",
    "\u{e000}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{10000}",
    "\u{1fffe}",
    "\u{10ffff}",
    "😀",
    "e\u{301}",
    "<",
    ">",
    "&",
    "\"",
    "'",
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "<?x?>",
    "&lt;",
    "&#13;",
    "</t:element>",
];

/// XML 1.0, production 2: `Char`. Not the encoder's own table.
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The string of a case.
fn string(random: &mut Random) -> String {
    // Half of all strings have nothing that XML lacks: else hardly a long one would come through.
    let carried = random.below(2) == 0;
    let mut text = String::new();
    for _ in 0..random.below(12) {
        match random.below(8) {
            0..3 => text.push_str(random.pick(&ODD).copied().unwrap_or_default()),
            3 => text.push(u8::try_from(random.below(128)).map_or('?', char::from)),
            4 => text.extend(char::from_u32(u32::try_from(random.below(0x3000)).unwrap_or(0))),
            5 => text.extend(char::from_u32(u32::try_from(random.below(0x11_0000)).unwrap_or(0))),
            6 => text.push_str(&" ".repeat(random.below(3))),
            _ => text.push_str(random.pick(&["word", "ü", "漢字", "{urn:q}a", "1.50", "true"]).copied().unwrap_or_default()),
        }
    }
    if carried { text.chars().filter(|c| is_char(*c)).collect() } else { text }
}

/// The request that says the string in all places; some of its characters as escapes, as clients write them.
fn request(text: &str, random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    let says = |out: &mut Vec<u8>, random: &mut Random| match random.below(3) {
        0 => {
            let units: String = text.encode_utf16().map(|u| format!("\\u{u:04x}")).collect();
            out.extend_from_slice(format!("\"{units}\"").as_bytes());
        }
        _ => string_into(out, text),
    };
    let pieces = [
        "{\"element\":",
        ",\"@attribute\":",
        ",\"mixed\":{\"$content\":[",
        ",{\"b\":",
        "},",
        "]},\"anything\":",
        ",\"more\":{\"@x\":",
        ",\"$value\":",
    ];
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
        says(&mut out, random);
    }
    out.extend_from_slice(b"}}");
    out
}

/// What must come back: an empty text is no item of mixed content and no `$value`.
fn expected(text: &str) -> String {
    let mut s = Vec::new();
    string_into(&mut s, text);
    let s = String::from_utf8(s).unwrap();
    let (content, value) = match text {
        "" => (format!("[{{\"b\":{s}}}]"), String::new()),
        _ => (format!("[{s},{{\"b\":{s}}},{s}]"), format!(",\"$value\":{s}")),
    };
    format!(r#"{{"@attribute":{s},"element":{s},"mixed":{{"$content":{content}}},"anything":{s},"more":{{"@x":{s}{value}}}}}"#)
}

/// The envelope, none where it was refused with the right pointers.
fn checked(service: &Service, text: &str, random: &mut Random) -> Option<Vec<u8>> {
    let operation = &service.program.operations[0];
    let sent = request(text, random);
    let shown = || format!("{text:?}\n{}", clip(&sent));
    let carried = text.chars().all(is_char);
    let envelope = match encode(&service.program, operation, Direction::Request, &sent) {
        Ok(envelope) => envelope,
        Err(EncodeError::Invalid(errors)) => {
            let mut pointers: Vec<_> = errors.iter().map(|e| e.pointer.as_str()).collect();
            pointers.sort_unstable();
            assert!(!carried, "refused, though XML can carry it: {errors:?} {}", shown());
            assert_eq!(pointers, POINTERS, "{}", shown());
            return None;
        }
        Err(EncodeError::NotJson(e)) => panic!("{e}: {}", shown()),
    };
    assert!(carried, "taken, though XML cannot carry it: {}\n{}", shown(), clip(&envelope));
    let mut gate = Gate::new(Limits::message(), None);
    let gated = gate.feed(&envelope, &mut Ignore).and_then(|()| gate.finish(&mut Ignore));
    assert!(gated.is_ok(), "{gated:?} {}\n{}", shown(), clip(&envelope));
    let back = match decode(&service.program, operation, Direction::Request, &envelope, &Default::default()) {
        Ok(Decoded::Value(back)) => back,
        other => panic!("{other:?} {}\n{}", shown(), clip(&envelope)),
    };
    assert_eq!(castile::prove::json_difference(&json(expected(text).as_bytes()), &json(&back)), None, "{}\n{}", shown(), clip(&envelope));
    Some(envelope)
}

/// Frames for `lxml_reads.py`: each a length of four bytes, big-endian, and so many bytes.
fn frame(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend_from_slice(bytes);
}

#[test]
fn any_string_comes_through_or_is_refused() {
    let service = written("text");
    let python = support::python_or_skip("properties::any_string lxml");
    let mut lxml = python.map(|python| {
        let script = support::path("tests/properties/lxml_reads.py");
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    });
    let count = cases(4_000);
    let mut refused = 0_u64;
    for case in 0..count {
        let mut random = Random(case);
        let text = string(&mut random);
        let envelope = checked(&service, &text, &mut random);
        refused += u64::from(envelope.is_none());
        if let Some(stdin) = lxml.as_mut().and_then(|l| l.stdin.as_mut()) {
            let mut frames = Vec::new();
            frame(&mut frames, envelope.as_deref().unwrap_or_default());
            frame(&mut frames, text.as_bytes());
            stdin.write_all(&frames).unwrap();
        }
    }
    println!("{count} strings, {refused} of them refused");
    assert!(refused * 10 > count && refused * 10 < count * 9, "{refused} of {count} refused: the strings show too little");
    if let Some(lxml) = lxml {
        let output = lxml.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        println!("lxml: {said}");
        assert!(output.status.success() && said.trim_end().ends_with(&format!("{count} read, 0 disagreements")), "{said}");
    }
}

/// Halves of surrogate pairs are no characters: the text is no JSON that means something.
#[test]
fn half_a_surrogate_pair_is_refused_with_its_place() {
    let service = written("text");
    for half in ["\\ud800", "\\udfff", "\\udc00\\ud800", "\\ud83dx"] {
        let sent = format!(r#"{{"element": "{half}"}}"#);
        match encode(&service.program, &service.program.operations[0], Direction::Request, sent.as_bytes()) {
            Err(EncodeError::NotJson(e)) => assert_eq!(e.pointer, "/element", "{half}: {e:?}"),
            other => panic!("{half}: {other:?}"),
        }
    }
    // Both halves are one.
    assert_eq!(json(br#""\ud83d\ude00""#), Value::String("😀".into()));
}
