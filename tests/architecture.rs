//! Who may use whom: the rooms of `src/` and the packages that each may call, as data, compared with the source text.
//!
//! A failure prints the offending line and the sentence of the rule. Test modules at the end of a file are not asked.

use std::fmt::Write;
use std::path::Path;

use crate::support;

/// A room, what it may use, and the sentence that says so.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
    rule: &'static str,
}

const fn room(name: &'static str, may_use: &'static [&'static str], rule: &'static str) -> Room {
    Room { name, may_use, rule }
}

/// Floor 0, open to all.
const GROUND: &[&str] = &["xml", "json", "diagnostic", "net", "yaml"];

/// What import and catalog may use.
#[rustfmt::skip]
const BELOW_7: &[&str] = &[
    "import", "catalog", "store", "throttle", "auth", "sequence", "prove", "sample", "openapi", "mediate", "plan", "api", "wsdl", "schema",
    "alarm", "config", "problem", "telemetry",
];

/// Where JSON documents are `serde_json`'s.
#[rustfmt::skip]
const JSON_DOCUMENTS: &[&str] = &[
    "api/", "auth/", "openapi/", "sample/", "sequence/", "store/", "import", "alarm/", "catalog/", "gateway/", "oauth/", "mock/", "manage/apart", "admin/", "cli/",
    "handout/", "publish/",
    "main.rs", "problem", "config", "telemetry", "yaml", "migrate/",
];

/// Floors 0 to 10, bottom up. [`GROUND`] is open to all and not repeated.
const ROOMS: &[Room] = &[
    room("xml", &[], "xml uses nothing and is open to all"),
    room("json", &[], "json uses nothing and is open to all"),
    room("diagnostic", &[], "diagnostic uses nothing and is open to all"),
    room("net", &[], "net uses nothing and is open to all"),
    room("yaml", &["diagnostic"], "yaml uses diagnostic, which its files' findings are, and is open to all"),
    room("config", &[], "config uses nothing and is open from floor 5 up"),
    room("alarm", &["config", "telemetry"], "alarm may use config, telemetry, net, and is open from floor 5 up"),
    room("problem", &[], "problem uses nothing and is open from floor 5 up"),
    room("telemetry", &[], "telemetry uses nothing and is open from floor 5 up"),
    room("schema", &[], "schema may use xml and diagnostic"),
    room("wsdl", &["schema"], "wsdl may use schema, xml, diagnostic, net"),
    room("api", &["wsdl", "schema"], "api may use wsdl, schema, xml, diagnostic"),
    room("plan", &[], "plan may use xml and diagnostic; only plan::compile may name api, wsdl, schema"),
    room("plan::compile", &["plan", "api", "wsdl", "schema"], "only plan::compile may name api, wsdl, schema"),
    room("mediate", &["plan"], "mediate may use plan (not plan::compile) and xml: it never sees a schema"),
    room(
        "openapi",
        &["plan", "api", "sequence"],
        "openapi may use plan, api, and sequence, whose steps reshape messages; examples enter as plain data",
    ),
    room("sample", &["plan", "api", "mediate"], "sample may use plan, api, mediate"),
    room(
        "prove",
        &["schema", "wsdl", "plan", "plan::compile", "mediate", "sample", "api"],
        "prove may use schema, wsdl, plan, mediate, sample, api: it makes messages by the schema and holds the mapping against them",
    ),
    room(
        "sequence",
        &["mediate", "plan", "config"],
        "sequence may use mediate, plan, diagnostic, units of config; callers and upstream calls enter as plain data",
    ),
    room("auth", &["config"], "auth may use config and net"),
    room("throttle", &["config"], "throttle may use config and net"),
    room(
        "store",
        &["api", "sequence", "auth", "throttle", "alarm", "config"],
        "store may use the record types of api, sequence, auth, throttle, alarm, and the settings that say which store it is",
    ),
    room("import", BELOW_7, "import and catalog may use everything below floor 7, and each other"),
    room("catalog", BELOW_7, "import and catalog may use everything below floor 7, and each other"),
    room("handout", &["catalog"], "handout may use catalog: files that people take along of a published API"),
    room(
        "manage",
        &["store", "auth", "throttle", "catalog", "api", "alarm", "config", "telemetry"],
        "manage may use store, auth, throttle, catalog, api, config, telemetry, and alarm, which knows this process's memory: what people may do, without HTTP",
    ),
    room(
        "gateway",
        &["catalog", "sequence", "mediate", "plan", "sample", "auth", "throttle", "alarm", "config", "problem", "telemetry"],
        "gateway may use catalog, sequence, mediate, plan, sample, auth, throttle, alarm, config, problem, telemetry",
    ),
    room(
        "oauth",
        &["gateway", "catalog", "sequence", "mediate", "plan", "sample", "auth", "throttle", "store", "config", "problem", "telemetry"],
        "oauth may use catalog, sequence, mediate, plan, sample, auth, throttle, store, config, problem, telemetry, and gateway::Reserved",
    ),
    room(
        "publish",
        &["manage", "import", "catalog", "gateway", "sequence", "mediate", "plan", "sample", "store", "wsdl", "api", "auth", "problem"],
        "publish may use manage, import, catalog, gateway::trace, sequence, mediate, plan, sample, store, wsdl, api, auth, problem: what publishers do, without pages",
    ),
    room(
        "mock",
        &["catalog", "sequence", "mediate", "plan", "sample", "auth", "throttle", "config", "problem", "telemetry"],
        "mock may use catalog, sequence, mediate, plan, sample, auth, throttle, config, problem, telemetry",
    ),
    room(
        "admin",
        &[
            "manage",
            "publish",
            "auth",
            "throttle",
            "import",
            "store",
            "catalog",
            "api",
            "sequence",
            "openapi",
            "schema",
            "wsdl",
            "gateway",
            "alarm",
            "config",
            "problem",
            "telemetry",
        ],
        "admin may use manage, publish, auth, throttle, import, store, catalog, api, sequence, openapi, schema and wsdl, gateway::trace, alarm, config, problem, telemetry",
    ),
    room(
        "portal",
        &["manage", "publish", "handout", "auth", "throttle", "catalog", "gateway", "config", "telemetry"],
        "portal may use manage, publish, handout, auth, throttle, catalog, gateway::trace, config, telemetry: it shows what manage knows, and does what manage does",
    ),
    room(
        "migrate",
        &["import", "catalog", "sequence", "plan", "api", "wsdl"],
        "migrate may use import, catalog, sequence, plan, api and wsdl: it makes what an import makes, and checks it as the server does",
    ),
    // Floor 10, which may use everything, is not listed: cli.
];

/// Rooms that use everything below them and are used by nothing but `main`.
const TOP: &[&str] = &["cli"];

/// A package and the paths below `src/` that may name it.
struct Package {
    name: &'static str,
    only_in: &'static [&'static str],
    rule: &'static str,
}

