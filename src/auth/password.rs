//! Hashes passwords and checks them, off the threads that answer calls: argon2id, 19 MiB, two passes (RFC 9106, section 4).

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::net::secret::Secret;

/// Places for the hashes that are worked out at one time, of all who ask in this process. Each takes 19 MiB: unbounded log-ins would be an attack on
/// memory.
static PLACES: Semaphore = Semaphore::const_new(2);
/// Longest password, in bytes.
const MAX_BYTES: usize = 1024;

/// Why a password was not hashed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Empty, or over 1 KiB.
    #[error("a password has 1 to {MAX_BYTES} bytes")]
    Length,
    /// The library failed.
    #[error("the password could not be hashed: {0}")]
    Failed(String),
}

/// The hash of a password, with a salt of its own: a PHC string (`$argon2id$v=19$…`).
///
/// # Errors
/// [`PasswordError`].
pub async fn hash(password: &Secret) -> Result<String, PasswordError> {
    let length = password.reveal().len();
    if length == 0 || length > MAX_BYTES {
        return Err(PasswordError::Length);
    }
    let password = password.clone();
    work(move || hashed(&password)).await?
}

/// Is this the password? Without a `stored` hash it takes as long and says no: who asks must not learn which users there are.
pub async fn verify(password: &Secret, stored: Option<&str>) -> bool {
    let (password, stored) = (password.clone(), stored.map(str::to_owned));
    work(move || is_right(&password, stored.as_deref())).await.unwrap_or(false)
}

async fn work<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
    let failed = |e: &dyn std::fmt::Display| PasswordError::Failed(e.to_string());
    let place = PLACES.acquire().await.map_err(|e| failed(&e))?;
    let work = move || {
        // Held until the work has ended, also when nobody waits for it any more: callers who go away do not make room for others.
        let _place = place;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|e| failed(&e))
}

fn argon2() -> Argon2<'static> {
    // OWASP's first choice with little memory; the parameters stand in each hash, so that they can grow.
    Params::new(19 << 10, 2, 1, None).map_or_else(|_| Argon2::default(), |p| Argon2::new(Algorithm::Argon2id, Version::V0x13, p))
}

fn hashed(password: &Secret) -> Result<String, PasswordError> {
    let hash = argon2().hash_password(password.reveal().as_bytes());
    hash.map(|h| h.to_string()).map_err(|e| PasswordError::Failed(e.to_string()))
}

fn is_right(password: &Secret, stored: Option<&str>) -> bool {
    static NOBODY: LazyLock<String> = LazyLock::new(|| hashed(&Secret::new("nobody's")).unwrap_or_default());
    if password.reveal().len() > MAX_BYTES {
        return false;
    }
    let right = argon2().verify_password(password.reveal().as_bytes(), stored.unwrap_or(&NOBODY)).is_ok();
    right && stored.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_password_opens() {
        let (right, wrong) = (Secret::new("p\u{e4}ss"), Secret::new("pass"));
        let stored = hash(&right).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(hash(&right).await.unwrap(), stored, "a salt is used twice");
        assert!(verify(&right, Some(&stored)).await);
        assert!(!verify(&wrong, Some(&stored)).await);
        assert!(!verify(&Secret::new("nobody's"), None).await);
        assert!(!verify(&right, Some("no hash")).await);
        assert_eq!(hash(&Secret::new("")).await, Err(PasswordError::Length));
        assert_eq!(hash(&Secret::new("x".repeat(1025))).await, Err(PasswordError::Length));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_goes_away_makes_no_room() {
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async { verify(&Secret::new("p"), None).await });
        while PLACES.available_permits() == 2 {
            tokio::task::yield_now().await;
        }
        tasks.abort_all();
        assert!(tasks.join_next().await.unwrap().unwrap_err().is_cancelled());
        assert!(PLACES.available_permits() < 2, "the work goes on without a place");
    }
}
