//! The types of an operation as a tree, beside an example of its JSON and of its envelope.

use crate::catalog::{PublishedApi, PublishedResource};
use crate::json::{Limits, parse};
use crate::mediate::{Direction, EncodeError, encode};
use crate::plan::node::{
    Body, ComplexType, Content, ElementId, MessagePlan, OperationPlan, Place, PlaceKind, Program, ShapeId, Slot, TypeBody, TypeId,
};
use crate::sample::Sampler;

/// Levels of the tree that are shown.
const MAX_DEPTH: usize = 12;
/// Places of the tree that are shown.
const MAX_PLACES: usize = 600;

/// How an operation is mapped, in one direction.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// What its JSON may hold.
    pub tree: Vec<Branch>,
    /// Was something of it left out?
    pub is_cut: bool,
    /// An example of its JSON; `None`: none can be made.
    pub json: Option<String>,
    /// The envelope that comes of the JSON; else why there is none.
    pub envelope: Result<String, Vec<String>>,
}

/// A place of the tree.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Levels above it.
    pub depth: usize,
    /// Its JSON property; empty for a wildcard.
    pub key: String,
    /// The element or attribute: `{namespace}local`.
    pub name: String,
    /// Its type, in a word.
    pub type_: String,
    /// `1`, `0..1`, `0..*`.
    pub times: String,
    /// Is it an array?
    pub array: bool,
    /// What else holds of it: `nillable`, `one of several`.
    pub notes: Vec<&'static str>,
    /// The schema's annotation.
    pub documentation: String,
}

impl Mapping {
    /// That of a resource's operation. `json`: an example of the reader's own; `None`: one that is made up.
    pub fn of(api: &PublishedApi, resource: &PublishedResource, direction: Direction, json: Option<&str>) -> Option<Self> {
        let plan = api.plan(resource)?;
        let program = &*api.program;
        let message = match direction {
            Direction::Request => Some(&plan.input),
            Direction::Response => plan.output.as_ref(),
        };
        let mut tree = Tree { program, branches: Vec::new(), above: Vec::new(), is_cut: false };
        if let Some(message) = message {
            tree.message(message);
        }
        let made = || Sampler::new(program).example(plan, direction).ok().and_then(|j| String::from_utf8(j).ok()).map(|j| pretty_json(&j));
        let json = json.map(str::to_owned).or_else(made);
        let envelope = match (&json, message) {
            (Some(json), Some(_)) => written(program, plan, direction, json),
            _ => Err(vec!["there is no example of this message".to_owned()]),
        };
        Some(Self { tree: tree.branches, is_cut: tree.is_cut, json, envelope })
    }
}

fn written(program: &Program, plan: &OperationPlan, direction: Direction, json: &str) -> Result<String, Vec<String>> {
    match encode(program, plan, direction, json.as_bytes()) {
        Ok(envelope) => Ok(String::from_utf8_lossy(&envelope).into_owned()),
        Err(EncodeError::NotJson(e)) => Err(vec![format!("this is no JSON: {:?} at byte {}", e.kind, e.offset)]),
        Err(EncodeError::Invalid(errors)) => Err(errors
            .iter()
            .map(|e| format!("{}: {} is expected", if e.pointer.is_empty() { "/" } else { &e.pointer }, e.expected))
            .collect()),
    }
}

/// JSON on lines of its own, every digit as it was; what is no JSON stays.
pub fn pretty_json(json: &str) -> String {
    let value: Option<serde_json::Value> = parse(json.as_bytes(), &Limits::default()).ok().and_then(|_| serde_json::from_str(json).ok());
    value.and_then(|v| serde_json::to_string_pretty(&v).ok()).unwrap_or_else(|| json.to_owned())
}

struct Tree<'p> {
    program: &'p Program,
    branches: Vec<Branch>,
    /// Types around the place, against recursion.
    above: Vec<TypeId>,
    is_cut: bool,
}

