use std::sync::Arc;

use super::{ManageError, Managed};
use crate::auth::{Application, DEFAULT_TENANT, Role};
use crate::store::Audit;

/// The name of who holds the token file of this machine. No user may have it.
pub const LOCAL: &str = "local";

/// Who may, of those who have shown who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allow {
    /// Everybody.
    Everybody,
    /// Who has one of these roles.
    Roles(&'static [Role]),
    /// Administrators of the tenant `default`.
    Installation,
}

impl Allow {
    /// The roles of which one is asked for; empty: none.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Everybody => &[],
            Self::Roles(roles) => roles,
            Self::Installation => &[Role::Administrator],
        }
    }

    /// Refuses who may not.
    ///
    /// # Errors
    /// [`ManageError::Forbidden`].
    pub fn check(self, actor: &Actor) -> Managed<()> {
        match self {
            Self::Everybody => Ok(()),
            Self::Roles(roles) => actor.needs(roles),
            Self::Installation => actor.administrates_all(),
        }
    }
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Where.
    pub tenant: Arc<str>,
    /// Its name; of an administrator who acts in another tenant than its own `TENANT/NAME`.
    pub name: Arc<str>,
    /// What it may do.
    pub roles: Vec<Role>,
    /// The request by which it acts; empty where there is none.
    pub request_id: String,
    of_installation: bool,
}

impl Actor {
    /// A user of a tenant.
    pub fn new(tenant: impl Into<Arc<str>>, name: impl Into<Arc<str>>, roles: Vec<Role>) -> Self {
        let tenant = tenant.into();
        let of_installation = *tenant == *DEFAULT_TENANT && roles.contains(&Role::Administrator);
        Self { tenant, name: name.into(), roles, request_id: String::new(), of_installation }
    }

    /// Who holds the token file of this machine: an administrator of the whole installation.
    pub fn local() -> Self {
        Self::new(DEFAULT_TENANT, LOCAL, Role::ALL.to_vec())
    }

    /// The same, by that request.
    #[must_use]
    pub fn by(mut self, request_id: impl Into<String>) -> Self {
        self.request_id = request_id.into();
        self
    }

    /// The same in another tenant.
    ///
    /// # Errors
    /// Only administrators of the tenant `default` act in others; for all others there is no other tenant.
    pub fn acting_in(mut self, tenant: &str) -> Managed<Self> {
        if *self.tenant == *tenant {
            return Ok(self);
        }
        if !self.of_installation {
            return Err(ManageError::not_found("tenant", tenant));
        }
        if *self.name != *LOCAL {
            self.name = format!("{}/{}", self.tenant, self.name).into();
        }
        self.tenant = tenant.into();
        Ok(self)
    }

    /// Has it that role?
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Does it administrate the whole installation?
    pub fn is_of_installation(&self) -> bool {
        self.of_installation
    }

    /// Refuses who is no administrator.
    pub(super) fn administrates(&self) -> Managed<()> {
        self.needs(&[Role::Administrator])
    }

    /// Refuses who does not administrate the whole installation.
    pub(super) fn administrates_all(&self) -> Managed<()> {
        let why = || ManageError::Forbidden(format!("This asks for an administrator of the tenant {DEFAULT_TENANT}."));
        if self.of_installation { Ok(()) } else { Err(why()) }
    }

    /// Refuses who has none of these roles.
    ///
    /// # Errors
    /// [`ManageError::Forbidden`].
    pub fn needs(&self, roles: &[Role]) -> Managed<()> {
        if roles.iter().any(|r| self.is(*r)) {
            return Ok(());
        }
        let words: Vec<&str> = roles.iter().map(|r| r.word()).collect();
        Err(ManageError::Forbidden(format!("This asks for the role {}.", words.join(" or "))))
    }

    /// May it see and change this application?
    pub(super) fn owns(&self, application: &Application) -> bool {
        self.is(Role::Administrator) || self.is(Role::Subscriber) && *application.owner == *self.name
    }

    /// An entry for what it does.
    pub(super) fn did(&self, action: &str, object: &str, summary: impl Into<String>) -> Audit {
        Audit {
            tenant: self.tenant.to_string(),
            actor: self.name.to_string(),
            action: action.to_owned(),
            kind: action.split('.').next().unwrap_or_default().to_owned(),
            object: object.to_owned(),
            summary: summary.into(),
            request_id: self.request_id.clone(),
        }
    }
}
