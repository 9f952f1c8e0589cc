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
    outermost: Outermost,
    /// The index of the first member, row-major.
    offset: usize,
    /// The index of each member, once one said its own.
    indexes: Option<Vec<usize>>,
    /// The index after the last member's.
    next: usize,
    /// Is the array inside an object, after `"$value":`?
    pub(super) wrapped: bool,
    /// Members so far.
    count: usize,
}

/// The outermost dimension.
#[derive(Debug, Clone)]
struct Outermost {
    ranks: usize,
    /// The size of each rank; empty where one does not say it.
    size: Vec<usize>,
}

impl Outermost {
    /// `2,3`, `,3`, or nothing.
    fn read(said: &str) -> Self {
        let sizes: Option<Vec<usize>> = said.split(',').take(MAX_RANKS + 1).map(|s| s.trim().parse().ok()).collect();
        Self { ranks: said.split(',').count(), size: sizes.unwrap_or_default() }
    }

    /// `[1,2]` of that size: the index, row-major; `None`: it is no place of the array.
    fn index(&self, said: &str) -> Option<usize> {
        let ranks = said.trim().strip_prefix('[').and_then(|s| s.strip_suffix(']')).unwrap_or(said).split(',');
        let place: Vec<usize> = ranks.map(|rank| rank.trim().parse().ok()).collect::<Option<_>>()?;
        match place.as_slice() {
            place if place.len() == self.size.len() => place.iter().zip(&self.size).try_fold(0usize, |index, (at, size)| {
                let inside = at < size;
                index.checked_mul(*size)?.checked_add(*at).filter(|_| inside)
            }),
            [index] if self.ranks == 1 => Some(*index),
            _ => None,
        }
    }

    /// The sizes of several ranks.
    fn rows(&self) -> &[usize] {
        if self.ranks > 1 { &self.size } else { &[] }
    }
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
        let outermost = Outermost::read(last);
        if outermost.ranks > MAX_RANKS {
            return Err(self.fail(DecodeErrorKind::Limit, "an array of more than 255 ranks"));
        }
        let offset = match tag.attribute(ns::SOAPENC11, "offset") {
            Some(said) => self.placed(outermost.index(said))?.unwrap_or(0),
            None => 0,
        };
        self.leave_out(offset)?;
        let narrowed = told.item.filter(|t| *t != item_type).zip(told.label);
        Ok(ArrayFrame {
            item_type,
            item_namespace,
            ranks,
            narrowed,
            dims,
            outermost,
            offset,
            indexes: None,
            next: offset,
            wrapped,
            count: 0,
        })
    }

    /// Tells of a position that is no place of the array.
    fn placed(&mut self, index: Option<usize>) -> Result<Option<usize>, DecodeError> {
        if index.is_none() {
            self.deviation("a position that the array does not have")?;
        }
        Ok(index)
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
                told.dims = vec![size.split_whitespace().map(|s| if s == "*" { "" } else { s }).collect::<Vec<_>>().join(",")];
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
        self.place_member(tag)?;
        let Some(Frame { kind: Kind::SoapArray(array), .. }) = self.machine.frames.last_mut() else { return Ok(()) };
        let comma = array.offset + array.count > 0;
        array.count += 1;
        let (item_type, namespace, dims, ranks) = (array.item_type, array.item_namespace, array.dims, array.ranks);
        let narrowed = array.narrowed.clone();
        self.emit(if comma { b"," } else { b"" });
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

    /// Notes the index of the member that begins.
    fn place_member<T: Tag>(&mut self, tag: &T) -> Step {
        let Some(Frame { kind: Kind::SoapArray(array), .. }) = self.machine.frames.last() else { return Ok(()) };
        let index = match tag.attribute(ns::SOAPENC11, "position").map(|said| array.outermost.index(said)) {
            Some(index) => self.placed(index)?,
            None => None,
        };
        let Some(Frame { kind: Kind::SoapArray(array), .. }) = self.machine.frames.last_mut() else { return Ok(()) };
        let index = index.unwrap_or(array.next);
        if index != array.next && array.indexes.is_none() {
            array.indexes = Some((0..array.count).map(|i| array.offset + i).collect());
        }
        array.indexes.as_mut().into_iter().for_each(|all| all.push(index));
        array.next = index.saturating_add(1);
        Ok(())
    }

    /// The end of an array; `start`: the absolute offset of its bracket.
    pub(super) fn end_array(&mut self, start: usize, array: &ArrayFrame) -> Step {
        self.emit(b"]");
        let sizes = array.outermost.rows();
        let product = sizes.iter().try_fold(1usize, |n, s| n.checked_mul(*s)).filter(|_| !sizes.is_empty());
        let places = self.in_their_places(start, array, product.unwrap_or(0))?;
        if product == Some(places) {
            // Below a size of zero there is nothing, however large the others are; above it there are rows without members.
            let upper = sizes.iter().position(|s| *s == 0).map_or(sizes, |zero| sizes.get(..=zero).unwrap_or(sizes));
            if places == 0 {
                let empty = upper.iter().take(upper.len() - 1).try_fold(1usize, |n, s| n.checked_mul(*s));
                self.leave_out(empty.unwrap_or(usize::MAX))?;
            }
            let values = self.members(start);
            self.replace(start, b"");
            let mut values = items(&values);
            self.rows(&mut values, upper)?;
            self.append(values);
        }
        if array.wrapped {
            self.emit(b"}");
        }
        Ok(())
    }

    /// The members of the array whose bracket is at `start`.
    fn members(&self, start: usize) -> Vec<u8> {
        let written = self.written(start);
        written.get(1..written.len().saturating_sub(1)).unwrap_or(&[]).to_vec()
    }

    /// Members after the last one of the array that ends here.
    fn append<'v>(&mut self, values: impl Iterator<Item = &'v [u8]>) {
        self.machine.out.pop();
        for value in values {
            self.emit(b",");
            self.emit(value);
        }
        self.emit(b"]");
    }

    /// Puts members that said their positions there, and `null` for those that are left out; of an array of several ranks up to its size.
    /// Those for which there is no place come after them. Gives how many places there are.
    fn in_their_places(&mut self, start: usize, array: &ArrayFrame, size: usize) -> Result<usize, DecodeError> {
        let count = array.offset + array.count;
        // A part of an array of several ranks has its places, too.
        if array.indexes.is_none() && (array.offset == 0 || size <= count) {
            return Ok(count);
        }
        let values = self.members(start);
        let given = items(&values).skip(array.offset);
        let mut members: Vec<(usize, &[u8])> = match &array.indexes {
            Some(indexes) => indexes.iter().copied().zip(given).collect(),
            None => (array.offset..).zip(given).collect(),
        };
        members.sort_by_key(|(index, _)| *index);
        let last = members.last().map_or(0, |(index, _)| index.saturating_add(1));
        let total = last.max(if last <= size { size } else { 0 });
        self.leave_out(total.saturating_sub(members.len() + array.offset))?;
        self.replace(start, b"[");
        let (mut members, mut beyond) = (members.into_iter().peekable(), Vec::new());
        for index in 0..total {
            self.emit(if index > 0 { b"," } else { b"" });
            let given = members.next_if(|(at, _)| *at == index);
            self.emit(given.map_or(b"null", |(_, value)| value));
            beyond.extend(std::iter::from_fn(|| members.next_if(|(at, _)| *at == index)));
        }
        self.emit(b"]");
        for _ in &beyond {
            self.deviation("two members at one position")?;
        }
        // Nothing is lost.
        self.append(beyond.into_iter().map(|(_, value)| value));
        Ok(total)
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
