use super::{Diagnostic, Severity};

/// How many diagnostics are kept; of more, only the number is.
pub const KEPT: usize = 1_000;

/// The findings of one import or check, in the order in which they were found; bounded.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    kept: Vec<Diagnostic>,
    left_out: usize,
    errors: usize,
}

impl Diagnostics {
    /// Keeps a finding, or counts it when [`KEPT`] are there. An error takes the place of a note or warning then, so that a
    /// failure is never reported without its cause.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let is_error = diagnostic.severity == Severity::Error;
        let first_error = is_error && self.errors == 0;
        self.errors += usize::from(is_error);
        if self.kept.len() < KEPT {
            self.kept.push(diagnostic);
            return;
        }
        self.left_out += 1;
        if first_error && let Some(last) = self.kept.last_mut() {
            *last = diagnostic;
        }
    }

    /// The findings that were kept.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Diagnostic> {
        self.kept.iter()
    }

    /// The findings that were kept.
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.kept
    }

    /// The findings that were kept.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.kept
    }

    /// How many were found beyond those kept.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Is one of all found an error?
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Was nothing found?
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, findings: I) {
        findings.into_iter().for_each(|d| self.push(d));
    }
}
