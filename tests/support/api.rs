//! A WSDL on disk → an API, the way `import` and `serve` make one.

use std::path::Path;

use castile::api::{ApiDefinition, Lock};
use castile::catalog::{Assembled, assemble};
use castile::diagnostic::{Diagnostic, SourceId};
use castile::wsdl::source::{Limits, Options, Origin, Policy, load_local};

/// Loads a file or folder and assembles an API of that name from it.
pub fn assembled(name: &str, wsdl: &Path) -> Assembled {
    defined(&ApiDefinition::named(name), wsdl)
}

/// The same with a definition.
pub fn defined(definition: &ApiDefinition, wsdl: &Path) -> Assembled {
    locked(definition, None, wsdl)
}

/// The same with a definition and the names that were frozen.
pub fn locked(definition: &ApiDefinition, lock: Option<&Lock>, wsdl: &Path) -> Assembled {
    loaded(definition, lock, wsdl).unwrap_or_else(|diagnostics| panic!("{}: {diagnostics:?}", wsdl.display()))
}

/// The same for what may not even be well-formed.
///
/// # Errors
/// Why its documents cannot be loaded.
pub fn loaded(definition: &ApiDefinition, lock: Option<&Lock>, wsdl: &Path) -> Result<Assembled, Vec<Diagnostic>> {
    let origin = Origin::of(&wsdl.to_string_lossy(), &Limits::default()).map_err(|r| r.diagnostics)?;
    let loaded = load_local(&origin, &Options::local(Policy::Operator)).map_err(|r| r.diagnostics)?;
    let mut made = assemble(&definition.api.name, definition, lock, &loaded.documents);
    made.diagnostics.splice(0..0, loaded.diagnostics);
    Ok(made)
}

/// The same for what must come out well.
pub fn published(name: &str, wsdl: &Path) -> castile::catalog::PublishedApi {
    let made = assembled(name, wsdl);
    made.api.unwrap_or_else(|| panic!("{}: {:#?}", wsdl.display(), made.diagnostics))
}

/// The API of a construct folder: `service.wsdl`, with its `api.yaml` and `api.lock` where it has them.
pub fn construct(folder: &Path) -> castile::catalog::PublishedApi {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    let lock = read("api.lock").map(|text| Lock::parse(SourceId(0), &text).unwrap_or_else(|e| panic!("{}: {e:?}", folder.display())));
    let definition = read("api.yaml").map_or_else(
        || ApiDefinition::named("construct"),
        |text| {
            let (definition, diagnostics) = ApiDefinition::parse(SourceId(0), &text);
            definition.unwrap_or_else(|| panic!("{}: {diagnostics:?}", folder.display()))
        },
    );
    let made = locked(&definition, lock.as_ref(), &folder.join("service.wsdl"));
    made.api.unwrap_or_else(|| panic!("{}: {:#?}", folder.display(), made.diagnostics))
}
