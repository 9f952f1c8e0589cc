//! XPath 1.0 with Synapse's functions and variables, as far as it means the same in Castile's expressions.

use super::expr::{Ex, From, Kind, is_number};

/// Bytes of an expression.
const LONGEST: usize = 2_048;
/// Levels of brackets and arguments.
const DEPTH: usize = 40;

/// What an expression may ask of the sequence that it stands in.
pub(super) trait Scope {
    /// `get-property('scope', 'name')`, `$ctx:name`, `$trp:name`; scope `default` where none is given.
    ///
    /// # Errors
    /// Why it has no counterpart.
    fn property(&mut self, scope: &str, name: &str) -> Result<Ex, String>;

    /// A location path below the message's body: names without prefixes, and whether it begins with `//`.
    ///
    /// # Errors
    /// Why it has no counterpart.
    fn location(&mut self, names: &[String], anywhere: bool) -> Result<Ex, String>;

    /// `json-eval($.a.b)`.
    ///
    /// # Errors
    /// Why it has no counterpart.
    fn json(&mut self, path: &str) -> Result<Ex, String>;
}

/// What an expression is known to be.
pub(super) enum Truth {
    /// Always the same.
    Known(bool),
    /// A condition of Castile.
    When(String),
}

/// A value.
///
/// # Errors
/// Why it has no counterpart.
pub(super) fn value(text: &str, scope: &mut dyn Scope) -> Result<Ex, String> {
    let mut parser = Parser::new(text, scope)?;
    let ex = parser.or()?;
    parser.end()?;
    Ok(ex)
}

/// A condition: what XPath makes true or false of a value.
///
/// # Errors
/// Why it has no counterpart.
pub(super) fn condition(text: &str, scope: &mut dyn Scope) -> Result<Truth, String> {
    let ex = value(text, scope)?;
    Ok(match ex.text.as_str() {
        "true" => Truth::Known(true),
        "false" => Truth::Known(false),
        _ => Truth::When(boolean(&ex)),
    })
}

/// As XPath's `boolean()`: a text is true where it has characters.
fn boolean(ex: &Ex) -> String {
    match (&ex.from, ex.kind) {
        (_, Kind::Bool) => ex.text.clone(),
        (From::Constant(text), _) => (!text.is_empty()).to_string(),
        (From::Body(_), _) => format!("exists({})", ex.text),
        (_, Kind::Number) => format!("{} != 0", ex.text),
        (_, Kind::Text | Kind::Any) => format!("{} != ''", ex.as_text_or_empty()),
    }
}

struct Parser<'p> {
    text: &'p str,
    at: usize,
    depth: usize,
    scope: &'p mut dyn Scope,
}

