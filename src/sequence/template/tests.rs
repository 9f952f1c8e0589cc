use proptest::prelude::*;

use super::*;
use crate::sequence::expr::{Budget, Path};
use crate::sequence::{Exchange, Tree};

fn part(name: &str, text: &str) -> Part {
    Part { name: name.into(), shown: format!("{name}.hbs"), text: text.into() }
}

fn compiled(texts: &[(&str, &str)], format: Format) -> Result<Template, Flaw> {
    let parts: Vec<Part> = texts.iter().map(|(name, text)| part(name, text)).collect();
    compile(&parts, format, Path::Request, &mut |_, _, _| {})
}

fn message(json: &str) -> Exchange {
    let mut exchange = Exchange::default();
    exchange.body = Some(Tree::from(&crate::json::parse(json.as_bytes(), &crate::json::Limits::default()).unwrap()));
    exchange
}

fn render(texts: &[(&str, &str)], format: Format, json: &str) -> Result<String, Halt> {
    let template = compiled(texts, format).unwrap_or_else(|f| panic!("{f:?}"));
    template.render(&message(json), &Budget::default())
}

fn xml(text: &str, json: &str) -> String {
    render(&[("", text)], Format::Xml, json).unwrap()
}

#[test]
fn values_blocks_and_parts_are_written() {
    let json = r#"{"a":"x","n":12.50,"l":[{"k":1},{"k":2}],"o":{"p":"q","r":"s"},"e":[],"t":true,"i":["u","v"]}"#;
    for (text, written) in [
        ("<x>{{body.a}} {{body.n}}</x>", "<x>x 12.50</x>"),
        ("{{#each body.l}}{{@index}}={{k}}{{#unless @last}},{{/unless}}{{/each}}", "0=1,1=2"),
        ("{{#each body.l as |line i|}}{{i}}:{{line.k}}:{{@root.body.a}}:{{../body.a}} {{/each}}", "0:1:x:x 1:2:x:x "),
        ("{{#each body.o}}{{@key}}={{this}};{{/each}}", "p=q;r=s;"),
        ("{{#each body.e}}x{{else}}none{{/each}}", "none"),
        ("{{#if body.none}}a{{else if body.t}}b{{else}}c{{/if}}", "b"),
        ("{{#with body.o}}{{p}}{{@root.body.a}}{{/with}}{{#with body.none}}x{{else}}y{{/with}}", "qxy"),
        ("{{#if (and (eq body.a \"x\") (gt body.n 12))}}yes{{/if}}{{#if (not body.t)}}no{{/if}}", "yes"),
        ("{{len body.l}} {{body.i.[1]}} {{body.i.0}} {{! no }}{{!-- {{no}} --}}", "2 v u "),
        ("a \\{{b}} {{~body.a~}} c", "a {{b}}xc"),
    ] {
        assert_eq!(xml(text, json), written, "{text}");
    }
    let parts = [("", "{{> one body.o}}{{> two}}"), ("one", "<p>{{p}}</p>"), ("two", "{{body.a}}{{> three}}"), ("three", "!")];
    assert_eq!(render(&parts, Format::Xml, json).unwrap(), "<p>q</p>x!");
}

