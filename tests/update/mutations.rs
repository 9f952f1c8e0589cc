//! Services that are made up, changed at random: whatever makes a message invalid that was valid is told as breaking.
//!
//! What is asked is not the comparison but the mapping: requests made for the old service are encoded for the new one, and read by it as
//! SOAP; replies of the new service are read as what the old one promised. `CASTILE_PROPERTY_CASES` asks for more cases than the usual few.

use std::fmt::Write;

use castile::api::{ApiDefinition, Unknown};
use castile::catalog::PublishedApi;
use castile::mediate::{DecodeOptions, Direction, decode, encode};
use castile::plan::compare::{Change, Effect, Faces, compare};
use castile::sample::{Sampler, Style};

use crate::support::api::{construct, defined, published};
use crate::support::{folders, path};

const BOTH: Faces = Faces { rest: true, soap: true };

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

const BUILT_IN: [&str; 12] = [
    "xs:string",
    "xs:token",
    "xs:int",
    "xs:long",
    "xs:short",
    "xs:integer",
    "xs:decimal",
    "xs:double",
    "xs:boolean",
    "xs:date",
    "xs:unsignedByte",
    "xs:base64Binary",
];
const TIMES: [(u32, Option<u32>); 6] = [(0, Some(1)), (1, Some(1)), (0, None), (1, None), (0, Some(3)), (2, Some(2))];

#[derive(Clone, Debug)]
struct Field {
    name: String,
    type_: String,
    times: (u32, Option<u32>),
    nillable: bool,
}

