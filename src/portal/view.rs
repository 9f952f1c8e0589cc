//! Pages from views. A view escapes everything that it shows; there is no way around it in this room.

use std::sync::LazyLock;

use handlebars::Handlebars;
use serde::Serialize;

use super::Portal;
use super::assets::ASSETS;
use super::fail::Fail;
use crate::auth::Role;
use crate::config::SignUp;
use crate::manage::Actor;

macro_rules! views {
    ($($name:literal),* $(,)?) => {
        /// Every view by its name.
        const VIEWS: &[(&str, &str)] = &[$(($name, include_str!(concat!("views/", $name, ".hbs")))),*];
    };
}

views![
    "layout",
    "token",
    "admin_tabs",
    "failed",
    "catalogue",
    "api",
    "code",
    "console",
    "reference",
    "usage",
    "log_in",
    "sign_up",
    "signed_up",
    "account",
    "set_up",
    "applications",
    "application",
    "subscribe",
    "users",
    "plans",
    "audit",
    "instances",
    "publish_head",
    "publish_found",
    "publish_wrong",
    "publish_sample",
    "publish_traced",
    "publish_documents",
    "publish_list",
    "publish_import",
    "publish_overview",
    "publish_resources",
    "publish_upstream",
    "publish_access",
    "publish_mapping",
    "publish_try",
    "publish_files",
    "publish_edit",
    "publish_revisions",
    "publish_difference",
    "publish_update",
    "publish_subscriptions",
];

static REGISTRY: LazyLock<Result<Handlebars<'static>, String>> = LazyLock::new(|| {
    let mut registry = Handlebars::new();
    // A name that a view misspells is an error, not nothing.
    registry.set_strict_mode(true);
    for (name, text) in VIEWS {
        registry.register_template_string(name, text).map_err(|e| format!("the view {name} cannot be read: {e}"))?;
    }
    Ok(registry)
});

/// What every page shows.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Site {
    user: Option<String>,
    tenant: String,
    is_subscriber: bool,
    is_publisher: bool,
    is_administrator: bool,
    may_sign_up: bool,
    /// What forms are known by.
    token: String,
    style: &'static str,
    script: &'static str,
    icon: &'static str,
    publish_script: &'static str,
}

impl Site {
    pub(super) fn new(portal: &Portal, actor: Option<&Actor>, token: String) -> Self {
        let is = |role| actor.is_some_and(|a| a.is(role));
        Self {
            user: actor.map(|a| a.name.to_string()),
            tenant: actor.map(|a| a.tenant.to_string()).unwrap_or_default(),
            is_subscriber: is(Role::Subscriber) || is(Role::Administrator),
            is_publisher: is(Role::Publisher) || is(Role::Administrator),
            is_administrator: is(Role::Administrator),
            may_sign_up: portal.settings.sign_up != SignUp::Closed,
            token,
            style: &ASSETS.style.path,
            script: &ASSETS.script.path,
            icon: &ASSETS.icon.path,
            publish_script: &ASSETS.publish.path,
        }
    }
}

#[derive(Serialize)]
struct Context<'a, T> {
    site: &'a Site,
    title: &'a str,
    page: &'a T,
}

/// Writes a page.
///
/// # Errors
/// The view cannot be read, or asks for what is not there: a fault of this room.
pub(super) fn render<T: Serialize>(site: &Site, name: &str, title: &str, page: &T) -> Result<String, Fail> {
    let registry = REGISTRY.as_ref().map_err(|e| Fail::Broken(e.clone()))?;
    registry.render(name, &Context { site, title, page }).map_err(|e| Fail::Broken(format!("the view {name} cannot be written: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_view_is_read_and_escapes_all_it_shows() {
        REGISTRY.as_ref().unwrap();
        for (name, text) in VIEWS {
            // Three braces, and an ampersand behind two, would show a text as it is.
            assert!(!text.contains("{{{") && !text.contains("{{&") && !text.contains("{{~{"), "{name}");
            for line in text.lines() {
                // A value without quotes around it could bring attributes of its own.
                let outside = |at: usize| line.chars().take(at).filter(|c| *c == '"').count() % 2 == 0;
                assert!(!line.match_indices("={{").any(|(at, _)| outside(at)), "{name}: {line}");
            }
            assert!(!text.contains("<style") && !text.contains(" style="), "{name}");
            let handlers = text.split(" on").skip(1).filter(|rest| rest.trim_start_matches(char::is_alphabetic).starts_with('='));
            assert_eq!(handlers.count(), 0, "{name}");
        }
    }
}
