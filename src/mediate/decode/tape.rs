//! SOAP-encoded messages: recorded whole, so that `href` can be followed to an `id` anywhere in the envelope, then replayed into the
//! machine. SOAP 1.1 section 5.4.1, SOAP 1.2 part 2 section 3.1.5. Cycles and doublings are bounded. Also single elements of other messages
//! that can be read only when more has come.

use super::machine::{MAX_DEPTH, Run, Step};
use super::names::{MessageName, Names};
use super::tag::{Bindings, Place, Scope, Tag};
use crate::mediate::{DecodeError, DecodeErrorKind};
use crate::xml::gate::{Attribute, NamespaceId, Namespaces};
use crate::xml::ns;

/// Shared parts are written out again each time: so many bytes more than [`REPLAYED_FACTOR`] times what the message is.
const REPLAYED_FREE_BYTES: usize = 256 << 10;
const REPLAYED_FACTOR: usize = 4;
/// What an element counts besides its name, attributes and text, in bytes.
const ELEMENT_BYTES: usize = 8;

/// A recorded message: words that say what comes, and the text of it.
#[derive(Debug, Default)]
pub(super) struct Tape {
    words: Vec<u32>,
    /// Attribute values, references and text, in the order of the words that stand for them.
    strings: String,
    /// Of elements and attributes.
    names: Names,
    bindings: Bindings,
    /// The scopes of the open elements, the innermost last; before them that of the envelope.
    open: Vec<Place>,
    envelope: Place,
    /// Values of `id`, and by their numbers the elements that have them.
    ids: Names,
    targets: Vec<Target>,
    /// How much was recorded, and replayed.
    recorded: usize,
    replayed: usize,
    /// Targets that are being replayed: their first words.
    following: Vec<usize>,
    /// Are `id` and `href` those of SOAP encoding?
    is_encoded: bool,
}

/// What a word says, in its highest bits; the others are its number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// A start tag: the number of its name.
    Start,
    /// The declarations in scope from here on: a [`Place`].
    Scope,
    /// An attribute: the number of its name.
    Attribute,
    /// The length of its value: the next word.
    Value,
    /// A reference: the length of the id.
    Reference,
    /// The element has an id: others may refer to it.
    Target,
    /// Text: its length.
    Text,
    End,
}

const KINDS: [Word; 8] = [Word::Start, Word::Scope, Word::Attribute, Word::Value, Word::Reference, Word::Target, Word::Text, Word::End];
const NUMBER_BITS: u32 = 29;
const MAX_NUMBER: u32 = (1 << NUMBER_BITS) - 1;

impl Word {
    fn with(self, number: u32) -> u32 {
        (self as u32) << NUMBER_BITS | number & MAX_NUMBER
    }

    fn of(word: u32) -> (Self, usize) {
        let kind = KINDS.get((word >> NUMBER_BITS) as usize).copied().unwrap_or(Self::End);
        (kind, (word & MAX_NUMBER) as usize)
    }
}

/// A place on the tape.
#[derive(Debug, Clone, Copy, Default)]
struct Cursor {
    word: usize,
    string: usize,
}

/// An element that has an id.
#[derive(Debug, Clone, Copy)]
struct Target {
    word: u32,
    string: u32,
    around: Place,
}

/// What a start tag on the tape says.
#[derive(Debug, Clone, Copy)]
struct Head {
    name: MessageName,
    place: Place,
    /// The id that it refers to, in `strings`.
    reference: Option<(usize, usize)>,
    /// Does it have an id?
    is_target: bool,
    /// After the word of its name.
    attributes: Cursor,
    /// Its first child, text or end.
    content: Cursor,
    /// What it counts.
    bytes: usize,
}

/// An element on the tape, with the attributes and the scope of what it refers to.
struct TapeTag<'a> {
    tape: &'a Tape,
    uris: &'a Namespaces,
    name: Head,
    target: Head,
}

