//! Which operation a raw SOAP request means: by the Body's first child; a stated action must agree, and decides between several.

use crate::catalog::{BodyChild, RawOperation};
use crate::plan::node::SoapVersion;
use crate::problem::{Problem, Reason};

use super::envelope::First;

/// The one operation that is meant.
///
/// # Errors
/// None is, the action belongs to another, or several are meant: the caller's fault.
pub(super) fn find<'a>(
    operations: &'a [RawOperation],
    version: SoapVersion,
    first: &First,
    actions: &[String],
) -> Result<&'a RawOperation, Problem> {
    let refused = |text: String| Err(Problem::new(Reason::InvalidRequest, 400, text).with_code("castile.unknown_operation"));
    let by_body: Vec<&RawOperation> = operations.iter().filter(|o| begins_with(o, first)).collect();
    // The caller's version where a port speaks it; else what there is, which the upstream will judge.
    let same: Vec<&RawOperation> = by_body.iter().copied().filter(|o| o.version == version).collect();
    let mut candidates = if same.is_empty() { by_body } else { same };
    if candidates.is_empty() {
        return refused(match first {
            First::Element(name) => format!("No operation of this API has {name} as the first child of its Body."),
            First::Empty => String::from("No operation of this API has an empty Body."),
            First::Encrypted | First::NotSoap => String::from("This API has no operation."),
        });
    }
    for action in actions.iter().filter(|a| !a.is_empty()) {
        let is_known = operations.iter().any(|o| o.has_action(action));
        // An operation without any stated action takes one that is no other's: toolkits make one up then.
        candidates.retain(|o| o.has_action(action) || (!is_known && o.stated_actions().next().is_none()));
        if candidates.is_empty() {
            return refused(format!("The action {} does not belong to the operation of this Body.", shown(action)));
        }
    }
    let Some(chosen) = candidates.first() else { return refused(String::from("This API has no operation.")) };
    // One operation at several ports is one operation: the first port, as REST calls it.
    if candidates.iter().any(|o| o.name != chosen.name) {
        let mut names: Vec<&str> = Vec::new();
        for candidate in &candidates {
            if !names.contains(&&*candidate.name) {
                names.push(&candidate.name);
            }
        }
        let more = names.len().saturating_sub(20);
        names.truncate(20);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        return refused(format!("The Body alone does not say which operation is meant: {}{rest}. State its action.", names.join(", ")));
    }
    Ok(chosen)
}

fn begins_with(operation: &RawOperation, first: &First) -> bool {
    match (first, &operation.body) {
        (First::Encrypted, _) | (First::Element(_), BodyChild::Unknown) | (First::Empty, BodyChild::Empty | BodyChild::Unknown) => true,
        (First::Element(name), BodyChild::Elements(names)) => names.contains(name),
        (First::NotSoap, _) | (First::Element(_), BodyChild::Empty) | (First::Empty, BodyChild::Elements(_)) => false,
    }
}

fn shown(action: &str) -> String {
    action.chars().filter(|c| !c.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::QName;

    fn operation(name: &str, body: BodyChild, action: Option<&str>, version: SoapVersion) -> RawOperation {
        RawOperation {
            name: name.into(),
            service: None,
            port: None,
            version,
            soap_action: action.map(Into::into),
            wsa_action: None,
            default_action: format!("urn:x:P:{name}Request").into(),
            body,
            url: "http://x/".into(),
            one_way: false,
            wire: crate::catalog::Wire::default(),
            plan: None,
            rules: Vec::new(),
        }
    }

    fn element(name: &str) -> BodyChild {
        BodyChild::Elements(vec![QName::new("urn:a", name)])
    }

    fn first(name: &str) -> First {
        First::Element(QName::new("urn:a", name))
    }

    fn chosen(operations: &[RawOperation], first: &First, actions: &[&str]) -> Result<String, String> {
        let actions: Vec<String> = actions.iter().map(ToString::to_string).collect();
        find(operations, SoapVersion::Soap11, first, &actions).map(|o| o.name.to_string()).map_err(|p| p.detail.clone())
    }

    #[test]
    fn the_body_finds_and_the_action_decides() {
        let v = SoapVersion::Soap11;
        let all = [
            operation("A", element("A"), Some("urn:a/A"), v),
            operation("B", element("A"), Some("urn:a/B"), v),
            operation("C", element("C"), None, v),
            operation("Nil", BodyChild::Empty, Some(""), v),
            operation("C", element("C"), Some("urn:a/C"), SoapVersion::Soap12),
        ];
        assert_eq!(chosen(&all, &first("C"), &[]), Ok("C".into()));
        assert_eq!(chosen(&all, &first("C"), &[""]), Ok("C".into()));
        assert_eq!(chosen(&all, &First::Empty, &[""]), Ok("Nil".into()));
        assert_eq!(chosen(&all, &first("C"), &["made/up"]), Ok("C".into()));
        assert_eq!(chosen(&all, &first("A"), &["urn:a/B"]), Ok("B".into()));
        // WS-Addressing gives every input an action, also where the WSDL states none or only a soapAction.
        assert_eq!(chosen(&all, &first("A"), &["urn:x:P:BRequest"]), Ok("B".into()));
        assert!(chosen(&all, &first("C"), &["urn:x:P:ARequest"]).unwrap_err().contains("does not belong"));
        assert_eq!(chosen(&all, &first("A"), &["urn:a/B", "urn:a/B"]), Ok("B".into()));
        assert!(chosen(&all, &first("A"), &[]).unwrap_err().contains("A, B"));
        // An action of another operation must not travel with this body.
        assert!(chosen(&all, &first("C"), &["urn:a/A"]).unwrap_err().contains("does not belong"));
        assert!(chosen(&all, &first("A"), &["urn:a/A", "urn:a/B"]).is_err());
        assert!(chosen(&all, &first("X"), &["urn:a/A"]).unwrap_err().contains("{urn:a}X"));
        assert_eq!(chosen(&all, &First::Encrypted, &["urn:a/A"]), Ok("A".into()));
        assert!(chosen(&all, &First::Encrypted, &[]).unwrap_err().contains("A, B, C"));
    }

    #[test]
    fn the_callers_version_is_preferred() {
        let all = [
            operation("C", element("C"), Some("eleven"), SoapVersion::Soap11),
            operation("C", element("C"), Some("twelve"), SoapVersion::Soap12),
        ];
        let found = find(&all, SoapVersion::Soap12, &first("C"), &[]).unwrap();
        assert_eq!(found.soap_action.as_deref(), Some("twelve"));
        assert!(find(&all, SoapVersion::Soap12, &first("C"), &[String::from("eleven")]).is_err());
    }
}
