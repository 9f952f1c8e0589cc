use crate::diagnostic::{Code, codes};
use crate::yaml::Codes;

codes! {
/// Not YAML.
pub static NOT_YAML: Code = Code {
    id: "api.not-yaml",
    title: "the file is not YAML",
    help: "The file could not be read as YAML 1.2: the frame shows where the reader gave up. Usual causes are a tab in the indentation, a \
           missing space after a colon, a key that stands twice, or an unquoted text that begins with a special character such as `{`, `@`, `%` or `*`. \
           Put such texts in double quotes.",
};

/// A key that nobody knows.
pub static UNKNOWN_KEY: Code = Code {
    id: "api.unknown-key",
    title: "a key that an API definition does not have",
    help: "Unknown keys are errors, so that a slip of the pen cannot switch off a setting in silence. The hint names the nearest known key. \
           `castile init` writes a commented example, and the product's documentation lists all keys.",
};

/// A key that must be there.
pub static MISSING_KEY: Code = Code {
    id: "api.missing-key",
    title: "a key that must be there is missing",
    help: "An API definition needs `version: 1`, `api: { name }` and `source: { wsdl }`; a resource needs one of `get post put patch delete` \
           with its path, and `operation`. Everything else has a default.",
};

/// A value that does not fit its key.
pub static WRONG_VALUE: Code = Code {
    id: "api.wrong-value",
    title: "a value does not fit its key",
    help: "The frame says what would fit. Lengths of time are written `500ms`, `10s`, `2m`, `1h`; sizes `256KiB`, `10MiB` or a number of bytes; rates \
           `200/s`, `50/min`, `20 per minute`; texts that look like numbers, such as an API's version, in quotes.",
};

/// A context that is taken by the gateway itself.
pub static RESERVED_CONTEXT: Code = Code {
    id: "api.reserved-context",
    title: "a context that the gateway needs for itself",
    help: "The contexts `/t`, `/oauth2`, `/token`, `/revoke` and `/.well-known` are the gateway's own. Choose another one.",
};

/// Two APIs at one address.
pub static DUPLICATE_CONTEXT: Code = Code {
    id: "api.duplicate-address",
    title: "two APIs answer at one address",
    help: "Context and version together are the address of an API, and every address belongs to one API. Give one of them another `context` or `version`.",
};

/// A revision that is held and would be dropped.
pub static REVISION_HELD: Code = Code {
    id: "api.revision-held",
    title: "no further revision is kept while an old one is held",
    help: "Of every API the last 50 revisions are kept. This API was rolled back to the oldest of them, and keeping one more would drop the one that is \
           served. Publish a newer revision, with `castile api publish`, and the files are read again.",
};

/// Two resources at one address.
pub static DUPLICATE_RESOURCE: Code = Code {
    id: "api.duplicate-resource",
    title: "two resources have the same method and path",
    help: "Method and path together name a resource; names of path parameters do not count: `/a/{x}` and `/a/{y}` are the same path. Change one of them.",
};

/// An operation that the WSDL does not have.
pub static UNKNOWN_OPERATION: Code = Code {
    id: "api.unknown-operation",
    title: "a resource names an operation that the WSDL does not have",
    help: "`operation` is the name of an operation of a port type with a SOAP binding, verbatim. Where several port types have one of that name, \
           `port_type` says which; `overload: 2` is the second of that name in one port type; `port` is `PORT` or `SERVICE/PORT`.",
};

/// A pointer, parameter or property that the message does not have.
pub static UNKNOWN_PROPERTY: Code = Code {
    id: "api.unknown-property",
    title: "a parameter points at a property that the message does not have",
    help: "A path or query parameter is one simple value of the request. Without a JSON pointer it is the property of the same name; with one \
           (`query: { lang: /language }`) it is the value there. `castile explain API OPERATION` shows the message.",
};

/// Parameters where none may be.
pub static BAD_PATH: Code = Code {
    id: "api.bad-path",
    title: "a path cannot be a resource's",
    help: "A path begins with `/`, has no query, no empty segment and no `.` or `..`; a parameter is a whole segment: `/countries/{code}`. \
           `/openapi.json` belongs to the gateway.",
};

/// A fault that the operation does not declare.
pub static UNKNOWN_FAULT: Code = Code {
    id: "api.unknown-fault",
    title: "a status is given to a fault that the operation does not declare",
    help: "`faults` gives declared faults a status: the names are those of `wsdl:fault` in the port type. Faults that are not declared answer 502 \
           (or 400 where the code blames the caller).",
};

/// A header part that no request has.
pub static UNKNOWN_HEADER: Code = Code {
    id: "api.unknown-header",
    title: "`headers` names a part that no request declares",
    help: "The keys of `headers` are the parts of `soap:header`s of requests, as `$headers` calls them (`part2` where two different blocks have one part \
           name), or `Operation/part` for one operation. Headers of replies are not assigned: those that the WSDL declares reach the caller. \
           `castile explain API OPERATION` lists the header parts of an operation.",
};

/// A header's value that does not fit.
pub static WRONG_HEADER: Code = Code {
    id: "api.wrong-header",
    title: "the value that is given to a header part does not fit it",
    help: "A constant is the JSON value that a caller would give under `$headers`: a text or number for a simple header, an object for one with elements. A \
           secret is read from an environment variable or a file: for a simple header the text itself, else JSON text. The value is checked when the API is \
           loaded and encoded once.",
};

/// No operation that can be published.
pub static NOTHING_TO_PUBLISH: Code = Code {
    id: "api.nothing-to-publish",
    title: "the WSDL has no operation with a SOAP binding",
    help: "Only port types with a SOAP 1.1 or SOAP 1.2 binding give resources. HTTP GET and POST bindings are read and reported, but not published.",
};

/// A binding that is reported only.
pub static NOT_PUBLISHED: Code = Code {
    id: "api.binding-not-published",
    title: "a binding is not published",
    help: "Resources are made from SOAP bindings. The HTTP GET and POST bindings of .NET services say the same operations over again in a form \
           without types, and bindings of other protocols (JMS, …) cannot be called over HTTP. They are left out.",
};

/// A name like that of a reading operation.
pub static SUGGEST_GET: Code = Code {
    id: "api.suggest-get",
    title: "an operation looks safe",
    help: "The name begins like that of an operation that only reads, and its input is made of simple values. Verbs are never guessed: if the \
           operation changes nothing, say so by a resource with `get:` in api.yaml; its simple inputs are then query or path parameters.",
};

/// A lock that does not fit.
pub static BAD_LOCK: Code = Code {
    id: "api.bad-lock",
    title: "api.lock cannot be read",
    help: "`api.lock` is written by `castile import` only and committed beside the rest. Restore it from version control; if it is \
           lost, delete it: names are derived again and `check` warns, because they may differ from those that callers know.",
};

/// No lock.
pub static NO_LOCK: Code = Code {
    id: "api.no-lock",
    title: "the API has no api.lock",
    help: "Without `api.lock` the JSON names, `$type` names and paths are derived from the WSDL each time, so that a changed WSDL may rename what \
           callers use. `castile import` writes one.",
};

/// An address that an uploaded API may not call.
pub static ADDRESS_REFUSED: Code = Code {
    id: "api.address-refused",
    title: "an uploaded API may not call that address",
    help: "What came through the admin API or the portal calls public addresses, and besides them the networks that the operator lists in `network.allow` of castile.yaml \
           (`network: { allow: [10.20.0.0/16] }`, or CASTILE_NETWORK__ALLOW). That goes for the SOAP service and for the token endpoint of `endpoint.auth.oauth2`, and is \
           held again at each call, for what a host name leads to then. Link-local and cloud metadata addresses are never called. An API that the operator keeps \
           as files in the folder of the server (`serve --dir`) may name private addresses.",
};

/// A secret that cannot be had.
pub static NO_SECRET: Code = Code {
    id: "api.no-secret",
    title: "a secret that the API needs cannot be had",
    help: "Secrets never stand in api.yaml: `secret` names one that the server keeps sealed (`castile secret create`), `…_env` names an environment variable of the process that runs `check` or `serve`, `…_file` a file, relative to \
           the API's folder or absolute, of at most 64 KiB, in UTF-8, that not everybody may write; one line end behind it does not count. Certificates and keys are \
           PEM, keys without a passphrase (PKCS #8, PKCS #1 or SEC1, RSA or EC), and the first certificate is the key's. Secrets are read when the API is loaded, \
           and again at a change below the folder of APIs or at SIGHUP where one of the files changed. An API that was uploaded names variables that begin with CASTILE_SECRET_, and files \
           by their paths below `data/secrets/` of the machine that serves.",
};

/// Texts that take more memory to compile than the process has.
pub static NO_ROOM: Code = Code {
    id: "api.no-room",
    title: "the server has no memory to compile the API",
    help: "What comes over the admin API is compiled in a process of its own first, which says how much memory that takes. Where that, beside what the server uses \
           already, is more than 80 % of what it may have, the server does not compile it: what was published of the API stays, and calls go on. Give the server \
           more memory (or raise `alarms: { memory_limit }` where that is what says how much it may have), then publish the API again or restart the server. An API whose \
           texts need more than `limits: { import: { memory } }` is refused when it is sent.",
};

/// A secret that anybody can read.
pub static OPEN_SECRET: Code = Code {
    id: "api.open-secret",
    title: "a file with a secret can be read by everybody",
    help: "The file's mode lets every user of this machine read it. `chmod 600` gives it to its owner alone; where the file comes from an orchestrator, \
           set its mode there (Kubernetes: `defaultMode: 0400`). Inside a container with one user this is harmless.",
};

/// What the WSDL's policy asks and the definition does not give.
pub static ASKED_BY_POLICY: Code = Code {
    id: "api.asked-by-policy",
    title: "the service asks for credentials or a transport that the API does not have",
    help: "The WSDL has a WS-Policy that says what the service insists on. What needs no secret is done by itself: WS-Addressing headers and a Timestamp. \
           Names, passwords and keys have to be given: the hint says under which key of api.yaml. Calls that lack them are usually answered with a fault. How the \
           password is sent (`type`), and which parts are signed (`parts`), is taken from the policy where api.yaml does not say it.",
};

/// `addressing: { to }` without WS-Addressing.
pub static NOT_ADDRESSED: Code = Code {
    id: "api.not-addressed",
    title: "a `wsa:To` is set, and no request has WS-Addressing",
    help: "`addressing: { to }` is what `wsa:To` says. With the mode `auto`, which is the default, WS-Addressing is written where the WSDL or its policy asks for it, and \
           here neither does. If the service wants it all the same, say `mode: on` (or `mode: 2004`); else leave `to` out.",
};

/// A signature and attachments.
pub static SIGNED_ATTACHMENTS: Code = Code {
    id: "api.signed-attachments",
    title: "messages with attachments are not signed",
    help: "`endpoint: { auth: { wss: { signature } } }` signs an envelope, and covers nothing that travels beside it. Where requests are MTOM packages (`mtom: true`, or \
           a policy that requires MTOM) that is an error, because no call of these resources could be made: `mtom: false` for the API, or below the resource, sends binary \
           values in the envelope, where the signature covers them. Where an operation only may take attachments (`mime:content` parts, `swaRef` values) it is a warning: calls \
           without them are signed and sent, calls with them are refused with 400.",
};
}

/// What YAML calls the findings of this room's files.
pub(crate) static OF_YAML: Codes =
    Codes { not_yaml: &NOT_YAML, unknown_key: &UNKNOWN_KEY, missing_key: &MISSING_KEY, wrong_value: &WRONG_VALUE };
