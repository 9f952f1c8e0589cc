//! A call as code that runs as it stands, once the key is filled in.

use std::fmt::Write;

use crate::catalog::ExampleCall;
use crate::diagnostic::{quoted, shell_word};

/// What stands for the reader's key.
pub(super) const KEY: &str = "YOUR_KEY";

/// A language, or a tool, that calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Curl,
    JavaScript,
    Python,
    Java,
    CSharp,
    Php,
}

impl Language {
    pub(super) const ALL: [Self; 6] = [Self::Curl, Self::JavaScript, Self::Python, Self::Java, Self::CSharp, Self::Php];

    /// Its name for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
            Self::Java => "Java",
            Self::CSharp => "C#",
            Self::Php => "PHP",
        }
    }

    /// What else it needs.
    pub(super) fn needs(self) -> &'static str {
        match self {
            Self::Curl => "in a shell",
            Self::JavaScript => "Node.js 18 or newer (as a module), or a browser",
            Self::Python => "Python 3, nothing to install",
            Self::Java => "Java 11 or newer, nothing to install: java Call.java",
            Self::CSharp => ".NET 6 or newer, as Program.cs",
            Self::Php => "PHP 7.4 or newer",
        }
    }

    /// The code of a call of the gateway at that address; `keyed`: with the place of a key.
    pub(super) fn code(self, call: &ExampleCall, gateway: &str, keyed: bool) -> String {
        let mut fields: Vec<(&str, &str)> = Vec::new();
        if keyed {
            fields.push(("apikey", KEY));
        }
        fields.extend(call.fields.iter().map(|(name, value)| (*name, value.as_str())));
        let call = Sent { method: call.method, url: format!("{gateway}{}", call.path), fields, body: call.body.as_deref() };
        match self {
            Self::Curl => call.curl(),
            Self::JavaScript => call.javascript(),
            Self::Python => call.python(),
            Self::Java => call.java(),
            Self::CSharp => call.csharp(),
            Self::Php => call.php(),
        }
    }
}

/// A call as it is sent.
struct Sent<'a> {
    method: &'a str,
    url: String,
    fields: Vec<(&'a str, &'a str)>,
    body: Option<&'a str>,
}

