//! JSON with placeholders (`{"a": $1, "b": "x-$2"}`) → JSON with expressions.

use serde_json::Value;

use super::expr::{Ex, Kind, plain};

/// Bytes of one payload.
const LARGEST: usize = 256 << 10;
/// What stands for a placeholder outside of texts; not in any text of an archive, because XML has no such character.
const MARK: char = '\u{1}';

/// Reads a payload; `argument` gives what `$n` stands for.
///
/// # Errors
/// Why it is not read.
pub(super) fn payload(text: &str, argument: &mut dyn FnMut(usize) -> Result<Ex, String>) -> Result<Value, String> {
    if text.len() > LARGEST {
        return Err(format!("the payload has more than {LARGEST} bytes"));
    }
    let value: Value = serde_json::from_str(&marked(text)).map_err(|_| "the payload is not JSON".to_owned())?;
    filled(value, argument)
}

/// Placeholders outside of texts as texts of their own.
fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut escaped) = (false, false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            MARK => {}
            '"' if !escaped => {
                inside = !inside;
                out.push(c);
            }
            '$' if !inside && rest.peek().is_some_and(char::is_ascii_digit) => {
                out.push('"');
                // As JSON writes U+0001.
                out.push_str("\\u0001");
                while let Some(digit) = rest.next_if(char::is_ascii_digit) {
                    out.push(digit);
                }
                out.push('"');
            }
            _ => out.push(c),
        }
        escaped = inside && c == '\\' && !escaped;
    }
    out
}

fn filled(value: Value, argument: &mut dyn FnMut(usize) -> Result<Ex, String>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => text_of(&text, argument)?,
        Value::Array(items) => Value::Array(items.into_iter().map(|v| filled(v, argument)).collect::<Result<_, _>>()?),
        Value::Object(members) => {
            Value::Object(members.into_iter().map(|(k, v)| Ok((k, filled(v, argument)?))).collect::<Result<_, String>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    })
}

fn text_of(text: &str, argument: &mut dyn FnMut(usize) -> Result<Ex, String>) -> Result<Value, String> {
    if let Some(number) = text.strip_prefix(MARK) {
        let ex = argument(number.parse().map_err(|_| "this is no placeholder".to_owned())?)?;
        return Ok(Value::from(ex.setting()));
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at);
        out.push_str(&plain(before));
        let digits = after.get(1..).map_or(0, |r| r.bytes().take_while(u8::is_ascii_digit).count());
        match after.get(1..=digits).filter(|_| digits > 0).and_then(|d| d.parse().ok()) {
            Some(number) => {
                let ex = argument(number)?;
                // Between quotes it is a text, whatever it was.
                let is_whole = before.is_empty() && after.len() == digits + 1 && out.is_empty();
                match (is_whole, ex.kind) {
                    (true, Kind::Any | Kind::Number | Kind::Bool) => out.push_str(&format!("{{{{ {} }}}}", ex.as_text())),
                    _ => out.push_str(&ex.setting()),
                }
            }
            None => out.push('$'),
        }
        rest = after.get(1 + digits..).unwrap_or_default();
    }
    out.push_str(&plain(rest));
    Ok(Value::from(out))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_keep_their_kind_outside_of_texts() {
        let mut argument = |n: usize| if n == 9 { Err("no".to_owned()) } else { Ok(Ex::body(vec![format!("v{n}")])) };
        let value = payload(r#"{"a": $1, "b": "$2", "c": "x-$3 $", "d": [$1], "e": 1.50, "f": "{{ body }}", "g\"$": true}"#, &mut argument)
            .unwrap();
        assert_eq!(
            value,
            json!({ "a": "{{ body.v1 }}", "b": "{{ text(body.v2) }}", "c": "x-{{ body.v3 }} $", "d": ["{{ body.v1 }}"],
                    "e": serde_json::from_str::<Value>("1.50").unwrap(), "f": "{{ '{' }}{{ '{' }} body }}", "g\"$": true })
        );
        assert!(payload("{\"a\": $9}", &mut argument).is_err());
        assert!(payload("{\"a\": x}", &mut argument).is_err());
        assert!(payload(&"[".repeat(100_000), &mut argument).is_err());
    }
}
