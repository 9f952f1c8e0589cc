//! Values that leave the envelope: base64Binary as XOP parts (MTOM), `swaRef` and `mime:content` parts as attachments, and long base64
//! text that is only noted, so that it is copied once, when it is sent.

use super::given::Given;
use super::problem::{At, Found};
use super::writer::{Ns, Tag};
use super::{Encoder, Path};
use crate::json::Value;
use crate::mediate::mime::is_media_type;
use crate::mediate::package::{EncodedPart, PackageOptions, Source, Upload, Uploads};
use crate::plan::Program;
use crate::plan::node::{AttachmentSlot, ComplexType, TypeId};
use crate::plan::scalar::{Primitive, Scalar};
use crate::xml::ns;

/// base64 text of so many bytes is not copied into the envelope, but put there when it is sent.
const NOTED_BYTES: usize = 64 << 10;

/// What leaves one message.
#[derive(Debug)]
pub(super) struct Leaving {
    /// Where the JSON text stands, so that what borrows from it is known by its place.
    source: std::ops::Range<usize>,
    /// Where the marks of uploads stand.
    marks: std::ops::Range<usize>,
    uploads: Vec<Upload>,
    mtom: Option<u64>,
    token: String,
    whole: bool,
    swa_ref: Option<TypeId>,
    xop_include: Option<TypeId>,
    /// `xmime:contentType` of the element that is being written.
    media_type: Option<String>,
    pub(super) parts: Vec<EncodedPart>,
}

fn place(bytes: &[u8]) -> std::ops::Range<usize> {
    let start = bytes.as_ptr().addr();
    start..start + bytes.len()
}

impl Leaving {
    pub(super) fn new(program: &Program, options: &PackageOptions<'_>) -> Self {
        let named = |namespace: &str, local: &str| {
            let name = program.names.namespace_id(namespace).and_then(|n| program.names.find(n, local))?;
            program.types_by_name.get(&name).copied()
        };
        let none = Uploads::default();
        let uploads = options.uploads.unwrap_or(&none);
        Self {
            source: place(options.source),
            marks: place(uploads.marks().as_bytes()),
            uploads: uploads.files().to_vec(),
            mtom: options.mtom,
            token: options.token.to_owned(),
            whole: options.whole,
            swa_ref: named(ns::SWAREF, "swaRef"),
            xop_include: named(ns::XOP, "Include"),
            media_type: None,
            parts: Vec::new(),
        }
    }

    /// The uploaded file that a string stands for.
    fn upload(&self, text: &str) -> Option<usize> {
        let at = text.as_ptr().addr();
        (!text.is_empty() && self.marks.contains(&at)).then(|| at - self.marks.start)
    }

    fn source(&self, text: &str) -> Source {
        let at = text.as_ptr().addr();
        if self.source.contains(&at) {
            let start = at - self.source.start;
            return Source::Text(start..start + text.len());
        }
        Source::Owned(text.to_owned())
    }

    /// Adds a part and gives its Content-ID.
    fn part(&mut self, name: Option<&str>, source: Source, size: u64, media_type: Option<String>) -> String {
        let n = self.parts.len() + 1;
        let content_id = match name {
            // Attachments Profile 1.0, section 3.8: the part's name, then what makes it the only one.
            Some(name) => format!("{}={n}.{}@castile", percent(name), self.token),
            None => format!("{n}.{}@castile", self.token),
        };
        let given = match &source {
            Source::Upload(i) => self.uploads.get(*i).and_then(|u| u.media_type.clone()),
            Source::Text(_) | Source::Owned(_) => None,
        };
        // What the message says of its own content goes before the file's name for it; a binding only says what is usual.
        let media_type = if name.is_some() { given.or(media_type) } else { media_type.or(given) };
        let media_type = media_type.filter(|t| is_media_type(t));
        self.parts.push(EncodedPart { content_id: content_id.clone(), media_type, source, size });
        content_id
    }
}

fn percent(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%5F", "_").replace("%2D", "-")
}

