//! A form that was filled in.

use crate::net::secret::Secret;

/// Fields of one form at most: a page of resources has four for each.
const MAX_FIELDS: usize = 2_000;
/// The field by which a form is known to be of the portal.
pub(super) const TOKEN: &str = "form";

/// The fields of a form, or of an address's query. Its texts may be passwords: it is not printed.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`; `None`: it has too many fields.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let fields: Vec<_> =
            url::form_urlencoded::parse(text).take(MAX_FIELDS + 1).map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        (fields.len() <= MAX_FIELDS).then_some(Self(fields))
    }

    /// Of these fields; `None`: there are too many.
    pub(super) fn of(fields: Vec<(String, String)>) -> Option<Self> {
        (fields.len() <= MAX_FIELDS).then_some(Self(fields))
    }

    /// The first value of a field as it was typed; empty where there is none. Line ends are LF.
    pub(super) fn get(&self, name: &str) -> String {
        self.raw(name).replace("\r\n", "\n")
    }

    /// The same without white space at its ends; `None` where nothing is left.
    pub(super) fn trimmed(&self, name: &str) -> Option<String> {
        let text = self.get(name).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    /// The value of a field that nobody prints.
    pub(super) fn secret(&self, name: &str) -> Secret {
        Secret::new(self.raw(name))
    }

    /// Every value of a field.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The fields whose names begin so, by what stands behind it, with their values.
    pub(super) fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    /// Is the box of that name ticked?
    pub(super) fn is_ticked(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str())
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
