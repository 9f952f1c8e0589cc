//! Calls that ask the same at the same time: one asks the SOAP service, the others wait for what comes of it.
//!
//! As many wait as calls may be in flight, and none longer than its own deadline. What they share is what the one that asked got then: a
//! failure is not kept, so the next call asks again. One whose caller goes away tells nothing; then one of those who waited asks.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

/// The questions that are out. `K` says what is asked, `T` what came of it.
#[derive(Debug)]
pub(super) struct Flights<K, T> {
    going: Mutex<HashMap<K, watch::Receiver<Option<T>>>>,
}

/// Who asks, and who waits.
pub(super) enum Joined<'a, K: Eq + std::hash::Hash, T> {
    /// This call asks, and tells the others.
    Lead(Lead<'a, K, T>),
    /// Another one asks.
    Wait(watch::Receiver<Option<T>>),
}

/// The duty to tell those who wait. Dropped, it leaves them to themselves.
pub(super) struct Lead<'a, K: Eq + std::hash::Hash, T> {
    flights: &'a Flights<K, T>,
    key: K,
    tell: watch::Sender<Option<T>>,
}

/// How waiting ended.
pub(super) enum Waited<T> {
    /// This came of it.
    Told(T),
    /// Who asked is gone.
    Gone,
    /// It took too long.
    TooLong,
}

impl<K, T> Default for Flights<K, T> {
    fn default() -> Self {
        Self { going: Mutex::default() }
    }
}

impl<K: Eq + std::hash::Hash + Clone, T> Flights<K, T> {
    /// Is it asked already?
    pub(super) fn join(&self, key: &K) -> Joined<'_, K, T> {
        match self.lock().entry(key.clone()) {
            Entry::Occupied(there) => Joined::Wait(there.get().clone()),
            Entry::Vacant(free) => {
                let (tell, told) = watch::channel(None);
                free.insert(told);
                Joined::Lead(Lead { flights: self, key: key.clone(), tell })
            }
        }
    }
}

impl<K, T> Flights<K, T> {
    fn lock(&self) -> MutexGuard<'_, HashMap<K, watch::Receiver<Option<T>>>> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + std::hash::Hash, T> Lead<'_, K, T> {
    /// This came of it.
    pub(super) fn tell(self, what: T) {
        self.tell.send_replace(Some(what));
    }
}

impl<K: Eq + std::hash::Hash, T> Drop for Lead<'_, K, T> {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.key);
    }
}

/// Waits for what comes of a question of another call.
pub(super) async fn wait<T: Clone>(mut told: watch::Receiver<Option<T>>, deadline: Instant) -> Waited<T> {
    match timeout_at(deadline, told.wait_for(Option::is_some)).await {
        Ok(Ok(what)) => what.clone().map_or(Waited::Gone, Waited::Told),
        Ok(Err(_)) => Waited::Gone,
        Err(_) => Waited::TooLong,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_leads_and_the_others_are_told() {
        let flights: Flights<u8, u32> = Flights::default();
        let deadline = Instant::now() + Duration::from_secs(5);
        let Joined::Lead(lead) = flights.join(&1) else { panic!("nobody asks yet") };
        let (Joined::Wait(first), Joined::Wait(second)) = (flights.join(&1), flights.join(&1)) else { panic!("one asks") };
        assert!(matches!(flights.join(&2), Joined::Lead(_)), "another question");
        lead.tell(7);
        assert!(matches!(wait(first, deadline).await, Waited::Told(7)));
        assert!(matches!(wait(second, deadline).await, Waited::Told(7)), "also one that comes to look late");
        assert!(flights.lock().is_empty());
        let Joined::Lead(lead) = flights.join(&1) else { panic!("it is over") };
        let (Joined::Wait(first), Joined::Wait(second)) = (flights.join(&1), flights.join(&1)) else { panic!("one asks") };
        assert!(matches!(wait(first, deadline).await, Waited::TooLong));
        drop(lead);
        assert!(matches!(wait(second, deadline + Duration::from_secs(1)).await, Waited::Gone));
        assert!(matches!(flights.join(&1), Joined::Lead(_)));
    }
}