impl<'p> Parser<'p> {
    fn new(text: &'p str, scope: &'p mut dyn Scope) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("the expression is longer than {LONGEST} bytes"));
        }
        Ok(Self { text, at: 0, depth: 0, scope })
    }

    fn rest(&self) -> &'p str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, sign: &str) -> bool {
        self.space();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    /// An operator that is a word.
    fn word(&mut self, word: &str) -> bool {
        self.space();
        let follows = |rest: &str| rest.get(word.len()..).and_then(|r| r.chars().next()).is_none_or(|c| c.is_whitespace() || c == '(');
        let found = self.rest().starts_with(word) && follows(self.rest());
        if found {
            self.at += word.len();
        }
        found
    }

    fn end(&mut self) -> Result<(), String> {
        self.space();
        if self.rest().is_empty() { Ok(()) } else { Err(format!("`{}` is not read", self.rest().chars().take(40).collect::<String>())) }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth >= DEPTH {
            return Err(format!("the expression is more than {DEPTH} levels deep"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Result<Ex, String> {
        self.deeper(|p| p.joined("or", |p| p.joined("and", Self::equality)))
    }

    fn joined(&mut self, word: &'static str, next: impl Fn(&mut Self) -> Result<Ex, String>) -> Result<Ex, String> {
        let first = next(self)?;
        if !self.word(word) {
            return Ok(first);
        }
        let mut parts = vec![first];
        loop {
            parts.push(next(self)?);
            if !self.word(word) {
                break;
            }
        }
        let decided = if word == "or" { "true" } else { "false" };
        let mut open: Vec<String> = Vec::new();
        for part in parts.iter().map(boolean) {
            match part.as_str() {
                known if known == decided => return Ok(Ex::of(decided, From::Fixed, Kind::Bool)),
                "true" | "false" => {}
                _ => open.push(part),
            }
        }
        match open.len() {
            0 => Ok(Ex::of(if word == "or" { "false" } else { "true" }, From::Fixed, Kind::Bool)),
            1 => Ok(Ex::mixed(open.pop().unwrap_or_default(), Kind::Bool)),
            _ => Ok(Ex::mixed(format!("({})", open.join(&format!(" {word} "))), Kind::Bool)),
        }
    }

    fn equality(&mut self) -> Result<Ex, String> {
        let left = self.primary()?;
        for sign in ["!=", "<=", ">=", "=", "<", ">"] {
            if self.take(sign) {
                let right = self.primary()?;
                return Ok(compared(&left, sign, &right));
            }
        }
        if let Some(sign) = ["+", "*", "|", "- "].into_iter().find(|s| self.rest().trim_start().starts_with(s)) {
            return Err(format!("`{}` has no counterpart", sign.trim()));
        }
        Ok(left)
    }

    fn primary(&mut self) -> Result<Ex, String> {
        self.space();
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Err("a value is missing".to_owned()) };
        if first == '(' {
            self.at += 1;
            let inner = self.or()?;
            return if self.take(")") { Ok(inner) } else { Err("a bracket is not closed".to_owned()) };
        }
        if first == '\'' || first == '"' {
            let Some((inside, _)) = rest.get(1..).and_then(|r| r.split_once(first)) else { return Err("a text has no end".to_owned()) };
            self.at += inside.len() + 2;
            return Ok(Ex::constant(inside));
        }
        if first.is_ascii_digit() || first == '-' {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).unwrap_or(rest.len());
            let number = rest.get(..end).unwrap_or_default();
            self.at += end;
            return match is_number(number) {
                true => Ok(Ex::of(number, From::Constant(number.to_owned()), Kind::Number)),
                false => Err("this is no number".to_owned()),
            };
        }
        if first == '$' {
            return self.variable();
        }
        let name_end = rest.find(|c: char| !(c.is_alphanumeric() || "-_.:".contains(c))).unwrap_or(rest.len());
        let name = rest.get(..name_end).unwrap_or_default();
        if !name.is_empty() && rest.get(name_end..).is_some_and(|r| r.trim_start().starts_with('(')) && name != "text" && name != "node" {
            self.at += name_end;
            self.take("(");
            return self.deeper(|p| p.function(name));
        }
        self.location()
    }

    /// `$ctx:name`, `$trp:name`, `$axis2:name`, `$url:name`, `$body/…`.
    fn variable(&mut self) -> Result<Ex, String> {
        let rest = self.rest().get(1..).unwrap_or_default();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || "-_.:".contains(c))).unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        if name == "body" {
            self.at += 1 + end;
            return self.location();
        }
        let Some((scope, name)) = name.split_once(':') else { return Err(format!("the variable `${name}` has no counterpart")) };
        self.at += 1 + end;
        let scope = match scope {
            "ctx" => "default",
            "trp" => "transport",
            "axis2" => "axis2",
            "url" => "url",
            _ => return Err(format!("variables of `${scope}` have no counterpart")),
        };
        self.scope.property(scope, name)
    }

    /// `//a/b/text()`, `/a`, `*[local-name()='a']`.
    fn location(&mut self) -> Result<Ex, String> {
        let mut names = Vec::new();
        let mut anywhere = false;
        loop {
            let deep = self.take("//");
            let slash = deep || self.take("/");
            if deep && !names.is_empty() {
                return Err("`//` inside a path has no counterpart".to_owned());
            }
            anywhere |= deep;
            let rest = self.rest();
            if rest.starts_with("text()") {
                self.at += "text()".len();
                break;
            }
            if rest.starts_with('*') {
                self.at += 1;
                let Some(name) = self.local_name() else { return Err("`*` has no counterpart".to_owned()) };
                names.push(name);
            } else {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || "-_.:".contains(c))).unwrap_or(rest.len());
                let name = rest.get(..end).unwrap_or_default();
                if name.is_empty() || !name.starts_with(|c: char| c.is_alphabetic() || c == '_') || name.contains("::") {
                    let what = rest.chars().take(20).collect::<String>();
                    return Err(format!("`{what}` is not read"));
                }
                self.at += end;
                names.push(name.rsplit(':').next().unwrap_or(name).to_owned());
            }
            if self.rest().starts_with('[') {
                return Err("a condition inside a path has no counterpart".to_owned());
            }
            let _slash = slash;
            if !self.rest().starts_with('/') {
                break;
            }
        }
        self.scope.location(&names, anywhere)
    }

    /// `[local-name()='a']` behind `*`.
    fn local_name(&mut self) -> Option<String> {
        let rest = self.rest();
        let (inside, _) = rest.strip_prefix('[')?.split_once(']')?;
        let squeezed: String = inside.chars().filter(|c| !c.is_whitespace()).collect();
        let quoted = squeezed.strip_prefix("local-name()=")?;
        let name = ['\'', '"'].into_iter().find_map(|q| quoted.strip_prefix(q)?.strip_suffix(q))?;
        self.at += inside.len() + 2;
        Some(name.to_owned())
    }

    /// The rest of a call, behind its bracket.
    fn function(&mut self, name: &str) -> Result<Ex, String> {
        if name == "json-eval" {
            let Some((inside, _)) = self.rest().split_once(')') else { return Err("a bracket is not closed".to_owned()) };
            self.at += inside.len() + 1;
            return self.scope.json(inside);
        }
        let mut arguments = Vec::new();
        if !self.take(")") {
            loop {
                arguments.push(self.or()?);
                if self.take(")") {
                    break;
                }
                if !self.take(",") {
                    return Err("a bracket is not closed".to_owned());
                }
            }
        }
        self.call(name, &arguments)
    }

    fn call(&mut self, name: &str, arguments: &[Ex]) -> Result<Ex, String> {
        let local = name.rsplit(':').next().unwrap_or(name);
        let constant = |ex: &Ex| match &ex.from {
            From::Constant(text) => Ok(text.clone()),
            _ => Err("the name of a property that is only known at call time has no counterpart".to_owned()),
        };
        let text = |text: String| Ok(Ex::mixed(text, Kind::Text));
        match (local, arguments) {
            ("get-property", [name]) => {
                let name = constant(name)?;
                self.scope.property("default", &name)
            }
            ("get-property", [scope, name]) => {
                let (scope, name) = (constant(scope)?, constant(name)?);
                self.scope.property(&scope, &name)
            }
            ("true", []) => Ok(Ex::of("true", From::Fixed, Kind::Bool)),
            ("false", []) => Ok(Ex::of("false", From::Fixed, Kind::Bool)),
            ("boolean", [one]) => Ok(Ex::of(boolean(one), From::Mixed, Kind::Bool)),
            ("not", [one]) => Ok(match boolean(one).as_str() {
                "true" => Ex::of("false", From::Fixed, Kind::Bool),
                "false" => Ex::of("true", From::Fixed, Kind::Bool),
                inner => Ex::mixed(format!("not ({inner})"), Kind::Bool),
            }),
            ("exists", [one]) => Ok(Ex::mixed(format!("exists({})", one.text), Kind::Bool)),
            ("string", [one]) => Ok(Ex { text: one.as_text(), kind: Kind::Text, from: one.from.clone() }),
            ("number", [one]) => Ok(Ex { text: one.as_number(), kind: Kind::Number, from: one.from.clone() }),
            ("string-length", [one]) => Ok(Ex::mixed(format!("length({})", one.as_text_or_empty()), Kind::Number)),
            ("normalize-space", [one]) => text(format!("trim({})", one.as_text())),
            ("upper-case", [one]) => text(format!("upper({})", one.as_text())),
            ("lower-case", [one]) => text(format!("lower({})", one.as_text())),
            ("concat", [_, _, ..]) => {
                let parts: Vec<String> = arguments.iter().map(Ex::as_text_or_empty).collect();
                text(format!("concat({})", parts.join(", ")))
            }
            ("contains" | "starts-with" | "ends-with", [one, other]) => {
                let function = local.replace('-', "_");
                Ok(Ex::mixed(format!("{function}({}, {})", one.as_text_or_empty(), other.as_text_or_empty()), Kind::Bool))
            }
            ("substring-before", [one, other]) => text(format!("before({}, {})", one.as_text(), other.as_text())),
            ("substring-after", [one, other]) => text(format!("after({}, {})", one.as_text(), other.as_text())),
            ("replace", [one, what, with]) if is_plain(what) => {
                text(format!("replace({}, {}, {})", one.as_text(), what.as_text(), with.as_text()))
            }
            ("substring", [one, start, rest @ ..]) if rest.len() <= 1 => {
                let From::Constant(from) = &start.from else {
                    return Err("a place that is only known at call time is not read".to_owned());
                };
                // XPath counts characters from 1.
                let Some(from) = from.parse::<u32>().ok().and_then(|n| n.checked_sub(1)) else {
                    return Err("this place is not read".to_owned());
                };
                let length = rest.first().map(|l| format!(", {}", l.as_number())).unwrap_or_default();
                text(format!("substring({}, {from}{length})", one.as_text()))
            }
            _ => Err(format!("the function `{}` has no counterpart", name.escape_debug())),
        }
    }
}

