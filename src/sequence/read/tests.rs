use proptest::prelude::*;

use crate::diagnostic::{Diagnostic, SourceId, Sources};
use crate::sequence::{Caller, Exchange, FaultFacts, Need, Sequence, Stop, Tree, Who};

/// What is wrong with a text: `line:column code message (expected; hint)`.
fn findings(text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let id = sources.add("s.yaml", text);
    let say = |d: &Diagnostic| {
        let (line, column) = d.span.and_then(|s| sources.position(s)).unwrap_or_default();
        let hint = d.hint.as_ref().map(|h| format!(" ({h})")).unwrap_or_default();
        format!("{line}:{column} {} {}{hint}", d.code.id, d.message)
    };
    Sequence::parse(id, text).err().unwrap_or_default().iter().map(say).collect()
}

/// A sequence whose request path begins with these lines.
fn request(steps: &str) -> String {
    format!("version: 1\nrequest:\n{steps}  - to_soap: {{}}\nresponse:\n  - to_json: {{}}\nfault:\n  - to_problem: {{}}\n")
}

#[test]
fn the_shipped_sequence_does_nothing_but_convert() {
    assert!(Sequence::shipped().is_plain());
}

#[test]
fn the_example_of_the_product_page_reads() {
    let text = r#"version: 1
request:
  - require: { scope: countries:write }
  - if:
      when: "headers['x-dry-run'] == 'true'"
      then: [ { respond: { status: 202, json: { accepted: true } } } ]
  - rename: { from: /iso, to: /code }
  - set_header: { name: Authorization, value: "{{ headers.x-authorization }}" }
  - remove_header: X-Authorization
  - to_soap: {}
response:
  - to_json: { unwrap: AddCountryResult }
  - set_status: 201
fault:
  - if: { when: "fault.name == 'CountryExists'", then: [ { set_status: 409 } ] }
  - to_problem: {}
"#;
    assert_eq!(findings(text), [""; 0]);
    let sequence = Sequence::parse(SourceId(0), text).unwrap();
    assert_eq!(sequence.unwrap.as_deref(), Some("AddCountryResult"));
    assert!(sequence.request.use_body() && !sequence.response.use_body() && !sequence.fault.use_body());
}

