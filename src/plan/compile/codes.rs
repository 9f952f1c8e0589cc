//! The diagnostics of compilation.

use crate::diagnostic::Code;

/// A facet that cannot be enforced.
pub static FACET: Code = Code {
    id: "plan.facet",
    title: "a facet cannot be enforced",
    help: "A constraining facet of a simple type has a value that makes no sense for it, or a pattern that is no regular expression of XML \
           Schema part 2, appendix F. The type is used without that facet: requests are not checked against it and the OpenAPI document does \
           not mention it.\n\nCorrect the schema, or leave it: upstreams that accepted such a schema do not check it either.",
};

/// An operation that cannot be mapped.
pub static LEFT_OUT: Code = Code {
    id: "plan.operation-left-out",
    title: "an operation cannot be mapped",
    help: "The WSDL does not say enough about this operation to build its messages, for example because a message it names is defined nowhere. \
           It has no REST resource. Raw SOAP calls of it still pass.\n\nDefine what is missing, or import the WSDL that does.",
};

/// The output of an operation names a message that is defined nowhere.
pub static UNKNOWN_REPLY: Code = Code {
    id: "plan.unknown-reply",
    title: "what an operation answers is not declared",
    help: "The output of this operation names a message that is defined nowhere. Calls of it work: the request is mapped as ever, and whatever \
           the upstream answers is given by local names, as undeclared content is (the mapping's generic rules), every value a string.\n\n\
           Define the message, or import the WSDL that does, to have the reply typed.",
};

/// Content models that multiply beyond the limit.
pub static TOO_MANY_PARTICLES: Code = Code {
    id: "plan.too-many-particles",
    title: "content models are too large",
    help: "Model groups that refer to each other multiply to more particles than Castile compiles (2 000 000). What is beyond is left out of the \
           types' content models. No honest schema comes near this number.",
};

/// All codes of this room.
pub static ALL: &[&Code] = &[&FACET, &LEFT_OUT, &TOO_MANY_PARTICLES, &UNKNOWN_REPLY];