/// Does a pattern stand for nothing but itself?
fn is_plain(ex: &Ex) -> bool {
    matches!(&ex.from, From::Constant(text) if text.chars().all(|c| c.is_alphanumeric() || " -_/:,;@%#'\"=&!~<>".contains(c)))
}

/// A comparison as XPath makes it: of texts as texts, of numbers as numbers; what is absent is the empty text.
fn compared(left: &Ex, sign: &str, right: &Ex) -> Ex {
    let is_equality = matches!(sign, "=" | "!=");
    if is_equality && let (From::Constant(one), From::Constant(other)) = (&left.from, &right.from) {
        return Ex::of(((one == other) == (sign == "=")).to_string(), From::Fixed, Kind::Bool);
    }
    let numbers = !is_equality || left.kind == Kind::Number || right.kind == Kind::Number;
    let castile = if sign == "=" { "==" } else { sign };
    if left.kind == Kind::Bool || right.kind == Kind::Bool {
        return Ex::mixed(format!("{} {castile} {}", boolean(left), boolean(right)), Kind::Bool);
    }
    if numbers {
        return Ex::mixed(format!("{} {castile} {}", left.as_number(), right.as_number()), Kind::Bool);
    }
    let empty = |ex: &Ex| matches!(&ex.from, From::Constant(text) if text.is_empty());
    let (one, other) = match empty(left) || empty(right) || sign == "!=" {
        true => (left.as_text_or_empty(), right.as_text_or_empty()),
        false => (left.as_text(), right.as_text()),
    };
    Ex::mixed(format!("{one} {castile} {other}"), Kind::Bool)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Properties are themselves, places are below `body`.
    struct Plain;

    impl Scope for Plain {
        fn property(&mut self, scope: &str, name: &str) -> Result<Ex, String> {
            match scope {
                "transport" => Ok(Ex::header(name)),
                "axis2" => Ok(Ex::constant("POST")),
                _ => Ok(Ex::property(name)),
            }
        }

        fn location(&mut self, names: &[String], _: bool) -> Result<Ex, String> {
            Ok(Ex::body(names.to_vec()))
        }

        fn json(&mut self, path: &str) -> Result<Ex, String> {
            super::super::jsonpath::keys(path).map(Ex::body)
        }
    }

    #[test]
    fn values() {
        for (text, expected) in [
            ("get-property('a')", "properties.a"),
            ("$ctx:req.var.a", "properties['req.var.a']"),
            ("$trp:X-Tenant", "headers.x-tenant"),
            ("json-eval($.a.b)", "body.a.b"),
            ("//ser:a/ser:b/text()", "body.a.b"),
            ("$body/*[local-name()='a']/b", "body.a.b"),
            ("fn:concat('a-', $ctx:b, \"'c\")", "concat('a-', default(text(properties.b), ''), '\\'c')"),
            ("substring(get-property('a'), 3, 2)", "substring(text(properties.a), 2, 2)"),
            ("fn:upper-case($trp:a)", "upper(headers.a)"),
            ("substring-after($trp:a, ' ')", "after(headers.a, ' ')"),
        ] {
            assert_eq!(value(text, &mut Plain).map(|e| e.text), Ok(expected.to_owned()), "{text}");
        }
    }

    fn shown(text: &str) -> Result<String, String> {
        Ok(match condition(text, &mut Plain)? {
            Truth::Known(known) => format!("always {known}"),
            Truth::When(when) => when,
        })
    }

    #[test]
    fn conditions() {
        for (text, expected) in [
            ("get-property('a') = 'x'", "text(properties.a) == 'x'"),
            ("$trp:a != 'x'", "default(headers.a, '') != 'x'"),
            ("$ctx:n > 5", "number(properties.n) > 5"),
            ("boolean($trp:a)", "default(headers.a, '') != ''"),
            ("not(//a)", "not (exists(body.a))"),
            ("$axis2:HTTP_METHOD = 'POST'", "always true"),
            ("$axis2:HTTP_METHOD = 'GET' and $trp:a = 'b'", "always false"),
            ("$axis2:HTTP_METHOD = 'POST' and $trp:a = 'b'", "headers.a == 'b'"),
            ("$trp:a = 'b' or ($trp:c = 'd' and json-eval($.n) = 1)", "(headers.a == 'b' or (headers.c == 'd' and number(body.n) == 1))"),
            ("starts-with(json-eval($.a), 'x')", "starts_with(default(text(body.a), ''), 'x')"),
        ] {
            assert_eq!(shown(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_castile_reads_and_what_has_no_counterpart() {
        for text in ["get-property('a') = 'x'", "$ctx:n > 5", "not(//a)", "contains($trp:a, 'b') or string-length($ctx:x) > 3"] {
            let when = shown(text).unwrap();
            crate::sequence::expr::Expr::condition(&when, crate::sequence::expr::Path::Request).unwrap_or_else(|e| panic!("{when}: {e:?}"));
        }
        for text in
            ["count(//a) > 1", "//a[1]", "//a//b", "$func:x", "a + b", "get-property($ctx:a)", "", "'x", "(((", "base64Encode('a')", "@id"]
        {
            assert!(value(text, &mut Plain).is_err(), "{text}");
        }
        let deep = format!("{}1{}", "(".repeat(3_000), ")".repeat(3_000));
        assert!(value(&deep, &mut Plain).is_err());
        assert!(value(&"not(".repeat(400), &mut Plain).is_err());
    }
}
