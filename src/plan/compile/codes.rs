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

/// The input or output of an operation names a message that is defined nowhere.
pub static UNDEFINED_MESSAGE: Code = Code {
    id: "plan.undefined-message",
    title: "what an operation asks or answers is not declared",
    help: "The input or the output of this operation names a message that is defined nowhere. Calls of it work, but nothing is known of that \
           message: what the caller gives, or the upstream answers, passes by local names, as undeclared content does (the mapping's generic \
           rules), every value a string and nothing checked. With RPC style it stands in the operation's wrapper, else in the Body itself; an \
           element of a namespace says it in `$ns`.\n\n\
           Define the message, or import the WSDL that does, to have it typed and checked.",
};

/// Content models that multiply beyond the limit.
pub static TOO_MANY_PARTICLES: Code = Code {
    id: "plan.too-many-particles",
    title: "content models are too large",
    help: "Model groups that refer to each other multiply to more particles than Castile compiles (2 000 000). What is beyond is left out of the \
           types' content models. No honest schema comes near this number.",
};

/// Elements of one name and different types in one content model.
pub static ELEMENT_TYPES: Code = Code {
    id: "plan.element-types",
    title: "an element has two types in one content model",
    help: "Two elements of one name in the content model of a type must have the same type (XML Schema part 1, section 3.8.6, Element \
           Declarations Consistent), because a reader may have nothing but the name to tell them by. These have different ones, and no \
           validating parser accepts the schema.\n\nThe schema is used. In requests each place that has a key of its own (`a`, `a2`) keeps its type. \
           Places that share a key, and the elements of a reply, are read by the first of the types: text that does not fit it is given as a \
           string, and elements where it has none make the reply unreadable (502). Give the elements one type, or names of their own.",
};

/// Operations that multiply beyond the limit.
pub static TOO_MANY_OPERATIONS: Code = Code {
    id: "plan.too-many-operations",
    title: "there are too many operations",
    help: "Every port has all operations of its binding. Castile compiles 10 000 of them over all ports, with 1 000 headers each and 2 000 000 \
           parts of their messages in all (a part whose element heads a substitution group counts with its members). What is beyond has no REST \
           resource; raw SOAP calls of it still pass. No honest WSDL comes near these numbers.\n\nRemove the ports that nobody calls, or import the services one by one.",
};

/// All codes of this room.
pub static ALL: &[&Code] = &[&ELEMENT_TYPES, &FACET, &TOO_MANY_OPERATIONS, &TOO_MANY_PARTICLES, &UNDEFINED_MESSAGE];
