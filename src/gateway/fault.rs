//! A SOAP fault of the upstream as the caller's problem (mapping, "Messages": fault).

use crate::catalog::{Expose, State};
use crate::config::ExposeFaults;
use crate::mediate::Fault;
use crate::problem::{Problem, Reason};

/// Status of a declared fault for which the API chose none.
const DECLARED: u16 = 422;

/// Are the texts of undeclared faults for the caller? As the API says; where it does not: a prototype's are, else as the process says.
pub(super) fn exposes_all(definition: Option<Expose>, state: State, process: ExposeFaults) -> bool {
    match definition {
        Some(expose) => expose == Expose::All,
        None => state == State::Prototype || process == ExposeFaults::All,
    }
}

/// The problem that a fault is. With `all` its text is shown also where the WSDL does not declare it; else that goes to the log.
pub fn problem(fault: &Fault, all: bool) -> Problem {
    let status = status(fault);
    if fault.declared.is_none() && !all {
        let text = "The SOAP service behind this API reported an error. The request id finds it in the log.";
        let private = format!("fault {}: {}", fault.code.as_deref().unwrap_or(""), fault.reason.as_deref().unwrap_or(""));
        return Problem::new(Reason::Fault, status, text).with_private(private);
    }
    let reason = fault.reason.clone().unwrap_or_else(|| String::from("The SOAP service behind this API reported a fault."));
    let mut problem = Problem::new(Reason::Fault, status, reason);
    if let Some(name) = &fault.declared {
        problem.title = name.to_string().into();
        problem.kind = Some(format!("castile.fault/{name}"));
    }
    if !fault.fault_json.is_empty() {
        problem.member = Some(("fault", fault.fault_json.clone()));
    }
    problem
}

fn status(fault: &Fault) -> u16 {
    match (&fault.declared, fault.status) {
        (Some(_), Some(status)) => status,
        (Some(_), None) => DECLARED,
        (None, _) => {
            // `Client.Authentication` is a kind of `Client` (SOAP 1.1, section 4.4.1).
            let code = fault.code.as_deref().unwrap_or_default().split('.').next().unwrap_or_default();
            if matches!(code, "Client" | "Sender") { 400 } else { 502 }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(declared: Option<&str>, status: Option<u16>, code: &str) -> Fault {
        Fault {
            declared: declared.map(Into::into),
            status,
            reason: Some(String::from("secret text")),
            code: Some(code.to_owned()),
            fault_json: b"{\"code\":\"x\"}".to_vec(),
        }
    }

    #[test]
    fn statuses() {
        let table = [
            (fault(Some("F"), None, "Server"), 422),
            (fault(Some("F"), Some(404), "Client"), 404),
            (fault(None, None, "Client"), 400),
            (fault(None, None, "Client.Authentication"), 400),
            (fault(None, None, "Sender"), 400),
            (fault(None, None, "Server"), 502),
            (fault(None, None, "Receiver"), 502),
            (fault(None, None, "VersionMismatch"), 502),
            (fault(None, None, "{urn:x}Client"), 502),
        ];
        for (fault, status) in table {
            assert_eq!(problem(&fault, false).status, status, "{fault:?}");
        }
    }

    #[test]
    fn the_text_of_an_undeclared_fault_is_for_the_log() {
        let shown = String::from_utf8(problem(&fault(None, None, "Server"), false).to_json("id")).unwrap();
        assert!(!shown.contains("secret") && !shown.contains("\"fault\""), "{shown}");
        let shown = String::from_utf8(problem(&fault(None, None, "Server"), true).to_json("id")).unwrap();
        assert!(shown.contains("secret text") && shown.contains("\"fault\":{\"code\":\"x\"}"), "{shown}");
        let declared = problem(&fault(Some("NoSuch"), None, "Server"), false);
        assert_eq!(declared.title, "NoSuch");
        assert_eq!(declared.type_uri(), format!("{}castile.fault/NoSuch", crate::problem::TYPE_BASE));
    }
}
