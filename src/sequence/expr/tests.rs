use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::sequence::tree::Tree;

#[derive(Default)]
struct Told {
    headers: BTreeMap<&'static str, &'static str>,
    body: Option<Tree>,
}

impl Facts for Told {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).copied()
    }
    fn query(&self, name: &str) -> Option<&str> {
        (name == "lang").then_some("en")
    }
    fn path(&self, name: &str) -> Option<&str> {
        (name == "code").then_some("LK")
    }
    fn body(&self) -> Option<&Tree> {
        self.body.as_ref()
    }
    fn property(&self, _: &str) -> Option<&Tree> {
        self.body.as_ref()
    }
    fn call(&self, _: &str) -> Option<&Tree> {
        self.body.as_ref()
    }
    fn principal(&self, name: &str) -> Value<'_> {
        match name {
            "scopes" => Value::List(vec![Value::text(Some("read"))]),
            "application" => Value::text(Some("shop")),
            _ => Value::Absent,
        }
    }
    fn fault(&self, name: &str) -> Value<'_> {
        Value::text((name == "name").then_some("NotFound"))
    }
}

fn told() -> Told {
    let json = br#"{"code":"LK","n":10.50,"big":12345678901234567890123,"yes":true,"nil":null,"list":[1,"b",{"x":"y"}],"o":{"b":2,"a":1},"odd name":7}"#;
    let body = Tree::from(&crate::json::parse(json, &crate::json::Limits::default()).unwrap());
    Told { headers: BTreeMap::from([("x-dry-run", "true"), ("x-count", "12")]), body: Some(body) }
}

fn gives(text: &str) -> String {
    let expr = Expr::parse(text, Path::Fault).unwrap_or_else(|f| panic!("{text}: {f:?}"));
    let told = told();
    let value = expr.value(&told, &Budget::default()).unwrap();
    value.to_tree().map_or_else(|| "absent".to_owned(), |t| String::from_utf8(t.to_json()).unwrap())
}

