//! The folder of API definitions and the snapshots that are published from it; resources and what they bind.

mod census;
mod folder;
mod neighbours;
mod parameters;
mod resources;
mod roster;
pub mod wire;

use std::path::Path;
use std::sync::Arc;

use castile::catalog::{Catalog, Folder};
use castile::import::{Request, import};
use castile::store::Memory;
use castile::wsdl::source::{Limits, Options, Origin, Policy, load_local};

use crate::support;

/// Imports a sample service as `name`.
pub(crate) fn add(apis: &Path, sample: &str, name: &str, context: Option<&str>) {
    let folder = support::path("wsdl").join(sample);
    let origin = Origin::of(folder.to_str().unwrap(), &Limits::default()).unwrap();
    let request =
        Request { open: true, name: Some(name.to_owned()), context: context.map(str::to_owned), ..Request::of(apis.to_path_buf(), None) };
    import(load_local(&origin, &Options::local(Policy::Upload)).unwrap(), &request).unwrap();
}

/// A folder of APIs with its store and catalog.
pub(crate) fn folder(apis: &Path) -> (Folder<Memory>, Arc<Memory>, Arc<Catalog>) {
    let (store, catalog) = (Arc::new(Memory::new()), Arc::new(Catalog::default()));
    (Folder::new(apis, store.clone(), catalog.clone()), store, catalog)
}

/// Appends lines to an API's definition.
pub(crate) fn edit(apis: &Path, name: &str, more: &str) {
    let path = apis.join(name).join("api.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text + more).unwrap();
}
