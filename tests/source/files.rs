//! Local files: how locations are followed, and what is looked for by name and namespace.

use castile::diagnostic::Severity;
use castile::wsdl::documents::Target;
use castile::wsdl::source::{Limits, Options, Origin, Policy, load_local};

use super::{codes, folder, load_file, load_upload, missing, names, refusal, schema, wsdl, wsdl_with_schemas};

fn set(names: &[&str]) -> std::collections::BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

#[test]
fn nested_cyclic_and_diamond_references_load_each_document_once() {
    let dir = folder(&[
        ("a.wsdl", &wsdl_with_schemas(&[("urn:b", "x/b.xsd"), ("urn:c", "x/c.xsd")])),
        ("x/b.xsd", &schema("urn:b", &[("urn:d", "../y/d.xsd")], &[])),
        ("x/c.xsd", &schema("urn:c", &[("urn:d", "../y/./d.xsd"), ("urn:b", "b.xsd")], &["more.xsd"])),
        ("x/more.xsd", &schema("urn:c", &[], &["c.xsd"])),
        ("y/d.xsd", &schema("urn:d", &[("urn:b", "../x/b.xsd")], &[])),
    ]);
    let loaded = load_file(dir.path().join("a.wsdl")).unwrap();
    assert_eq!(names(&loaded.documents), set(&["a.wsdl", "x/b.xsd", "x/c.xsd", "x/more.xsd", "y/d.xsd"]));
    assert_eq!(loaded.documents.sources.iter().count(), 5);
    assert!(missing(&loaded.documents).is_empty() && loaded.diagnostics.is_empty());
    assert_eq!(loaded.documents.links.len(), 8);
    assert!(loaded.documents.links.values().all(|t| matches!(t, Target::Document(_))));
}

#[test]
fn locations_are_followed_as_real_wsdls_write_them() {
    let dir = folder(&[
        (
            "a.wsdl",
            &wsdl_with_schemas(&[
                ("urn:1", " my%20types/one.xsd "),
                ("urn:2", "my types\\two.xsd"),
                ("urn:3", "MY TYPES/Three.XSD"),
                ("urn:4", "my types/100%.xsd"),
            ]),
        ),
        ("my types/one.xsd", &schema("urn:1", &[], &[])),
        ("my types/two.xsd", &schema("urn:2", &[], &[])),
        ("my types/three.xsd", &schema("urn:3", &[], &[])),
        ("my types/100%.xsd", &schema("urn:4", &[], &[])),
    ]);
    let loaded = load_file(dir.path().join("a.wsdl")).unwrap();
    assert!(missing(&loaded.documents).is_empty(), "{:?}", missing(&loaded.documents));
    assert_eq!(loaded.documents.sources.iter().count(), 5);
    assert_eq!(codes(&loaded), ["source.case-differs"]);
}

#[test]
fn a_missing_file_names_the_nearest_one() {
    let dir = folder(&[("a.wsdl", &wsdl_with_schemas(&[("urn:1", "tipes.xsd")])), ("types.xsd", &schema("urn:other", &[], &[]))]);
    let loaded = load_file(dir.path().join("a.wsdl")).unwrap();
    assert_eq!(missing(&loaded.documents), ["tipes.xsd: there is no file `tipes.xsd`; did you mean `types.xsd`?"]);
    let refused = load_file(dir.path().join("b.wsdl")).unwrap_err();
    assert_eq!(refused.diagnostics[0].code.id, "source.missing-document");
    assert!(refused.diagnostics[0].hint.as_deref().unwrap().contains("a.wsdl"));
}

#[test]
fn an_address_is_answered_from_the_files() {
    let remote = wsdl_with_schemas(&[("urn:1", "http://h.example/deep/one.xsd"), ("urn:2", "http://h.example/Service.svc?xsd=xsd2")]);
    let files =
        [("a.wsdl", remote.as_str()), ("copies/one.xsd", &schema("urn:1", &[], &[])), ("copies/renamed.xsd", &schema("urn:2", &[], &[]))];
    let dir = folder(&files);
    // A folder or zip belongs to the import as a whole: by name, and by namespace.
    let loaded = load_upload(&Origin::Folder { path: dir.path().to_owned(), root: None }).unwrap();
    assert_eq!(names(&loaded.documents), set(&["a.wsdl", "copies/one.xsd", "copies/renamed.xsd"]));
    assert_eq!(codes(&loaded), ["source.taken-from-files"; 2]);
    // What only lies beside a single file is taken by its name alone.
    let loaded = load_file(dir.path().join("a.wsdl")).unwrap();
    assert_eq!(names(&loaded.documents), set(&["a.wsdl", "copies/one.xsd"]));
    let why = missing(&loaded.documents);
    assert!(why.len() == 1 && why[0].contains("not fetched here"), "{why:?}");
}