const PACKAGES: &[Package] = &[
    Package {
        name: "roxmltree",
        only_in: &["xml/", "wsdl/", "schema/parse", "schema/links", "schema/resolve", "schema/standard", "prove/compare", "migrate/"],
        rule: "roxmltree is called in xml::document; its nodes may be named where documents are read: wsdl, schema::{parse, links, resolve, standard}, prove::compare, migrate",
    },
    Package { name: "roxmltree::Document::parse", only_in: &["xml/document"], rule: "xml::document is the only caller of roxmltree" },
    Package { name: "quick_xml", only_in: &["xml/"], rule: "quick-xml only in xml: every XML byte passes its gate" },
    Package {
        name: "serde_json",
        only_in: JSON_DOCUMENTS,
        rule: "serde_json only in api, openapi, sample, sequence and at the edges; the mapping reads and writes with crate::json",
    },
    Package { name: "reqwest", only_in: &["net/"], rule: "outgoing calls only through net" },
    Package { name: "hyper_util::client", only_in: &["net/"], rule: "outgoing calls only through net" },
    Package {
        name: "axum",
        only_in: &["gateway/", "oauth/", "portal/", "admin/", "mock/"],
        rule: "axum only where HTTP is answered: gateway, oauth, portal, admin",
    },
    Package {
        name: "tower",
        only_in: &["gateway/", "oauth/", "portal/", "admin/", "mock/", "net/connector"],
        rule: "tower only where HTTP is answered (gateway, oauth, portal, admin) and in the upstream client's connector",
    },
    Package {
        name: "serde_saphyr",
        only_in: &["api/", "config", "yaml", "cli/"],
        rule: "YAML is read in yaml, with places; in api and config where a file is one record",
    },
    Package {
        name: "zip",
        only_in: &["wsdl/source", "wsdl/source.rs", "migrate/", "handout/bundle"],
        rule: "archives are opened in wsdl::source, in memory, within its limits, and written in handout::bundle",
    },
    Package {
        name: "bergshamra",
        only_in: &["mediate/security/sign"],
        rule: "bergshamra is called in mediate::security::sign: it canonicalises and signs envelopes that the gate has passed",
    },
    Package {
        name: "jsonwebtoken",
        only_in: &["auth/jwt"],
        rule: "jsonwebtoken is called in auth::jwt: its defaults accept tokens that nobody should",
    },
    Package { name: "argon2", only_in: &["auth/password"], rule: "passwords are hashed in auth::password, a few at a time" },
    Package {
        name: "governor",
        only_in: &["throttle/local"],
        rule: "governor only in throttle::local: a rate is looked at and taken there",
    },
    Package { name: "hashbrown", only_in: &["throttle/local"], rule: "hashbrown only in throttle::local, for the index of its counters" },
    Package {
        name: "handlebars",
        only_in: &["sequence/template", "portal/view"],
        rule: "Handlebars only in sequence::template, as a parser, and in portal::view, which escapes everything",
    },
    Package {
        name: "quick_cache",
        only_in: &["gateway/cache", "gateway/values"],
        rule: "quick_cache only in gateway::cache, answers that are given again, and gateway::values, what steps keep",
    },
    Package { name: "multer", only_in: &["portal/visit"], rule: "forms with files are read in portal::visit, within its limits" },
    Package { name: "similar", only_in: &["publish/difference"], rule: "texts are compared line by line in publish::difference" },
    Package { name: "redis", only_in: &["throttle/redis"], rule: "the Redis client only in throttle::redis" },
    Package {
        name: "rustix",
        only_in: &["cli/apart", "cli/doctor", "import/update"],
        rule: "rustix only in import::update::place, where two folders change places in one step, in cli::doctor, which asks how much room there is, and in cli::apart, where a process takes bounds upon itself",
    },
    Package { name: "sqlx", only_in: &["store/sql"], rule: "SQL is spoken in store::sql only" },
    Package { name: "miette", only_in: &["diagnostic", "cli/"], rule: "a diagnostic is rendered at the edges only" },
];

