//! Zips: the same as a folder, and everything that a hostile one tries.

use std::io::{Cursor, Write};

use castile::wsdl::source::{Limits, Options, Policy, load_local};
use zip::write::SimpleFileOptions;

use super::{archive, load_upload, missing, names, refusal, schema, wsdl, wsdl_with_schemas, zip};

#[test]
fn a_zip_is_loaded_in_memory() {
    let root = wsdl_with_schemas(&[("urn:1", "..\\types\\one.xsd"), ("urn:2", "http://h.example/two.xsd")]);
    let one = schema("urn:1", &[], &[]);
    let two = schema("urn:2", &[], &[]);
    let bytes = zip(&[
        ("service\\main.wsdl", root.as_bytes()),
        ("Types/One.xsd", one.as_bytes()),
        ("elsewhere/two.xsd", two.as_bytes()),
        ("__MACOSX/._main.wsdl", b"\0\x05"),
        ("readme.md", b"# hello"),
    ]);
    let loaded = load_upload(&archive(bytes)).unwrap();
    let all: Vec<String> = names(&loaded.documents).into_iter().collect();
    assert_eq!(all, ["Types/One.xsd", "elsewhere/two.xsd", "service/main.wsdl"]);
    assert!(missing(&loaded.documents).is_empty());
}

#[test]
fn a_zip_reads_nothing_from_the_disk() {
    let root = wsdl_with_schemas(&[("urn:1", "../../../../../../etc/hostname"), ("urn:2", "/etc/hostname"), ("urn:3", "Cargo.toml")]);
    for policy in [Policy::Upload, Policy::Operator] {
        let loaded = load_local(&archive(zip(&[("a.wsdl", root.as_bytes())])), &Options::local(policy)).unwrap();
        assert_eq!(loaded.documents.sources.iter().count(), 1);
        assert_eq!(missing(&loaded.documents).len(), 3);
    }
}

/// Overwrites every occurrence of a name in a zip, in local and central headers, by another of the same length.
fn renamed(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut at = 0;
    while let Some(found) = bytes[at..].windows(from.len()).position(|w| w == from) {
        bytes[at + found..at + found + to.len()].copy_from_slice(to);
        at += found + to.len();
    }
    bytes
}

fn message(bytes: Vec<u8>) -> String {
    let refused = load_upload(&archive(bytes)).expect_err("it should be refused");
    assert_eq!(refused.diagnostics[0].code.id, "source.archive", "{refused:?}");
    refused.diagnostics[0].message.clone()
}

#[test]
fn hostile_archives_are_refused() {
    let root = wsdl(&[]);
    let plain = |other: &str| zip(&[("a.wsdl", root.as_bytes()), (other, b"<x/>")]);
    assert!(message(plain("../../b.xml")).contains("leads out"));
    assert!(message(renamed(plain("c/dd/b.xml"), b"c/dd/b.xml", b"c\\..\\b.xml")).contains("leads out"));
    assert!(message(plain("/etc/b.xml")).contains("absolute"));
    assert!(message(plain("C:/b.xml")).contains("absolute"));
    assert!(message(plain("inner.zip")).contains("archive inside"));
    assert!(message(zip(&[("a.wsdl", root.as_bytes()), ("b.xml", &zip(&[("c", b"d")]))])).contains("archive inside"));
    assert!(message(renamed(plain("b.wsdl"), b"b.wsdl", b"a.wsdl")).contains("two entries"));
    assert!(message(zip(&[("x/a.wsdl", root.as_bytes()), ("x\\a.wsdl", root.as_bytes())])).contains("two entries"));
    assert!(message(b"PK\x03\x04 is not enough".to_vec()).contains("damaged"));
    let mut cut = plain("b.xml");
    cut.truncate(cut.len() / 2);
    assert!(message(cut).contains("damaged"));

    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("a.wsdl", SimpleFileOptions::default()).unwrap();
    writer.write_all(root.as_bytes()).unwrap();
    writer.add_symlink("b.xml", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    assert!(message(writer.finish().unwrap().into_inner()).contains("link"));

    let many: Vec<(String, Vec<u8>)> = (0..1_001).map(|i| (format!("{i}.xml"), b"<x/>".to_vec())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    assert!(message(zip(&many)).contains("1001 entries"));
}

#[test]
fn bombs_are_refused() {
    let bomb = vec![b' '; 15 << 20];
    assert!(message(zip(&[("a.wsdl", &bomb)])).contains("100 times"));
    // The header may lie about the size: what is inflated counts.
    let honest = zip(&[("a.wsdl", &bomb)]);
    let lying = renamed(honest, &(15u32 << 20).to_le_bytes(), &100u32.to_le_bytes());
    let refused = load_upload(&archive(lying)).expect_err("it should be refused");
    assert_eq!(refused.diagnostics[0].code.id, "source.archive");
    // Many small entries add up.
    let part: Vec<u8> = (0..3_000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let entries: Vec<(String, &[u8])> = (0..20).map(|i| (format!("{i}.xml"), part.as_slice())).collect();
    let entries: Vec<(&str, &[u8])> = entries.iter().map(|(n, b)| (n.as_str(), *b)).collect();
    let bytes = zip(&entries);
    let limits = Limits { total_bytes: 100_000, ..Limits::default() };
    let options = Options { limits, ..Options::local(Policy::Upload) };
    let codes = refusal(load_local(&archive(bytes), &options));
    assert!(codes == ["source.archive"] || codes == ["source.too-large"], "{codes:?}");
}

proptest::proptest! {
    /// A damaged zip is refused or read, never a panic.
    #[test]
    fn any_damage_is_survived(at in proptest::collection::vec((0usize..2_000, 0u8..=255), 1..6), cut in 0usize..2_000) {
        let root = wsdl_with_schemas(&[("urn:1", "one.xsd")]);
        let one = schema("urn:1", &[], &[]);
        let mut bytes = zip(&[("a.wsdl", root.as_bytes()), ("one.xsd", one.as_bytes())]);
        for (offset, value) in at {
            let offset = offset % bytes.len();
            bytes[offset] = value;
        }
        if cut % 3 == 0 {
            bytes.truncate(cut.min(bytes.len()));
        }
        match load_upload(&archive(bytes)) {
            Ok(loaded) => proptest::prop_assert!(loaded.documents.sources.iter().count() >= 1),
            Err(refused) => proptest::prop_assert!(!refused.diagnostics.is_empty()),
        }
    }
}
