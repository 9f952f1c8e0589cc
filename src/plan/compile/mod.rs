//! The compiler: `Definitions` + `SchemaSet` + the API's choices → [`Program`]. The only part of `plan` that knows them.

pub mod asks;
pub mod codes;
mod consistent;
mod content;
mod freeze;
mod headers;
mod names;
mod operations;
mod scalars;
mod shape;
mod types;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use self::content::Builder;
use self::names::Names;
use super::node::{MappingOptions, NameTable, Program};
use super::scalar::Scalar;
use crate::api::{HeaderRule, Lock};
use crate::diagnostic::{Diagnostic, Severity};
use crate::schema::model::{ElementId, TypeId};
use crate::wsdl::Definitions;

/// The HTTP status of a declared fault that the API definition says nothing of.
pub const DEFAULT_FAULT_STATUS: u16 = 422;

/// What an API definition says to the compiler.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The mapping's options.
    pub mapping: MappingOptions,
    /// (operation, fault) → HTTP status of its problem document.
    pub fault_statuses: HashMap<(Arc<str>, Arc<str>), u16>,
    /// `headers`: who gives the value of which header part.
    pub headers: BTreeMap<String, HeaderRule>,
    /// What was chosen at an earlier import. With a lock, only the wrappers that it names are flattened.
    pub lock: Option<Lock>,
}

/// What comes out.
#[derive(Debug)]
pub struct Compiled {
    /// The program.
    pub program: Program,
    /// Approximations and what was left out; never errors.
    pub diagnostics: Vec<Diagnostic>,
    /// What was chosen, to be frozen. Its `paths` are left to who derives resources.
    pub lock: Lock,
}

/// Compiles a whole WSDL. Total: what cannot be mapped is left out with a diagnostic.
pub fn compile(definitions: &Definitions, settings: &Settings) -> Compiled {
    let mut compiler = Compiler::new(definitions, settings);
    compiler.components();
    compiler.operations();
    compiler.program.index();
    if compiler.builder.exhausted {
        compiler.diagnostics.push(Diagnostic::new(
            Severity::Warning,
            &codes::TOO_MANY_PARTICLES,
            "content models multiply beyond 2000000 particles",
        ));
    }
    let lock = compiler.freeze(false);
    Compiled { program: compiler.program, diagnostics: compiler.diagnostics, lock }
}

/// Every name of a WSDL, also those that need no memory as long as they have no rival: for an update, which may bring one.
pub fn all_names(definitions: &Definitions, settings: &Settings) -> Lock {
    let mut compiler = Compiler::new(definitions, settings);
    compiler.components();
    compiler.operations();
    compiler.freeze(true)
}

struct Compiler<'a> {
    definitions: &'a Definitions,
    settings: &'a Settings,
    program: Program,
    builder: Builder<'a>,
    names: Names<'a>,
    type_keys: HashMap<TypeId, String>,
    scalars: HashMap<TypeId, Arc<Scalar>>,
    keys: HashMap<TypeId, Rc<shape::TypeKeys>>,
    attributes: HashMap<TypeId, types::Attributes>,
    /// Elements of one name and different types that were told of.
    told: HashSet<(ElementId, ElementId)>,
    /// How many [`operations::MAX_SLOTS`] leaves.
    slots_left: usize,
    operations_left_out: usize,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Compiler<'a> {
    fn new(definitions: &'a Definitions, settings: &'a Settings) -> Self {
        Self {
            definitions,
            settings,
            program: Program { names: NameTable::new(), options: settings.mapping.clone(), ..Program::default() },
            builder: Builder::new(&definitions.schemas),
            names: Names::new(definitions, settings.lock.as_ref()),
            type_keys: freeze::type_keys(&definitions.schemas),
            scalars: HashMap::new(),
            keys: HashMap::new(),
            attributes: HashMap::new(),
            told: HashSet::new(),
            slots_left: operations::MAX_SLOTS,
            operations_left_out: 0,
            diagnostics: Vec::new(),
        }
    }
}
