//! Schema documents → [`SchemaSet`], every reference resolved: load, index, read, finish.

mod cycles;
mod finish;
mod index;
mod load;

use std::collections::HashSet;
use std::sync::Arc;

use roxmltree::{Document, Node};

use super::links::Links;
use super::model::SchemaSet;
pub use super::parse::MissingImport;
use super::parse::{Builder, Job};
use crate::diagnostic::{Diagnostic, SourceId};
use crate::xml::QName;

/// What schemas are made from.
#[derive(Clone, Copy)]
pub struct Input<'d> {
    /// The `xs:schema` elements to begin with, in the order in which they count.
    pub schemas: &'d [(Node<'d, 'd>, SourceId)],
    /// The tree of each document, by source id; `None` where it is not well-formed.
    pub trees: &'d [Option<Document<'d>>],
    /// What is behind each reference.
    pub links: &'d Links,
    /// Types and elements that are asked for from outside: shipped schemas come in for them.
    pub wanted: &'d [QName],
}

/// What came of it.
#[derive(Debug)]
pub struct Output {
    /// The components; `None` where a limit was passed.
    pub set: Option<SchemaSet>,
    /// Findings, in the order of the documents.
    pub diagnostics: Vec<Diagnostic>,
    /// Imports and includes that lead nowhere. Whether that is an error depends on what is undeclared: [`Self::unresolved`].
    pub missing: Vec<MissingImport>,
    /// Namespaces of references to components that nothing declares.
    pub unresolved: HashSet<Option<Arc<str>>>,
}

/// Resolves schema documents and all that they refer to.
pub fn resolve(input: Input<'_>) -> Output {
    let mut builder = Builder::new(input.trees, input.links);
    for (node, source) in input.schemas {
        builder.add_schema(*node, *source, None);
    }
    builder.add_wanted_standards();
    builder.index_documents();
    for name in input.wanted {
        builder.want(name);
    }
    builder.read_all();
    builder.finish();
    let stopped = builder.stopped;
    Output {
        set: (!stopped).then_some(builder.set),
        diagnostics: builder.diagnostics,
        missing: builder.missing,
        unresolved: builder.unresolved,
    }
}

impl Builder<'_> {
    /// Reads every indexed component; shipped schemas that come in meanwhile add theirs.
    fn read_all(&mut self) {
        while let Some(job) = self.jobs.pop_front() {
            match job {
                Job::Type(id, name, place) => {
                    if self.redefining_types.contains_key(&id) {
                        self.redefining = Some(name.clone());
                        self.redefined_type = self.original_types.get(&id).copied();
                    }
                    self.type_definition(id, Some(name), place);
                    self.redefining = None;
                    self.redefined_type = None;
                }
                Job::Element(id, name, place) => self.element_declaration(id, name, place, true),
                Job::Attribute(id, name, place) => self.attribute_declaration(id, name, place),
                Job::Group(id, name, place) => self.group_definition(id, name, place),
                Job::AttributeGroup(id) => self.read_attribute_group(id),
            }
        }
    }
}
