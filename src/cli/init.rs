//! `castile init`: a commented settings file and the folder of API definitions.

use std::fs;
use std::io::{ErrorKind, Write};

use super::args::Init;
use super::{Exit, Outcome, Screen};

/// The settings file that `init` writes: every line a comment, every value the default.
const SETTINGS: &str = include_str!("castile.yaml");

/// Makes what is missing; never overwrites.
pub(super) fn run(screen: &Screen, args: &Init) -> Outcome {
    let failed = |what: &str, e: &std::io::Error| {
        screen.error(&format!("{what} cannot be made: {e}"));
        Exit::Problem
    };
    let apis = args.dir.join("apis");
    if apis.is_dir() {
        screen.say(&format!("{} is there", apis.display()));
    } else {
        fs::create_dir_all(&apis).map_err(|e| failed(&apis.display().to_string(), &e))?;
        screen.say(&format!("made {}", apis.display()));
    }
    let settings = args.dir.join("castile.yaml");
    let made = fs::OpenOptions::new().write(true).create_new(true).open(&settings).and_then(|mut f| f.write_all(SETTINGS.as_bytes()));
    match made {
        Ok(()) => screen.say(&format!("made {}", settings.display())),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => screen.say(&format!("{} is there and stays as it is", settings.display())),
        Err(e) => return Err(failed(&settings.display().to_string(), &e)),
    }
    screen.say("next: castile import WSDL, then castile serve");
    Ok(Exit::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Variables, parse};

    #[test]
    fn the_settings_say_the_defaults() {
        let whole: String = SETTINGS.lines().map(|l| format!("{}\n", l.strip_prefix("#: ").unwrap_or(l))).collect();
        let told = parse("castile.yaml", &whole, &Variables::default()).unwrap();
        let default = parse("castile.yaml", "", &Variables::default()).unwrap();
        let mut told_text = format!("{told:?}");
        // The only value without a default that the file shows.
        let shown = format!("{:?}", told.gateway.public_url);
        assert!(shown.contains("api.example.org"), "{shown}");
        told_text = told_text.replacen(&shown, "None", 1).replacen("Some(\"apis\")", "None", 1);
        for named in ["Some(\"data/castile.db\")", "Some(\"data/castile.key\")"] {
            assert!(told_text.contains(named), "{told_text}");
            told_text = told_text.replacen(named, "None", 1);
        }
        assert_eq!(told_text, format!("{default:?}"));
        assert!(parse("castile.yaml", SETTINGS, &Variables::default()).is_ok());
    }
}
