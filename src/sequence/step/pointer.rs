//! JSON pointers (RFC 6901) of steps, with `*` for each item of a list, and what they do to a tree.

use crate::diagnostic::Span;
use crate::sequence::tree::Tree;

/// Steps of one pointer.
pub(super) const MAX_SEGMENTS: usize = 32;

/// A pointer: names, indexes, and `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pointer {
    text: Box<str>,
    /// Where it stands.
    pub(super) span: Span,
    segments: Vec<Segment>,
}

/// A step of a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sequence) enum Segment {
    /// A member, or an item by its number.
    Name(Box<str>),
    /// Every item of a list.
    Each,
}

impl Pointer {
    /// Reads a pointer.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn parse(text: &str, span: Span) -> Result<Self, String> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err(String::from("a pointer begins with a slash"));
        }
        let segments: Result<Vec<_>, String> = text.split('/').skip(1).map(segment).collect();
        let segments = segments?;
        if segments.len() > MAX_SEGMENTS {
            return Err(format!("a pointer has at most {MAX_SEGMENTS} steps"));
        }
        Ok(Self { text: text.into(), span, segments })
    }

    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Its steps.
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Is it the whole message?
    pub(super) fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// Without its last step, which comes beside it.
    pub(super) fn split_last(&self) -> Option<(&[Segment], &Segment)> {
        self.segments.split_last().map(|(last, before)| (before, last))
    }

    /// How many steps the part up to the last `*` has.
    pub(super) fn through_last_each(&self) -> usize {
        self.segments.iter().rposition(|s| *s == Segment::Each).map_or(0, |i| i + 1)
    }
}

/// The steps of a pointer of no file; `None` where it is none.
pub(super) fn parse(text: &str) -> Option<Vec<Segment>> {
    let steps = text.split('/').skip(1);
    (text.is_empty() || text.starts_with('/'))
        .then(|| steps.map(|t| Segment::Name(t.replace("~1", "/").replace("~0", "~").into())).collect())
}

fn segment(text: &str) -> Result<Segment, String> {
    if text == "*" {
        return Ok(Segment::Each);
    }
    if text.replace("~0", "").replace("~1", "").contains('~') {
        return Err(String::from("a `~` in a pointer is written `~0`, a `/` in a name `~1`"));
    }
    Ok(Segment::Name(text.replace("~1", "/").replace("~0", "~").into()))
}

/// The value at one step; none where it is not there, and for `*`.
fn child<'t>(tree: &'t mut Tree, segment: &Segment) -> Option<&'t mut Tree> {
    let Segment::Name(name) = segment else { return None };
    match tree {
        Tree::Object(members) => members.iter_mut().find(|(k, _)| k == name).map(|(_, v)| v),
        Tree::List(items) => items.get_mut(index(name)?),
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => None,
    }
}

/// The place in a list, as RFC 6901 writes it.
pub(in crate::sequence) fn index(name: &str) -> Option<usize> {
    (name == "0" || (!name.starts_with('0') && name.bytes().all(|b| b.is_ascii_digit()))).then(|| name.parse().ok()).flatten()
}

/// Every value that is there at the pointer's steps, once.
pub(super) fn each<E>(tree: &mut Tree, segments: &[Segment], run: &mut dyn FnMut(&mut Tree) -> Result<(), E>) -> Result<(), E> {
    let Some((first, rest)) = segments.split_first() else { return run(tree) };
    match (first, tree) {
        (Segment::Each, Tree::List(items)) => items.iter_mut().try_for_each(|item| each(item, rest, run)),
        (Segment::Each, _) => Ok(()),
        (Segment::Name(_), tree) => match child(tree, first) {
            Some(below) => each(below, rest, run),
            None => Ok(()),
        },
    }
}

/// Takes the value at the steps, which have no `*`, out of the tree.
pub(super) fn take(tree: &mut Tree, segments: &[Segment]) -> Option<Tree> {
    let (last, before) = segments.split_last()?;
    let parent = before.iter().try_fold(tree, child)?;
    let Segment::Name(name) = last else { return None };
    match parent {
        Tree::Object(members) => {
            let at = members.iter().position(|(k, _)| k == name)?;
            Some(members.remove(at).1)
        }
        Tree::List(items) => {
            let at = index(name).filter(|i| *i < items.len())?;
            Some(items.remove(at))
        }
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => None,
    }
}

/// The value at the steps, which have no `*`.
pub(super) fn find<'t>(tree: &'t Tree, segments: &[Segment]) -> Option<&'t Tree> {
    segments.iter().try_fold(tree, |tree, segment| match segment {
        Segment::Each => None,
        Segment::Name(name) => tree.member(name).or_else(|| tree.item(index(name)?)),
    })
}

/// Puts a value at the steps, which have no `*`: what is there is replaced, objects that are missing on the way are made. Says whether there
/// was a place: a list takes an item at its end (`-` or its length), a scalar on the way takes nothing.
pub(super) fn put(tree: &mut Tree, segments: &[Segment], value: Tree) -> bool {
    let Some((first, rest)) = segments.split_first() else {
        *tree = value;
        return true;
    };
    let Segment::Name(name) = first else { return false };
    if matches!(tree, Tree::Null) {
        *tree = if **name == *"-" { Tree::List(Vec::new()) } else { Tree::Object(Vec::new()) };
    }
    match tree {
        Tree::Object(members) => {
            if let Some((_, below)) = members.iter_mut().find(|(k, _)| k == name) {
                return put(below, rest, value);
            }
            let mut below = Tree::Null;
            let placed = put(&mut below, rest, value);
            members.push((name.clone(), below));
            placed
        }
        Tree::List(items) => {
            let at = if **name == *"-" { Some(items.len()) } else { index(name) };
            match at {
                Some(at) if at < items.len() => items.get_mut(at).is_some_and(|below| put(below, rest, value)),
                Some(at) if at == items.len() => {
                    let mut below = Tree::Null;
                    let placed = put(&mut below, rest, value);
                    items.push(below);
                    placed
                }
                Some(_) | None => false,
            }
        }
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => false,
    }
}

/// Keeps what the pointers name, and what is on the way to it; of lists on the way, every item that has something of it.
pub(super) fn keep(tree: &mut Tree, pointers: &[&[Segment]]) {
    if pointers.iter().any(|p| p.is_empty()) {
        return;
    }
    let below = |segment: &dyn Fn(&Segment) -> bool| -> Vec<&[Segment]> {
        pointers.iter().filter_map(|p| p.split_first().filter(|(first, _)| segment(first)).map(|(_, rest)| rest)).collect()
    };
    match tree {
        Tree::Object(members) => members.retain_mut(|(name, value)| {
            let rest = below(&|s| matches!(s, Segment::Name(n) if n == name));
            if rest.is_empty() {
                return false;
            }
            keep(value, &rest);
            true
        }),
        Tree::List(items) => {
            let mut at = 0;
            items.retain_mut(|item| {
                let rest = below(&|s| match s {
                    Segment::Each => true,
                    Segment::Name(name) => index(name) == Some(at),
                });
                at += 1;
                if rest.is_empty() {
                    return false;
                }
                keep(item, &rest);
                true
            });
        }
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => {}
    }
}

/// Puts a value at a pointer of no file.
pub(in crate::sequence) fn put_at(tree: &mut Tree, pointer: &str, value: Tree) -> bool {
    parse(pointer).is_some_and(|segments| put(tree, &segments, value))
}

/// Is something there at a pointer of no file?
pub(in crate::sequence) fn has_at(tree: &Tree, pointer: &str) -> bool {
    parse(pointer).is_some_and(|segments| find(tree, &segments).is_some())
}
