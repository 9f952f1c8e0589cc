//! Particles, model groups and wildcards (part 1, 3.7–3.10).

use super::{Builder, Place};
use crate::diagnostic::{Diagnostic, Severity};
use crate::schema::codes;
use crate::schema::model::{
    Compositor, GroupId, ModelGroup, ModelGroupDefinition, NamespaceConstraint, Particle, ProcessContents, Term, Wildcard,
};
use crate::xml::QName;
use crate::xml::document::Unqualified as _;

impl<'d> Builder<'d> {
    /// The content model among the children of a complex type, extension, restriction or group; the first where there are several.
    pub(super) fn content_model(&mut self, holder: Place<'d>) -> Option<Particle> {
        let mut models = holder.children().filter(|c| matches!(c.local(), "sequence" | "choice" | "all" | "group"));
        let model = models.next()?;
        if let Some(second) = models.next() {
            let span = self.span(second);
            self.warn(
                &codes::SAID_TWICE,
                format!("a second content model (xs:{}) stands here; only the first is used", second.local()),
                span,
            );
        }
        self.particle(model)
    }

    /// `xs:element`, `xs:any`, `xs:group`, `xs:sequence`, `xs:choice` or `xs:all` inside a content model. `None` for what may not
    /// stand at all.
    fn particle(&mut self, place: Place<'d>) -> Option<Particle> {
        let (min, max) = self.occurs(place);
        if max == Some(0) {
            return None;
        }
        self.count_particle(place);
        let term = self.nested(place, |b| b.term(place)).flatten()?;
        Some(Particle { min, max, term })
    }

    fn term(&mut self, place: Place<'d>) -> Option<Term> {
        match place.local() {
            "element" => self.element_term(place),
            "any" => Some(Term::Wildcard(self.wildcard(place))),
            "group" => self.group_term(place),
            local => compositor(local).map(|c| Term::ModelGroup(self.model_group(place, c))),
        }
    }

    /// `xs:sequence`, `xs:choice` or `xs:all`.
    fn model_group(&mut self, place: Place<'d>, compositor: Compositor) -> ModelGroup {
        let is_term = |c: &Place<'d>| matches!(c.local(), "element" | "any" | "group" | "sequence" | "choice" | "all");
        let particles = place.children().filter(is_term).filter_map(|c| self.particle(c)).collect();
        ModelGroup { compositor, particles }
    }

    fn element_term(&mut self, place: Place<'d>) -> Option<Term> {
        if let Some(attribute) = place.attribute("ref") {
            if place.attribute("name").is_some() {
                let span = self.span(place);
                self.warn(&codes::NAME_OR_REF, "this xs:element has a name and a ref; the ref is used".to_owned(), span);
            }
            return match self.element_reference(place, attribute) {
                Ok(id) => Some(Term::Element(id)),
                Err(name) => name.map(Term::Undeclared),
            };
        }
        let Some(local) = self.ncname(place) else {
            self.without_name(place);
            return None;
        };
        self.local_element(place, local).map(Term::Element)
    }

    /// A reference to a group. One that nothing declares is an empty group, so that a choice may stay empty.
    fn group_term(&mut self, place: Place<'d>) -> Option<Term> {
        let Some(attribute) = place.attribute("ref") else {
            self.without_name(place);
            return None;
        };
        let empty = || Term::ModelGroup(ModelGroup { compositor: Compositor::Sequence, particles: Vec::new() });
        Some(self.group_reference(place, attribute).map_or_else(empty, Term::Group))
    }

    /// `minOccurs` and `maxOccurs`; what cannot be read counts as 1.
    fn occurs(&mut self, place: Place<'d>) -> (u32, Option<u32>) {
        let min = self.count(place, "minOccurs").unwrap_or(1);
        let max = match place.node.unqualified("maxOccurs").map(str::trim) {
            Some("unbounded") => return (min, None),
            None => 1,
            Some(_) => self.count(place, "maxOccurs").unwrap_or(1),
        };
        if max < min {
            // `minOccurs="2"` alone is as wrong as both: the default maximum is 1.
            let span = self.span(place);
            self.warn(&codes::BAD_OCCURS, format!("maxOccurs {max} is below minOccurs {min}"), span);
            return if max == 0 { (0, Some(0)) } else { (min, Some(min)) };
        }
        (min, Some(max))
    }

