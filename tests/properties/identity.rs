//! JSON → SOAP → JSON: what a caller says is what a backend understands, and the other way round.

use castile::json::Value;
use castile::mediate::{Decoded, Direction, decode, encode, encode_fault};
use castile::plan::node::{FaultPlan, OperationPlan, Pattern};
use castile::prove::json_difference as difference;
use castile::sample::{Sampler, Style};

use super::{Service, cases, clip, json, own_services};
use crate::support::{self, api::assembled};

const STYLES: [Style; 3] = [Style::Minimal, Style::Typical, Style::Full];

/// A spread of the corpus: every style of binding, and constructs that no small service has together.
const CORPUS: [(&str, &str); 14] = [
    ("countryinfo", "countryInformation.wsdl"),
    ("exchange-ews", "services.wsdl"),
    ("paypal", "PayPalSvc.wsdl"),
    ("salesforce-partner", "partner.wsdl.xml"),
    ("fedex-rate", "RateService_v31.wsdl"),
    ("jira", "jira.wsdl"),
    ("allegro-aukro", "aukro.wsdl"),
    ("epcis", "EPCglobal-epcis-query-1_2.wsdl"),
    ("portaplus", "portaplusapi.wsdl"),
    ("lnp-number-management", "NumberManagement.wsdl"),
    ("onvif-events", "event.wsdl"),
    ("equifax", "equifax.wsdl"),
    ("cybersource", "CyberSourceTransaction_1.26.wsdl"),
    ("travelport-system", "system_v32_0/System.wsdl"),
];

#[derive(Default)]
struct Tally {
    values: u64,
    wrong: Vec<String>,
}

/// Samples without a seed, then `seeds` others, of at most `operations` operations.
fn check(service: &Service, seeds: u64, operations: usize, tally: &mut Tally) {
    let program = &service.program;
    let sampler = Sampler::new(program);
    let operable = program.operations.iter().filter(|o| matches!(o.pattern, Pattern::RequestResponse | Pattern::OneWay));
    // Not the first ones only: operations that stand together are alike.
    let step = program.operations.len().div_ceil(operations).max(1);
    for operation in operable.step_by(step) {
        for style in STYLES {
            for seed in std::iter::once(None).chain((1..=seeds).map(Some)) {
                let at = format!("{} {} {style:?} {seed:?}", service.name, operation.name);
                for direction in [Direction::Request, Direction::Response] {
                    // What cannot be made is told by `sample`'s own tests.
                    let Ok(sent) = sampler.message(operation, direction, seed, style) else { continue };
                    tally.values += 1;
                    tally.wrong.extend(message(service, operation, direction, &sent).map(|w| format!("{at} {direction:?}{w}")));
                }
                for fault in &operation.faults {
                    let Ok(sent) = sampler.fault(fault, seed, style) else { continue };
                    tally.values += 1;
                    tally.wrong.extend(declared_fault(service, operation, fault, &sent).map(|w| format!("{at} fault {}{w}", fault.name)));
                }
            }
        }
    }
}

fn message(service: &Service, operation: &OperationPlan, direction: Direction, sent: &[u8]) -> Option<String> {
    let envelope = match encode(&service.program, operation, direction, sent) {
        Ok(envelope) => envelope,
        Err(e) => return Some(format!(" is refused: {e:?}\n   {}", clip(sent))),
    };
    let back = match decode(&service.program, operation, direction, &envelope, &Default::default()) {
        Ok(Decoded::Value(back)) => back,
        Ok(Decoded::Empty) => b"{}".to_vec(),
        other => return Some(format!(" is read as {other:?}\n   {}\n   {}", clip(sent), clip(&envelope))),
    };
    let found = difference(&as_read(operation, direction, json(sent)), &json(&back))?;
    Some(format!("{found}\n   {}\n   {}\n   {}", clip(sent), clip(&envelope), clip(&back)))
}

/// Where headers are declared, what is no object comes back as one that has room for them (MAPPING decision 42).
fn as_read<'a>(operation: &OperationPlan, direction: Direction, sent: Value<'a>) -> Value<'a> {
    let message = match direction {
        Direction::Request => Some(&operation.input),
        Direction::Response => operation.output.as_ref(),
    };
    let has_headers = message.is_some_and(|m| !m.headers.is_empty());
    match sent {
        Value::Null if has_headers => Value::Object(vec![("$nil".into(), Value::Bool(true))]),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) if has_headers => {
            Value::Object(vec![("$value".into(), sent)])
        }
        other => other,
    }
}

/// A fault's detail comes back under the name of its element, and the fault by its own.
fn declared_fault(service: &Service, operation: &OperationPlan, fault: &FaultPlan, sent: &[u8]) -> Option<String> {
    let value = json(sent);
    let envelope = match encode_fault(&service.program, operation, fault, "a reason", &value) {
        Ok(envelope) => envelope,
        Err(e) => return Some(format!(" is refused: {e:?}\n   {}", clip(sent))),
    };
    let back = match decode(&service.program, operation, Direction::Response, &envelope, &Default::default()) {
        Ok(Decoded::Fault(back)) => back,
        other => return Some(format!(" is read as {other:?}\n   {}\n   {}", clip(sent), clip(&envelope))),
    };
    let shown = || format!("\n   {}\n   {}\n   {}", clip(sent), clip(&envelope), clip(&back.fault_json));
    // Of several faults with the same element the type decides; it then says no more than the fault's name.
    let of = |f: &FaultPlan| f.detail.tag == fault.detail.tag && (f.detail.type_ == fault.detail.type_ || value.member("$type").is_some());
    let Some(read_as) = operation.faults.iter().find(|f| Some(&*f.name) == back.declared.as_deref() && of(f)) else {
        return Some(format!(" is read as {:?}{}", back.declared, shown()));
    };
    let value = match value {
        Value::Object(members) if read_as.detail.type_ != fault.detail.type_ => {
            Value::Object(members.into_iter().filter(|(key, _)| key != "$type").collect())
        }
        other => other,
    };
    let read = json(&back.fault_json);
    let entry = match read.member("detail") {
        Some(Value::Object(entries)) if entries.len() == 1 => entries.first().map(|(_, entry)| entry),
        _ => None,
    };
    match entry {
        None => Some(format!(" has no detail{}", shown())),
        Some(entry) => difference(&value, entry).map(|found| found + &shown()),
    }
}

impl Tally {
    fn settle(&self, least: u64) {
        println!("{} values went out and came back", self.values);
        let shown: Vec<_> = self.wrong.iter().take(12).map(String::as_str).collect();
        assert!(self.wrong.is_empty(), "{} of {} differ\n{}", self.wrong.len(), self.values, shown.join("\n"));
        assert!(self.values >= least, "only {} values", self.values);
    }
}

#[test]
fn own_services_bring_back_what_was_sent() {
    let mut tally = Tally::default();
    for service in own_services() {
        check(&service, cases(12), usize::MAX, &mut tally);
    }
    tally.settle(3_000);
}

#[test]
fn services_of_the_corpus_bring_back_what_was_sent() {
    let Some(corpus) = support::shared_or_skip("properties::services_of_the_corpus", "corpus") else { return };
    let mut tally = Tally::default();
    for (name, root) in CORPUS {
        let Some(api) = assembled("property", &corpus.join(name).join(root)).api else {
            panic!("{name} is not imported");
        };
        check(&Service { name: name.to_owned(), program: api.program }, cases(2), 12, &mut tally);
    }
    tally.settle(500);
}
