//! Decoding as a stream, and of replies that break their schema.

mod hostile;

use std::fs;
use std::sync::Arc;

use castile::mediate::{DecodeError, DecodeErrorKind, DecodeOptions, Decoded, Decoder, Direction, decode};
use castile::plan::Program;
use serde_json::{Value, json};

use crate::support::{self, api::construct, api::published};

/// Feeds `envelope` in pieces of `size` bytes, taking what is ready after each.
fn streamed(
    program: &Arc<Program>,
    operation: usize,
    direction: Direction,
    envelope: &[u8],
    size: usize,
) -> Result<Option<Vec<u8>>, DecodeError> {
    let mut decoder = Decoder::new(program.clone(), operation, direction, &DecodeOptions::default());
    let mut out = Vec::new();
    for chunk in envelope.chunks(size) {
        decoder.feed(chunk)?;
        assert!(decoder.ready() == 0 || chunk.len() <= size);
        out.extend(decoder.take_ready());
    }
    Ok(match decoder.finish()? {
        Decoded::Value(rest) => {
            out.extend(rest);
            Some(out)
        }
        Decoded::Empty | Decoded::Fault(_) => None,
    })
}

#[test]
fn any_chunking_gives_the_same_json() {
    let mut compared = 0;
    for folder in support::folders(&support::path("tests/constructs")) {
        let api = construct(&folder);
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let direction = match () {
                () if name.ends_with(".request.xml") => Direction::Request,
                () if name.ends_with(".response.xml") => Direction::Response,
                () => continue,
            };
            let at = crate::constructs::position(&api.program, name.split('.').next().unwrap());
            let xml = fs::read(entry.path()).unwrap();
            let whole = decode(&api.program, &api.program.operations[at], direction, &xml, &DecodeOptions::default());
            for size in [1, 3, 17, 4096] {
                let parts = streamed(&api.program, at, direction, &xml, size);
                match (&whole, parts) {
                    (Ok(Decoded::Value(whole)), Ok(Some(parts))) => {
                        assert_eq!(String::from_utf8_lossy(whole), String::from_utf8_lossy(&parts), "{name} by {size}");
                        compared += 1;
                    }
                    (Ok(Decoded::Empty | Decoded::Fault(_)), Ok(None)) | (Err(_), Err(_)) => {}
                    // What came out of order after its object was sent in part can only fail.
                    (Ok(Decoded::Value(_)), Err(e)) if e.kind == DecodeErrorKind::Limit => {}
                    (whole, parts) => panic!("{name} by {size}: {whole:?} but {parts:?}"),
                }
            }
        }
    }
    assert!(compared > 200, "only {compared} were compared");
}

/// Stray text is one text, wherever its pieces end.
#[test]
fn stray_text_does_not_come_in_pieces() {
    let api = published("decode", &support::path("tests/decode/service.wsdl"));
    let xml = br#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><reply xmlns="urn:t">
        <n>5</n>  lost &amp; <![CDATA[found]]> <!-- again --> ]<name>x</name></reply></s:Body></s:Envelope>"#;
    for size in [1, 2, 7, xml.len()] {
        let mut decoder = Decoder::new(api.program.clone(), 0, Direction::Response, &DecodeOptions::default());
        xml.chunks(size).try_for_each(|chunk| decoder.feed(chunk)).unwrap();
        let Decoded::Value(json) = decoder.finish().unwrap() else { panic!("no value") };
        let expected = json!({"$content": [{"n": 5}, "  lost & found  ]", {"name": "x"}]});
        assert_eq!(serde_json::from_slice::<Value>(&json).unwrap(), expected, "by {size}");
    }
}

/// Text beside properties that were sent has no place: the whole object would be `$content`.
#[test]
fn stray_text_after_what_was_sent_ends_the_stream() {
    let api = published("decode", &support::path("tests/decode/service.wsdl"));
    let xml = br#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><reply xmlns="urn:t"><n>5</n>lost?</reply></s:Body></s:Envelope>"#;
    let whole = decode(&api.program, &api.program.operations[0], Direction::Response, xml, &DecodeOptions::default());
    let Ok(Decoded::Value(whole)) = whole else { panic!("{whole:?}") };
    assert_eq!(serde_json::from_slice::<Value>(&whole).unwrap(), json!({"$content": [{"n": 5}, "lost?"]}));
    let parts = streamed(&api.program, 0, Direction::Response, xml, 1);
    assert!(matches!(parts, Err(DecodeError { kind: DecodeErrorKind::Limit, .. })), "{parts:?}");
}

