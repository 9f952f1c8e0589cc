//! A SOAP fault of the upstream as the caller's problem (mapping, "Messages": fault).

use super::secure::security_code;
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

/// The problem that a fault is. With `all` its text is shown also where the WSDL does not declare it; else that goes to the log. `callers`: did
/// the request carry credentials of the caller?
pub fn problem(fault: &Fault, all: bool, callers: bool) -> Problem {
    let status = status(fault, callers);
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

fn status(fault: &Fault, callers: bool) -> u16 {
    match (&fault.declared, fault.status) {
        (Some(_), Some(status)) => status,
        (Some(_), None) => DECLARED,
        (None, _) => {
            // Whose credentials they are decides who can do something about it.
            if let Some(code) = fault.code.iter().chain(&fault.subcodes).find_map(|c| security_code(c)) {
                return if callers { refusal(code) } else { 502 };
            }
            // `Client.Authentication` is a kind of `Client` (SOAP 1.1, section 4.4.1).
            let code = fault.code.as_deref().unwrap_or_default().split('.').next().unwrap_or_default();
            if matches!(code, "Client" | "Sender") { 400 } else { 502 }
        }
    }
}

/// The status of a failure of WS-Security (SOAP Message Security 1.1.1, section 12) that the caller's own credentials caused: 401 where others
/// would help, 403 where the service does not take such.
fn refusal(code: &str) -> u16 {
    match code {
        "FailedAuthentication" | "InvalidSecurityToken" | "SecurityTokenUnavailable" | "MessageExpired" => 401,
        _ => 403,
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
            subcodes: Vec::new(),
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
            assert_eq!(problem(&fault, false, false).status, status, "{fault:?}");
        }
    }

    #[test]
    fn failed_security_is_the_gateways_unless_the_caller_gave_the_credentials() {
        let of = |code: &str| fault(None, None, &format!("{{{}}}{code}", crate::xml::ns::WSSE));
        for (code, status) in
            [("FailedAuthentication", 401), ("InvalidSecurityToken", 401), ("UnsupportedSecurityToken", 403), ("FailedCheck", 403)]
        {
            assert_eq!(problem(&of(code), false, false).status, 502, "{code}");
            assert_eq!(problem(&of(code), false, true).status, status, "{code}");
        }
        let told = Fault { subcodes: vec![of("InvalidSecurity").code.unwrap()], ..fault(None, None, "Sender") };
        assert_eq!((problem(&told, false, false).status, problem(&told, false, true).status), (502, 403));
        assert_eq!(problem(&fault(None, None, "wsse:FailedAuthentication"), false, true).status, 401);
    }

    #[test]
    fn the_text_of_an_undeclared_fault_is_for_the_log() {
        let shown = String::from_utf8(problem(&fault(None, None, "Server"), false, false).to_json("id")).unwrap();
        assert!(!shown.contains("secret") && !shown.contains("\"fault\""), "{shown}");
        let shown = String::from_utf8(problem(&fault(None, None, "Server"), true, false).to_json("id")).unwrap();
        assert!(shown.contains("secret text") && shown.contains("\"fault\":{\"code\":\"x\"}"), "{shown}");
        let declared = problem(&fault(Some("NoSuch"), None, "Server"), false, false);
        assert_eq!(declared.title, "NoSuch");
        assert_eq!(declared.type_uri(), format!("{}castile.fault/NoSuch", crate::problem::TYPE_BASE));
    }
}
