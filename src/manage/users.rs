use super::{Actor, LOCAL, Listed, Manage, ManageError, Managed, Part, hold, now, removal, text};
use crate::auth::{Application, Role, Standing, User, new_secret, password};
use crate::net::secret::Secret;
use crate::store::{Change, Expected, Keep, owner};

/// Fewest characters of a password that somebody chooses.
const MIN_PASSWORD: usize = 10;

/// A user to be.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    /// The name that is typed.
    pub name: String,
    /// Its password; `None`: one is made.
    pub password: Option<Secret>,
    /// What it may do.
    pub roles: Vec<Role>,
}

/// What becomes of a user; `None`: as it was.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// A new password.
    pub password: Option<Secret>,
    /// Is a new password made?
    pub new_password: bool,
    /// What it may do.
    pub roles: Option<Vec<Role>>,
    /// May it log in?
    pub standing: Option<Standing>,
}

/// A user that was just made or changed.
#[derive(Debug, Clone)]
pub struct MadeUser {
    /// What is kept.
    pub user: User,
    /// The password, where it was made here: shown now and never again.
    pub password: Option<Secret>,
}

const USER: &str = "user";

impl Manage {
    /// The users of the tenant.
    ///
    /// # Errors
    /// Only for administrators.
    pub async fn users(&self, actor: &Actor, part: &Part) -> Managed<Listed<User>> {
        actor.administrates()?;
        self.listed(&actor.tenant, part).await
    }

    /// A user by its name.
    ///
    /// # Errors
    /// It is not there. Only for administrators.
    pub async fn user(&self, actor: &Actor, name: &str) -> Managed<User> {
        actor.administrates()?;
        Ok(self.named(USER, &actor.tenant, name).await?.value)
    }

    /// Makes a user.
    ///
    /// # Errors
    /// Its name is in use, or something does not fit. Only for administrators.
    pub async fn create_user(&self, actor: &Actor, new: NewUser) -> Managed<MadeUser> {
        actor.administrates()?;
        text::user(&new.name)?;
        let roles = sorted(new.roles)?;
        // Before the password is worked out, which takes a while; it is looked at again when it is written.
        self.must_be_free::<User>(USER, &actor.tenant, &new.name).await?;
        let (hash, shown) = self.password(new.password).await?;
        let _turn = self.turn().await;
        let tenant = self.tenant_of(actor).await?;
        self.must_be_free::<User>(USER, &actor.tenant, &new.name).await?;
        let user = User {
            tenant: actor.tenant.clone(),
            name: new.name.into(),
            password: Some(hash),
            roles,
            standing: Standing::Active,
            // Tokens of an earlier user of that name are not this one's.
            tokens_since: now(),
            created: now(),
        };
        let changes = vec![hold(&tenant)?, Change::put(&user, Expected::Absent)?];
        self.write(changes, actor.did("user.create", &user.name, said("made", &user))).await?;
        Ok(MadeUser { user, password: shown })
    }

    /// Changes a user.
    ///
    /// # Errors
    /// It is not there, or something does not fit. Only for administrators.
    pub async fn update_user(&self, actor: &Actor, name: &str, change: UserChange) -> Managed<MadeUser> {
        actor.administrates()?;
        self.named::<User>(USER, &actor.tenant, name).await?;
        let set = match change.password {
            None if !change.new_password => None,
            given => Some(self.password(given).await?),
        };
        let _turn = self.turn().await;
        let mut found = self.named::<User>(USER, &actor.tenant, name).await?;
        let mut password = None;
        let mut more = "";
        let mut changes = Vec::new();
        if let Some((hash, shown)) = set {
            found.value.password = Some(hash);
            found.value.tokens_since = now();
            password = shown;
            more = ", with a new password";
            // A session of the same second is as old as the password by the clock.
            changes = self.ends_of_sessions(&actor.tenant, name).await?;
        }
        if let Some(roles) = change.roles {
            found.value.roles = sorted(roles)?;
        }
        if let Some(standing) = change.standing {
            found.value.standing = standing;
        }
        let summary = format!("{}{more}", said("changed", &found.value));
        changes.push(hold(&found)?);
        self.write(changes, actor.did("user.update", &found.value.name, summary)).await?;
        Ok(MadeUser { user: found.value, password })
    }

    /// Changes the actor's own password. What was granted in its name, and its tokens, end with the old one.
    ///
    /// # Errors
    /// `old` is not the password, or `new` does not fit. Who holds the token file has none.
    pub async fn change_password(&self, actor: &Actor, old: &Secret, new: Secret) -> Managed<()> {
        if *actor.name == *LOCAL || actor.name.contains('/') {
            let text =
                "Only users have a password, and change it in their own tenant; administrators set that of others by updating the user.";
            return Err(ManageError::Forbidden(text.to_owned()));
        }
        let known = self.named::<User>(USER, &actor.tenant, &actor.name).await?.value.password;
        if !password::verify(old, known.as_deref()).await {
            return Err(ManageError::invalid("old_password", "your password", "[redacted]"));
        }
        if old == &new {
            return Err(ManageError::invalid("password", "another password than the old one", "[redacted]"));
        }
        let (hash, _) = self.password(Some(new)).await?;
        let _turn = self.turn().await;
        let mut found = self.named::<User>(USER, &actor.tenant, &actor.name).await?;
        // Somebody set another one meanwhile: the one that was checked is the old one no more.
        if found.value.password != known {
            return Err(ManageError::Conflict);
        }
        found.value.password = Some(hash);
        found.value.tokens_since = now();
        self.write(vec![hold(&found)?], actor.did("user.password", &actor.name, format!("{} changed the own password", actor.name))).await
    }

    /// Removes a user.
    ///
    /// # Errors
    /// It is not there, or owns applications. Only for administrators.
    pub async fn remove_user(&self, actor: &Actor, name: &str) -> Managed<()> {
        actor.administrates()?;
        let _turn = self.turn().await;
        let found = self.named::<User>(USER, &actor.tenant, name).await?;
        if !self.store.page_by::<Application>(&owner(&actor.tenant, name), None, 1).await?.0.is_empty() {
            return Err(ManageError::InUse { kind: USER, name: name.to_owned(), by: "it owns applications".to_owned() });
        }
        self.write(vec![removal(&found)], actor.did("user.remove", name, format!("removed the user {name}"))).await
    }

    /// Hashes a password; makes one where none is given.
    pub(super) async fn password(&self, given: Option<Secret>) -> Managed<(String, Option<Secret>)> {
        let (password, shown) = match given {
            Some(password) => {
                if password.reveal().chars().count() < MIN_PASSWORD || password.reveal().chars().any(char::is_control) {
                    let expected = format!("a password of at least {MIN_PASSWORD} characters, without control characters");
                    return Err(ManageError::invalid("password", expected, "[redacted]"));
                }
                (password, None)
            }
            None => {
                let made = new_secret("pw")?.plain;
                (made.clone(), Some(made))
            }
        };
        Ok((password::hash(&password).await?, shown))
    }
}

fn sorted(mut roles: Vec<Role>) -> Managed<Vec<Role>> {
    roles.sort_unstable();
    roles.dedup();
    let words = Role::ALL.map(Role::word).join(", ");
    if roles.is_empty() { Err(ManageError::invalid("roles", format!("a list of {words}"), "nothing")) } else { Ok(roles) }
}

fn said(done: &str, user: &User) -> String {
    let roles: Vec<&str> = user.roles.iter().map(|r| r.word()).collect();
    let blocked = if user.standing.is_active() { "" } else { ", blocked" };
    format!("{done} the user {}: {}{blocked}", user.name, roles.join(", "))
}
