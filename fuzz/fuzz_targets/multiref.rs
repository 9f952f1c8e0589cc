//! Any graph of references: SOAP-encoded envelopes whose elements refer to each other. What `decode` holds, with cycles and doublings ended.
//!
//! An input is a byte for the message, then an envelope as it is, or (where it does not begin with `<`) instructions that make one: structs,
//! arrays and texts by their numbers, and references between them.
#![no_main]

use castile_fuzz::{check, encoded};
use libfuzzer_sys::fuzz_target;

const HEAD: &str = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:x='http://www.w3.org/2001/XMLSchema' xmlns:t='urn:t' \
    xmlns:i='http://www.w3.org/2001/XMLSchema-instance' xmlns:c='http://schemas.xmlsoap.org/soap/encoding/'><s:Body><n:Op xmlns:n='urn:s'>";
const NAMES: [&str; 16] =
    ["person", "people", "grid", "things", "thing", "name", "age", "friends", "more", "item", "desk", "car", "multiRef", "i", "count", "a"];
const TYPES: [&str; 16] = [
    "t:Person", "t:Clerk", "t:People", "t:Grid", "t:Anything", "x:int", "x:string", "c:Array", "c:string", "x:anyType", "t:Boss", "t:Nope",
    "x:QName", "x:decimal", "c:base64", "x:boolean",
];

/// Makes an envelope of instructions, two bytes each.
fn build(instructions: &[u8]) -> Vec<u8> {
    let (mut out, mut open, mut tag) = (HEAD.to_owned(), vec!["n:Op", "s:Body", "s:Envelope"], false);
    open.reverse();
    for pair in instructions.chunks_exact(2) {
        let (what, which) = (pair[0], usize::from(pair[1]));
        let mut attribute = String::new();
        match what % 12 {
            0..=2 => {
                out.push_str(if tag { ">" } else { "" });
                out.push_str(&format!("<{}", NAMES[which % 16]));
                open.push(NAMES[which % 16]);
                tag = true;
            }
            3 | 4 if tag => {
                out.push_str("/>");
                open.pop();
                tag = false;
            }
            3 | 4 if open.len() > 2 => {
                out.push_str(&format!("</{}>", open.pop().unwrap_or_default()));
            }
            5 => attribute = format!(" id='r{}'", which % 32),
            6 | 7 => attribute = format!(" href='#r{}'", which % 32),
            8 => attribute = format!(" i:type='{}'", TYPES[which % 16]),
            9 => {
                let (dims, name) = (["[]", "[2]", "[,]", "[2,2]", "[][]", "[1,1,1]", "[1000000000]", "[][2]"][which / 16 % 8], TYPES[which % 16]);
                attribute = format!(" c:arrayType='{name}{dims}'");
            }
            10 => {
                let name = ["position", "offset", "root"][which % 3];
                attribute = format!(" c:{name}='{}'", ["[0]", "[3]", "0", "[70000]", "[1,2]", "1"][which / 3 % 6]);
            }
            11 => {
                out.push_str(if tag { ">" } else { "" });
                out.push_str(["x", "5", " ", "&amp;", "true", "<![CDATA[y]]>"][which % 6]);
                tag = false;
            }
            _ => {}
        }
        // One attribute of a kind: the same name twice would be no XML.
        let name = attribute.split('=').next().unwrap_or_default();
        if tag && !out.rsplit('<').next().unwrap_or_default().contains(name) {
            out.push_str(&attribute);
        }
    }
    out.push_str(if tag { ">" } else { "" });
    while let Some(name) = open.pop() {
        out.push_str(&format!("</{name}>"));
    }
    out.into_bytes()
}

fuzz_target!(|input: &[u8]| {
    let Some((case, rest)) = encoded(input) else { return };
    let built;
    let envelope = if rest.first() == Some(&b'<') {
        rest
    } else {
        built = build(rest);
        &built
    };
    check(&case, envelope, rest.len() % 8 == 7, rest.len() % 23 + 1);
});
