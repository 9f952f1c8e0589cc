//! A WSDL on disk → an API, the way `import` and `serve` make one.

use std::path::Path;

use castile::api::ApiDefinition;
use castile::catalog::{Assembled, assemble};
use castile::wsdl::source::{Limits, Options, Origin, Policy, load_local};

/// Loads a file or folder and assembles an API of that name from it.
pub fn assembled(name: &str, wsdl: &Path) -> Assembled {
    defined(&ApiDefinition::named(name), wsdl)
}

/// The same with a definition.
pub fn defined(definition: &ApiDefinition, wsdl: &Path) -> Assembled {
    let origin =
        Origin::of(&wsdl.to_string_lossy(), &Limits::default()).unwrap_or_else(|r| panic!("{}: {:?}", wsdl.display(), r.diagnostics));
    let loaded =
        load_local(&origin, &Options::local(Policy::Operator)).unwrap_or_else(|r| panic!("{}: {:?}", wsdl.display(), r.diagnostics));
    let mut made = assemble(&definition.api.name, definition, None, &loaded.documents);
    made.diagnostics.splice(0..0, loaded.diagnostics);
    made
}

/// The same for what must come out well.
pub fn published(name: &str, wsdl: &Path) -> castile::catalog::PublishedApi {
    let made = assembled(name, wsdl);
    made.api.unwrap_or_else(|| panic!("{}: {:#?}", wsdl.display(), made.diagnostics))
}
