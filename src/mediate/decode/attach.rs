//! Attachments of a message that came as a package: XOP 1.0 (`xop:Include`), SOAP Messages with Attachments (`href="cid:…"` of SOAP
//! encoding, `mime:content` of WSDL 1.1 section 5), WS-I Attachments Profile 1.0 (`swaRef`).
//!
//! The parts come after the envelope as a rule. So where one belongs a mark is written, which no other string of the decoder's can be,
//! and whoever has the parts puts them there at the end ([`pieces`](crate::mediate::package::pieces)).

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

use super::machine::{Frame, Kind, Run, Step};
use super::tag::Tag;
use crate::json::string_into;
use crate::mediate::package::{Attachment, write_mark};
use crate::mediate::{DecodeError, DecodeErrorKind, Decoded};
use crate::plan::node::{MessagePlan, TypeId};
use crate::plan::scalar::{Primitive, Scalar};
use crate::xml::ns;

/// What was learnt of a package's references.
#[derive(Debug, Default)]
pub(super) struct Attached {
    /// Did the message come as a package?
    pub(super) on: bool,
    references: Vec<Reference>,
    /// Accessors of an RPC body that stand for a declared attachment: its key, and what it refers to.
    accessors: Vec<(usize, usize)>,
}

#[derive(Debug)]
struct Reference {
    /// A Content-ID, as the `cid:` URI has it, without the scheme.
    cid: String,
    /// Where it stands, for error texts.
    path: String,
}

/// Is it white space only, as far as XML is concerned?
pub(super) fn is_blank(text: &str) -> bool {
    text.trim_matches([' ', '\t', '\r', '\n']).is_empty()
}

/// May an attachment stand in its place: is base64 text of the type?
fn takes_base64(scalar: &Scalar) -> bool {
    matches!(scalar.primitive(), Some(Primitive::Base64Binary | Primitive::String | Primitive::AnySimple))
}

/// What a `cid:` URI (RFC 2392) names.
fn cid(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.trim().split_once(':')?;
    scheme.eq_ignore_ascii_case("cid").then_some(rest)
}

/// Characters of a path that are kept for an error's text.
const PATH_CHARS: usize = 120;

