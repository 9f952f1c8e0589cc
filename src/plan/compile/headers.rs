//! Header blocks: which a message declares, and who gives their values.

use std::sync::Arc;

use super::Compiler;
use super::operations::part_of;
use crate::api::{HeaderPart, header_part};
use crate::plan::node::{Block, FixedHeader, MessagePlan, Slot};
use crate::wsdl::model::{BindingOperation, Part};

impl Compiler<'_> {
    /// Adds a header block, once; parts of one name from different messages are numbered (mapping decision 41).
    pub(super) fn header(&mut self, part: &Part, headers: &mut Vec<Slot>) {
        let mut slot = self.slot(part);
        if headers.iter().any(|h| h.tag == slot.tag) {
            return;
        }
        let free = (1..).map(|i| if i == 1 { part.name.clone() } else { Arc::from(format!("{}{i}", part.name)) });
        if let Some(key) = free.into_iter().find(|k| !headers.iter().any(|h| h.key == *k)) {
            slot.key = key;
        }
        headers.push(slot);
    }

    /// `soap:headerfault`s of all header blocks (WSDL 1.1, section 3.7), but for those that the output declares anyway.
    pub(super) fn header_faults(&mut self, bound: &BindingOperation, output: Option<&MessagePlan>) -> Vec<Slot> {
        let mut all = output.map(|m| m.headers.clone()).unwrap_or_default();
        let of_output = all.len();
        for header in bound.input.iter().chain(&bound.output).flat_map(|m| &m.headers).flat_map(|h| &h.header_faults) {
            if let Some(part) = part_of(self.definitions, header.message, &header.part) {
                self.header(part, &mut all);
            }
        }
        all.split_off(of_output)
    }

    /// Takes the header blocks of a request out of the callers' hands that `headers` gives to somebody else.
    pub(super) fn assign_headers(&mut self, operation: &str, input: &mut MessagePlan) {
        for mut slot in std::mem::take(&mut input.headers) {
            let element = self.program.names.local(slot.tag);
            let given = |secret| Some(Block { markup: Arc::default(), secret });
            let block = match header_part(&self.settings.headers, operation, &slot.key, element) {
                part @ (HeaderPart::Caller | HeaderPart::Secret) => {
                    slot.secret = part == HeaderPart::Secret;
                    input.headers.push(slot);
                    continue;
                }
                HeaderPart::Omit => None,
                HeaderPart::Constant(_) => given(false),
                HeaderPart::ApiSecret(_) => given(true),
            };
            input.fixed_headers.push(FixedHeader { slot, after: input.headers.len(), block });
        }
    }
}