#[test]
fn no_value_breaks_out_of_its_place() {
    let json = r#"{"a":"\"<&>' \n]]>","b":"x\u0001","o":{"x":[1,"2"]},"nil":null}"#;
    assert_eq!(xml("<x y='{{body.a}}'>{{body.a}}</x>", json), "<x y='&quot;&lt;&amp;&gt;&#39; &#10;]]&gt;'>\"&lt;&amp;&gt;' \n]]&gt;</x>");
    let written = render(&[("", r#"{"a":{{body.a}},"b":"-{{body.a}}-","o":{{body.o}},"n":{{body.nil}}}"#)], Format::Json, json).unwrap();
    assert_eq!(written, r#"{"a":"\"<&>' \n]]>","b":"-\"<&>' \n]]>-","o":{"x":[1,"2"]},"n":null}"#);
    for (text, expected) in [
        ("<x>{{body.b}}</x>", "a text without control characters"),
        ("<x>{{body.o}}</x>", "a text, a number, true or false"),
        ("<x>{{body.nil}}</x>", "a value that is not null"),
        ("\n<x>{{body.gone}}</x>", "a value"),
    ] {
        let Err(Halt::Refused(refused)) = render(&[("", text)], Format::Xml, json) else { panic!("{text}") };
        assert_eq!(refused.expected, expected, "{text}");
    }
    let Err(Halt::Refused(refused)) = render(&[("", "\n<x>{{body.o.gone}}</x>")], Format::Xml, json) else { panic!() };
    assert_eq!((&*refused.place, refused.pointer.as_deref()), (".hbs:2:4", Some("/o/gone")));
}

fn flaw(texts: &[(&str, &str)], format: Format) -> String {
    let flaw = compiled(texts, format).err().unwrap_or_else(|| panic!("{texts:?}"));
    let hint = flaw.hint.map(|h| format!(" ({h})")).unwrap_or_default();
    format!("{} {} {}{hint}", flaw.part, flaw.at.start, flaw.message)
}

#[test]
fn what_is_wrong_is_said_at_its_place() {
    for (text, said) in [
        ("<x>{{bdy.a}}</x>", "0 3 there is no `bdy` (did you mean `body`?)"),
        ("{{{body.a}}}", "0 0 values are always escaped"),
        ("a {{& body.a}}", "0 2 values are always escaped"),
        (
            "<x {{body.a}}/>",
            "0 3 a value cannot stand in a tag (in XML a value is character data, or stands between the quotes of an attribute)",
        ),
        (
            "<!-- {{body.a}} -->",
            "0 5 a value cannot stand in a comment (in XML a value is character data, or stands between the quotes of an attribute)",
        ),
        (
            "<![CDATA[{{body.a}}]]>",
            "0 9 a value cannot stand in a CDATA section (in XML a value is character data, or stands between the quotes of an attribute)",
        ),
        (
            "{{#if body.a}}<x {{/if}}y='1'/>",
            "0 0 the block begins and ends in different places of a string, a tag or a comment (put the whole of the string or tag into the block)",
        ),
        ("{{#if body.a}}", "0 0 `#if` has no end"),
        ("{{#if body.a}}{{/each}}", "0 14 `each` ends where `if` began"),
        ("{{body.a", "0 0 `{{` has no end"),
        ("{{#ech body.a}}{{/ech}}", "0 0 there is no block `#ech` (did you mean `#each`?)"),
        ("{{upcase body.a}}", "0 0 there is no helper `upcase`"),
        (
            "{{headers.authorization}}",
            "0 0 `authorization` carries the caller's credentials for this gateway, which no sequence reads (who calls is principal.application and principal.user; a user of the service comes in X-Authorization)",
        ),
        ("{{fault.name}}", "0 0 there is no fault on the request path (`fault` is there below `fault:`)"),
        (
            "{{#each body.l}}{{body.a}}{{/each}}",
            "0 16 inside a block `body.a` would be a member of its item (write `@root.body.a` for the call's, `this.body.a` for the item's)",
        ),
        ("{{> gone}}", "0 0 there is no part `gone` (name it below `partials`, with its file)"),
        ("{{#*inline \"x\"}}{{/inline}}", "0 16 `inline` ends where `*inline` began"),
        ("{{../body.a}}", "0 0 `../body.a` leads out of the template (each `#each` and `#with` is a level, `#if` is none)"),
    ] {
        assert_eq!(flaw(&[("", text)], Format::Xml), said, "{text}");
    }
    assert_eq!(
        flaw(&[("", "{{> a}}"), ("a", "x{{> b}}"), ("b", "{{> a}}")], Format::Xml),
        "2 0 `a` includes itself (parts that include each other never end)"
    );
    assert_eq!(flaw(&[("", "{ \"a\": \"{{body.a}} }")], Format::Json), "0 20 the template ends inside a string, a tag or a comment");
}

#[test]
fn no_template_exhausts_the_process() {
    let nested = |n: usize| format!("{}x{}", "{{#if body.a}}".repeat(n), "{{/if}}".repeat(n));
    assert!(compiled(&[("", &nested(20))], Format::Xml).is_ok());
    assert!(flaw(&[("", &nested(25))], Format::Xml).contains("nested more than"));
    assert!(flaw(&[("", &nested(10_000))], Format::Xml).contains("nested more than"));
    assert!(flaw(&[("", &"{{#if body.a}}".repeat(10_000))], Format::Xml).contains("nested more than"));
    assert!(flaw(&[("", &format!("{{{{{}}}}}", "(not ".repeat(10_000)))], Format::Xml).contains("brackets are nested"));
    assert!(flaw(&[("", &format!("{{{{len {}}}}}", "[".repeat(10_000)))], Format::Xml).contains("brackets are nested"));
    assert!(flaw(&[("", &"x".repeat(300_000))], Format::Xml).contains("more than 262144 bytes"));
    // Each part includes the next one twice: what would be 2^20 is counted.
    let names: Vec<String> = (0..20).map(|i| format!("p{i}")).collect();
    let mut parts = vec![("", String::from("{{> p0}}"))];
    parts.extend(
        (0..20)
            .map(|i| (names[i].as_str(), names.get(i + 1).map_or(String::from("x"), |next| format!("{{{{> {next}}}}}{{{{> {next}}}}}")))),
    );
    let parts: Vec<(&str, &str)> = parts.iter().map(|(n, t)| (*n, t.as_str())).collect();
    assert!(flaw(&parts, Format::Xml).contains("more than 20000 pieces"));
    let list = format!("{{\"l\":[{}1]}}", "1,".repeat(5_000));
    let loops = "{{#each body.l}}{{#each @root.body.l}}{{#each @root.body.l}}{{/each}}{{/each}}{{/each}}";
    assert_eq!(render(&[("", loops)], Format::Xml, &list), Err(Halt::Exhausted));
    let writes = "{{#each body.l}}{{#each @root.body.l}}xxxxxxxxxxxxxxxx{{/each}}{{/each}}";
    assert_eq!(render(&[("", writes)], Format::Xml, &list), Err(Halt::Exhausted));
}

proptest! {
    #[test]
    fn no_text_stops_the_reader(text in "(?s).{0,200}") {
        let _compiled = compiled(&[("", &text)], Format::Xml);
    }

    #[test]
    fn no_tags_stop_the_reader_or_the_writer(tags in proptest::collection::vec(proptest::sample::select(vec![
        "{{", "}}", "{{{", "}}}", "{{body.a}}", "{{#if body.a}}", "{{/if}}", "{{else}}", "{{#each body.l as |x y|}}", "{{/each}}", "{{this}}", "{{@index}}",
        "{{> p}}", "{{!-- ", "--}}", "(", ")", "'", "\"", "<x>", "</x>", "{{~", "~}}", "{{eq a b}}", "{{eq (len body.l) 1}}", "{{else if", "{{^}}", "{{&", "\\", "{{x.[a b].c}}",
        "{{{{raw}}}}", "{{{{/raw}}}}", "{{#> p}}", "{{/p}}", "{{* x}}", "|", "as", "../", "{{../x}}", "{{@root.body.a}}", "1", "-", "null", " ",
    ]), 0..14)) {
        let text = tags.concat();
        for format in [Format::Json, Format::Xml] {
            if let Ok(template) = compiled(&[("", &text), ("p", "{{body.a}}")], format) {
                let _written = template.render(&message(r#"{"a":"<x>","l":[1,{"b":2}]}"#), &Budget::new(1 << 20));
            }
        }
    }
}