impl Tree<'_> {
    fn message(&mut self, message: &MessagePlan) {
        for header in &message.headers {
            self.slot(header, "header");
        }
        match &message.body {
            Body::Empty | Body::Undefined { .. } => {}
            Body::Element(slot) => match &self.program.type_(slot.type_).body {
                // The element around everything is not in the JSON.
                TypeBody::Complex(complex) if slot.members.is_empty() => {
                    self.above.push(slot.type_);
                    self.complex(complex, 0);
                    self.above.pop();
                }
                TypeBody::Complex(_) | TypeBody::Simple(_) | TypeBody::Generic | TypeBody::SoapArray(_) => self.slot(slot, ""),
            },
            Body::Parts(parts) | Body::Rpc { parts, .. } => parts.iter().for_each(|p| self.slot(p, "")),
        }
        for attachment in &message.attachments {
            self.push(Branch {
                depth: 0,
                key: attachment.key.to_string(),
                name: String::new(),
                type_: "attachment".to_owned(),
                times: "1".to_owned(),
                array: false,
                notes: Vec::new(),
                documentation: String::new(),
            });
        }
    }

    fn push(&mut self, branch: Branch) -> bool {
        let fits = self.branches.len() < MAX_PLACES;
        if fits {
            self.branches.push(branch);
        }
        self.is_cut |= !fits;
        fits
    }

    fn slot(&mut self, slot: &Slot, note: &'static str) {
        let notes = [note, if slot.nillable { "nillable" } else { "" }, if slot.secret { "credential" } else { "" }];
        let fits = self.push(Branch {
            depth: 0,
            key: slot.key.to_string(),
            name: self.program.names.clark(slot.tag),
            type_: self.word(slot.type_),
            times: "1".to_owned(),
            array: false,
            notes: notes.into_iter().filter(|n| !n.is_empty()).collect(),
            documentation: slot.documentation.as_deref().unwrap_or_default().to_owned(),
        });
        if fits {
            self.below(slot.type_, 1);
        }
    }

    /// A type in a word.
    fn word(&self, id: TypeId) -> String {
        let type_ = self.program.type_(id);
        match &type_.body {
            TypeBody::Simple(scalar) => scalar.say(),
            TypeBody::Generic => "anything".to_owned(),
            TypeBody::SoapArray(array) => format!("array of {}", self.program.names.clark(array.item_name)),
            TypeBody::Complex(_) if type_.label.is_empty() => "object".to_owned(),
            TypeBody::Complex(_) => type_.label.to_string(),
        }
    }

    fn below(&mut self, id: TypeId, depth: usize) {
        let TypeBody::Complex(complex) = &self.program.type_(id).body else { return };
        if depth > MAX_DEPTH || self.above.contains(&id) {
            self.is_cut |= depth > MAX_DEPTH;
            return;
        }
        self.above.push(id);
        self.complex(complex, depth);
        self.above.pop();
    }

    fn complex(&mut self, complex: &ComplexType, depth: usize) {
        for attribute in &complex.attributes {
            self.push(Branch {
                depth,
                key: attribute.key.to_string(),
                name: format!("@{}", self.program.names.clark(attribute.name)),
                type_: attribute.scalar.say(),
                times: if attribute.required { "1" } else { "0..1" }.to_owned(),
                array: false,
                notes: Vec::new(),
                documentation: attribute.documentation.as_deref().unwrap_or_default().to_owned(),
            });
        }
        match &complex.content {
            Content::Simple(_) => {}
            Content::Elements(shape) | Content::Mixed(shape) => self.shape(*shape, depth),
        }
    }

    fn shape(&mut self, id: ShapeId, depth: usize) {
        if depth > MAX_DEPTH {
            self.is_cut = true;
            return;
        }
        for place in &self.program.shape(id).places {
            match &place.kind {
                PlaceKind::Element(element) => self.element(*element, place, depth),
                PlaceKind::Items(shape) => {
                    if self.push(branch(place, depth, String::new(), "a repeated group".to_owned(), String::new())) {
                        self.shape(*shape, depth + 1);
                    }
                }
                PlaceKind::Any(_) => {
                    self.push(branch(place, depth, "any element".to_owned(), "anything".to_owned(), String::new()));
                }
            }
        }
    }

    fn element(&mut self, id: ElementId, place: &Place, depth: usize) {
        let element = self.program.element(id);
        let (name, word) = (self.program.names.clark(element.name), self.word(element.type_));
        let documentation = element.documentation.as_deref().unwrap_or_default().to_owned();
        if self.push(branch(place, depth, name, word, documentation)) {
            self.below(element.type_, depth + 1);
        }
    }
}

fn branch(place: &Place, depth: usize, name: String, type_: String, documentation: String) -> Branch {
    let notes = [(place.nillable, "nillable"), (place.in_choice, "one of several")];
    let times = match (place.min, place.max) {
        (min, Some(max)) if min == max => min.to_string(),
        (min, Some(max)) => format!("{min}..{max}"),
        (min, None) => format!("{min}..*"),
    };
    Branch {
        depth,
        key: place.key.to_string(),
        name,
        type_,
        times,
        array: place.array,
        notes: notes.into_iter().filter(|(is, _)| *is).map(|(_, word)| word).collect(),
        documentation,
    }
}
