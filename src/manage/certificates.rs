use super::{Actor, Manage, ManageError, Managed, hold, now};
use crate::auth::{Application, Digest, certificate_digest};
use crate::net::tls::{not_after, one_certificate};
use crate::store::Keep;

/// Certificates of one application.
pub const MAX_CERTIFICATES: usize = 20;
/// Bytes of the text of one.
const MAX_PEM_BYTES: usize = 64 << 10;

impl Manage {
    /// Lets an application open connections with a client certificate (PEM). Gives what it is found by, and when it ends, in seconds since 1970.
    ///
    /// # Errors
    /// The application is not there, or somebody else's; the text is not one certificate; it has ended; it is an application's already; there are too many.
    pub async fn add_certificate(&self, actor: &Actor, application: &str, pem: &str) -> Managed<(Digest, i64)> {
        let wrong = |expected: &str| ManageError::invalid("certificate", expected, "");
        let der = Some(pem).filter(|p| p.len() <= MAX_PEM_BYTES).and_then(one_certificate);
        let der = der.ok_or_else(|| wrong("one certificate in PEM, without its key and without those above it"))?;
        let ends = not_after(&der).ok_or_else(|| wrong("a certificate by X.509"))?;
        if ends <= now() {
            return Err(wrong("a certificate that has not ended"));
        }
        let _turn = self.turn().await;
        let mut found = self.own_application(actor, application).await?;
        let digest = certificate_digest(&der);
        let taken = || ManageError::Exists { kind: "certificate".to_owned(), name: digest.to_string() };
        if found.value.certificates.contains(&digest) || self.store.get_by::<Application>(&by_certificate(actor, &digest)).await?.is_some()
        {
            return Err(taken());
        }
        if found.value.certificates.len() >= MAX_CERTIFICATES {
            return Err(ManageError::Full { what: "certificates of this application", limit: MAX_CERTIFICATES });
        }
        found.value.certificates.push(digest);
        found.value.certificate_ends.insert(digest.to_string(), ends);
        let summary = format!("added a certificate to the application {}: {digest}", found.value.name);
        self.write(vec![hold(&found)?], actor.did("application.update", &found.value.id, summary)).await?;
        Ok((digest, ends))
    }

    /// Takes a certificate from an application, by the SHA-256 of its DER form.
    ///
    /// # Errors
    /// The application or the certificate is not there, or somebody else's.
    pub async fn remove_certificate(&self, actor: &Actor, application: &str, digest: &str) -> Managed<()> {
        let _turn = self.turn().await;
        let mut found = self.own_application(actor, application).await?;
        // As openssl writes it, too.
        let wanted = digest.replace(':', "").to_ascii_lowercase();
        let before: Vec<String> = found.value.certificates.iter().map(ToString::to_string).collect();
        found.value.certificates.retain(|c| c.to_string() != wanted);
        found.value.certificate_ends.remove(&wanted);
        if found.value.certificates.len() == before.len() {
            return Err(ManageError::nearest("certificate", digest, before.iter().map(String::as_str)));
        }
        let summary = format!("took a certificate from the application {}: {wanted}", found.value.name);
        self.write(vec![hold(&found)?], actor.did("application.update", &found.value.id, summary)).await
    }
}

fn by_certificate(actor: &Actor, digest: &Digest) -> crate::store::Key {
    crate::store::Key::unique_in(&*actor.tenant, "certificate", digest.to_string())
}
