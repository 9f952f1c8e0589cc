//! Documents that are within every limit and as hard as they can be made: reading one must stay quick.

use std::fmt::Write;
use std::time::{Duration, Instant};

use castile::xml::{Document, Limits};

/// Reads a document of about `bytes` bytes made of `head`, many of `body` (given its number) and `tail`.
fn read(head: &str, body: impl Fn(usize, &mut String), tail: &str, bytes: usize) -> Duration {
    let mut text = head.to_owned();
    let mut n = 0;
    while text.len() < bytes {
        body(n, &mut text);
        n += 1;
    }
    text.push_str(tail);
    let start = Instant::now();
    let outcome = Document::parse(text.as_bytes(), None, Limits::document());
    let took = start.elapsed();
    println!("{n} times, {} bytes: {:?}, {took:?}", text.len(), outcome.map(|_| ()).map_err(|e| e.to_string()));
    took
}

fn declarations(from: usize, to: usize) -> String {
    (from..to).map(|i| format!(" xmlns:p{i}='u{i}'")).collect()
}

#[test]
fn hard_documents_are_read_quickly() {
    const SIZE: usize = 1 << 20;
    let wide = format!("<a{}><a{}>", declarations(0, 64), declarations(64, 127));
    let attributes: String = (0..200).map(|i| format!(" a{i}=''")).collect();
    let took = [
        read(&wide, |_, t| t.push_str("<a xmlns:q='u'/>"), "</a></a>", SIZE),
        read(&wide, |n, t| write!(t, "<a xmlns:q='v{n}'/>").unwrap(), "</a></a>", SIZE),
        read(&wide, |_, t| t.push_str("<p0:a p1:b=''/>"), "</a></a>", SIZE),
        read("<a>", |n, t| write!(t, "<a xmlns='v{n}'/>").unwrap(), "</a>", SIZE),
        read("<a>", |_, t| write!(t, "<a{attributes}/>").unwrap(), "</a>", SIZE),
        read("<a>", |_, t| t.push_str("<a b='&#9;&lt;\n'/>\r&amp;]"), "</a>", SIZE),
        read("<a>", |_, t| t.push_str("<!----><?p?>"), "</a>", SIZE),
        read("<a b='", |_, t| t.push_str("&lt;"), "'/>", 1 << 20),
        read("<a>", |_, t| t.push(']'), "</a>", SIZE),
    ];
    for one in took {
        assert!(one < Duration::from_secs(10), "{one:?}");
    }
}
