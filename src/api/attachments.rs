//! `mtom`, `mtom_over`, `attachments`, `attachments_over`: how binary values travel.

/// How binary values travel to the upstream and to callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attachments {
    /// `mtom: true`: requests are XOP packages (MTOM). `None`: where the WSDL's policy requires it.
    pub mtom: Option<bool>,
    /// `mtom_over`: base64Binary values of at least so many bytes are parts then; default 1 KiB.
    pub mtom_over_bytes: u64,
    /// `attachments: inline | url`: what a caller gets of a reply's parts.
    pub deliver: Deliver,
    /// `attachments_over`: with `url`, parts of more bytes are given by reference; default 64 KiB.
    pub url_over_bytes: u64,
}

/// `attachments`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deliver {
    /// base64 strings in the JSON text.
    #[default]
    Inline,
    /// Large ones as `{"$url": …}`, to be fetched from the gateway for a while.
    Url,
}

impl Default for Attachments {
    fn default() -> Self {
        Self { mtom: None, mtom_over_bytes: 1 << 10, deliver: Deliver::Inline, url_over_bytes: 64 << 10 }
    }
}

impl Attachments {
    /// What the file must say of it: keys and values that are no defaults.
    pub(super) fn written(&self) -> Vec<(&'static str, String)> {
        let usual = Self::default();
        let mut lines = Vec::new();
        if let Some(mtom) = self.mtom {
            lines.push(("mtom", mtom.to_string()));
        }
        if self.mtom_over_bytes != usual.mtom_over_bytes {
            lines.push(("mtom_over", super::units::say_size(self.mtom_over_bytes)));
        }
        if self.deliver == Deliver::Url {
            lines.push(("attachments", "url".to_owned()));
        }
        if self.url_over_bytes != usual.url_over_bytes {
            lines.push(("attachments_over", super::units::say_size(self.url_over_bytes)));
        }
        lines
    }
}
