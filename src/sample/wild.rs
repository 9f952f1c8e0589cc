//! Elements for wildcards.

use super::SampleError;
use super::object::Chosen;
use super::value::{Made, Run};
use crate::plan::node::{Admits, ElementId, NamespaceId, PlaceKind, Process, Shape, Wildcard};

/// An element that stands where a wildcard is.
pub(super) struct Wild {
    pub(super) key: String,
    /// Its declaration; `None` for one that is made up.
    element: Option<ElementId>,
}

/// The namespace of elements that nobody declares.
const INVENTED: &str = "urn:example:any";

impl Run<'_> {
    /// The elements of all wildcards of an object: they share their keys.
    pub(super) fn wild_members(&mut self, shape: &Shape, chosen: &[Chosen], first: &mut bool) -> Made {
        let mut wilds: Vec<(Wild, u32)> = Vec::new();
        for (ix, count) in chosen {
            let place = &shape.places[*ix as usize];
            let PlaceKind::Any(wildcard) = &place.kind else { continue };
            let wild = match self.wild(shape, wildcard) {
                Ok(wild) => wild,
                Err(_) if place.min == 0 => continue,
                Err(e) => return Err(e),
            };
            match wilds.iter_mut().find(|(w, _)| w.key == wild.key) {
                Some((_, n)) => *n += count,
                None => wilds.push((wild, *count)),
            }
        }
        for (wild, count) in wilds {
            let is_array = count > 1 || shape.many_wild && wild.element.is_some();
            self.member(first, &wild.key, |run| {
                if !is_array {
                    return run.wild_value(&wild);
                }
                run.out.push(b'[');
                (0..count as usize).try_for_each(|ix| run.item(ix, |run| run.wild_value(&wild)))?;
                run.out.push(b']');
                Ok(())
            })?;
        }
        Ok(())
    }

    pub(super) fn wild_value(&mut self, wild: &Wild) -> Made {
        match wild.element {
            Some(id) => self.element(id, self.program.element(id).nillable, true),
            None => {
                self.string("any");
                Ok(())
            }
        }
    }

    /// An element for a wildcard of the shape: a declared one if there is one, else one that is made up.
    pub(super) fn wild(&mut self, shape: &Shape, wildcard: &Wildcard) -> Result<Wild, SampleError> {
        let program = self.program;
        if wildcard.process != Process::Skip {
            let mut declared: Vec<ElementId> = program.globals.values().copied().filter(|id| self.is_admitted(wildcard, *id)).collect();
            declared.sort_unstable();
            let found = if self.is_thrifty() {
                self.ways.shallowest(program, &declared)
            } else {
                let fresh = declared.iter().copied().filter(|id| !self.is_repeating(program.element(*id).type_));
                let fresh: Vec<ElementId> = fresh.filter(|id| self.ways.element(program.element(*id), false).is_some()).collect();
                let ix = self.choices().below(fresh.len());
                fresh.get(ix).copied().or_else(|| self.ways.shallowest(program, &declared))
            };
            if let Some(id) = found {
                return Ok(Wild { key: self.wild_key(shape, id), element: Some(id) });
            }
        }
        if wildcard.process == Process::Strict {
            return self.stuck("no element that may stand there is declared");
        }
        let key = match &wildcard.admits {
            Admits::Any | Admits::Not(_) => format!("{{{INVENTED}}}any"),
            Admits::Namespaces(list) => format!("{{{}}}any", program.names.uri(list.first().copied().unwrap_or(NamespaceId::NONE))),
            Admits::Name(name) => {
                format!("{{{}}}{}", program.names.uri(program.names.namespace(*name)), program.names.local(*name))
            }
        };
        Ok(Wild { key, element: None })
    }

    fn is_admitted(&self, wildcard: &Wildcard, id: ElementId) -> bool {
        let element = self.program.element(id);
        let namespace = self.program.names.namespace(element.name);
        !element.is_abstract && wildcard.admits.admits(Some(namespace), Some(element.name))
    }

    /// The property of a declared element under the wildcards of a shape: its local name where that means it alone.
    fn wild_key(&self, shape: &Shape, id: ElementId) -> String {
        let name = self.program.element(id).name;
        let local = self.program.names.local(name);
        let is_typed = |id: &ElementId| {
            let name = self.program.element(*id).name;
            let namespace = self.program.names.namespace(name);
            shape.wildcards.iter().any(|w| w.process != Process::Skip && w.admits.admits(Some(namespace), Some(name)))
        };
        let namesakes = self.program.globals_by_local.get(local).map(Vec::as_slice).unwrap_or_default();
        if namesakes.iter().filter(|id| is_typed(id)).count() == 1 && !shape.takes(local) {
            return local.to_string();
        }
        format!("{{{}}}{local}", self.program.names.uri(self.program.names.namespace(name)))
    }
}
