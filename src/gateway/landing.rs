//! The page that a browser sees at an API's base address: what it is, its resources, its documents. Self-contained, no scripts.

use std::fmt::Write;

use crate::catalog::PublishedApi;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}\
h1{margin-bottom:0}code,td:first-child{font-family:ui-monospace,monospace;font-size:.9em}table{border-collapse:collapse;width:100%}\
td,th{text-align:left;padding:.35rem .8rem .35rem 0;border-bottom:1px solid #d8dee4;vertical-align:top}.q{color:#57606a}a{color:#0550ae}\
pre{white-space:pre-wrap}@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}a{color:#79c0ff}td,th{border-color:#30363d}.q{color:#9198a1}}";

/// The page of `api`, whose address for callers is `base_url`.
pub(super) fn page(api: &PublishedApi, base_url: &str) -> String {
    let name = Escaped(&api.definition.api.name);
    let version = Escaped(&api.definition.api.version);
    let base = Escaped(base_url);
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{name} {version}</title><style>{STYLE}</style></head><body><h1>{name} <span class=\"q\">{version}</span></h1>\
         <p class=\"q\"><code>{base}</code></p>"
    );
    if let Some(documentation) = &api.documentation {
        push(&mut html, format_args!("<pre>{}</pre>", Escaped(documentation.trim())));
    }
    html.push_str("<ul>");
    if !api.resources.is_empty() {
        push(
            &mut html,
            format_args!("<li><a href=\"{base}/openapi.json\">OpenAPI 3.1</a> (<a href=\"{base}/openapi.json?version=3.0\">3.0</a>)</li>"),
        );
    }
    push(&mut html, format_args!("<li><a href=\"{base}?wsdl\">WSDL</a></li>"));
    if api.definition.passthrough {
        push(&mut html, format_args!("<li>Raw SOAP: <code>POST {base}</code></li>"));
    }
    html.push_str("</ul>");
    if !api.resources.is_empty() {
        html.push_str("<h2>Resources</h2><table><tr><th>Resource</th><th>Operation</th></tr>");
        for resource in &api.resources {
            let plan = api.plan(resource);
            let operation = plan.map(|p| &*p.name).unwrap_or_default();
            let documentation = plan.and_then(|p| p.documentation.as_deref()).unwrap_or_default();
            push(
                &mut html,
                format_args!(
                    "<tr><td>{} {}</td><td>{} <span class=\"q\">{}</span></td></tr>",
                    resource.method.as_str(),
                    Escaped(&resource.path),
                    Escaped(operation),
                    Escaped(documentation.trim())
                ),
            );
        }
        html.push_str("</table>");
    }
    html.push_str("</body></html>");
    html
}

fn push(html: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    html.write_fmt(text).unwrap_or_default();
}

/// Text that is no markup, in content and in quoted attributes.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '&' => f.write_str("&amp;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_markup() {
        assert_eq!(Escaped("<a href=\"'&'\">").to_string(), "&lt;a href=&quot;&#39;&amp;&#39;&quot;&gt;");
    }
}