/// The end of the message's object is not sent before the Body's: another element may follow.
#[test]
fn what_stands_beside_the_message_is_streamed_too() {
    let api = published("decode", &support::path("tests/decode/service.wsdl"));
    let read = |body: &str| {
        let xml = format!(r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>{body}</s:Body></s:Envelope>"#);
        let json = streamed(&api.program, 0, Direction::Response, xml.as_bytes(), 1).unwrap().unwrap();
        String::from_utf8(json).unwrap()
    };
    let reply = r#"<reply xmlns="urn:t"><n>5</n></reply>"#;
    let alone = read(reply);
    let beside = read(&format!("{reply}<a>1</a><b/><a>2</a>"));
    assert_eq!(beside, format!(r#"{},"$beside":{{"a":["1","2"],"b":""}}}}"#, alone.strip_suffix('}').unwrap()));
}

/// Of what is in the wrapper nothing is known; beside it nothing may stand.
#[test]
fn nothing_stands_beside_a_wrapper_of_anything() {
    let api = published("decode", &support::path("tests/constructs/undefined-input/service.wsdl"));
    let read = |beside: &str, strict| {
        let xml = format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><OpResponse><a>1</a></OpResponse>{beside}</s:Body></s:Envelope>"#
        );
        let options = DecodeOptions { strict, ..DecodeOptions::default() };
        decode(&api.program, &api.program.operations[0], Direction::Response, xml.as_bytes(), &options)
    };
    for (beside, strict, expected) in [("", true, r#"{"a":"1"}"#), ("<b>2</b>", false, r#"{"a":"1","$beside":{"b":"2"}}"#)] {
        let Ok(Decoded::Value(json)) = read(beside, strict) else { panic!("{:?}", read(beside, strict)) };
        assert_eq!(String::from_utf8_lossy(&json), expected);
    }
    assert!(matches!(read("<b>2</b>", true), Err(DecodeError { kind: DecodeErrorKind::Invalid, .. })), "{:?}", read("<b>2</b>", true));
}

/// A substitution group's members count together, as they do in requests.
#[test]
fn one_member_of_a_head_stands_in_an_all() {
    let api = published("decode", &support::path("tests/constructs/all-repeated/service.wsdl"));
    let read = |members: &str| {
        let xml = format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><Answer xmlns="urn:t"><c>2020-01-01</c>{members}<a>x</a><c>2020-01-02</c></Answer></s:Body></s:Envelope>"#
        );
        let options = DecodeOptions { strict: true, ..DecodeOptions::default() };
        decode(&api.program, &api.program.operations[0], Direction::Response, xml.as_bytes(), &options)
    };
    for members in ["", "<Head>1</Head>", "<Member>1</Member>"] {
        assert!(read(members).is_ok(), "{members}: {:?}", read(members));
    }
    for members in ["<Head>1</Head><Member>2</Member>", "<Member>1</Member><Member>2</Member>"] {
        assert!(matches!(read(members), Err(DecodeError { kind: DecodeErrorKind::Invalid, .. })), "{members}: {:?}", read(members));
    }
}

/// An array that was sent cannot be taken up again: rather no answer than one name twice.
#[test]
fn a_repeated_group_that_was_sent_does_not_come_again() {
    let api = published("decode", &support::path("tests/constructs/repeated-group/service.wsdl"));
    let xml = br#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><n:Ask xmlns:n="urn:t">
        <n:pairs><n:k>a</n:k></n:pairs><n:x>1</n:x><n:v>2</n:v><n:x>3</n:x></n:Ask></s:Body></s:Envelope>"#;
    let whole = decode(&api.program, &api.program.operations[0], Direction::Request, xml, &DecodeOptions::default());
    let Ok(Decoded::Value(whole)) = whole else { panic!("{whole:?}") };
    let read: Value = serde_json::from_slice(&whole).unwrap();
    assert_eq!(read["$items"].as_array().map(Vec::len), Some(2), "{read}");
    let parts = streamed(&api.program, 0, Direction::Request, xml, 1);
    assert!(matches!(parts, Err(DecodeError { kind: DecodeErrorKind::Limit, .. })), "{parts:?}");
}

/// A flattened wrapper's bracket is not sent before its first item: with another child it is an object.
#[test]
fn a_flattened_wrapper_is_sent_when_it_is_known_to_be_an_array() {
    let api = published("decode", &support::path("tests/decode/service.wsdl"));
    let read = |tags: &str| {
        let xml = format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><t:reply xmlns:t="urn:t"><t:n>5</t:n><t:tags>{tags}</t:tags></t:reply></s:Body></s:Envelope>"#
        );
        streamed(&api.program, 0, Direction::Response, xml.as_bytes(), 1).map(|json| {
            let json = json.unwrap();
            serde_json::from_slice::<Value>(&json).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&json)))["tags"].clone()
        })
    };
    assert_eq!(read(" <t:tag>a</t:tag><t:tag>b</t:tag>"), Ok(json!(["a", "b"])));
    assert_eq!(read(""), Ok(json!([])));
    assert_eq!(read("<t:odd>b</t:odd><t:tag>a</t:tag>"), Ok(json!({"tag": ["a"], "odd": "b"})));
    assert_eq!(read("lost?<t:tag>a</t:tag>"), Ok(json!({"$content": ["lost?", {"tag": "a"}]})));
    assert_eq!(read("<t:tag>a</t:tag><t:odd>b</t:odd>").unwrap_err().kind, DecodeErrorKind::Limit);
}

