//! Whatever a caller sends: refused, or an envelope that the gate takes and that says the same. `PROPTEST_CASES` raises the number.

use proptest::prelude::*;

use super::{anything, is_accepted, plain};
use crate::json::{Value, string_into};
use crate::mediate::{Direction, encode, encode_value};
use crate::plan::Program;
use crate::xml::Limits;
use crate::xml::gate::{Gate, Handler, Namespaces, StartTag};
use crate::xml::writer;

/// All text and attribute values of a document, in order.
#[derive(Default)]
struct Said(String);

impl Handler for Said {
    type Error = std::convert::Infallible;

    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), Self::Error> {
        tag.attributes().for_each(|a| self.0.push_str(a.value));
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Self::Error> {
        self.0.push_str(text);
        Ok(())
    }

    fn end(&mut self, _scope: &Namespaces) -> Result<(), Self::Error> {
        Ok(())
    }
}

fn said(envelope: &[u8]) -> Option<String> {
    let mut gate = Gate::new(Limits::message(), None);
    let mut said = Said::default();
    gate.feed(envelope, &mut said).and_then(|()| gate.finish(&mut said)).ok()?;
    Some(said.0)
}

/// Strings in which what matters to XML is likely.
fn text() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        "<",
        ">",
        "&",
        "\"",
        "'",
        "\r",
        "\n",
        "\t",
        "\r\n",
        "]]>",
        "<![CDATA[",
        "<!--",
        "-->",
        "&amp;",
        "&#0;",
        "<?x?>",
        "\u{0}",
        "\u{1}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{1f600}",
        "xmlns",
        ":",
        "{",
        "}",
        " ",
        "/",
        "=",
    ]);
    prop::collection::vec(prop_oneof![3 => any::<char>().prop_map(String::from), 2 => special.prop_map(str::to_owned)], 0..12)
        .prop_map(|parts| parts.concat())
}

fn encode_text(program: &Program, make: impl Fn(&mut Vec<u8>)) -> Option<Vec<u8>> {
    let mut json = Vec::new();
    make(&mut json);
    encode(program, &program.operations[0], Direction::Request, &json).ok()
}

/// JSON values with the mapping's own words in them.
fn value(names: &'static [&'static str]) -> impl Strategy<Value = Value<'static>> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        prop::sample::select(vec!["0", "-1", "1.50", "1e400", "99999999999999999999"]).prop_map(Value::Number),
        text().prop_map(|t| Value::String(t.into())),
        prop::sample::select(names.to_vec()).prop_map(|t| Value::String(t.into())),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let key = prop_oneof![4 => prop::sample::select(names.to_vec()).prop_map(str::to_owned), 1 => text()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(key, inner, 0..6).prop_map(|m| Value::Object(m.into_iter().map(|(k, v)| (k.into(), v)).collect())),
        ]
    })
}

const WORDS: &[&str] = &[
    "a",
    "b",
    "c",
    "k",
    "$value",
    "$content",
    "$type",
    "$nil",
    "$ns",
    "$xml",
    "$items",
    "@a",
    "@{urn:q}a",
    "@xml:lang",
    "@xmlns",
    "{urn:q}k",
    "xs:int",
    "{urn:u}T",
    "urn:q",
    "<x xmlns='urn:x'>t</x>",
    "$headers",
    "http://www.w3.org/XML/1998/namespace",
];

proptest! {
    #[test]
    fn strings_come_through_or_are_refused(strings in prop::collection::vec(text(), 1..16)) {
        let (plain, anything) = (plain(), anything());
        for s in &strings {
            let carried = writer::check(s).is_ok();
            let typed = encode_text(&plain, |o| { o.extend(b"{\"a\": "); string_into(o, s); o.push(b'}') });
            let generic = encode_text(&anything, |o| { o.extend(b"{\"@q\": "); string_into(o, s); o.extend(b", \"$value\": "); string_into(o, s); o.push(b'}') });
            prop_assert_eq!(typed.is_some(), carried);
            prop_assert_eq!(generic.is_some(), carried);
            if let (Some(typed), Some(generic)) = (typed, generic) {
                prop_assert_eq!(said(&typed), Some(s.clone()));
                prop_assert_eq!(said(&generic), Some(s.repeat(2)));
            }
            // As a name, as a namespace, as raw markup: any of them may be refused, none may break the envelope.
            for (before, after) in [("{", ": \"x\"}"), ("{\"k\": {\"$ns\": ", "}}"), ("{\"$xml\": ", "}"), ("{\"$type\": ", ", \"$value\": \"1\"}")] {
                if let Some(e) = encode_text(&anything, |o| { o.extend(before.bytes()); string_into(o, s); o.extend(after.bytes()) }) {
                    prop_assert!(is_accepted(&e), "{}", String::from_utf8_lossy(&e));
                }
            }
        }
    }

    #[test]
    fn values_never_break_an_envelope(value in value(WORDS)) {
        for program in [plain(), anything(), super::two_orders(), super::wild()] {
            if let Ok(e) = encode_value(&program, &program.operations[0], Direction::Request, &value) {
                prop_assert!(is_accepted(&e), "{}", String::from_utf8_lossy(&e));
            }
        }
    }
}