impl Run<'_> {
    /// The attachment that an element is: `xop:Include`, or an encoded element whose `href` is a `cid:` URI.
    fn inclusion<'t, T: Tag>(&self, tag: &'t T) -> Option<&'t str> {
        if !self.machine.attached.on {
            return None;
        }
        let is_include = tag.local() == "Include" && tag.uri() == ns::XOP;
        if !is_include && !self.encoded() {
            return None;
        }
        tag.attribute("", "href").and_then(cid)
    }

    fn refer(&mut self, cid: &str) -> usize {
        // As much of the path as an error needs: there may be a reference for every few bytes of a message.
        let path = self.machine.path.text();
        let from = path.char_indices().rev().nth(PATH_CHARS).map_or(0, |(at, _)| at);
        let reference = Reference { cid: cid.to_owned(), path: path.get(from..).unwrap_or_default().to_owned() };
        self.machine.attached.references.push(reference);
        self.machine.attached.references.len() - 1
    }

    /// An element that is an attachment where a value should begin: the mark is its value. `false`: it is none.
    pub(super) fn attached_value<T: Tag>(&mut self, tag: &T) -> bool {
        let Some(cid) = self.inclusion(tag) else { return false };
        let n = self.refer(cid);
        write_mark(&mut self.machine.out, n);
        true
    }

    /// `xop:Include` in a simple value: what it refers to is the value.
    pub(super) fn include_in_scalar<T: Tag>(&mut self, scalar: &Scalar, tag: &T) -> Step {
        let Some(cid) = self.inclusion(tag) else {
            return Err(self.fail(DecodeErrorKind::Invalid, "an element where a simple value should stand"));
        };
        if !takes_base64(scalar) {
            let text = format!("an attachment where {} should stand", scalar.say());
            return Err(self.fail(DecodeErrorKind::Invalid, text));
        }
        let n = self.refer(cid);
        let alone = self.machine.frames.last().is_some_and(|f| is_blank(self.machine.text.get(f.text..).unwrap_or("")));
        if let Some(Frame { kind: Kind::Scalar(simple), .. }) = self.machine.frames.last_mut()
            && alone
            && simple.include.is_none()
        {
            simple.include = Some(n);
            return Ok(());
        }
        Err(self.beside())
    }

    /// `xop:Include` among generic content, where it must be alone. `false`: it is none.
    pub(super) fn include_in_generic<T: Tag>(&mut self, tag: &T) -> Result<bool, DecodeError> {
        let Some(Frame { kind: Kind::Generic(generic), text, .. }) = self.machine.frames.last() else { return Ok(false) };
        let (taken, elements) = (generic.include.is_some(), generic.elements);
        let blank = is_blank(self.machine.text.get(*text..).unwrap_or(""));
        let include = tag.local() == "Include" && tag.uri() == ns::XOP;
        let Some(cid) = self.inclusion(tag).filter(|_| include) else {
            return if taken { Err(self.beside()) } else { Ok(false) };
        };
        if taken || elements || !blank {
            return Err(self.beside());
        }
        let n = self.refer(cid);
        if let Some(Frame { kind: Kind::Generic(generic), .. }) = self.machine.frames.last_mut() {
            generic.include = Some(n);
        }
        Ok(true)
    }

    /// An attachment must be all that an element holds (XOP 1.0, section 3.2).
    pub(super) fn beside(&self) -> DecodeError {
        self.fail(DecodeErrorKind::Invalid, "an xop:Include beside text or elements")
    }

    /// A value of type `swaRef`: the attachment that it names. `None`: it names none.
    pub(super) fn swa_ref(&mut self, type_: TypeId, text: &str) -> Option<usize> {
        if !self.machine.attached.on || !self.program.is_swa_ref(type_) {
            return None;
        }
        cid(text).map(|cid| self.refer(cid))
    }

    /// The declared attachment that an accessor of an RPC body only points to, and its `cid:` URI without the scheme.
    pub(super) fn attachment_of<'t, T: Tag>(&self, tag: &'t T) -> Option<(usize, &'t str)> {
        let slots = self.message.filter(|_| self.machine.attached.on).map_or(&[][..], |m| &m.attachments);
        let slot = slots.iter().position(|a| *a.key == *tag.local())?;
        tag.attribute("", "href").and_then(cid).map(|cid| (slot, cid))
    }

    /// Such an accessor, the first for its attachment.
    pub(super) fn attachment_accessor<T: Tag>(&mut self, tag: &T) -> bool {
        let Some((slot, cid)) = self.attachment_of(tag) else { return false };
        if self.machine.attached.accessors.iter().any(|(taken, _)| *taken == slot) {
            return false;
        }
        let n = self.refer(cid);
        self.machine.attached.accessors.push((slot, n));
        true
    }
}

/// References resolved: which part each mark means, and which parts nothing refers to.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(super) parts: Vec<usize>,
    pub(super) dropped: usize,
}

impl Attached {
    /// Of a message that came as a package, or did not.
    pub(super) fn of_package(on: bool) -> Self {
        Self { on, ..Self::default() }
    }

    /// Finds the part of every reference, and those of declared attachments, which are added to the message's object.
    ///
    /// # Errors
    /// A part that is not there, or more bytes than `limit` because several refer to one part.
    pub(super) fn resolve(
        self,
        parts: &[Attachment],
        limit: u64,
        message: Option<&MessagePlan>,
        decoded: &mut Decoded,
    ) -> Result<Resolved, DecodeError> {
        let mut by_id: HashMap<&str, usize> = HashMap::new();
        for (i, part) in parts.iter().enumerate() {
            if let Some(id) = &part.content_id {
                by_id.entry(id).or_insert(i);
            }
        }
        let mut used = vec![false; parts.len()];
        let mut resolved = Resolved::default();
        for reference in &self.references {
            let decoded = percent_decode_str(&reference.cid).decode_utf8_lossy();
            let found = by_id.get(&*decoded).or_else(|| by_id.get(&*reference.cid)).copied();
            let Some(i) = found else {
                let at = &reference.path;
                return Err(invalid(format!("a reference to an attachment that did not come at {at}")));
            };
            resolved.parts.push(i);
            if let Some(used) = used.get_mut(i) {
                *used = true;
            }
        }
        let accessors = self.accessors.iter().filter_map(|(slot, n)| Some((*slot, *resolved.parts.get(*n)?))).collect();
        if let Some(message) = message.filter(|m| !m.attachments.is_empty() && !matches!(decoded, Decoded::Fault(_))) {
            let declared = declared(message, parts, &mut used, accessors);
            add(decoded, message, parts, &declared, &mut resolved.parts);
        }
        // An accessor only says which part is the declared attachment's: it is written once.
        let said_twice: u64 = self.accessors.iter().filter_map(|(_, n)| parts.get(*resolved.parts.get(*n)?)).map(|p| p.size).sum();
        let total: u64 = resolved.parts.iter().filter_map(|i| parts.get(*i)).map(|p| p.size).sum::<u64>().saturating_sub(said_twice);
        if total > limit {
            let message = format!("references to attachments multiply to more than {limit} bytes");
            return Err(DecodeError { kind: DecodeErrorKind::Limit, message });
        }
        resolved.dropped = used.iter().filter(|u| !**u).count();
        Ok(resolved)
    }
}

