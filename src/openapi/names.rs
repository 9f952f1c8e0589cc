//! Keys of `components`: unique, of the characters that OpenAPI admits, the same for the same input.

use std::collections::HashSet;

/// The keys given so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// A key like `wish` that nobody has yet: OpenAPI's `^[a-zA-Z0-9._-]+$`; a number where it is taken.
    pub(super) fn unique(&mut self, wish: &str) -> String {
        let clean: String = wish.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
        let clean = if clean.is_empty() { "_".to_owned() } else { clean };
        let mut name = clean.clone();
        let mut number = 2_u32;
        // Schema names that differ in case only would be one file or one class in what generators make.
        while !self.taken.insert(name.to_ascii_lowercase()) {
            name = format!("{clean}_{number}");
            number += 1;
        }
        name
    }
}

/// `$ref` to a schema of that key.
pub(super) fn reference(key: &str) -> serde_json::Value {
    serde_json::json!({ "$ref": format!("#/components/schemas/{key}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_clean_and_unique() {
        let mut names = Names::default();
        assert_eq!(names.unique("p:Cat"), "p_Cat");
        assert_eq!(names.unique("p:Cat"), "p_Cat_2");
        assert_eq!(names.unique("P_cat"), "P_cat_3");
        assert_eq!(names.unique("Größe"), "Gr__e");
        assert_eq!(names.unique(""), "_");
    }
}
