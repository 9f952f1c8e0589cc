//! Replies that ask for more than they are: each ends in an error that names its limit, soon.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use castile::catalog::PublishedApi;
use castile::mediate::{DecodeError, DecodeErrorKind, DecodeOptions, Decoded, Direction, decode};

use crate::support::{self, api::published};

fn encoded() -> PublishedApi {
    published("hostile", &support::path("tests/properties/services/encoded.wsdl"))
}

/// The Body of a SOAP-encoded request.
fn encoded_body(api: &PublishedApi, body: &str) -> Result<Decoded, DecodeError> {
    let xml = format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
           xmlns:c="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><n:Op xmlns:n="urn:s">{body}</n:Op></s:Body></s:Envelope>"#
    );
    decode(&api.program, &api.program.operations[0], Direction::Request, xml.as_bytes(), &DecodeOptions::default())
}

fn limit(result: Result<Decoded, DecodeError>, what: &str) {
    match result {
        Err(DecodeError { kind: DecodeErrorKind::Limit, message }) => assert!(message.contains(what), "{message}"),
        Err(e) => panic!("{e:?}, expected a limit: {what}"),
        Ok(_) => panic!("read, expected a limit: {what}"),
    }
}

/// Ranks are levels of JSON arrays, and of the writer's stack.
#[test]
fn an_array_has_few_ranks() {
    let api = encoded();
    let ranks = vec!["1"; 200_000].join(",");
    limit(encoded_body(&api, &format!("<grid c:arrayType='xs:int[{ranks}]'><i>1</i></grid>")), "more than 255 ranks");
}

#[test]
fn sizes_and_positions_do_not_overflow() {
    let api = encoded();
    for size in ["0,4294967296,4294967296", "0,18446744073709551615,2", "18446744073709551615,2,0"] {
        let Ok(Decoded::Value(json)) = encoded_body(&api, &format!("<grid c:arrayType='xs:int[{size}]'/>")) else { panic!("{size}") };
        assert_eq!(json, b"{\"grid\":[]}", "{size}");
    }
    for attribute in ["position", "offset"] {
        let (array, item) =
            if attribute == "offset" { (" c:offset='[18446744073709551615]'", "") } else { ("", " c:position='[18446744073709551615]'") };
        limit(encoded_body(&api, &format!("<grid{array}><i{item}>1</i><i>2</i></grid>")), "leave out more than 65536");
    }
}

/// Sixty bytes for a third of a megabyte, again and again.
#[test]
fn what_arrays_leave_out_is_counted_for_the_whole_message() {
    let api = encoded();
    let friends = "<i><name>x</name><friends c:offset='[40000]'/></i>";
    assert!(encoded_body(&api, &format!("<people>{friends}</people>")).is_ok());
    limit(encoded_body(&api, &format!("<people>{}</people>", friends.repeat(50))), "leave out more than 65536");
}

/// Shared text is written out at every reference to it.
#[test]
fn shared_text_multiplies_within_bounds() {
    let api = encoded();
    let shared = |size: usize, count: usize| {
        let people = "<i><name href='#a'/></i>".repeat(count);
        encoded_body(&api, &format!("<people>{people}</people><multi id='a'>{}</multi>", "x".repeat(size)))
    };
    assert!(matches!(shared(10_000, 25), Ok(Decoded::Value(json)) if json.len() > 250_000));
    assert!(matches!(shared(1_000_000, 3), Ok(Decoded::Value(json)) if json.len() > 3_000_000));
    limit(shared(10_000, 500), "shared references multiply");
    limit(shared(1 << 20, 100), "shared references multiply");
}

/// Entries of a fault's detail are gathered by name in one pass.
#[test]
fn a_detail_of_many_names_is_read_soon() {
    let api = encoded();
    let mut entries = String::new();
    for i in 0..300_000 {
        write!(entries, "<e{}/>", i % 16_000).unwrap();
    }
    let xml = format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Server</faultcode>
           <detail>{entries}</detail></s:Fault></s:Body></s:Envelope>"#
    );
    let began = Instant::now();
    let read = decode(&api.program, &api.program.operations[0], Direction::Response, xml.as_bytes(), &DecodeOptions::default());
    assert!(matches!(read, Ok(Decoded::Fault(_))), "{read:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "took {:?}", began.elapsed());
}

/// A row that does not fit is read by name in one pass, however many items its group has.
#[test]
fn a_long_row_that_does_not_fit_is_read_soon() {
    let api = published("decode", &support::path("tests/constructs/repeated-group/service.wsdl"));
    let odd = "<n:odd/>".repeat(100_000);
    let pairs = "<n:x>1</n:x><n:x>2</n:x>".repeat(50_000);
    let xml = format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><n:Ask xmlns:n="urn:t">{odd}{pairs}</n:Ask></s:Body></s:Envelope>"#
    );
    let began = Instant::now();
    let read = decode(&api.program, &api.program.operations[0], Direction::Request, xml.as_bytes(), &DecodeOptions::default());
    assert!(matches!(read, Ok(Decoded::Value(_))), "{:?}", read.err());
    assert!(began.elapsed() < Duration::from_secs(20), "took {:?}", began.elapsed());
}

/// A content model as long as a model may be, asked of a whole row, fits the stack of a worker.
#[test]
fn a_long_model_fits_the_stack() {
    let wsdl = std::fs::read_to_string(support::path("tests/constructs/sequence/service.wsdl")).unwrap();
    let mut many = String::new();
    for i in 0..3_900 {
        write!(many, r#"<xs:element name="e{i}" type="xs:string" minOccurs="0"/>"#).unwrap();
    }
    let at = wsdl.find("<xs:sequence>").unwrap() + "<xs:sequence>".len();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("service.wsdl");
    std::fs::write(&file, format!("{}{many}{}", &wsdl[..at], &wsdl[at..])).unwrap();
    let api = published("long", &file);
    let body = "<n:e3899>b</n:e3899><n:e0>a</n:e0>";
    let xml = format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><n:Ask xmlns:n="urn:t">{body}</n:Ask></s:Body></s:Envelope>"#
    );
    let read = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || decode(&api.program, &api.program.operations[0], Direction::Request, xml.as_bytes(), &DecodeOptions::default()))
        .unwrap()
        .join()
        .unwrap();
    assert!(matches!(&read, Ok(Decoded::Value(json)) if json.starts_with(b"{\"e3899\":\"b\",\"e0\":\"a\"")), "{read:?}");
}
