//! YAML text → a tree of located values, and a reader that takes settings from it one by one and reports what is left.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::diagnostic::nearest;

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// `FILE:LINE:COLUMN`, `FILE`, or the variable.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for ConfigError {}

impl ConfigError {
    /// A file that cannot be read.
    pub(crate) fn unreadable(name: &str, error: &io::Error) -> Self {
        Self { place: name.to_owned(), message: format!("cannot be read: {error}") }
    }
}

/// The environment variables that begin with `CASTILE_` and have a `__`: the others of that prefix are not settings.
#[derive(Debug, Default, Clone)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Those of this process.
    #[allow(clippy::disallowed_methods, reason = "config is the one room that reads the environment")]
    pub fn of_process() -> Self {
        Self::from_pairs(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))))
    }

    /// These.
    pub fn from_pairs<K: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(k, v)| (k.into(), v.into()));
        Self(pairs.filter(|(k, _)| k.starts_with("CASTILE_") && k.contains("__")).collect())
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    File { line: u64, column: u64 },
    Variable(String),
}

#[derive(Debug)]
struct Node {
    origin: Origin,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Null,
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping(Vec<(String, Origin, Node)>),
}

/// What serde sees; locations come from [`Spanned`].
enum Raw {
    Null,
    Scalar(String),
    Sequence(Vec<Spanned<Raw>>),
    Mapping(Vec<(Spanned<String>, Spanned<Raw>)>),
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }
    fn visit_bool<E>(self, v: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_string()))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_string()))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_string()))
    }
    fn visit_f64<E>(self, v: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_string()))
    }
    fn visit_str<E>(self, v: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(v.to_owned()))
    }
    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::Sequence(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key()? {
            entries.push((key, map.next_value()?));
        }
        Ok(Raw::Mapping(entries))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

fn located(location: serde_saphyr::Location) -> Origin {
    Origin::File { line: location.line(), column: location.column() }
}

fn node(raw: Spanned<Raw>) -> Node {
    let origin = located(raw.referenced);
    let kind = match raw.value {
        Raw::Null => Kind::Null,
        Raw::Scalar(text) => Kind::Scalar(text),
        Raw::Sequence(items) => Kind::Sequence(items.into_iter().map(node).collect()),
        Raw::Mapping(entries) => Kind::Mapping(entries.into_iter().map(|(k, v)| (k.value, located(k.referenced), node(v))).collect()),
    };
    Node { origin, kind }
}

/// The whole tree with the file's name.
pub(super) struct Root {
    file: String,
    node: Node,
    errors: Vec<ConfigError>,
}

impl Root {
    /// Reads YAML text; an empty one is an empty mapping.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, Vec<ConfigError>> {
        let empty = || Node { origin: Origin::File { line: 1, column: 1 }, kind: Kind::Mapping(Vec::new()) };
        if text.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#')) {
            return Ok(Self { file: file.to_owned(), node: empty(), errors: Vec::new() });
        }
        let raw: Spanned<Raw> = serde_saphyr::from_str(text).map_err(|e| {
            let place = e.location().map_or_else(|| file.to_owned(), |l| format!("{file}:{}:{}", l.line(), l.column()));
            let message = e.without_snippet().to_string();
            vec![ConfigError { place, message: message.lines().next().unwrap_or("not YAML").to_owned() }]
        })?;
        let node = node(raw);
        match node.kind {
            Kind::Mapping(_) => Ok(Self { file: file.to_owned(), node, errors: Vec::new() }),
            Kind::Null => Ok(Self { file: file.to_owned(), node: empty(), errors: Vec::new() }),
            Kind::Scalar(_) | Kind::Sequence(_) => {
                Err(vec![ConfigError { place: format!("{file}:1:1"), message: String::from("expected a mapping of settings") }])
            }
        }
    }

    /// Puts the variables over the file's values.
    pub(super) fn overlay(&mut self, variables: &Variables) {
        for (name, value) in &variables.0 {
            let path = name.trim_start_matches("CASTILE_");
            let (path, value) = match path.strip_suffix("_FILE") {
                Some(path) => match std::fs::read_to_string(value) {
                    Ok(text) => (path, text.trim_end_matches(['\n', '\r']).to_owned()),
                    Err(e) => {
                        self.errors.push(ConfigError { place: name.clone(), message: format!("`{value}` cannot be read: {e}") });
                        continue;
                    }
                },
                None => (path, value.clone()),
            };
            let keys: Vec<String> = path.split("__").map(str::to_ascii_lowercase).collect();
            set(&mut self.node, &keys, value, name);
        }
    }

    /// A reader of the top mapping.
    pub(super) fn into_reader(self) -> (Errors, Section) {
        let errors = Errors { file: self.file, list: self.errors, settings: Vec::new() };
        (errors, Section { path: String::new(), entries: entries(self.node), known: Vec::new() })
    }
}