    fn count(&mut self, place: Place<'d>, name: &str) -> Option<u32> {
        let attribute = place.node.unqualified_node(name)?;
        let text = attribute.value().trim();
        let digits = text.strip_prefix('+').unwrap_or(text);
        if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
            // A count beyond 4 294 967 295 is as good as this one.
            return Some(digits.parse().unwrap_or(u32::MAX));
        }
        let span = self.value_span(place, attribute);
        let expected = if name == "minOccurs" { "a whole number from 0" } else { "a whole number from 0, or unbounded" };
        let message = format!("`{name}` is `{text}`; read as 1");
        self.report(Diagnostic::new(Severity::Warning, &codes::BAD_OCCURS, message).at(span).expected(expected));
        None
    }

    /// `xs:any` and `xs:anyAttribute`.
    pub(super) fn wildcard(&mut self, place: Place<'d>) -> Wildcard {
        let target = self.document(place).target.clone();
        let namespaces = match place.node.unqualified("namespace").map(str::trim) {
            None | Some("##any") => NamespaceConstraint::Any,
            Some("##other") => NamespaceConstraint::Not(target),
            Some(list) => NamespaceConstraint::List(
                list.split_ascii_whitespace()
                    .map(|n| match n {
                        "##local" => None,
                        "##targetNamespace" => target.clone(),
                        n => Some(self.intern(n)),
                    })
                    .collect(),
            ),
        };
        let process_contents = match place.node.unqualified("processContents").map(str::trim) {
            None | Some("strict") => ProcessContents::Strict,
            Some("lax") => ProcessContents::Lax,
            Some("skip") => ProcessContents::Skip,
            Some(other) => {
                let span = self.span(place);
                self.warn(&codes::BAD_VALUE, format!("`processContents` is `{other}`, not strict, lax or skip"), span);
                ProcessContents::Strict
            }
        };
        Wildcard { namespaces, process_contents }
    }

    /// Reads a model group definition, `xs:group` with a name, into a group of the set.
    pub(in crate::schema) fn group_definition(&mut self, id: GroupId, name: QName, place: Place<'d>) {
        if let Some(original) = self.original_groups.get(&id).copied() {
            self.redefining = Some(name);
            self.redefined_group = Some(original);
        }
        let mut models = place.children().filter(|c| compositor(c.local()).is_some());
        let model = models.next();
        if let Some(second) = models.next() {
            let span = self.span(second);
            self.warn(
                &codes::SAID_TWICE,
                format!("a second content model (xs:{}) stands here; only the first is used", second.local()),
                span,
            );
        }
        if let Some((model, compositor)) = model.and_then(|m| Some((m, compositor(m.local())?))) {
            self.count_particle(model);
            let group = self.nested(model, |b| b.model_group(model, compositor));
            if let (Some(slot), Some(group)) = (self.set.groups.get_mut(id.index()), group) {
                slot.model_group = group;
            }
        }
        self.redefining = None;
        self.redefined_group = None;
    }

    /// A place in the arena for a group that is read later.
    pub(in crate::schema) fn reserve_group(&mut self, name: QName, place: Place<'d>) -> GroupId {
        let id = GroupId(self.set.groups.len() as u32);
        let model_group = ModelGroup { compositor: Compositor::Sequence, particles: Vec::new() };
        let span = self.span(place);
        self.set.groups.push(ModelGroupDefinition { name, model_group, span });
        id
    }
}

fn compositor(local: &str) -> Option<Compositor> {
    match local {
        "sequence" => Some(Compositor::Sequence),
        "choice" => Some(Compositor::Choice),
        "all" => Some(Compositor::All),
        _ => None,
    }
}
