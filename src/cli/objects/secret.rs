//! `castile secret …`: secrets for SOAP services that a running server keeps sealed.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use http::Method;

use super::wanted::{Body, Shown, Wanted, Wants, text_of};
use crate::manage::MAX_SECRET_BYTES;

const NOUN: &str = "secrets";
const SECRET: &[&str] = &["name", "description", "changed"];

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// The secrets, without their values
    List,
    /// One of them
    Show {
        /// Its name
        name: String,
    },
    /// Seal a secret that APIs name with `secret: NAME`; it is never shown again
    Create(Value),
    /// Seal another value of a secret; calls carry it within two seconds
    Update(Value),
    /// Seal all that is sealed, of all tenants, again with the newest sealing key, so that older keys can go from the file
    Reseal,
    /// Remove a secret that no API names
    Remove {
        /// Its name
        name: String,
    },
}

/// A secret and where its value is.
#[derive(Debug, Args)]
pub(crate) struct Value {
    /// Its name
    name: String,
    /// A file with its value, `-` for standard input; one line end behind it does not count
    #[arg(long, value_name = "FILE")]
    value_file: PathBuf,
    /// What it is for, for people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

impl Value {
    fn body(&self) -> Result<Body, String> {
        let value = text_of(&self.value_file, MAX_SECRET_BYTES)?;
        let value = value.strip_suffix('\n').map(|v| v.strip_suffix('\r').unwrap_or(v)).unwrap_or(&value).to_owned();
        Ok(Body::default().set("name", Some(self.name.clone())).set("description", self.description.clone()).set("value", Some(value)))
    }
}

impl Wants for Secret {
    fn wanted(self) -> Result<Wanted, String> {
        Ok(match self {
            Self::List => Wanted::list(&[NOUN], SECRET),
            Self::Show { name } => Wanted::show(NOUN, &name),
            Self::Create(value) => Wanted::create(&[NOUN], value.body()?.end()),
            Self::Update(value) => Wanted { over: false, ..Wanted::replace(NOUN, &value.name, value.body()?.end()) },
            Self::Reseal => Wanted::at(Method::POST, vec!["reseal".to_owned()], Shown::One),
            Self::Remove { name } => Wanted::remove(NOUN, &name),
        })
    }
}
