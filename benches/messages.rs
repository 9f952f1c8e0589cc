//! What the conversion of one message costs, beside nothing else: the gate over its bytes, reply to JSON, JSON to request.
//!
//! `cargo bench --bench messages`; throughput is of the bytes that come in.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a bench fails by panicking")]
#![allow(missing_docs, reason = "a program, not a library")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use castile::mediate::{DecodeOptions, Decoded, Decoder, Direction, encode};
use castile::plan::Program;
use castile::plan::compile::{Settings, compile};
use castile::wsdl::resolve::resolve;
use castile::wsdl::source::{Options, Origin, Policy, load_local};
use castile::xml::Limits;
use castile::xml::gate::{Gate, Ignore};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// As the gateway's connections read at most.
const CHUNK: usize = 64 << 10;

fn program() -> Arc<Program> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/records.wsdl");
    let loaded = load_local(&Origin::File(file), &Options::local(Policy::Operator)).unwrap();
    Arc::new(compile(&resolve(&loaded.documents).definitions.unwrap(), &Settings::default()).program)
}

fn operation(program: &Program, name: &str) -> usize {
    program.operations.iter().position(|o| &*o.name == name).unwrap_or_else(|| panic!("no operation {name}"))
}

/// A reply of so many rows, like those of `benches/peers/data.py`.
fn reply(operation: &str, rows: usize) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soap:Body><ns:{operation}Response xmlns:ns=\"urn:bench:records\">\
         <ns:total>{rows}</ns:total><ns:records>"
    );
    let words = ["steel valve", "\u{c4}rmel &amp; S\u{f6}hne pump", "plain part rotor flange", "Smith &lt;Tools&gt; gasket"];
    for i in 0..rows {
        let (word, tags) = (words[i % words.len()], "<ns:tag>bearing</ns:tag>".repeat(i % 3));
        let address = if i % 5 < 3 {
            "<ns:address><ns:street>12 Main &amp; Side St</ns:street><ns:city>Lyon</ns:city><ns:country>DE</ns:country></ns:address>"
        } else {
            ""
        };
        let note = match i % 5 {
            0 => "<ns:note xsi:nil=\"true\"/>",
            1 => "<ns:note>first line &#10; second &quot;line&quot;</ns:note>",
            _ => "",
        };
        write!(
            text,
            "<ns:record status=\"OPEN\" rev=\"{}\"><ns:id>{}</ns:id><ns:name>{word} {i}</ns:name><ns:quantity>{}</ns:quantity>\
             <ns:price currency=\"EUR\">{}.25</ns:price><ns:weight>{}.5</ns:weight><ns:active>true</ns:active><ns:created>2016-01-03</ns:created>\
             <ns:updated>2025-03-04T05:06:00Z</ns:updated>{tags}<ns:supplier><ns:code>S{}</ns:code>{address}</ns:supplier>{note}</ns:record>",
            i % 99,
            1_000_000_000 + i,
            i * 7 % 5000,
            i * 31 % 99_999,
            i % 100,
            100 + i % 900,
        )
        .unwrap();
    }
    write!(text, "</ns:records></ns:{operation}Response></soap:Body></soap:Envelope>").unwrap();
    text
}

/// A request of so many records.
fn request(rows: usize) -> String {
    let row = |i: usize| {
        format!(
            "{{\"id\":{},\"name\":\"steel valve & rotor {i}\",\"quantity\":{},\"amount\":{}.25,\"weight\":12.5,\"active\":true,\"created\":\"2016-01-03\",\
             \"tag\":[\"pump\",\"seal\"],\"supplier\":{{\"code\":\"S100\",\"address\":{{\"street\":\"12 Main & Side St\",\"city\":\"Lyon\",\"country\":\"DE\"}}}}}}",
            1_000_000_000 + i,
            i * 7 % 5000,
            i * 31 % 99_999,
        )
    };
    let rows: Vec<_> = (0..rows).map(row).collect();
    format!("{{\"record\":[{}]}}", rows.join(","))
}

/// As the gateway does: fed in chunks, and what is ready is taken away.
fn decode(program: &Arc<Program>, operation: usize, text: &str) -> usize {
    let mut decoder = Decoder::new(program.clone(), operation, Direction::Response, &DecodeOptions::default());
    let mut taken = 0;
    for chunk in text.as_bytes().chunks(CHUNK) {
        decoder.feed(chunk).unwrap();
        taken += decoder.take_ready().len();
    }
    match decoder.finish().unwrap() {
        Decoded::Value(rest) => taken + rest.len(),
        Decoded::Empty | Decoded::Fault(_) => panic!("not a value"),
    }
}

fn messages(criterion: &mut Criterion) {
    let program = program();
    let (list, export, import) =
        (operation(&program, "ListRecords"), operation(&program, "ExportRecords"), operation(&program, "ImportRecords"));
    let (medium, large) = (reply("ListRecords", 20), reply("ExportRecords", 2150));
    let json = request(320);

    let mut group = criterion.benchmark_group("messages");
    group.throughput(Throughput::Bytes(large.len() as u64));
    group.bench_function("gate, large reply", |b| {
        b.iter(|| {
            let mut gate = Gate::new(Limits::message(), None);
            black_box(&large).as_bytes().chunks(CHUNK).try_for_each(|chunk| gate.feed(chunk, &mut Ignore)).unwrap();
            gate.finish(&mut Ignore).unwrap();
        });
    });
    group.bench_function("decode, large reply", |b| b.iter(|| decode(&program, export, black_box(&large))));
    group.throughput(Throughput::Bytes(medium.len() as u64));
    group.bench_function("decode, medium reply", |b| b.iter(|| decode(&program, list, black_box(&medium))));
    group.throughput(Throughput::Bytes(json.len() as u64));
    group.bench_function("encode, 100 KB of JSON", |b| {
        b.iter(|| encode(&program, &program.operations[import], Direction::Request, black_box(json.as_bytes())).unwrap());
    });
    group.finish();
}

criterion_group!(all, messages);
criterion_main!(all);
