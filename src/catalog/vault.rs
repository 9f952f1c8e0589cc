//! What an API finds on the machine that serves it, by where its texts come from: which secrets it may name, which addresses its service may have.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::watch;
use url::{Host, Url};

use super::{PublishedApi, is_inside};
use crate::api::{SealedSecret, SecretSource, codes};
use crate::diagnostic::{Diagnostic, nearest};
use crate::net::address::{AddressClass, AddressPolicy, AddressRefused, is_loopback_host};
use crate::store::{Content, Field, Kept, Seal, SealError};

/// How the environment variables begin that uploaded APIs may name.
pub const VARIABLES: &str = "CASTILE_SECRET_";
/// The folder beside the settings below which the files are that uploaded APIs may name.
pub const FOLDER: &str = "data/secrets";

/// Where the texts of an API come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provenance {
    /// Files of the machine, which its operator wrote: private addresses, and every secret that the process can read.
    Files,
    /// The admin API or the portal: public addresses and `network.allow`, and the secrets that the operator laid out.
    Uploaded,
}

impl Provenance {
    /// Of a stored API.
    pub fn of(content: &Content) -> Self {
        if content.managed_by_files { Self::Files } else { Self::Uploaded }
    }
}

/// What uploaded APIs find on this machine, and the sealed secrets of the store for all. By default nothing, and public addresses.
#[derive(Debug, Default)]
pub struct Vault {
    folder: Option<PathBuf>,
    addresses: AddressPolicy,
    /// Opens sealed secrets; `None`: there is no store to keep them.
    seal: Option<Arc<Seal>>,
    sealed: watch::Sender<Sealed>,
}

/// Tenant and name of a secret.
type SecretName = (Arc<str>, Arc<str>);

/// Sealed secrets by tenant and name.
#[derive(Debug, Clone, Default)]
struct Sealed {
    secrets: Arc<BTreeMap<SecretName, SealedSecret>>,
    /// Counts up with every change.
    version: u64,
}

impl Vault {
    /// With the files of the folder [`FOLDER`] of a server whose settings file is in `beside`, and these addresses.
    pub fn beside(beside: &Path, addresses: AddressPolicy) -> Self {
        Self { folder: Some(beside.join(FOLDER)), addresses, ..Self::default() }
    }

    /// The same with keys that open sealed secrets.
    #[must_use]
    pub fn with_seal(self, seal: Arc<Seal>) -> Self {
        Self { seal: Some(seal), ..self }
    }

    /// The same with these sealed secrets and no others.
    #[must_use]
    pub fn with(&self, secrets: impl IntoIterator<Item = SealedSecret>) -> Self {
        let (folder, addresses, seal) = (self.folder.clone(), self.addresses.clone(), self.seal.clone());
        let vault = Self { folder, addresses, seal, ..Self::default() };
        vault.learn(secrets, &[], true);
        vault
    }

    /// Takes sealed secrets of the store, in the place of all that are known or beside them, and forgets those that are gone. Gives the names of those that
    /// changed.
    pub(super) fn learn(&self, secrets: impl IntoIterator<Item = SealedSecret>, gone: &[SecretName], all: bool) -> Vec<SecretName> {
        let mut changed = Vec::new();
        let mut secrets = secrets.into_iter().peekable();
        if !all && gone.is_empty() && secrets.peek().is_none() {
            return changed;
        }
        self.sealed.send_if_modified(|known| {
            let mut next = if all { BTreeMap::new() } else { (*known.secrets).clone() };
            next.retain(|name, _| !gone.contains(name));
            next.extend(secrets.by_ref().map(|s| ((s.tenant.clone(), s.name.clone()), s)));
            let names = known.secrets.keys().chain(next.keys()).filter(|name| known.secrets.get(*name) != next.get(*name));
            changed = names.cloned().collect();
            if !changed.is_empty() {
                *known = Sealed { secrets: Arc::new(next), version: known.version + 1 };
            }
            !changed.is_empty()
        });
        changed
    }

    /// A number that grows with every change of a sealed secret.
    pub fn version(&self) -> u64 {
        self.sealed.borrow().version
    }

