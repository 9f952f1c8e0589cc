//! Circles and depths in the graphs that components form, without recursion.

/// The longest path from every node, in the costs of its edges, and the edges that close a circle (which count for nothing).
pub(super) struct Paths {
    pub(super) lengths: Vec<usize>,
    pub(super) back_edges: Vec<(usize, usize)>,
}

/// Walks a graph of `count` nodes; `edges` gives the targets of a node with their costs.
pub(super) fn longest_paths(count: usize, edges: impl Fn(usize) -> Vec<(usize, usize)>) -> Paths {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut state = vec![State::New; count];
    let mut paths = Paths { lengths: vec![0; count], back_edges: Vec::new() };
    for start in 0..count {
        if state[start] != State::New {
            continue;
        }
        state[start] = State::Open;
        let mut open = vec![(start, edges(start), 0)];
        while let Some((node, targets, next)) = open.last_mut() {
            let node = *node;
            let Some((target, cost)) = targets.get(*next).copied() else {
                state[node] = State::Done;
                open.pop();
                continue;
            };
            match state.get(target) {
                Some(State::New) => {
                    // Looked at again when it is done, to take its length.
                    state[target] = State::Open;
                    open.push((target, edges(target), 0));
                }
                Some(State::Done) => {
                    *next += 1;
                    paths.lengths[node] = paths.lengths[node].max(cost + paths.lengths[target]);
                }
                Some(State::Open) => {
                    *next += 1;
                    paths.back_edges.push((node, target));
                }
                None => *next += 1,
            }
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_circles() {
        let graph = [vec![1, 2], vec![2], vec![], vec![4], vec![3], vec![5]];
        let paths = longest_paths(graph.len(), |n| graph[n].iter().map(|t| (*t, 1)).collect());
        assert_eq!(paths.lengths[..3], [2, 1, 0]);
        assert_eq!(paths.back_edges, [(4, 3), (5, 5)]);
    }

    #[test]
    fn a_long_chain_does_not_overflow() {
        let paths = longest_paths(200_000, |n| vec![(n + 1, 1)]);
        assert_eq!(paths.lengths[0], 199_999);
    }
}
