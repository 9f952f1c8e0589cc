//! Schema sets as text, in the words of `oracle_dump.py`, so that two readings of one service can be compared.

use std::collections::BTreeSet;
use std::fmt::Write;

use castile::schema::SchemaSet;
use castile::schema::model::{
    ComplexType, Compositor, Content, Derivation, ModelGroup, NamespaceConstraint, Particle, ProcessContents, SimpleType, Term,
    TypeDefinition, TypeId, Variety, Wildcard,
};
use castile::wsdl::Definitions;
use castile::wsdl::model::{BindingMessage, OperationMessage, Part, PartKind, Protocol, Style, Use};
use castile::xml::{QName, ns};

/// Names of these are XML Schema's, SOAP encoding's and WSDL's own, which both readings treat apart.
fn is_encoding(name: &QName) -> bool {
    matches!(name.namespace(), Some(ns::XSD | ns::SOAPENC11 | ns::SOAPENC12 | ns::WSDL))
}

fn is_standard(set: &SchemaSet, t: &TypeDefinition) -> bool {
    t.document().is_none_or(|d| set.documents[d.index()].standard)
}

/// Every named type and global element of the author's documents.
pub fn dump(set: &SchemaSet) -> String {
    let mut lines = BTreeSet::new();
    for (name, id) in &set.type_names {
        let t = set.type_definition(*id);
        if !is_standard(set, t) && !is_encoding(name) {
            lines.insert(format!("type {name} {}", describe(set, *id, 0)));
        }
    }
    for (name, id) in &set.element_names {
        let e = set.element(*id);
        if is_shipped(e.span.source) || is_encoding(name) {
            continue;
        }
        let mut subs: Vec<String> =
            set.substitution_groups.get(id).into_iter().flatten().map(|m| set.element(*m).name.to_string()).collect();
        subs.sort();
        lines.insert(format!("element {name} {} {}", element(set, *id), subs.join(" ")));
    }
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

fn is_shipped(source: castile::diagnostic::SourceId) -> bool {
    source.0 > u32::MAX - 1_000
}

fn element(set: &SchemaSet, id: castile::schema::model::ElementId) -> String {
    let e = set.element(id);
    let value = e.fixed.as_deref().or(e.default.as_deref()).unwrap_or("-");
    format!("{}{}[{}]", if e.nillable { "nil " } else { "" }, if e.is_abstract { "abstract " } else { "" }, value)
}

fn type_name(set: &SchemaSet, id: TypeId) -> String {
    set.type_definition(id).name().map_or_else(|| "anon".to_owned(), ToString::to_string)
}

fn describe(set: &SchemaSet, id: TypeId, depth: usize) -> String {
    match set.type_definition(id) {
        TypeDefinition::Simple(t) => simple(set, t),
        TypeDefinition::Complex(t) => complex(set, t, depth),
    }
}

fn simple(set: &SchemaSet, t: &SimpleType) -> String {
    let mut facets = 0;
    let mut at = Some(t);
    while let Some(step) = at.filter(|s| s.document.is_some()) {
        facets += step.facets.len();
        at = step.base.and_then(|b| match set.type_definition(b) {
            TypeDefinition::Simple(t) => Some(t),
            TypeDefinition::Complex(_) => None,
        });
    }
    match &t.variety {
        Variety::Ur => format!("atomic anySimpleType {facets}"),
        Variety::Atomic(b) => format!("atomic {} {facets}", b.name()),
        Variety::List(item) => match set.type_definition(*item) {
            TypeDefinition::Simple(i) => format!("list({}) {facets}", simple(set, i)),
            TypeDefinition::Complex(_) => "list(complex)".to_owned(),
        },
        Variety::Union(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|m| match set.type_definition(*m) {
                    TypeDefinition::Simple(i) => simple(set, i),
                    TypeDefinition::Complex(_) => "complex".to_owned(),
                })
                .collect();
            format!("union({}) {facets}", members.join(", "))
        }
    }
}

fn complex(set: &SchemaSet, t: &ComplexType, depth: usize) -> String {
    let mut out = String::new();
    write!(out, "complex{}", if t.is_abstract { " abstract" } else { "" }).unwrap();
    if let Some(base) = t.base.filter(|b| *b != SchemaSet::ANY_TYPE) {
        let how = if t.derivation == Derivation::Extension { "extends" } else { "restricts" };
        write!(out, " {how} {}", type_name(set, base)).unwrap();
    }
    if t.mixed {
        out.push_str(" mixed");
    }
    let attributes: Vec<String> = t
        .attribute_uses
        .iter()
        .filter(|u| !is_encoding(&set.attribute(u.attribute).name))
        .map(|u| {
            let a = set.attribute(u.attribute);
            let kind = match set.type_definition(a.type_definition) {
                TypeDefinition::Simple(s) => simple(set, s),
                TypeDefinition::Complex(_) => "complex".to_owned(),
            };
            let value = u.fixed.as_deref().or(u.default.as_deref()).unwrap_or("-");
            format!("{}{}:{kind}[{value}]", a.name, if u.required { "!" } else { "" })
        })
        .collect();
    write!(out, " @({})", attributes.join("; ")).unwrap();
    if let Some(w) = &t.attribute_wildcard {
        write!(out, " @any {}", wildcard(w)).unwrap();
    }
    match &t.content {
        Content::Simple(text) => write!(out, " text {}", describe(set, *text, depth)).unwrap(),
        Content::Complex(None) => {}
        Content::Complex(Some(p)) => write!(out, " {}", particle(set, p, &mut Vec::new(), depth)).unwrap(),
    }
    out
}

