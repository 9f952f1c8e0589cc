//! Which names say that what stands under them is a credential.

/// Does a member, field, element or header part of that name carry credentials, as far as a name can say?
pub fn looks_like_credentials(name: &str) -> bool {
    const WORDS: [&str; 9] = ["security", "auth", "credential", "password", "token", "session", "apikey", "license", "login"];
    // An author is nobody's secret, an authorization is.
    let name = name.to_lowercase().replace("authori", "auth-i").replace("auth-ity", "").replace("author", "");
    WORDS.iter().any(|w| name.contains(w))
}

/// The same for what people are shown of messages that passed: names that only look so are hidden too.
pub fn is_hidden(name: &str) -> bool {
    const WORDS: [&str; 10] =
        ["secret", "passwd", "passphrase", "pwd", "cookie", "nonce", "signaturevalue", "assertion", "api-key", "api_key"];
    let lower = name.to_lowercase();
    looks_like_credentials(name) || lower == "pin" || WORDS.iter().any(|w| lower.contains(w))
}
