//! Imports from addresses: the loader with a real fetcher.

use std::collections::HashMap;

use castile::net::address::AddressPolicy;
use castile::net::fetch::{FetchOptions, Fetcher};
use castile::wsdl::documents::Target;
use castile::wsdl::source::{Limits, Loaded, Options, Origin, Policy, Refused, load};

use super::{Server, ok, only_here, redirect, reply};
use crate::source::{codes, folder, missing, names, schema, wsdl, wsdl_with_schemas, zip};

async fn serve(files: &[(&str, Vec<u8>)]) -> Server {
    let files: HashMap<String, Vec<u8>> = files.iter().map(|(n, b)| ((*n).to_owned(), b.clone())).collect();
    Server::start(move |head| {
        let path = head.split(' ').nth(1).unwrap();
        files.get(path).cloned().unwrap_or_else(|| reply("404 Not Found", "", ""))
    })
    .await
}

async fn load_with(origin: &Origin, policy: AddressPolicy) -> Result<Loaded, Refused> {
    let fetcher = Fetcher::new(FetchOptions::new(policy)).unwrap();
    load(origin, &Options { policy: Policy::Upload, limits: Limits::default(), fetcher: Some(&fetcher) }).await
}

fn at(server: &Server, path: &str) -> Origin {
    Origin::of(&server.url(path), &Limits::default()).unwrap()
}

#[tokio::test]
async fn a_wsdl_and_what_it_imports_are_fetched_once_each() {
    let root = wsdl_with_schemas(&[
        ("urn:1", "xsd/one.xsd"),
        ("urn:2", "Service.svc?xsd=two"),
        ("urn:3", "moved.xsd"),
        ("urn:4", "gone.xsd"),
        ("http://www.w3.org/XML/1998/namespace", "http://www.w3.example/xml.xsd"),
    ]);
    let server = serve(&[
        ("/s/Service.svc?wsdl", ok(root)),
        ("/s/xsd/one.xsd", ok(schema("urn:1", &[("urn:2", "../Service.svc?xsd=two"), ("urn:1b", "./one.xsd#x")], &[]))),
        ("/s/Service.svc?xsd=two", ok(schema("urn:2", &[], &[]))),
        ("/s/moved.xsd", redirect("/elsewhere/three.xsd")),
        ("/elsewhere/three.xsd", ok(schema("urn:3", &[("urn:1", "/s/xsd/one.xsd"), ("urn:3", "three.xsd")], &[]))),
    ])
    .await;
    let loaded = load_with(&at(&server, "/s/Service.svc?wsdl"), only_here()).await.unwrap();
    let base = server.url("");
    let all: Vec<String> = names(&loaded.documents).into_iter().map(|n| n.replace(&base, "")).collect();
    assert_eq!(all, ["/elsewhere/three.xsd", "/s/Service.svc?wsdl", "/s/Service.svc?xsd=two", "/s/xsd/one.xsd"]);
    assert_eq!(missing(&loaded.documents), ["gone.xsd: the server answered 404 Not Found"]);
    assert_eq!(loaded.documents.links.values().filter(|t| **t == Target::Standard).count(), 1);
    assert_eq!(server.heads().len(), 6, "{:?}", server.heads());
}

#[tokio::test]
async fn a_served_wsdl_reaches_neither_files_nor_the_inner_network() {
    let inner = Server::listen("127.0.0.2:0", None, |_| ok(schema("urn:1", &[], &[]))).await;
    let root = wsdl_with_schemas(&[
        ("urn:1", &inner.url("/x.xsd")),
        ("urn:2", "file:///etc/passwd"),
        ("urn:3", "http://169.254.169.254/latest/meta-data/"),
        ("urn:4", "ftp://127.0.0.1/x.xsd"),
    ]);
    let server = serve(&[("/a?wsdl", ok(root))]).await;
    let loaded = load_with(&at(&server, "/a?wsdl"), only_here()).await.unwrap();
    assert_eq!(loaded.documents.sources.iter().count(), 1);
    let why = missing(&loaded.documents).join("\n");
    assert!(why.contains("127.0.0.2 is a loopback address") && why.contains("169.254.169.254 is a link-local address"), "{why}");
    assert!(why.contains("`file:///etc/passwd` is no address") && why.contains("scheme `ftp`"), "{why}");
    assert!(inner.heads().is_empty());
}

