//! What may be a parameter.

use castile::mediate::parameter_target;

use crate::support::{self, api::published};

#[test]
fn a_type_that_is_an_array_of_itself_is_none() {
    let api = published("tree", &support::path("tests/catalog/tree.wsdl"));
    let input = &api.program.operations[0].input;
    assert!(parameter_target(&api.program, input, "/tree").is_none());
    assert!(parameter_target(&api.program, input, "/tree/0").is_none());
}
