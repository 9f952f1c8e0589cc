//! Messages: the body's layout, and headers.

use super::Style;
use super::value::{Made, Run};
use crate::plan::node::{Body, MessagePlan, Slot};

impl Run<'_> {
    /// The JSON value of a message. Headers are shown by full samples only: what they hold is often decided at import.
    pub(super) fn message(&mut self, message: &MessagePlan) -> Made {
        match &message.body {
            Body::Empty | Body::Undefined { .. } => self.out.extend_from_slice(b"{}"),
            Body::Element(slot) => self.slot(slot, true)?,
            Body::Parts(parts) | Body::Rpc { parts, .. } => self.parts(parts)?,
        }
        if self.style != Style::Full || message.headers.is_empty() {
            return Ok(());
        }
        let body = std::mem::take(&mut self.out);
        self.out.extend_from_slice(b"{\"$headers\":");
        self.below("$headers", |run| run.headers(&message.headers))?;
        match body.strip_prefix(b"{") {
            Some(b"}") => self.out.push(b'}'),
            Some(members) => {
                self.out.push(b',');
                self.out.extend_from_slice(members);
            }
            None => {
                self.out.extend_from_slice(b",\"$value\":");
                self.out.extend_from_slice(&body);
                self.out.push(b'}');
            }
        }
        Ok(())
    }

    /// Each header is optional.
    fn headers(&mut self, headers: &[Slot]) -> Made {
        let mut first = true;
        self.out.push(b'{');
        for slot in headers {
            // One that cannot be made is left out.
            _ = self.member(&mut first, &slot.key, |run| run.slot(slot, false));
        }
        self.out.push(b'}');
        Ok(())
    }

    fn parts(&mut self, parts: &[Slot]) -> Made {
        let mut first = true;
        self.out.push(b'{');
        for slot in parts {
            self.member(&mut first, &slot.key, |run| run.slot(slot, false))?;
        }
        self.out.push(b'}');
        Ok(())
    }

    /// A part. `root`: is it the message's root, whose type is never flattened?
    pub(super) fn slot(&mut self, slot: &Slot, root: bool) -> Made {
        if !slot.members.is_empty() {
            return self.substituted(slot);
        }
        match slot.element {
            Some(id) => self.element(id, self.program.element(id).nillable && !root, !root),
            None => {
                if self.ways.type_(slot.type_).is_none() {
                    self.out.extend_from_slice(b"null");
                    return Ok(());
                }
                let name = self.program.names.local(slot.tag);
                self.depth += 1;
                self.typed(slot.type_, name, !root, None)?;
                self.depth -= 1;
                Ok(())
            }
        }
    }

    /// The head of a substitution group: one property names the element that stands there.
    fn substituted(&mut self, slot: &Slot) -> Made {
        let ix = self.choices().below(slot.members.len());
        let chosen = slot.members.get(ix).copied().filter(|id| self.ways.element(self.program.element(*id), false).is_some());
        let Some(id) = chosen.or_else(|| self.ways.shallowest(self.program, &slot.members)) else {
            return self.stuck("none of the elements that may stand there has an end");
        };
        let element = self.program.element(id);
        self.out.push(b'{');
        self.member(&mut true, self.program.names.local(element.name), |run| run.element(id, element.nillable, true))?;
        self.out.push(b'}');
        Ok(())
    }
}