    /// Waits until sealed secrets are others than those of that version.
    pub async fn changed(&self, seen: u64) {
        // The sender lives as long as this.
        let mut known = self.sealed.subscribe();
        let _always = known.wait_for(|s| s.version != seen).await;
    }

    /// Seals a secret of a tenant.
    ///
    /// # Errors
    /// There is no key, or the machine gives no random numbers.
    pub fn seal(&self, tenant: &str, name: &str, value: &str) -> Result<String, SealError> {
        self.seal.as_ref().ok_or(SealError::NoKey)?.seal(&secret_field(tenant, name), value.as_bytes())
    }

    /// The value of a sealed secret; `None`: this is no server, which alone knows it.
    ///
    /// # Errors
    /// The tenant has none of that name, or it does not open; why.
    pub(super) fn open(&self, tenant: &str, name: &str) -> Result<Option<String>, String> {
        let Some(seal) = &self.seal else { return Ok(None) };
        let sealed = self.sealed.borrow().clone();
        let key = (Arc::from(tenant), Arc::from(name));
        let Some(secret) = sealed.secrets.get(&key) else {
            let near = nearest(name, sealed.secrets.keys().filter(|(t, _)| **t == *tenant).map(|(_, n)| &**n));
            let near = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
            return Err(format!("there is no sealed secret `{name}`{near}"));
        };
        let value = seal.open(&secret_field(tenant, name), &secret.sealed).map_err(|e| e.to_string())?;
        String::from_utf8(value).map(Some).map_err(|_| format!("the sealed secret `{name}` is not UTF-8"))
    }

    /// Where a file is that an API names. `beside` is the API's folder.
    ///
    /// # Errors
    /// An uploaded API may not name it; why.
    pub(super) fn file(&self, path: &str, of: Provenance, beside: &Path) -> Result<PathBuf, String> {
        match of {
            Provenance::Files => Ok(beside.join(path)),
            Provenance::Uploaded if !is_inside(path) => Err(format!(
                "`{path}` is no file that an uploaded API may name: write its path below `{FOLDER}` on the machine that serves, such as `orders/password`"
            )),
            Provenance::Uploaded => match &self.folder {
                Some(folder) => Ok(folder.join(path)),
                None => Err(format!("the file `{path}` is on the machine that serves, and not here")),
            },
        }
    }

    /// Says why an API may not name that variable.
    ///
    /// # Errors
    /// An uploaded API may not.
    pub(super) fn variable(name: &str, of: Provenance) -> Result<(), String> {
        match of {
            Provenance::Uploaded if name.strip_prefix(VARIABLES).is_none_or(str::is_empty) => {
                Err(format!("the environment variable `{name}` is none that an uploaded API may name: those begin with `{VARIABLES}`"))
            }
            Provenance::Uploaded | Provenance::Files => Ok(()),
        }
    }

    /// The files that hold secrets of an API: when one changes, the API has changed.
    pub(super) fn files<'a>(
        &'a self,
        named: impl Iterator<Item = &'a SecretSource> + 'a,
        of: Provenance,
        beside: &'a Path,
    ) -> impl Iterator<Item = PathBuf> + 'a {
        named.filter_map(move |source| match source {
            SecretSource::File(path) => self.file(path, of, beside).ok(),
            SecretSource::Variable(_) | SecretSource::Sealed(_) => None,
        })
    }

    /// What an uploaded API names that no call of it will ever reach, as far as the text of an address says it: a name is judged by what it leads to
    /// when it is called. Errors.
    pub fn unreachable<'a>(&self, targets: impl IntoIterator<Item = &'a str>) -> Vec<Diagnostic> {
        let mut said: Vec<(&str, AddressRefused)> = Vec::new();
        for url in targets {
            if let Err(refused) = self.check(url)
                && !said.iter().any(|(known, _)| *known == url)
            {
                said.push((url, refused));
            }
        }
        let say = |(url, refused): (&str, AddressRefused)| {
            let text = format!("`{url}` is a {} address, which an uploaded API may not call", refused.class);
            let never = matches!(
                refused.class,
                AddressClass::LinkLocal | AddressClass::Metadata | AddressClass::Unspecified | AddressClass::Multicast
            );
            let hint = match never {
                true => "addresses of this kind are never called",
                false => "the operator can allow its network in `network.allow`, or keep the API in the folder of the server",
            };
            Diagnostic::error(&codes::ADDRESS_REFUSED, text).hint(hint)
        };
        said.into_iter().map(say).collect()
    }

    fn check(&self, url: &str) -> Result<(), AddressRefused> {
        let Ok(url) = Url::parse(url) else { return Ok(()) };
        match url.host() {
            Some(Host::Ipv4(v4)) => self.addresses.check(v4.into()),
            Some(Host::Ipv6(v6)) => self.addresses.check(v6.into()),
            Some(Host::Domain(name)) if is_loopback_host(name.trim_end_matches('.')) => {
                self.addresses.check(std::net::Ipv4Addr::LOCALHOST.into())
            }
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }
}

