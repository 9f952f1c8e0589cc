//! The parameters of a request: `application/x-www-form-urlencoded`, from a query or a body (RFC 6749, appendix B).

use percent_encoding::percent_decode_str;

use super::error::Refused;

/// Most parameters of a request.
const MAX: usize = 64;

/// Names and values in their order, decoded. None has a control character.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads them.
    ///
    /// # Errors
    /// Not UTF-8, a control character, or more than 64.
    pub(super) fn parse(text: &str) -> Result<Self, Refused> {
        let mut all = Vec::new();
        for pair in text.split('&').filter(|p| !p.is_empty()) {
            if all.len() == MAX {
                return Err(Refused::request("there are more than 64 parameters"));
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            all.push((decoded(name)?, decoded(value)?));
        }
        Ok(Self(all))
    }

    /// A parameter's value. Without one it is as if it were not there (RFC 6749, section 3.1).
    ///
    /// # Errors
    /// It stands twice.
    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, Refused> {
        let mut found = self.0.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let first = found.next();
        if found.next().is_some() {
            return Err(twice());
        }
        Ok(first.filter(|v| !v.is_empty()))
    }

    /// The same of one that must be there; `missing` says that it is not.
    pub(super) fn required(&self, name: &str, missing: &'static str) -> Result<&str, Refused> {
        self.get(name)?.ok_or_else(|| Refused::request(missing))
    }

    /// Does none stand twice? RFC 6749, section 3.1: whatever its name is.
    pub(super) fn check_once(&self) -> Result<(), Refused> {
        let mut names: Vec<&str> = self.0.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair.first() == pair.last()) { Err(twice()) } else { Ok(()) }
    }
}

fn twice() -> Refused {
    Refused::request("a parameter stands twice")
}

/// Undoes the encoding of a name or value, also of those in `Authorization: Basic` (RFC 6749, section 2.3.1).
pub(super) fn decoded(text: &str) -> Result<String, Refused> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| Refused::request("a parameter is not UTF-8"))?;
    if decoded.chars().any(char::is_control) {
        return Err(Refused::request("a parameter has a control character"));
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_once() {
        let form = Parameters::parse("a=1+2%2B3&b=&c&a%20b=%C3%A4&&d=1&d=2").unwrap();
        assert_eq!(form.get("a"), Ok(Some("1 2+3")));
        assert_eq!((form.get("b"), form.get("c"), form.get("e")), (Ok(None), Ok(None), Ok(None)));
        assert_eq!(form.get("a b"), Ok(Some("\u{e4}")));
        assert_eq!(form.get("d"), Err(twice()));
        assert_eq!(form.check_once(), Err(twice()));
        assert_eq!(Parameters::parse("b=1&a=2").unwrap().check_once(), Ok(()));
        assert_eq!(Parameters::parse("x=1&y=&x=").unwrap().check_once(), Err(twice()), "also where one is empty");
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for bad in ["a=%ff", "a=%00", "%0d=1", "a=\n"] {
            assert!(Parameters::parse(bad).is_err(), "{bad}");
        }
        assert!(Parameters::parse(&"a=1&".repeat(64)).is_ok());
        assert!(Parameters::parse(&"a=1&".repeat(65)).is_err());
    }
}
