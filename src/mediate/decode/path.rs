//! Where in the message the decoder is, for error texts.

/// Local names of the open elements.
#[derive(Debug, Default)]
pub(super) struct Path {
    text: String,
    ends: Vec<usize>,
}

impl Path {
    pub(super) fn push(&mut self, local: &str) {
        self.ends.push(self.text.len());
        self.text.push('/');
        self.text.push_str(local);
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn pop(&mut self) {
        if let Some(end) = self.ends.pop() {
            self.text.truncate(end);
        }
    }
}