#[derive(Clone, Debug)]
enum Part {
    Field(Field),
    /// A choice or a sequence that stands `times`.
    Group(&'static str, (u32, Option<u32>), Vec<Part>),
    Any(&'static str),
}

#[derive(Clone, Debug)]
struct Complex {
    base: Option<usize>,
    parts: Vec<Part>,
    attributes: Vec<(String, String, bool)>,
    mixed: bool,
}

#[derive(Clone, Debug)]
struct Simple {
    base: &'static str,
    facets: Vec<(&'static str, String)>,
}

#[derive(Clone, Debug)]
struct Made {
    simple: Vec<Simple>,
    complex: Vec<Complex>,
    /// Request and response of the operation.
    roots: [Complex; 2],
}

fn simple(dice: &mut Dice) -> Simple {
    let (base, mut facets): (&'static str, Vec<(&'static str, String)>) = match dice.below(4) {
        0 => ("xs:string", ["red", "green", "blue"].iter().map(|v| ("enumeration", (*v).to_owned())).collect()),
        1 => ("xs:int", vec![("minInclusive", "3".to_owned()), ("maxInclusive", "40".to_owned())]),
        2 => ("xs:string", vec![("minLength", "2".to_owned()), ("maxLength", "5".to_owned())]),
        _ => ("xs:string", vec![("pattern", "[a-c]{2,4}".to_owned())]),
    };
    if dice.once_in(4) {
        facets.pop();
    }
    Simple { base, facets }
}

fn type_name(dice: &mut Dice, simple: usize, complex: usize) -> String {
    match dice.below(4) {
        0 if simple > 0 => format!("t:S{}", dice.below(simple)),
        1 if complex > 0 => format!("t:C{}", dice.below(complex)),
        _ => (*dice.pick(&BUILT_IN)).to_owned(),
    }
}

fn field(dice: &mut Dice, name: &str, simple: usize, complex: usize) -> Field {
    Field { name: name.to_owned(), type_: type_name(dice, simple, complex), times: *dice.pick(&TIMES), nillable: dice.once_in(5) }
}

fn complex(dice: &mut Dice, at: usize, simple: usize, complex: usize) -> Complex {
    let mut next = 0;
    let mut named = |dice: &mut Dice| {
        next += 1;
        Part::Field(field(dice, &format!("f{at}{}", (b'a' + next - 1) as char), simple, complex))
    };
    let mut parts = Vec::new();
    for _ in 0..1 + dice.below(4) {
        parts.push(match dice.below(6) {
            0 => Part::Group("choice", *dice.pick(&TIMES[..3]), vec![named(dice), named(dice)]),
            1 => Part::Group("sequence", *dice.pick(&TIMES[..3]), vec![named(dice), named(dice)]),
            _ => named(dice),
        });
    }
    if dice.once_in(8) {
        parts.push(Part::Any("##other"));
    }
    let attributes = if dice.once_in(3) { vec![(format!("at{at}"), "xs:int".to_owned(), dice.once_in(2))] } else { Vec::new() };
    Complex { base: (at > 0 && at < 90 && dice.once_in(4)).then(|| dice.below(at)), parts, attributes, mixed: dice.once_in(12) }
}

fn make(dice: &mut Dice) -> Made {
    let simples: Vec<Simple> = (0..2).map(|_| simple(dice)).collect();
    let mut complexes: Vec<Complex> = Vec::new();
    for at in 0..3 {
        let made = complex(dice, at, simples.len(), at);
        // What extends must be as mixed as its base.
        let mixed = made.base.map_or(made.mixed, |b| complexes[b].mixed);
        complexes.push(Complex { mixed, ..made });
    }
    let roots = [complex(dice, 98, 2, 3), complex(dice, 99, 2, 3)];
    Made { simple: simples, complex: complexes, roots }
}

/// One change; gives its name.
fn mutate(made: &mut Made, dice: &mut Dice) -> &'static str {
    if dice.once_in(4) {
        let at = dice.below(made.simple.len());
        let simple = &mut made.simple[at];
        return match dice.below(4) {
            0 if !simple.facets.is_empty() => {
                simple.facets.remove(dice.below(simple.facets.len()));
                "facet removed"
            }
            1 if simple.base == "xs:int" => {
                simple.facets = vec![("minInclusive", dice.below(9).to_string()), ("maxExclusive", (30 + dice.below(20)).to_string())];
                "bounds"
            }
            2 => {
                simple.facets.push(if simple.base == "xs:int" { ("totalDigits", "1".into()) } else { ("maxLength", "4".into()) });
                "facet added"
            }
            _ => {
                simple.facets.retain(|(kind, _)| *kind != "enumeration");
                simple.facets.extend(
                    ["red", "blue", "grey"].iter().filter(|_| simple.base == "xs:string").map(|v| ("enumeration", (*v).to_owned())),
                );
                "enumeration"
            }
        };
    }
    let complex = match dice.below(5) {
        at @ 0..3 => &mut made.complex[at],
        at => &mut made.roots[at - 3],
    };
    if dice.once_in(6) {
        return match complex.attributes.pop() {
            Some((name, type_, required)) if dice.once_in(2) => {
                complex.attributes.push((name, type_, !required));
                "attribute"
            }
            Some(_) => "attribute removed",
            None => {
                complex.attributes.push(("fresh".to_owned(), "xs:string".to_owned(), dice.once_in(2)));
                "attribute added"
            }
        };
    }
    in_parts(&mut complex.parts, dice)
}

fn in_parts(parts: &mut Vec<Part>, dice: &mut Dice) -> &'static str {
    if parts.is_empty() || dice.once_in(7) {
        let at = dice.below(parts.len() + 1);
        // A wildcard stays last: what follows it would not be told apart.
        let at = if matches!(parts.last(), Some(Part::Any(_))) { at.min(parts.len() - 1) } else { at };
        parts.insert(at, Part::Field(field(dice, "added", 2, 0)));
        return "field added";
    }
    let at = dice.below(parts.len());
    match dice.below(8) {
        0 => {
            parts.remove(at);
            return "part removed";
        }
        1 if parts.len() > 1 && !matches!(parts.last(), Some(Part::Any(_))) => {
            let other = dice.below(parts.len());
            parts.swap(at, other);
            return "order";
        }
        2 => {
            let part = parts[at].clone();
            if !matches!(part, Part::Any(_)) {
                parts[at] = Part::Group(
                    if dice.once_in(2) { "choice" } else { "sequence" },
                    *dice.pick(&TIMES[..3]),
                    vec![part, Part::Field(field(dice, "extra", 2, 0))],
                );
            }
            return "group around";
        }
        _ => {}
    }
    match &mut parts[at] {
        Part::Field(field) => match dice.below(4) {
            0 => {
                field.times = *dice.pick(&TIMES);
                "times"
            }
            1 => {
                field.nillable = !field.nillable;
                "nillable"
            }
            2 => {
                field.type_ = type_name(dice, 2, 0);
                "type"
            }
            _ => {
                field.name.push('x');
                "name"
            }
        },
        Part::Group(kind, times, inner) => match dice.below(3) {
            0 => {
                *times = *dice.pick(&TIMES[..3]);
                "group's times"
            }
            1 => {
                *kind = if *kind == "choice" { "sequence" } else { "choice" };
                "group's kind"
            }
            _ => in_parts(inner, dice),
        },
        Part::Any(namespace) => {
            *namespace = if *namespace == "##other" { "##any" } else { "##other" };
            "wildcard"
        }
    }
}