fn invalid(message: String) -> DecodeError {
    DecodeError { kind: DecodeErrorKind::Invalid, message }
}

/// The part of each declared attachment: by an accessor, by the name in its Content-ID (`<photo=UUID@host>`, Attachments Profile 1.0
/// section 3.8) or in its header, by its media type, else the next that is left.
fn declared(message: &MessagePlan, parts: &[Attachment], used: &mut [bool], accessors: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut found = accessors;
    let mut take = |slot: usize, fits: &dyn Fn(&Attachment) -> bool, found: &mut Vec<(usize, usize)>| {
        if found.iter().any(|(s, _)| *s == slot) {
            return;
        }
        let next = parts.iter().enumerate().find(|(i, p)| used.get(*i) == Some(&false) && fits(p)).map(|(i, _)| i);
        if let Some(i) = next {
            if let Some(used) = used.get_mut(i) {
                *used = true;
            }
            found.push((slot, i));
        }
    };
    for (slot, plan) in message.attachments.iter().enumerate() {
        take(slot, &|p| names_part(p, &plan.key), &mut found);
    }
    for (slot, plan) in message.attachments.iter().enumerate() {
        take(slot, &|p| plan.types.iter().any(|t| is_of_type(&p.media_type, t)), &mut found);
    }
    for slot in 0..message.attachments.len() {
        take(slot, &|_| true, &mut found);
    }
    found.sort_unstable();
    found
}

fn names_part(part: &Attachment, key: &str) -> bool {
    let id = part.content_id.as_deref().unwrap_or_default();
    let name = id.split_once('=').map_or(id, |(name, _)| name);
    *percent_decode_str(name).decode_utf8_lossy() == *key || part.name.as_deref() == Some(key)
}

/// `image/png` is of `image/png`, `image/*` and `*/*`.
fn is_of_type(given: &str, declared: &str) -> bool {
    let essence = |t: &str| t.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (given, declared) = (essence(given), essence(declared));
    match declared.strip_suffix("/*") {
        Some("*") => !given.is_empty(),
        Some(kind) => given.split('/').next() == Some(kind),
        None => given == declared && !given.is_empty(),
    }
}

/// Adds `"$attachments"` to the message's object; a value that is no object goes to `$value`.
fn add(decoded: &mut Decoded, message: &MessagePlan, parts: &[Attachment], declared: &[(usize, usize)], marks: &mut Vec<usize>) {
    if declared.is_empty() {
        return;
    }
    let mut json = match decoded {
        Decoded::Value(json) => std::mem::take(json),
        Decoded::Empty => b"{}".to_vec(),
        Decoded::Fault(_) => return,
    };
    if json.last() == Some(&b'}') {
        json.pop();
        if json.last() != Some(&b'{') {
            json.push(b',');
        }
    } else {
        json.splice(0..0, br#"{"$value":"#.iter().copied());
        json.push(b',');
    }
    json.extend_from_slice(br#""$attachments":{"#);
    for (n, (slot, part)) in declared.iter().enumerate() {
        if n > 0 {
            json.push(b',');
        }
        let Some(slot) = message.attachments.get(*slot) else { continue };
        string_into(&mut json, &slot.key);
        json.push(b':');
        let told = slot.only_type().is_none();
        if told {
            json.extend_from_slice(br#"{"@contentType":"#);
            string_into(&mut json, parts.get(*part).map_or("", |p| &p.media_type));
            json.extend_from_slice(br#","$value":"#);
        }
        write_mark(&mut json, marks.len());
        marks.push(*part);
        if told {
            json.push(b'}');
        }
    }
    json.extend_from_slice(b"}}");
    *decoded = Decoded::Value(json);
}
