//! Faults of both versions: SOAP 1.1 section 4.4, SOAP 1.2 part 1 section 5.4. Mapping decision 45.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::generic::member;
use super::machine::{Child, ChildKind, Close, Frame, Kind, Run, Step};
use super::names::MessageName;
use super::slots;
use super::tag::{Scope, Tag, read_qname};
use super::value::Wanted;
use crate::json::string_into;
use crate::mediate::Fault;
use crate::plan::Program;
use crate::plan::node::{FaultPlan, OperationPlan, TypeId};
use crate::xml::gate::NamespaceId as DocumentNs;
use crate::xml::ns;

/// What was read of a fault.
#[derive(Debug, Default)]
pub(super) struct FaultState {
    pub(super) soap12: bool,
    code: Option<String>,
    subcodes: Vec<String>,
    reason: Option<String>,
    actor: Option<String>,
    node: Option<String>,
    /// The declared header blocks that came with it, as a JSON object.
    headers: Option<Vec<u8>>,
    /// Its detail as JSON text.
    detail: Option<Vec<u8>>,
    declared: Option<(Arc<str>, u16)>,
    /// Where the detail's entries begin among the machine's children.
    entries: usize,
    /// Absolute offset of the first one's value.
    values: usize,
}

/// Which element of a fault is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Fault,
    Code,
    Subcode,
    /// `faultcode`, or `Value` of a `Code`.
    CodeValue,
    SubcodeValue,
    /// `Reason`, which holds `Text`s.
    Reason,
    /// `faultstring`, or `Text`.
    ReasonText,
    /// `faultactor`, or `Role`.
    Actor,
    Node,
    Detail,
    /// Anything else.
    Other,
}

impl Run<'_> {
    pub(super) fn fault_child<T: Tag>(&mut self, parent: Field, tag: &T) -> Step {
        let soap12 = self.machine.envelope.fault.as_ref().is_some_and(|f| f.soap12);
        let field = match (parent, tag.local()) {
            (Field::Detail, _) => return self.detail_entry(tag),
            (Field::Fault, "Code") if soap12 => Field::Code,
            (Field::Fault, "Reason") if soap12 => Field::Reason,
            (Field::Fault, "Role") if soap12 => Field::Actor,
            (Field::Fault, "Node") if soap12 => Field::Node,
            (Field::Fault, "Detail") if soap12 => Field::Detail,
            (Field::Fault, "faultcode") if !soap12 => Field::CodeValue,
            (Field::Fault, "faultstring") if !soap12 => Field::ReasonText,
            (Field::Fault, "faultactor") if !soap12 => Field::Actor,
            (Field::Fault, "detail") if !soap12 => Field::Detail,
            (Field::Code, "Value") => Field::CodeValue,
            (Field::Code | Field::Subcode, "Subcode") => Field::Subcode,
            (Field::Subcode, "Value") => Field::SubcodeValue,
            (Field::Reason, "Text") => Field::ReasonText,
            _ => Field::Other,
        };
        if field == Field::Detail {
            let (entries, values) = (self.machine.children.len(), self.position());
            if let Some(fault) = &mut self.machine.envelope.fault {
                (fault.entries, fault.values) = (entries, values);
            }
        }
        self.push(Kind::Fault(field), tag.namespace(), Close::Nothing);
        Ok(())
    }

    /// An entry of the detail: typed by the fault's declaration, else by a global element's, else generic.
    fn detail_entry<T: Tag>(&mut self, tag: &T) -> Step {
        let name = self.name(tag.namespace(), tag.local(), tag.scope());
        let (operation, program) = (self.operation, self.program);
        let mut same: Vec<&FaultPlan> = operation.faults.iter().filter(|f| name == Some(f.detail.tag)).collect();
        if same.len() > 1
            && let Some(told) = self.told_type(tag)
        {
            // Its own type, else the nearest that it derives from.
            same.sort_by_key(|f| program.steps_to(told, f.detail.type_).unwrap_or(usize::MAX));
        }
        if same.is_empty()
            && !self.machine.strict
            && !name.is_some_and(|n| program.globals.contains_key(&n))
            && let Some(meant) = meant(operation, program, tag.local())
        {
            self.machine.deviations += 1;
            same.push(meant);
        }
        let any = program.any_type.unwrap_or(TypeId(0));
        let (type_, element) = match same.first() {
            Some(fault) => (fault.detail.type_, fault.detail.element),
            None => match name.and_then(|n| program.globals.get(&n)) {
                Some(element) => (program.element(*element).type_, Some(*element)),
                None => (any, None),
            },
        };
        if let Some(plan) = same.first()
            && let Some(fault) = &mut self.machine.envelope.fault
        {
            fault.declared.get_or_insert_with(|| (plan.name.clone(), plan.status));
        }
        let values = self.machine.envelope.fault.as_ref().map_or(0, |f| f.values);
        let number = self.number(DocumentNs::NONE, tag.local(), None)?;
        self.machine.children.push(Child::new(ChildKind::Generic(number)));
        self.value(tag, &Wanted::new(type_, element, Close::Child(values)))
    }

    fn told_type<T: Tag>(&self, tag: &T) -> Option<TypeId> {
        let (uri, local) = read_qname(tag.attribute(ns::XSI, "type")?.trim(), tag.scope())?;
        let names = &self.program.names;
        self.program.types_by_name.get(&names.find(names.namespace_id(uri)?, local)?).copied()
    }

    pub(super) fn end_fault(&mut self, frame: &Frame, field: Field, scope: Scope<'_>) -> Step {
        let text = self.machine.text.get(frame.text..).unwrap_or("").trim().to_owned();
        if field == Field::Detail {
            return self.end_detail(&text);
        }
        let Some(fault) = &mut self.machine.envelope.fault else { return Ok(()) };
        match field {
            Field::CodeValue => fault.code = Some(fault_code(&text, scope)),
            Field::SubcodeValue => fault.subcodes.push(fault_code(&text, scope)),
            Field::ReasonText => {
                fault.reason.get_or_insert(text);
            }
            Field::Actor => fault.actor = Some(text),
            Field::Node => fault.node = Some(text),
            Field::Fault | Field::Code | Field::Subcode | Field::Reason | Field::Detail | Field::Other => {}
        }
        Ok(())
    }

    fn end_detail(&mut self, text: &str) -> Step {
        let (entries, values) = self.machine.envelope.fault.as_ref().map_or((0, 0), |f| (f.entries, f.values));
        let children = self.machine.children.split_off(entries.min(self.machine.children.len()));
        let mut made = Vec::new();
        if children.is_empty() {
            string_into(&mut made, text);
        } else {
            made.push(b'{');
            self.by_local_name(&children, values, &mut made, &mut false, Cow::Borrowed);
            made.push(b'}');
        }
        self.replace(values, b"");
        if let Some(fault) = &mut self.machine.envelope.fault {
            fault.detail = Some(made);
        }
        Ok(())
    }

    /// Children as properties by name, several of one name as an array, in the order of the first of each. `key` is asked once for each name.
    pub(super) fn by_local_name<'s>(
        &'s self,
        children: &[Child],
        values: usize,
        made: &mut Vec<u8>,
        comma: &mut bool,
        mut key: impl FnMut(&'s str) -> Cow<'s, str>,
    ) {
        let text = self.written(values);
        let value = |ix: u32| {
            let end = |ix: u32| children.get(ix as usize).map_or(0, |c| c.end as usize);
            text.get(ix.checked_sub(1).map_or(0, end)..end(ix)).unwrap_or(b"null")
        };
        // Name → the last child of it so far; child → the next one of its name; whether one came before.
        let mut last: HashMap<u32, u32> = HashMap::new();
        let mut next = vec![slots::NONE; children.len()];
        let mut later = vec![false; children.len()];
        for (ix, child) in (0u32..).zip(children) {
            let ChildKind::Generic(MessageName(name)) = child.kind() else { continue };
            if let Some(before) = last.insert(name, ix) {
                next.get_mut(before as usize).into_iter().for_each(|n| *n = ix);
                later.get_mut(ix as usize).into_iter().for_each(|l| *l = true);
            }
        }
        drop(last);
        for (ix, child) in (0u32..).zip(children).filter(|(ix, _)| later.get(*ix as usize) == Some(&false)) {
            let ChildKind::Generic(name) = child.kind() else { continue };
            member(made, comma, &key(self.machine.names.local(name)));
            let after = |ix: &u32| next.get(*ix as usize).copied().filter(|n| *n != slots::NONE);
            let several = after(&ix).is_some();
            made.extend_from_slice(if several { b"[" } else { b"" });
            for same in std::iter::successors(Some(ix), after) {
                made.extend_from_slice(if same == ix { b"" } else { b"," });
                made.extend_from_slice(value(same));
            }
            made.extend_from_slice(if several { b"]" } else { b"" });
        }
    }
}