#[test]
fn a_file_of_the_right_name_and_another_namespace_is_not_taken() {
    let dir =
        folder(&[("a.wsdl", &wsdl_with_schemas(&[("urn:1", "http://h.example/one.xsd")])), ("one.xsd", &schema("urn:other", &[], &[]))]);
    let loaded = load_upload(&Origin::Folder { path: dir.path().to_owned(), root: None }).unwrap();
    assert_eq!(names(&loaded.documents), set(&["a.wsdl"]));
    assert_eq!(missing(&loaded.documents).len(), 1);
}

#[test]
fn several_files_that_could_be_meant_are_not_guessed_between() {
    let dir = folder(&[
        ("a.wsdl", &wsdl_with_schemas(&[("urn:1", "http://h.example/v2/one.xsd"), ("urn:2", "http://h.example/two.xsd")])),
        ("v1/one.xsd", &schema("urn:1", &[], &[])),
        ("v2/one.xsd", &schema("urn:1", &[("urn:x", "")], &[])),
        ("p/two.xsd", &schema("urn:2", &[], &[])),
        ("q/two.xsd", &schema("urn:2", &[("urn:x", "")], &[])),
    ]);
    let loaded = load_upload(&Origin::Folder { path: dir.path().to_owned(), root: None }).unwrap();
    // The longer path in common decides where it can.
    assert!(names(&loaded.documents).contains("v2/one.xsd") && !names(&loaded.documents).contains("v1/one.xsd"));
    let why = missing(&loaded.documents);
    assert!(why.len() == 1 && why[0].contains("several files could be meant: `p/two.xsd`, `q/two.xsd`"), "{why:?}");
}

#[test]
fn an_import_without_location_is_answered_by_namespace() {
    let dir = folder(&[
        ("a.wsdl", &wsdl_with_schemas(&[("urn:1", ""), ("urn:inline", ""), ("urn:nowhere", ""), ("http://www.w3.org/2001/XMLSchema", "")])),
        ("whole.xsd", &schema("urn:1", &[("urn:2", "")], &["part.xsd"])),
        ("part.xsd", &schema("urn:1", &[], &[])),
        ("second.xsd", &schema("urn:2", &[], &[])),
    ]);
    let loaded = load_upload(&Origin::Folder { path: dir.path().to_owned(), root: None }).unwrap();
    assert_eq!(names(&loaded.documents), set(&["a.wsdl", "whole.xsd", "part.xsd", "second.xsd"]));
    assert!(missing(&loaded.documents).is_empty());
}

#[test]
fn standard_schemas_need_no_file() {
    let dir = folder(&[(
        "a.wsdl",
        &wsdl_with_schemas(&[
            ("http://schemas.xmlsoap.org/soap/encoding/", "http://schemas.xmlsoap.org/soap/encoding/"),
            ("http://www.w3.org/XML/1998/namespace", "xml.xsd"),
            ("http://www.w3.org/2005/08/addressing", ""),
        ]),
    )]);
    let loaded = load_file(dir.path().join("a.wsdl")).unwrap();
    assert_eq!(loaded.documents.links.values().filter(|t| **t == Target::Standard).count(), 3);
}

/// The published schema of XML signatures has a document type declaration, and so have the copies of it that services deliver.
#[test]
fn the_schema_that_ships_stands_in_for_a_copy_that_is_refused() {
    let dir = folder(&[
        ("a.wsdl", &wsdl_with_schemas(&[("http://www.w3.org/2000/09/xmldsig#", "xmldsig-core-schema.xsd"), ("urn:1", "own.xsd")])),
        ("xmldsig-core-schema.xsd", "<!DOCTYPE schema><schema xmlns='http://www.w3.org/2001/XMLSchema'/>"),
        ("own.xsd", "<!DOCTYPE schema><schema xmlns='http://www.w3.org/2001/XMLSchema'/>"),
    ]);
    let loaded = load_file(dir.path().join("a.wsdl")).unwrap();
    assert_eq!(loaded.documents.links.values().filter(|t| **t == Target::Standard).count(), 1);
    assert_eq!(missing(&loaded.documents).len(), 1);
    assert_eq!(codes(&loaded), ["source.not-well-formed"; 2]);
    let severities: Vec<Severity> = loaded.diagnostics.iter().map(|d| d.severity).collect();
    assert_eq!(severities, [Severity::Note, Severity::Error]);
}

