//! Files of the portal itself: their addresses change with their contents, so that browsers may keep them for good.

use std::fmt::Write;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// Characters of a hash in an address.
const HASH_CHARS: usize = 16;

/// A file.
pub(super) struct Asset {
    /// Its address: `/assets/portal-0123456789abcdef.css`.
    pub(super) path: String,
    pub(super) content_type: &'static str,
    pub(super) bytes: &'static [u8],
    /// Are they compressed? Every browser that can run Swagger UI reads gzip.
    pub(super) is_gzip: bool,
}

/// The files.
pub(super) struct Assets {
    pub(super) style: Asset,
    pub(super) script: Asset,
    pub(super) icon: Asset,
    pub(super) reference: Asset,
    pub(super) swagger: Asset,
    pub(super) swagger_style: Asset,
    /// The script of publishers' pages.
    pub(super) publish: Asset,
}

pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new("portal", "css", "text/css; charset=utf-8", include_bytes!("assets/portal.css")),
    script: Asset::new("portal", "js", "text/javascript; charset=utf-8", include_bytes!("assets/portal.js")),
    icon: Asset::new("icon", "svg", "image/svg+xml", include_bytes!("assets/icon.svg")),
    reference: Asset::new("reference", "js", "text/javascript; charset=utf-8", include_bytes!("assets/reference.js")),
    swagger: Asset::gzip(
        "swagger-ui",
        "js",
        "text/javascript; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui-bundle.js.gz")),
    ),
    swagger_style: Asset::gzip(
        "swagger-ui",
        "css",
        "text/css; charset=utf-8",
        include_bytes!(concat!(env!("OUT_DIR"), "/swagger-ui.css.gz")),
    ),
    publish: Asset::new("publish", "js", "text/javascript; charset=utf-8", include_bytes!("assets/publish.js")),
});

impl Assets {
    /// The file whose address ends with that name.
    pub(super) fn find(&self, file: &str) -> Option<&Asset> {
        [&self.style, &self.script, &self.icon, &self.reference, &self.swagger, &self.swagger_style, &self.publish]
            .into_iter()
            .find(|a| a.path.strip_prefix("/assets/") == Some(file))
    }
}

impl Asset {
    fn gzip(name: &str, extension: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { is_gzip: true, ..Self::new(name, extension, content_type, bytes) }
    }

    fn new(name: &str, extension: &str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let hash = Sha256::digest(bytes).iter().take(HASH_CHARS / 2).fold(String::new(), |mut text, byte| {
            let _fits = write!(text, "{byte:02x}");
            text
        });
        Self { path: format!("/assets/{name}-{hash}.{extension}"), content_type, bytes, is_gzip: false }
    }
}
