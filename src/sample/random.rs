/// Choices: the same for the same seed, and always the first without one.
#[derive(Debug, Clone)]
pub(crate) struct Choices {
    state: Option<u64>,
}

impl Choices {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self { state: seed }
    }

    /// Is it the documents' sample, which is the same always?
    pub(crate) fn is_fixed(&self) -> bool {
        self.state.is_none()
    }

    /// SplitMix64: good enough for variety, and no more is asked.
    fn next(&mut self) -> Option<u64> {
        let state = self.state.as_mut()?;
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(z ^ (z >> 31))
    }

    /// A number below `n`; 0 without a seed.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        match self.next() {
            Some(z) if n > 1 => (z % n as u64) as usize,
            Some(_) | None => 0,
        }
    }

    /// A number from `least` to `most`; without a seed the least.
    pub(crate) fn between(&mut self, least: i128, most: i128) -> i128 {
        let width = most.saturating_sub(least).max(0) as u128;
        match self.next() {
            None => least,
            Some(z) if width < u128::from(u64::MAX) => least + i128::from(z % (width as u64 + 1)),
            Some(z) => least.saturating_add((u128::from(z) * (width >> 64).max(1)).min(width) as i128),
        }
    }

    /// True in so many of a hundred cases; `otherwise` without a seed.
    pub(crate) fn percent(&mut self, n: u64, otherwise: bool) -> bool {
        self.next().map_or(otherwise, |z| z % 100 < n)
    }
}
