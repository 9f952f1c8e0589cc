//! Which of many files is the root WSDL: the one that no other imports.

use std::collections::HashSet;

use super::library::{Library, Unusable};
use super::location::{self, Location};
use super::scan::Kind;
use super::{Refused, codes};
use crate::diagnostic::{Diagnostic, SourceId, nearest};
use crate::wsdl::documents::ReferenceKind;

/// Finds the root WSDL's path.
///
/// # Errors
/// None, or several: then the candidates.
pub(super) fn find(library: &mut Library, chosen: Option<&str>, place: &str) -> Result<String, Refused> {
    if let Some(chosen) = chosen {
        return choose(library, chosen, place);
    }
    let files = library.files().map_err(|_| {
        let message = format!("{place} holds too many files to look through");
        Refused::because(Diagnostic::error(&codes::TOO_MANY, message).hint("name the WSDL file itself"))
    })?;
    let candidates = candidates(library, &files);
    let free: Vec<String> = {
        let imported = imported(library, &candidates);
        candidates.iter().filter(|c| !imported.contains(*c)).cloned().collect()
    };
    // WSDLs that import each other in a ring: all of them are candidates.
    let free = if free.is_empty() { candidates } else { free };
    let mut serving: Vec<String> = free.iter().filter(|c| serves(library, c)).cloned().collect();
    let mut roots = if serving.len() == 1 { std::mem::take(&mut serving) } else { free };
    match (roots.len(), roots.pop()) {
        (1, Some(root)) => Ok(root),
        (_, None) => Err(none(place, &files)),
        (_, Some(last)) => {
            roots.push(last);
            Err(several(place, roots))
        }
    }
}

fn choose(library: &Library, chosen: &str, place: &str) -> Result<String, Refused> {
    let path = location::join("", &chosen.replace('\\', "/"));
    if library.shelf.has(&path) {
        return Ok(path);
    }
    let siblings = library.shelf.siblings(&path);
    let diagnostic = Diagnostic::error(&codes::MISSING_DOCUMENT, format!("{place} holds no `{chosen}`"));
    Err(Refused::because(match nearest(location::file_name(&path), siblings.iter().map(String::as_str)) {
        Some(n) => diagnostic.hint(format!("did you mean `{n}`?")),
        None => diagnostic,
    }))
}

/// Files that are WSDLs, or are called so and are broken; WSDL 2.0 only where there is no other.
fn candidates(library: &mut Library, files: &[String]) -> Vec<String> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for path in files {
        let called_so = location::file_name(path).to_ascii_lowercase().contains("wsdl");
        // A schema by its name is not parsed to learn that it is none.
        if path.to_ascii_lowercase().ends_with(".xsd") {
            continue;
        }
        match library.scan(path) {
            Ok(s) if s.kind == Kind::Wsdl => first.push(path.clone()),
            Ok(s) if s.kind == Kind::Wsdl20 => second.push(path.clone()),
            Err(Unusable::NotWellFormed(e)) if called_so || e.text.contains("definitions") => second.push(path.clone()),
            Err(Unusable::Read(_)) if called_so => second.push(path.clone()),
            Ok(_) | Err(_) => {}
        }
    }
    if first.is_empty() { second } else { first }
}

/// What the candidates import, by the paths that their locations lead to or, for addresses, by file name.
fn imported(library: &mut Library, candidates: &[String]) -> HashSet<String> {
    let mut out = HashSet::new();
    for path in candidates {
        let Ok(scanned) = library.scan(path) else { continue };
        for reference in scanned.references_in(SourceId(0)).filter(|r| r.kind == ReferenceKind::WsdlImport) {
            let Some(text) = &reference.location else { continue };
            let targets: Vec<String> = match location::read(text) {
                Location::Path(readings) => readings.iter().map(|r| location::join(path, r)).collect(),
                _ => location::file_names(text),
            };
            let by_name = !matches!(location::read(text), Location::Path(_));
            out.extend(
                candidates
                    .iter()
                    .filter(|c| *c != path)
                    .filter(|c| targets.iter().any(|t| t.eq_ignore_ascii_case(if by_name { location::file_name(c) } else { c })))
                    .cloned(),
            );
        }
    }
    out
}

fn serves(library: &mut Library, path: &str) -> bool {
    library.scan(path).is_ok_and(|s| s.has_service)
}

fn none(place: &str, files: &[String]) -> Refused {
    let names: Vec<&str> = files.iter().take(10).map(String::as_str).collect();
    let diagnostic = Diagnostic::error(&codes::NO_WSDL, format!("{place} holds no WSDL"));
    Refused::because(if names.is_empty() {
        diagnostic
    } else {
        diagnostic.hint(format!("looked into {}{}", names.join(", "), if files.len() > 10 { " and others" } else { "" }))
    })
}

fn several(place: &str, roots: Vec<String>) -> Refused {
    let list: Vec<String> = roots.iter().take(20).map(|r| format!("`{r}`")).collect();
    let more = if roots.len() > 20 { format!(" and {} more", roots.len() - 20) } else { String::new() };
    let message = format!("{place} holds {} WSDLs that no other imports: {}{more}", roots.len(), list.join(", "));
    let mut refused = Refused::because(Diagnostic::error(&codes::SEVERAL_WSDLS, message).hint("name one of them"));
    refused.candidates = roots;
    refused
}
