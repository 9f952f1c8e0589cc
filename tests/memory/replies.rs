//! Replies that ask for memory, each for any size in bytes.

/// Which service a reply is of.
#[derive(Clone, Copy)]
pub enum Service {
    /// `tests/memory/service.wsdl`.
    Plain,
    /// The same, as a fault's detail.
    Fault,
    /// `tests/properties/services/encoded.wsdl`: SOAP encoding.
    Encoded,
    /// The first, in a package with an attachment `a`.
    Package,
    /// `tests/memory/rpc.wsdl`: rpc/literal.
    Rpc,
    /// `tests/memory/many-parts.wsdl`: rpc/literal with 1 000 parts.
    ManyParts,
}

/// One kind of reply.
pub struct Reply {
    pub name: &'static str,
    pub service: Service,
    /// The inside, of about so many bytes; before it, up to `|`, attributes of an rpc wrapper.
    pub make: fn(usize) -> String,
    /// What the error says where a limit may end it.
    pub limit: Option<&'static str>,
}

const fn reply(name: &'static str, service: Service, make: fn(usize) -> String) -> Reply {
    Reply { name, service, make, limit: None }
}

const fn limited(name: &'static str, service: Service, limit: &'static str, make: fn(usize) -> String) -> Reply {
    Reply { name, service, make, limit: Some(limit) }
}

