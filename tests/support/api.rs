//! A WSDL on disk → an API, the way `import` and `serve` make one.

use std::path::Path;

use castile::api::{ApiDefinition, Lock};
use castile::catalog::{Assembled, assemble};
use castile::diagnostic::SourceId;
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
    let origin =
        Origin::of(&wsdl.to_string_lossy(), &Limits::default()).unwrap_or_else(|r| panic!("{}: {:?}", wsdl.display(), r.diagnostics));
    let loaded =
        load_local(&origin, &Options::local(Policy::Operator)).unwrap_or_else(|r| panic!("{}: {:?}", wsdl.display(), r.diagnostics));
    let mut made = assemble(&definition.api.name, definition, lock, &loaded.documents);
    made.diagnostics.splice(0..0, loaded.diagnostics);
    made
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
