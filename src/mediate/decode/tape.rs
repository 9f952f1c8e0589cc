//! SOAP-encoded messages: recorded whole, so that `href` can be followed to an `id` anywhere in the envelope, then replayed into the
//! machine. SOAP 1.1 section 5.4.1, SOAP 1.2 part 2 section 3.1.5. Cycles and doublings are bounded.

use std::collections::HashMap;
use std::sync::Arc;

use super::machine::{Run, Step};
use super::tag::Tag;
use crate::mediate::DecodeErrorKind;
use crate::xml::gate::{Attribute, NamespaceId, Namespaces};
use crate::xml::ns;

/// Elements that one message may replay: shared parts written out again count each time.
const MAX_REPLAYED: usize = 500_000;
/// Bytes of text and attributes that one message may replay beyond [`REPLAYED_FACTOR`] times what it is: shared text counts each time.
const REPLAYED_FREE_BYTES: usize = 16 << 20;
const REPLAYED_FACTOR: usize = 4;
/// Bytes that the copies of namespace scopes may take.
const MAX_SCOPE_BYTES: usize = 16 << 20;

/// A recorded message.
#[derive(Debug, Default)]
pub(super) struct Tape {
    nodes: Vec<Node>,
    /// Names, attribute values and text.
    strings: String,
    attributes: Vec<RecordedAttribute>,
    /// Open nodes while recording.
    open: Vec<usize>,
    roots: Vec<usize>,
    ids: HashMap<String, usize>,
    scope: Option<Arc<Namespaces>>,
    scope_bytes: usize,
    replayed: usize,
    replayed_bytes: usize,
    /// Targets that are being replayed.
    following: Vec<usize>,
}

#[derive(Debug)]
struct Node {
    namespace: NamespaceId,
    local: (usize, usize),
    attributes: (usize, usize),
    scope: Arc<Namespaces>,
    content: Vec<Content>,
    /// The `id` that it refers to, in `strings`.
    href: Option<(usize, usize)>,
    /// Does it have an `id`: may others refer to it?
    is_target: bool,
}

#[derive(Debug)]
enum Content {
    Element(usize),
    Text(usize, usize),
}

#[derive(Debug)]
struct RecordedAttribute {
    namespace: NamespaceId,
    prefix: (usize, usize),
    local: (usize, usize),
    value: (usize, usize),
}

/// An element on the tape, with the attributes and the scope of what it refers to.
struct TapeTag<'a> {
    tape: &'a Tape,
    name: &'a Node,
    target: &'a Node,
}

impl Tape {
    fn keep(&mut self, text: &str) -> (usize, usize) {
        let start = self.strings.len();
        self.strings.push_str(text);
        (start, self.strings.len())
    }

    fn string(&self, range: (usize, usize)) -> &str {
        self.strings.get(range.0..range.1).unwrap_or("")
    }

    /// Counts bytes that are replayed; `false` where shared text has multiplied too much.
    fn replay_bytes(&mut self, bytes: usize) -> bool {
        self.replayed_bytes = self.replayed_bytes.saturating_add(bytes);
        self.replayed_bytes <= REPLAYED_FREE_BYTES.saturating_add(self.strings.len().saturating_mul(REPLAYED_FACTOR))
    }

    /// Bytes of a node's name and attributes.
    fn tag_bytes(&self, node: &Node) -> usize {
        let attributes = self.attributes.get(node.attributes.0..node.attributes.1).unwrap_or(&[]);
        attributes.iter().map(|a| a.value.1 - a.prefix.0).sum::<usize>() + (node.local.1 - node.local.0)
    }

    /// Is an element open on the tape?
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Records a start tag; `false` where the scopes have grown too large.
    pub(super) fn start<T: Tag>(&mut self, tag: &T) -> bool {
        let at = self.nodes.len();
        let first = self.attributes.len();
        let (mut href, mut is_target) = (None, false);
        for a in tag.attributes() {
            let uri = tag.scope().uri(a.namespace);
            let reference = (uri.is_empty() && a.local == "href") || (uri == ns::SOAPENC12 && a.local == "ref");
            let id = (uri.is_empty() || uri == ns::SOAPENC12) && a.local == "id";
            let recorded = RecordedAttribute {
                namespace: a.namespace,
                prefix: self.keep(a.prefix),
                local: self.keep(a.local),
                value: self.keep(a.value),
            };
            if reference {
                let hash = usize::from(a.value.starts_with('#'));
                if hash == 1 || uri == ns::SOAPENC12 {
                    href = Some((recorded.value.0 + hash, recorded.value.1));
                }
            }
            if id {
                is_target = true;
                self.ids.entry(a.value.to_owned()).or_insert(at);
            }
            if !(uri.is_empty() && matches!(a.local, "id" | "href")) {
                self.attributes.push(recorded);
            }
        }
        let scope = match self.scope.clone().filter(|_| !tag.declares()) {
            Some(scope) => scope,
            None => {
                self.scope_bytes += tag.scope().size_bytes();
                Arc::new(tag.scope().clone())
            }
        };
        self.scope = Some(scope.clone());
        let local = self.keep(tag.local());
        self.nodes.push(Node {
            namespace: tag.namespace(),
            local,
            attributes: (first, self.attributes.len()),
            scope,
            content: Vec::new(),
            href,
            is_target,
        });
        match self.open.last().and_then(|p| self.nodes.get_mut(*p)) {
            Some(parent) => parent.content.push(Content::Element(at)),
            None => self.roots.push(at),
        }
        self.open.push(at);
        self.scope_bytes <= MAX_SCOPE_BYTES
    }

