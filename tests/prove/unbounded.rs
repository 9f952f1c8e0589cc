//! Schemas whose valid messages are endless, or endless to look for: the proof and the samples give up after so many steps.

use castile::mediate::Direction;
use castile::prove::{Options, Verdict};
use castile::sample::{Sampler, Style};

use super::{compiled, proved};
use crate::support;

#[test]
fn what_multiplies_without_bound_is_given_up() {
    for name in ["doubling", "thousands", "choices"] {
        let (definitions, program) = compiled(&support::path("tests/prove/unbounded").join(name).with_extension("wsdl"));
        let report = proved(&definitions, &program, &Options::short(1));
        assert!(!report.is_exact(), "{name}");
        for message in &report.operations[0].messages {
            assert_eq!(message.verdict(), Verdict::Unproved, "{name}: {message:?}");
            assert!(message.not_made.is_some(), "{name}");
        }
        let sampler = Sampler::new(&program);
        for style in [Style::Minimal, Style::Typical, Style::Full] {
            assert!(sampler.message(&program.operations[0], Direction::Request, None, style).is_err(), "{name} {style:?}");
        }
    }
}
