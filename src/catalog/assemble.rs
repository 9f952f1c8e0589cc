//! Definition + lock + documents → [`PublishedApi`]: the one way, for import, check and serving alike, so that nothing can be stored
//! that cannot be loaded.

use std::collections::HashMap;
use std::sync::Arc;

use super::headers::fill_headers;
use super::login::login;
use super::resources::{self, Targets};
use super::wire::Wiring;
use super::{Credentials, Documents, Provenance, PublishedApi, Rules, raw, rules};
use crate::api::{self, ApiDefinition, Derivation, Lock, Nulls, Numbers, Unknown, codes};
use crate::auth::DEFAULT_TENANT;
use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::compile::{self, Settings};
use crate::plan::node::MappingOptions;
use crate::wsdl;

/// What came of an API's texts.
#[derive(Debug)]
pub struct Assembled {
    /// The API; `None` where a diagnostic is an error.
    pub api: Option<PublishedApi>,
    /// What the WSDL gives by itself, where it could be read.
    pub derivation: Derivation,
    /// What must be frozen of this API.
    pub lock: Lock,
    /// The WSDL, where it could be resolved.
    pub definitions: Option<wsdl::Definitions>,
    /// The name that the WSDL suggests.
    pub suggested_name: String,
    /// Everything that was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Resolves, derives, compiles. `name` is the API's name in the store. Without secrets: for what does not call the service.
pub fn assemble(name: &str, definition: &ApiDefinition, lock: Option<&Lock>, documents: &wsdl::Documents) -> Assembled {
    assemble_with(name, definition, lock, documents, &Credentials::default())
}

/// The same with the secrets that the definition names.
pub fn assemble_with(
    name: &str,
    definition: &ApiDefinition,
    lock: Option<&Lock>,
    documents: &wsdl::Documents,
    credentials: &Credentials,
) -> Assembled {
    let outcome = wsdl::resolve::resolve(documents);
    let mut diagnostics = outcome.diagnostics;
    let Some(definitions) = outcome.definitions else {
        return failed(diagnostics);
    };
    let mut derivation = api::derive(&definitions, lock);
    diagnostics.append(&mut derivation.diagnostics);
    let settings = Settings { lock: lock.cloned(), ..settings(definition) };
    let mut compiled = compile::compile(&definitions, &settings);
    diagnostics.extend(compiled.diagnostics);
    diagnostics.extend(fill_headers(&mut compiled.program, &definition.headers, credentials));
    let program = Arc::new(compiled.program);
    let rules = Rules::of_api(definition, &mut diagnostics);
    let per_address = rules::limit(definition.limits.per_address.as_deref(), "limits/per_address", &mut diagnostics);
    let targets = Targets { definition, rules: &rules, program: &program };
    let mut resources = if definition.rest { resources::publish(&targets, &derivation, &mut diagnostics) } else { Vec::new() };
    let mut wiring = Wiring::new(definition, credentials, &mut diagnostics);
    for resource in &mut resources {
        if let Some(plan) = program.operations.get(resource.operation) {
            resource.wire = wiring.of(&plan.asks, &resource.url, &mut diagnostics);
        }
    }
    let mut raw_operations = match definition.passthrough {
        true => raw::raw_operations(&definitions, &program, definition.endpoint.url.as_deref(), &mut |asks, url| {
            wiring.of(asks, url, &mut diagnostics)
        }),
        false => Vec::new(),
    };
    wiring.unaddressed(&mut diagnostics);
    let login = login(definition, credentials, &mut diagnostics);
    raw::bind_rules(&mut raw_operations, &resources, &program, &rules);
    check_source(definition, &definitions, &mut diagnostics);
    let lock = Lock { version: Lock::VERSION, paths: derivation.paths.clone(), ..compiled.lock };
    let suggested_name = api::suggested_name(&definitions);
    if diagnostics.iter().any(|d| d.severity == Severity::Error) {
        return Assembled { api: None, derivation, lock, definitions: Some(definitions), suggested_name, diagnostics };
    }
    let published = PublishedApi {
        name: name.into(),
        base_path: definition.base_path().into(),
        default_path: definition.api.default_version.then(|| definition.api.context.as_str().into()),
        documentation: documentation(&definitions),
        documents: Arc::new(Documents::new(&definitions, documents)),
        definition: definition.clone(),
        program,
        resources,
        raw_operations,
        tenant: DEFAULT_TENANT.into(),
        // Who reads stored texts says where they come from: see `content`.
        provenance: Provenance::Files,
        rules,
        per_address,
        fields: wiring.fields(),
        login,
        credentials: credentials.clone(),
        described: super::snapshot::Described::default(),
    };
    Assembled { api: Some(published), derivation, lock, definitions: Some(definitions), suggested_name, diagnostics }
}

/// What people wrote about the WSDL and its services.
fn documentation(definitions: &wsdl::Definitions) -> Option<Arc<str>> {
    let mut texts: Vec<&str> = Vec::new();
    for text in definitions.documentation.iter().chain(definitions.services.iter().filter_map(|s| s.documentation.as_ref())) {
        if !texts.contains(&&**text) {
            texts.push(text);
        }
    }
    (!texts.is_empty()).then(|| texts.join("\n\n").into())
}

fn failed(diagnostics: Vec<Diagnostic>) -> Assembled {
    Assembled {
        api: None,
        derivation: Derivation::default(),
        lock: Lock::default(),
        definitions: None,
        suggested_name: String::new(),
        diagnostics,
    }
}

/// What an API definition says to the compiler.
pub fn settings(definition: &ApiDefinition) -> Settings {
    let m = &definition.mapping;
    let mapping = MappingOptions {
        numbers_as_strings: m.numbers == Numbers::String,
        nulls_are_absent: m.nulls == Nulls::Absent,
        ignore_unknown: m.unknown == Unknown::Ignore,
        lenient: m.lenient,
        strict: m.strict,
        keep_wrappers: !m.flatten,
        refuse_raw_xml: !m.raw_xml,
    };
    let mut fault_statuses: HashMap<(Arc<str>, Arc<str>), u16> = HashMap::new();
    for resource in &definition.resources {
        for (fault, status) in &resource.faults {
            fault_statuses.insert((resource.operation.as_str().into(), fault.as_str().into()), *status);
        }
    }
    Settings { mapping, fault_statuses, headers: definition.headers.clone(), lock: None }
}

/// `source.service` and `source.port` must be there.
fn check_source(definition: &ApiDefinition, definitions: &wsdl::Definitions, diagnostics: &mut Vec<Diagnostic>) {
    let source = &definition.source;
    let services = || definitions.services.iter().filter(|s| source.service.as_deref().is_none_or(|n| n == s.name.local()));
    if let Some(name) = &source.service
        && services().next().is_none()
    {
        let known = definitions.services.iter().map(|s| s.name.local());
        let hint = crate::diagnostic::nearest(name, known).map(|n| format!("did you mean `{n}`?"));
        diagnostics.push(Diagnostic { hint, ..Diagnostic::error(&codes::UNKNOWN_OPERATION, format!("the WSDL has no service `{name}`")) });
    } else if let Some(name) = &source.port
        && !services().flat_map(|s| &s.ports).any(|p| &*p.name == name)
    {
        let hint =
            crate::diagnostic::nearest(name, services().flat_map(|s| &s.ports).map(|p| &*p.name)).map(|n| format!("did you mean `{n}`?"));
        diagnostics.push(Diagnostic { hint, ..Diagnostic::error(&codes::UNKNOWN_OPERATION, format!("the WSDL has no port `{name}`")) });
    }
}

/// Operations of an API that look safe and could be `GET`: suggestions, each with its reason.
pub fn suggestions(api: &PublishedApi) -> Vec<Diagnostic> {
    resources::suggestions(&api.program, &api.resources)
}