impl Tape {
    /// A tape for what stands in the envelope whose start tag this is; `None` as for [`Tape::start`].
    pub(super) fn new<T: Tag>(envelope: &T) -> Option<Self> {
        let mut tape = Self { is_encoded: true, ..Self::default() };
        tape.envelope = tape.bind(Place::default(), envelope)?;
        Some(tape)
    }

    /// A tape for children of an element of a literal message; `None` as for [`Tape::start`].
    pub(super) fn inside<T: Tag>(parent: &T) -> Option<Self> {
        let mut tape = Self::default();
        for (prefix, namespace) in parent.scope().declarations() {
            tape.envelope = tape.bindings.bind(tape.envelope, prefix, namespace)?;
        }
        Some(tape)
    }

    fn bind<T: Tag>(&mut self, around: Place, tag: &T) -> Option<Place> {
        tag.declarations().try_fold(around, |place, (prefix, namespace)| self.bindings.bind(place, prefix, namespace))
    }

    fn word(&mut self, kind: Word, number: usize) -> Option<()> {
        let number = u32::try_from(number).ok().filter(|n| *n <= MAX_NUMBER)?;
        self.words.push(kind.with(number));
        Some(())
    }

    fn named(&mut self, kind: Word, namespace: NamespaceId, local: &str) -> Option<()> {
        let number = self.names.number(namespace, local, None)?;
        self.word(kind, number.0 as usize)
    }

    /// Is an element open on the tape?
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Records a start tag; `None` where the tape is full.
    pub(super) fn start<T: Tag>(&mut self, tag: &T) -> Option<()> {
        let first = Target {
            word: u32::try_from(self.words.len()).ok()?,
            string: u32::try_from(self.strings.len()).ok()?,
            around: self.open.last().copied().unwrap_or(self.envelope),
        };
        self.named(Word::Start, tag.namespace(), tag.local())?;
        self.recorded += tag.local().len() + ELEMENT_BYTES;
        let place = self.bind(first.around, tag)?;
        if place != first.around {
            self.word(Word::Scope, place.0 as usize)?;
        }
        for a in tag.attributes() {
            let uri = tag.scope().uri(a.namespace);
            let plain = uri.is_empty() && self.is_encoded;
            let encoding = uri == ns::SOAPENC12 && self.is_encoded;
            if (plain || encoding) && a.local == "id" {
                let id = self.ids.number(NamespaceId::NONE, a.value, None)?;
                if id.0 as usize == self.targets.len() {
                    self.targets.push(first);
                }
                self.word(Word::Target, 0)?;
            }
            let reference = if plain && a.local == "href" { a.value.strip_prefix('#') } else { None };
            let reference = reference.or((encoding && a.local == "ref").then(|| a.value.trim_start_matches('#')));
            if let Some(id) = reference {
                self.word(Word::Reference, id.len())?;
                self.strings.push_str(id);
            }
            // Another `href` may name an attachment.
            if !(plain && (a.local == "id" || (a.local == "href" && reference.is_some()))) {
                self.named(Word::Attribute, a.namespace, a.local)?;
                self.word(Word::Value, a.value.len())?;
                self.strings.push_str(a.value);
                self.recorded += a.local.len() + a.value.len();
            }
        }
        self.open.push(place);
        Some(())
    }

    /// Records text; `None` where the tape is full.
    pub(super) fn text(&mut self, text: &str) -> Option<()> {
        self.recorded += text.len();
        let (last, before) = self.words.last().map_or((Word::End, 0), |w| Word::of(*w));
        let joined = before + text.len();
        // Pieces are one text: each may be of a few bytes.
        if last == Word::Text && joined <= MAX_NUMBER as usize {
            self.words.pop();
            self.word(Word::Text, joined)?;
        } else {
            self.word(Word::Text, text.len())?;
        }
        self.strings.push_str(text);
        u32::try_from(self.strings.len()).ok().map(|_| ())
    }

    pub(super) fn end(&mut self) {
        self.words.push(Word::End.with(0));
        self.open.pop();
    }
}

/// Reading it back.
impl Tape {
    fn string(&self, range: (usize, usize)) -> &str {
        self.strings.get(range.0..range.1).unwrap_or("")
    }

