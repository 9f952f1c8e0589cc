//! Arrays of SOAP encoding: SOAP 1.1 section 5.4.2, SOAP 1.2 part 2 section 3.1.6. Mapping decisions 46 and 47.

use std::sync::Arc;

use super::machine::{Close, Frame, Kind, Run, Step};
use super::tag::{Tag, read_qname};
use super::value::Wanted;
use super::written::items;
use crate::mediate::{DecodeError, DecodeErrorKind};
use crate::plan::node::{SoapArray, TypeBody, TypeId};
use crate::xml::gate::NamespaceId as DocumentNs;
use crate::xml::ns;

/// Members that `position` and `offset` may leave out in all arrays of one message: each becomes a `null`.
const MAX_GAP: usize = 65_536;
/// Ranks of one dimension: each is a level of arrays in JSON.
const MAX_RANKS: usize = 255;

/// An open array.
#[derive(Debug)]
pub(super) struct ArrayFrame {
    /// What the schema says.
    pub(super) item_type: TypeId,
    item_namespace: DocumentNs,
    /// The schema's dimensions below this one.
    ranks: usize,
    /// The type that the instance's `arrayType` names, with its label, where that is another.
    narrowed: Option<(TypeId, Arc<str>)>,
    /// How many dimensions the instance names.
    dims: usize,
    /// The outermost dimension's size, where it has several ranks.
    size: Vec<usize>,
    offset: usize,
    /// Is the array inside an object, after `"$value":`?
    pub(super) wrapped: bool,
    /// Members so far, those that are left out among them.
    count: usize,
}

/// What an array's instance says: item type and dimensions.
struct Told {
    item: Option<TypeId>,
    label: Option<Arc<str>>,
    dims: Vec<String>,
}

