//! Names and types of an expression, before there is a message.

use super::eval::{FAULT, PRINCIPAL};
use super::functions::{Arguments, Function};
use super::parse::{Comparison, Key, Kind, Node, Root};
use super::{Fault, Path, Type};

/// What a node gives.
///
/// # Errors
/// A name that is not there on this path, or a type that does not fit.
pub(super) fn check(node: &Node, path: Path) -> Result<Type, Fault> {
    match &node.kind {
        Kind::Null => Ok(Type::Null),
        Kind::Bool(_) => Ok(Type::Bool),
        Kind::Number(_) => Ok(Type::Number),
        Kind::Text(_) => Ok(Type::Text),
        Kind::List(nodes) => {
            for node in nodes {
                check(node, path)?;
            }
            Ok(Type::List)
        }
        Kind::Place(root, keys) => place(node, *root, keys, path),
        Kind::Not(inner) => {
            wants_bool(inner, check(inner, path)?)?;
            Ok(Type::Bool)
        }
        Kind::And(nodes) | Kind::Or(nodes) => {
            for node in nodes {
                wants_bool(node, check(node, path)?)?;
            }
            Ok(Type::Bool)
        }
        Kind::Compare(comparison, two) => comparison_fits(*comparison, two, path),
        Kind::In(two) => {
            let [item, of] = &**two;
            let item = check(item, path)?;
            match check(of, path)? {
                Type::List | Type::Any => Ok(Type::Bool),
                Type::Text if matches!(item, Type::Text | Type::Any) => Ok(Type::Bool),
                other => Err(Fault::new(of.at.clone(), format!("`in` looks into a list, this is {}", other.shown()))
                    .expected("a list, such as ['a', 'b']")),
            }
        }
        Kind::Matches(inner, _) => {
            match check(inner, path)? {
                Type::Text | Type::Any => Ok(Type::Bool),
                other => Err(Fault::new(inner.at.clone(), format!("`matches` reads a text, this is {}", other.shown()))
                    .hint("text(…) makes one of it")),
            }
        }
        Kind::Call(function, nodes) => call(node, function, nodes, path),
    }
}

/// A condition is true or false: a value that is only there is not.
///
/// # Errors
/// It is something else.
pub(super) fn wants_bool(node: &Node, type_: Type) -> Result<(), Fault> {
    match type_ {
        Type::Bool => Ok(()),
        Type::Any => Err(Fault::new(node.at.clone(), "this is a value, not a condition")
            .expected("true or false")
            .hint("compare it (`… == true`), or ask whether it is there: exists(…)")),
        other => Err(Fault::new(node.at.clone(), format!("this is {}, not a condition", other.shown())).expected("true or false")),
    }
}

fn comparison_fits(comparison: Comparison, two: &[Node; 2], path: Path) -> Result<Type, Fault> {
    let [left, right] = two;
    let (a, b) = (check(left, path)?, check(right, path)?);
    let is_equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    let has_order = |t: Type| matches!(t, Type::Number | Type::Text | Type::Any);
    if !is_equality && let Some((node, type_)) = [(left, a), (right, b)].into_iter().find(|(_, t)| !has_order(*t)) {
        return Err(Fault::new(node.at.clone(), format!("{} has no order", type_.shown())).expected("a number or a text"));
    }
    if a == b || a == Type::Any || b == Type::Any || (is_equality && (a == Type::Null || b == Type::Null)) {
        return Ok(Type::Bool);
    }
    let fault = Fault::new(right.at.clone(), format!("{} is compared with {}", a.shown(), b.shown())).expected(a.shown());
    Err(match (a, b) {
        (Type::Text, Type::Number) | (Type::Number, Type::Text) => {
            fault.hint("number(…) makes a number of a text, text(…) a text of a number")
        }
        _ => fault,
    })
}