#[test]
fn what_expressions_give() {
    for (text, wanted) in [
        ("headers['x-dry-run'] == 'true'", "true"),
        ("headers.X-Dry-Run == \"true\"", "true"),
        ("headers.x-none", "absent"),
        ("headers.x-none == 'a'", "false"),
        ("headers.x-none != 'a'", "true"),
        ("body.code", "\"LK\""),
        ("body.n == 10.5", "true"),
        ("body.n < 10.6 and body.n >= 10.5", "true"),
        ("body.n", "10.50"),
        ("body.big > 12345678901234567890122", "true"),
        ("body.list[2].x", "\"y\""),
        ("body.list[3]", "absent"),
        ("body['odd name'] == 7", "true"),
        ("body.nil == null", "true"),
        ("body.none == null", "false"),
        ("exists(body.nil)", "true"),
        ("exists(body.none)", "false"),
        ("default(body.none, body.nil, 'x')", "\"x\""),
        ("not body.yes == true or false", "false"),
        ("true or false and false", "true"),
        ("(true or false) and false", "false"),
        ("body.code in ['FR', 'LK']", "true"),
        ("1.0 in body.list", "true"),
        ("'read' in principal.scopes", "true"),
        ("'K' in body.code", "true"),
        ("body.o == body.o", "true"),
        ("path.code matches '^[A-Z]{2}$'", "true"),
        ("body.n matches '1'", "false"),
        ("query.lang", "\"en\""),
        ("fault.name == 'NotFound'", "true"),
        ("fault.status", "absent"),
        ("lower(upper('aBc'))", "\"abc\""),
        ("concat('a', 1, true)", "\"a1true\""),
        ("concat('a', body.none)", "absent"),
        ("join(body.list, '-')", "absent"),
        ("join(['a', 2], '-')", "\"a-2\""),
        ("length('äö')", "2"),
        ("length(body.list)", "3"),
        ("length(body.o)", "2"),
        ("substring('abcdef', 2)", "\"cdef\""),
        ("substring('abcdef', 2, 2)", "\"cd\""),
        ("replace('a-b-c', '-', '+')", "\"a+b+c\""),
        ("after('Bearer abc', ' ')", "\"abc\""),
        ("before('Bearer abc', ' ')", "\"Bearer\""),
        ("after('abc', ' ')", "absent"),
        ("number(headers.x-count) > 3", "true"),
        ("number('x')", "absent"),
        ("text(12.50)", "\"12.50\""),
        ("add(body.n, 0.1)", "10.6"),
        ("subtract(1, 3)", "-2"),
        ("multiply(1.5, 4)", "6"),
        ("round(2.345, 2)", "2.35"),
        ("round(2.5)", "3"),
        ("floor(-1.5)", "-2"),
        ("max(2, 10)", "10"),
        ("min(2, 10)", "2"),
        ("starts_with(body.code, 'L') and ends_with(body.code, 'K') and contains(body.code, 'LK')", "true"),
        ("'it\\'s \\d'", "\"it's \\\\d\""),
    ] {
        assert_eq!(gives(text), wanted, "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_at_its_place() {
    for (text, start, message, hint) in [
        ("", 0, "the end stands where a value is missing", ""),
        ("body.code = 'LK'", 10, "the language has no `=`", "write `==`"),
        ("true && false", 5, "the language has no `&&`", "write `and`"),
        ("body.a + 1", 7, "the language has no `+`", "write add(a, b), subtract(a, b) or multiply(a, b)"),
        ("bdoy.code == 1", 0, "there is no `bdoy`", "did you mean `body`?"),
        ("body.code == LK", 13, "there is no `LK`", "texts stand between quotes: 'LK'; a member of the message is body.LK"),
        ("exsts(body.a)", 0, "there is no function `exsts`", "did you mean `exists`?"),
        ("principal.aplication == 'a'", 0, "principal has no `aplication`", "did you mean `application`?"),
        ("headers.x-count > 3", 18, "a text is compared with a number", "number(…) makes a number of a text, text(…) a text of a number"),
        ("not body.flag", 4, "this is a value, not a condition", "compare it (`… == true`), or ask whether it is there: exists(…)"),
        ("'a' and true", 0, "this is a text, not a condition", ""),
        ("lower(12)", 6, "lower() takes a text here, this is a number", ""),
        ("lower('a', 'b')", 0, "lower() has 2 arguments", ""),
        ("fault.name == 'x'", 0, "there is no fault on the request path", "`fault` is there below `fault:`"),
        (
            "headers.authorization",
            0,
            "`authorization` carries the caller's credentials for this gateway, which no sequence reads",
            "who calls is principal.application and principal.user; a user of the service comes in X-Authorization",
        ),
        ("body.a matches body.b", 15, "`body` is not a pattern", ""),
        ("body.a matches '('", 15, "the pattern cannot be read: unclosed group", ""),
        ("body.a matches '(a{1000}){1000}'", 15, "the pattern needs more than 1048576 bytes", ""),
        ("1 < 2 < 3", 6, "comparisons do not chain", "write `a < b and b < c`"),
        ("body.a adn body.b", 7, "`adn` does not belong here", "did you mean `and`?"),
        ("'open", 0, "the text has no end", ""),
        ("(true", 5, "the end stands where `)` is missing", ""),
        ("body[1.5]", 5, "this is not a place in a list", ""),
        ("01 == 1", 0, "this is not a number", ""),
        ("headers", 0, "which header field is not said", ""),
        ("1 in 2", 5, "`in` looks into a list, this is a number", ""),
        ("true < false", 0, "true or false has no order", ""),
    ] {
        let fault = Expr::parse(text, Path::Request).expect_err(text);
        assert_eq!((fault.at.start, &*fault.message, fault.hint.as_deref().unwrap_or_default()), (start, message, hint), "{text}");
    }
}

#[test]
fn nothing_is_without_a_bound() {
    let nested = |n: usize| format!("{}true{}", "(".repeat(n), ")".repeat(n));
    assert!(Expr::parse(&nested(limits::DEPTH), Path::Request).is_ok());
    for text in [nested(limits::DEPTH + 1), "not ".repeat(900) + "true", "[".repeat(900), "lower(".repeat(400)] {
        assert!(Expr::parse(&text, Path::Request).unwrap_err().message.contains("levels deep"), "{text}");
    }
    assert!(Expr::parse(&"1 ".repeat(1200), Path::Request).unwrap_err().message.contains("words and signs"));
    assert!(Expr::parse(&" ".repeat(limits::TEXT_BYTES + 1), Path::Request).unwrap_err().message.contains("longer than"));
    assert!(Expr::parse(&format!("{}true", "true and ".repeat(400)), Path::Request).is_ok(), "length is not depth");

    let defaults = format!("exists({}1{})", "default(".repeat(limits::DEPTH - 1), ")".repeat(limits::DEPTH - 1));
    assert!(Expr::parse(&defaults, Path::Request).is_ok());

    let large = Told { body: Some(Tree::Text("a".repeat(900_000).into())), ..Told::default() };
    let spent = |text: &str, units| Expr::parse(text, Path::Request).unwrap().value(&large, &Budget::new(units)).is_err();
    assert!(spent("replace(body, 'a', 'bbbbbbbbbb')", Budget::UNITS), "a text that grows");
    assert!(spent("concat(body, body)", Budget::UNITS));
    assert!(spent("body matches '(a*)*b'", 1000) && !spent("body matches '(a*)*b'", Budget::UNITS));
    assert!(spent("body == body", 1000));
}

#[test]
fn texts_with_expressions() {
    let told = told();
    let text = |t: &str| Mixed::parse(t, Path::Request).unwrap().text(&told, &Budget::default()).unwrap();
    assert_eq!(text("no {brace} }}").as_deref(), Some("no {brace} }}"));
    assert_eq!(text("v={{ body.code }}/{{query.lang}}").as_deref(), Some("v=LK/en"));
    assert_eq!(text("{{ '}}{{' }}").as_deref(), Some("}}{{"));
    assert_eq!(text("v={{ body.none }}"), None);
    assert_eq!(text(""), Some(String::new()));
    let number = Mixed::parse("{{ body.n }}", Path::Request).unwrap();
    assert_eq!(number.value(&told, &Budget::default()).unwrap(), Value::Number("10.50".into()));
    assert_eq!(Mixed::parse("a {{ body.a", Path::Request).unwrap_err().at, 2..4);
    assert_eq!(Mixed::parse("ab {{ bodi.a }}", Path::Request).unwrap_err().at, 6..10);
}

proptest! {
    #[test]
    fn no_text_stops_the_reader(text in "(?s).{0,200}") {
        let _read = Expr::parse(&text, Path::Fault);
        let _read = Mixed::parse(&text, Path::Fault);
    }

    #[test]
    fn what_is_read_gives_a_value(words in proptest::collection::vec(proptest::sample::select(vec![
        "body", ".", "list", "[", "]", "(", ")", "'a'", "1", "and", "or", "not", "==", "<", "in", "matches", ",", "lower", "concat", "null",
        "true", "default", "add", "headers", "x-count", "length", "exists", "1e999999999", "join", "substring", "round",
    ]), 0..24)) {
        let text = words.join(" ");
        match Expr::parse(&text, Path::Fault) {
            Ok(expr) => {
                let told = told();
                let _value = expr.value(&told, &Budget::new(100_000));
            }
            Err(fault) => prop_assert!(text.get(fault.at.clone()).is_some(), "{text} {fault:?}"),
        }
    }
}
