//! What an API is where its file says nothing: one resource for each operation of a port type with a SOAP binding.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{ApiDefinition, Lock, Method, Resource, codes};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::wsdl::Definitions;
use crate::wsdl::model::{BindingId, PortTypeId, Protocol};

/// What a WSDL gives by itself.
#[derive(Debug, Default)]
pub struct Derivation {
    /// The resources, in the order of the ports and their operations. `port_type` is always there.
    pub resources: Vec<Resource>,
    /// Operation key (see [`Lock::operation_key`]) → path of its resource: for the lock.
    pub paths: BTreeMap<String, String>,
    /// Bindings and operations that give none, with the reason.
    pub diagnostics: Vec<Diagnostic>,
}

/// An operation of a port type that some SOAP binding binds.
struct Bound<'a> {
    port_type: &'a str,
    /// What tells it apart from an operation of the same name: the port type's name; where two port types of different namespaces share
    /// theirs, the port's.
    place: &'a str,
    /// `SERVICE/PORT`, where the port type's name does not say which it is.
    port: Option<String>,
    name: &'a str,
    overload: u32,
    safe: bool,
    span: Span,
}

impl Bound<'_> {
    fn key(&self) -> String {
        Lock::operation_key(self.place, self.name, self.overload)
    }
}

/// Derives the resources of a WSDL. Paths that the lock has stay as they are.
pub fn derive(definitions: &Definitions, lock: Option<&Lock>) -> Derivation {
    let mut derivation = Derivation::default();
    let bound = operations(definitions, &mut derivation.diagnostics);
    let mut places_of: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for operation in &bound {
        places_of.entry(operation.name).or_default().insert(operation.place);
    }
    let frozen = |operation: &Bound<'_>| lock.and_then(|l| l.paths.get(&operation.key()));
    let mut taken: BTreeSet<String> = bound.iter().filter_map(frozen).cloned().collect();
    for operation in &bound {
        let path = frozen(operation).cloned().unwrap_or_else(|| {
            let clashes = places_of.get(operation.name).is_some_and(|p| p.len() > 1);
            let wish = if clashes { format!("/{}/{}", operation.place, operation.name) } else { format!("/{}", operation.name) };
            free(&wish, operation.overload, &taken)
        });
        taken.insert(path.clone());
        derivation.paths.insert(operation.key(), path.clone());
        let mut resource = Resource::new(Method::Post, path, operation.name);
        resource.port_type = Some(operation.port_type.to_owned());
        resource.port.clone_from(&operation.port);
        resource.overload = operation.overload;
        resource.safe = operation.safe;
        resource.span = Some(operation.span);
        derivation.resources.push(resource);
    }
    if bound.is_empty() {
        let span = definitions.bindings.first().map(|b| b.span);
        // A WSDL that speaks another protocol is a good one; one without bindings says nothing at all.
        let severity =
            if definitions.bindings.iter().any(|b| not_published(&b.protocol).is_some()) { Severity::Warning } else { Severity::Error };
        let diagnostic = Diagnostic::new(severity, &codes::NOTHING_TO_PUBLISH, "no operation has a SOAP binding");
        derivation.diagnostics.push(Diagnostic { span, ..diagnostic });
    }
    derivation
}

/// `wish`, numbered from the second overload on or where it is taken.
fn free(wish: &str, overload: u32, taken: &BTreeSet<String>) -> String {
    let first = if overload == 0 { wish.to_owned() } else { format!("{wish}{}", overload + 1) };
    let mut path = first;
    let mut number = overload + 2;
    while taken.contains(&path) || path == "/openapi.json" {
        path = format!("{wish}{number}");
        number += 1;
    }
    path
}

/// The bindings in the order of the ports, then those that no port names; each once.
pub fn bindings_in_order(definitions: &Definitions) -> Vec<BindingId> {
    let mut ids: Vec<BindingId> = Vec::new();
    let of_ports = definitions.services.iter().flat_map(|s| &s.ports).map(|p| p.binding);
    for id in of_ports.chain((0..definitions.bindings.len()).map(BindingId)) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

fn operations<'a>(definitions: &'a Definitions, diagnostics: &mut Vec<Diagnostic>) -> Vec<Bound<'a>> {
    let mut bound: Vec<Bound<'a>> = Vec::new();
    let mut seen: BTreeSet<(usize, usize)> = BTreeSet::new();
    for id in bindings_in_order(definitions) {
        let binding = definitions.binding(id);
        if let Some(why) = not_published(&binding.protocol) {
            let text = format!("binding {} is not published: {why}", binding.name.local());
            diagnostics.push(Diagnostic::new(Severity::Note, &codes::NOT_PUBLISHED, text).at(binding.span));
            continue;
        }
        let Some(PortTypeId(port_type_index)) = binding.port_type else { continue };
        let port_type = definitions.port_type(PortTypeId(port_type_index));
        let shared = definitions.port_types.iter().filter(|p| p.name.local() == port_type.name.local()).count() > 1;
        let port = if shared { port_of(definitions, id) } else { None };
        let mut overloads: HashMap<&str, u32> = HashMap::new();
        for operation in &binding.operations {
            let Some((index, declared)) = operation.operation.and_then(|i| Some((i, port_type.operations.get(i)?))) else { continue };
            let overload = *overloads.entry(&operation.name).and_modify(|n| *n += 1).or_insert(0);
            if !seen.insert((port_type_index, index)) {
                continue;
            }
            if declared.input.is_none() || declared.output_first {
                let text = format!("operation {} is not published: the service would call its callers", operation.name);
                diagnostics.push(Diagnostic::new(Severity::Warning, &codes::NOT_PUBLISHED, text).at(operation.span));
                continue;
            }
            bound.push(Bound {
                port_type: port_type.name.local(),
                place: port.map_or(port_type.name.local(), |(_, port)| port),
                port: port.map(|(service, port)| format!("{service}/{port}")),
                name: &operation.name,
                overload,
                safe: declared.safe,
                span: operation.span,
            });
        }
    }
    bound
}

