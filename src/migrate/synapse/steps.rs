//! Steps of a sequence that is being made, and how they are written.

use std::fmt::Write;

use serde_json::Value;

/// A step, or a comment where one would stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// A verb with its settings.
    Plain(&'static str, Value),
    /// `set_property`: left out where nothing reads it.
    Property { name: String, value: Value },
    /// `if`.
    If { when: String, then: Vec<Step>, otherwise: Vec<Step> },
    /// `switch`.
    Switch { value: String, cases: Vec<(String, Vec<Step>)>, default: Vec<Step> },
    /// What could not be carried over stood here.
    Comment(String),
}

/// The three paths of a sequence.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::migrate) struct Paths {
    pub(super) request: Vec<Step>,
    pub(super) response: Vec<Step>,
    pub(super) fault: Vec<Step>,
}

impl Paths {
    /// Is there nothing to write?
    pub(in crate::migrate) fn is_plain(&self) -> bool {
        self.request.is_empty() && self.response.is_empty() && self.fault.is_empty()
    }

    /// Only comments, no steps?
    pub(in crate::migrate) fn has_steps(&self) -> bool {
        [&self.request, &self.response, &self.fault].into_iter().flatten().any(|s| !matches!(s, Step::Comment(_)))
    }

    /// The text of the file. `about`: what it was made of.
    pub(in crate::migrate) fn to_yaml(&self, about: &[String]) -> String {
        let mut out = String::new();
        let _infallible = self.write(&mut out, about);
        out
    }

    fn write(&self, out: &mut String, about: &[String]) -> std::fmt::Result {
        for line in about {
            writeln!(out, "# {}", one_line(line))?;
        }
        writeln!(out, "version: 1")?;
        writeln!(out, "request:")?;
        steps(out, &self.request, 2)?;
        writeln!(out, "  - to_soap: {{}}")?;
        writeln!(out, "response:")?;
        writeln!(out, "  - to_json: {{}}")?;
        steps(out, &self.response, 2)?;
        writeln!(out, "fault:")?;
        steps(out, &self.fault, 2)?;
        writeln!(out, "  - to_problem: {{}}")
    }
}

fn steps(out: &mut String, list: &[Step], indent: usize) -> std::fmt::Result {
    for step in list {
        let pad = " ".repeat(indent);
        match step {
            Step::Plain(verb, value) => writeln!(out, "{pad}- {verb}: {}", flow(value))?,
            Step::Property { name, value } => {
                let settings = serde_json::json!({ "name": name, "value": value });
                writeln!(out, "{pad}- set_property: {}", flow(&settings))?;
            }
            Step::If { when, then, otherwise } => {
                writeln!(out, "{pad}- if:")?;
                writeln!(out, "{pad}    when: {}", quoted(when))?;
                branch(out, "then", then, indent + 4)?;
                if otherwise.iter().any(|s| !matches!(s, Step::Comment(_))) {
                    branch(out, "else", otherwise, indent + 4)?;
                }
            }
            Step::Switch { value, cases, default } => {
                writeln!(out, "{pad}- switch:")?;
                writeln!(out, "{pad}    value: {}", quoted(value))?;
                writeln!(out, "{pad}    cases:")?;
                for (case, list) in cases {
                    branch(out, &quoted(case), list, indent + 6)?;
                }
                if default.iter().any(|s| !matches!(s, Step::Comment(_))) {
                    branch(out, "default", default, indent + 4)?;
                }
            }
            Step::Comment(text) => writeln!(out, "{pad}# {}", one_line(text))?,
        }
    }
    Ok(())
}

fn branch(out: &mut String, key: &str, list: &[Step], indent: usize) -> std::fmt::Result {
    let pad = " ".repeat(indent);
    if list.iter().all(|s| matches!(s, Step::Comment(_))) {
        writeln!(out, "{pad}{key}: []")?;
        return steps(out, list, indent + 2);
    }
    writeln!(out, "{pad}{key}:")?;
    steps(out, list, indent + 2)
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A value in flow style, as people write it.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members: Vec<String> = members.iter().map(|(k, v)| format!("{}: {}", scalar(k), flow(v))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::String(text) => scalar(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// A text as a plain scalar where no reader could take it for something else.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_-.*".contains(&b))
        && !matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if plain { text.to_owned() } else { quoted(text) }
}

/// A text in double quotes: JSON's escapes are YAML's too.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