/// A line of source with its place.
struct Line {
    file: String,
    number: usize,
    text: String,
}

/// The lines of `src/` that are code: no comments, nothing of the test module at a file's end, no test files.
fn code() -> Vec<Line> {
    let src = support::path("src");
    let mut lines = Vec::new();
    for path in support::files(&src, "rs") {
        let file = path.strip_prefix(&src).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if file.split('/').any(|s| s == "tests" || s == "tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let mut test_follows = false;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if test_follows && line.starts_with("mod ") {
                break;
            }
            test_follows = line.starts_with("#[cfg(test)]");
            if !line.starts_with("//") {
                lines.push(Line { file: file.clone(), number: index + 1, text: line.to_owned() });
            }
        }
    }
    lines
}

/// The room of a file below `src/`; `plan::compile` is a room of its own, `lib.rs` and `main.rs` are none.
fn room_of(file: &str) -> Option<String> {
    if file.starts_with("plan/compile") {
        return Some("plan::compile".into());
    }
    let first = file.split('/').next()?.trim_end_matches(".rs");
    (!matches!(first, "lib" | "main")).then(|| first.to_owned())
}

/// The rooms that a line names behind `crate::`: `crate::plan::node`, `crate::{xml, plan::compile}`.
fn rooms_named(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("crate::") {
        let before = rest[..at].chars().next_back();
        rest = &rest[at + "crate::".len()..];
        // `$crate::` in a macro is the same thing; `some_crate::` is not.
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        match rest.strip_prefix('{') {
            Some(group) => found.extend(top_level_names(group)),
            None => found.extend(leading_name(rest)),
        }
    }
    found
}

/// The first names of the members of a `use` group, up to its end.
fn top_level_names(group: &str) -> Vec<String> {
    let mut depth = 0_u32;
    let mut names = Vec::new();
    let mut member = String::new();
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(leading_name(std::mem::take(&mut member).trim())),
            _ if depth == 0 => member.push(c),
            _ => {}
        }
    }
    names.extend(leading_name(member.trim()));
    names
}

