//! Examples of requests: from a message that `to_soap` takes to one that steps may make into it. A guess, which is proven by running it.

use crate::sequence::step::pointer::{each, find, put, take};
use crate::sequence::step::set::Set;
use crate::sequence::step::{Segment, Step};
use crate::sequence::tree::Tree;

/// Which branch is taken back, for each `if` and `switch` on the way.
#[derive(Debug)]
pub(in crate::sequence) struct Ways(u32);

impl Ways {
    /// One of several ways.
    pub(in crate::sequence) fn new(number: u32) -> Self {
        Self(number)
    }

    fn next(&mut self, count: u32) -> u32 {
        let count = count.max(1);
        let way = self.0 % count;
        self.0 /= count;
        way
    }
}

/// Takes back what steps do, the last one first.
pub(in crate::sequence) fn undo_all(steps: &[Step], ways: &mut Ways, tree: &mut Tree) {
    steps.iter().rev().for_each(|step| undo(step, ways, tree));
}

fn undo(step: &Step, ways: &mut Ways, tree: &mut Tree) {
    match step {
        Step::Set(step) => set(step, tree),
        Step::SetSoapHeader(step) => step.declared().into_iter().for_each(|block| set(block, tree)),
        Step::Rename(step) => {
            everywhere(tree, &step.parent, &mut |tree| {
                if let Tree::Object(members) = tree
                    && members.iter().any(|(name, _)| *name == step.to)
                {
                    members.retain(|(name, _)| *name != step.from || step.from == step.to);
                    members.iter_mut().filter(|(name, _)| *name == step.to).for_each(|(name, _)| *name = step.from.clone());
                }
            });
        }
        Step::Copy(step) => everywhere(tree, &step.each, &mut |tree| {
            if step.to.is_empty() {
                let whole = std::mem::replace(tree, Tree::Object(Vec::new()));
                put(tree, &step.from, whole);
            } else if let Some(value) = take(tree, &step.to)
                && (step.moves || find(tree, &step.from).is_none())
            {
                put(tree, &step.from, value);
                prune(tree, &step.to);
            }
        }),
        Step::Map(step) => everywhere(tree, step.at.segments(), &mut |tree| {
            if let Some((key, ..)) = step.rows.iter().find(|(_, to, _)| to == tree) {
                *tree = Tree::Text(key.clone());
            }
        }),
        // The first way is that of messages of which no condition holds.
        Step::If(step) => match ways.next(2) {
            0 => undo_all(&step.otherwise, ways, tree),
            _ => undo_all(&step.then, ways, tree),
        },
        Step::Switch(step) => {
            let count = u32::try_from(step.cases.len()).unwrap_or(u32::MAX);
            let way = ways.next(count.saturating_add(1));
            let case = way.checked_sub(1).and_then(|way| step.cases.get(way as usize));
            undo_all(case.map_or(&step.otherwise, |(_, steps)| steps), ways, tree);
        }
        Step::Template(_)
        | Step::SetHeader(_)
        | Step::RemoveHeader(_)
        | Step::RenameHeader(_)
        | Step::Remove(_)
        | Step::Keep(_)
        | Step::Default(_)
        | Step::Cast(_)
        | Step::Require(_)
        | Step::Respond(_)
        | Step::Fail(_)
        | Step::SetStatus(_)
        | Step::SetProperty(_)
        | Step::Log(_)
        | Step::Call(_)
        | Step::Cache(_)
        | Step::Retry(_)
        | Step::Convert(_) => {}
    }
}

/// What is set need not be sent; what it is made of, where that is told, is like it.
fn set(step: &Set, tree: &mut Tree) {
    let segments = step.to.segments();
    let (each, rest) = segments.split_at(step.to.through_last_each());
    let mut taken = None;
    everywhere(tree, each, &mut |tree| {
        taken = take(tree, rest).or(taken.take());
        prune(tree, rest);
    });
    let Some(taken) = taken else { return };
    let mut expressions = Vec::new();
    step.value.expressions(&mut expressions);
    for place in expressions.into_iter().flat_map(|e| &e.reads) {
        if !place.segments.is_empty() && find(tree, &place.segments).is_none() {
            put(tree, &place.segments, taken.clone());
        }
    }
}

/// Takes away objects on the way that have nothing left.
fn prune(tree: &mut Tree, segments: &[Segment]) {
    for end in (1..segments.len()).rev() {
        let Some(above) = segments.get(..end) else { return };
        if find(tree, above).is_some_and(|t| matches!(t, Tree::Object(members) if members.is_empty())) {
            drop(take(tree, above));
        }
    }
}

fn everywhere(tree: &mut Tree, segments: &[Segment], run: &mut dyn FnMut(&mut Tree)) {
    let done: Result<(), std::convert::Infallible> = each(tree, segments, &mut |tree| {
        run(tree);
        Ok(())
    });
    match done {
        Ok(()) => {}
    }
}