/// The bytes that a text stands for, if it is base64.
fn base64_size(text: &str) -> Option<u64> {
    Scalar::builtin(Primitive::Base64Binary, false).base64_size(text).flatten()
}

/// It does not fit: an error was noted.
struct Refused;

impl<'p> Encoder<'p> {
    /// Does the value of a simple type leave the envelope, or wait outside it? Then it was dealt with, errors too.
    pub(super) fn leaves(&mut self, scalar: &Scalar, value: &Value<'_>, at: At<'_>) -> bool {
        let (Some(leaving), Value::String(text)) = (&self.leaving, value) else { return false };
        if scalar.primitive() != Some(Primitive::Base64Binary) {
            return false;
        }
        let upload = leaving.upload(text);
        let least = leaving.mtom.map_or(NOTED_BYTES, |m| usize::try_from(m).unwrap_or(usize::MAX));
        if upload.is_none() && text.len() < least {
            return false;
        }
        let size = match self.binary(scalar, text, upload, value, at) {
            Ok(Some(size)) => size,
            Ok(None) => return false,
            Err(Refused) => return true,
        };
        let Some(leaving) = &mut self.leaving else { return false };
        let source = upload.map_or_else(|| leaving.source(text), Source::Upload);
        match leaving.mtom {
            Some(least) if size >= least || upload.is_some() => {
                let media_type = leaving.media_type.take();
                let id = leaving.part(None, source, size, media_type);
                let include = Tag { ns: Ns::of(&self.program.names, ns::XOP), local: "Include" };
                self.out.start(include);
                self.out.attribute(Tag { ns: Ns::NONE, local: "href" }, &format!("cid:{id}"));
                self.out.end(include);
            }
            Some(_) | None if upload.is_some() || text.len() >= NOTED_BYTES => self.out.insert(source, size),
            Some(_) | None => return false,
        }
        true
    }

    /// The bytes of a value; `None` where its facets must see the text.
    fn binary(
        &mut self,
        scalar: &Scalar,
        text: &str,
        upload: Option<usize>,
        value: &Value<'_>,
        at: At<'_>,
    ) -> Result<Option<u64>, Refused> {
        let size = match upload {
            Some(i) => {
                let size = self.leaving.as_ref().and_then(|l| l.uploads.get(i)).map_or(0, |u| u.size);
                scalar.fits_bytes(size).map(|fits| fits.then_some(size))
            }
            None => scalar.base64_size(text),
        };
        match size {
            Some(Some(size)) => Ok(Some(size)),
            None if upload.is_none() => Ok(None),
            Some(None) | None => {
                let found = if upload.is_some() { Found::Words("a file") } else { Found::Value(value) };
                self.errors.add(at, &scalar.say_with_facets(), found);
                Err(Refused)
            }
        }
    }

    /// A string at a place that is an attachment by its type: `swaRef`, `xop:Include`. `false`: it is none.
    pub(super) fn refers(&mut self, type_: Option<TypeId>, value: &Value<'_>, at: At<'_>) -> bool {
        let (Some(leaving), Some(type_), Value::String(text)) = (&self.leaving, type_, value) else { return false };
        let is_ref = leaving.swa_ref.is_some_and(|r| self.program.derives(type_, r));
        let is_include = leaving.xop_include == Some(type_);
        if !(is_ref || is_include) {
            return false;
        }
        // What is no base64 is a URI already: a colon is no character of it.
        let is_base64 = leaving.upload(text).is_some() || base64_size(text).is_some();
        if is_ref && !is_base64 || text.contains(':') {
            return false;
        }
        if let Some(id) = self.attach(None, value, None, at) {
            let uri = format!("cid:{id}");
            match is_include {
                true => self.out.attribute(Tag { ns: Ns::NONE, local: "href" }, &uri),
                false => self.out.text(&uri),
            }
        }
        true
    }

