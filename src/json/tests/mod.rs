mod properties;

use super::*;

fn read(text: &str) -> Result<Value<'_>, ParseError> {
    parse(text.as_bytes(), &Limits::default())
}

fn refused(text: &str) -> (ParseErrorKind, usize, String) {
    match read(text) {
        Ok(value) => panic!("{text:?} was read as {value:?}"),
        Err(e) => (e.kind, e.offset, e.pointer),
    }
}

fn written(value: &Value<'_>) -> String {
    let mut out = Vec::new();
    value.write_into(&mut out);
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn numbers_keep_their_text() {
    for n in ["0", "-0", "12.50", "1e999", "-1E+2", "0.000", "10000000000000000000000000000001", "-0.0e-0"] {
        assert_eq!(read(n), Ok(Value::Number(n)));
    }
    for n in ["01", "+1", ".5", "1.", "1e", "1e+", "-", "0x1", "1 2", "--1", "NaN", "Infinity", "1.e1", "٣"] {
        assert!(read(n).is_err(), "{n}");
    }
}

#[test]
fn a_long_number_is_refused_by_a_limit() {
    let long = "9".repeat(1001);
    let text = format!("{{\"a\":[1,{long}]}}");
    assert_eq!(refused(&text), (ParseErrorKind::Limit("characters of one number"), 8, "/a/1".into()));
    assert!(read(&"9".repeat(1000)).is_ok());
    let million = "9".repeat(1_000_000);
    assert!(read(&million).is_err());
}

#[test]
fn strings_borrow_unless_escaped() {
    assert!(matches!(read("\"käse und mehr davon\""), Ok(Value::String(Cow::Borrowed("käse und mehr davon")))));
    assert_eq!(
        read(r#""a\"\\\/\b\f\n\r\tä\ud83d\ude00\u0000z""#),
        Ok(Value::String(Cow::Owned("a\"\\/\u{8}\u{c}\n\r\t\u{e4}😀\0z".into())))
    );
}

#[test]
fn lone_surrogates_are_refused() {
    for s in [r#""\ud800""#, r#""\udc00""#, r#""\ud800\ud800""#, r#""\ud800x""#, r#""\ud800\n""#, r#""\ud800\u0041""#] {
        assert!(matches!(refused(s).0, ParseErrorKind::Syntax(_)), "{s}");
    }
}

#[test]
fn control_characters_are_refused_wherever_they_stand_in_a_string() {
    for n in 0..40 {
        for c in (0..0x20u8).chain([0x7f, b'"', b'\\']) {
            let mut text = vec![b'"'];
            text.extend(std::iter::repeat_n(b'x', n));
            text.push(c);
            text.extend(b"yyyyyyyyyyyy\"");
            assert_eq!(parse(&text, &Limits::default()).is_ok(), c == 0x7f, "{n} {c}");
        }
    }
}

#[test]
fn a_duplicate_name_is_refused_with_the_pointer_of_the_member() {
    assert_eq!(refused(r#"{"x":[{"a/b":1,"a\u002fb":2}]}"#), (ParseErrorKind::DuplicateName, 15, "/x/0/a~1b".into()));
    let mut many: String = (0..100).map(|i| format!("\"k{i}\":{i},")).collect();
    many.insert(0, '{');
    assert!(read(&format!("{many}\"z\":1}}")).is_ok());
    let (kind, _, pointer) = refused(&format!("{many}\"k3\":1}}"));
    assert_eq!((kind, pointer.as_str()), (ParseErrorKind::DuplicateName, "/k3"));
    let (kind, _, pointer) = refused(&format!("{many}\"k99\":1}}"));
    assert_eq!((kind, pointer.as_str()), (ParseErrorKind::DuplicateName, "/k99"));
}

#[test]
fn the_size_of_objects_and_names_is_limited() {
    let members: Vec<String> = (0..4097).map(|i| format!("\"{i}\":0")).collect();
    assert!(read(&format!("{{{}}}", members[..4096].join(","))).is_ok());
    assert_eq!(refused(&format!("{{{}}}", members.join(","))).0, ParseErrorKind::Limit("members of one object"));
    assert!(read(&format!("{{\"{}\":0}}", "n".repeat(2100))).is_ok());
    assert_eq!(refused(&format!("{{\"{}\":0}}", "n".repeat(2101))).0, ParseErrorKind::Limit("bytes of one member name"));
}

#[test]
fn the_depth_is_limited_and_costs_no_stack() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(read(&nested(320)).is_ok());
    let (kind, offset, pointer) = refused(&nested(321));
    assert_eq!((kind, offset, pointer), (ParseErrorKind::Limit("levels of arrays and objects"), 320, "/0".repeat(320)));
    assert!(read(&"[".repeat(1_000_000)).is_err());
    assert!(read(&"{\"a\":".repeat(1_000_000)).is_err());
}

#[test]
fn what_is_not_json_is_refused_where_it_begins() {
    assert_eq!(refused("").1, 0);
    assert_eq!(refused("\u{feff}1").1, 0);
    assert_eq!(refused("1 x"), (ParseErrorKind::Syntax("the end of the text"), 2, String::new()));
    assert_eq!(refused("[1,]"), (ParseErrorKind::Syntax("a JSON value"), 3, "/1".into()));
    assert_eq!(refused("{\"a\":1,}"), (ParseErrorKind::Syntax("a member name in quotes"), 7, String::new()));
    assert_eq!(refused("{\"a\" 1}"), (ParseErrorKind::Syntax("\":\""), 5, String::new()));
    assert_eq!(refused("{\"a\":{\"b\":tru}}"), (ParseErrorKind::Syntax("a JSON value"), 10, "/a/b".into()));
    assert_eq!(refused("[1 2]"), (ParseErrorKind::Syntax("\",\" or \"]\""), 3, "/1".into()));
    let e = parse(b"[\"\xff\"]", &Limits::default()).expect_err("not UTF-8");
    assert_eq!((e.kind, e.offset), (ParseErrorKind::NotUtf8, 2));
    assert!(parse(b"\"\xed\xa0\x80\"", &Limits::default()).is_err());
}

#[test]
fn positions_count_lines_and_characters() {
    let text = "{\n \"ä\": 1,\n \"é\" 2}";
    let e = read(text).expect_err("no colon");
    assert_eq!(e.position(text.as_bytes()), (3, 6));
    assert_eq!(line_column(b"", 7), (1, 1));
}

#[test]
fn an_excerpt_has_sixty_characters_at_most() {
    assert_eq!(read(r#"{"a":[1.50,null,true],"b":"x"}"#).expect("JSON").excerpt(), r#"{"a":[1.50,null,true],"b":"x"}"#);
    for text in
        [format!("\"{}\"", "ä".repeat(500)), format!("[{}0]", "\"\u{1F600}\",".repeat(100)), format!("\"{}\"", "\\u0001".repeat(80))]
    {
        let value = read(&text).expect("JSON");
        let excerpt = value.excerpt();
        assert_eq!(excerpt.chars().count(), 60);
        let whole = written(&value);
        assert_eq!(Some(&*excerpt), whole.chars().take(59).chain(['…']).collect::<String>().as_str().into());
    }
    let just = format!("\"{}\"", "é".repeat(58));
    assert_eq!(read(&just).expect("JSON").excerpt(), just);
}