pub fn envelope(service: Service, inside: &str) -> String {
    let (around, inside) = inside.split_once('|').unwrap_or(("", inside));
    let body = match service {
        Service::Plain | Service::Package => format!("<t:reply>{inside}</t:reply>"),
        Service::Fault => format!("<s:Fault><faultcode>s:Server</faultcode><detail>{inside}</detail></s:Fault>"),
        Service::Encoded => format!("<n:Op xmlns:n='urn:s'>{inside}"),
        Service::Rpc | Service::ManyParts => format!("<n:OpResponse xmlns:n='urn:s'{around}>{inside}</n:OpResponse>"),
    };
    format!(
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:t='urn:t' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' \
         xmlns:x='http://www.w3.org/2001/XMLSchema' xmlns:c='http://schemas.xmlsoap.org/soap/encoding/'><s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// `piece` again and again, inside `outer`.
fn inside(outer: &str, piece: &str, size: usize) -> String {
    format!("<t:{outer}>{}</t:{outer}>", piece.repeat(size / piece.len()))
}

/// Names that differ, as many as a document may have.
fn distinct(size: usize, one: impl Fn(usize, &mut String)) -> String {
    let mut text = String::with_capacity(size + 100);
    let mut i = 0;
    while text.len() < size {
        one(i % 16_000, &mut text);
        i += 1;
    }
    text
}

fn name(i: usize) -> String {
    const FIRST: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
    let (mut rest, mut name) = (i, String::new());
    loop {
        name.push(char::from(FIRST[rest % 26]));
        rest /= 26;
        if rest == 0 {
            return name;
        }
    }
}

/// The rest of an encoded message, after its wrapper's accessors.
fn encoded(accessors: &str, others: &str) -> String {
    format!("{accessors}</n:Op>{others}")
}

fn members(part: &str, attributes: &str, piece: &str, size: usize) -> String {
    encoded(&format!("<{part}{attributes}>{}</{part}>", piece.repeat(size / piece.len())), "")
}

use Service::{Encoded, Fault, Plain, Rpc};

/// JSON that the message makes more of itself than may be held.
const HELD: &str = "JSON that is held back and has more than 256 KiB and 6 times its XML";

pub const ALL: &[Reply] = &[
    reply("ordinary records", Plain, |n| {
        let mut text = String::new();
        let mut i = 0;
        while text.len() < n {
            text += &format!(
                "<t:record kind=\"k{}\"><t:id>{i}</t:id><t:name>Name &amp; number {i}</t:name><t:price>{i}.50</t:price>\
                 <t:when>2026-11-24T10:00:00Z</t:when><t:tag>red</t:tag><t:tag>blue</t:tag><t:active>true</t:active></t:record> ",
                i % 7
            );
            i += 1;
        }
        text
    }),
    reply("records out of order", Plain, |n| {
        let piece = "<t:record><t:name>x</t:name><t:tag/><t:id>5</t:id><t:tag>y</t:tag></t:record>";
        format!("<t:any/>{}", piece.repeat(n / piece.len()))
    }),
    reply("one record, out of order", Plain, |n| {
        format!("<t:record><t:active>1</t:active><t:id>1</t:id>{}</t:record>", "<t:tag/>".repeat(n / 8))
    }),
    reply("generic, one name", Plain, |n| inside("any", "<a/>", n)),
    reply("generic, two names in turn", Plain, |n| inside("any", "<a/><b/>", n)),
    reply("generic, two names, spaces between", Plain, |n| inside("any", " <a/> <b/>", n)),
    reply("generic, two names, text at the end", Plain, |n| format!("<t:any>{}x</t:any>", "<a/><b/>".repeat(n / 8))),
    reply("generic, names that differ", Plain, |n| format!("<t:any>{}</t:any>", distinct(n, |i, t| *t += &format!("<{}/>", name(i))))),
    reply("generic, text between", Plain, |n| inside("any", "x<a/>", n)),
    reply("generic, pairs", Plain, |n| inside("any", "<a><b/></a>", n)),
    reply("generic, nested 90 deep", Plain, |n| inside("any", &format!("{}{}", "<a>".repeat(90), "</a>".repeat(90)), n)),
    reply("generic, nested 90 deep, in turn", Plain, |n| inside("any", &format!("{}{}", "<a><b/><a/>".repeat(90), "</a>".repeat(90)), n)),
    reply("generic, attributes", Plain, |n| {
        let attributes: String = (0..190).map(|i| format!(" {}=''", name(i))).collect();
        inside("any", &format!("<a{attributes}/>"), n)
    }),
    limited("generic, a long namespace in turn", Plain, HELD, |n| {
        let uri = "u".repeat(1_000);
        format!("<t:any xmlns:a='{uri}' xmlns:b='{uri}b'>{}</t:any>", "<a:x><b:x/></a:x>".repeat(n / 17))
    }),
    limited("generic, attributes of a long namespace", Plain, HELD, |n| {
        format!("<t:any xmlns:a='{}'>{}</t:any>", "u".repeat(1_000), "<x a:b=''/>".repeat(n / 11))
    }),
    reply("generic, namespaces declared", Plain, |n| inside("any", "<a xmlns='u'/><a xmlns='v'/>", n)),
    reply("generic, many namespaces", Plain, |n| {
        format!("<t:any>{}</t:any>", distinct(n, |i, t| *t += &format!("<a xmlns='{}'/>", name(i % 4_000))))
    }),
    reply("generic, typed", Plain, |n| inside("any", "<a i:type='x:int'>5</a>", n)),
    limited("generic, types of a long namespace", Plain, HELD, |n| {
        format!("<t:any xmlns:a='{}'>{}</t:any>", "u".repeat(1_000), "<x i:type='a:b'/>".repeat(n / 17))
    }),
    reply("generic, nil", Plain, |n| inside("any", "<a i:nil='1'/>", n)),
    reply("mixed", Plain, |n| inside("mixed", "<t:a/>x", n)),
    reply("mixed, unknown", Plain, |n| inside("mixed", "<a/>", n)),
    reply("wildcard, undeclared", Plain, |n| inside("wild", "<a/><b/>", n)),
    reply("wildcard, declared", Plain, |n| inside("wild", "<t:i/><b/>", n)),
    reply("wildcard, names that differ", Plain, |n| format!("<t:wild>{}</t:wild>", distinct(n, |i, t| *t += &format!("<{}/>", name(i))))),
    reply("wildcard, one name", Plain, |n| inside("wild", "<a/>", n)),
    reply("repeated sequence", Plain, |n| inside("rows", "<t:a/><t:b/>", n)),
    reply("repeated sequence, default namespace", Plain, |n| format!("<rows xmlns='urn:t'>{}</rows>", "<a/>".repeat(n / 4))),
    reply("repeated sequence that does not fit", Plain, |n| format!("<rows xmlns='urn:t'><c/>{}</rows>", "<b/><a/>".repeat(n / 8))),
    reply("repeated choice", Plain, |n| format!("<choices xmlns='urn:t'>{}</choices>", "<a/><b i:nil='1'/>".repeat(n / 18))),
    reply("repeated choice that does not fit", Plain, |n| format!("<choices xmlns='urn:t'>{}<c/></choices>", "<a/>".repeat(n / 4))),
    reply("list of nil", Plain, |n| format!("<flat xmlns='urn:t'>{}</flat>", "<a i:nil='1'/>".repeat(n / 14))),
    reply("list", Plain, |n| format!("<flat xmlns='urn:t'>{}</flat>", "<a/>".repeat(n / 4))),
    reply("list with a stranger", Plain, |n| format!("<flat xmlns='urn:t'>{}<c/></flat>", "<a/>".repeat(n / 4))),
    reply("list with stray text", Plain, |n| format!("<flat xmlns='urn:t'>{}x</flat>", "<a/>".repeat(n / 4))),
    reply("strangers", Plain, |n| "<a/><b/>".repeat(n / 8)),
    reply("strangers that differ", Plain, |n| distinct(n, |i, t| *t += &format!("<{}/>", name(i)))),
    reply("stray text", Plain, |n| "x<a/>".repeat(n / 5)),
    reply("one name at two places", Plain, |n| {
        format!("<twice xmlns='urn:t'>{}<b/>{}</twice>", "<a/>".repeat(n / 8), "<a/>".repeat(n / 8))
    }),
    limited("empty lists and defaults", Plain, HELD, |n| {
        format!("<lists xmlns='urn:t'>{}</lists>", "<o/><o><lastOfMany/></o>".repeat(n / 24))
    }),
    limited("QNames of a long namespace", Plain, HELD, |n| {
        format!("<names xmlns='urn:t' xmlns:a='{}'>{}</names>", "u".repeat(1_000), "<q>a:b</q>".repeat(n / 10))
    }),
    reply("long text", Plain, |n| format!("<t:record><t:id>1</t:id><t:name>{}</t:name></t:record>", "x".repeat(n))),
    reply("long text of quotes", Plain, |n| format!("<t:record><t:id>1</t:id><t:name>{}</t:name></t:record>", "\"".repeat(n))),
    reply("long generic text of quotes", Plain, |n| format!("<t:any>{}</t:any>", "\"".repeat(n))),
    reply("long generic text in elements", Plain, |n| format!("<t:any><a><b><c>{}</c></b></a></t:any>", "\"".repeat(n))),
    reply("long text of references", Plain, |n| format!("<t:any>{}</t:any>", "&#x9;".repeat(n / 5))),
    reply("CDATA pieces", Plain, |n| format!("<t:any>{}</t:any>", "<![CDATA[\t]]>".repeat(n / 13))),
    reply("references to an attachment, far down", Service::Package, |n| {
        // A quarter of it is the path that each reference has.
        let names: Vec<String> = (0..90).map(|_| "p".repeat((n / 8 / 90).min(1_000))).collect();
        let open: String = names.iter().map(|n| format!("<{n}>")).collect();
        let close: String = names.iter().rev().map(|n| format!("</{n}>")).collect();
        let one = "<i><x:Include href='cid:a'/></i>";
        format!("<t:any xmlns:x='http://www.w3.org/2004/08/xop/include'>{open}{}{close}</t:any>", one.repeat(n / 4 * 3 / one.len()))
    }),
    reply("fault, entries of two names", Fault, |n| "<a/><b/>".repeat(n / 8)),
    reply("fault, entries that differ", Fault, |n| distinct(n, |i, t| *t += &format!("<{}/>", name(i)))),
    reply("encoded array", Encoded, |n| members("grid", " c:arrayType='x:int[]'", "<i>1</i>", n)),
    reply("encoded array of nothing", Encoded, |n| members("things", "", "<i/>", n)),
    reply("encoded array, two dimensions", Encoded, |n| {
        let count = n / 8 / 2;
        encoded(&format!("<grid c:arrayType='x:int[{count},2]'>{}</grid>", "<i>1</i>".repeat(count * 2)), "")
    }),
    limited("encoded array, one rank after another", Encoded, HELD, |n| {
        let count = n / 8;
        let ranks = vec!["1"; 200].join(",");
        encoded(&format!("<grid c:arrayType='x:int[{count},{ranks}]'>{}</grid>", "<i>1</i>".repeat(count)), "")
    }),
    reply("encoded array of a huge size", Encoded, |n| members("grid", " c:arrayType='x:int[1000000000]'", "<i>1</i>", n)),
    limited("encoded arrays with offsets", Encoded, "leave out more than", |n| {
        members("people", "", "<i><friends c:offset='[60]'/></i>", n)
    }),
    limited("encoded array of positions", Encoded, "leave out more than", |n| {
        encoded(&format!("<grid>{}</grid>", (0..n / 30).map(|i| format!("<i c:position='[{}]'>1</i>", i * 3)).collect::<String>()), "")
    }),
    reply("encoded, array of arrays", Encoded, |n| members("grid", " c:arrayType='x:int[][]'", "<i><i>1</i></i>", n)),
    reply("encoded, narrowed members", Encoded, |n| members("things", " c:arrayType='x:int[]'", "<i>1</i>", n)),
    reply("encoded structs", Encoded, |n| members("people", "", "<i><name>x</name></i>", n)),
    reply("encoded, anything", Encoded, |n| members("thing", "", "<a/><b/>", n)),
    reply("encoded, attributes", Encoded, |n| {
        let attributes: String = (0..190).map(|i| format!(" {}=''", name(i))).collect();
        members("thing", "", &format!("<a{attributes}/>"), n)
    }),
    reply("encoded, namespaces declared", Encoded, |n| members("thing", "", "<a xmlns='u'/><a xmlns='v'/>", n)),
    reply("encoded, many namespaces", Encoded, |n| {
        encoded(&format!("<thing>{}</thing>", distinct(n, |i, t| *t += &format!("<a xmlns:b='{}'/>", name(i % 4_000)))), "")
    }),
    reply("encoded, ids that nobody asks for", Encoded, |n| {
        encoded("", &(0..n / 16).map(|i| format!("<a id='{}'/>", name(i))).collect::<String>())
    }),
    reply("encoded array of positions, backwards", Encoded, |n| {
        let items = (0..n / 30).rev().map(|i| format!("<i c:position='[{i}]'>1</i>")).collect::<String>();
        encoded(&format!("<grid>{items}</grid>"), "")
    }),
    reply("encoded, elements that nobody refers to", Encoded, |n| encoded("", &"<m/>".repeat(n / 4))),
    reply("elements beside the message", Plain, |n| format!("</t:reply>{}<t:reply>", "<a/>".repeat(n / 4))),
    reply("an accessor by position", Rpc, |n| format!("<return>{}</return>", "<a/>".repeat(n / 4))),
    reply("an accessor by position, records", Rpc, |n| format!("<return>{}</return>", "<a k='1'><b>x</b></a>".repeat(n / 21))),
    reply("many accessors that no part has", Service::ManyParts, |n| {
        let around: String = (0..60).map(|i| format!(" xmlns:p{i}='u'")).collect();
        format!("{around}|{}", "<x/>".repeat(999.min(n / 8)))
    }),
    reply("accessors that no part has", Rpc, |n| "<a/>".repeat(n / 4)),
    reply("encoded, each by reference", Encoded, |n| {
        let count = n / 50;
        let people: String = (0..count).map(|i| format!("<i href='#{}'/>", name(i))).collect();
        encoded(
            &format!("<people>{people}</people>"),
            &(0..count).map(|i| format!("<m id='{}'><name>x</name></m>", name(i))).collect::<String>(),
        )
    }),
    limited("encoded, all references to one", Encoded, "shared references multiply", |n| {
        encoded(&format!("<people>{}</people>", "<i href='#a'/>".repeat(n / 14)), "<m id='a'><name>shared by all</name><age>5</age></m>")
    }),
    limited("encoded, all references to one long text", Encoded, "shared references multiply", |n| {
        encoded(&format!("<things>{}</things>", "<i href='#a'/>".repeat(n / 28)), &format!("<m id='a'>{}</m>", "x".repeat(n / 2)))
    }),
    limited("encoded, doublings", Encoded, "shared references multiply", |n| {
        let step = |i: usize| format!("<m id='a{i}'><i href='#a{}'/><i href='#a{}'/></m>", i + 1, i + 1);
        let steps: String = (0..(n / 50).min(60)).map(step).collect();
        encoded("<thing href='#a0'/>", &format!("{steps}<m id='a{}'>x</m><z>{}</z>", (n / 50).min(60), "x".repeat(n)))
    }),
    limited("encoded, doublings of emptiness", Encoded, "shared references multiply", |n| {
        let step = |i: usize| format!("<m id='a{i}'><i href='#a{}'/><j href='#a{}'/></m>", i + 1, i + 1);
        let steps: String = (0..60).map(step).collect();
        encoded("<thing href='#a0'/>", &format!("{steps}<m id='a60'/><z>{}</z>", "<a/>".repeat(n / 4)))
    }),
    limited("encoded, a chain", Encoded, "levels deep", |n| {
        let step = |i: usize| format!("<m id='a{i}'><i href='#a{}'/></m>", i + 1);
        encoded("<thing href='#a0'/>", &format!("{}<m id='a{}'>x</m>", (0..n / 36).map(step).collect::<String>(), n / 36))
    }),
    // Several of these at once, one below or behind another.
    reply("typed anew, rows that are held back", Plain, |n| inside("any", "<a i:type='t:Twice'><t:b/></a>", n)),
    reply("typed anew, lists that are empty", Plain, |n| inside("any", "<a i:type='t:Flat'/>", n)),
    reply("typed anew, a record of another type", Plain, |n| "<t:record i:type='t:Flat'/>".repeat(n / 27)),
    reply("records of an unknown type", Plain, |n| "<t:record i:type='t:q'><b/><c/></t:record>".repeat(n / 42)),
    reply("nil records with attributes", Plain, |n| "<t:record i:nil='1' kind=''/>".repeat(n / 29)),
    reply("attributes that nobody declares", Plain, |n| {
        let attributes: String = (0..190).map(|i| format!(" {}=''", name(i))).collect();
        format!("<t:record{attributes}/>").repeat(n / (10 + attributes.len()))
    }),
    reply("attribute of references", Plain, |n| "<t:record kind='&#9;&#9;&#9;&#9;&#9;&#9;&#9;&#9;&#9;'/>".repeat(n / 56)),
    reply("messages in wildcards of messages", Plain, |n| {
        let (begin, end) = ("<t:wild><t:reply>", "</t:reply></t:wild>");
        format!("{}{}{}", begin.repeat(30), "<t:wild><t:reply/></t:wild>".repeat(n / 27), end.repeat(30))
    }),
    reply("repeated single ones and strangers", Plain, |n| "<t:record><t:name/><q/><t:name/><r/><t:id>x</t:id></t:record>".repeat(n / 61)),
    reply("two places of one name, in turn", Plain, |n| format!("<twice xmlns='urn:t'>{}</twice>", "<b/><a/>".repeat(n / 8))),
    reply("mixed, strangers and text", Plain, |n| inside("mixed", "x<q/><t:a/>y<t:b/>", n)),
    reply("white space that may be data", Plain, |n| format!("<t:any>{}<a/></t:any>", " ".repeat(n))),
    reply("white space in each", Plain, |n| inside("any", "<a> </a><b>\n</b>", n)),
    reply("text in pieces", Plain, |n| inside("any", "x<!----><?p?>", n)),
    reply("generic, one name and another at the end", Plain, |n| format!("<t:any>{}<b/><a/></t:any>", "<a/>".repeat(n / 4))),
    reply("generic, nested, in turn on the way out", Plain, |n| {
        format!("<t:any>{}{}{}</t:any>", "<a>".repeat(90), "<c/><d/>".repeat(n / 8), "<b/><a/></a>".repeat(90))
    }),
    reply("generic, nested, text on the way out", Plain, |n| {
        format!("<t:any>{}{}{}</t:any>", "<a>".repeat(90), "<c/>".repeat(n / 4), "x</a>".repeat(90))
    }),
    reply("generic, long names that differ", Plain, |n| {
        format!("<t:any>{}</t:any>", distinct(n, |i, t| *t += &format!("<{}{}/>", name(i), "n".repeat(900))))
    }),
    reply("generic, nil and typed in turn", Plain, |n| inside("any", "<a i:nil='1' q='1'/><b i:type='x:int'>5</b>", n)),
    reply("fault, a detail of text and elements", Fault, |n| "x<a/>".repeat(n / 5)),
    reply("fault, nested entries", Fault, |n| format!("{}{}", "<a><b/>".repeat(90), "</a>".repeat(90)).repeat(n / 1_000)),
    reply("encoded, nil members", Encoded, |n| members("people", "", "<i i:nil='1'/>", n)),
    reply("encoded, members typed anew", Encoded, |n| members("people", "", "<i i:type='t:Boss'/>", n)),
    reply("encoded, structs that do not fit", Encoded, |n| members("people", "", "<i><age>x</age><q/><name/></i>", n)),
    reply("encoded, references among what nobody asks for", Encoded, |n| {
        encoded("", &(0..n / 34).map(|i| format!("<a id='{}'><b href='#{}'/></a>", name(i), name(i + 1))).collect::<String>())
    }),
    reply("encoded, accessors that come again", Encoded, |n| encoded(&"<person/><thing/>".repeat(n / 17), "")),
];
