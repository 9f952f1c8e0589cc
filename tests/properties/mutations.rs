//! Envelopes, changed at random: `decode` never panics, chunks do not matter, and what it gives is JSON.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use castile::json::parse;
use castile::mediate::{DecodeError, DecodeErrorKind, DecodeOptions, Decoded, Decoder, Direction, decode, encode, encode_fault};
use castile::sample::{Sampler, Style};

use super::{Random, Service, cases, clip, own_services};
use crate::support;

/// A valid envelope.
struct Seed {
    service: usize,
    operation: usize,
    direction: Direction,
    envelope: Vec<u8>,
}

/// What is put into start tags, in front of the tag's end.
const ATTRIBUTES: [&str; 16] = [
    r#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true""#,
    r#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="1" xsi:type="""#,
    r#" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="maybe""#,
    r#" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="http://www.w3.org/2001/XMLSchema" i:type="x:int""#,
    r#" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="http://www.w3.org/2001/XMLSchema" i:type="x:anyType""#,
    r#" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="http://www.w3.org/2001/XMLSchema" i:type="x:QName""#,
    r#" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:y="urn:t" i:type="y:T""#,
    r#" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:y="urn:t" i:type="y:People""#,
    r#" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="nowhere:Nothing""#,
    r#" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" xmlns:c="http://schemas.xmlsoap.org/soap/encoding/" i:type="c:Array""#,
    r#" xmlns:c="http://schemas.xmlsoap.org/soap/encoding/" xmlns:x="http://www.w3.org/2001/XMLSchema" c:arrayType="x:int[2,3]""#,
    r#" xmlns:c="http://schemas.xmlsoap.org/soap/encoding/" xmlns:x="http://www.w3.org/2001/XMLSchema" c:arrayType="x:int[][4294967295]""#,
    r#" xmlns:c="http://schemas.xmlsoap.org/soap/encoding/" c:position="[999999999]""#,
    r##" href="#r1""##,
    r#" id="r1""#,
    r#" xml:lang="de" xml:space="preserve" odd="1""#,
];

/// What is put between two tags.
const CONTENT: [&str; 10] = [
    "stray text",
    "  \n ",
    "<![CDATA[]]>",
    "<!-- a comment --><?and more?>",
    "<unknown xmlns='urn:nobody' a='1'><b/>t<b/></unknown>",
    "<soap:Fault xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><faultcode>x</faultcode><detail><a/>b</detail></soap:Fault>",
    "<multiRef id='r1' href='#r1'/>",
    "1e999999999",
    "-99999999999999999999999999999.5",
    "&#13;&amp;]]&gt;",
];

fn seeds(services: &[Service]) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (at, service) in services.iter().enumerate() {
        let sampler = Sampler::new(&service.program);
        for (operation, plan) in service.program.operations.iter().enumerate() {
            for (style, seed) in [(Style::Typical, None), (Style::Full, Some(1)), (Style::Full, Some(2)), (Style::Typical, Some(3))] {
                for direction in [Direction::Request, Direction::Response] {
                    let envelope =
                        sampler.message(plan, direction, seed, style).ok().and_then(|j| encode(&service.program, plan, direction, &j).ok());
                    seeds.extend(envelope.map(|envelope| Seed { service: at, operation, direction, envelope }));
                }
                for fault in &plan.faults {
                    let Ok(json) = sampler.fault(fault, seed, style) else { continue };
                    let envelope = encode_fault(&service.program, plan, fault, "because", &super::json(&json)).unwrap();
                    seeds.push(Seed { service: at, operation, direction: Direction::Response, envelope });
                }
            }
        }
    }
    seeds.extend(written_seeds(services));
    seeds
}

