use std::sync::Arc;

use super::records::Application;
use super::scheme::Scheme;

/// What a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// An application that acts for itself.
    Application,
    /// A user of an application.
    ApplicationUser,
}

impl TokenKind {
    /// Its word in `api.yaml`, in tokens and in the JWT for the upstream.
    pub fn word(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::ApplicationUser => "application_user",
        }
    }

    /// The kind of that word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Application, Self::ApplicationUser].into_iter().find(|k| k.word() == word)
    }
}

/// Who calls. Only [`super::authenticate()`] makes one of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// How it said so.
    pub scheme: Scheme,
    /// The application that calls; `None` for everybody and for users who call by themselves.
    pub application: Option<Arc<Application>>,
    /// The user behind it; `None` where an application acts for itself.
    pub user: Option<Arc<str>>,
    /// What its scopes allow; sorted.
    pub scopes: Vec<Arc<str>>,
    /// What its token stands for.
    pub kind: TokenKind,
}

impl Principal {
    /// Everybody.
    pub fn anonymous() -> Self {
        Self { scheme: Scheme::None, application: None, user: None, scopes: Vec::new(), kind: TokenKind::Application }
    }

    /// Does it have this scope?
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| **s == *scope)
    }
}