/// What else is wrong with a copy was not meant, and a limit holds whatever ships.
#[test]
fn a_broken_copy_of_a_schema_that_ships_is_told() {
    let wsdl = wsdl_with_schemas(&[("http://www.w3.org/2000/09/xmldsig#", "xmldsig-core-schema.xsd")]);
    let load = |copy: &str, document_bytes: u64| {
        let dir = folder(&[("a.wsdl", &wsdl), ("xmldsig-core-schema.xsd", copy)]);
        let mut options = Options::local(Policy::Operator);
        options.limits = Limits { document_bytes, ..options.limits };
        load_local(&Origin::File(dir.path().join("a.wsdl")), &options).unwrap()
    };
    for (copy, hint) in [("<a:schema/>", "declare the prefix"), ("<schema>", "that ships is read")] {
        let loaded = load(copy, 1 << 20);
        assert!(missing(&loaded.documents).is_empty(), "{copy}");
        let told: Vec<_> = loaded.diagnostics.iter().map(|d| (d.severity, d.hint.as_deref().unwrap_or_default())).collect();
        assert!(matches!(told.as_slice(), [(Severity::Warning, said)] if said.contains(hint)), "{copy}: {told:?}");
    }
    let large = load(&format!("<schema>{}</schema>", " ".repeat(4_000)), 4_000);
    assert_eq!((codes(&large), missing(&large.documents).len()), (vec!["source.too-large"], 1));
    assert_eq!(large.diagnostics[0].severity, Severity::Error);
}

#[test]
fn the_operator_may_lead_out_of_the_folder_and_an_upload_may_not() {
    let dir = folder(&[
        ("in/a.wsdl", &wsdl_with_schemas(&[("urn:1", "../one.xsd"), ("urn:2", "link.xsd")])),
        ("one.xsd", &schema("urn:1", &[], &[])),
        ("two.xsd", &schema("urn:2", &[], &[])),
    ]);
    std::os::unix::fs::symlink("../two.xsd", dir.path().join("in/link.xsd")).unwrap();
    let loaded = load_file(dir.path().join("in/a.wsdl")).unwrap();
    assert_eq!(names(&loaded.documents), set(&["a.wsdl", "../one.xsd", "link.xsd"]));
    for origin in [Origin::Folder { path: dir.path().join("in"), root: None }, Origin::File(dir.path().join("in/a.wsdl"))] {
        let loaded = load_upload(&origin).unwrap();
        assert_eq!(names(&loaded.documents), set(&["a.wsdl"]), "{origin:?}");
        let why = missing(&loaded.documents);
        assert!(why.len() == 2 && why.iter().all(|w| w.contains("leads out")), "{why:?}");
    }
}

#[test]
fn absolute_paths_and_other_schemes_are_not_followed() {
    let outside = folder(&[("secret.xsd", &schema("urn:1", &[], &[]))]);
    let absolute = outside.path().join("secret.xsd").to_str().unwrap().to_owned();
    for location in [absolute.clone(), format!("file://{absolute}"), "ftp://h/secret.xsd".to_owned(), "C:\\x\\secret.xsd".to_owned()] {
        let dir = folder(&[("a.wsdl", &wsdl_with_schemas(&[("urn:1", &location)]))]);
        let loaded = load_file(dir.path().join("a.wsdl")).unwrap();
        assert_eq!(names(&loaded.documents), set(&["a.wsdl"]), "{location}");
        assert_eq!(missing(&loaded.documents).len(), 1, "{location}");
    }
}

#[test]
fn the_root_of_a_folder_is_the_one_that_no_other_imports() {
    let dir = folder(&[
        ("z.xml", &wsdl(&[("urn:w", "parts/a.wsdl")])),
        ("parts/a.wsdl", &wsdl(&[("urn:w", "http://h.example/b.wsdl")])),
        ("parts/b.wsdl", &wsdl(&[])),
        ("readme.txt", "see <b>here</b>"),
        ("data.xml", "<data/>"),
    ]);
    let loaded = load_upload(&Origin::Folder { path: dir.path().to_owned(), root: None }).unwrap();
    assert_eq!(&*loaded.documents.sources.document(loaded.documents.root).unwrap().name, "z.xml");
    assert_eq!(names(&loaded.documents), set(&["z.xml", "parts/a.wsdl", "parts/b.wsdl"]));
}