fn wildcard(w: &Wildcard) -> String {
    let namespaces = match &w.namespaces {
        NamespaceConstraint::Any => "##any".to_owned(),
        NamespaceConstraint::Not(target) => format!("not {}", target.as_deref().unwrap_or("-")),
        NamespaceConstraint::List(list) => list.iter().map(|n| n.as_deref().unwrap_or("-")).collect::<Vec<_>>().join(","),
    };
    let process = match w.process_contents {
        ProcessContents::Strict => "strict",
        ProcessContents::Lax => "lax",
        ProcessContents::Skip => "skip",
    };
    format!("{namespaces} {process}")
}

fn particle(set: &SchemaSet, p: &Particle, stack: &mut Vec<u32>, depth: usize) -> String {
    let occurs = format!("{{{},{}}}", p.min, p.max.map_or_else(|| "*".to_owned(), |m| m.to_string()));
    let term = match &p.term {
        Term::Element(id) => {
            let e = set.element(*id);
            let kind = match set.type_definition(e.type_definition) {
                t if t.name().is_some() => type_name(set, e.type_definition),
                _ if e.is_global || depth > 8 => "anon".to_owned(),
                _ => describe(set, e.type_definition, depth + 1),
            };
            format!("{} {}:<{kind}>", e.name, element(set, *id))
        }
        Term::ModelGroup(g) => group(set, g, stack, depth),
        Term::Group(id) if stack.contains(&id.0) => "()".to_owned(),
        Term::Group(id) => {
            stack.push(id.0);
            let g = group(set, &set.group(*id).model_group, stack, depth);
            stack.pop();
            g
        }
        Term::Wildcard(w) => format!("any {}", wildcard(w)),
        Term::Undeclared(name) => format!("undeclared {name}"),
    };
    format!("{term}{occurs}")
}

fn group(set: &SchemaSet, g: &ModelGroup, stack: &mut Vec<u32>, depth: usize) -> String {
    let kind = match g.compositor {
        Compositor::Sequence => "seq",
        Compositor::Choice => "choice",
        Compositor::All => "all",
    };
    let particles: Vec<String> = g.particles.iter().map(|p| particle(set, p, stack, depth)).collect();
    format!("{kind}({})", particles.join(", "))
}

/// Every operation of every binding that a port or nobody names, as the binding shapes it.
pub fn operations(definitions: &Definitions) -> String {
    let named: BTreeSet<usize> = definitions.services.iter().flat_map(|s| &s.ports).map(|p| p.binding.0).collect();
    let mut lines = BTreeSet::new();
    for (index, binding) in definitions.bindings.iter().enumerate() {
        let kind = match &binding.protocol {
            Protocol::Soap11 => "soap11",
            Protocol::Soap12 => "soap12",
            Protocol::Http(_) => "http",
            Protocol::Other(_) => "None",
        };
        for bound in &binding.operations {
            let abstract_ = binding.port_type.zip(bound.operation).map(|(p, o)| &definitions.port_type(p).operations[o]);
            // The other reading keeps an HTTP verb where SOAP has a style.
            let style = match (&binding.protocol, bound.style) {
                (Protocol::Http(_), _) => "",
                (_, Style::Rpc) => "rpc",
                (_, Style::Document) => "document",
            };
            let input = direction(definitions, abstract_.and_then(|a| a.input.as_ref()), bound.input.as_ref());
            let output = direction(definitions, abstract_.and_then(|a| a.output.as_ref()), bound.output.as_ref());
            let faults: Vec<&str> = abstract_.iter().flat_map(|a| &a.faults).map(|f| f.name.as_deref().unwrap_or("None")).collect();
            lines.insert(format!(
                "op {} {} {} {kind} {style} {} in {input} out {output} faults {}",
                if named.contains(&index) { "port" } else { "free" },
                binding.name.local(),
                bound.name,
                bound.soap_action.as_deref().unwrap_or("None"),
                faults.join(",")
            ));
        }
    }
    lines.into_iter().collect::<Vec<_>>().join("\n")
}

fn direction(definitions: &Definitions, message: Option<&OperationMessage>, bound: Option<&BindingMessage>) -> String {
    let Some(message) = message else { return "-".to_owned() };
    let Some(id) = message.message else { return "broken".to_owned() };
    let part = |p: &Part| match &p.kind {
        PartKind::Element(name, _) => format!("{}=element {name}", p.name),
        PartKind::Type(name, _) => format!("{}=type {name}", p.name),
        PartKind::Neither => format!("{}=", p.name),
    };
    let mut parts: Vec<&Part> = definitions.message(id).parts.iter().collect();
    let mut headers = Vec::new();
    let (mut use_, mut namespace) = ("literal", None);
    if let Some(bound) = bound {
        if let Some(body) = &bound.body {
            use_ = if body.use_ == Use::Encoded { "encoded" } else { "literal" };
            namespace = body.namespace.clone();
            match &body.parts {
                Some(names) => parts.retain(|p| names.contains(&p.name)),
                None => parts.retain(|p| bound.mime_parts.iter().all(|(m, _)| *m != p.name)),
            }
        }
        for header in &bound.headers {
            let found = header.message.and_then(|m| definitions.message(m).parts.iter().find(|p| p.name == header.part));
            headers.extend(found.map(&part));
            let listed = bound.body.as_ref().is_some_and(|b| b.parts.as_ref().is_some_and(|p| !p.is_empty()));
            if header.message == Some(id) && !listed {
                parts.retain(|p| p.name != header.part);
            }
        }
    }
    let parts: Vec<String> = parts.into_iter().map(part).collect();
    format!(
        "{}({}) [{}] {use_} {}",
        definitions.message(id).name.local(),
        parts.join("; "),
        headers.join("; "),
        namespace.as_deref().unwrap_or("None")
    )
}