/// Where the value of a sealed secret belongs.
pub fn secret_field<'a>(tenant: &'a str, name: &'a str) -> Field<'a> {
    Field { kind: SealedSecret::KIND, tenant, id: name, field: "value" }
}

/// Every address that calls of an API may go to, as it is written.
pub fn targets(api: &PublishedApi) -> impl Iterator<Item = &str> {
    let resources = api.resources.iter().map(|r| &*r.url);
    let raw = api.raw_operations.iter().map(|r| &*r.url);
    let auth = api.definition.endpoint.auth.as_ref();
    let token = auth.and_then(|a| a.oauth2.as_ref()).map(|o| o.token_url.as_str());
    resources.chain(raw).chain(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploaded_apis_name_what_was_laid_out_for_them() {
        let vault = Vault::beside(Path::new("/srv"), AddressPolicy::public());
        let beside = Path::new("/srv/apis/x");
        assert_eq!(vault.file("/etc/passwd", Provenance::Files, beside).unwrap(), Path::new("/etc/passwd"));
        assert_eq!(vault.file("pw", Provenance::Files, beside).unwrap(), Path::new("/srv/apis/x/pw"));
        assert_eq!(vault.file("orders/pw", Provenance::Uploaded, beside).unwrap(), Path::new("/srv/data/secrets/orders/pw"));
        for bad in ["/etc/passwd", "../castile.key", "a/../../castile.key", "./pw", "", "a//b", ".hidden", "a\\..\\b"] {
            assert!(vault.file(bad, Provenance::Uploaded, beside).is_err(), "{bad}");
        }
        assert!(Vault::default().file("pw", Provenance::Uploaded, beside).is_err());
        assert!(Vault::variable("CASTILE_SECRET_ORDERS", Provenance::Uploaded).is_ok());
        assert!(Vault::variable("CASTILE_STORE__PASSWORD", Provenance::Files).is_ok());
        for bad in ["CASTILE_STORE__PASSWORD", "PATH", "CASTILE_SECRET_", "castile_secret_a", "X_CASTILE_SECRET_A"] {
            assert!(Vault::variable(bad, Provenance::Uploaded).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_judged_by_what_they_reach_however_they_are_written() {
        let vault = Vault::default();
        for bad in [
            "http://127.0.0.1/",
            "http://localhost:8080/",
            "http://soap.localhost/",
            "http://LOCALHOST./",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::10.0.0.1]/",
            "http://10.0.0.1:80/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/",
            "http://2852039166/",
            "http://0/",
            "http://0.0.0.0/",
        ] {
            assert!(vault.check(bad).is_err(), "{bad}");
        }
        for good in ["http://8.8.8.8/", "https://soap.example.org/x", "http://[2606:4700::1111]/", "no address"] {
            assert!(vault.check(good).is_ok(), "{good}");
        }
        let listed =
            AddressPolicy { allow: vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.0/8".parse().unwrap()], ..AddressPolicy::public() };
        let vault = Vault::beside(Path::new(""), listed);
        for good in ["http://10.9.9.9/", "http://localhost/", "http://127.0.0.1:1/"] {
            assert!(vault.check(good).is_ok(), "{good}");
        }
        assert!(vault.check("http://169.254.169.254/").is_err());
    }
}
