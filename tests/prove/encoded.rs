//! SOAP encoding: one value at several places, in both versions of SOAP.

use std::cell::RefCell;

use castile::json::Value;
use castile::mediate::{DecodeError, Decoded, Direction, EncodeError};
use castile::plan::node::{FaultPlan, OperationPlan};
use castile::prove::{Compiled, Mapping, Options, Pieces};

use super::{compiled, failures, proved_by};
use crate::support;

/// Keeps the envelopes that are read.
struct Heard<'p> {
    inner: Compiled<'p>,
    envelopes: RefCell<Vec<String>>,
}

impl Mapping for Heard<'_> {
    fn decode(&self, operation: &OperationPlan, direction: Direction, envelope: &[u8]) -> Result<Decoded, DecodeError> {
        self.envelopes.borrow_mut().push(String::from_utf8_lossy(envelope).into_owned());
        self.inner.decode(operation, direction, envelope)
    }

    fn decode_in_pieces(&self, operation: usize, direction: Direction, envelope: &[u8], pieces: Pieces) -> Result<Decoded, DecodeError> {
        self.inner.decode_in_pieces(operation, direction, envelope, pieces)
    }

    fn encode(&self, operation: &OperationPlan, direction: Direction, json: &[u8]) -> Result<Vec<u8>, EncodeError> {
        self.inner.encode(operation, direction, json)
    }

    fn encode_fault(&self, operation: &OperationPlan, fault: &FaultPlan, reason: &str, detail: &Value<'_>) -> Result<Vec<u8>, EncodeError> {
        self.inner.encode_fault(operation, fault, reason, detail)
    }
}

/// Every envelope of the service, all of them exact.
fn heard(wsdl: &std::path::Path) -> Vec<String> {
    let (definitions, program) = compiled(wsdl);
    let mapping = Heard { inner: Compiled(&program), envelopes: RefCell::default() };
    let report = proved_by(&definitions, &program, &mapping, &Options::whole());
    assert!(report.is_exact(), "{:?}", failures(&report));
    mapping.envelopes.into_inner()
}

/// How often the most used reference stands in a message.
fn most(envelope: &str, attribute: &str) -> usize {
    (1..50).map(|n| envelope.matches(&format!("{attribute}{n}\"")).count()).max().unwrap_or(0)
}

#[test]
fn one_value_at_several_places() {
    let envelopes = heard(&support::path("tests/constructs/encoded-references/service.wsdl"));
    let shared = envelopes.iter().filter(|e| most(e, "href=\"#id") > 1).count();
    assert!(shared > 5, "{shared} of {}", envelopes.len());
}

#[test]
fn references_and_arrays_of_soap_12() {
    let wsdl = std::fs::read_to_string(support::path("tests/constructs/encoded-references/service.wsdl")).unwrap();
    let array = "<xs:attribute ref=\"enc:arrayType\" wsdl:arrayType=\"t:Person[]\"/>";
    assert!(wsdl.contains(array));
    let items = "<xs:sequence><xs:element name=\"item\" type=\"t:Person\" minOccurs=\"0\" maxOccurs=\"unbounded\"/></xs:sequence>";
    let wsdl = wsdl
        .replace(array, items)
        .replace("http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/")
        .replace("http://schemas.xmlsoap.org/soap/encoding/", "http://www.w3.org/2003/05/soap-encoding");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.wsdl");
    std::fs::write(&path, wsdl).unwrap();
    let envelopes = heard(&path);
    let with = |what: &str| envelopes.iter().filter(|e| e.contains(what)).count();
    assert!(with(":ref=\"id") > 5 && with(":arraySize=\"2\"") > 5, "{} {}", with(":ref=\"id"), with(":arraySize=\"2\""));
    assert_eq!(with("arrayType=") + with("href=\"#"), 0);
}
