//! The JSON value that an element is written from.

use crate::json::Value;

/// A value, perhaps without reserved members that were dealt with: seen so, not copied.
#[derive(Clone, Copy)]
pub(super) struct Given<'v> {
    pub(super) value: &'v Value<'v>,
    hidden: u8,
}

/// Reserved members that an element deals with before its content.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks<'v> {
    pub(super) type_: Option<&'v Value<'v>>,
    pub(super) nil: Option<&'v Value<'v>>,
}

/// `$type` is dealt with.
pub(super) const TYPE: u8 = 1;
/// `$nil` is dealt with.
pub(super) const NIL: u8 = 2;
/// `$ns` is dealt with.
pub(super) const NS: u8 = 4;
/// `$headers` is dealt with.
pub(super) const HEADERS: u8 = 8;

/// `$attachments` is dealt with.
pub(super) const ATTACHMENTS: u8 = 16;

/// An object's member.
pub(super) type Member<'v> = (&'v str, &'v Value<'v>);

impl<'v> Given<'v> {
    pub(super) fn of(value: &'v Value<'v>) -> Self {
        Self { value, hidden: 0 }
    }

    /// The same without these reserved members.
    pub(super) fn without(self, hidden: u8) -> Self {
        Self { hidden: self.hidden | hidden, ..self }
    }

    pub(super) fn is_object(self) -> bool {
        matches!(self.value, Value::Object(_))
    }

    /// Its members, if it is an object.
    pub(super) fn members(self) -> impl Iterator<Item = Member<'v>> {
        let members: &'v [_] = match self.value {
            Value::Object(members) => members,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => &[],
        };
        members.iter().map(|(k, v)| (&**k, v)).filter(move |(k, _)| !self.hides(k))
    }

    /// Its only member, if it is an object with one.
    pub(super) fn only_member(self) -> Option<Member<'v>> {
        let mut members = self.members();
        members.next().filter(|_| members.next().is_none())
    }

    /// The member of that name.
    pub(super) fn member(self, key: &str) -> Option<&'v Value<'v>> {
        self.members().find(|(k, _)| *k == key).map(|(_, v)| v)
    }

    /// `$type` and `$nil`.
    pub(super) fn marks(self) -> Marks<'v> {
        let mut marks = Marks::default();
        for (key, value) in self.members() {
            match key {
                "$type" => marks.type_ = Some(value),
                "$nil" => marks.nil = Some(value),
                _ => {}
            }
        }
        marks
    }

    /// Was the reserved member of that name dealt with?
    pub(super) fn hides(self, key: &str) -> bool {
        self.hidden != 0
            && match key {
                "$type" => self.hidden & TYPE != 0,
                "$nil" => self.hidden & NIL != 0,
                "$ns" => self.hidden & NS != 0,
                "$attachments" => self.hidden & ATTACHMENTS != 0,
                "$headers" => self.hidden & HEADERS != 0,
                _ => false,
            }
    }
}
