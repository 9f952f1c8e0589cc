//! Schema-valid messages from the schema: what was not shown yet first, then chance.

mod array;
mod content;
mod element;
mod value;
mod wild;

use self::array::Graph;
use super::coverage::{Alternative, Coverage, FAR, Vertex};
use super::layout::{Accessor, Layout};
use super::model::Model;
use super::tree::{Element, Hand, Piece, Prefixes, write};
use crate::sample::{Choices, Texts};
use crate::xml::{QName, ns};

/// Elements inside one another, at most; messages may have 100.
const MAX_DEPTH: u32 = 60;
/// Elements inside one another where nothing is looked for.
const USUAL_DEPTH: u32 = 7;
/// Particles and elements of one message that are gone through, whatever comes of them: what must be there may multiply without bound.
const MAX_STEPS: u32 = 200_000;

/// Why a message cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stuck {
    /// Element path.
    pub(super) path: String,
    pub(super) reason: String,
    /// Steps that were taken for nothing.
    pub(super) steps: u32,
}

type Made<T> = Result<T, Stuck>;

/// Makes one message.
pub(super) struct Generator<'g, 'd> {
    model: &'g Model<'d>,
    coverage: &'g mut Coverage,
    choices: Choices,
    texts: Texts,
    prefixes: Prefixes,
    encoded: bool,
    soap12: bool,
    /// Elements that may be added beyond what must be there.
    left: i64,
    /// Steps that may still be taken.
    steps: u32,
    depth: u32,
    path: Vec<QName>,
    /// IDs given.
    ids: u32,
    /// Names without a prefix stand in values: the default namespace must not be declared.
    plain_names: bool,
}

/// A message and how it came.
pub(super) struct Message {
    pub(super) bytes: Vec<u8>,
    /// Was something shown that had not been before?
    pub(super) is_news: bool,
}

/// Makes the envelope of a message. `elements`: how many may be in it beyond what must.
pub(super) fn message(model: &Model<'_>, coverage: &mut Coverage, layout: &Layout, seed: u64, elements: u32) -> Made<Message> {
    let before = coverage.shown;
    let mut generator = Generator {
        model,
        coverage,
        choices: Choices::new(Some(seed)),
        texts: Texts::new(Some(seed ^ 0x5EED)),
        prefixes: Prefixes::default(),
        encoded: layout.encoded,
        soap12: layout.soap12,
        left: i64::from(elements),
        steps: MAX_STEPS,
        depth: 0,
        path: Vec::new(),
        ids: 0,
        plain_names: false,
    };
    let envelope = generator.envelope(layout)?;
    let by_default = !layout.encoded && !generator.plain_names && generator.choices.percent(50, false);
    let hand = Hand { by_default, lines: generator.choices.percent(60, true) };
    let bytes = write(&envelope, &mut generator.prefixes, hand).ok_or_else(|| Stuck {
        path: "Envelope".to_owned(),
        reason: "it needs more namespaces than an envelope may declare".to_owned(),
        steps: 0,
    })?;
    Ok(Message { bytes, is_news: coverage.shown > before })
}

impl Generator<'_, '_> {
    fn envelope(&mut self, layout: &Layout) -> Made<Element> {
        let soap = if layout.soap12 { ns::SOAP12 } else { ns::SOAP11 };
        let name = |local: &str| QName::new(soap, local);
        // Values first: what they need must not fail for want of prefixes.
        self.prefixes.of(soap);
        self.prefixes.of(ns::XSI);
        let mut headers = Vec::new();
        for header in &layout.headers {
            if self.choices.percent(70, true)
                && let Ok(made) = self.accessor(header)
            {
                headers.push(made);
            }
        }
        let mut parts = Vec::new();
        for part in &layout.parts {
            parts.push(self.accessor(part)?);
        }
        let mut graph = Graph::default();
        if layout.encoded && !layout.is_fault && self.choices.percent(50, false) {
            for part in &mut parts {
                self.refer(part, &mut graph);
            }
        }
        let apart = graph.apart;
        let content = match &layout.wrapper {
            Some(wrapper) => {
                let mut made = Element::row(wrapper.clone(), parts);
                if layout.encoded {
                    made.set(soap, "encodingStyle", if layout.soap12 { ns::SOAPENC12 } else { ns::SOAPENC11 });
                }
                std::iter::once(made).chain(apart).collect()
            }
            None if layout.is_fault => vec![fault(soap, layout.soap12, &mut self.prefixes, parts)],
            None => parts.into_iter().chain(apart).collect::<Vec<_>>(),
        };
        let mut children = Vec::new();
        if !headers.is_empty() {
            children.push(Element::row(name("Header"), headers));
        }
        children.push(Element::row(name("Body"), content));
        Ok(Element::row(name("Envelope"), children))
    }

