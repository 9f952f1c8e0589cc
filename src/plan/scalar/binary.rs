//! base64Binary whose bytes stay where they are: sizes and facets, without a copy.

use super::lexical::binary::base64_shape;
use super::{Primitive, Scalar};

impl Scalar {
    /// How many bytes a base64Binary text stands for. `None`: its facets must see the text itself. `Some(None)`: it does not fit.
    pub fn base64_size(&self, text: &str) -> Option<Option<u64>> {
        let Some(size) = base64_shape(text.as_bytes()) else { return Some(None) };
        self.fits_bytes(size).map(|fits| fits.then_some(size))
    }

    /// Do so many bytes fit a base64Binary type? `None`: its facets must see them.
    pub fn fits_bytes(&self, size: u64) -> Option<bool> {
        let by_size = self.primitive() == Some(Primitive::Base64Binary)
            && self.steps.iter().all(|s| s.patterns().is_empty() && s.unchecked_patterns().is_empty() && s.enumeration().is_empty());
        by_size.then(|| self.steps.iter().all(|s| s.length_fits(size)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::scalar::{FacetKind, FacetSpec};
    use std::sync::Arc;

    #[test]
    fn sizes_are_those_of_the_bytes() {
        let plain = Arc::new(Scalar::builtin(Primitive::Base64Binary, false));
        for (text, size) in [("", Some(0)), ("aA==", Some(1)), ("aGk=", Some(2)), ("aG ho\n", Some(3)), ("aGhoaA==", Some(4))] {
            assert_eq!(plain.base64_size(text), Some(size), "{text}");
        }
        for text in ["a", "aA", "aA=", "a!==", "====", "aA==aA==", "aA=a", "\u{e9}aaa"] {
            assert_eq!(plain.base64_size(text), Some(None), "{text}");
        }
        let facet = |kind, value: &str| FacetSpec { kind, value: value.into(), qname: None, documentation: None };
        let (short, _) = Scalar::restrict(&plain, &[facet(FacetKind::MaxLength, "3")]);
        assert_eq!((short.base64_size("aGho"), short.base64_size("aGhoaA==")), (Some(Some(3)), Some(None)));
        let (told, _) = Scalar::restrict(&plain, &[facet(FacetKind::Enumeration, "aGho")]);
        assert_eq!((told.base64_size("aGho"), told.fits_bytes(3)), (None, None));
        assert_eq!(Scalar::builtin(Primitive::String, false).fits_bytes(3), None);
    }
}
