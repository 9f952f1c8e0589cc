//! A program's operations as stable text: for people, for snapshots of tests, for `castile explain`.

use std::collections::HashSet;

use super::asks::{AddressingVersion, Asks, Mtom, PasswordType};
use super::node::{
    Admits, Block, Body, ComplexType, Compositor, Content, ElementId, Group, Matching, MessagePlan, OperationPlan, Particle, Place,
    PlaceKind, Process, Program, ShapeId, Slot, TypeBody, TypeId, Wildcard,
};

/// The plan of one operation: its messages, and below them every type that they reach, each once.
pub fn explain(program: &Program, operation: &OperationPlan) -> String {
    let mut e = Explain { program, out: String::new(), todo: Vec::new(), seen: HashSet::new() };
    e.operation(operation);
    while let Some(id) = e.todo.pop() {
        e.type_(id);
    }
    e.out
}

struct Explain<'a> {
    program: &'a Program,
    out: String,
    todo: Vec<TypeId>,
    seen: HashSet<TypeId>,
}

/// What an operation asks of its requests, in the words of `api.yaml` where there are such.
fn asked(asks: &Asks) -> String {
    let addressing = asks.addressing.map(|version| match version {
        AddressingVersion::V10 => "WS-Addressing 1.0",
        AddressingVersion::Submission => "WS-Addressing of 2004",
    });
    let token = asks.username_token.map(|kind| match kind {
        PasswordType::Text => "a UsernameToken",
        PasswordType::Digest => "a UsernameToken with a digest",
        PasswordType::None => "a UsernameToken without a password",
    });
    let mtom = match asks.mtom {
        Mtom::No => None,
        Mtom::Optional => Some("MTOM, if possible"),
        Mtom::Required => Some("MTOM"),
    };
    let flags = [
        (asks.https, "HTTPS"),
        (asks.http_basic, "HTTP Basic"),
        (asks.timestamp, "a Timestamp"),
        (asks.signature.is_some(), "an X.509 signature"),
    ];
    let flags = flags.into_iter().filter(|(is, _)| *is).map(|(_, what)| what);
    addressing.into_iter().chain(token).chain(flags).chain(mtom).collect::<Vec<_>>().join(", ")
}

