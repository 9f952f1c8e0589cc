//! Arrays of SOAP encoding (SOAP 1.1 section 5.4.2, SOAP 1.2 part 2 section 3).

use super::Encoder;
use super::element::Site;
use super::given::Given;
use super::problem::{At, Found};
use super::writer::Tag;
use crate::json::Value;
use crate::plan::node::SoapArray;
use crate::xml::ns;

impl Encoder<'_> {
    /// The members of an array whose dimensions are `ranks`, outermost last. `says_type`: is `xsi:type` still to be written?
    pub(super) fn soap_array(&mut self, array: &SoapArray, ranks: &[u32], value: &Value<'_>, says_type: bool, at: At<'_>) {
        let Some(items) = self.items(value, at) else { return };
        let (rank, inner) = ranks.split_last().map_or((1, ranks), |(r, inner)| (*r, inner));
        let mut sizes = vec![items.len()];
        if !self.measure(items, rank, 1, &mut sizes, at, at) {
            return;
        }
        sizes.resize(rank as usize, 0);
        if self.encoded {
            self.array_type(array, inner, &sizes, says_type);
        }
        self.cells(array, inner, items, rank, at);
    }

    /// Finds the size of each dimension, row-major; false after an error: rows that are no arrays, or of several lengths.
    fn measure(&mut self, items: &[Value<'_>], rank: u32, level: usize, sizes: &mut Vec<usize>, whole: At<'_>, at: At<'_>) -> bool {
        if level >= rank as usize {
            return true;
        }
        for (n, item) in items.iter().enumerate() {
            let path = at.item(n);
            let Value::Array(row) = item else {
                self.errors.add(path.at(), "an array", Found::Value(item));
                return false;
            };
            match sizes.get(level) {
                None => sizes.push(row.len()),
                Some(size) if *size == row.len() => {}
                Some(size) => {
                    let found = format!("lengths {size}, {}", row.len());
                    self.errors.add(whole, "rows of one length", Found::Words(&found));
                    return false;
                }
            }
            if !self.measure(row, rank, level + 1, sizes, whole, path.at()) {
                return false;
            }
        }
        true
    }

    /// `xsi:type` and the array's type and size.
    #[inline(never)]
    fn array_type(&mut self, array: &SoapArray, inner: &[u32], sizes: &[usize], says_type: bool) {
        let names = &self.program.names;
        let encoding = if array.soap12 { ns::SOAPENC12 } else { ns::SOAPENC11 };
        if says_type {
            let name = self.out.qname(Tag { ns: super::writer::Ns::of(names, encoding), local: "Array" });
            self.out.attribute_in(ns::XSI, "type", &name);
        }
        let mut item = self.out.qname(Tag::known(names, array.item_name));
        let sizes: Vec<String> = sizes.iter().map(ToString::to_string).collect();
        if array.soap12 {
            self.out.attribute_in(encoding, "itemType", &item);
            self.out.attribute_in(encoding, "arraySize", &sizes.join(" "));
            return;
        }
        for rank in inner {
            item.push('[');
            item.extend(std::iter::repeat_n(',', (*rank as usize).saturating_sub(1)));
            item.push(']');
        }
        item.push('[');
        item.push_str(&sizes.join(","));
        item.push(']');
        self.out.attribute_in(encoding, "arrayType", &item);
    }

    /// The members, row-major.
    fn cells(&mut self, array: &SoapArray, inner: &[u32], items: &[Value<'_>], rank: u32, at: At<'_>) {
        for (n, item) in items.iter().enumerate() {
            let path = at.item(n);
            match item {
                Value::Array(row) if rank > 1 => self.cells(array, inner, row, rank - 1, path.at()),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                    self.cell(array, inner, item, path.at());
                }
            }
        }
    }

    fn cell(&mut self, array: &SoapArray, inner: &[u32], item: &Value<'_>, at: At<'_>) {
        let tag = Tag::known(&self.program.names, array.item_tag);
        if inner.is_empty() {
            return self.fill(Site { tag, type_: Some(array.item_type), nillable: true, fixed: None, flat: true }, Given::of(item), at);
        }
        self.out.start(tag);
        if matches!(item, Value::Null) {
            self.out.attribute_in(ns::XSI, "nil", "true");
        } else {
            self.soap_array(array, inner, item, true, at);
        }
        self.out.end(tag);
    }
}
