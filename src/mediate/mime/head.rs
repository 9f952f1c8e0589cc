//! The header of a part: RFC 2045, RFC 2392 (Content-ID), RFC 7578 (form data).

use super::{MediaType, MimeError};

/// Header fields of one part.
const FIELDS: usize = 64;

/// What the header of a part says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartHead {
    /// `Content-ID` without its angle brackets.
    pub content_id: Option<String>,
    /// `Content-Type`, as written, unfolded.
    pub content_type: Option<String>,
    /// `Content-Location`.
    pub location: Option<String>,
    /// `name` of `Content-Disposition`, else of `Content-Type`.
    pub name: Option<String>,
    /// `filename` of `Content-Disposition`.
    pub file_name: Option<String>,
    /// `Content-Transfer-Encoding` in lower case; empty where it is absent.
    pub transfer_encoding: String,
    /// Where the part's content begins in the body, in bytes.
    pub offset: u64,
}

impl PartHead {
    /// Does the content travel as it is?
    pub fn is_plain(&self) -> bool {
        matches!(self.transfer_encoding.as_str(), "" | "binary" | "8bit" | "7bit")
    }
}

impl PartHead {
    /// Reads the lines of a header, without the empty line at its end.
    ///
    /// # Errors
    /// There are too many fields.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, MimeError> {
        let text = String::from_utf8_lossy(bytes);
        // Folded lines are one line (RFC 5322).
        let unfolded = text.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut head = Self::default();
        for (n, line) in unfolded.split("\r\n").filter(|l| !l.is_empty()).enumerate() {
            if n >= FIELDS {
                return Err(MimeError::PartFields);
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "content-id" => first(&mut head.content_id, content_id(value)),
                "content-type" => first(&mut head.content_type, value),
                "content-location" => first(&mut head.location, value),
                "content-transfer-encoding" if head.transfer_encoding.is_empty() => head.transfer_encoding = value.to_ascii_lowercase(),
                "content-disposition" => {
                    let disposition = MediaType::parse(value);
                    head.name = head.name.or_else(|| disposition.parameter("name").map(str::to_owned));
                    head.file_name = head.file_name.or_else(|| disposition.parameter("filename").map(str::to_owned));
                }
                _ => {}
            }
        }
        if head.name.is_none() {
            head.name = head.content_type.as_deref().and_then(|t| MediaType::parse(t).parameter("name").map(str::to_owned));
        }
        Ok(head)
    }

    /// The type of the part; empty where it is not said.
    pub fn media_type(&self) -> MediaType {
        self.content_type.as_deref().map(MediaType::parse).unwrap_or_default()
    }
}

fn first(field: &mut Option<String>, value: &str) {
    field.get_or_insert_with(|| value.to_owned());
}

/// A Content-ID, or a `start` parameter, without its angle brackets.
pub fn content_id(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).unwrap_or(text)
}