#[test]
fn several_roots_are_listed_and_one_can_be_chosen() {
    let dir = folder(&[("a.wsdl", &wsdl(&[])), ("deep/b.wsdl", &wsdl(&[]))]);
    let origin = Origin::Folder { path: dir.path().to_owned(), root: None };
    let refused = load_upload(&origin).unwrap_err();
    assert_eq!(refused.candidates, ["a.wsdl", "deep/b.wsdl"]);
    assert_eq!(refused.diagnostics[0].code.id, "source.several-wsdls");
    let loaded = load_upload(&origin.clone().with_root("deep/b.wsdl")).unwrap();
    assert_eq!(names(&loaded.documents), set(&["deep/b.wsdl"]));
    let refused = load_upload(&origin.with_root("deep/c.wsdl")).unwrap_err();
    assert!(refused.diagnostics[0].hint.as_deref().unwrap().contains("b.wsdl"), "{refused:?}");
    let empty = folder(&[("x.xml", "<x/>")]);
    assert_eq!(refusal(load_upload(&Origin::Folder { path: empty.path().to_owned(), root: None })), ["source.no-wsdl"]);
}

#[test]
fn what_is_no_wsdl_is_refused_at_its_place() {
    for (text, code) in [
        ("<a><b></a>", "source.not-well-formed"),
        ("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><x>&e;</x>", "source.not-well-formed"),
        ("<html><body>log in</body></html>", "source.unexpected-root"),
        ("<!DOCTYPE html><html><br></html>", "source.not-xml"),
        ("{\"swagger\": 2}", "source.not-xml"),
        ("", "source.not-xml"),
        (&schema("urn:x", &[], &[]), "source.unexpected-root"),
    ] {
        let dir = folder(&[("a.wsdl", text)]);
        assert_eq!(refusal(load_file(dir.path().join("a.wsdl"))), [code], "{text}");
    }
    let dir = folder(&[("a.wsdl", "<a>\n  <b></c>\n</a>")]);
    let refused = load_file(dir.path().join("a.wsdl")).unwrap_err();
    assert_eq!(refused.sources.position(refused.diagnostics[0].span.unwrap()).unwrap().0, 2);
}

#[test]
fn a_broken_import_is_reported_and_the_rest_is_loaded() {
    let dir = folder(&[
        ("a.wsdl", &wsdl_with_schemas(&[("urn:1", "one.xsd"), ("urn:2", "two.xsd"), ("urn:3", "three.xsd")])),
        ("one.xsd", "<x:schema xmlns:x='http://www.w3.org/2001/XMLSchema'>\n<x:element></x:schema>"),
        ("two.xsd", &schema("urn:2", &[], &[])),
        ("three.xsd", "<catalog/>"),
    ]);
    let loaded = load_file(dir.path().join("a.wsdl")).unwrap();
    assert_eq!(codes(&loaded), ["source.not-well-formed"]);
    let place = loaded.documents.sources.position(loaded.diagnostics[0].span.unwrap());
    assert_eq!(place.map(|p| p.0), Some(2));
    let why = missing(&loaded.documents);
    assert!(why.len() == 2 && why[0].contains("not well-formed") && why[1].contains("`catalog`"), "{why:?}");
}

