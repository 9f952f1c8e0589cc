use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ADMINISTRATOR, standing, time, word};
use crate::admin::AdminState;
use crate::admin::call::{Call, list};
use crate::admin::document::{List, Nothing, documents};
use crate::admin::route::{Allow, LIST, Operation, Routes, Verb};
use crate::auth::Role;
use crate::manage::{MadeUser, ManageError, Managed, UserChange};
use crate::net::secret::Secret;
use crate::problem::Problem;

/// Someone who logs in.
#[derive(Debug, Serialize, ToSchema)]
struct User {
    /// The name that is typed.
    name: String,
    /// Its password, where it was just made: shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    /// `subscriber`, `publisher`, `administrator`.
    #[schema(schema_with = super::roles_schema)]
    roles: Vec<&'static str>,
    /// `active` or `blocked`.
    #[schema(schema_with = super::standing_schema)]
    standing: &'static str,
    /// When it was made, RFC 3339.
    created: String,
}

/// A user to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    /// The name that is typed: without spaces, `:` and `/`.
    name: String,
    /// Its password, at least 10 characters; without one it is made, and shown once.
    #[serde(default)]
    password: Option<String>,
    /// `subscriber`, `publisher`, `administrator`.
    #[schema(schema_with = super::roles_schema)]
    roles: Vec<String>,
}

/// What becomes of a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct UserUpdate {
    /// A new password.
    #[serde(default)]
    password: Option<String>,
    /// Is a new password made, and shown once?
    #[serde(default)]
    new_password: bool,
    /// Its roles, all of them.
    #[serde(default)]
    roles: Option<Vec<String>>,
    /// `active` or `blocked`.
    #[serde(default)]
    #[schema(schema_with = super::standing_change, required = false)]
    standing: Option<String>,
}

/// A change of one's own password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OwnPassword {
    /// The password until now.
    old_password: String,
    /// The new one, at least 10 characters.
    password: String,
}

documents!(User, NewUser, UserUpdate, OwnPassword);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/users",
                id: "listUsers",
                summary: "The users of the tenant.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: LIST,
                status: 200,
            },
            all,
        )
        .with(
            Operation {
                verb: Verb::Post,
                path: "/admin/v1/users",
                id: "createUser",
                summary: "Makes a user.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 201,
            },
            create,
        )
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/users/{user}",
                id: "showUser",
                summary: "A user.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 200,
            },
            one,
        )
        .with(
            Operation {
                verb: Verb::Patch,
                path: "/admin/v1/users/{user}",
                id: "updateUser",
                summary: "Changes a user: roles, standing, password.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 200,
            },
            update,
        )
        .with(
            Operation {
                verb: Verb::Delete,
                path: "/admin/v1/users/{user}",
                id: "removeUser",
                summary: "Removes a user who owns no applications.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 204,
            },
            remove,
        )
        .with(
            Operation {
                verb: Verb::Put,
                path: "/admin/v1/me/password",
                id: "changePassword",
                summary: "Changes one's own password; tokens that were made before end.",
                allow: Allow::Everybody,
                query: &[],
                status: 204,
            },
            own_password,
        )
}

async fn own_password(state: Arc<AdminState>, call: Call<OwnPassword>) -> Result<Nothing, Problem> {
    let OwnPassword { old_password, password } = call.input;
    state.manage.change_password(&call.actor, &Secret::new(old_password), Secret::new(password)).await?;
    Ok(Nothing)
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<User>, Problem> {
    Ok(list(state.manage.users(&call.actor, &call.part()?).await?))
}

async fn create(state: Arc<AdminState>, call: Call<NewUser>) -> Result<User, Problem> {
    let new = call.input;
    let new = crate::manage::NewUser { name: new.name, password: new.password.map(Secret::new), roles: roles(&new.roles)? };
    Ok(state.manage.create_user(&call.actor, new).await?.into())
}

async fn one(state: Arc<AdminState>, call: Call<Nothing>) -> Result<User, Problem> {
    Ok(state.manage.user(&call.actor, call.path("user")).await?.into())
}

async fn update(state: Arc<AdminState>, call: Call<UserUpdate>) -> Result<User, Problem> {
    let given = &call.input;
    let change = UserChange {
        password: given.password.as_deref().map(Secret::new),
        new_password: given.new_password,
        roles: given.roles.as_deref().map(roles).transpose()?,
        standing: standing(given.standing.as_deref())?,
    };
    Ok(state.manage.update_user(&call.actor, call.path("user"), change).await?.into())
}

async fn remove(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.remove_user(&call.actor, call.path("user")).await?;
    Ok(Nothing)
}

fn roles(words: &[String]) -> Managed<Vec<Role>> {
    let known = Role::ALL.map(Role::word);
    words.iter().map(|w| Role::of(w).ok_or_else(|| ManageError::not_one_of("roles", &known, w))).collect()
}

impl From<MadeUser> for User {
    fn from(made: MadeUser) -> Self {
        Self { password: made.password.map(|p| p.reveal().to_owned()), ..Self::from(made.user) }
    }
}

impl From<crate::auth::User> for User {
    fn from(user: crate::auth::User) -> Self {
        Self {
            name: user.name.to_string(),
            password: None,
            roles: user.roles.iter().map(|r| r.word()).collect(),
            standing: word(user.standing),
            created: time(user.created),
        }
    }
}
