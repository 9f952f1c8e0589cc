use std::sync::Arc;

/// The WSDL of an API and what it imports and includes, in the order of reading; the first is the root.
///
/// The texts stay as they are; what is given out differs from them in addresses and locations only.
#[derive(Debug, Default)]
pub struct Documents {
    texts: Vec<Arc<str>>,
}

impl Documents {
    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The root document, for `?wsdl`: every `soap:address` is `base_url` (the API's public address), every import and include
    /// `base_url?wsdl` or `base_url?xsd=N`.
    pub fn wsdl(&self, base_url: &str) -> Option<String> {
        self.part(0, base_url)
    }

    /// The document of that number, for `?xsd=N`; 0 is the root.
    pub fn part(&self, _number: usize, _base_url: &str) -> Option<String> {
        todo!("rewriting")
    }
}