#[test]
fn limits_hold() {
    let chain: Vec<(String, String)> = (0..40)
        .map(|i| (format!("{i}.xsd"), schema("urn:c", &[], &[&format!("{}.xsd", i + 1)])))
        .chain([("40.xsd".to_owned(), schema("urn:c", &[], &[])), ("a.wsdl".to_owned(), wsdl_with_schemas(&[("urn:c", "0.xsd")]))])
        .collect();
    let chain: Vec<(&str, &str)> = chain.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let dir = folder(&chain);
    let load = |limits| {
        let options = Options { limits, ..Options::local(Policy::Operator) };
        load_local(&Origin::File(dir.path().join("a.wsdl")), &options)
    };
    let loaded = load(Limits::default()).unwrap();
    assert_eq!(codes(&loaded), ["source.too-deep"]);
    assert_eq!(loaded.documents.sources.iter().count(), 33);
    let loaded = load(Limits { documents: 10, ..Limits::default() }).unwrap();
    assert_eq!((codes(&loaded), loaded.documents.sources.iter().count()), (vec!["source.too-many"], 10));
    let loaded = load(Limits { total_bytes: 1_000, ..Limits::default() }).unwrap();
    assert_eq!(codes(&loaded), ["source.too-large"]);
    assert_eq!(refusal(load(Limits { document_bytes: 100, ..Limits::default() })), ["source.too-large"]);
    let origin = Origin::Folder { path: dir.path().to_owned(), root: None };
    let options = Options { limits: Limits { files: 20, ..Limits::default() }, ..Options::local(Policy::Upload) };
    assert_eq!(refusal(load_local(&origin, &options)), ["source.too-many"]);
}

#[test]
fn encodings_are_decoded() {
    let dir = folder(&[("a.wsdl", "")]);
    let text = wsdl(&[]).replace("name=\"S\"", "name=\"Ä\"");
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> =
        format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{text}").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    for bytes in [utf16, latin] {
        std::fs::write(dir.path().join("a.wsdl"), bytes).unwrap();
        let loaded = load_file(dir.path().join("a.wsdl")).unwrap();
        assert!(loaded.documents.sources.document(loaded.documents.root).unwrap().text.contains("name=\"Ä\""));
    }
}

#[test]
fn a_word_on_the_command_line_is_told_apart() {
    let dir = folder(&[("a.wsdl", &wsdl(&[]))]);
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("z"), super::zip(&[("a.wsdl", wsdl(&[]).as_bytes())])).unwrap();
    let limits = Limits::default();
    assert!(matches!(Origin::of(&at("a.wsdl"), &limits), Ok(Origin::File(_))));
    assert!(matches!(Origin::of(&at(""), &limits), Ok(Origin::Folder { .. })));
    assert!(matches!(Origin::of(&at("z"), &limits), Ok(Origin::Archive { .. })));
    assert!(matches!(Origin::of("https://h.example/x?wsdl", &limits), Ok(Origin::Address(_))));
    let code = |text: &str| Origin::of(text, &limits).unwrap_err().diagnostics[0].code.id;
    assert_eq!(code("ftp://h.example/x"), "source.scheme");
    assert_eq!(code(&at("none.wsdl")), "source.missing-document");
    assert_eq!(
        refusal(load_local(&Origin::of("http://127.0.0.1:1/x", &limits).unwrap(), &Options::local(Policy::Operator))),
        ["source.not-fetched"]
    );
}

#[test]
fn beside_a_file_in_a_crowded_folder_names_still_count() {
    let root = wsdl_with_schemas(&[("urn:1", "http://h.example/one.xsd")]);
    let one = schema("urn:1", &[], &[]);
    let crowd: Vec<String> = (0..300).map(|i| format!("{i}.xml")).collect();
    let mut files: Vec<(&str, &str)> = crowd.iter().map(|n| (n.as_str(), "<x/>")).collect();
    files.extend([("a.wsdl", root.as_str()), ("one.xsd", one.as_str())]);
    let dir = folder(&files);
    assert_eq!(names(&load_file(dir.path().join("a.wsdl")).unwrap().documents), set(&["a.wsdl", "one.xsd"]));
}

proptest::proptest! {
    /// Whatever a location says, an upload reads nothing outside its folder.
    #[test]
    fn no_location_leads_an_upload_out(location in r"[./\\a%2eEsx#?: ]{1,24}") {
        let dir = folder(&[
            ("in/deep/a.wsdl", &wsdl_with_schemas(&[("urn:1", &location.replace('%', "%25"))])),
            ("in/deep/b.wsdl", &wsdl_with_schemas(&[("urn:1", &location)])),
            ("s", &schema("urn:1", &[], &[])),
            ("x.xsd", &schema("urn:1", &[], &[])),
        ]);
        for root in ["deep/a.wsdl", "deep/b.wsdl"] {
            let loaded = load_upload(&Origin::Folder { path: dir.path().join("in"), root: Some(root.to_owned()) }).unwrap();
            for name in names(&loaded.documents) {
                proptest::prop_assert!(name.starts_with("deep/"), "{}", name);
            }
        }
    }
}