    /// A base64 string, or a file, as a part of its own: its Content-ID.
    fn attach(&mut self, name: Option<&str>, value: &Value<'_>, media_type: Option<String>, at: At<'_>) -> Option<String> {
        let leaving = self.leaving.as_mut()?;
        if leaving.whole {
            self.errors.add(at, "no attachment: this API signs its messages, and a signature covers none", Found::Words("an attachment"));
            return None;
        }
        let Value::String(text) = value else {
            self.errors.add(at, "a base64 string", Found::Value(value));
            return None;
        };
        if let Some(i) = leaving.upload(text) {
            let size = leaving.uploads.get(i).map_or(0, |u| u.size);
            return Some(leaving.part(name, Source::Upload(i), size, media_type));
        }
        let plain = Scalar::builtin(Primitive::Base64Binary, false);
        match plain.base64_size(text) {
            Some(Some(size)) => {
                let source = leaving.source(text);
                Some(leaving.part(name, source, size, media_type))
            }
            Some(None) | None => {
                self.errors.add(at, "a base64 string", Found::Value(value));
                None
            }
        }
    }

    /// `$attachments`: an object by part name. One that is not given is not sent.
    #[inline(never)]
    pub(super) fn attachments(&mut self, slots: &'p [AttachmentSlot], value: &Value<'_>) {
        let path = Path::member("$attachments");
        if !matches!(value, Value::Object(_)) {
            return self.errors.add(path.at(), "an object", Found::Value(value));
        }
        if self.leaving.is_none() {
            return self.errors.add(path.at(), "nothing: attachments need a multipart message", Found::Value(value));
        }
        for (key, value) in Given::of(value).members() {
            let path = path.at().key(key);
            match slots.iter().find(|s| &*s.key == key) {
                Some(slot) => self.attachment(slot, value, path.at()),
                None if self.ignores(key) => {}
                None => self.errors.unknown(path.at(), "no such attachment", Found::Value(value), key, slots.iter().map(|s| &*s.key)),
            }
        }
    }

    /// Behind the element that said one.
    pub(super) fn forget_media_type(&mut self) {
        if let Some(leaving) = &mut self.leaving {
            leaving.media_type = None;
        }
    }

    /// One declared attachment: its base64 string, or `{"@contentType": …, "$value": …}`.
    fn attachment(&mut self, slot: &AttachmentSlot, value: &Value<'_>, at: At<'_>) {
        let usual = || slot.usual_type().map(str::to_owned);
        if !matches!(value, Value::Object(_)) {
            self.attach(Some(&slot.key), value, usual(), at);
            return;
        }
        let given = Given::of(value);
        self.only(given, &["$value"], at);
        for (key, other) in given.members().filter(|(k, _)| k.starts_with('@') && *k != "@contentType") {
            self.errors.add(at.key(key).at(), "no such property", Found::Value(other));
        }
        let media_type = match given.member("@contentType") {
            None => usual(),
            Some(Value::String(text)) if is_media_type(text) => Some(text.clone().into_owned()),
            Some(other) => {
                self.errors.add(at.key("@contentType").at(), "a media type", Found::Value(other));
                return;
            }
        };
        match given.member("$value") {
            Some(value) => {
                self.attach(Some(&slot.key), value, media_type, at.key("$value").at());
            }
            None => self.errors.add(at.key("$value").at(), "a base64 string", Found::Nothing),
        }
    }

    /// Notes the media type that the element says of its content (`xmime:contentType`).
    pub(super) fn note_media_type(&mut self, complex: &ComplexType, given: Given<'_>) {
        let Some(leaving) = &mut self.leaving else { return };
        let names = &self.program.names;
        let is_it = |n| &**names.local(n) == "contentType" && &**names.uri(names.namespace(n)) == ns::XMIME;
        let declared = complex.attributes.iter().find(|a| is_it(a.name));
        leaving.media_type = match declared.and_then(|a| given.member(&a.key)) {
            Some(Value::String(text)) => Some(text.clone().into_owned()),
            _ => None,
        };
    }
}
