//! Sealed values open where they were sealed, with the key that is there, and nowhere else.

use castile::store::{Field, Seal, SealError};

const HERE: Field<'static> = Field { kind: "upstream", tenant: "default", id: "x", field: "password" };

fn keys(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| Seal::new_key(id).unwrap()).collect()
}

#[test]
fn a_sealed_value_opens_again() {
    let seal = Seal::parse(&format!("# keys\n\n{}", keys(&["k1"])[0])).unwrap();
    for value in ["planted", "", &"x".repeat(100_000)] {
        let sealed = seal.seal(&HERE, value.as_bytes()).unwrap();
        assert!(sealed.starts_with("sealed1.k1.") && !sealed.contains("planted"), "{sealed}");
        assert_ne!(sealed, seal.seal(&HERE, value.as_bytes()).unwrap(), "a nonce of its own");
        assert_eq!(seal.open(&HERE, &sealed).unwrap(), value.as_bytes());
    }
}

#[test]
fn it_opens_nowhere_else() {
    let seal = Seal::parse(&keys(&["k1"])[0]).unwrap();
    let sealed = seal.seal(&HERE, b"planted").unwrap();
    let elsewhere = [
        Field { kind: "signing_key", ..HERE },
        Field { tenant: "other", ..HERE },
        Field { id: "y", ..HERE },
        Field { field: "user", ..HERE },
        // The same letters, cut elsewhere.
        Field { tenant: "defaultx", id: "", ..HERE },
    ];
    for field in elsewhere {
        let error = seal.open(&field, &sealed).unwrap_err();
        assert!(matches!(error, SealError::Refused { .. }) && !format!("{error} {error:?}").contains("planted"), "{error:?}");
    }
}

#[test]
fn what_was_changed_does_not_open() {
    let seal = Seal::parse(&keys(&["k1"])[0]).unwrap();
    let sealed = seal.seal(&HERE, b"planted").unwrap();
    for at in "sealed1.k1.".len()..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(seal.open(&HERE, std::str::from_utf8(&changed).unwrap()).is_err(), "{at}");
    }
    for broken in ["", "planted", "sealed1.", "sealed1.k1.", "sealed1.k1.AAAA", "sealed2.k1.AAAA", &sealed[..sealed.len() - 1]] {
        assert!(matches!(seal.open(&HERE, broken), Err(SealError::Refused { .. })), "{broken}");
    }
}

#[test]
fn keys_are_turned_over() {
    let keys = keys(&["old", "new"]);
    let old = Seal::parse(&keys[0]).unwrap();
    let both = Seal::parse(&format!("{}{}", keys[1], keys[0])).unwrap();
    let sealed = old.seal(&HERE, b"planted").unwrap();
    assert_eq!(both.open(&HERE, &sealed).unwrap(), b"planted");
    assert!(!both.is_current(&sealed) && old.is_current(&sealed));
    let again = both.seal(&HERE, b"planted").unwrap();
    assert!(again.starts_with("sealed1.new.") && both.is_current(&again));
    let error = old.open(&HERE, &again).unwrap_err();
    assert_eq!(error.to_string(), "the password of a upstream was sealed with the key `new`, which is not there");
    // Another key of that name opens nothing.
    let other = Seal::parse(&Seal::new_key("old").unwrap()).unwrap();
    assert!(matches!(other.open(&HERE, &sealed), Err(SealError::Refused { .. })));
}

#[test]
fn keys_that_are_none_are_refused_without_repeating_them() {
    let good = Seal::new_key("k").unwrap();
    let cases = [
        ("".to_owned(), "there is no sealing key"),
        ("# only\n".to_owned(), "there is no sealing key"),
        ("planted\n".to_owned(), "line 1 of the sealing keys: expected an id, a space, and a key"),
        ("k planted!\n".to_owned(), "line 1 of the sealing keys: the key is not Base64"),
        ("# a\nk cGxhbnRlZA==\n".to_owned(), "line 2 of the sealing keys: a key has 32 bytes"),
        ("k.k cGxhbnRlZA==\n".to_owned(), "line 1 of the sealing keys: an id is up to 32 letters, digits, - and _"),
        (format!("{good}{good}"), "line 2 of the sealing keys: an id stands twice, or there are more than 16 keys"),
    ];
    for (text, sentence) in cases {
        assert_eq!(Seal::parse(&text).unwrap_err().to_string(), sentence);
    }
    let printed = format!("{:?}", Seal::parse(&good).unwrap());
    assert_eq!(printed, r#"["k"]"#);
}
