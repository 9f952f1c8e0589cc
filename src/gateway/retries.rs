//! How many calls of a SOAP service may be made twice: a service that fails gets no storm of retries on top.

use std::sync::atomic::{AtomicI64, Ordering};

/// Retries that may be made: a fifth of the calls, some of them saved up.
#[derive(Debug)]
pub(super) struct RetryBudget(AtomicI64);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicI64::new(Self::FULL))
    }
}

impl RetryBudget {
    /// In fifths of a retry.
    const FULL: i64 = 50;
    const PRICE: i64 = 5;

    /// A call begins.
    pub(super) fn earn(&self) {
        let earned = self.0.fetch_add(1, Ordering::Relaxed);
        if earned >= Self::FULL {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// May one be made? Then it is paid for.
    pub(super) fn spend(&self) -> bool {
        if self.0.fetch_sub(Self::PRICE, Ordering::Relaxed) >= Self::PRICE {
            return true;
        }
        self.0.fetch_add(Self::PRICE, Ordering::Relaxed);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_calls_may_be_retried_and_ten_are_saved_up() {
        let budget = RetryBudget::default();
        assert_eq!((0..20).filter(|_| budget.spend()).count(), 10);
        (0..100).for_each(|_| budget.earn());
        assert_eq!((0..20).filter(|_| budget.spend()).count(), 10, "no more than that is saved up");
        (0..25).for_each(|_| budget.earn());
        assert_eq!((0..20).filter(|_| budget.spend()).count(), 5);
    }
}
