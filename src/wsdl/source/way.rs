//! What a reference leads to: a file, an address, a schema that ships, or nothing, with the reason.

use url::Url;

use super::library::Found;
use super::location::{self, Location};
use super::shelf::Shelf;
use super::walk::{Place, Walk, Way};
use super::{Policy, codes};
use crate::diagnostic::{Code, Diagnostic, Severity, nearest};
use crate::schema::standard::is_standard;
use crate::wsdl::documents::{Reference, ReferenceKind};

impl Walk<'_> {
    pub(super) fn way(&mut self, index: usize, reference: &Reference) -> Way {
        let Some(text) = reference.location.clone() else { return Way::Declared };
        let Some(place) = self.loaded.get(index).map(|d| d.place.clone()) else { return Way::Declared };
        match (location::read(&text), &place) {
            (Location::Empty, _) => Way::Declared,
            (Location::Address(url), Place::File(from)) => self.way_to_address(reference, &text, url, from),
            (Location::Address(url), Place::Address(_)) => self.way_between_addresses(reference, url),
            (Location::Path(readings), Place::File(from)) => self.way_to_path(reference, &text, &readings, from),
            (Location::Path(_) | Location::NameOnly(_), Place::Address(base)) => match base.join(text.trim()) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => self.way_between_addresses(reference, url),
                _ => elsewhere(reference, format!("`{}` is no address", text.trim())),
            },
            (Location::NameOnly(_), Place::File(from)) => self.among_files(reference, &text, Some(from)).unwrap_or_else(|| {
                elsewhere(
                    reference,
                    format!("`{}` is an absolute path: it is not followed, and no such file is beside the WSDL", text.trim()),
                )
            }),
            (Location::Scheme(scheme), place) => {
                let from = if let Place::File(f) = place { Some(f.as_str()) } else { None };
                self.among_files(reference, &text, from)
                    .unwrap_or_else(|| elsewhere(reference, format!("locations of scheme `{scheme}` are not read")))
            }
        }
    }

    fn way_to_path(&mut self, reference: &Reference, text: &str, readings: &[String], from: &str) -> Way {
        let Some(library) = &mut self.library else { return elsewhere(reference, "there are no files".into()) };
        let paths: Vec<String> = readings.iter().map(|r| location::join(from, r)).collect();
        if let Some(path) = paths.iter().find(|p| library.shelf.has(p)) {
            return Way::Place(Place::File(path.clone()));
        }
        if let Some(path) = paths.iter().find_map(|p| library.shelf.find_ignoring_case(p)) {
            self.note(&codes::CASE_DIFFERS, reference, format!("the file is called `{path}`, which differs in case"));
            return Way::Place(Place::File(path));
        }
        let confined = self.options.policy == Policy::Upload || matches!(library.shelf, Shelf::Memory(_));
        let first = paths.first().cloned().unwrap_or_default();
        let names = library.shelf.siblings(&first);
        if let Some(way) = self.among_files(reference, text, Some(from)) {
            return way;
        }
        if confined && location::leads_out(&first) {
            return elsewhere(reference, format!("`{}` leads out of what is being imported, and no such file is in it", text.trim()));
        }
        let near = nearest(location::file_name(&first), names.iter().map(String::as_str));
        elsewhere(
            reference,
            match near {
                Some(n) => format!("there is no file `{first}`; did you mean `{n}`?"),
                None => format!("there is no file `{first}`"),
            },
        )
    }

    /// From a file to an address: the files first, then what ships, then the network.
    fn way_to_address(&mut self, reference: &Reference, text: &str, url: Url, from: &str) -> Way {
        if let Some(way) = self.among_files(reference, text, Some(from)) {
            return way;
        }
        if is_standard_reference(reference) {
            return Way::Standard;
        }
        if self.options.fetcher.is_some() {
            return Way::Place(Place::Address(url));
        }
        Way::Missing("it is an address, which is not fetched here, and no file has its name and namespace".to_owned())
    }

    /// From an address to another. Of a standard schema only the service's own copy is fetched: the public servers of these
    /// schemas are slow on purpose.
    fn way_between_addresses(&mut self, reference: &Reference, url: Url) -> Way {
        let own = self.origin.as_ref().is_some_and(|o| o.host() == url.host());
        if !own && is_standard_reference(reference) {
            return Way::Standard;
        }
        if self.options.fetcher.is_none() {
            return Way::Missing("it is an address, which is not fetched here".to_owned());
        }
        Way::Place(Place::Address(url))
    }

    pub(super) fn way_without_location(&mut self, index: usize, reference: &Reference) -> Way {
        let namespace = reference.namespace.as_deref().filter(|n| !n.is_empty());
        if namespace.is_none() || self.loaded.iter().any(|d| d.scanned.declares(namespace)) {
            return Way::Declared;
        }
        let from = match self.loaded.get(index).map(|d| &d.place) {
            Some(Place::File(path)) => Some(path.clone()),
            _ => None,
        };
        // Several of one namespace are not guessed between, and nothing may be needed of it: the resolver knows.
        match self.library.as_mut().map(|l| l.find(reference, "", &[], from.as_deref())) {
            Some(Found::One(path)) => Way::Place(Place::File(path)),
            _ if is_standard_reference(reference) => Way::Standard,
            _ => Way::Declared,
        }
    }

    /// The file that has the name and namespace of a reference that cannot be followed as it is written.
    fn among_files(&mut self, reference: &Reference, text: &str, from: Option<&str>) -> Option<Way> {
        let names = location::file_names(text);
        match self.library.as_mut()?.find(reference, text, &names, from) {
            Found::None => None,
            Found::One(path) => {
                self.note(&codes::TAKEN_FROM_FILES, reference, format!("taken from the file `{path}`"));
                Some(Way::Place(Place::File(path)))
            }
            // Several copies of a standard schema: the one that ships is as good as any.
            Found::Several(_) if is_standard_reference(reference) => Some(Way::Standard),
            Found::Several(paths) => {
                let list: Vec<String> = paths.iter().take(5).map(|p| format!("`{p}`")).collect();
                Some(Way::Missing(format!("several files could be meant: {}", list.join(", "))))
            }
        }
    }

    fn note(&mut self, code: &'static Code, reference: &Reference, message: String) {
        self.diagnostics.push(Diagnostic::new(Severity::Note, code, message).at(reference.span));
    }
}

/// Missing, unless what is referred to ships.
fn elsewhere(reference: &Reference, reason: String) -> Way {
    if is_standard_reference(reference) { Way::Standard } else { Way::Missing(reason) }
}

pub(super) fn is_standard_reference(reference: &Reference) -> bool {
    reference.kind == ReferenceKind::SchemaImport && reference.namespace.as_deref().is_some_and(is_standard)
}

pub(super) fn is_located(reference: &Reference) -> bool {
    reference.location.as_deref().is_some_and(|l| location::read(l) != Location::Empty)
}