    pub(super) fn text(&mut self, text: &str) {
        let (start, end) = self.keep(text);
        if let Some(node) = self.open.last().and_then(|p| self.nodes.get_mut(*p)) {
            node.content.push(Content::Text(start, end));
        }
    }

    pub(super) fn end(&mut self) {
        self.open.pop();
        // The next sibling stands in the parent's scope again.
        self.scope = self.open.last().and_then(|p| self.nodes.get(*p)).map(|n| n.scope.clone());
    }
}

impl Run<'_> {
    /// Replays a finished tape.
    pub(super) fn replay(&mut self, tape: &mut Tape) -> Step {
        let roots = std::mem::take(&mut tape.roots);
        for root in roots {
            self.replay_node(tape, root)?;
        }
        Ok(())
    }

    fn replay_node(&mut self, tape: &mut Tape, at: usize) -> Step {
        tape.replayed += 1;
        if tape.replayed > MAX_REPLAYED {
            return Err(self.fail(DecodeErrorKind::Limit, "shared references multiply to more than 500000 elements"));
        }
        let target = self.follow(tape, at)?;
        let Some(node) = tape.nodes.get(target) else { return Ok(()) };
        let scope = node.scope.clone();
        let bytes = tape.tag_bytes(node);
        if !tape.replay_bytes(bytes) {
            return Err(self.multiplied());
        }
        let (Some(name), Some(node)) = (tape.nodes.get(at), tape.nodes.get(target)) else { return Ok(()) };
        self.start(&TapeTag { tape, name, target: node })?;
        let detail = self.in_fault_detail();
        let mut i = 0;
        while let Some(content) = tape.nodes.get(target).and_then(|n| n.content.get(i)) {
            i += 1;
            match *content {
                // A multiRef target beside a detail's entries is no entry.
                Content::Element(child) if detail && tape.nodes.get(child).is_some_and(|n| n.is_target) => {}
                Content::Element(child) => self.replay_node(tape, child)?,
                Content::Text(start, end) => {
                    if !tape.replay_bytes(end - start) {
                        return Err(self.multiplied());
                    }
                    let text = tape.string((start, end)).to_owned();
                    self.text(&text)?;
                }
            }
        }
        if target != at {
            tape.following.pop();
        }
        self.end(&scope)
    }

    fn multiplied(&self) -> crate::mediate::DecodeError {
        self.fail(DecodeErrorKind::Limit, "shared references multiply the text of the message too much")
    }

    /// The element that one refers to, or itself.
    fn follow(&self, tape: &mut Tape, at: usize) -> Result<usize, crate::mediate::DecodeError> {
        let Some(href) = tape.nodes.get(at).and_then(|n| n.href) else { return Ok(at) };
        let id = tape.string(href);
        let Some(target) = tape.ids.get(id).copied() else {
            return Err(self.fail(DecodeErrorKind::Invalid, "a reference to an id that is not there"));
        };
        if tape.following.contains(&target) {
            return Err(self.fail(DecodeErrorKind::Invalid, "references that go round in a circle"));
        }
        tape.following.push(target);
        Ok(target)
    }
}

impl Tag for TapeTag<'_> {
    fn namespace(&self) -> NamespaceId {
        self.name.namespace
    }

    fn local(&self) -> &str {
        self.tape.string(self.name.local)
    }

    fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        let (start, end) = self.target.attributes;
        self.tape.attributes.get(start..end).unwrap_or(&[]).iter().map(|a| Attribute {
            namespace: a.namespace,
            prefix: self.tape.string(a.prefix),
            local: self.tape.string(a.local),
            value: self.tape.string(a.value),
        })
    }

    fn scope(&self) -> &Namespaces {
        &self.target.scope
    }

    fn is_reference(&self) -> bool {
        self.name.href.is_some()
    }
}