#[test]
fn each_kind_of_mistake_is_said_once_at_its_place() {
    let mut missed = Vec::new();
    for (steps, finding) in [
        ("  - renam: { from: /a, to: /b }\n", "3:5 sequence.unknown-step there is no step `renam` (did you mean `rename`?)"),
        ("  - set_status: 201\n", "3:5 sequence.wrong-place `set_status` does not stand on the request path"),
        ("  - to_soap: {}\n", "4:5 sequence.bad-path the request path has to_soap 2 times"),
        ("  - set: { to: code, value: 1 }\n", "3:16 sequence.bad-pointer this is not a JSON pointer: a pointer begins with a slash"),
        ("  - set: { tp: /code, value: 1 }\n", "3:12 sequence.bad-file unknown key `tp` (did you mean `to`?)"),
        (
            "  - rename: { from: /a, to: /b/c }\n",
            "3:29 sequence.bad-pointer `rename` gives another name in the same object (`move` takes it to another place)",
        ),
        (
            "  - set_header: { name: Connection, value: close }\n",
            "3:25 sequence.bad-header `connection` belongs to the connection, or is written by the gateway itself (docs/http-fields.md lists them)",
        ),
        ("  - set_header: { name: X-A, value: \"{{ headers.x-a\" }\n", "3:38 sequence.bad-expression `{{` has no end"),
        ("  - if: { when: \"body.a = 1\", then: [] }\n", "3:25 sequence.bad-expression the language has no `=` (write `==`)"),
        (
            "  - if:\n      when: \"body.n > 3 and hedaers.x == 'a'\"\n      then: []\n",
            "4:29 sequence.bad-expression there is no `hedaers` (did you mean `headers`?)",
        ),
        (
            "  - if: { when: \"true\", then: [ { to_soap: {} } ] }\n",
            "3:33 sequence.wrong-place a message is converted always, not in a branch (put the step on the path itself; what depends on a condition stands before or behind it)",
        ),
        ("  - require: { scope: a, header: b }\n", "3:14 sequence.bad-file `require` asks for one thing"),
        ("  - respond: { status: 204, json: {} }\n", "3:35 sequence.bad-file a map is not no `json`: an answer of this status has no body"),
        (
            "  - remove: /a\n    keep: /b\n",
            "3:5 sequence.bad-file a step has one verb, this has 2 (each step begins with a dash of its own; its settings stand between braces, or on lines that are indented further)",
        ),
        ("  - copy: { from: /a/*/b, to: /c/*/b }\n", "3:31 sequence.bad-pointer both pointers are the same up to their last `*`"),
        ("  - move: { from: /a, to: /a/b }\n", "3:27 sequence.bad-pointer a value does not move into itself"),
        (
            "  - cast: { at: /a, to: nummer }\n",
            "3:25 sequence.bad-file `nummer` is not one of text, number, boolean (did you mean `number`?)",
        ),
        (
            "  - set: { to: /a, value: \"{{ calls.login.id }}\" }\n",
            "3:29 sequence.bad-expression no `call` before this step has the name `login`",
        ),
        (
            "  - call: { operation: Login, as: login }\n  - set: { to: /a, value: \"{{ calls.logim.id }}\" }\n",
            "4:29 sequence.bad-expression no `call` before this step has the name `logim` (did you mean `login`?)",
        ),
        (
            "  - call: { operation: Login, as: login, timeout: 1d }\n",
            "3:51 sequence.bad-file `1d` is not a length of time such as 500ms, 10s or 20m, at most 600s",
        ),
        (
            "  - cache: { name: a, lifetime: 1m, value: 1, fill: [ { cache: { name: b, lifetime: 1m, value: 1, fill: [] } } ] }\n",
            "3:64 sequence.wrong-place `cache` does not stand inside the `fill` of another (two calls that wait for each other's value would never end: put one step behind the other)",
        ),
        ("  - template: { text: \"<a>{{bdy.x}}</a>\", as: soap }\n", "3:27 sequence.bad-template there is no `bdy` (did you mean `body`?)"),
        ("  - template: { file: sequences/gone.hbs }\n", "3:23 sequence.missing-file the template `sequences/gone.hbs` is not there"),
        (
            "  - template: { text: \"<a/>\", as: soap }\n  - remove: /a\n",
            "4:13 sequence.wrong-place behind a template of SOAP there is no JSON any more (put the step before the template)",
        ),
        (
            "  - set_soap_header: { element: Session, value: a }\n",
            "3:33 sequence.bad-file `Session` is not the name of an element with its namespace, such as {urn:shop:session}Session",
        ),
        ("  - retry: { drop: sesion }\n", "3:20 sequence.wrong-place no `cache` before this step has the name `sesion`"),
    ] {
        let found = findings(&request(steps));
        if found.first().map(String::as_str) != Some(finding) || (found.len() > 1 && !steps.contains("tp:")) {
            missed.push((steps, finding, found));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    let all = Sequence::DEFAULT_TEXT;
    for (from, to, code) in [
        ("version: 1", "version: 2", "sequence.bad-file"),
        ("fault:", "faults:", "sequence.bad-file"),
        ("  - to_json: {}", "  - set_status: 201", "sequence.bad-path"),
        ("  - to_json: {}", "  - set_status: 201\n  - to_json: {}", "sequence.wrong-place"),
        ("  - to_problem: {}", "  - to_problem: {}\n  - set_status: 404", "sequence.wrong-place"),
        ("to_soap: {}", "to_soap: { fast: true }", "sequence.bad-file"),
    ] {
        let found = findings(&all.replace(from, to));
        assert!(found.iter().all(|f| f.contains(code)) && !found.is_empty(), "{to}: {found:?}");
    }
}

/// Runs request steps over a message.
fn run(steps: &str, json: &str) -> Result<String, Stop> {
    let text = request(steps);
    let sequence = Sequence::parse(SourceId(0), &text).unwrap_or_else(|e| panic!("{text} {e:?}"));
    let value = crate::json::parse(json.as_bytes(), &crate::json::Limits::default()).unwrap();
    let who = Who { scopes: vec!["read".into()], ..Who::default() };
    let mut exchange = Exchange::new(Caller { who, ..Caller::default() });
    exchange.body = Some(Tree::from(&value));
    sequence.request.start().go(&mut exchange)?;
    Ok(String::from_utf8(exchange.body.unwrap().to_json()).unwrap())
}

#[test]
fn what_steps_do_to_a_message() {
    for (step, before, after) in [
        ("set: { to: /a, value: 1.50 }", r#"{"a":0,"b":1}"#, r#"{"a":1.50,"b":1}"#),
        ("set: { to: /x/y, value: { z: [1, \"{{ body.a }}\"] } }", r#"{"a":"v"}"#, r#"{"a":"v","x":{"y":{"z":[1,"v"]}}}"#),
        ("set: { to: /a, value: \"{{ body.none }}\" }", r#"{"a":0,"b":1}"#, r#"{"b":1}"#),
        ("set: { to: /l/*/k, value: true }", r#"{"l":[{},{"k":0}]}"#, r#"{"l":[{"k":true},{"k":true}]}"#),
        ("set: { to: /l/-, value: 3 }", r#"{"l":[1,2]}"#, r#"{"l":[1,2,3]}"#),
        ("set: { to: \"\", value: { all: \"{{ body }}\" } }", r#"{"a":1}"#, r#"{"all":{"a":1}}"#),
        ("remove: [/a, /l/*/x, /l/0]", r#"{"a":0,"l":[{"x":1},{"x":2,"y":3}]}"#, r#"{"l":[{"y":3}]}"#),
        ("rename: { from: /l/*/iso, to: /l/*/code }", r#"{"l":[{"iso":"LK","n":1},{"n":2}]}"#, r#"{"l":[{"code":"LK","n":1},{"n":2}]}"#),
        ("rename: { from: /a, to: /b }", r#"{"b":1,"a":2}"#, r#"{"b":2}"#),
        ("move: { from: /a, to: /x/a }", r#"{"a":1,"b":2}"#, r#"{"b":2,"x":{"a":1}}"#),
        ("copy: { from: /l/*/a, to: /l/*/b/c }", r#"{"l":[{"a":1}]}"#, r#"{"l":[{"a":1,"b":{"c":1}}]}"#),
        ("keep: [/a, /l/*/x]", r#"{"a":1,"b":2,"l":[{"x":1,"y":2},{"y":3}]}"#, r#"{"a":1,"l":[{"x":1},{}]}"#),
        ("default: { to: /a, value: en }", r#"{"b":1}"#, r#"{"b":1,"a":"en"}"#),
        ("default: { to: /a, value: en }", r#"{"a":null}"#, r#"{"a":null}"#),
        (
            "map: { at: /l/*/s, values: { A: active, 1: true }, otherwise: null }",
            r#"{"l":[{"s":"A"},{"s":1},{"s":"?"},{}]}"#,
            r#"{"l":[{"s":"active"},{"s":true},{"s":null},{}]}"#,
        ),
        ("cast: { at: /n, to: number }", r#"{"n":" 1.50 "}"#, r#"{"n":1.50}"#),
        ("cast: { at: /n, to: text }", r#"{"n":1.50}"#, r#"{"n":"1.50"}"#),
        ("cast: { at: /n, to: boolean }", r#"{"n":"0"}"#, r#"{"n":false}"#),
        (
            "switch: { value: body.k, cases: { a: [ { remove: /k } ] }, default: [ { set: { to: /k, value: other } } ] }",
            r#"{"k":"b"}"#,
            r#"{"k":"other"}"#,
        ),
        ("require: { scope: read }", "{}", "{}"),
    ] {
        assert_eq!(run(&format!("  - {step}\n"), before).as_deref(), Ok(after), "{step}");
    }
}

#[test]
fn what_does_not_fit_stops() {
    let stop = |step: &str, json| run(&format!("  - {step}\n"), json).unwrap_err();
    assert!(matches!(stop("cast: { at: /n, to: number }", r#"{"n":"x"}"#), Stop::Unfit { pointer: Some(p), .. } if p == "/n"));
    assert!(matches!(stop("set: { to: /n/x, value: 1 }", r#"{"n":"x"}"#), Stop::Unfit { .. }));
    assert!(matches!(
        stop("set_header: { name: X-A, value: \"{{ body.n }}\" }", r#"{"n":"a\r\nb: c"}"#),
        Stop::Unfit { pointer: None, .. }
    ));
    assert!(matches!(stop("require: { scope: write }", "{}"), Stop::Fail(f) if f.status == 403));
    assert!(matches!(stop("require: { header: X-Tenant }", "{}"), Stop::Fail(f) if f.status == 400));
    assert!(
        matches!(stop("require: { when: \"body.a == 1\", status: 422, detail: \"a is {{ body.a }}\" }", r#"{"a":2}"#), Stop::Fail(f) if f.status == 422 && f.detail.as_deref() == Some("a is 2"))
    );
    assert!(matches!(stop("respond: { status: 202, json: { a: \"{{ body.a }}\" } }", r#"{"a":2}"#), Stop::Respond(a) if a.status == 202));
    assert!(matches!(stop("fail: { status: 409, code: a.b }", "{}"), Stop::Fail(f) if f.status == 409));
}

#[test]
fn a_message_cannot_grow_without_end() {
    let doubling = "  - copy: { from: \"\", to: /l/- }\n".repeat(60);
    assert!(matches!(run(&doubling, "{}").unwrap_err(), Stop::Exhausted(_)));
    let deepening = "  - move: { from: /a, to: /b/1/2/3/4/5/6/7/8/9 }\n  - move: { from: /b, to: /a/b }\n".repeat(40);
    assert!(matches!(run(&deepening, r#"{"a":1}"#).unwrap_err(), Stop::Exhausted(_)));
}

#[test]
fn hostile_files_are_refused() {
    let nested = |n: usize| format!("{}{}{}", "[ { if: { when: \"true\", then: ".repeat(n), "[]", " } } ]".repeat(n));
    let deep = |n: usize| format!("version: 1\nrequest: {}\n", nested(n));
    for text in [
        deep(20),
        deep(10_000),
        request(&"  - remove: /a\n".repeat(1001)),
        " ".repeat(Sequence::MAX_BYTES + 1),
        "a: &a [*a]".into(),
        request("  - remove: &x [*x, *x]\n"),
    ] {
        assert!(!findings(&text).is_empty(), "{}", text.chars().take(80).collect::<String>());
    }
    assert!(Sequence::parse(SourceId(0), &request(&"  - remove: /a\n".repeat(998))).is_ok());
}

proptest! {
    #[test]
    fn no_text_stops_the_reader(text in "(?s).{0,300}") {
        let _read = Sequence::parse(SourceId(0), &text);
    }

    #[test]
    fn no_step_stops_the_reader(lines in proptest::collection::vec(proptest::sample::select(vec![
        "  - set: { to: /a, value: 1 }", "  - if:", "      when: \"body.a == 1\"", "      then: []", "  - remove: [/a, \"*\"]", "  - to_soap: {}", "request:",
        "  - switch: { value: body, cases: { a: [] } }", "  - {}", "  - log: { message: \"{{ 1\" }", "  - set: &a { to: *a }", "- x", "  -", "version: 1",
        "  - copy: { from: \"\", to: /*/*/a }", "  - keep: /*/a/0", "  - map: { at: /*, values: { 1: 2 } }",
    ]), 0..12)) {
        let _read = Sequence::parse(SourceId(0), &lines.join("\n"));
        let _read = Sequence::parse(SourceId(0), &request(&(lines.join("\n") + "\n")));
    }
}

/// The fenced blocks of the page: what stands behind the fence, and the text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    page.split("\n```").skip(1).step_by(2).filter_map(|b| b.split_once('\n')).collect()
}

/// The pages of the steps: their names and texts.
fn pages() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sequences");
    let files = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap());
    files.map(|e| (e.file_name().into_string().unwrap(), std::fs::read_to_string(e.path()).unwrap())).collect()
}

const INDEX: &str = include_str!("../../../docs/sequences.md");

#[test]
fn every_step_has_a_section_whose_examples_run() {
    let mut sections: Vec<(String, String, String)> = Vec::new();
    for (page, text) in pages() {
        for section in text.split("\n## ").skip(1) {
            let (name, rest) = section.split_once('\n').unwrap();
            sections.push((page.clone(), name.to_owned(), format!("\n{rest}")));
        }
    }
    for (page, name, text) in &sections {
        let shown = examples_run(text);
        let verb = crate::sequence::step::VERBS.iter().any(|(verb, ..)| verb == name);
        assert!(verb, "{page} has a section `{name}`, which is no step");
        assert!(shown.contains(&format!("{name}:")), "{page} has no example of `{name}` in its section");
    }
    for (verb, ..) in crate::sequence::step::VERBS {
        let found: Vec<_> = sections.iter().filter(|(_, name, _)| name == verb).map(|(page, ..)| page).collect();
        let [page] = found.as_slice() else { panic!("`{verb}` has {} sections: {found:?}", found.len()) };
        assert!(INDEX.contains(&format!("[`{verb}`](sequences/{page}#{verb})")), "docs/sequences.md does not list `{verb}` of {page}");
    }
    examples_run(INDEX);
}

/// Runs the examples of a text, and gives their steps. Those of conversions run in the gateway's tests.
fn examples_run(text: &str) -> String {
    let mut shown = String::new();
    let blocks = blocks(text);
    for (i, (path, steps)) in blocks.iter().enumerate() {
        let whole = match *path {
            "yaml file" | "yaml conversion" => (*steps).to_owned(),
            "yaml request" => request(&(steps.lines().map(|l| format!("  {l}\n")).collect::<String>())),
            "yaml response" => {
                let steps: String = steps.lines().map(|l| format!("  {l}\n")).collect();
                let call = if steps.contains("calls.balance") { "  - call: { operation: A, as: balance }\n" } else { "" };
                let text = Sequence::DEFAULT_TEXT.replace("  - to_soap: {}\n", &format!("{call}  - to_soap: {{}}\n"));
                text.replace("  - to_json: {}\n", &format!("  - to_json: {{}}\n{steps}"))
            }
            "yaml fault" => {
                let steps: String = steps.lines().map(|l| format!("  {l}\n")).collect();
                let kept = "  - cache: { name: session, lifetime: 1m, fill: [], value: a }\n";
                request(kept).replace("  - to_problem: {}\n", &format!("{steps}  - to_problem: {{}}\n"))
            }
            _ => continue,
        };
        shown.push_str(steps);
        let sequence = Sequence::parse(SourceId(0), &whole).unwrap_or_else(|e| panic!("{whole}\n{e:?}"));
        if matches!(*path, "yaml file" | "yaml conversion") {
            continue;
        }
        assert_eq!(blocks[i + 1].0, "text", "an example without what comes of it: {steps}");
        let steps = match *path {
            "yaml request" => &sequence.request,
            "yaml response" => &sequence.response,
            _ => &sequence.fault,
        };
        example(steps, blocks[i + 1].1);
    }
    shown
}

/// What came of a call, as the lines of a block say in turn.
fn outcome<'a>(ask: &crate::sequence::Ask, told: &mut impl Iterator<Item = &'a (&'a str, &'a str)>) -> crate::sequence::Outcome {
    let api = ask.api.as_ref().map(|a| format!("{a}/")).unwrap_or_default();
    let json = String::from_utf8(ask.json.to_json()).unwrap();
    assert_eq!(told.next(), Some(&("calls", &*format!("{api}{} {json}", ask.operation))));
    match told.next() {
        Some(("gives", json)) => Ok(Tree::from(&crate::json::parse(json.as_bytes(), &crate::json::Limits::default()).unwrap())),
        Some(("fails", fault)) => {
            let (name, status) = fault.split_once(' ').unwrap();
            Err(FaultFacts { name: Some(name.into()), status: status.into(), ..FaultFacts::default() })
        }
        other => panic!("{other:?}"),
    }
}

/// Runs steps to their end; what they need stands in the lines.
fn run_out(steps: &crate::sequence::Steps, exchange: &mut Exchange, lines: &[(&str, &str)]) -> Result<(), Stop> {
    let mut told = lines.iter().filter(|(word, _)| matches!(*word, "calls" | "gives" | "fails" | "keeps"));
    let mut run = steps.start();
    while let Some(need) = run.go(exchange)? {
        match need {
            Need::Calls(calls) => {
                let outcomes = calls.asks.iter().map(|ask| outcome(ask, &mut told)).collect();
                run.called(exchange, outcomes)?;
            }
            Need::Kept(_) => run.found(exchange, None)?,
            Need::Keep(keep) => {
                let json = String::from_utf8(keep.value.to_json()).unwrap();
                let shown = format!("{} {} {json}", keep.slot.name, keep.slot.key);
                assert_eq!(told.next(), Some(&("keeps", &*shown)));
            }
        }
    }
    assert_eq!(told.next(), None);
    Ok(())
}

/// A file as editors see it.
fn as_json(text: &str) -> serde_json::Value {
    let (file, node) = crate::yaml::File::parse(SourceId(0), text, &crate::sequence::codes::OF_YAML);
    file.json(&node.unwrap())
}

/// The same file with each name on its own written otherwise, or left out.
fn mutants(value: &serde_json::Value) -> Vec<serde_json::Value> {
    use serde_json::Value;
    let mut all = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                let mut other = members.clone();
                other.shift_remove(name);
                all.push(Value::Object(other.clone()));
                other.insert(format!("{name}x"), inner.clone());
                all.push(Value::Object(other));
                for mutant in mutants(inner) {
                    let mut other = members.clone();
                    other.insert(name.clone(), mutant);
                    all.push(Value::Object(other));
                }
            }
        }
        Value::Array(items) => {
            for (at, inner) in items.iter().enumerate() {
                let twice = items.iter().take(at + 1).chain(items.iter().skip(at));
                all.push(twice.cloned().collect());
                for mutant in mutants(inner) {
                    let mut other = items.clone();
                    other[at] = mutant;
                    all.push(Value::Array(other));
                }
            }
        }
        _ => {}
    }
    all
}

#[test]
fn editors_are_told_what_the_reader_takes() {
    let validator = jsonschema::validator_for(&Sequence::schema()).unwrap();
    let mut count = 0;
    let mut pages: Vec<String> = pages().into_iter().map(|(_, text)| text).collect();
    pages.push(INDEX.to_owned());
    for (path, steps) in pages.iter().flat_map(|page| blocks(page)) {
        let indented = || steps.lines().map(|l| format!("  {l}\n")).collect::<String>();
        let whole = match path {
            "yaml file" | "yaml conversion" => steps.to_owned(),
            "yaml request" => request(&indented()),
            "yaml response" => Sequence::DEFAULT_TEXT.replace("  - to_json: {}\n", &format!("  - to_json: {{}}\n{}", indented())),
            _ => continue,
        };
        let file = as_json(&whole);
        assert!(validator.is_valid(&file), "{whole}\n{:?}", validator.iter_errors(&file).map(|e| e.to_string()).collect::<Vec<_>>());
        for mutant in mutants(&file) {
            let text = mutant.to_string();
            let read = Sequence::parse(SourceId(0), &text);
            // The order of steps and what expressions say is beyond a schema.
            let codes: Vec<_> = read.as_ref().err().into_iter().flatten().map(|d| d.code.id).collect();
            if codes.iter().any(|c| matches!(*c, "sequence.wrong-place" | "sequence.bad-expression")) {
                continue;
            }
            assert_eq!(validator.is_valid(&mutant), read.is_ok(), "{text} {codes:?}");
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
}

/// Runs steps over what a block says, and compares with what it says comes of it.
fn example(steps: &crate::sequence::Steps, block: &str) {
    let tree = |json: &str| Tree::from(&crate::json::parse(json.as_bytes(), &crate::json::Limits::default()).unwrap());
    let mut exchange = Exchange::default();
    let lines: Vec<_> = block.lines().map(|l| l.split_once(' ').unwrap()).collect();
    for (word, rest) in &lines {
        match *word {
            "message" => exchange.body = Some(tree(rest)),
            "field" => {
                let (name, value) = rest.split_once(": ").unwrap();
                exchange.caller.headers.insert(http::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
            }
            "call" => {
                let (name, json) = rest.split_once(' ').unwrap();
                exchange.set_call(name, Some(tree(json))).unwrap();
            }
            "fault" => exchange.fault = Some(FaultFacts { name: Some((*rest).into()), ..FaultFacts::default() }),
            _ => {}
        }
    }
    let result = run_out(steps, &mut exchange, &lines);
    for (word, rest) in &lines {
        match *word {
            "message" | "field" | "call" | "fault" | "kept" | "calls" | "gives" | "fails" | "keeps" => {}
            "block" => {
                let markup: Vec<_> = exchange.soap_headers.iter().map(|b| b.markup(crate::plan::node::SoapVersion::Soap11)).collect();
                assert_eq!(markup, [*rest]);
            }
            "writes" => assert_eq!(exchange.soap.as_deref().map(str::trim), Some(*rest)),
            "again" => assert!(matches!(&result, Err(Stop::Again { drop }) if **drop == **rest), "{result:?}"),
            "becomes" => assert_eq!(String::from_utf8(exchange.body.as_ref().unwrap().to_json()).unwrap(), *rest, "{block}"),
            "sends" => {
                let (name, value) = rest.split_once(": ").unwrap();
                assert_eq!(exchange.headers.get(name).map(|v| v.to_str().unwrap()), Some(value), "{block}");
            }
            "without" => assert!(!exchange.headers.contains_key(*rest), "{block}"),
            "status" => assert_eq!(exchange.status.map(|s| s.to_string()).as_deref(), Some(*rest)),
            "answers" => {
                let Err(Stop::Respond(answer)) = &result else { panic!("{result:?} {block}") };
                let json = String::from_utf8(answer.json.as_ref().unwrap().to_json()).unwrap();
                assert_eq!(format!("{} {json}", answer.status), *rest);
            }
            "refuses" => {
                let Err(Stop::Fail(failure)) = &result else { panic!("{result:?} {block}") };
                let detail = failure.detail.as_ref().map(|d| format!(" {d}")).unwrap_or_default();
                assert_eq!(format!("{}{detail}", failure.status), *rest);
            }
            "logs" => {
                let note = &exchange.notes[0];
                assert_eq!(format!("{} {}={}", note.message, note.values[0].0, note.values[0].1), *rest);
            }
            other => panic!("{other} {block}"),
        }
    }
    assert!(result.is_ok() || lines.iter().any(|(w, _)| matches!(*w, "answers" | "refuses" | "again")), "{result:?} {block}");
}

#[test]
fn every_expression_of_the_page_gives_what_it_says() {
    use crate::sequence::expr::{Budget, Expr, Path};
    let (_, rest) = INDEX.split_once("With the message `").unwrap();
    let (message, table) = rest.split_once("`:\n").unwrap();
    let mut exchange = Exchange::default();
    exchange.body = Some(Tree::from(&crate::json::parse(message.as_bytes(), &crate::json::Limits::default()).unwrap()));
    let rows: Vec<_> = table
        .lines()
        .take_while(|l| !l.starts_with('#'))
        .filter_map(|l| l.strip_prefix("| `")?.strip_suffix("` |")?.split_once("` | `"))
        .collect();
    assert!(rows.len() > 30, "{rows:?}");
    for (text, gives) in &rows {
        let expr = Expr::parse(text, Path::Request).unwrap_or_else(|f| panic!("{text} {f:?}"));
        let value = expr.value(&exchange, &Budget::default()).unwrap().to_tree().unwrap();
        assert_eq!(String::from_utf8(value.to_json()).unwrap(), *gives, "{text}");
    }
    for name in crate::sequence::expr::functions() {
        assert!(rows.iter().any(|(text, _)| text.contains(&format!("{name}("))), "the page does not show {name}()");
    }
}