    /// The element that carries a part.
    fn accessor(&mut self, accessor: &Accessor) -> Made<Element> {
        match accessor.element {
            Some(id) => self.element(id),
            None => {
                let mut made = Element::new(accessor.name.clone());
                self.path.push(accessor.name.clone());
                let filled = if accessor.is_told {
                    self.tell(&mut made, accessor.type_).and_then(|()| self.value_of(&mut made, accessor.type_))
                } else {
                    self.typed(&mut made, accessor.type_, Default::default())
                };
                self.path.pop();
                filled.map(|()| made)
            }
        }
    }

    fn stuck<T>(&self, reason: impl Into<String>) -> Made<T> {
        let path: Vec<&str> = self.path.iter().map(QName::local).collect();
        Err(Stuck { path: path.join("/"), reason: reason.into(), steps: MAX_STEPS - self.steps })
    }

    /// One step more.
    fn step(&mut self) -> Made<()> {
        match self.steps.checked_sub(1) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => self.stuck(format!("what must be there is more than {MAX_STEPS} particles and elements")),
        }
    }

    /// Is only what must be there to be added?
    fn is_spare(&self) -> bool {
        self.left <= 0 || self.depth >= MAX_DEPTH
    }

    /// Does what lies behind lead to something not shown, near enough?
    fn leads_on(&self, inner: Option<Vertex>) -> bool {
        let distance = inner.map_or(FAR, |v| self.coverage.distance(v));
        distance != FAR && self.depth.saturating_add(distance) < MAX_DEPTH
    }

    /// Is a thing that may be there to be there?
    fn wants(&mut self, present: Alternative, absent: Option<Alternative>, inner: Option<Vertex>) -> bool {
        if self.is_spare() {
            return false;
        }
        if self.coverage.is_open(present) {
            return true;
        }
        if absent.is_some_and(|a| self.coverage.is_open(a)) {
            return false;
        }
        // What cannot be made was tried.
        if self.coverage.times(present) == u32::MAX {
            return false;
        }
        if self.leads_on(inner) {
            return self.choices.percent(70, true);
        }
        self.depth < USUAL_DEPTH && self.choices.percent(35, false)
    }
}

/// A fault with these entries of its detail.
fn fault(soap: &str, soap12: bool, prefixes: &mut Prefixes, entries: Vec<Element>) -> Element {
    let name = |local: &str| QName::new(soap, local);
    let code = |local: &str, prefixes: &mut Prefixes| prefixes.lexical(&name(local)).unwrap_or_default();
    if soap12 {
        let value = Element::text(name("Value"), code("Receiver", prefixes));
        let mut text = Element::text(name("Text"), "it did not work");
        text.set(ns::XML, "lang", "en");
        let parts = [Element::row(name("Code"), [value]), Element::row(name("Reason"), [text]), Element::row(name("Detail"), entries)];
        return Element::row(name("Fault"), parts);
    }
    let parts = [
        Element::text(QName::local_only("faultcode"), code("Server", prefixes)),
        Element::text(QName::local_only("faultstring"), "it did not work"),
        Element::row(QName::local_only("detail"), entries),
    ];
    Element::row(name("Fault"), parts)
}

/// Text, unless there is none.
fn put(element: &mut Element, text: String) {
    if !text.is_empty() {
        element.content.push(Piece::Text(text));
    }
}