fn entries(node: Node) -> Vec<(String, Origin, Node)> {
    match node.kind {
        Kind::Mapping(entries) => entries,
        Kind::Null | Kind::Scalar(_) | Kind::Sequence(_) => Vec::new(),
    }
}

fn set(node: &mut Node, keys: &[String], value: String, variable: &str) {
    let origin = Origin::Variable(variable.to_owned());
    let Some((key, rest)) = keys.split_first() else {
        *node = Node { origin, kind: Kind::Scalar(value) };
        return;
    };
    if !matches!(node.kind, Kind::Mapping(_)) {
        node.kind = Kind::Mapping(Vec::new());
    }
    let Kind::Mapping(entries) = &mut node.kind else { return };
    let at = entries.iter().position(|(k, _, _)| k == key).unwrap_or_else(|| {
        entries.push((key.clone(), origin.clone(), Node { origin, kind: Kind::Null }));
        entries.len() - 1
    });
    if let Some((_, _, child)) = entries.get_mut(at) {
        set(child, rest, value, variable);
    }
}

/// A setting that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The way to it: `listen.gateway.address`.
    pub path: String,
    /// What it takes.
    pub kind: SettingKind,
}

/// What a setting takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingKind {
    /// Settings below it.
    Group,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Count,
    /// One of these words.
    Word(Vec<&'static str>),
    /// A text, with a grammar of its own.
    Text,
    /// A list of texts.
    List,
}

impl SettingKind {
    /// What the reader of one value takes, seen from outside.
    fn of<T>(parse: impl Fn(&str) -> Result<T, String>) -> Self {
        let takes = |text: &str| parse(text).is_ok();
        match () {
            () if takes("true") && takes("false") && !takes("x") => Self::Boolean,
            () if takes("1") && !["x", "1s", "1MiB"].into_iter().any(takes) => Self::Count,
            () => Self::Text,
        }
    }
}

/// The errors found so far, and the settings that were asked for.
pub(super) struct Errors {
    file: String,
    list: Vec<ConfigError>,
    settings: Vec<Setting>,
}

impl Errors {
    fn push(&mut self, origin: &Origin, message: String) {
        let place = match origin {
            Origin::File { line, column } => format!("{}:{line}:{column}", self.file),
            Origin::Variable(name) => name.clone(),
        };
        self.list.push(ConfigError { place, message });
    }

    /// An error of the settings as a whole.
    pub(super) fn whole(&mut self, message: String) {
        self.list.push(ConfigError { place: self.file.clone(), message });
    }

    /// Every setting that was asked for, whether it is there or not, groups before what is in them.
    pub(super) fn into_settings(self) -> Vec<Setting> {
        self.settings
    }

    /// `value`, or the errors where there are any.
    pub(super) fn finish<T>(self, value: T) -> Result<T, Vec<ConfigError>> {
        if self.list.is_empty() { Ok(value) } else { Err(self.list) }
    }
}

/// One mapping of settings that is being read.
pub(super) struct Section {
    path: String,
    entries: Vec<(String, Origin, Node)>,
    known: Vec<&'static str>,
}

impl Section {
    fn child_path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn take(&mut self, key: &'static str) -> Option<Node> {
        self.known.push(key);
        let at = self.entries.iter().position(|(k, _, _)| k == key)?;
        Some(self.entries.remove(at).2)
    }