impl Sent<'_> {
    fn lines(&self, line: impl Fn(&str, &str) -> String, between: &str) -> String {
        self.fields.iter().map(|(name, value)| line(name, value)).collect::<Vec<_>>().join(between)
    }

    fn curl(&self) -> String {
        let mut code = format!("curl -X {} {}", self.method, shell_word(&self.url));
        for (name, value) in &self.fields {
            let _fits = write!(code, " \\\n  -H {}", quoted(&format!("{name}: {value}")));
        }
        if let Some(body) = self.body {
            let _fits = write!(code, " \\\n  --data-binary {}", quoted(body));
        }
        code
    }

    fn javascript(&self) -> String {
        let fields = self.lines(|n, v| format!("    {}: {}", double(n), double(v)), ",\n");
        let body = self.body.map(|b| format!("\n  body: {},", double(b))).unwrap_or_default();
        format!(
            "const response = await fetch({}, {{\n  method: {},\n  headers: {{\n{fields}\n  }},{body}\n}});\n\
             console.log(response.status, await response.text());",
            double(&self.url),
            double(self.method)
        )
    }

    fn python(&self) -> String {
        let fields = self.lines(|n, v| format!("    {}: {}", double(n), double(v)), ",\n");
        let body = self.body.map(|b| format!("\n    data={}.encode(),", double(b))).unwrap_or_default();
        format!(
            "import urllib.request\n\nrequest = urllib.request.Request(\n    {},\n    method={},{body}\n    headers={{\n{}\n    }},\n)\n\
             with urllib.request.urlopen(request) as response:\n    print(response.status, response.read().decode())",
            double(&self.url),
            double(self.method),
            fields.replace("    \"", "        \"")
        )
    }

    fn java(&self) -> String {
        let fields = self.fields.iter().map(|(n, v)| format!("\n            .header({}, {})", java(n), java(v))).collect::<String>();
        let body = self.body.map_or_else(|| "noBody()".to_owned(), |b| format!("ofString({})", java(b)));
        format!(
            "import java.net.URI;\nimport java.net.http.HttpClient;\nimport java.net.http.HttpRequest;\nimport java.net.http.HttpResponse;\n\n\
             public class Call {{\n    public static void main(String[] args) throws Exception {{\n        \
             HttpRequest request = HttpRequest.newBuilder(URI.create({})){fields}\n            \
             .method({}, HttpRequest.BodyPublishers.{body})\n            .build();\n        \
             HttpResponse<String> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());\n        \
             System.out.println(response.statusCode() + \" \" + response.body());\n    }}\n}}",
            java(&self.url),
            java(self.method)
        )
    }

    fn csharp(&self) -> String {
        let is_of_body = |name: &str| name.eq_ignore_ascii_case("content-type");
        let mut code = format!(
            "using System;\nusing System.Net.Http;\nusing System.Text;\n\nusing var client = new HttpClient();\n\
             using var request = new HttpRequestMessage(new HttpMethod({}), {});\n",
            double(self.method),
            double(&self.url)
        );
        if let Some(body) = self.body {
            let _fits = writeln!(code, "request.Content = new StringContent({}, Encoding.UTF8);", double(body));
        }
        for (name, value) in &self.fields {
            // .NET keeps the fields of a body apart.
            let line = match is_of_body(name) && self.body.is_some() {
                true => format!(
                    "request.Content!.Headers.Remove({0});\nrequest.Content.Headers.TryAddWithoutValidation({0}, {1});",
                    double(name),
                    double(value)
                ),
                false => format!("request.Headers.TryAddWithoutValidation({}, {});", double(name), double(value)),
            };
            code.push_str(&line);
            code.push('\n');
        }
        code.push_str(
            "using var response = await client.SendAsync(request);\n\
             Console.WriteLine((int)response.StatusCode + \" \" + await response.Content.ReadAsStringAsync());",
        );
        code
    }

    fn php(&self) -> String {
        let fields = self.lines(|n, v| format!("            {}", single(&format!("{n}: {v}"))), ",\n");
        let body = self.body.map(|b| format!("\n        'content' => {},", single(b))).unwrap_or_default();
        format!(
            "<?php\n$context = stream_context_create([\n    'http' => [\n        'method' => {},\n        'header' => [\n{fields},\n        ],{body}\n        \
             'ignore_errors' => true,\n    ],\n]);\necho file_get_contents({}, false, $context), PHP_EOL;",
            single(self.method),
            single(&self.url)
        )
    }
}

/// A text between double quotes, as JavaScript, Python and C# read it alike.
fn double(text: &str) -> String {
    between_quotes(text, |c| format!("\\u{:04x}", u32::from(c)))
}

/// The same for Java, which reads `\u` before anything else.
fn java(text: &str) -> String {
    between_quotes(text, |c| format!("\\{:03o}", u32::from(c)))
}

fn between_quotes(text: &str, control: impl Fn(char) -> String) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Line ends of Unicode end a text in some of them.
            '\u{2028}' | '\u{2029}' | '\u{85}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if c.is_control() => out.push_str(&control(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text between single quotes, as PHP reads it.
fn single(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_do_not_leave_their_quotes() {
        assert_eq!(double("a\"b\\c\n\u{1}\u{2028}"), "\"a\\\"b\\\\c\\n\\u0001\\u2028\"");
        assert_eq!(java("\u{1}"), "\"\\001\"");
        assert_eq!(single("a'b\\"), "'a\\'b\\\\'");
    }

    #[test]
    fn a_key_has_its_place_only_where_one_is_asked_for() {
        let call = ExampleCall { method: "GET", path: "/a/1/b?c=d".to_owned(), fields: Vec::new(), body: None };
        for language in Language::ALL {
            let code = |keyed| language.code(&call, "http://127.0.0.1:8280", keyed);
            assert!(code(true).contains(KEY) && !code(false).contains(KEY), "{language:?}");
            assert!(code(true).contains("http://127.0.0.1:8280/a/1/b?c=d") && code(true).contains("GET"), "{language:?}");
        }
    }
}
