use std::fmt;
use std::sync::Arc;

use super::coverage::{Construct, Reached};

/// What a proof found.
#[derive(Debug)]
pub struct Report {
    /// The seed that it followed from.
    pub seed: u64,
    /// The operations that were asked for, in the order of the program.
    pub operations: Vec<ProvedOperation>,
    /// What of the schema the messages showed.
    pub reached: Vec<(Construct, Reached)>,
}

/// One operation at one port.
#[derive(Debug)]
pub struct ProvedOperation {
    /// Index into the program's operations.
    pub index: usize,
    /// Its name.
    pub name: Arc<str>,
    /// Its service.
    pub service: Option<Arc<str>>,
    /// Its port.
    pub port: Option<Arc<str>>,
    /// Its messages.
    pub messages: Vec<ProvedMessage>,
}

/// A request, a reply or a declared fault.
#[derive(Debug)]
pub struct ProvedMessage {
    /// Which.
    pub message: Message,
    /// Envelopes and JSON values that went through the mapping.
    pub cases: u32,
    /// Those of them that were envelopes, made from the schema.
    pub envelopes: u32,
    /// Those that came back the same.
    pub exact: u32,
    /// The first envelope that did not; where all did, the first JSON value.
    pub first: Option<Failure>,
    /// Why there was no message, or none of some kind.
    pub not_made: Option<String>,
    /// What it names that nobody declares: nothing can be proved of that.
    pub undeclared: Option<String>,
    /// Had the proof used up its bytes before as many envelopes were made as were asked for?
    pub used_up: bool,
}

/// Which message of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// What is asked.
    Request,
    /// What is answered.
    Response,
    /// A declared fault.
    Fault(Arc<str>),
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("request"),
            Self::Response => f.write_str("response"),
            Self::Fault(name) => write!(f, "fault {name}"),
        }
    }
}

/// Which way a case went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// An envelope from the schema: XML → JSON → XML.
    Xml,
    /// A value from the plan: JSON → XML → JSON.
    Json,
}

/// Where a case failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The envelope could not be read.
    Decode,
    /// The reply, read leniently and in pieces as it arrives, became another JSON.
    Pieces,
    /// The JSON could not be written.
    Encode,
    /// What came back says something else.
    Compare,
}

impl Stage {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Pieces => "pieces",
            Self::Encode => "encode",
            Self::Compare => "compare",
        }
    }
}

/// A case that did not come back.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Its seed. What was shown before it decides with it, so that only a run with the same [`Options`](super::Options) makes it again.
    pub seed: u64,
    /// Which way it went.
    pub way: Way,
    /// Where it failed.
    pub stage: Stage,
    /// Element path or JSON pointer; `Envelope` for the whole.
    pub path: String,
    /// The line in the envelope that was sent, from 1.
    pub line: Option<usize>,
    /// What is there and what should be.
    pub text: String,
    /// What was sent: an envelope or JSON.
    pub sent: Vec<u8>,
    /// What it became.
    pub became: Vec<u8>,
    /// What came back.
    pub back: Vec<u8>,
}

impl Report {
    /// Did everything come back?
    pub fn is_exact(&self) -> bool {
        self.operations.iter().all(ProvedOperation::is_exact)
    }

    /// Operations of which everything came back.
    pub fn exact(&self) -> usize {
        self.operations.iter().filter(|o| o.is_exact()).count()
    }

    /// Messages that went through.
    pub fn cases(&self) -> u32 {
        self.operations.iter().map(ProvedOperation::cases).sum()
    }
}

impl ProvedOperation {
    /// Was something sent of each message, came all of it back, and is everything declared?
    pub fn is_exact(&self) -> bool {
        !self.messages.is_empty() && self.messages.iter().all(ProvedMessage::is_exact)
    }

    /// Messages that went through.
    pub fn cases(&self) -> u32 {
        self.messages.iter().map(|m| m.cases).sum()
    }
}

/// What is said of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Something was sent, all of it came back, and all is declared.
    Exact,
    /// Something did not come back.
    Differs,
    /// All came back, but the WSDL names a part that nobody declares.
    Undeclared,
    /// No envelope was sent.
    Unproved,
}

impl Verdict {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Differs => "differs",
            Self::Undeclared => "undeclared",
            Self::Unproved => "unproved",
        }
    }
}

impl ProvedMessage {
    /// What is said of it.
    pub fn verdict(&self) -> Verdict {
        match self {
            m if m.exact < m.cases => Verdict::Differs,
            m if m.undeclared.is_some() => Verdict::Undeclared,
            m if m.envelopes == 0 => Verdict::Unproved,
            _ => Verdict::Exact,
        }
    }

    /// Was something sent, came all of it back, and is everything declared?
    pub fn is_exact(&self) -> bool {
        self.verdict() == Verdict::Exact
    }
}
