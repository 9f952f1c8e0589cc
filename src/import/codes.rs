use crate::diagnostic::Code;

/// An API of that name is there.
pub static EXISTS: Code = Code {
    id: "import.exists",
    title: "an API of that name is there already",
    help: "`import` makes new APIs and never touches what is there: people edit these files. To import the same WSDL a second time give it another \
           name with `--name`. To import it anew, move the API's folder away first; a copy of its `api.lock` tells which names callers rely on.",
};

/// The request does not fit.
pub static BAD_REQUEST: Code = Code {
    id: "import.bad-request",
    title: "an option of the import does not fit",
    help: "A name is made of ASCII letters, digits, `-`, `_` and `.` and has at most 64 characters, because it is the name of a folder; a version is one path \
           segment; a context is `/` and one or more path segments; an endpoint is an http or https address without user and password.",
};

/// Files cannot be written.
pub static NOT_WRITTEN: Code = Code {
    id: "import.not-written",
    title: "the API's files cannot be written",
    help: "The import itself went well, but its files could not be written in one step. Nothing was left behind. Look at the permissions and the \
           free space of the folder of API definitions.",
};

/// An operation without an address.
pub static NO_ADDRESS: Code = Code {
    id: "import.no-address",
    title: "the WSDL does not say where the service is",
    help: "No port with an http or https address names the binding, so calls have nowhere to go. Give the address with `--endpoint`, or as \
           `endpoint: { url: … }` in api.yaml.",
};

/// A document without an example.
pub static NO_EXAMPLE: Code = Code {
    id: "import.no-example",
    title: "an operation has no example in the OpenAPI document",
    help: "Every example in the OpenAPI document is made from the schemas, tried on the mapping, and can be sent as it stands. There is none where no \
           valid value can be made up: a required element whose type refers to itself without end, an abstract type from which none derives, facets \
           that exclude each other, a pattern that no text was found for, a message that would be too large. There is none either where the \
           requests of several operations have the same Body and the same action, because then a service cannot know which of them is meant. The \
           operation itself is published all the same.",
};

/// A document that is too large.
pub static LARGE_DOCUMENT: Code = Code {
    id: "import.large-document",
    title: "the OpenAPI document is too large",
    help: "An OpenAPI document has at most 32 MiB: larger ones are of no use to the tools that read them. Examples are left out first, then the \
           descriptions of types; where that is not enough there is no document, and `openapi.json` answers with an error. The operations \
           themselves are published all the same. An API with fewer resources has a smaller one: `only_listed: true` and the `resources` that are wanted, in \
           api.yaml.",
};

/// A message did not come back from the mapping as it went in.
pub static NOT_EXACT: Code = Code {
    id: "import.not-exact",
    title: "the mapping of an operation loses something",
    help: "An import makes a few valid messages of every operation from the schemas, sends them through the mapping (XML to JSON to XML, and JSON to XML to \
           JSON) and compares what comes back with what went in. Here something differs: the message, the path and the difference say what. The operation \
           is published all the same, but what the path names should not be relied on.\n\nThis is a fault of Castile: please report it with the WSDL. \
           `castile prove API --short --operation OP --port PORT -v`, as the hint says it, makes the same messages again and shows the envelope, its JSON and what came back; docs/prove.md says \
           what is compared.",
};

/// No message of an operation could be made.
pub static NOT_PROVED: Code = Code {
    id: "import.not-proved",
    title: "nothing is proved of an operation's message",
    help: "To prove that a mapping loses nothing, an import makes valid messages from the schemas. Of this message there was none. Either none could be made, and the \
           text says where and why: its schema admits none (an abstract type from which none derives, recursion without an end, a strict wildcard that no element fits, \
           facets that exclude each other), no value was found for a pattern, or what must be there is more than 200,000 particles and elements. Or the import had used up what it \
           may spend on messages, 4 MiB in all, before this operation had its turn; `castile prove` may spend more. Nothing is known to be wrong; the operation is published, but \
           not called exact.",
};

/// The text of an api.yaml cannot be changed in place.
pub static NOT_MERGED: Code = Code {
    id: "import.not-merged",
    title: "api.yaml cannot be changed in place",
    help: "`update` changes as little as it can of the files that people edit: in api.yaml the path and the digest of the WSDL, under `source`, and under \
           `headers` the SOAP headers that came and went. Comments and formatting stay. It does so only where it can tell beforehand that nothing else \
           changes by it; YAML with anchors, or a map that is written in an unusual way, it leaves alone. Nothing was written.",
};

/// All codes of this room.
pub static ALL: &[&Code] =
    &[&EXISTS, &BAD_REQUEST, &NOT_WRITTEN, &NO_ADDRESS, &NO_EXAMPLE, &LARGE_DOCUMENT, &NOT_EXACT, &NOT_PROVED, &NOT_MERGED];
