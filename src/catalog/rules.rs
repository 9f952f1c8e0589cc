//! What `security`, `token`, `scope`, `limit` of a definition ask of callers, in the gateway's own terms.

use std::sync::Arc;

use crate::api::{Access, ApiDefinition, Resource, codes};
use crate::auth::{Scheme, TokenKind};
use crate::diagnostic::Diagnostic;
use crate::throttle::Limit;

/// What is asked of those who call an API, or one of its resources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Schemes of which one is enough.
    pub schemes: Vec<Scheme>,
    /// The kind of token; `None`: either.
    pub token: Option<TokenKind>,
    /// Scopes of which one is enough; empty: none is asked for.
    pub scopes: Vec<Arc<str>>,
    /// How often all callers together may call.
    pub limit: Option<Limit>,
    /// The caller's field that becomes the upstream's `Authorization`, in lower case.
    pub backend_authorization: Option<Arc<str>>,
}

impl Rules {
    /// Those of an API.
    pub(super) fn of_api(definition: &ApiDefinition, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let Access { security, token, backend_authorization, .. } = &definition.access;
        Self {
            schemes: schemes(security),
            token: token.as_deref().and_then(TokenKind::of),
            scopes: Vec::new(),
            limit: limit(definition.limits.api.as_deref(), "limits/api", diagnostics),
            backend_authorization: backend_authorization.as_deref().map(Arc::from),
        }
    }

    /// Those of a resource: its own, and for the rest its API's. The API's limit is not repeated: it counts by itself.
    pub(super) fn of_resource(&self, resource: &Resource, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let access = &resource.access;
        Self {
            schemes: access.security.as_deref().map_or_else(|| self.schemes.clone(), schemes),
            token: access.token.as_deref().and_then(TokenKind::of).or(self.token),
            scopes: resource.scopes.iter().map(|s| s.as_str().into()).collect(),
            limit: limit(resource.limit.as_deref(), &resource.path, diagnostics),
            backend_authorization: access.backend_authorization.as_deref().map(Arc::from).or_else(|| self.backend_authorization.clone()),
        }
    }

    /// What they ask beyond those of the API; `None`: nothing.
    pub(super) fn beyond(&self, api: &Self) -> Option<Self> {
        let same = self.is_open() || (self.schemes == api.schemes && self.token == api.token);
        let schemes = if same { Vec::new() } else { self.schemes.clone() };
        let more = Self { schemes, token: self.token, scopes: self.scopes.clone(), limit: self.limit, backend_authorization: None };
        (!more.schemes.is_empty() || !more.scopes.is_empty() || more.limit.is_some()).then_some(more)
    }

    /// May everybody call?
    pub fn is_open(&self) -> bool {
        self.schemes.is_empty() || self.schemes.contains(&Scheme::None)
    }
}

fn schemes(words: &[String]) -> Vec<Scheme> {
    words.iter().filter_map(|w| Scheme::of(w)).collect()
}

/// A limit as people write it. What the reader of the file let pass may still be none: a window of no length.
pub(super) fn limit(text: Option<&str>, way: &str, diagnostics: &mut Vec<Diagnostic>) -> Option<Limit> {
    match text?.parse() {
        Ok(limit) => Some(limit),
        Err(error) => {
            diagnostics.push(Diagnostic::error(&codes::WRONG_VALUE, format!("`{way}`: {error}")));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Method, SECURITY, TOKENS};

    #[test]
    fn the_words_of_the_file_are_those_of_the_gateway() {
        let mut words: Vec<_> = Scheme::ALL.iter().map(|s| s.word()).collect();
        let mut known = SECURITY.to_vec();
        words.sort_unstable();
        known.sort_unstable();
        assert_eq!(words, known);
        assert!(TOKENS.iter().all(|t| TokenKind::of(t).is_some()));
    }

    #[test]
    fn a_resource_has_its_own_rules_and_for_the_rest_its_apis() {
        let mut definition = ApiDefinition::named("x");
        definition.access.security = vec!["api_key".into(), "oauth2".into()];
        definition.access.backend_authorization = Some("x-authorization".into());
        definition.limits.api = Some("200/s".into());
        let mut found = Vec::new();
        let api = Rules::of_api(&definition, &mut found);
        let mut resource = Resource::new(Method::Post, "/a", "A");
        resource.scopes = vec!["s".into()];
        let rules = api.of_resource(&resource, &mut found);
        assert_eq!((&rules.schemes, rules.limit, rules.token), (&api.schemes, None, None));
        assert_eq!(rules.backend_authorization, api.backend_authorization);
        resource.access.security = Some(vec!["none".into()]);
        resource.limit = Some("5/min".into());
        let rules = api.of_resource(&resource, &mut found);
        assert!(rules.is_open() && !api.is_open() && rules.limit.is_some() && found.is_empty());
        let beyond = rules.beyond(&api).unwrap();
        assert_eq!((beyond.is_open(), &beyond.scopes, beyond.limit), (true, &rules.scopes, rules.limit));
        assert_eq!(api.beyond(&Rules { limit: None, ..api.clone() }).map(|r| r.limit), Some(api.limit));
        assert_eq!(Rules { limit: None, ..api.clone() }.beyond(&api), None);
        resource.access.security = Some(vec!["basic".into()]);
        assert_eq!(api.of_resource(&resource, &mut found).beyond(&api).unwrap().schemes, [Scheme::Basic]);
        resource.limit = Some("5 per 0 seconds".into());
        assert_eq!(api.of_resource(&resource, &mut found).limit, None);
        assert_eq!(found.len(), 1);
    }
}
