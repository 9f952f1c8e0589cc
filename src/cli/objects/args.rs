//! What can be said about tenants, users, plans, applications, subscriptions, keys, clients and issuers.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// A kind of object, in a tenant.
#[derive(Debug, Args)]
pub(crate) struct Noun<C: Subcommand> {
    /// Another tenant than one's own, for administrators of the tenant default
    #[arg(long, global = true, value_name = "T", help_heading = "Everywhere")]
    pub(crate) tenant: Option<String>,
    #[command(subcommand)]
    pub(crate) command: C,
}

/// May it be used?
#[derive(Debug, Default, Args)]
pub(crate) struct Standing {
    /// Refuse it from now on
    #[arg(long, conflicts_with = "unblock")]
    pub(crate) block: bool,
    /// Let it pass again
    #[arg(long)]
    pub(crate) unblock: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum App {
    /// The applications
    List,
    /// One of them
    Show {
        /// Its name or id
        app: String,
    },
    /// Register an application
    Create {
        /// Its name
        name: String,
        /// What it is, for people
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// The user who owns it [default: you]
        #[arg(long, value_name = "USER")]
        owner: Option<String>,
        /// A plan over all its subscriptions
        #[arg(long)]
        plan: Option<String>,
    },
    /// Change an application
    Update {
        /// Its name or id
        app: String,
        /// A new name
        #[arg(long)]
        name: Option<String>,
        /// What it is, for people
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// A plan over all its subscriptions
        #[arg(long, conflicts_with = "no_plan")]
        plan: Option<String>,
        /// No plan of its own
        #[arg(long)]
        no_plan: bool,
        #[command(flatten)]
        standing: Standing,
    },
    /// Client certificates of an application
    Certificate(super::access::OfApp),
    /// Remove an application with its keys, clients and subscriptions
    Remove {
        /// Its name or id
        app: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Subscription {
    /// The subscriptions of an application, to an API, or all
    List {
        /// Of this application
        #[arg(long, conflicts_with = "api")]
        app: Option<String>,
        /// To this API
        #[arg(long)]
        api: Option<String>,
    },
    /// One of them
    Show {
        /// Its id
        id: String,
    },
    /// Subscribe an application to an API on a plan
    Create {
        /// The application, by its name or id
        #[arg(long)]
        app: String,
        /// The API
        #[arg(long)]
        api: String,
        /// The plan
        #[arg(long)]
        plan: String,
    },
    /// Change a subscription
    Update {
        /// Its id
        id: String,
        /// Another plan
        #[arg(long)]
        plan: Option<String>,
        #[command(flatten)]
        standing: Standing,
    },
    /// End a subscription
    Remove {
        /// Its id
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// The keys of an application
    List {
        /// The application, by its name or id
        #[arg(long)]
        app: String,
    },
    /// One of them
    Show {
        /// Its id
        id: String,
    },
    /// Make a key for an application; it is shown once
    Create {
        /// The application, by its name or id
        #[arg(long)]
        app: String,
        /// After which time it ends, such as 90d [default: not by itself]
        #[arg(long, value_name = "TIME")]
        expires_in: Option<String>,
    },
    /// Make a key in the place of another
    Rotate {
        /// The id of the old one [default: the only one of the application]
        #[arg(required_unless_present = "app")]
        id: Option<String>,
        /// The application, by its name or id
        #[arg(long, conflicts_with = "id")]
        app: Option<String>,
        /// How long the old one is still good, such as 24h [default: not at all]
        #[arg(long, value_name = "TIME")]
        overlap: Option<String>,
    },
    /// End a key at once
    #[command(visible_alias = "revoke")]
    Remove {
        /// Its id
        id: String,
    },
}

/// What a plan allows.
#[derive(Debug, Args)]
pub(crate) struct Allows {
    /// Calls in a window, such as "20 per minute" [default: as many as come]
    #[arg(long, value_name = "LIMIT")]
    pub(crate) quota: Option<String>,
    /// Calls at once, such as 5/s [default: as many as the quota has]
    #[arg(long, value_name = "LIMIT")]
    pub(crate) burst: Option<String>,
    /// Its name for people
    #[arg(long, value_name = "TEXT")]
    pub(crate) display_name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Plan {
    /// The plans
    List,
    /// One of them
    Show {
        /// Its name
        plan: String,
    },
    /// Make a plan
    Create {
        /// Its name
        name: String,
        #[command(flatten)]
        allows: Allows,
    },
    /// Change a plan, for all who are on it
    Update {
        /// Its name
        plan: String,
        #[command(flatten)]
        allows: Allows,
        /// As many calls as come
        #[arg(long, conflicts_with = "quota")]
        no_quota: bool,
        /// As many at once as the quota has
        #[arg(long, conflicts_with = "burst")]
        no_burst: bool,
    },
    /// Remove a plan that nothing is on
    Remove {
        /// Its name
        plan: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// The users
    List,
    /// One of them
    Show {
        /// Its name
        user: String,
    },
    /// Make a user
    Create {
        /// The name that is typed
        name: String,
        /// subscriber, publisher or administrator; may be given several times
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// A file with the password, `-` for standard input [default: one is made and shown once]
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Change a user
    Update {
        /// Its name
        user: String,
        /// All roles that it has from now on
        #[arg(long = "role")]
        roles: Vec<String>,
        /// A file with a new password, `-` for standard input
        #[arg(long, value_name = "FILE", conflicts_with = "new_password")]
        password_file: Option<PathBuf>,
        /// Make a new password, which is shown once
        #[arg(long)]
        new_password: bool,
        #[command(flatten)]
        standing: Standing,
    },
    /// Change one's own password; tokens that were made before end
    Password {
        /// One's name, `TENANT/NAME` in another tenant than default
        user: String,
        /// A file with the password until now
        #[arg(long, value_name = "FILE")]
        old_password_file: PathBuf,
        /// A file with the new one, `-` for standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Remove a user who owns no applications
    Remove {
        /// Its name
        user: String,
    },
}

/// What a tenant is beside its name.
#[derive(Debug, Args)]
pub(crate) struct TenantIs {
    /// Its name for people
    #[arg(long, value_name = "TEXT")]
    pub(crate) display_name: Option<String>,
    /// Calls per second of all its APIs together
    #[arg(long, value_name = "N")]
    pub(crate) calls_per_second: Option<u32>,
    /// What its documents and tokens say in the place of the gateway's address
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tenant {
    /// The tenants
    List,
    /// One of them
    Show {
        /// Its name
        name: String,
    },
    /// Make a tenant, with the shipped plans
    Create {
        /// Its name in addresses
        name: String,
        #[command(flatten)]
        is: TenantIs,
    },
    /// Change a tenant
    Update {
        /// Its name
        name: String,
        #[command(flatten)]
        is: TenantIs,
        /// As many calls as come
        #[arg(long, conflicts_with = "calls_per_second")]
        no_calls_per_second: bool,
        /// The gateway's address
        #[arg(long, conflicts_with = "public_url")]
        no_public_url: bool,
        #[command(flatten)]
        standing: Standing,
    },
    /// Remove a tenant that has no users, applications, issuers and APIs
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Client {
    /// The OAuth clients of an application
    List {
        /// The application, by its name or id
        #[arg(long)]
        app: String,
    },
    /// One of them
    Show {
        /// Its client_id
        id: String,
    },
    /// Make an OAuth client for an application; its secret is shown once
    Create {
        /// The application, by its name or id
        #[arg(long)]
        app: String,
        /// It can keep no secret: a browser, a phone
        #[arg(long)]
        public: bool,
        /// An address that codes may be sent to; may be given several times
        #[arg(long, value_name = "URL")]
        redirect_uri: Vec<String>,
        /// client_credentials, authorization_code, refresh_token, password; may be given several times
        #[arg(long)]
        grant: Vec<String>,
        /// A scope that it may ask for; may be given several times [default: all that its subscriptions have]
        #[arg(long)]
        scope: Vec<String>,
    },
    /// Make a new secret; the one before ends at once
    Renew {
        /// Its client_id
        id: String,
    },
    /// Remove a client
    Remove {
        /// Its client_id
        id: String,
    },
}

/// What an issuer is beside its name and address.
#[derive(Debug, Args)]
pub(crate) struct IssuerIs {
    /// What `aud` must say; may be given several times
    #[arg(long, value_name = "AUD")]
    pub(crate) audience: Vec<String>,
    /// Where its keys are [default: as its metadata says]
    #[arg(long, value_name = "URL")]
    pub(crate) jwks_uri: Option<String>,
    /// A signature algorithm; may be given several times [default: RS256 and ES256]
    #[arg(long, value_name = "ALG")]
    pub(crate) algorithm: Vec<String>,
    /// `typ` of its tokens [default: JWT, at+jwt or none]
    #[arg(long, value_name = "TYP")]
    pub(crate) token_type: Option<String>,
    /// The claim that names the client [default: azp, then client_id]
    #[arg(long, value_name = "CLAIM")]
    pub(crate) client_claim: Option<String>,
    /// The claim that holds the scopes [default: scope]
    #[arg(long, value_name = "CLAIM")]
    pub(crate) scope_claim: Option<String>,
    /// A client of the issuer and the application that it is here; may be given several times
    #[arg(long = "app", value_name = "CLIENT=APP", value_parser = pair)]
    pub(crate) apps: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Issuer {
    /// The outside issuers of tokens
    List,
    /// One of them
    Show {
        /// Its name
        name: String,
    },
    /// Make an issuer known
    Create {
        /// Its name here
        name: String,
        /// What its tokens say in `iss`
        #[arg(long, value_name = "URL")]
        iss: String,
        #[command(flatten)]
        is: IssuerIs,
    },
    /// Change an issuer; what is given takes the place of what was there
    Update {
        /// Its name here
        name: String,
        /// What its tokens say in `iss`
        #[arg(long, value_name = "URL")]
        iss: Option<String>,
        #[command(flatten)]
        is: IssuerIs,
    },
    /// Forget an issuer: its tokens are no longer good
    Remove {
        /// Its name here
        name: String,
    },
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (client, app) = text.split_once('=').filter(|(c, a)| !c.is_empty() && !a.is_empty()).ok_or("expected CLIENT=APP")?;
    Ok((client.to_owned(), app.to_owned()))
}
