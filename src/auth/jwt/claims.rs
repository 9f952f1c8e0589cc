use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// The claims of a token: the registered ones, and the rest as it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// When it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<NumericDate>,
    /// Before when it is not good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<NumericDate>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<NumericDate>,
    /// Its own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Everything else.
    #[serde(skip)]
    pub other: BTreeMap<String, Value>,
}

/// `aud`: one name or several (RFC 7519, section 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(pub Vec<String>);

impl Audience {
    /// Does it hold one of these?
    pub fn has_any(&self, good: &[&str]) -> bool {
        self.0.iter().any(|a| good.contains(&a.as_str()))
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0[..] {
            [one] => serializer.serialize_str(one),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Audience;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or an array of strings")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Audience, E> {
                Ok(Audience(vec![text.to_owned()]))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Audience, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                Ok(Audience(all))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Seconds since 1970, UTC (RFC 7519, section 2); a fraction is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumericDate(pub i64);

impl Serialize for NumericDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        // As far as a double counts seconds exactly: everything else is no date.
        let whole = |f: f64| format!("{:.0}", f.floor()).parse().ok();
        let date: Option<i64> = number.as_i64().or_else(|| number.as_f64().filter(|f| f.abs() < 9e15).and_then(whole));
        date.filter(|d| *d >= 0).map(Self).ok_or_else(|| serde::de::Error::custom("not a NumericDate"))
    }
}

impl Claims {
    /// A claim of that name beside the registered ones, as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.other.get(name)?.as_str()
    }

    /// The scopes in a claim: words in a string (RFC 6749, section 3.3), or an array of strings.
    pub fn scopes(&self, claim: &str) -> Vec<String> {
        match self.other.get(claim) {
            Some(Value::String(text)) => text.split_ascii_whitespace().map(str::to_owned).collect(),
            Some(Value::Array(list)) => list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        }
    }

    /// Reads claims; a name that stands twice is refused, whatever it says (RFC 7519, section 4).
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        let members: Members = serde_json::from_slice(json).ok()?;
        let mut other = members.0;
        let mut claims: Self = {
            let registered = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];
            let own = registered.iter().filter_map(|n| other.remove(*n).map(|v| ((*n).to_owned(), v)));
            serde_json::from_value(Value::Object(own.collect())).ok()?
        };
        claims.other = other;
        Some(claims)
    }

    /// As JSON, the registered claims first.
    pub(super) fn to_value(&self) -> Result<Value, serde_json::Error> {
        let mut value = serde_json::to_value(self)?;
        if let Value::Object(members) = &mut value {
            for (name, one) in &self.other {
                members.entry(name.clone()).or_insert_with(|| one.clone());
            }
        }
        Ok(value)
    }
}

/// An object without a name that stands twice.
pub(super) struct Members(pub(super) BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name, value).is_some() {
                        return Err(serde::de::Error::custom("a name stands twice"));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