fn occurs((min, max): (u32, Option<u32>)) -> String {
    format!(r#"minOccurs="{min}" maxOccurs="{}""#, max.map_or("unbounded".to_owned(), |m| m.to_string()))
}

fn write_parts(out: &mut String, parts: &[Part]) {
    for part in parts {
        let _ = match part {
            Part::Field(f) => {
                write!(out, r#"<xs:element name="{}" type="{}" {} nillable="{}"/>"#, f.name, f.type_, occurs(f.times), f.nillable)
            }
            Part::Any(namespace) => write!(out, r#"<xs:any namespace="{namespace}" processContents="lax" minOccurs="0" maxOccurs="2"/>"#),
            Part::Group(kind, times, inner) => {
                let _ = write!(out, "<xs:{kind} {}>", occurs(*times));
                write_parts(out, inner);
                write!(out, "</xs:{kind}>")
            }
        };
    }
}

fn write_complex(out: &mut String, complex: &Complex, name: &str) {
    let _ = write!(out, r#"<xs:complexType{name} mixed="{}">"#, complex.mixed);
    let ends = complex.base.map(|base| {
        let _ = write!(out, r#"<xs:complexContent><xs:extension base="t:C{base}">"#);
        "</xs:extension></xs:complexContent>"
    });
    out.push_str("<xs:sequence>");
    write_parts(out, &complex.parts);
    out.push_str("</xs:sequence>");
    for (name, type_, required) in &complex.attributes {
        let _ = write!(out, r#"<xs:attribute name="{name}" type="{type_}" use="{}"/>"#, if *required { "required" } else { "optional" });
    }
    out.push_str(ends.unwrap_or_default());
    out.push_str("</xs:complexType>");
}

fn wsdl(made: &Made) -> String {
    let mut types = String::new();
    for (i, s) in made.simple.iter().enumerate() {
        let _ = write!(types, r#"<xs:simpleType name="S{i}"><xs:restriction base="{}">"#, s.base);
        s.facets.iter().for_each(|(kind, value)| _ = write!(types, r#"<xs:{kind} value="{value}"/>"#));
        types.push_str("</xs:restriction></xs:simpleType>");
    }
    made.complex.iter().enumerate().for_each(|(i, c)| write_complex(&mut types, c, &format!(r#" name="C{i}""#)));
    for (root, name) in made.roots.iter().zip(["Ask", "Tell"]) {
        let _ = write!(types, r#"<xs:element name="{name}">"#);
        write_complex(&mut types, root, "");
        types.push_str("</xs:element>");
    }
    format!(
        r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
          xmlns:t="urn:t" targetNamespace="urn:t"><types><xs:schema targetNamespace="urn:t" elementFormDefault="qualified">{types}</xs:schema></types>
          <message name="Ask"><part name="p" element="t:Ask"/></message><message name="Tell"><part name="p" element="t:Tell"/></message>
          <portType name="P"><operation name="Op"><input message="t:Ask"/><output message="t:Tell"/></operation></portType>
          <binding name="B" type="t:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
          <operation name="Op"><soap:operation soapAction="a"/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
          <service name="S"><port name="P" binding="t:B"><soap:address location="http://x.example/"/></port></service></definitions>"#
    )
}

/// What broke for whom, as the mapping sees it.
struct Broken {
    rest: Option<String>,
    soap: Option<String>,
}

/// Tries messages of both versions. `lenient` is the old version as callers read it who do not mind what they do not know.
fn broken(old: &PublishedApi, new: &PublishedApi, lenient: &PublishedApi, seeds: u64) -> Broken {
    let (was, is, kind) = (&old.program.operations[0], &new.program.operations[0], &lenient.program.operations[0]);
    let (olds, news) = (Sampler::new(&old.program), Sampler::new(&new.program));
    let strict = DecodeOptions { strict: true, ..DecodeOptions::default() };
    let mut broken = Broken { rest: None, soap: None };
    for seed in 0..seeds {
        for style in [Style::Minimal, Style::Typical, Style::Full] {
            if let Ok(request) = olds.message(was, Direction::Request, Some(seed), style)
                && let Ok(envelope) = encode(&old.program, was, Direction::Request, &request)
            {
                if let Err(e) = encode(&new.program, is, Direction::Request, &request) {
                    broken.rest.get_or_insert_with(|| format!("request {}: {e:?}", String::from_utf8_lossy(&request)));
                }
                if let Err(e) = decode(&new.program, is, Direction::Request, &envelope, &strict) {
                    broken.soap.get_or_insert_with(|| format!("request {}: {e:?}", String::from_utf8_lossy(&envelope)));
                }
            }
            if let Ok(reply) = news.message(is, Direction::Response, Some(seed), style)
                && encode(&new.program, is, Direction::Response, &reply).is_ok()
                && let Err(e) = encode(&lenient.program, kind, Direction::Response, &reply)
            {
                broken.rest.get_or_insert_with(|| format!("reply {}: {e:?}", String::from_utf8_lossy(&reply)));
            }
        }
    }
    broken
}

fn api(folder: &std::path::Path, text: &str, lenient: bool) -> Option<PublishedApi> {
    let file = folder.join("service.wsdl");
    std::fs::write(&file, text).unwrap();
    let mut definition = ApiDefinition::named("x");
    if lenient {
        definition.mapping.unknown = Unknown::Ignore;
    }
    defined(&definition, &file).api.filter(|api| api.program.operations.len() == 1)
}

fn told(changes: &[Change], of: impl Fn(&Change) -> Effect) -> bool {
    changes.iter().any(|c| of(c) == Effect::Breaking)
}

#[test]
fn whatever_breaks_a_message_is_told() {
    let cases: u64 = std::env::var("CASTILE_PROPERTY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let dir = tempfile::tempdir().unwrap();
    let mut wrong = String::new();
    let (mut looked_at, mut broke, mut harmless, mut harmless_told) = (0, 0, 0, 0);
    for case in 0..cases {
        let mut dice = Dice(case);
        let before = make(&mut dice);
        let mut after = before.clone();
        let mutations: Vec<&str> = (0..1 + dice.below(2)).map(|_| mutate(&mut after, &mut dice)).collect();
        let (old_text, new_text) = (wsdl(&before), wsdl(&after));
        let (Some(old), Some(new), Some(lenient)) =
            (api(dir.path(), &old_text, false), api(dir.path(), &new_text, false), api(dir.path(), &old_text, true))
        else {
            continue;
        };
        looked_at += 1;
        let changes = compare(&old.program, &new.program, BOTH);
        let found = broken(&old, &new, &lenient, 12);
        let said = |c: &Change| format!("{} {} [{:?}] rest {:?} soap {:?}", c.place, c.text, c.kind, c.rest, c.soap);
        for (what, told) in [(&found.rest, told(&changes, |c| c.rest)), (&found.soap, told(&changes, |c| c.soap))] {
            match what {
                Some(how) if !told => {
                    let changes: Vec<String> = changes.iter().map(said).collect();
                    let _ = writeln!(wrong, "── case {case}, {mutations:?}\n{how}\n{changes:#?}\n{old_text}\n{new_text}");
                }
                Some(_) => broke += 1,
                None if told => harmless_told += 1,
                None => harmless += 1,
            }
        }
    }
    println!("{looked_at} pairs: {broke} broke and were told, {harmless} did not, {harmless_told} were told although no message showed it");
    assert!(wrong.is_empty(), "\n{}", wrong.chars().take(12_000).collect::<String>());
    assert!(looked_at * 3 > cases && broke > looked_at / 4 && harmless > 0, "{looked_at} {broke} {harmless}");
}

#[test]
fn a_service_is_the_same_as_itself() {
    let mut looked_at = 0;
    for folder in folders(&path("tests/constructs")) {
        let (one, other) = (construct(&folder), construct(&folder));
        assert_eq!(compare(&one.program, &other.program, BOTH), [], "{}", folder.display());
        looked_at += 1;
    }
    for folder in folders(&path("wsdl")) {
        let (one, other) = (published("x", &folder), published("x", &folder));
        assert_eq!(compare(&one.program, &other.program, BOTH), [], "{}", folder.display());
        looked_at += 1;
    }
    assert!(looked_at > 50);
}