    fn at(&self, cursor: Cursor) -> (Word, usize) {
        self.words.get(cursor.word).map_or((Word::End, 0), |w| Word::of(*w))
    }

    /// The start tag at `at`, inside `around`.
    fn head(&self, at: Cursor, around: Place) -> Head {
        let attributes = Cursor { word: at.word + 1, ..at };
        let name = MessageName(u32::try_from(self.at(at).1).unwrap_or(0));
        let mut head =
            Head { name, place: around, reference: None, is_target: false, attributes, content: attributes, bytes: ELEMENT_BYTES };
        head.bytes += self.names.local(name).len();
        let cursor = &mut head.content;
        loop {
            let (kind, number) = self.at(*cursor);
            match kind {
                Word::Scope => head.place = Place(u32::try_from(number).unwrap_or(0)),
                Word::Target => head.is_target = true,
                Word::Reference => head.reference = Some((cursor.string, cursor.string + number)),
                Word::Attribute => head.bytes += self.names.local(MessageName(u32::try_from(number).unwrap_or(0))).len(),
                Word::Value => head.bytes += number,
                Word::Start | Word::Text | Word::End => return head,
            }
            if matches!(kind, Word::Reference | Word::Value) {
                cursor.string += number;
            }
            cursor.word += 1;
        }
    }

    /// The place after the element whose content begins at `content`.
    fn after(&self, content: Cursor) -> Cursor {
        let (mut cursor, mut depth) = (content, 1usize);
        while depth > 0 && cursor.word < self.words.len() {
            let (kind, number) = self.at(cursor);
            match kind {
                Word::Start => depth += 1,
                Word::End => depth -= 1,
                Word::Reference | Word::Value | Word::Text => cursor.string += number,
                Word::Scope | Word::Target | Word::Attribute => {}
            }
            cursor.word += 1;
        }
        cursor
    }

    /// The start tags of the children of an element, their references not followed.
    fn children<'t>(&'t self, uris: &'t Namespaces, parent: Head) -> impl Iterator<Item = TapeTag<'t>> {
        let mut cursor = parent.content;
        std::iter::from_fn(move || {
            loop {
                match self.at(cursor) {
                    (Word::Text, length) => cursor = Cursor { word: cursor.word + 1, string: cursor.string + length },
                    (Word::Start, _) => {
                        let child = self.head(cursor, parent.place);
                        cursor = self.after(child.content);
                        return Some(TapeTag { tape: self, uris, name: child, target: child });
                    }
                    (Word::Scope | Word::Attribute | Word::Value | Word::Reference | Word::Target | Word::End, _) => return None,
                }
            }
        })
    }

    /// Counts bytes that are replayed; `false` where shared parts have multiplied too much.
    fn count(&mut self, bytes: usize) -> bool {
        self.replayed = self.replayed.saturating_add(bytes);
        self.replayed <= REPLAYED_FREE_BYTES.saturating_add(self.recorded.saturating_mul(REPLAYED_FACTOR))
    }
}

