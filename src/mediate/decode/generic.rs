//! The generic rules: `xs:anyType` and what no schema declares. Mapping decisions 28–31.
//!
//! Children are written as properties as they come, several of one name in a row as an array. A name that comes again after another, or
//! text between elements, turns what was written into `$content`.

use super::attach::is_blank;
use super::machine::{Around, Close, Frame, Generic, Kind, Machine, Run, Step};
use super::names::MessageName;
use super::tag::Tag;
use super::value::Wanted;
use super::written::Pairs;
use crate::json::string_into;
use crate::mediate::DecodeError;
use crate::mediate::package::write_mark;
use crate::plan::node::TypeId;
use crate::xml::gate::NamespaceId as DocumentNs;

/// How children are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As properties by local name.
    Properties,
    /// As items of `$content`, because names come again.
    Content,
    /// As items of `$content`, text between them.
    Mixed,
}

/// Properties know their children by local name alone.
const ANY_NAMESPACE: DocumentNs = DocumentNs(u32::MAX);

/// Ends the white space before a child, while it is not known whether other text will make it count: no character of XML.
const GAP: char = '\u{1}';

impl Generic {
    /// `members`: absolute offset after the attributes' members; `comma`: is one due before the next member?
    pub(super) fn new(members: usize, nil: bool, around: DocumentNs, comma: bool) -> Self {
        Self {
            members,
            nil,
            around: Around(around),
            elements: false,
            include: None,
            form: Form::Properties,
            comma,
            last: None,
            array: false,
            value: 0,
            gap: 0,
            serial: 0,
            shadowed: 0,
        }
    }
}

