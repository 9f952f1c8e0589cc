//! Texts of an API, read and compiled as the gateway will, without secrets: here, or in a process of its own that may end in any way.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Work;
use super::revisions::{Finding, findings};
use crate::catalog::{self, Texts};
use crate::diagnostic::Span;
use crate::store::Content;

/// Texts to be tried.
#[derive(Debug, Serialize, Deserialize)]
pub struct Job {
    /// Whose the API is to be.
    pub tenant: Arc<str>,
    /// Its name.
    pub name: String,
    /// Its texts by their paths in its folder.
    pub texts: Texts,
}

/// What came of them.
#[derive(Debug, Serialize, Deserialize)]
pub enum Tried {
    /// An API.
    Good(Box<Good>),
    /// None: errors, and what was found beside them.
    Bad(Vec<Finding>),
}

/// Texts that are an API.
#[derive(Debug, Serialize, Deserialize)]
pub struct Good {
    /// What would be kept.
    pub content: Content,
    /// Warnings and notes.
    pub findings: Vec<Finding>,
    /// Where it would answer.
    pub addresses: Vec<Arc<str>>,
    /// What it would call.
    pub targets: BTreeSet<String>,
    /// The operations of other APIs that its sequences call.
    pub calls: Vec<Called>,
}

/// An operation of another API that a sequence calls.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Called {
    /// The API's name.
    pub api: String,
    /// The operation's.
    pub operation: String,
    /// The text that says so.
    pub document: Option<String>,
    /// Line and column, from 1, in characters.
    pub position: Option<(usize, usize)>,
}

impl Work for Job {
    const KIND: &'static str = "texts";
    type Answer = Tried;

    fn api(&self) -> &str {
        &self.name
    }

    fn is_good(answer: &Tried) -> bool {
        matches!(answer, Tried::Good(_))
    }

    fn run(self) -> Tried {
        let content = match Content::of_texts(&self.tenant, &self.name, &self.texts) {
            Ok(content) => content,
            Err(refused) => return Tried::Bad(findings(&refused)),
        };
        let built = catalog::look_at(&self.tenant, &self.name, &content);
        let findings = findings(&built);
        match built.api {
            None => Tried::Bad(findings),
            Some(api) => {
                let addresses = std::iter::once(&api.base_path).chain(&api.default_path).cloned().collect();
                let targets = catalog::targets(&api).map(str::to_owned).collect();
                let called = |(api, operation, span): (&str, &str, Span)| Called {
                    api: api.to_owned(),
                    operation: operation.to_owned(),
                    document: built.sources.document(span.source).map(|s| s.name.to_string()),
                    position: built.sources.position(span),
                };
                let calls = catalog::calls_of_others(&api).into_iter().map(called).collect();
                Tried::Good(Box::new(Good { content, findings, addresses, targets, calls }))
            }
        }
    }
}