impl Run<'_> {
    /// Replays a finished tape; `uris` has the namespaces of the whole message.
    pub(super) fn replay(&mut self, tape: &mut Tape, uris: &Namespaces) -> Step {
        tape.words.shrink_to_fit();
        self.machine.replaying = true;
        let mut cursor = Cursor::default();
        while cursor.word < tape.words.len() {
            cursor = self.replay_element(tape, uris, cursor, tape.envelope)?;
        }
        self.machine.replaying = false;
        Ok(())
    }

    /// Replays one element; gives the place after it.
    fn replay_element(&mut self, tape: &mut Tape, uris: &Namespaces, at: Cursor, around: Place) -> Result<Cursor, DecodeError> {
        let name = tape.head(at, around);
        let outer = tape.following.len();
        let target = self.follow(tape, name)?;
        if !tape.count(target.bytes) {
            return Err(self.multiplied());
        }
        self.start(&TapeTag { tape, uris, name, target })?;
        if self.is_in_wrapper() {
            self.count_accessors(tape.children(uris, target));
        }
        let detail = self.in_fault_detail();
        let mut cursor = target.content;
        if self.is_ignored() {
            // Independent elements stand beside what refers to them: nothing is followed from here.
            cursor = tape.after(cursor);
            cursor.word -= 1;
        }
        loop {
            let (kind, number) = tape.at(cursor);
            match kind {
                Word::Start => {
                    let child = tape.head(cursor, target.place);
                    // A multiRef target beside a detail's entries is no entry.
                    cursor = if detail && child.is_target {
                        tape.after(child.content)
                    } else {
                        self.replay_element(tape, uris, cursor, target.place)?
                    };
                }
                Word::Text => {
                    if !tape.count(number) {
                        return Err(self.multiplied());
                    }
                    let end = cursor.string + number;
                    self.text(tape.string((cursor.string, end)))?;
                    cursor = Cursor { word: cursor.word + 1, string: end };
                }
                Word::Scope | Word::Attribute | Word::Value | Word::Reference | Word::Target | Word::End => break,
            }
        }
        self.end(Scope::kept(uris, &tape.bindings, target.place))?;
        if name.reference.is_none() {
            return Ok(Cursor { word: cursor.word + 1, ..cursor });
        }
        tape.following.truncate(outer);
        // Nothing of what stands in a reference is data.
        let after = tape.after(name.content);
        if !tape.count((after.word - name.content.word) * size_of::<u32>()) {
            return Err(self.multiplied());
        }
        Ok(after)
    }

    fn multiplied(&self) -> DecodeError {
        let what = "shared references multiply the message to more than 256 KiB and 4 times what it is";
        self.fail(DecodeErrorKind::Limit, what)
    }

    /// The element that one refers to, however many references lead there, or itself.
    fn follow(&self, tape: &mut Tape, name: Head) -> Result<Head, DecodeError> {
        let mut head = name;
        while let Some(reference) = head.reference {
            let id = tape.strings.get(reference.0..reference.1).unwrap_or("");
            let number = tape.ids.number(NamespaceId::NONE, id, None).map_or(usize::MAX, |n| n.0 as usize);
            let Some(Target { word, string, around }) = tape.targets.get(number).copied() else {
                return Err(self.fail(DecodeErrorKind::Invalid, "a reference to an id that is not there"));
            };
            let word = word as usize;
            if tape.following.contains(&word) {
                return Err(self.fail(DecodeErrorKind::Invalid, "references that go round in a circle"));
            }
            if tape.following.len() > MAX_DEPTH {
                return Err(self.fail(DecodeErrorKind::Limit, "nested more than 400 levels deep"));
            }
            tape.following.push(word);
            head = tape.head(Cursor { word, string: string as usize }, around);
        }
        Ok(head)
    }
}

impl Tag for TapeTag<'_> {
    fn namespace(&self) -> NamespaceId {
        self.tape.names.namespace(self.name.name)
    }

    fn local(&self) -> &str {
        self.tape.names.local(self.name.name)
    }

    fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        let mut cursor = self.target.attributes;
        std::iter::from_fn(move || {
            while cursor.word < self.target.content.word {
                let (kind, number) = self.tape.at(cursor);
                cursor.word += 1;
                if kind == Word::Reference {
                    cursor.string += number;
                }
                if kind == Word::Attribute {
                    let name = MessageName(u32::try_from(number).unwrap_or(0));
                    let (_, length) = self.tape.at(cursor);
                    let start = cursor.string;
                    cursor = Cursor { word: cursor.word + 1, string: start + length };
                    return Some(Attribute {
                        namespace: self.tape.names.namespace(name),
                        prefix: "",
                        local: self.tape.names.local(name),
                        value: self.tape.string((start, start + length)),
                    });
                }
            }
            None
        })
    }

    fn scope(&self) -> Scope<'_> {
        Scope::kept(self.uris, &self.tape.bindings, self.target.place)
    }

    fn is_reference(&self) -> bool {
        self.name.reference.is_some()
    }

    fn is_target(&self) -> bool {
        self.name.is_target
    }
}
