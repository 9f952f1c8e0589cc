//! JSON names: prefixes, property keys and `$type` labels. Mapping decisions 1–3 and 6.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::freeze::parse_clark;
use crate::api::Lock;
use crate::schema::SchemaSet;
use crate::schema::model::{PrefixScope, ScopeId};
use crate::wsdl::Definitions;
use crate::xml::{QName, ns};

/// Gives prefixes and labels of one WSDL.
pub(super) struct Names<'a> {
    schemas: &'a SchemaSet,
    wsdl_scopes: &'a [PrefixScope],
    /// Namespace → the first prefix that one of its own documents declares for it.
    own_prefixes: HashMap<&'a str, Arc<str>>,
    /// Namespace → the prefix that `$type` labels use for it.
    service_prefixes: HashMap<String, Arc<str>>,
    taken: HashSet<String>,
    /// Prefix → the number after the last one that was given to it.
    next: HashMap<Arc<str>, u32>,
    /// Local name → how many named types of the WSDL's schemas have it.
    type_locals: HashMap<Arc<str>, usize>,
    /// Frozen labels.
    labels: HashMap<QName, Arc<str>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(definitions: &'a Definitions, lock: Option<&Lock>) -> Self {
        let schemas = &definitions.schemas;
        let mut names = Self {
            schemas,
            wsdl_scopes: &definitions.scopes,
            own_prefixes: own_prefixes(schemas),
            service_prefixes: HashMap::new(),
            taken: ["xs", "xml", "xsi", "soapenc"].into_iter().map(String::from).collect(),
            next: HashMap::new(),
            type_locals: HashMap::new(),
            labels: lock.map(|l| l.type_labels.iter().map(|(n, l)| (parse_clark(n), l.as_str().into())).collect()).unwrap_or_default(),
        };
        for label in names.labels.values() {
            if let Some((prefix, _)) = label.split_once(':') {
                names.taken.insert(prefix.to_owned());
            }
        }
        let own: Vec<&QName> = global_types(schemas).filter(|n| !is_told_by_prefix(n)).collect();
        for name in &own {
            *names.type_locals.entry(name.local_arc().clone()).or_default() += 1;
        }
        // In the order of the documents, so that prefixes do not depend on a message.
        for name in own {
            if names.type_locals.get(name.local()).is_some_and(|n| *n > 1) {
                names.service_prefix(name.namespace());
            }
        }
        names
    }

    /// The prefix that the scope `near` declares for a namespace, else one of that namespace's own documents, else the WSDL's, else `ns`.
    fn declared(&self, namespace: &str, near: Option<ScopeId>) -> Arc<str> {
        let near = near.and_then(|s| self.schemas.scope(s).prefix(namespace));
        let told = near.or_else(|| self.own_prefixes.get(namespace)).or_else(|| self.wsdl_scopes.iter().find_map(|s| s.prefix(namespace)));
        told.cloned().unwrap_or_else(|| "ns".into())
    }

    /// One prefix for a namespace over the whole service; unique.
    fn service_prefix(&mut self, namespace: Option<&str>) -> Arc<str> {
        let Some(namespace) = namespace else {
            return "".into();
        };
        match namespace {
            ns::XSD => "xs".into(),
            ns::SOAPENC11 | ns::SOAPENC12 => "soapenc".into(),
            _ => {
                if let Some(known) = self.service_prefixes.get(namespace) {
                    return known.clone();
                }
                let wanted = self.declared(namespace, None);
                let prefix = self.unique(wanted);
                self.service_prefixes.insert(namespace.to_owned(), prefix.clone());
                prefix
            }
        }
    }

    fn unique(&mut self, wanted: Arc<str>) -> Arc<str> {
        if self.taken.insert(wanted.to_string()) {
            return wanted;
        }
        let next = self.next.entry(wanted.clone()).or_insert(2);
        loop {
            let candidate = format!("{wanted}{next}");
            *next += 1;
            if self.taken.insert(candidate.clone()) {
                return candidate.into();
            }
        }
    }

    /// What `$type` calls a type: `Cat`, `p:Cat` where two share the local name, `xs:int`.
    pub(super) fn type_label(&mut self, name: &QName) -> Arc<str> {
        if let Some(frozen) = self.labels.get(name) {
            return frozen.clone();
        }
        let alone = !is_told_by_prefix(name) && self.type_locals.get(name.local()).is_none_or(|n| *n < 2);
        if alone {
            return name.local_arc().clone();
        }
        let prefix = self.service_prefix(name.namespace());
        format!("{prefix}:{}", name.local()).into()
    }

    /// Do several named types have that local name?
    pub(super) fn has_rivals(&self, local: &str) -> bool {
        self.type_locals.get(local).is_some_and(|n| *n > 1)
    }

    /// The keys of the distinct element names of one type.
    pub(super) fn element_keys(
        &self,
        names: &[QName],
        own_namespace: Option<&str>,
        near: ScopeId,
        inherited: &HashMap<QName, Arc<str>>,
    ) -> HashMap<QName, Arc<str>> {
        self.assign(names, own_namespace, near, inherited)
    }

    /// The keys of the attributes of one type, with their `@`.
    pub(super) fn attribute_keys(&self, names: &[QName], near: ScopeId, frozen: &HashMap<QName, Arc<str>>) -> HashMap<QName, Arc<str>> {
        let plain: Vec<_> = names.iter().filter(|n| n.namespace() != Some(ns::XML)).cloned().collect();
        let frozen = frozen.iter().map(|(n, k)| (n.clone(), k.strip_prefix('@').map_or_else(|| k.clone(), Arc::from))).collect();
        let mut keys = self.assign(&plain, None, near, &frozen);
        for name in names.iter().filter(|n| n.namespace() == Some(ns::XML)) {
            keys.insert(name.clone(), format!("xml:{}", name.local()).into());
        }
        keys.into_iter().map(|(n, k)| (n, format!("@{k}").into())).collect()
    }

    fn assign(
        &self,
        names: &[QName],
        own_namespace: Option<&str>,
        near: ScopeId,
        inherited: &HashMap<QName, Arc<str>>,
    ) -> HashMap<QName, Arc<str>> {
        let mut seen = HashSet::new();
        let mut order: Vec<&QName> = names.iter().filter(|n| seen.insert(*n)).collect();
        // Stable: schema order is the last word.
        order.sort_by_key(|n| (!inherited.contains_key(*n), n.namespace() != own_namespace, n.namespace().is_some()));
        let mut taken: HashSet<Arc<str>> = HashSet::new();
        let mut next: HashMap<Arc<str>, u32> = HashMap::new();
        let mut keys = HashMap::new();
        for name in order {
            let mut key = inherited.get(name).unwrap_or(name.local_arc()).clone();
            if taken.contains(&key) {
                key = match name.namespace() {
                    None => format!(":{}", name.local()).into(),
                    Some(namespace) => {
                        let prefix = self.declared(namespace, Some(near));
                        let plain: Arc<str> = format!("{prefix}:{}", name.local()).into();
                        let next = next.entry(plain.clone()).or_insert(1);
                        loop {
                            let candidate = if *next == 1 { plain.clone() } else { format!("{prefix}{next}:{}", name.local()).into() };
                            *next += 1;
                            if !taken.contains(&candidate) {
                                break candidate;
                            }
                        }
                    }
                };
            }
            taken.insert(key.clone());
            keys.insert(name.clone(), key);
        }
        keys
    }
}

/// Names of the global types in document order.
fn global_types(schemas: &SchemaSet) -> impl Iterator<Item = &QName> {
    schemas.types.iter().enumerate().filter_map(|(i, t)| {
        let name = t.name()?;
        (schemas.type_names.get(name).is_some_and(|id| id.index() == i)).then_some(name)
    })
}

/// Built-ins and SOAP encoding's types are always written with their prefix.
pub(super) fn is_told_by_prefix(name: &QName) -> bool {
    matches!(name.namespace(), Some(ns::XSD | ns::SOAPENC11 | ns::SOAPENC12))
}

fn own_prefixes(schemas: &SchemaSet) -> HashMap<&str, Arc<str>> {
    let mut found = HashMap::new();
    for document in &schemas.documents {
        if let Some(namespace) = document.target_namespace.as_deref()
            && let Some(prefix) = schemas.scope(document.scope).prefix(namespace)
        {
            found.entry(namespace).or_insert_with(|| prefix.clone());
        }
    }
    found
}