impl FaultState {
    pub(super) fn new(soap12: bool, headers: Option<Vec<u8>>) -> Self {
        Self { soap12, headers, ..Self::default() }
    }

    /// The fault as callers of the decoder see it.
    pub(super) fn finish(self) -> Fault {
        let mut json = vec![b'{'];
        let mut comma = false;
        member(&mut json, &mut comma, "code");
        match &self.code {
            Some(code) => string_into(&mut json, code),
            None => json.extend_from_slice(b"null"),
        }
        member(&mut json, &mut comma, "subcodes");
        json.push(b'[');
        for (i, code) in self.subcodes.iter().enumerate() {
            if i > 0 {
                json.push(b',');
            }
            string_into(&mut json, code);
        }
        json.push(b']');
        if let Some(actor) = self.actor.filter(|a| !a.is_empty()).or(self.node).filter(|a| !a.is_empty()) {
            member(&mut json, &mut comma, "actor");
            string_into(&mut json, &actor);
        }
        if let Some(headers) = &self.headers {
            member(&mut json, &mut comma, "headers");
            json.extend_from_slice(headers);
        }
        if let Some(detail) = &self.detail {
            member(&mut json, &mut comma, "detail");
            json.extend_from_slice(detail);
        }
        json.push(b'}');
        let (declared, status) = self.declared.unzip();
        Fault { declared, status, reason: self.reason, code: self.code, subcodes: self.subcodes, fault_json: json }
    }
}

/// The only declared fault of that local name, for a detail entry in a wrong or missing namespace.
// Deviation: Spyne, as services whose detail is written by hand, leaves the namespace out.
fn meant<'a>(operation: &'a OperationPlan, program: &Program, local: &str) -> Option<&'a FaultPlan> {
    let mut named = operation.faults.iter().filter(|f| **program.names.local(f.detail.tag) == *local);
    named.next().filter(|_| named.next().is_none())
}

/// `Client` in an envelope's namespace, `{ns}local` elsewhere, as written where no namespace is known.
fn fault_code(text: &str, scope: Scope<'_>) -> String {
    match read_qname(text, scope) {
        Some((ns::SOAP11 | ns::SOAP12 | "", local)) => local.to_owned(),
        Some((uri, local)) => format!("{{{uri}}}{local}"),
        None => text.to_owned(),
    }
}
