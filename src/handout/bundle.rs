//! The WSDL in one archive: every import and include leads to a file beside it.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::catalog::PublishedApi;

/// The archive of an API whose public address is `address`; the root is the first file in it. `None`: it has no WSDL.
///
/// # Errors
/// It cannot be written.
pub fn bundle(api: &PublishedApi, address: &str) -> Result<Option<Vec<u8>>, String> {
    if api.documents.is_empty() {
        return Ok(None);
    }
    let write = || -> zip::result::ZipResult<Vec<u8>> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        // One time for all, so that the same API gives the same bytes.
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(DateTime::default());
        for (name, text) in api.documents.files(address) {
            archive.start_file(name, options)?;
            archive.write_all(text.as_bytes())?;
        }
        Ok(archive.finish()?.into_inner())
    };
    write().map(Some).map_err(|e| format!("the archive cannot be written: {e}"))
}