impl Explain<'_> {
    fn line(&mut self, indent: usize, text: impl std::fmt::Display) {
        self.out.push_str(&"  ".repeat(indent));
        self.out.push_str(&text.to_string());
        self.out.push('\n');
    }

    fn operation(&mut self, o: &OperationPlan) {
        let port = o.port.as_deref().unwrap_or("(no port)");
        self.line(0, format_args!("operation {} of {} at {port}, {:?}, {:?}", o.name, o.port_type, o.version, o.pattern));
        if let Some(action) = &o.soap_action {
            self.line(1, format_args!("soapAction {action:?}"));
        }
        if o.asks != Asks::default() {
            self.line(1, format_args!("asks for {}", asked(&o.asks)));
        }
        self.message("request", &o.input);
        if let Some(output) = &o.output {
            self.message("response", output);
        }
        o.header_faults.iter().for_each(|h| self.slot(2, "header of a fault", h));
        for fault in &o.faults {
            self.slot(1, &format!("fault {} ({})", fault.name, fault.status), &fault.detail);
        }
    }

    fn message(&mut self, what: &str, m: &MessagePlan) {
        let encoded = if m.encoded { ", encoded" } else { "" };
        match &m.body {
            Body::Empty => self.line(1, format_args!("{what}: nothing{encoded}")),
            Body::Undefined { wrapper: None } => self.line(1, format_args!("{what}{encoded}: undefined, anything")),
            Body::Undefined { wrapper: Some(wrapper) } => {
                self.line(
                    1,
                    format_args!("{what}{encoded}: undefined, anything in the rpc wrapper {}", self.program.names.clark(*wrapper)),
                );
            }
            Body::Element(slot) => self.slot(1, &format!("{what}{encoded}: element"), slot),
            Body::Parts(parts) => {
                self.line(1, format_args!("{what}{encoded}: parts"));
                parts.iter().for_each(|p| self.slot(2, "part", p));
            }
            Body::Rpc { wrapper, parts } => {
                self.line(1, format_args!("{what}{encoded}: rpc wrapper {}", self.program.names.clark(*wrapper)));
                parts.iter().for_each(|p| self.slot(2, "part", p));
            }
        }
        m.headers.iter().for_each(|h| self.slot(2, if h.secret { "credential header" } else { "header" }, h));
        for fixed in &m.fixed_headers {
            let what = match &fixed.block {
                None => "header that is not sent",
                Some(Block { secret: true, .. }) => "header with the API's secret",
                Some(_) => "header with the API's constant",
            };
            self.slot(2, what, &fixed.slot);
        }
        for a in &m.attachments {
            let types = a.types.iter().map(|t| &**t).collect::<Vec<_>>().join(", ");
            self.line(2, format_args!("attachment {:?}: {}", a.key, if types.is_empty() { "any type" } else { &types }));
        }
    }

    fn slot(&mut self, indent: usize, what: &str, slot: &Slot) {
        let value = self.name_of(slot.type_);
        let nil = if slot.nillable { ", nillable" } else { "" };
        self.line(indent, format_args!("{what} {:?} <{}>: {value}{nil}", slot.key, self.program.names.clark(slot.tag)));
        for member in &slot.members {
            let text = self.element(*member);
            self.line(indent + 1, format_args!("or {text}"));
        }
    }

    fn element(&mut self, id: ElementId) -> String {
        let e = self.program.element(id);
        format!("<{}>: {}", self.program.names.clark(e.name), self.name_of(e.type_))
    }

    /// A type in a word; complex ones are explained further down.
    fn name_of(&mut self, id: TypeId) -> String {
        let t = self.program.type_(id);
        match &t.body {
            TypeBody::Simple(scalar) => scalar.say(),
            TypeBody::Generic => "anyType".to_owned(),
            TypeBody::SoapArray(_) | TypeBody::Complex(_) => {
                if self.seen.insert(id) {
                    self.todo.push(id);
                }
                let flat = matches!(&t.body, TypeBody::Complex(c) if c.is_flat);
                format!("{}{}", self.type_name(id), if flat { " (bare array)" } else { "" })
            }
        }
    }

    fn type_name(&self, id: TypeId) -> String {
        let t = self.program.type_(id);
        if t.label.is_empty() { format!("type #{}", id.0) } else { format!("type {}", t.label) }
    }

    fn type_(&mut self, id: TypeId) {
        let program = self.program;
        let t = program.type_(id);
        let is_abstract = if t.is_abstract { " abstract" } else { "" };
        let name = self.type_name(id);
        self.line(0, format_args!("{name}{is_abstract}"));
        for d in &t.derived {
            let name = self.name_of(*d);
            self.line(1, format_args!("$type {name}"));
        }
        match &t.body {
            TypeBody::Simple(_) | TypeBody::Generic => {}
            TypeBody::SoapArray(a) => {
                let item = self.name_of(a.item_type);
                self.line(1, format_args!("soap array of {item}, ranks {:?}, item <{}>", a.ranks, program.names.clark(a.item_tag)));
            }
            TypeBody::Complex(c) => self.complex(c),
        }
    }

    fn complex(&mut self, c: &ComplexType) {
        for a in &c.attributes {
            let required = if a.required { ", required" } else { "" };
            let fixed = a.fixed.as_ref().map(|f| format!(", fixed {:?}", f.text)).unwrap_or_default();
            self.line(1, format_args!("attribute {:?}: {}{required}{fixed}", a.key, a.scalar.say()));
        }
        if let Some(w) = &c.any_attribute {
            self.line(1, format_args!("attributes {}", self.wildcard(w)));
        }
        match &c.content {
            Content::Simple(scalar) => self.line(1, format_args!("$value: {}", scalar.say())),
            Content::Elements(shape) => self.shape(1, "properties", *shape),
            Content::Mixed(shape) => self.shape(1, "$content", *shape),
        }
    }

    fn shape(&mut self, indent: usize, what: &str, id: ShapeId) {
        let shape = self.program.shape(id);
        let by_row = if shape.matching == Matching::ByRow { ", matched as a row" } else { "" };
        self.line(indent, format_args!("{what}{by_row}"));
        if let Some(model) = &shape.model {
            self.particle(indent + 1, id, model);
        }
    }

    fn particle(&mut self, indent: usize, shape: ShapeId, particle: &Particle) {
        match particle {
            Particle::Place(ix) => {
                if let Some(place) = self.program.shape(shape).places.get(*ix as usize) {
                    self.place(indent, place);
                }
            }
            Particle::Group(Group { compositor, optional, particles }) => {
                let name = match compositor {
                    Compositor::Sequence => "sequence",
                    Compositor::Choice => "choice",
                    Compositor::All => "all",
                };
                self.line(indent, format_args!("{name}{}", if *optional { ", optional" } else { "" }));
                particles.iter().for_each(|p| self.particle(indent + 1, shape, p));
            }
        }
    }

    fn place(&mut self, indent: usize, place: &Place) {
        let max = place.max.map_or("*".to_owned(), |m| m.to_string());
        let times = format!("{}..{max}", place.min);
        let array = if place.array { "array " } else { "" };
        match &place.kind {
            PlaceKind::Element(e) => {
                let element = self.element(*e);
                let nil = if place.nillable { ", nillable" } else { "" };
                self.line(indent, format_args!("{array}{:?} {times} {element}{nil}", place.key));
            }
            PlaceKind::Any(w) => self.line(indent, format_args!("{times} {}", self.wildcard(w))),
            PlaceKind::Items(shape) => self.shape(indent, &format!("array {:?} {times} of", place.key), *shape),
        }
    }

    fn wildcard(&self, w: &Wildcard) -> String {
        let uri = |n| format!("{:?}", self.program.names.uri(n));
        let process = match w.process {
            Process::Strict => "strict",
            Process::Lax => "lax",
            Process::Skip => "skip",
        };
        match &w.admits {
            Admits::Any => format!("any, {process}"),
            Admits::Not(n) => format!("any not in {}, {process}", uri(*n)),
            Admits::Namespaces(list) => format!("any in {}, {process}", list.iter().map(|n| uri(*n)).collect::<Vec<_>>().join(" ")),
            Admits::Name(n) => format!("<{}>, undeclared", self.program.names.clark(*n)),
        }
    }
}
