//! Content models: occurrences, choices, groups, wildcards.

use super::{Alternative, Generator, Made, Vertex};
use crate::prove::coverage::FAR;
use crate::prove::model::{NodeId, NodeKind};
use crate::prove::tree::{Element, Piece};
use crate::schema::model::Compositor;

/// Copies of one particle that must be there and are made, at most.
const MAX_COPIES: u32 = 2_000;

impl Generator<'_, '_> {
    /// The elements of a content model.
    pub(super) fn content(&mut self, made: &mut Element, parts: &[NodeId]) -> Made<()> {
        parts.iter().try_for_each(|part| self.node(made, *part))
    }

    fn node(&mut self, made: &mut Element, id: NodeId) -> Made<()> {
        self.step()?;
        let model = self.model;
        let node = model.node(id);
        let (present, absent) = (Alternative::Present(id), Alternative::Absent(id));
        if node.min == 0 {
            let can_end = model.shallow.term(model, id).is_some();
            let inner = self.vertex(id);
            let leads = inner.is_none() && self.nearest(id) != FAR;
            if !can_end || !(self.wants(present, Some(absent), inner) || leads && !self.is_spare() && self.choices.percent(50, true)) {
                self.coverage.show(absent);
                return Ok(());
            }
            // What may be left out is, where it cannot be made.
            let before = made.content.len();
            let tried = self.times(made, id, 1);
            self.note(present, tried.is_ok());
            if tried.is_err() {
                made.content.truncate(before);
            }
            return Ok(());
        }
        if node.min > MAX_COPIES {
            return self.stuck(format!("it must stand there {} times", node.min));
        }
        self.times(made, id, node.min)
    }

    /// A node `least` times or more.
    fn times(&mut self, made: &mut Element, id: NodeId, least: u32) -> Made<()> {
        let node = self.model.node(id);
        let most = node.max.unwrap_or(u32::MAX).min(least.saturating_add(2));
        let many = Alternative::Many(id);
        let wanted = if most <= least || self.is_spare() {
            least
        } else if self.coverage.is_open(many) {
            least.max(2).min(most)
        } else {
            let more = most - least;
            least + u32::try_from(self.choices.below(more as usize + 1)).unwrap_or(0)
        };
        for count in 0..wanted {
            if count >= least && self.is_spare() {
                return Ok(());
            }
            let before = made.content.len();
            match self.once(made, id) {
                Ok(()) => {}
                Err(_) if count >= least => made.content.truncate(before),
                Err(stuck) => return Err(stuck),
            }
            if count == 1 {
                self.coverage.show(many);
            }
        }
        Ok(())
    }

    fn once(&mut self, made: &mut Element, id: NodeId) -> Made<()> {
        let model = self.model;
        match &model.node(id).kind {
            NodeKind::Element(element) => {
                let child = self.element(*element)?;
                made.content.push(Piece::Element(child));
                Ok(())
            }
            NodeKind::Named(group) => {
                self.depth += 1;
                let filled = if self.depth > 2 * super::MAX_DEPTH {
                    self.stuck("a group is part of itself without an end")
                } else {
                    self.node(made, model.group(*group))
                };
                self.depth -= 1;
                filled
            }
            NodeKind::Any(wildcard) => {
                let child = self.wild(id, wildcard)?;
                made.content.extend(child.map(Piece::Element));
                Ok(())
            }
            NodeKind::Undeclared(name) => {
                let child = self.undeclared(name.clone(), 0);
                made.content.push(Piece::Element(child));
                Ok(())
            }
            NodeKind::Group(Compositor::Sequence, children) => children.iter().try_for_each(|c| self.node(made, *c)),
            NodeKind::Group(Compositor::All, children) => {
                let start = self.choices.below(children.len());
                let mut order = children.iter().cycle().skip(start).take(children.len());
                order.try_for_each(|c| self.node(made, *c))
            }
            NodeKind::Group(Compositor::Choice, children) => self.choice(made, id, children),
        }
    }

    fn choice(&mut self, made: &mut Element, id: NodeId, children: &[NodeId]) -> Made<()> {
        let model = self.model;
        let mut ways: Vec<NodeId> = children.iter().copied().filter(|c| model.shallow.node(model, *c).is_some()).collect();
        if ways.is_empty() && !children.is_empty() {
            return self.stuck("no branch of its choice has an end");
        }
        if self.is_spare() {
            ways.sort_by_key(|c| model.shallow.node(model, *c));
        } else {
            // What was not shown, then what leads to it, then what was shown least; chance among equals.
            let turn = self.choices.below(ways.len());
            ways.rotate_left(turn);
            ways.sort_by_cached_key(|c| {
                let times = self.coverage.times(Alternative::Branch(id, *c));
                let near = self.nearest(*c).saturating_add(1);
                let worn = if times == u32::MAX { 2 } else { u32::from(near > super::MAX_DEPTH) };
                (if times == 0 { (0, 0) } else { (1 + worn, if worn == 0 { near } else { times }) }, times)
            });
        }
        let mut last = Ok(());
        for way in ways {
            let before = made.content.len();
            last = self.branch(made, id, way);
            if last.is_ok() {
                return last;
            }
            made.content.truncate(before);
        }
        last
    }

    fn branch(&mut self, made: &mut Element, id: NodeId, way: NodeId) -> Made<()> {
        let open = Alternative::Branch(id, way);
        let may_be_empty = self.model.node(way).min == 0 && !self.is_spare();
        let wants_empty = self.coverage.is_open(Alternative::Absent(way)) && !self.coverage.is_open(Alternative::Present(way));
        let is_there = may_be_empty && !wants_empty && self.model.shallow.term(self.model, way).is_some();
        let before = made.content.len();
        // A branch that may be empty is shown by what it holds.
        let filled = if is_there { self.times(made, way, 1) } else { self.node(made, way) };
        if filled.is_err() || made.content.len() > before || !is_there {
            self.note(open, filled.is_ok());
        }
        if is_there && filled.is_ok() {
            self.coverage.show(Alternative::Present(way));
        }
        filled
    }

    /// The component at a node, where it is one.
    fn vertex(&self, id: NodeId) -> Option<Vertex> {
        match &self.model.node(id).kind {
            NodeKind::Element(e) => Some(Vertex::Element(*e)),
            NodeKind::Named(group) => Some(Vertex::Group(group.0)),
            NodeKind::Group(..) | NodeKind::Any(_) | NodeKind::Undeclared(_) => None,
        }
    }

    /// How far it is from a node to something not shown.
    fn nearest(&self, id: NodeId) -> u32 {
        let node = self.model.node(id);
        let open = |a| self.coverage.is_open(a);
        if open(Alternative::Present(id))
            || open(Alternative::Absent(id))
            || open(Alternative::Many(id))
            || open(Alternative::Declared(id))
            || open(Alternative::Undeclared(id))
        {
            return 0;
        }
        match &node.kind {
            NodeKind::Group(Compositor::Choice, children) if children.iter().any(|c| open(Alternative::Branch(id, *c))) => 0,
            NodeKind::Group(_, children) => children.iter().map(|c| self.nearest(*c)).min().unwrap_or(FAR),
            NodeKind::Element(_) | NodeKind::Named(_) => self.vertex(id).map_or(FAR, |v| self.coverage.distance(v)),
            NodeKind::Any(_) | NodeKind::Undeclared(_) => FAR,
        }
    }
}
