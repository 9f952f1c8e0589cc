//! Where an envelope's Header and Body begin, in bytes, and which blocks the Header has already.

use crate::plan::node::SoapVersion;
use crate::xml::gate::{Gate, GateError, Handler, Namespaces, StartTag, Stop};
use crate::xml::{Limits, ns};

/// Header blocks that are looked at.
const MAX_BLOCKS: usize = 1_000;

/// What must be known of an envelope before blocks are put into it. Offsets are bytes of its UTF-8 text without byte order mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its version.
    pub version: SoapVersion,
    /// After the start tag of the Envelope.
    pub envelope_end: usize,
    /// What a Header must be called here: `soap:Header`, with the prefix of the Envelope.
    pub header_name: String,
    /// The Header, where there is one.
    pub header: Option<HeaderTag>,
    /// Has it a `wsse:Security` block?
    pub has_security: bool,
    /// Local names of its WS-Addressing blocks, of any version.
    pub addressing: Vec<String>,
    /// Namespace and local name of its blocks.
    pub blocks: Vec<(String, String)>,
    /// The Body.
    pub body: BodyTag,
}

/// The start tag of a Header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderTag {
    /// Its name as written.
    pub name: String,
    /// After its start tag.
    pub tag_end: usize,
    /// Is it an empty-element tag?
    pub is_empty: bool,
}

/// The start tag of a Body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyTag {
    /// After its start tag.
    pub tag_end: usize,
    /// Is it an empty-element tag?
    pub is_empty: bool,
    /// Its `wsu:Id`.
    pub id: Option<String>,
    /// A prefix that it may declare for [`ns::WSU`]: nothing that is meant by another one changes.
    pub free_prefix: String,
}

/// Why there is no [`Head`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// Refused by the gate.
    #[error("{0}")]
    NotXml(GateError),
    /// It is no SOAP envelope.
    #[error("the message is no SOAP envelope of version 1.1 or 1.2")]
    NotSoap,
    /// More blocks than are looked at.
    #[error("the Header has more than {MAX_BLOCKS} blocks")]
    TooManyBlocks,
}

impl Head {
    /// The head of an envelope in UTF-8.
    ///
    /// # Errors
    /// It is no envelope.
    pub fn of(envelope: &[u8]) -> Result<Self, NotFound> {
        of(envelope)
    }
}

fn of(envelope: &[u8]) -> Result<Head, NotFound> {
    struct UntilBody(Scout);
    impl Handler for UntilBody {
        type Error = ();
        fn start(&mut self, tag: &StartTag<'_>) -> Result<(), ()> {
            self.0.start(tag);
            if self.0.is_done() { Err(()) } else { Ok(()) }
        }
        fn text(&mut self, _: &str) -> Result<(), ()> {
            Ok(())
        }
        fn end(&mut self, _: &Namespaces) -> Result<(), ()> {
            self.0.end();
            Ok(())
        }
    }
    let mut scout = UntilBody(Scout::default());
    let mut gate = Gate::new(Limits::message_of(envelope.len() as u64), Some("utf-8"));
    let result = gate.feed(envelope, &mut scout).and_then(|()| gate.finish(&mut scout));
    if let Err(Stop::Refused(error)) = result {
        return Err(NotFound::NotXml(error));
    }
    scout.0.head()
}

/// Gathers a [`Head`] beside another reader of the same tags.
#[derive(Debug, Clone, Default)]
pub struct Scout {
    depth: usize,
    version: Option<SoapVersion>,
    /// Prefixes that the Envelope binds to something else than [`ns::WSU`].
    taken: Vec<String>,
    envelope_end: usize,
    header_name: String,
    header: Option<HeaderTag>,
    in_header: bool,
    blocks: Vec<(String, String)>,
    body: Option<BodyTag>,
    strange: bool,
}

impl Scout {
    /// A start tag.
    pub fn start(&mut self, tag: &StartTag<'_>) {
        self.depth += 1;
        if self.is_done() || self.depth > 3 {
            return;
        }
        match self.depth {
            1 => self.envelope(tag),
            2 => self.child(tag),
            _ if self.in_header && self.blocks.len() <= MAX_BLOCKS => self.blocks.push((tag.uri().to_owned(), tag.local().to_owned())),
            _ => {}
        }
    }

    /// An end tag.
    pub fn end(&mut self) {
        if self.depth == 2 {
            self.in_header = false;
        }
        self.depth = self.depth.saturating_sub(1);
    }

    /// Is everything known?
    pub fn is_done(&self) -> bool {
        self.body.is_some() || self.strange
    }

    /// What was found.
    ///
    /// # Errors
    /// It was no envelope.
    pub fn head(self) -> Result<Head, NotFound> {
        let (Some(version), Some(body), false) = (self.version, self.body, self.strange) else { return Err(NotFound::NotSoap) };
        if self.blocks.len() > MAX_BLOCKS {
            return Err(NotFound::TooManyBlocks);
        }
        let is_addressing = |(uri, _): &&(String, String)| uri == ns::WSA10 || uri == ns::WSA2004;
        Ok(Head {
            version,
            envelope_end: self.envelope_end,
            header_name: self.header_name,
            header: self.header,
            has_security: self.blocks.iter().any(|(uri, local)| uri == ns::WSSE && local == "Security"),
            addressing: self.blocks.iter().filter(is_addressing).map(|(_, local)| local.clone()).collect(),
            blocks: self.blocks,
            body,
        })
    }

    fn envelope(&mut self, tag: &StartTag<'_>) {
        self.version = match (tag.uri(), tag.local()) {
            (ns::SOAP11, "Envelope") => Some(SoapVersion::Soap11),
            (ns::SOAP12, "Envelope") => Some(SoapVersion::Soap12),
            _ => None,
        };
        self.strange = self.version.is_none() || tag.is_empty_element();
        let others = tag.declarations().filter(|(_, uri)| tag.scope().uri(*uri) != ns::WSU);
        self.taken = others.map(|(prefix, _)| prefix.to_owned()).collect();
        self.envelope_end = offset(tag.end_offset());
        self.header_name = named(tag, "Header");
    }

    fn child(&mut self, tag: &StartTag<'_>) {
        let is_soap =
            matches!((self.version, tag.uri()), (Some(SoapVersion::Soap11), ns::SOAP11) | (Some(SoapVersion::Soap12), ns::SOAP12));
        match tag.local() {
            "Header" if is_soap && self.header.is_none() => {
                self.in_header = true;
                self.header =
                    Some(HeaderTag { name: named(tag, "Header"), tag_end: offset(tag.end_offset()), is_empty: tag.is_empty_element() });
            }
            "Body" if is_soap => {
                // What the Envelope binds may be used in the Body, in a value too.
                let is_free = |prefix: &String| !self.taken.contains(prefix) && !tag.declarations().any(|(p, _)| p == prefix);
                let candidates = (0..).map(|i| if i == 0 { "wsu".to_owned() } else { format!("wsu{i}") });
                self.body = Some(BodyTag {
                    tag_end: offset(tag.end_offset()),
                    is_empty: tag.is_empty_element(),
                    id: tag.attribute(ns::WSU, "Id").map(str::to_owned),
                    free_prefix: candidates.into_iter().find(is_free).unwrap_or_default(),
                });
            }
            _ => self.strange = true,
        }
    }
}

fn named(tag: &StartTag<'_>, local: &str) -> String {
    if tag.prefix().is_empty() { local.to_owned() } else { format!("{}:{local}", tag.prefix()) }
}

fn offset(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