/// The cases of the constructs, and the envelopes written for this: what no sample shows, as faults and references.
fn written_seeds(services: &[Service]) -> Vec<Seed> {
    let files = ["tests/constructs", "tests/properties/envelopes"].map(|f| support::files(&support::path(f), "xml")).concat();
    let seed = |file: PathBuf| {
        let name = file.file_name()?.to_string_lossy().into_owned();
        let direction = if name.ends_with(".request.xml") { Direction::Request } else { Direction::Response };
        let folder = file.parent()?.file_name()?.to_string_lossy().into_owned();
        let about = if folder == "envelopes" { name.split('-').next()?.to_owned() } else { format!("/{folder}/") };
        let service = services.iter().position(|s| s.name.contains(&about))?;
        let operations = &services[service].program.operations;
        let operation = match name.split_once('@') {
            Some((_, rest)) => operations.iter().position(|o| Some(&*o.name) == rest.split('.').next())?,
            None => 0,
        };
        Some(Seed { service, operation, direction, envelope: std::fs::read(&file).ok()? })
    };
    files.into_iter().filter_map(seed).collect()
}

/// Where the elements of a document stand, without the first, which is its root.
fn elements(envelope: &[u8]) -> Vec<Range<usize>> {
    let Some(document) = std::str::from_utf8(envelope).ok().and_then(|t| roxmltree::Document::parse(t).ok()) else { return Vec::new() };
    document.descendants().filter(|n| n.is_element()).skip(1).map(|n| n.range()).collect()
}

/// Changes its structure: the result is mostly well-formed.
fn restructure(envelope: &mut Vec<u8>, random: &mut Random) {
    let elements = elements(envelope);
    let Some(one) = random.pick(&elements).cloned() else { return };
    let Some(other) = random.pick(&elements).cloned() else { return };
    let copy = envelope[one.clone()].to_vec();
    match random.below(6) {
        0 => envelope.splice(one.end..one.end, copy).for_each(drop),
        1 => envelope.splice(one, []).for_each(drop),
        // Moved, where neither is in the other; else swapped in place of it.
        2 if one.end <= other.start => {
            envelope.splice(other.start..other.start, copy).for_each(drop);
            envelope.splice(one, []).for_each(drop);
        }
        2 | 3 => envelope.splice(other, copy).for_each(drop),
        4 => {
            let tag = envelope[one.clone()].iter().position(|b| matches!(b, b'>' | b'/' | b' ')).unwrap_or(0);
            let attribute = random.pick(&ATTRIBUTES).copied().unwrap_or_default();
            envelope.splice(one.start + tag..one.start + tag, attribute.bytes()).for_each(drop);
        }
        _ => {
            let inner = random.below(2) == 0;
            let tag = envelope[one.clone()].iter().position(|b| *b == b'>').map_or(one.end, |at| one.start + at + 1);
            let at = if inner { tag } else { one.start };
            envelope.splice(at..at, random.pick(&CONTENT).copied().unwrap_or_default().bytes()).for_each(drop);
        }
    }
}

