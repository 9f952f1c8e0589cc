//! The diagnostics of sequences.

use crate::diagnostic::{Code, codes};
use crate::yaml::Codes;

codes! {
/// A file that is no sequence.
pub static BAD_SEQUENCE: Code = Code {
    id: "sequence.bad-file",
    title: "a sequence file cannot be read",
    help: "A sequence file has the keys `version`, `request`, `response` and `fault`; each path is a list of steps, and a step is one key, its verb, \
           with its settings below it. Unknown verbs and settings are refused, so that a slip of the pen is not ignored. docs/sequences.md has \
           every step with an example.",
};

/// A path without its conversion.
pub static BAD_PATH: Code = Code {
    id: "sequence.bad-path",
    title: "a path does not convert its message once",
    help: "The request path ends with `to_soap`, the response path begins with `to_json`, the fault path ends with `to_problem`, each exactly once: \
           without it there is nothing to send on, and a second one would find nothing to convert.",
};

/// A verb that nobody knows.
pub static UNKNOWN_STEP: Code = Code {
    id: "sequence.unknown-step",
    title: "a step that does not exist",
    help: "The key of a step is its verb. The frame lists the verbs of this path, the hint names the nearest one. docs/sequences.md has them all.",
};

/// A step where it cannot stand.
pub static WRONG_PLACE: Code = Code {
    id: "sequence.wrong-place",
    title: "a step stands where it cannot do anything",
    help: "Steps that change JSON stand before `to_soap` and behind `to_json`: an envelope has no JSON. A status is chosen for answers, not for \
           requests; scopes and header fields are required of requests. Conversions stand on a path itself, not inside `if` or `switch`.",
};

/// An expression that cannot be read, or does not fit.
pub static BAD_EXPRESSION: Code = Code {
    id: "sequence.bad-expression",
    title: "an expression cannot be read, or does not fit its place",
    help: "Expressions stand in `when`, in `switch: { value }`, and between `{{` and `}}` in the texts of steps. They read headers, query, path, body, \
           properties, principal and, on the fault path, fault; they compare (== != < <= > >=), combine (and, or, not), look into lists (in), try \
           patterns (matches) and call functions. Texts stand between quotes. Types are checked: a text is not compared with a number, and a \
           condition is true or false. docs/sequences.md has the whole language.",
};

/// A pointer that a step cannot use.
pub static BAD_POINTER: Code = Code {
    id: "sequence.bad-pointer",
    title: "a JSON pointer that the step cannot use",
    help: "Pointers are those of RFC 6901: /order/lines/0/code, `~1` for a slash in a name, `~0` for a tilde. `*` stands for every item of a list.",
};

/// A header field that a step may not touch.
pub static BAD_HEADER: Code = Code {
    id: "sequence.bad-header",
    title: "a header field that sequences leave alone",
    help: "Fields of one connection (Connection, Transfer-Encoding, …) and those that the gateway writes itself (Content-Type, Content-Length, \
           X-Request-Id, X-JWT-Assertion, …) cannot be set or removed by steps; the caller's credentials for the gateway cannot be read. \
           docs/http-fields.md lists them.",
};

/// A template that cannot be read.
pub static BAD_TEMPLATE: Code = Code {
    id: "sequence.bad-template",
    title: "a template cannot be read, or names what is not there",
    help: "Templates are Handlebars: {{body.code}}, {{#if …}}, {{#each … as |item|}}, {{#with …}}, {{> part}}, and the helpers eq, ne, gt, gte, lt, lte, \
           and, or, not, len. At the outermost level they read what expressions read. Values are always escaped: there is no {{{ … }}}. In XML they \
           are character data or stand between the quotes of an attribute. docs/sequences/soap.md has examples.",
};

/// More than a file may hold.
pub static TOO_LARGE: Code = Code {
    id: "sequence.too-large",
    title: "a sequence is larger than it may be",
    help: "A file has at most 256 KiB, a path 1,000 steps, and steps and values stand at most 16 levels deep in each other; an expression has at \
           most 4,096 bytes, 1,000 words and signs and 32 levels. So a stored sequence cannot exhaust the process that reads it.",
};

/// A file that is not there.
pub static MISSING_FILE: Code = Code {
    id: "sequence.missing-file",
    title: "the sequence of a resource is not there",
    help: "`sequence` below a resource is a path inside the API's folder, such as sequences/add-country.yaml. The file must be there as a text in UTF-8.",
};

/// A sequence that does not fit its resource.
pub static UNFIT: Code = Code {
    id: "sequence.unfit",
    title: "a sequence does not fit the resource that names it",
    help: "A sequence may stand for several resources. Each must have the path parameters that it reads, and its operation must have the property \
           that `to_json: { unwrap }` names. Answers that a sequence makes are not kept: `cache` does not stand beside it.",
};

/// A place that the message does not have.
pub static NO_PLACE: Code = Code {
    id: "sequence.no-place",
    title: "a step names a place that the message does not have",
    help: "Pointers and `body` are compared with the schemas of the WSDL. In a request a step fills places of the message as `to_soap` takes it; \
           other names would be refused there. What only the caller's message has is named where it is taken away: by `remove`, or as the \
           `from` of `rename` and `move`. In replies a step reads what `to_json` gives, and what steps before it made. `castile samples` \
           shows a message, `castile openapi` its whole schema.",
};

/// A value that cannot stand there.
pub static UNFIT_VALUE: Code = Code {
    id: "sequence.unfit-value",
    title: "a step puts a value where its type does not fit",
    help: "Values of `set`, `default` and `map`, and what `cast` makes, must fit the type that the WSDL gives the place: else every request \
           with them would be refused. In replies a value that `map` looks for must be one that the service can give.",
};

/// A fault or parameter that is not declared.
pub static NO_NAME: Code = Code {
    id: "sequence.no-name",
    title: "a step asks for a fault or parameter that is not declared",
    help: "`fault.name` is the name of a fault that the operation declares in the WSDL (`wsdl:fault name`). `query` and `path` have the \
           parameters of the resource, as `parameters` and `path` in api.yaml name them; others are refused before a step sees them.",
};
}

/// What YAML calls the findings of a sequence file.
pub(super) static OF_YAML: Codes =
    Codes { not_yaml: &BAD_SEQUENCE, unknown_key: &BAD_SEQUENCE, missing_key: &BAD_SEQUENCE, wrong_value: &BAD_SEQUENCE };