/// The first port of a binding, with its service.
fn port_of(definitions: &Definitions, binding: BindingId) -> Option<(&str, &str)> {
    let ports = definitions.services.iter().flat_map(|s| s.ports.iter().map(move |p| (s, p)));
    ports.into_iter().find(|(_, p)| p.binding == binding).map(|(s, p)| (s.name.local(), &*p.name))
}

fn not_published(protocol: &Protocol) -> Option<String> {
    match protocol {
        Protocol::Soap11 | Protocol::Soap12 => None,
        Protocol::Http(verb) => Some(format!("it is an HTTP {verb} binding, without SOAP")),
        Protocol::Other(Some(namespace)) => Some(format!("its protocol is {namespace}")),
        Protocol::Other(None) => Some("it names no protocol".to_owned()),
    }
}

/// The resources that are published: those of the file, then the derived ones of operations that the file does not name.
/// A safe operation behind another method answers `GET` at the same path too.
pub fn effective_resources(definition: &ApiDefinition, derivation: &Derivation) -> Vec<Resource> {
    let mut resources = definition.resources.clone();
    if !definition.only_listed {
        let listed = |d: &Resource| definition.resources.iter().any(|r| names(r, d));
        resources.extend(derivation.resources.iter().filter(|d| !listed(d)).cloned());
    }
    let safe: Vec<Resource> = resources
        .iter()
        .filter(|r| r.safe && r.method != Method::Get)
        .filter(|r| !resources.iter().any(|o| o.method == Method::Get && o.path == r.path))
        .map(|r| Resource { method: Method::Get, ..r.clone() })
        .collect();
    resources.extend(safe);
    resources
}

/// Does a resource of the file name the operation of a derived one?
fn names(resource: &Resource, derived: &Resource) -> bool {
    resource.operation == derived.operation
        && resource.overload == derived.overload
        && (resource.port_type.is_none() || resource.port_type == derived.port_type)
}

/// Does a name begin like that of an operation that only reads? The word it begins with.
pub fn reading_word(operation: &str) -> Option<&'static str> {
    const WORDS: [&str; 17] = [
        "get", "list", "find", "search", "query", "read", "fetch", "lookup", "retrieve", "is", "has", "count", "describe", "show", "view",
        "check", "validate",
    ];
    WORDS.into_iter().find(|word| {
        let Some(head) = operation.get(..word.len()) else { return false };
        let next = operation.get(word.len()..).and_then(|r| r.chars().next());
        head.eq_ignore_ascii_case(word) && next.is_none_or(|c| c.is_uppercase() || c == '_' || c == '-' || c.is_numeric())
    })
}

/// The name of an API that a WSDL suggests: its definitions' name, else its first service's, else its first port type's, in characters
/// that a folder and a context may have.
pub fn suggested_name(definitions: &Definitions) -> String {
    let service = definitions.services.first().map(|s| s.name.local_arc().clone());
    let port_type = definitions.port_types.first().map(|p| p.name.local_arc().clone());
    let candidates = [service, definitions.name.clone(), port_type];
    candidates.into_iter().flatten().map(|n: Arc<str>| folder_name(&n)).find(|n| !n.is_empty()).unwrap_or_else(|| "api".to_owned())
}