/// Only the first Header is one.
#[test]
fn a_second_header_is_not_read() {
    let api = published("decode", &support::path("tests/constructs/headers/service.wsdl"));
    let header = "<s:Header><t:Trace xmlns:t='urn:t'>x</t:Trace></s:Header>";
    let body = "<s:Body><t:Ask xmlns:t='urn:t'><t:a>y</t:a></t:Ask></s:Body>";
    for children in [format!("{header}{header}{body}"), format!("{header}{body}{header}"), format!("{header}{body}{body}")] {
        let xml = format!("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'>{children}</s:Envelope>");
        let read = |strict| {
            let options = DecodeOptions { strict, ..DecodeOptions::default() };
            decode(&api.program, &api.program.operations[0], Direction::Request, xml.as_bytes(), &options)
        };
        let Ok(Decoded::Value(json)) = read(false) else { panic!("{:?}", read(false)) };
        assert_eq!(serde_json::from_slice::<Value>(&json).unwrap(), json!({"$headers": {"trace": "x"}, "a": "y"}), "{children}");
        assert!(matches!(read(true), Err(DecodeError { kind: DecodeErrorKind::Invalid, .. })), "{children}: {:?}", read(true));
    }
}

/// Of faults with one element's name the type decides: its own, else the nearest that it derives from.
#[test]
fn a_fault_of_a_derived_type_is_that_of_its_base() {
    let api = published("decode", &support::path("tests/properties/services/encoded.wsdl"));
    for (type_, name) in [("Person", "Wrong"), ("Clerk", "WrongClerk"), ("Boss", "Wrong")] {
        let xml = format!(
            r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring>
               <detail><wrong xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:t="urn:t" i:type="t:{type_}"><name>x</name></wrong></detail>
               </s:Fault></s:Body></s:Envelope>"#
        );
        match decode(&api.program, &api.program.operations[0], Direction::Response, xml.as_bytes(), &DecodeOptions::default()) {
            Ok(Decoded::Fault(fault)) => assert_eq!(fault.declared.as_deref(), Some(name), "{type_}"),
            other => panic!("{type_}: {other:?}"),
        }
    }
}

/// What stands in a nil element is not data; with `strict` it is an error.
#[test]
fn a_nil_element_has_no_content() {
    const NIL: &str = "xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'";
    for (content, right) in [("", true), (" \n", true), ("7", false), ("<t:x/>", false)] {
        let body = format!("<t:n {NIL}>{content}</t:n><t:item {NIL}>{content}</t:item>");
        assert_eq!(reply(&body, false).unwrap(), json!({"n": null, "item": [null]}), "{content}");
        let strict = reply(&body, true);
        assert_eq!(strict.is_ok(), right, "{content}: {strict:?}");
    }
}

/// A large reply leaves the decoder while it arrives.
#[test]
fn a_large_reply_is_never_held() {
    let api = published("decode", &support::path("tests/decode/service.wsdl"));
    let mut decoder = Decoder::new(api.program, 0, Direction::Response, &DecodeOptions::default());
    let head = br#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><reply xmlns="urn:t"><n>1</n>"#;
    decoder.feed(head).unwrap();
    let mut taken = decoder.take_ready();
    let mut largest = 0;
    for i in 0..20_000 {
        decoder.feed(format!("<item id=\"{i}\"><qty>{i}.50</qty><note>n &amp; {i}</note></item>").as_bytes()).unwrap();
        let piece = decoder.take_ready();
        largest = largest.max(piece.len());
        taken.extend(piece);
    }
    decoder.feed(b"</reply></s:Body></s:Envelope>").unwrap();
    let Decoded::Value(rest) = decoder.finish().unwrap() else { panic!("no value") };
    taken.extend(rest);
    assert!(largest < 1024, "{largest} bytes were held back");
    let value: Value = serde_json::from_slice(&taken).unwrap();
    assert_eq!(value["item"].as_array().unwrap().len(), 20_000);
    assert_eq!(value["item"][19_999]["qty"].to_string(), "19999.50");
}