/// Changes its bytes: the result is mostly not well-formed.
fn damage(envelope: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(envelope.len());
    let end = (at + random.below(20)).min(envelope.len());
    match random.below(5) {
        0 => envelope.truncate(at),
        1 => envelope.drain(at..end).for_each(drop),
        2 => envelope.insert(at, random.pick(b"<>/&;\"' :=#\0\r\xff[]!?-").copied().unwrap_or(b'<')),
        3 => {
            if let Some(byte) = envelope.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        _ => {
            let copy = envelope[at..end].to_vec();
            let to = random.below(envelope.len());
            envelope.splice(to..to, copy).for_each(drop);
        }
    }
}

fn mutate(seed: &Seed, random: &mut Random) -> Vec<u8> {
    let mut envelope = seed.envelope.clone();
    for _ in 0..random.below(4) {
        restructure(&mut envelope, random);
    }
    if random.below(3) == 0 {
        for _ in 0..=random.below(2) {
            damage(&mut envelope, random);
        }
    }
    envelope
}

fn whole(service: &Service, seed: &Seed, envelope: &[u8], options: &DecodeOptions) -> Result<Decoded, DecodeError> {
    decode(&service.program, &service.program.operations[seed.operation], seed.direction, envelope, options)
}

/// In pieces; `take`: what is ready is taken after each.
fn in_pieces(
    service: &Service,
    seed: &Seed,
    envelope: &[u8],
    options: &DecodeOptions,
    size: usize,
    take: bool,
) -> Result<Decoded, DecodeError> {
    let mut decoder = Decoder::new(service.program.clone(), seed.operation, seed.direction, options);
    let mut out = Vec::new();
    for chunk in envelope.chunks(size) {
        decoder.feed(chunk)?;
        if take {
            out.extend(decoder.take_ready());
        }
    }
    Ok(match decoder.finish()? {
        Decoded::Value(rest) => Decoded::Value([out, rest].concat()),
        other => other,
    })
}

/// JSON by our reader, which refuses names that stand twice, and by serde_json's.
fn is_json(text: &[u8]) -> bool {
    parse(text, &Default::default()).is_ok() && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

/// What is wrong with how it is read: whole, in pieces, and in pieces of which what is ready is taken.
fn trouble(service: &Service, seed: &Seed, envelope: &[u8], strict: bool, size: usize, read: &mut u64) -> Option<String> {
    let options = DecodeOptions { strict, ..DecodeOptions::default() };
    let whole = whole(service, seed, envelope, &options);
    let kept = in_pieces(service, seed, envelope, &options, size, false);
    let taken = in_pieces(service, seed, envelope, &options, size, true);
    let text = |d: &Result<Decoded, DecodeError>| match d {
        Ok(Decoded::Value(json)) => Some(json.clone()),
        Ok(Decoded::Fault(fault)) => Some(fault.fault_json.clone()),
        Ok(Decoded::Empty) | Err(_) => None,
    };
    for json in [&whole, &kept, &taken].into_iter().filter_map(text) {
        *read += 1;
        if !is_json(&json) {
            return Some(format!("no JSON: {}", clip(&json)));
        }
        // What is read may be no valid request, but must never break what makes one.
        let _ = encode(&service.program, &service.program.operations[seed.operation], seed.direction, &json);
    }
    if format!("{whole:?}") != format!("{kept:?}") {
        return Some(format!("whole: {}\nby {size}: {}", shown(&whole), shown(&kept)));
    }
    // What comes out of order after its object was sent in part can only fail; what is strange may be said otherwise then.
    match (&whole, &taken) {
        (_, Err(e)) if e.kind == DecodeErrorKind::Limit => None,
        (Ok(Decoded::Value(_)), Ok(Decoded::Value(_)))
        | (Ok(Decoded::Fault(_)), Ok(Decoded::Fault(_)))
        | (Ok(Decoded::Empty), Ok(Decoded::Empty)) => None,
        (Err(one), Err(two)) if one.kind == two.kind => None,
        (whole, taken) => Some(format!("whole: {}\ntaken by {size}: {}", shown(whole), shown(taken))),
    }
}

fn shown(decoded: &Result<Decoded, DecodeError>) -> String {
    match decoded {
        Ok(Decoded::Value(json)) => clip(json),
        other => format!("{other:?}"),
    }
}

#[test]
fn changed_envelopes_are_read_as_json_or_refused() {
    let services = own_services();
    let seeds = seeds(&services);
    let (mut wrong, mut read) = (Vec::new(), 0);
    let count = cases(20_000);
    for case in 0..count {
        let mut random = Random(case);
        let Some(seed) = random.pick(&seeds) else { continue };
        let envelope = mutate(seed, &mut random);
        let strict = random.below(4) == 0;
        let size = random.pick(&[1, 2, 7, 64, 1_000]).copied().unwrap_or(1);
        let service = &services[seed.service];
        let found = catch_unwind(AssertUnwindSafe(|| trouble(service, seed, &envelope, strict, size, &mut read)));
        if let Some(found) = found.unwrap_or_else(|_| Some("a panic".to_owned())) {
            wrong.push(format!("case {case}, {} {:?}, strict {strict}: {found}\n   {}", service.name, seed.direction, clip(&envelope)));
        }
    }
    println!("{} envelopes, changed {count} times, {read} of them read", seeds.len());
    let shown: Vec<_> = wrong.iter().take(6).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {count}\n{}", wrong.len(), shown.join("\n"));
    assert!(read > count / 4, "only {read} of {count} were read: the changes show too little");
}