/// A text as the name of a folder: ASCII letters, digits, `-`, `_`, `.`, at most 64, no dot first.
pub fn folder_name(text: &str) -> String {
    let name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).take(64).collect();
    name.trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SourceId;
    use crate::wsdl::model::{Binding, BindingOperation, Operation, OperationMessage, PortType, Style};
    use crate::xml::QName;

    const SPAN: Span = Span { source: SourceId(0), start: 0, end: 0 };

    fn message() -> Option<OperationMessage> {
        Some(OperationMessage { name: None, message: None, action: None, documentation: None, span: SPAN })
    }

    fn port_type(name: &str, operations: &[&str]) -> PortType {
        let operation = |name: &&str| Operation {
            name: Arc::from(*name),
            input: message(),
            output: message(),
            output_first: false,
            faults: Vec::new(),
            parameter_order: Vec::new(),
            documentation: None,
            safe: false,
            span: SPAN,
        };
        PortType {
            name: QName::new("urn:x", name),
            operations: operations.iter().map(operation).collect(),
            documentation: None,
            span: SPAN,
        }
    }

    fn binding(name: &str, port_type: usize, protocol: Protocol, operations: &[&str]) -> Binding {
        let operation = |(i, name): (usize, &&str)| BindingOperation {
            name: Arc::from(*name),
            operation: Some(i),
            soap_action: None,
            style: Style::Document,
            input: None,
            output: None,
            faults: Vec::new(),
            span: SPAN,
        };
        Binding {
            name: QName::new("urn:x", name),
            port_type: Some(PortTypeId(port_type)),
            protocol,
            transport: None,
            operations: operations.iter().enumerate().map(operation).collect(),
            documentation: None,
            span: SPAN,
        }
    }

    fn paths(derivation: &Derivation) -> Vec<&str> {
        derivation.resources.iter().map(|r| r.path.as_str()).collect()
    }

    #[test]
    fn one_resource_for_an_operation_of_a_port_type() {
        let definitions = Definitions {
            port_types: vec![port_type("P", &["Get", "Put"])],
            bindings: vec![
                binding("B11", 0, Protocol::Soap11, &["Get", "Put"]),
                binding("B12", 0, Protocol::Soap12, &["Get", "Put"]),
                binding("H", 0, Protocol::Http("GET".into()), &["Get"]),
            ],
            ..Definitions::default()
        };
        let derivation = derive(&definitions, None);
        assert_eq!(paths(&derivation), ["/Get", "/Put"]);
        assert_eq!(derivation.diagnostics.len(), 1);
        assert_eq!(derivation.diagnostics[0].code.id, "api.binding-not-published");
    }

    #[test]
    fn the_port_type_stands_before_names_that_clash_and_overloads_are_numbered() {
        let definitions = Definitions {
            port_types: vec![port_type("P", &["Get", "Echo", "Echo", "Echo2"]), port_type("Q", &["Get"])],
            bindings: vec![
                binding("B", 0, Protocol::Soap11, &["Get", "Echo", "Echo", "Echo2"]),
                binding("C", 1, Protocol::Soap12, &["Get"]),
            ],
            ..Definitions::default()
        };
        let derivation = derive(&definitions, None);
        assert_eq!(paths(&derivation), ["/P/Get", "/Echo", "/Echo2", "/Echo22", "/Q/Get"]);
        let lock = Lock { paths: [("Q/Get".to_owned(), "/Get".to_owned())].into(), ..Lock::default() };
        assert_eq!(paths(&derive(&definitions, Some(&lock))), ["/P/Get", "/Echo", "/Echo2", "/Echo22", "/Get"]);
    }

    #[test]
    fn a_listed_resource_takes_the_place_of_the_derived_one() {
        let definitions = Definitions {
            port_types: vec![port_type("P", &["GetCountry", "AddCountry"])],
            bindings: vec![binding("B", 0, Protocol::Soap11, &["GetCountry", "AddCountry"])],
            ..Definitions::default()
        };
        let derivation = derive(&definitions, None);
        let mut definition = ApiDefinition::named("x");
        definition.resources.push(Resource { safe: true, ..Resource::new(Method::Post, "/countries", "GetCountry") });
        let all = |d: &ApiDefinition| -> Vec<String> {
            effective_resources(d, &derivation).iter().map(|r| format!("{} {} {}", r.method.as_str(), r.path, r.operation)).collect()
        };
        assert_eq!(all(&definition), ["POST /countries GetCountry", "POST /AddCountry AddCountry", "GET /countries GetCountry"]);
        definition.only_listed = true;
        assert_eq!(all(&definition), ["POST /countries GetCountry", "GET /countries GetCountry"]);
    }

    #[test]
    fn a_wsdl_without_soap_is_an_error() {
        let derivation = derive(&Definitions::default(), None);
        assert_eq!(derivation.diagnostics[0].code.id, "api.nothing-to-publish");
        assert_eq!(derivation.diagnostics[0].severity, Severity::Error);
    }

    #[test]
    fn names() {
        assert_eq!(reading_word("GetCountry"), Some("get"));
        assert_eq!(reading_word("listAll"), Some("list"));
        assert_eq!(reading_word("Getaway"), None);
        assert_eq!(reading_word("isolate"), None);
        assert_eq!(folder_name("My Service/é"), "My-Service");
        assert_eq!(folder_name("..."), "");
    }
}