fn reply(body: &str, strict: bool) -> Result<Value, DecodeError> {
    let api = published("decode", &support::path("tests/decode/service.wsdl"));
    let xml = format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><t:reply xmlns:t="urn:t">{body}</t:reply></s:Body></s:Envelope>"#
    );
    let options = DecodeOptions { strict, ..DecodeOptions::default() };
    match decode(&api.program, &api.program.operations[0], Direction::Response, xml.as_bytes(), &options)? {
        Decoded::Value(json) => Ok(serde_json::from_slice(&json).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&json)))),
        other => panic!("{other:?}"),
    }
}

/// What breaks its schema is read leniently, and nothing of it is lost; with `strict` it is refused.
#[test]
fn replies_that_break_their_schema() {
    for (what, body, expected) in [
        (
            "order is forgiven",
            "<t:name>x</t:name><t:item><t:qty>1</t:qty></t:item><t:n>5</t:n>",
            json!({"name": "x", "item": [{"qty": 1}], "n": 5}),
        ),
        (
            "an array that is interrupted is one array",
            "<t:n>5</t:n><t:item><t:qty>1</t:qty></t:item><t:name>x</t:name><t:item><t:qty>2</t:qty></t:item>",
            json!({"n": 5, "item": [{"qty": 1}, {"qty": 2}], "name": "x"}),
        ),
        ("too many occurrences make an array", "<t:n>5</t:n><t:n>6</t:n>", json!({"n": [5, 6], "item": []})),
        ("an invalid simple value is its text", "<t:n>five</t:n>", json!({"n": "five", "item": []})),
        (
            "an unknown element is generic",
            "<t:n>5</t:n><t:more><k>1</k></t:more>",
            json!({"n": 5, "item": [], "more": {"k": {"$ns": "", "$value": "1"}}}),
        ),
        ("a namespace that slipped", "<n>5</n><name xmlns=\"urn:other\">x</name>", json!({"n": 5, "item": [], "{urn:other}name": "x"})),
        ("a missing namespace", "<n>5</n><item><qty>1</qty></item>", json!({"n": 5, "item": [{"qty": 1}]})),
        (
            "an unknown element inside a flattened wrapper",
            "<t:n>5</t:n><t:tags><t:tag>a</t:tag><t:odd>b</t:odd></t:tags>",
            json!({"n": 5, "item": [], "tags": {"tag": ["a"], "odd": "b"}}),
        ),
        ("stray text is kept", "<t:n>5</t:n>lost?<t:name>x</t:name>", json!({"$content": [{"n": 5}, "lost?", {"name": "x"}]})),
        (
            "an unknown attribute",
            "<t:n>5</t:n><t:item id=\"1\" odd=\"y\"><t:qty>1</t:qty></t:item>",
            json!({"n": 5, "item": [{"@id": 1, "@odd": "y", "qty": 1}]}),
        ),
    ] {
        assert_eq!(reply(body, false).unwrap(), expected, "{what}");
        let refused = reply(body, true);
        assert!(matches!(refused, Err(DecodeError { kind: DecodeErrorKind::Invalid, .. })), "{what}: strict gives {refused:?}");
    }
}

#[test]
fn what_is_no_soap_says_what_it_is() {
    let api = published("decode", &support::path("tests/decode/service.wsdl"));
    let read = |text: &str| {
        decode(&api.program, &api.program.operations[0], Direction::Response, text.as_bytes(), &DecodeOptions::default()).unwrap_err()
    };
    for (text, kind, words) in [
        ("<html><body>down</body></html>", DecodeErrorKind::NotSoap, "an HTML page"),
        ("<!DOCTYPE html><html/>", DecodeErrorKind::NotXml, ""),
        ("<Envelope xmlns='urn:x'/>", DecodeErrorKind::NotSoap, "unknown SOAP version"),
        ("{\"a\": 1}", DecodeErrorKind::NotXml, ""),
        ("", DecodeErrorKind::NotXml, ""),
        ("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>", DecodeErrorKind::NotXml, ""),
        ("<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>", DecodeErrorKind::NotSoap, "without a Body"),
        (
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body/></s:Envelope>",
            DecodeErrorKind::UnexpectedBody,
            "an empty Body",
        ),
        (
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><other/></s:Body></s:Envelope>",
            DecodeErrorKind::UnexpectedBody,
            "<other> in the Body",
        ),
    ] {
        let error = read(text);
        assert_eq!(error.kind, kind, "{text}: {error:?}");
        assert!(error.message.contains(words), "{text}: {}", error.message);
    }
}
