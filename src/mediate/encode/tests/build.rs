//! Small programs by hand.

use std::collections::HashSet;
use std::sync::Arc;

use crate::plan::Program;
use crate::plan::node::*;
use crate::plan::scalar::{Primitive, Scalar};

/// The namespace of what the tests declare.
pub(super) const T: &str = "urn:t";

pub(super) struct Build {
    pub(super) program: Program,
}

impl Build {
    pub(super) fn new() -> Self {
        let mut program = Program { names: NameTable::new(), ..Program::default() };
        let name = program.names.intern(crate::xml::ns::XSD, "anyType");
        program.types.push(Type {
            name: Some(name),
            label: "xs:anyType".into(),
            base: None,
            is_abstract: false,
            derived: Vec::new(),
            union_members: Vec::new(),
            body: TypeBody::Generic,
            documentation: None,
        });
        program.any_type = Some(TypeId(0));
        program.types_by_name.insert(name, TypeId(0));
        Self { program }
    }

    pub(super) fn add_type(&mut self, name: &str, base: Option<TypeId>, body: TypeBody) -> TypeId {
        let id = TypeId(self.program.types.len() as u32);
        let (uri, label) = if let Some(local) = name.strip_prefix("xs:") { (crate::xml::ns::XSD, local) } else { (T, name) };
        let name_id = (!name.is_empty()).then(|| self.program.names.intern(uri, label));
        self.program.types.push(Type {
            name: name_id,
            label: name.into(),
            base,
            is_abstract: false,
            derived: Vec::new(),
            union_members: Vec::new(),
            body,
            documentation: None,
        });
        if let Some(n) = name_id {
            self.program.types_by_name.insert(n, id);
            self.program.types_by_label.insert(name.into(), id);
        }
        id
    }

    pub(super) fn simple(&mut self, primitive: Primitive) -> TypeId {
        let name = match primitive {
            Primitive::String => "xs:string",
            Primitive::Int => "xs:int",
            Primitive::Decimal => "xs:decimal",
            Primitive::Boolean => "xs:boolean",
            Primitive::QName => "xs:QName",
            Primitive::Long => "xs:long",
            _ => "",
        };
        self.add_type(name, None, TypeBody::Simple(Arc::new(Scalar::builtin(primitive, false))))
    }

    pub(super) fn element(&mut self, local: &str, type_: TypeId) -> ElementId {
        self.element_in(T, local, type_)
    }

    pub(super) fn element_in(&mut self, ns: &str, local: &str, type_: TypeId) -> ElementId {
        let id = ElementId(self.program.elements.len() as u32);
        let name = self.program.names.intern(ns, local);
        self.program.elements.push(Element {
            name,
            type_,
            nillable: false,
            is_abstract: false,
            value_if_empty: None,
            fixed: None,
            default: None,
            members: Vec::new(),
            documentation: None,
        });
        id
    }

    pub(super) fn global(&mut self, ns: &str, local: &str, type_: TypeId) -> ElementId {
        let id = self.element_in(ns, local, type_);
        let name = self.program.elements[id.index()].name;
        self.program.globals.insert(name, id);
        id
    }

    /// A shape from places and a model over their indices.
    pub(super) fn shape(&mut self, places: Vec<Place>, model: Particle) -> ShapeId {
        let mut shape = Shape { model: Some(model), places, ..Shape::default() };
        for (ix, place) in shape.places.iter().enumerate() {
            match &place.kind {
                PlaceKind::Element(id) => {
                    let name = self.program.elements[id.index()].name;
                    let found = Found { element: *id, place: ix as PlaceIx, nillable: place.nillable };
                    shape.by_name.entry(name).or_insert(found);
                    shape.content_names.entry(place.key.clone()).or_insert(*id);
                    shape.content_keys.entry(name).or_insert(place.key.clone());
                }
                PlaceKind::Items(inner) => {
                    let inner = &self.program.shapes[inner.index()];
                    shape.wildcards.extend(inner.wildcards.iter().cloned());
                    shape.content_names.extend(inner.content_names.iter().map(|(k, v)| (k.clone(), *v)));
                }
                PlaceKind::Any(w) => {
                    shape.wildcards.push(w.clone());
                    shape.many_wild |= place.max != Some(1);
                }
            }
        }
        shape.taken_keys = shape.content_names.keys().cloned().collect::<HashSet<_>>().into();
        let id = ShapeId(self.program.shapes.len() as u32);
        self.program.shapes.push(shape);
        id
    }

    /// A sequence of all places.
    pub(super) fn sequence(&mut self, places: Vec<Place>) -> ShapeId {
        let model = group(Compositor::Sequence, false, (0..places.len() as u32).map(Particle::Place).collect());
        self.shape(places, model)
    }

    pub(super) fn complex(&mut self, name: &str, content: Content) -> TypeId {
        self.add_type(name, None, TypeBody::Complex(ComplexType { attributes: Vec::new(), any_attribute: None, content, is_flat: false }))
    }

    pub(super) fn complex_mut(&mut self, id: TypeId) -> &mut ComplexType {
        match &mut self.program.types[id.index()].body {
            TypeBody::Complex(c) => c,
            _ => panic!("no complex type"),
        }
    }

    pub(super) fn attribute(&mut self, ns: &str, local: &str, primitive: Primitive, required: bool) -> Attribute {
        Attribute {
            name: self.program.names.intern(ns, local),
            key: format!("@{local}").into(),
            scalar: Arc::new(Scalar::builtin(primitive, false)),
            required,
            fixed: None,
            default: None,
            documentation: None,
        }
    }

    pub(super) fn slot(&mut self, element: ElementId) -> Slot {
        let e = &self.program.elements[element.index()];
        Slot {
            key: self.program.names.local(e.name).clone(),
            tag: e.name,
            element: Some(element),
            type_: e.type_,
            nillable: e.nillable,
            members: Vec::new(),
            secret: false,
            documentation: None,
        }
    }

    /// The program with one operation whose input is that element.
    pub(super) fn finish(mut self, root: ElementId) -> Program {
        let slot = self.slot(root);
        self.finish_with(MessagePlan {
            body: Body::Element(slot),
            encoded: false,
            headers: Vec::new(),
            fixed_headers: Vec::new(),
            attachments: Vec::new(),
        })
    }

    pub(super) fn finish_with(mut self, input: MessagePlan) -> Program {
        self.program.operations.push(OperationPlan {
            name: "Op".into(),
            overload: 0,
            service: None,
            port: None,
            binding: "B".into(),
            port_type: "P".into(),
            version: SoapVersion::Soap11,
            soap_action: None,
            wsa_action: None,
            action: "".into(),
            asks: Default::default(),
            wsa_reply_action: None,
            address: None,
            safe: false,
            pattern: Pattern::OneWay,
            input,
            output: None,
            faults: Vec::new(),
            header_faults: Vec::new(),
            documentation: None,
            annotations: Annotations::default(),
        });
        self.program.index();
        self.program
    }
}

pub(super) fn group(compositor: Compositor, optional: bool, particles: Vec<Particle>) -> Particle {
    Particle::Group(Group { compositor, optional, particles })
}

pub(super) fn place(kind: PlaceKind, key: &str, min: u32, max: Option<u32>) -> Place {
    let array = !matches!(kind, PlaceKind::Any(_)) && max != Some(1) || matches!(kind, PlaceKind::Items(_));
    Place { kind, key: key.into(), first: 0, array, in_choice: false, nillable: false, min, max }
}

pub(super) fn any(admits: Admits, process: Process, min: u32, max: Option<u32>) -> Place {
    place(PlaceKind::Any(Wildcard { admits, process }), "", min, max)
}
