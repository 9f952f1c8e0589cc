//! Takes the two files of Swagger UI that the portal shows out of the vendored archive, compressed as they are sent.

use std::error::Error;
use std::fs::File;
use std::io::{Cursor, copy};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;

/// What is taken.
const FILES: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

#[allow(clippy::disallowed_methods, reason = "cargo says in a variable where the files go; this is no setting")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo says no OUT_DIR")?);
    let mut archive = zip::ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    for file in FILES {
        let suffix = format!("/dist/{file}");
        let names = archive.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned);
        let is_it = |name: &String| name.ends_with(&suffix) && name.matches('/').count() == 2;
        let name = names.into_iter().find(is_it).ok_or_else(|| format!("{file} is not in the archive"))?;
        let mut encoder = GzEncoder::new(File::create(out.join(format!("{file}.gz")))?, Compression::best());
        copy(&mut archive.by_name(&name)?, &mut encoder)?;
        encoder.finish()?;
    }
    Ok(())
}
