//! Operations side by side: which are the same, what differs around their messages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::graph::{Found, Graph};
use super::{Change, Effect, Kind, Side};
use crate::plan::node::{FaultPlan, OperationPlan, Pattern, Program, SoapVersion};

use Effect::{Breaking, Harmless, None as Unnoticed};

/// Are these one operation of a port type?
pub fn same_operation(a: &OperationPlan, b: &OperationPlan) -> bool {
    a.name == b.name && a.overload == b.overload && a.port_type == b.port_type
}

/// The ports of an operation, paired.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// Index into the old program's operations.
    pub old: usize,
    /// Index into the new program's operations.
    pub new: usize,
}

/// Pairs every operation of the old program with what is there of it in the new one: at the same port, else at one of the same SOAP version,
/// else of the same port type, else the only one of that name. `None` where it is gone.
fn pairs(old: &Program, new: &Program) -> Vec<(usize, Option<usize>)> {
    let find = |o: &OperationPlan| {
        let of = |is_it: &dyn Fn(&OperationPlan) -> bool| new.operations.iter().position(is_it);
        of(&|n| same_operation(o, n) && n.service == o.service && n.port == o.port && n.version == o.version)
            .or_else(|| of(&|n| same_operation(o, n) && n.port == o.port && n.version == o.version))
            .or_else(|| of(&|n| same_operation(o, n) && n.version == o.version))
            .or_else(|| of(&|n| same_operation(o, n)))
            .or_else(|| {
                // Its port type has another name now.
                let named = |n: &OperationPlan| n.name == o.name && n.overload == o.overload;
                let others: BTreeSet<&str> = new.operations.iter().filter(|n| named(n)).map(|n| &*n.port_type).collect();
                let alone = others.len() == 1 && !old.operations.iter().any(|x| named(x) && x.port_type != o.port_type);
                let same = |n: &OperationPlan| named(n) && n.version == o.version;
                alone.then(|| of(&same).or_else(|| of(&named))).flatten()
            })
    };
    old.operations.iter().enumerate().map(|(i, o)| (i, find(o))).collect()
}

pub(super) fn compare(old: &Program, new: &Program) -> Vec<Change> {
    let mut graph = Graph::new(old, new);
    let pairs = pairs(old, new);
    let mut changes = Vec::new();
    let mut roots: Vec<(Arc<str>, String, usize)> = Vec::new();
    for (at, found) in &pairs {
        let Some(before) = old.operations.get(*at) else { continue };
        match found.and_then(|n| new.operations.get(n)) {
            Some(now) => operation(&mut graph, before, now, &mut changes, &mut roots),
            None => changes.push(whole(before, Kind::OperationRemoved, "the operation is gone", Breaking, Breaking)),
        }
    }
    let known: BTreeSet<usize> = pairs.iter().filter_map(|(_, n)| *n).collect();
    for (at, now) in new.operations.iter().enumerate() {
        let is_other_port = || pairs.iter().filter_map(|(_, n)| new.operations.get((*n)?)).any(|n| same_operation(n, now));
        if !known.contains(&at) && is_published(now) && !is_other_port() {
            changes.push(whole(now, Kind::OperationAdded, "is a new operation", Harmless, Harmless));
        }
    }
    graph.work();
    changes.extend(collect(&graph, &roots));
    for (before, now) in &graph.met {
        changes.push(Change {
            kind: Kind::Namespace,
            operations: Vec::new(),
            place: String::new(),
            type_: None,
            text: format!("the namespace {before} is {now} now"),
            rest: Harmless,
            soap: Breaking,
        });
    }
    if graph.exhausted {
        changes.push(Change {
            kind: Kind::TooLarge,
            operations: Vec::new(),
            place: String::new(),
            type_: None,
            text: "there is more to compare than can be followed, so more may have changed than is told here".to_owned(),
            rest: Breaking,
            soap: Breaking,
        });
    }
    changes
}

fn is_published(o: &OperationPlan) -> bool {
    matches!(o.pattern, Pattern::RequestResponse | Pattern::OneWay)
}

fn whole(o: &OperationPlan, kind: Kind, text: impl Into<String>, rest: Effect, soap: Effect) -> Change {
    Change { kind, operations: vec![o.name.clone()], place: String::new(), type_: None, text: text.into(), rest, soap }
}

