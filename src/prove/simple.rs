//! Simple types of the schema as scalars, for values and for what a text must be.
//!
//! The scalars' own rules are held against another implementation (`plan::scalar::tests::oracle`); how a schema's types become scalars is said
//! here a second time.

use std::collections::HashMap;
use std::sync::Arc;

use crate::plan::scalar::{FacetKind, FacetSpec, Primitive, Scalar};
use crate::schema::SchemaSet;
use crate::schema::model::{Content, ScopeId, SimpleType, TypeDefinition, TypeId, Variety};
use crate::xml::QName;

/// One for each type of the set; `anySimpleType` for a type that is not simple and has no simple content.
pub(super) fn scalars(schemas: &SchemaSet) -> Vec<Arc<Scalar>> {
    let mut maker = Maker { schemas, made: HashMap::new(), any: Arc::new(Scalar::builtin(Primitive::AnySimple, false)) };
    (0..schemas.types.len()).map(|ix| maker.scalar(TypeId(u32::try_from(ix).unwrap_or(0)), 0)).collect()
}

/// The expanded name of a lexical QName in a schema document.
pub(super) fn resolve(schemas: &SchemaSet, scope: ScopeId, text: &str) -> QName {
    let (prefix, local) = text.trim().split_once(':').unwrap_or(("", text.trim()));
    QName::with_optional(schemas.scope(scope).namespace(prefix).cloned(), local)
}

struct Maker<'d> {
    schemas: &'d SchemaSet,
    made: HashMap<TypeId, Arc<Scalar>>,
    any: Arc<Scalar>,
}

impl Maker<'_> {
    fn scalar(&mut self, id: TypeId, depth: usize) -> Arc<Scalar> {
        if let Some(made) = self.made.get(&id) {
            return made.clone();
        }
        let schemas = self.schemas;
        let made = match schemas.type_definition(id) {
            // Circles are refused by who resolves; this is the last line.
            _ if depth > 64 => self.any.clone(),
            TypeDefinition::Simple(t) => self.simple(t, depth),
            TypeDefinition::Complex(t) => match t.content {
                Content::Simple(text) if text != id => self.scalar(text, depth + 1),
                Content::Simple(_) | Content::Complex(_) => self.any.clone(),
            },
        };
        self.made.insert(id, made.clone());
        made
    }

    fn simple(&mut self, t: &SimpleType, depth: usize) -> Arc<Scalar> {
        let schemas = self.schemas;
        let is_own = t.document.is_some();
        let restricted = t.base.filter(|_| is_own).filter(|b| match (schemas.type_definition(*b), &t.variety) {
            (TypeDefinition::Simple(base), Variety::List(_)) => matches!(base.variety, Variety::List(_)),
            (TypeDefinition::Simple(base), Variety::Union(_)) => matches!(base.variety, Variety::Union(_)),
            (TypeDefinition::Simple(base), Variety::Atomic(_)) => matches!(base.variety, Variety::Atomic(_)),
            (TypeDefinition::Simple(_), Variety::Ur) => true,
            (TypeDefinition::Complex(_), _) => false,
        });
        let base = match (restricted, &t.variety) {
            (Some(base), _) => self.scalar(base, depth + 1),
            (None, Variety::Ur) => self.any.clone(),
            (None, Variety::Atomic(builtin)) => Arc::new(Scalar::builtin(*builtin, false)),
            (None, Variety::List(item)) => Arc::new(Scalar::list(self.scalar(*item, depth + 1))),
            (None, Variety::Union(members)) => Arc::new(Scalar::union(members.iter().map(|m| self.scalar(*m, depth + 1)).collect())),
        };
        // What restricts a built-in atomic type is part of the scalar already.
        if t.facets.is_empty() || (!is_own && matches!(t.variety, Variety::Atomic(_))) {
            return base;
        }
        let is_name = matches!(t.variety, Variety::Atomic(Primitive::QName | Primitive::Notation));
        let facets: Vec<FacetSpec> = t
            .facets
            .iter()
            .map(|f| FacetSpec {
                kind: f.kind,
                value: f.value.clone(),
                qname: (is_name && f.kind == FacetKind::Enumeration).then(|| resolve(schemas, f.scope, &f.value).to_string().into()),
                documentation: None,
            })
            .collect();
        Arc::new(Scalar::restrict(&base, &facets).0)
    }
}