    /// The mapping under `key`; empty where it is absent.
    pub(super) fn section(&mut self, key: &'static str, errors: &mut Errors) -> Section {
        let path = self.child_path(key);
        errors.settings.push(Setting { path: path.clone(), kind: SettingKind::Group });
        let entries = match self.take(key) {
            None | Some(Node { kind: Kind::Null, .. }) => Vec::new(),
            Some(Node { kind: Kind::Mapping(entries), .. }) => entries,
            Some(Node { origin, kind: Kind::Scalar(_) | Kind::Sequence(_) }) => {
                errors.push(&origin, format!("`{path}` is a group of settings: expected a mapping"));
                Vec::new()
            }
        };
        Section { path, entries, known: Vec::new() }
    }

    /// Replaces `value` by the scalar under `key`, where there is one.
    pub(super) fn value<T>(&mut self, key: &'static str, value: &mut T, errors: &mut Errors, parse: impl Fn(&str) -> Result<T, String>) {
        let kind = SettingKind::of(&parse);
        self.scalar(key, kind, value, errors, parse);
    }

    /// Replaces `value` by what the word under `key` stands for, where there is one.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, value: &mut T, errors: &mut Errors, words: &[(&'static str, T)]) {
        let known: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
        let wanted = known.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(" or ");
        self.scalar(key, SettingKind::Word(known), value, errors, |text| {
            let found = words.iter().find(|(word, _)| *word == text);
            found.map(|(_, value)| *value).ok_or_else(|| format!("expected {wanted}, found `{text}`"))
        });
    }

    fn scalar<T>(
        &mut self,
        key: &'static str,
        kind: SettingKind,
        value: &mut T,
        errors: &mut Errors,
        parse: impl Fn(&str) -> Result<T, String>,
    ) {
        let path = self.child_path(key);
        errors.settings.push(Setting { path: path.clone(), kind });
        let Some(node) = self.take(key) else { return };
        match node.kind {
            Kind::Scalar(text) => match parse(&text) {
                Ok(parsed) => *value = parsed,
                Err(message) => errors.push(&node.origin, format!("`{path}`: {message}")),
            },
            Kind::Null => {}
            Kind::Sequence(_) | Kind::Mapping(_) => errors.push(&node.origin, format!("`{path}`: expected one value")),
        }
    }

    /// Replaces `list` by the sequence under `key` (in a variable: separated by commas), where there is one.
    pub(super) fn list<T>(&mut self, key: &'static str, list: &mut Vec<T>, errors: &mut Errors, parse: impl Fn(&str) -> Result<T, String>) {
        let path = self.child_path(key);
        errors.settings.push(Setting { path: path.clone(), kind: SettingKind::List });
        let Some(node) = self.take(key) else { return };
        let items: Vec<(Origin, String)> = match node.kind {
            Kind::Null => Vec::new(),
            Kind::Scalar(text) => {
                text.split(',').map(|t| (node.origin.clone(), t.trim().to_owned())).filter(|(_, t)| !t.is_empty()).collect()
            }
            Kind::Sequence(nodes) => {
                let mut items = Vec::new();
                for item in nodes {
                    match item.kind {
                        Kind::Scalar(text) => items.push((item.origin, text)),
                        Kind::Null | Kind::Sequence(_) | Kind::Mapping(_) => {
                            errors.push(&item.origin, format!("`{path}`: expected a list of values"))
                        }
                    }
                }
                items
            }
            Kind::Mapping(_) => {
                errors.push(&node.origin, format!("`{path}`: expected a list"));
                return;
            }
        };
        list.clear();
        for (origin, text) in items {
            match parse(&text) {
                Ok(parsed) => list.push(parsed),
                Err(message) => errors.push(&origin, format!("`{path}`: {message}")),
            }
        }
    }

    /// Reports what was not taken.
    pub(super) fn finish(self, errors: &mut Errors) {
        for (key, origin, value) in &self.entries {
            let path = self.child_path(key);
            let hint = nearest(key, self.known.iter().copied()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            // A variable's own place says more than that of the mapping it made.
            let origin = if matches!(value.origin, Origin::Variable(_)) { &value.origin } else { origin };
            errors.push(origin, format!("`{path}` is not a setting{hint}"));
        }
    }
}