impl Run<'_> {
    pub(super) fn soap_array<T: Tag>(
        &mut self,
        tag: &T,
        item_type: TypeId,
        item_namespace: DocumentNs,
        ranks: usize,
        wrapped: bool,
    ) -> Result<ArrayFrame, DecodeError> {
        let told = self.array_told(tag);
        let dims = if told.dims.is_empty() { ranks } else { told.dims.len() };
        let last = told.dims.last().map_or("", String::as_str);
        let size: Vec<usize> = last.split(',').take(MAX_RANKS + 1).filter_map(|s| s.trim().parse().ok()).collect();
        if size.len() > MAX_RANKS {
            return Err(self.fail(DecodeErrorKind::Limit, "an array of more than 255 ranks"));
        }
        let offset = tag.attribute(ns::SOAPENC11, "offset").and_then(|o| o.trim_matches(['[', ']', ' ']).parse().ok()).unwrap_or(0);
        self.leave_out(offset)?;
        let narrowed = told.item.filter(|t| *t != item_type).zip(told.label);
        Ok(ArrayFrame {
            item_type,
            item_namespace,
            ranks,
            narrowed,
            dims,
            size: if size.len() > 1 { size } else { Vec::new() },
            offset,
            wrapped,
            count: 0,
        })
    }

    /// Writes the beginning of the array whose frame was opened.
    pub(super) fn begin_array(&mut self) {
        let Some(Frame { kind: Kind::SoapArray(array), .. }) = self.machine.frames.last() else { return };
        let offset = array.offset;
        self.emit(b"[");
        (0..offset).for_each(|i| self.emit(if i > 0 { b",null" } else { b"null" }));
    }

    /// Counts members that are left out: few bytes ask for many, in this array and in the next.
    fn leave_out(&mut self, members: usize) -> Step {
        self.machine.left_out = self.machine.left_out.saturating_add(members);
        if self.machine.left_out > MAX_GAP {
            return Err(self.fail(DecodeErrorKind::Limit, "arrays that leave out more than 65536 members"));
        }
        Ok(())
    }

    /// The document's number of the namespace that encode gives the members of an array.
    pub(super) fn item_namespace<T: Tag>(&self, tag: &T, array: &SoapArray) -> DocumentNs {
        let uri = self.program.names.uri(self.program.names.namespace(array.item_tag));
        // A namespace that the document does not name is none of its elements'.
        if uri.is_empty() { DocumentNs::NONE } else { tag.scope().id(uri).unwrap_or(DocumentNs(u32::MAX)) }
    }

    fn array_told<T: Tag>(&self, tag: &T) -> Told {
        let mut told = Told { item: None, label: None, dims: Vec::new() };
        let mut name = None;
        if let Some(text) = tag.attribute(ns::SOAPENC11, "arrayType") {
            let (type_name, dims) = text.find('[').map_or((text, ""), |i| text.split_at(i));
            name = Some(type_name.trim());
            told.dims = dims.split(']').filter_map(|d| d.trim().strip_prefix('[')).map(str::to_owned).collect();
        } else {
            name = tag.attribute(ns::SOAPENC12, "itemType").map(str::trim).or(name);
            if let Some(size) = tag.attribute(ns::SOAPENC12, "arraySize") {
                told.dims = vec![size.replace('*', "").split_whitespace().collect::<Vec<_>>().join(",")];
            }
        }
        if let Some((uri, local)) = name.and_then(|n| read_qname(n, tag.scope())) {
            let names = &self.program.names;
            let id = names.namespace_id(uri).and_then(|n| names.find(n, local));
            told.item = id.and_then(|n| self.program.types_by_name.get(&n)).copied();
            told.label = id.and_then(|n| self.program.type_labels.get(&n)).cloned();
        }
        told
    }

    pub(super) fn array_child<T: Tag>(&mut self, tag: &T) -> Step {
        let Some(Frame { kind: Kind::SoapArray(array), .. }) = self.machine.frames.last() else { return Ok(()) };
        let position = tag.attribute(ns::SOAPENC11, "position").and_then(|p| p.trim_matches(['[', ']', ' ']).parse::<usize>().ok());
        let gap = position.map_or(0, |p| p.saturating_sub(array.count));
        self.leave_out(gap)?;
        let Some(Frame { kind: Kind::SoapArray(array), .. }) = self.machine.frames.last_mut() else { return Ok(()) };
        let comma = array.offset + array.count > 0;
        array.count += gap + 1;
        let (item_type, namespace, dims, ranks) = (array.item_type, array.item_namespace, array.dims, array.ranks);
        let narrowed = array.narrowed.clone();
        self.emit(if comma { b"," } else { b"" });
        (0..gap).for_each(|_| self.emit(b"null,"));
        let nil = tag.attribute(ns::XSI, "nil").is_some_and(|v| matches!(v.trim(), "true" | "1"));
        if dims > 1 && !matches!(self.program.type_(item_type).body, TypeBody::SoapArray(_)) {
            let kind = if nil {
                self.emit(b"null");
                Kind::Nil
            } else {
                Kind::SoapArray(self.soap_array(tag, item_type, namespace, ranks.saturating_sub(1).max(1), false)?)
            };
            self.push(kind, tag.namespace(), Close::Nothing);
            self.begin_array();
            return Ok(());
        }
        let mut wanted = Wanted::new(item_type, None, Close::Nothing);
        if let Some((type_, label)) = narrowed.filter(|_| !nil && !tag.is_reference() && tag.attribute(ns::XSI, "type").is_none()) {
            (wanted.declared, wanted.told) = (type_, Some(label));
        }
        wanted.around = Some(namespace);
        self.value(tag, &wanted)
    }

    /// The end of an array; `start`: the absolute offset of its bracket.
    pub(super) fn end_array(&mut self, start: usize, array: &ArrayFrame) -> Step {
        self.emit(b"]");
        let product = array.size.iter().try_fold(1usize, |n, s| n.checked_mul(*s));
        let inner = array.size.get(1..).unwrap_or(&[]);
        // Sizes with a zero among them have no members, however large the others are.
        if product == Some(array.offset + array.count) && product != Some(0) && !inner.is_empty() {
            let written = self.written(start);
            let values = written.get(1..written.len().saturating_sub(1)).unwrap_or(&[]).to_vec();
            self.replace(start, b"");
            self.rows(&mut items(&values), &array.size)?;
        }
        if array.wrapped {
            self.emit(b"}");
        }
        Ok(())
    }

    /// Values in row-major order as nested arrays of these sizes.
    fn rows(&mut self, values: &mut dyn Iterator<Item = &[u8]>, sizes: &[usize]) -> Step {
        self.emit(b"[");
        let (count, inner) = sizes.split_first().map_or((0, sizes), |(count, inner)| (*count, inner));
        for i in 0..count {
            self.emit(if i > 0 { b"," } else { b"" });
            if inner.is_empty() {
                self.emit(values.next().unwrap_or(b"null"));
            } else {
                self.rows(values, inner)?;
            }
        }
        self.emit(b"]");
        self.is_held(0)
    }
}
