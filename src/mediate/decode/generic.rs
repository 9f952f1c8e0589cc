//! The generic rules: `xs:anyType` and what no schema declares. Mapping decisions 28–31.

use super::attach::is_blank;
use super::machine::{Child, ChildKind, Close, Frame, Generic, Kind, Run, Step};
use super::tag::Tag;
use super::value::Wanted;
use crate::json::string_into;
use crate::mediate::package::write_mark;
use crate::plan::node::TypeId;
use crate::xml::gate::Namespaces;

impl Run<'_> {
    pub(super) fn generic_child<T: Tag>(&mut self, tag: &T) -> Step {
        let Some(frame) = self.machine.frames.last() else { return Ok(()) };
        let Kind::Generic(generic) = &frame.kind else { return Ok(()) };
        let (around, from) = (generic.around, frame.text);
        if self.include_in_generic(tag)? {
            self.machine.text.truncate(from);
            self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
            return Ok(());
        }
        self.generic_text(from);
        let at = self.machine.children.len();
        let any = self.program.any_type.unwrap_or(TypeId(0));
        let mut wanted = Wanted::new(any, None, Close::Child(at));
        wanted.say_namespace = tag.namespace() != around.0;
        self.add_child(tag, ChildKind::Generic, None);
        if let Some(Frame { kind: Kind::Generic(generic), .. }) = self.machine.frames.last_mut() {
            generic.elements = true;
        }
        self.value(tag, &wanted)
    }

    /// Text since the last child, as a child of its own.
    fn generic_text(&mut self, from: usize) {
        if self.machine.text.len() > from {
            let text = self.machine.text.split_off(from);
            self.text_child(&text);
        }
    }

    pub(super) fn end_generic(&mut self, frame: &Frame, generic: &Generic, _scope: &Namespaces) -> Step {
        let root = frame.close == Close::Root;
        let headers_open = root && self.machine.envelope.headers_open;
        let prefix = generic.members.saturating_sub(frame.start);
        let has_members = prefix > 0;
        let mut made = std::mem::take(&mut self.machine.scratch);
        made.clear();
        let object = has_members || (generic.elements && !generic.nil) || (root && self.wants_object());
        if object && !headers_open {
            made.push(b'{');
        }
        made.extend_from_slice(self.written(frame.start).get(..prefix).unwrap_or(&[]));
        let mut comma = has_members || headers_open;
        if generic.nil {
            if object {
                member(&mut made, &mut comma, "$nil");
                made.extend_from_slice(b"true");
            } else {
                made.extend_from_slice(b"null");
            }
        } else if let Some(n) = generic.include {
            if !is_blank(self.machine.text.get(frame.text..).unwrap_or("")) {
                return Err(self.beside());
            }
            if object {
                member(&mut made, &mut comma, "$value");
            }
            write_mark(&mut made, n);
        } else if generic.elements {
            self.generic_text(frame.text);
            let children = self.machine.children.split_off(generic.children);
            self.generic_members(&children, &mut made, &mut comma);
        } else {
            let text = self.machine.text.get(frame.text..).unwrap_or("");
            if !object {
                string_into(&mut made, text);
            } else if !text.is_empty() || !has_members {
                member(&mut made, &mut comma, "$value");
                string_into(&mut made, text);
            }
        }
        if object {
            made.push(b'}');
        }
        self.replace(frame.start, &made);
        self.machine.children.truncate(generic.children);
        self.machine.names.truncate(generic.names);
        self.machine.scratch = made;
        Ok(())
    }

    /// Children as properties; as `$content` where text stands between them or a name comes again after another.
    fn generic_members(&self, children: &[Child], made: &mut Vec<u8>, comma: &mut bool) {
        let local = |c: &Child| self.machine.names.get(c.local.0..c.local.1).unwrap_or("");
        let is_space = |c: &Child| local(c).trim_matches([' ', '\t', '\r', '\n']).is_empty();
        let has_text = children.iter().any(|c| c.kind == ChildKind::Text && !is_space(c));
        // One pointer for each: there may be many, each of a few bytes in the document.
        let elements: Vec<&Child> = children.iter().filter(|c| c.kind != ChildKind::Text).collect();
        let runs = || elements.chunk_by(|a, b| local(a) == local(b));
        let mut seen = std::collections::HashSet::new();
        let interleaved = !runs().filter_map(|run| run.first()).all(|first| seen.insert(local(first)));
        if has_text || interleaved {
            member(made, comma, "$content");
            made.push(b'[');
            let mut between = false;
            for child in children.iter().filter(|c| has_text || c.kind != ChildKind::Text) {
                if between {
                    made.push(b',');
                }
                between = true;
                if child.kind == ChildKind::Text {
                    string_into(made, local(child));
                    continue;
                }
                made.push(b'{');
                member(made, &mut false, local(child));
                made.extend_from_slice(self.child_value(child));
                made.push(b'}');
            }
            made.push(b']');
            return;
        }
        for run in runs() {
            member(made, comma, run.first().map_or("", |c| local(c)));
            self.run(run, made);
        }
    }

    /// One value bare, several as an array.
    fn run(&self, run: &[&Child], made: &mut Vec<u8>) {
        if let [only] = run {
            made.extend_from_slice(self.child_value(only));
            return;
        }
        made.push(b'[');
        for (i, child) in run.iter().enumerate() {
            if i > 0 {
                made.push(b',');
            }
            made.extend_from_slice(self.child_value(child));
        }
        made.push(b']');
    }

    /// The JSON text of a collected child's value.
    pub(super) fn child_value(&self, child: &Child) -> &[u8] {
        self.written(child.start).get(..child.end.saturating_sub(child.start)).unwrap_or(b"null")
    }

    /// Children by name, several of one name as an array: a fault's detail.
    pub(super) fn by_local_name(&self, children: &[Child], made: &mut Vec<u8>) {
        let local = |c: &Child| self.machine.names.get(c.local.0..c.local.1).unwrap_or("");
        let mut order: Vec<(&str, Vec<&Child>)> = Vec::new();
        let mut at: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
        for child in children {
            let i = *at.entry(local(child)).or_insert(order.len());
            match order.get_mut(i) {
                Some((_, run)) => run.push(child),
                None => order.push((local(child), vec![child])),
            }
        }
        made.push(b'{');
        let mut comma = false;
        for (name, run) in order {
            member(made, &mut comma, name);
            self.run(&run, made);
        }
        made.push(b'}');
    }
}

/// `"key":`, with a comma before it where one is due.
pub(super) fn member(made: &mut Vec<u8>, comma: &mut bool, key: &str) {
    if *comma {
        made.push(b',');
    }
    *comma = true;
    string_into(made, key);
    made.push(b':');
}