fn call(node: &Node, function: &Function, nodes: &[Node], path: Path) -> Result<Type, Fault> {
    let count = |least: usize, most: usize| {
        if (least..=most).contains(&nodes.len()) {
            return Ok(());
        }
        let wanted = match (least, most) {
            (1, 1) => String::from("1 argument"),
            (a, b) if a == b => format!("{a} arguments"),
            (a, usize::MAX) => format!("at least {a} argument"),
            (a, b) => format!("{a} or {b} arguments"),
        };
        let message = format!("{}() has {} arguments", function.name, nodes.len());
        Err(Fault::new(node.at.clone(), message).expected(wanted))
    };
    let types: Vec<Type> = match function.arguments {
        Arguments::These(types) => count(types.len(), types.len()).map(|()| types.to_vec())?,
        Arguments::Optional(types) => count(types.len() - 1, types.len()).map(|()| types.to_vec())?,
        Arguments::Many(type_) => count(1, usize::MAX).map(|()| vec![type_; nodes.len()])?,
    };
    // Each argument is looked at once: twice on every level would be exponential in the depth.
    let mut all = Vec::with_capacity(nodes.len());
    for (argument, wanted) in nodes.iter().zip(types) {
        let given = check(argument, path)?;
        if given != wanted && given != Type::Any && wanted != Type::Any {
            let message = format!("{}() takes {} here, this is {}", function.name, wanted.shown(), given.shown());
            return Err(Fault::new(argument.at.clone(), message).expected(wanted.shown()));
        }
        all.push(given);
    }
    if function.name == "default" {
        all.dedup();
        return Ok(if let [one] = all.as_slice() { *one } else { Type::Any });
    }
    Ok(function.gives)
}

fn place(node: &Node, root: Root, keys: &[Key], path: Path) -> Result<Type, Fault> {
    let named = |what: &str, example: &str| match keys {
        [Key::Name(name)] => Ok(&**name),
        [] => Err(Fault::new(node.at.clone(), format!("which {what} is not said")).expected(format!("such as {example}"))),
        _ => Err(Fault::new(node.at.clone(), format!("a {what} has one name and nothing below it")).expected(format!("such as {example}"))),
    };
    let known = |what: &str, name: &str, all: &[(&str, Type)]| {
        let names = || all.iter().map(|(n, _)| *n);
        all.iter().find(|(n, _)| *n == name).map(|(_, t)| *t).ok_or_else(|| {
            let list: Vec<_> = names().collect();
            Fault::new(node.at.clone(), format!("{what} has no `{name}`"))
                .expected(format!("one of {}", list.join(", ")))
                .nearest(name, names())
        })
    };
    match root {
        Root::Headers => {
            let name = named("header field", "headers.x-tenant")?.to_ascii_lowercase();
            if !crate::net::fields::is_name(&name) {
                return Err(Fault::new(node.at.clone(), "this is not the name of a header field"));
            }
            if crate::sequence::is_hidden(&name) {
                let fault = Fault::new(
                    node.at.clone(),
                    format!("`{name}` carries the caller's credentials for this gateway, which no sequence reads"),
                );
                return Err(
                    fault.hint("who calls is principal.application and principal.user; a user of the service comes in X-Authorization")
                );
            }
            Ok(Type::Text)
        }
        Root::Query => named("query parameter", "query.lang").map(|_| Type::Text),
        Root::Path => named("path parameter", "path.code").map(|_| Type::Text),
        Root::Body => Ok(Type::Any),
        Root::Properties => match keys.first() {
            Some(Key::Name(_)) => Ok(Type::Any),
            Some(Key::Index(_)) | None => {
                Err(Fault::new(node.at.clone(), "which property is not said").expected("such as properties.tenant"))
            }
        },
        Root::Calls => match keys.first() {
            Some(Key::Name(_)) => Ok(Type::Any),
            Some(Key::Index(_)) | None => Err(Fault::new(node.at.clone(), "which call is not said").expected("such as calls.login.id")),
        },
        Root::Principal => known("principal", named("fact of the caller", "principal.application")?, &PRINCIPAL),
        Root::Fault if path != Path::Fault => {
            Err(Fault::new(node.at.clone(), format!("there is no fault on the {} path", path.word()))
                .hint("`fault` is there below `fault:`"))
        }
        Root::Fault => known("fault", named("fact of the fault", "fault.name")?, &FAULT),
    }
}
