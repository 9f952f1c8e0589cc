use crate::diagnostic::Code;
use crate::yaml::Codes;

/// The archive cannot be read.
pub static ARCHIVE: Code = Code {
    id: "migrate.archive",
    title: "the archive cannot be read",
    help: "An archive is a zip, or the folder that it unpacks to, as `apictl export api` and the publisher's download make it. It is read in memory, and \
           nothing of it is extracted. Links, names that lead out of it, encrypted entries, more than 1,000 entries, entries of one name, and what \
           inflates to more than 100 times its size are refused; one document has at most 16 MiB, all have 64 MiB. In a folder, links are refused too.",
};

/// A file of the archive cannot be read.
pub static UNREADABLE: Code = Code {
    id: "migrate.unreadable",
    title: "a file of the archive cannot be read",
    help: "Definitions are YAML or JSON, sequences are XML. A document type declaration, references to other files, more than 100 elements inside one \
           another and anchors that multiply are refused, as everywhere in Castile. A file that an API cannot do without ends the migration; the \
           others are left out with this warning.",
};

/// It is no API that could be served.
pub static NO_API: Code = Code {
    id: "migrate.no-api",
    title: "the archive holds no API that Castile could serve",
    help: "Castile stands in front of SOAP services. APIs of the types HTTP, SOAP and SOAPTOREST can be migrated where their service is described by a \
           WSDL: the one in the archive's folder `WSDL`, else the one that `--wsdl` names. WebSocket, GraphQL, streaming and AI APIs, and API \
           products, cannot: of a product, migrate the APIs it is made of.",
};

/// There is no WSDL.
pub static NO_WSDL: Code = Code {
    id: "migrate.no-wsdl",
    title: "the archive holds no WSDL",
    help: "WSO2 keeps a WSDL for SOAP and SOAPTOREST APIs only, in the archive's folder `WSDL`. Where a REST API speaks to a SOAP service through \
           sequences of its own, the WSDL is the service's: fetch it, usually from the endpoint's address with `?wsdl` behind it, and name \
           it with `--wsdl`.",
};

/// Something has no counterpart.
pub static NOT_CARRIED: Code = Code {
    id: "migrate.not-carried",
    title: "something of the archive could not be carried over",
    help: "The frame shows what it is. It has no counterpart in Castile, or what it does cannot be said for certain. The API was written without it; \
           in a sequence a comment stands at its place. Decide whether the API is right without it, and add by hand what it needs: \
           docs/migrate-wso2.md lists each construct with what becomes of it, docs/sequences.md the steps there are.",
};

/// Something is done differently.
pub static DIFFERENT: Code = Code {
    id: "migrate.different",
    title: "something was carried over and is done a little differently",
    help: "The API does what the archive asks, in the way in which Castile does it. The message says where a caller or the service could tell the \
           difference. docs/migrate-wso2.md has the whole list.",
};

/// A person has to fill something in.
pub static FILL_IN: Code = Code {
    id: "migrate.fill-in",
    title: "something has to be filled in",
    help: "Secrets are never copied: the definition names an environment variable instead, and the service cannot be called before it is set where \
           `castile serve` runs. Plans that do not ship with Castile are made with `castile plan create`. The message says what is missing.",
};

/// A resource has no operation.
pub static NO_OPERATION: Code = Code {
    id: "migrate.no-operation",
    title: "a resource was left out: no operation of the WSDL is behind it",
    help: "A resource of Castile is bound to one operation of the SOAP service. Which one is found by what WSO2 wrote beside generated resources, by the \
           envelope that a sequence makes, by the SOAPAction that it sets, or by the operation's name in the path. Where none of them leads to one, \
           write the resource into `resources` of api.yaml by hand.",
};

/// The result is not good yet.
pub static NOT_GOOD: Code = Code {
    id: "migrate.not-good",
    title: "the API that was written is not good yet",
    help: "What was written is read the way the server reads it. It does not pass, and the findings beside this one say where: correct these places, then \
           run `castile check`. Nothing else is missing.",
};

/// What YAML calls the findings of this room's files.
pub(super) static OF_YAML: Codes =
    Codes { not_yaml: &UNREADABLE, unknown_key: &UNREADABLE, missing_key: &UNREADABLE, wrong_value: &UNREADABLE };

/// All codes of this room.
pub static ALL: &[&Code] = &[&ARCHIVE, &UNREADABLE, &NO_API, &NO_WSDL, &NOT_CARRIED, &DIFFERENT, &FILL_IN, &NO_OPERATION, &NOT_GOOD];
