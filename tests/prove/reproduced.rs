//! What an import says of a mapping can be made again: the command of its hint makes the same messages, with the API that was written and with
//! the WSDL.

use std::path::{Path, PathBuf};

use castile::catalog::{self, Secrets};
use castile::import::{Request, import, short_proof};
use castile::prove::{Compiled, Report};
use castile::wsdl::resolve::resolve;
use castile::wsdl::source::{Limits, Options as Loading, Origin, Policy, load_local};

use super::broken::Spoiled;
use super::compiled;
use crate::support;

/// Services of the corpus: several ports, headers, names apart, many documents.
const CORPUS: [(&str, &str); 5] = [
    ("paypal", "PayPalSvc.wsdl"),
    ("jira", "jira.wsdl"),
    ("epcis", "EPCglobal-epcis-query-1_2.wsdl"),
    ("exchange-ews", "services.wsdl"),
    ("salesforce-partner", "partner.wsdl.xml"),
];

/// The first message of each kind that a proof made.
fn sent(report: &Report) -> Vec<(String, String)> {
    let messages = report.operations.iter().flat_map(|o| o.messages.iter().map(move |m| (o, m)));
    let failed = messages.filter_map(|(o, m)| Some((format!("{} {:?} {}", o.name, o.port, m.message), m.first.as_ref()?)));
    failed.map(|(at, f)| (at, format!("{} {}", f.text, String::from_utf8_lossy(&f.sent)))).collect()
}

/// Nothing is read back, so that every message is kept.
fn broken(_: String) -> String {
    "<broken/>".to_owned()
}

#[test]
fn an_import_can_be_proved_again_message_for_message() {
    let mut services: Vec<(String, PathBuf)> = Vec::new();
    for sample in ["orders", "countries", "inventory"] {
        services.push((sample.to_owned(), support::path("wsdl").join(sample).join("service.wsdl")));
    }
    if let Some(corpus) = support::shared_or_skip("prove::reproduced", "corpus") {
        services.extend(CORPUS.iter().map(|(name, root)| ((*name).to_owned(), corpus.join(name).join(root))));
    }
    for (name, wsdl) in services {
        let apis = tempfile::tempdir().unwrap();
        let loaded = load_local(&Origin::of(&wsdl.to_string_lossy(), &Limits::default()).unwrap(), &Loading::local(Policy::Operator));
        let request = Request { name: Some(name.clone()), ..Request::of(apis.path().to_owned(), None) };
        let imported = import(loaded.unwrap(), &request).unwrap_or_else(|e| panic!("{name}: {:?}", e.diagnostics));
        let (definitions, _) = compiled(&wsdl);
        let mapping = Spoiled { inner: Compiled(&imported.api.program), spoil: broken };
        let first = sent(&short_proof(&definitions, &imported.api, &mapping));

        let content = catalog::read_api(&apis.path().join(&name)).unwrap_or_else(|b| panic!("{name}: {:?}", b.diagnostics));
        let api = catalog::build_with(&name, &content, Secrets::NotNeeded).api.unwrap();
        let definitions = resolve(&content.linked()).definitions.unwrap();
        let again = sent(&short_proof(&definitions, &api, &Spoiled { inner: Compiled(&api.program), spoil: broken }));
        assert!(first.len() >= 2, "{name}: {}", first.len());
        assert_eq!(first, again, "{name}");
    }
}

/// An import's proof is bounded by bytes: what had no turn is said in one note, and how it is proved.
#[test]
fn what_an_import_had_no_room_for_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let wsdl = folder.path().join("a.wsdl");
    std::fs::write(&wsdl, many_large_operations(40)).unwrap();
    let loaded = load_local(&Origin::of(&wsdl.to_string_lossy(), &Limits::default()).unwrap(), &Loading::local(Policy::Operator)).unwrap();
    let request = Request { dry_run: true, ..Request::of(PathBuf::new(), Some("'a b.wsdl'".to_owned())) };
    let report = import(loaded, &request).unwrap();
    let notes: Vec<_> = report.diagnostics.iter().filter(|d| d.code.id == "import.not-proved").collect();
    assert_eq!(notes.len(), 1, "{notes:?}");
    let begun = report.proof.operations.iter().filter(|o| o.is_exact()).count();
    let first = format!("Op{begun}");
    assert!(begun > 1 && begun < 36, "{begun}");
    let text = &notes[0].message;
    assert!(text.starts_with(&format!("nothing is proved of {first}, ")), "{text}");
    assert!(
        text.ends_with(&format!(
            " and {} more: the 4 MiB of messages that an import may make were used up by the operations before",
            35 - begun
        )),
        "{text}"
    );
    assert_eq!(notes[0].hint.as_deref(), Some(&*format!("`castile prove 'a b.wsdl' --operation {first} --port S/P` proves it at length")));
    assert_eq!(report.resources.iter().filter(|r| r.mapping() == castile::import::Mapping::Unproved).count(), 40 - begun);
}

/// Operations whose requests are lists of long texts.
fn many_large_operations(count: usize) -> String {
    let wsdl = std::fs::read_to_string(support::path(Path::new("tests/constructs/sequence/service.wsdl"))).unwrap();
    let (start, rest) = wsdl.split_once("<wsdl:portType name=\"P\">").unwrap();
    let (_, rest) = rest.split_once("</wsdl:portType>").unwrap();
    let (binding, rest) = rest.split_once("<wsdl:operation name=\"Op\">").unwrap();
    let (bound, end) = rest.split_once("</wsdl:operation>").unwrap();
    let long = "<xs:simpleType><xs:restriction base=\"xs:string\"><xs:minLength value=\"2000\"/></xs:restriction></xs:simpleType>";
    let many = format!("<xs:element name=\"a\" minOccurs=\"60\" maxOccurs=\"60\">{long}</xs:element>");
    let start = start.replace("<xs:element name=\"a\" type=\"xs:string\"/>", &many);
    let mut made = format!("{start}<wsdl:portType name=\"P\">");
    for n in 0..count {
        made +=
            &format!("<wsdl:operation name=\"Op{n}\"><wsdl:input message=\"s:Ask\"/><wsdl:output message=\"s:Answer\"/></wsdl:operation>");
    }
    made += "</wsdl:portType>";
    made += binding;
    for n in 0..count {
        made += &format!("<wsdl:operation name=\"Op{n}\">{}</wsdl:operation>", bound.replace("urn:s/Op", &format!("urn:s/Op{n}")));
    }
    made + end
}