impl Run<'_> {
    pub(super) fn generic_child<T: Tag>(&mut self, tag: &T) -> Step {
        let Some(Frame { kind: Kind::Generic(generic), .. }) = self.machine.frames.last() else { return Ok(()) };
        if generic.nil {
            self.deviation("an element in one that is nil")?;
            self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
            return Ok(());
        }
        let (around, elements) = (generic.around, generic.elements);
        if self.include_in_generic(tag)? {
            let from = self.machine.frames.last().map_or(0, |f| f.text);
            self.machine.text.truncate(from);
            self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
            return Ok(());
        }
        if !elements {
            self.begin_elements();
        }
        self.gap(true);
        let close = self.generic_key(tag.local())?;
        let any = self.program.any_type.unwrap_or(TypeId(0));
        let mut wanted = Wanted::new(any, None, close);
        wanted.say_namespace = tag.namespace() != around.0;
        self.value(tag, &wanted)
    }

    fn generic(&mut self) -> Option<&mut Generic> {
        match self.machine.frames.last_mut() {
            Some(Frame { kind: Kind::Generic(generic), .. }) => Some(generic),
            Some(_) | None => None,
        }
    }

    /// The first child: an object begins before the attributes.
    fn begin_elements(&mut self) {
        let Some(Frame { kind: Kind::Generic(_), start, close, text, .. }) = self.machine.frames.last() else { return };
        let (start, root, text) = (*start, *close == Close::Root, *text);
        self.open(start, root);
        let members = self.position();
        let serial = self.machine.serial.saturating_add(1);
        self.machine.serial = serial;
        let shadowed = self.machine.shadowed.len();
        if let Some(generic) = self.generic() {
            (generic.elements, generic.members, generic.gap, generic.serial, generic.shadowed) = (true, members, text, serial, shadowed);
        }
    }

    /// The text before a child, or before the end.
    pub(super) fn gap(&mut self, child: bool) {
        let Some(Frame { kind: Kind::Generic(generic), text, .. }) = self.machine.frames.last() else { return };
        let (from, gap, mixed) = (*text, generic.gap, generic.form == Form::Mixed);
        if mixed {
            if self.machine.text.len() > from {
                self.machine.out.push(b',');
                string_into(&mut self.machine.out, self.machine.text.get(from..).unwrap_or(""));
                self.machine.text.truncate(from);
            }
            return;
        }
        let is_space = self.machine.text.get(gap..).unwrap_or("").bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
        let next = if is_space {
            if child {
                self.machine.text.push(GAP);
            }
            self.machine.text.len()
        } else {
            self.turn_to_content(Form::Mixed);
            self.machine.text.truncate(from);
            from
        };
        if let Some(generic) = self.generic() {
            generic.gap = next;
        }
    }

    /// Writes what stands before a child's value.
    fn generic_key(&mut self, local: &str) -> Result<Close, DecodeError> {
        let number = self.number(ANY_NAMESPACE, local, None)?;
        let Some(Frame { kind: Kind::Generic(generic), .. }) = self.machine.frames.last() else { return Ok(Close::Nothing) };
        let (last, array, value, mut form) = (generic.last, generic.array, generic.value, generic.form);
        let comma = generic.comma || last.is_some();
        if form == Form::Properties && last == Some(number) {
            if !array {
                let at = value.saturating_sub(self.machine.base).min(self.machine.out.len());
                self.machine.out.insert(at, b'[');
            }
            self.machine.out.push(b',');
            if let Some(generic) = self.generic() {
                generic.array = true;
            }
            return Ok(Close::Nothing);
        }
        if form == Form::Properties && self.came_before(number) {
            self.turn_to_content(Form::Content);
            form = Form::Content;
        }
        if form != Form::Properties {
            // There is an item before it: a name that came, or text.
            self.emit(b",{");
            self.key(false, local);
            return Ok(Close::Brace);
        }
        if array {
            self.emit(b"]");
        }
        self.key(comma, local);
        let value = self.position();
        if let Some(generic) = self.generic() {
            (generic.last, generic.array, generic.value) = (Some(number), false, value);
        }
        Ok(Close::Nothing)
    }

    /// Did the top frame have a child of that name? It has now.
    fn came_before(&mut self, number: MessageName) -> bool {
        let Some(Frame { kind: Kind::Generic(generic), .. }) = self.machine.frames.last() else { return false };
        let serial = generic.serial;
        let before = self.machine.names.mark(number, serial);
        if before == serial {
            return true;
        }
        // An element around that had such a child still has it when this one ends.
        let mut serials =
            self.machine.frames.iter().rev().filter_map(|f| if let Kind::Generic(g) = &f.kind { Some(g.serial) } else { None });
        if before != 0 && serials.find(|s| *s <= before) == Some(before) {
            self.machine.shadowed.push((number, before));
        }
        false
    }

    /// What was written as properties, or as `$content` without text, becomes `$content`, with the text where `form` says so.
    fn turn_to_content(&mut self, form: Form) {
        let Some(Frame { kind: Kind::Generic(generic), text, .. }) = self.machine.frames.last() else { return };
        let (was, members, comma, from) = (generic.form, generic.members, generic.comma, *text);
        let written = self.written(members).to_vec();
        let inside = written.get(usize::from(comma)..).unwrap_or(&[]);
        self.machine.out.truncate(members.saturating_sub(self.machine.base));
        self.emit(if comma { b"," } else { b"" });
        self.emit(CONTENT);
        let pairs = || match was {
            Form::Properties => Pairs::members(inside),
            Form::Content | Form::Mixed => Pairs::items(inside.get(CONTENT.len()..).unwrap_or(&[])),
        };
        // Exactly: beside what was written there is no room for a text that doubles.
        let needed: usize = pairs().map(|(key, value)| key.len() + value.len() + 4).sum();
        self.machine.out.reserve_exact(needed);
        let Machine { out, text, .. } = &mut *self.machine;
        let mut gaps = text.get(from..).unwrap_or("").split(GAP).map(|gap| if form == Form::Mixed { gap } else { "" });
        let mut first = true;
        let mut comma = |out: &mut Vec<u8>| {
            if !std::mem::replace(&mut first, false) {
                out.push(b',');
            }
        };
        for (key, value) in pairs() {
            if let Some(gap) = gaps.next().filter(|g| !g.is_empty()) {
                comma(out);
                string_into(out, gap);
            }
            comma(out);
            out.push(b'{');
            out.extend_from_slice(key);
            out.push(b':');
            out.extend_from_slice(value);
            out.push(b'}');
        }
        if let Some(gap) = gaps.next().filter(|g| !g.is_empty()) {
            comma(out);
            string_into(out, gap);
        }
        if let Some(generic) = self.generic() {
            generic.form = form;
        }
    }

    pub(super) fn end_generic(&mut self, frame: &Frame, generic: &Generic) -> Step {
        if generic.elements {
            self.emit(match (generic.form, generic.array) {
                (Form::Properties, false) => b"}",
                (Form::Properties, true) | (Form::Content | Form::Mixed, _) => b"]}",
            });
            let first = generic.shadowed.min(self.machine.shadowed.len());
            for (number, before) in self.machine.shadowed.drain(first..).rev() {
                self.machine.names.mark(number, before);
            }
            return Ok(());
        }
        let root = frame.close == Close::Root;
        let has_members = generic.members > frame.start;
        let object = has_members || (root && self.wants_object());
        if object {
            self.open(frame.start, root);
        }
        if generic.nil {
            if object {
                self.key(generic.comma, "$nil");
                self.emit(b"true}");
            } else {
                self.emit(b"null");
            }
            return Ok(());
        }
        if let Some(n) = generic.include {
            if !is_blank(self.machine.text.get(frame.text..).unwrap_or("")) {
                return Err(self.beside());
            }
            if object {
                self.key(generic.comma, "$value");
            }
            write_mark(&mut self.machine.out, n);
            self.emit(if object { b"}" } else { b"" });
            return Ok(());
        }
        let is_empty = self.machine.text.len() <= frame.text;
        if object && !(is_empty && has_members) {
            self.key(generic.comma, "$value");
        }
        let Machine { out, text, .. } = &mut *self.machine;
        if !(object && is_empty && has_members) {
            string_into(out, text.get(frame.text..).unwrap_or(""));
        }
        if object {
            self.emit(b"}");
        }
        Ok(())
    }
}

/// How `$content` begins.
const CONTENT: &[u8] = b"\"$content\":[";

/// `"key":`, with a comma before it where one is due.
pub(super) fn member(made: &mut Vec<u8>, comma: &mut bool, key: &str) {
    if *comma {
        made.push(b',');
    }
    *comma = true;
    string_into(made, key);
    made.push(b':');
}