/// What differs around the messages, and the messages to be looked at.
fn operation(
    graph: &mut Graph<'_>,
    old: &OperationPlan,
    new: &OperationPlan,
    changes: &mut Vec<Change>,
    roots: &mut Vec<(Arc<str>, String, usize)>,
) {
    let mut say = |kind, text: String, rest, soap| changes.push(whole(old, kind, text, rest, soap));
    let quoted = |action: &Option<Arc<str>>| action.as_ref().map_or_else(|| "none".to_owned(), |a| format!("`{}`", a.escape_debug()));
    if old.soap_action != new.soap_action {
        say(Kind::Action, format!("soapAction is {} and was {}", quoted(&new.soap_action), quoted(&old.soap_action)), Unnoticed, Breaking);
    }
    if old.wsa_action != new.wsa_action {
        say(
            Kind::Action,
            format!("the action of WS-Addressing is {} and was {}", quoted(&new.wsa_action), quoted(&old.wsa_action)),
            Unnoticed,
            Breaking,
        );
    }
    if old.version != new.version {
        let word = |v| if v == SoapVersion::Soap11 { "1.1" } else { "1.2" };
        say(Kind::SoapVersion, format!("there is no binding for SOAP {} any more", word(old.version)), Unnoticed, Breaking);
    }
    if old.pattern != new.pattern {
        say(Kind::Pattern, "it is one-way now, or is not any more".to_owned(), Breaking, Breaking);
    }
    if old.asks != new.asks {
        let text = "what its policy asks of requests changed (addressing, security, MTOM): see `castile explain`".to_owned();
        say(Kind::Asks, text, Harmless, Breaking);
    }
    if old.address != new.address {
        say(Kind::Address, format!("its address is {} and was {}", quoted(&new.address), quoted(&old.address)), Harmless, Harmless);
    }
    let name = || old.name.clone();
    roots.push((name(), "request".to_owned(), graph.messages(&old.input, &new.input, Side::Request)));
    if let (Some(before), Some(now)) = (&old.output, &new.output) {
        roots.push((name(), "response".to_owned(), graph.messages(before, now, Side::Reply)));
    }
    faults(graph, old, new, changes, roots);
}

fn faults(
    graph: &mut Graph<'_>,
    old: &OperationPlan,
    new: &OperationPlan,
    changes: &mut Vec<Change>,
    roots: &mut Vec<(Arc<str>, String, usize)>,
) {
    let find = |faults: &[FaultPlan], name: &str| faults.iter().position(|f| *f.name == *name);
    for before in &old.faults {
        let Some(now) = find(&new.faults, &before.name).and_then(|at| new.faults.get(at)) else {
            let text = format!("the fault {} is not declared any more", before.name);
            changes.push(whole(old, Kind::FaultRemoved, text, Breaking, Breaking));
            continue;
        };
        let mut node = super::graph::Node::default();
        graph.slot(&mut node, "", &before.detail, &now.detail, Side::Reply);
        let id = graph.node(node);
        roots.push((old.name.clone(), format!("fault {}", before.name), id));
    }
    for now in new.faults.iter().filter(|f| find(&old.faults, &f.name).is_none()) {
        changes.push(whole(old, Kind::FaultAdded, format!("the fault {} is declared now", now.name), Harmless, Harmless));
    }
}

/// What was found, each once, with all operations that lead to it.
fn collect(graph: &Graph<'_>, roots: &[(Arc<str>, String, usize)]) -> Vec<Change> {
    // Node → operations, and the first way to it.
    let mut ways: BTreeMap<usize, (BTreeSet<Arc<str>>, String)> = BTreeMap::new();
    let telling: BTreeSet<usize> = graph.nodes.iter().enumerate().filter(|(_, n)| !n.found.is_empty()).map(|(i, _)| i).collect();
    if telling.is_empty() {
        return Vec::new();
    }
    for (operation, message, root) in roots {
        for (id, way) in graph.reach(*root) {
            if telling.contains(&id) {
                ways.entry(id).or_insert_with(|| (BTreeSet::new(), format!("{message} {way}"))).0.insert(operation.clone());
            }
        }
    }
    let mut changes = Vec::new();
    for (id, (operations, way)) in ways {
        let Some(node) = graph.nodes.get(id) else { continue };
        let operations: Vec<Arc<str>> = operations.into_iter().collect();
        for Found { kind, place, text, rest, soap } in &node.found {
            let place = format!("{way}{place}").trim_end().to_owned();
            let (operations, text) = (operations.clone(), text.clone());
            changes.push(Change { kind: *kind, operations, place, type_: node.type_.clone(), text, rest: *rest, soap: *soap });
        }
    }
    changes
}
