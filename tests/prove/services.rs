//! The mapping of every service here is proved, and what the messages showed is enough to say so.

use castile::prove::{Construct, Options};

use super::{compiled, failures, proved};
use crate::support;

/// Services of the corpus with every style of binding and every construct, small enough for a test.
const CORPUS: [(&str, &str); 12] = [
    ("countryinfo", "countryInformation.wsdl"),
    ("paypal", "PayPalSvc.wsdl"),
    ("jira", "jira.wsdl"),
    ("allegro-aukro", "aukro.wsdl"),
    ("epcis", "EPCglobal-epcis-query-1_2.wsdl"),
    ("onvif-events", "event.wsdl"),
    ("equifax", "equifax.wsdl"),
    ("amazon-awse", "awse.wsdl"),
    ("cybersource", "CyberSourceTransaction_1.26.wsdl"),
    ("fedex-rate", "RateService_v31.wsdl"),
    ("exchange-ews", "services.wsdl"),
    ("salesforce-partner", "partner.wsdl.xml"),
];

#[test]
fn every_construct_and_sample_is_exact() {
    let folders = support::folders(&support::path("wsdl")).into_iter().chain(support::folders(&support::path("tests/constructs")));
    let mut wrong = Vec::new();
    let mut cases = 0;
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let (definitions, program) = compiled(&folder.join("service.wsdl"));
        let report = proved(&definitions, &program, &Options::whole());
        cases += report.cases();
        wrong.extend(failures(&report).into_iter().map(|f| format!("{name}: {f}")));
        // Nothing can be said of a message that is defined nowhere.
        if report.is_exact() == name.starts_with("undefined-") {
            wrong.push(format!("{name}: {}", if report.is_exact() { "exact" } else { "not exact" }));
        }
        // All that these small schemas have is shown.
        wrong.extend(
            report.reached.iter().filter(|(_, r)| r.reached < r.of).map(|(c, r)| format!("{name}: {} {}/{}", c.word(), r.reached, r.of)),
        );
    }
    println!("{cases} messages");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases > 1_000, "only {cases} messages");
}

#[test]
fn services_of_the_corpus_are_exact() {
    let Some(corpus) = support::shared_or_skip("prove::services_of_the_corpus", "corpus") else { return };
    let mut wrong = Vec::new();
    let mut shown = std::collections::BTreeMap::<Construct, usize>::new();
    for (name, root) in CORPUS {
        let (definitions, program) = compiled(&corpus.join(name).join(root));
        let report = proved(&definitions, &program, &Options { bytes: 2 << 20, ..Options::short(1) });
        wrong.extend(failures(&report).into_iter().map(|f| format!("{name}: {f}")));
        for (construct, reached) in report.reached {
            *shown.entry(construct).or_default() += reached.reached;
        }
    }
    println!("{shown:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing: Vec<_> = Construct::ALL.into_iter().filter(|c| shown.get(c).is_none_or(|n| *n < 5)).collect();
    assert!(missing.is_empty(), "hardly shown: {missing:?}");
}