/// `plan::compile` as such, else the first segment; nothing for items of the crate's root (macros, types).
fn leading_name(path: &str) -> Option<String> {
    let segment = |p: &str| p.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let first = segment(path);
    let second = path.strip_prefix(&format!("{first}::")).map(segment).unwrap_or_default();
    if first == "plan" && second == "compile" {
        return Some("plan::compile".into());
    }
    (!first.is_empty()).then_some(first)
}

fn is_room(name: &str) -> bool {
    name == "plan::compile" || TOP.contains(&name) || ROOMS.iter().any(|r| r.name == name)
}

/// May `user` name `used`?
fn may_use(user: &str, used: &str) -> bool {
    let base = |n: &str| n.split("::").next().unwrap_or(n).to_owned();
    if TOP.contains(&user) || user == used || (base(user) == base(used) && user == "plan::compile") {
        return true;
    }
    // Plans are compiled by whoever may name api and plan both from floor 7 up; the hot path never does.
    if used == "plan::compile" {
        return matches!(user, "plan" | "import" | "catalog");
    }
    if GROUND.contains(&used) && !GROUND.contains(&user) {
        return true;
    }
    ROOMS.iter().find(|r| r.name == user).is_some_and(|r| r.may_use.contains(&used))
}

#[test]
fn rooms_use_only_what_stands_below_them() {
    let mut broken = String::new();
    for line in code() {
        let Some(user) = room_of(&line.file) else { continue };
        for used in rooms_named(&line.text).into_iter().filter(|n| is_room(n)) {
            if !may_use(&user, &used) {
                let rule =
                    ROOMS.iter().find(|r| r.name == user).map_or("this room is not in the table of tests/architecture.rs", |r| r.rule);
                let _ = writeln!(broken, "src/{}:{}: {}\n    {user} names {used}, but {rule}", line.file, line.number, line.text);
            }
        }
    }
    assert!(broken.is_empty(), "\n{broken}");
}

#[test]
fn every_room_is_in_the_table() {
    let mut unknown: Vec<_> = code().iter().filter_map(|l| room_of(&l.file)).filter(|r| !is_room(r)).collect();
    unknown.dedup();
    assert!(unknown.is_empty(), "these rooms of src/ are not in the table of tests/architecture.rs: {unknown:?}");
}

#[test]
fn packages_are_named_only_in_their_rooms() {
    let mut broken = String::new();
    for line in code() {
        for package in PACKAGES.iter().filter(|p| names_package(&line.text, p.name)) {
            if !package.only_in.iter().any(|place| line.file.starts_with(place)) {
                let _ = writeln!(broken, "src/{}:{}: {}\n    {}", line.file, line.number, line.text, package.rule);
            }
        }
    }
    assert!(broken.is_empty(), "\n{broken}");
}

/// Does the line name `package` as a path, not as a part of another word or inside a longer path?
fn names_package(text: &str, package: &str) -> bool {
    text.match_indices(package).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + package.len()..].chars().next();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let starts = before.is_none_or(|c| !is_word(c) && !matches!(c, ':' | '"' | '.' | '/'));
        // A path or a `use` of the package itself, not a local variable of that name.
        let is_path = text[at + package.len()..].starts_with("::") || (package.contains("::") && after == Some('('));
        starts && (is_path || text.starts_with("use ") && after.is_none_or(|c| !is_word(c)))
    })
}

#[test]
fn the_scanner_sees_what_it_is_for() {
    assert_eq!(rooms_named("use crate::plan::node::Program;"), ["plan"]);
    assert_eq!(rooms_named("use crate::{xml::gate, plan::compile::run};"), ["xml", "plan::compile"]);
    assert_eq!(rooms_named("let x = crate::schema::model::Id(1) + crate::wsdl::f();"), ["schema", "wsdl"]);
    assert!(names_package("use quick_xml::Reader;", "quick_xml"));
    assert!(!names_package("let zip = files.zip;", "zip"));
    assert!(!names_package("a.iter().zip(b)", "zip"));
    assert!(may_use("mediate", "plan") && !may_use("mediate", "schema") && !may_use("plan", "schema"));
    assert!(may_use("plan::compile", "schema") && !may_use("mediate", "plan::compile") && !may_use("gateway", "wsdl"));
    assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").is_dir());
}