#[tokio::test]
async fn a_local_wsdl_fetches_only_what_the_files_lack() {
    let server =
        serve(&[("/two.xsd", ok(schema("urn:2", &[("urn:3", "three.xsd")], &[]))), ("/three.xsd", ok(schema("urn:3", &[], &[])))]).await;
    let root = wsdl_with_schemas(&[("urn:1", &server.url("/one.xsd")), ("urn:2", &server.url("/two.xsd"))]);
    let dir = folder(&[("a.wsdl", &root), ("one.xsd", &schema("urn:1", &[], &[]))]);
    let loaded = load_with(&Origin::Folder { path: dir.path().to_owned(), root: None }, only_here()).await.unwrap();
    assert_eq!(loaded.documents.sources.iter().count(), 4);
    assert!(missing(&loaded.documents).is_empty());
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn what_is_served_instead_of_a_wsdl_is_named() {
    let server = serve(&[
        ("/html", reply("200 OK", "Content-Type: text/html\r\n", "<!DOCTYPE html><html><body>Log in<br></body></html>")),
        ("/xhtml", reply("200 OK", "Content-Type: text/html\r\n", "<html xmlns='http://www.w3.org/1999/xhtml'><body/></html>")),
        ("/json", ok("{}")),
        ("/broken", ok("<definitions")),
        (
            "/latin",
            reply(
                "200 OK",
                "Content-Type: text/xml; charset=ISO-8859-1\r\n",
                wsdl(&[])
                    .replace("name=\"S\"", "name=\"\u{1}\"")
                    .replace('\u{1}', "x")
                    .bytes()
                    .chain(*b"<!-- ")
                    .chain([0xe4])
                    .chain(*b" -->")
                    .collect::<Vec<u8>>(),
            ),
        ),
        ("/zip", reply("200 OK", "Content-Type: application/zip\r\n", zip(&[("x/a.wsdl", wsdl(&[]).as_bytes())]))),
        ("/403", reply("403 Forbidden", "", "")),
    ])
    .await;
    let code = async |path: &str| load_with(&at(&server, path), only_here()).await.map(|l| codes(&l)).map_err(|r| r.diagnostics[0].code.id);
    assert_eq!(code("/html").await, Err("source.not-xml"));
    assert_eq!(code("/xhtml").await, Err("source.not-xml"));
    assert_eq!(code("/json").await, Err("source.not-xml"));
    assert_eq!(code("/broken").await, Err("source.not-well-formed"));
    assert_eq!(code("/none").await, Err("source.http-status"));
    assert_eq!(code("/403").await, Err("source.http-status"));
    assert_eq!(code("/zip").await, Ok(vec![]));
    let loaded = load_with(&at(&server, "/latin"), only_here()).await.unwrap();
    assert!(loaded.documents.sources.iter().next().unwrap().1.text.contains("<!-- \u{e4} -->"));
    let refused = load_with(&at(&server, "/html"), AddressPolicy::public()).await.unwrap_err();
    assert_eq!(refused.diagnostics[0].code.id, "source.address-refused");
}

#[tokio::test]
async fn credentials_of_the_root_serve_its_imports_and_nobody_else() {
    let other = serve(&[("/two.xsd", ok(schema("urn:2", &[], &[])))]).await;
    let root = wsdl_with_schemas(&[("urn:1", "one.xsd"), ("urn:2", &other.url("/two.xsd"))]);
    let server = serve(&[("/a?wsdl", ok(root)), ("/one.xsd", ok(schema("urn:1", &[], &[])))]).await;
    let address = format!("http://ann:s3cret@{}/a?wsdl", server.address);
    let loaded = load_with(&Origin::of(&address, &Limits::default()).unwrap(), only_here()).await.unwrap();
    assert!(missing(&loaded.documents).is_empty());
    assert!(server.heads().len() == 2 && server.heads().iter().all(|h| h.contains("authorization: Basic ")), "{:?}", server.heads());
    assert!(other.heads().len() == 1 && !other.heads()[0].contains("authorization"));
    assert!(names(&loaded.documents).iter().all(|n| !n.contains("s3cret")));
}
