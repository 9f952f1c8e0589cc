//! What the bodies of all calls together hold of memory, and how many long conversions run at once: so that no number of callers, each
//! within its limits, takes more than this process has.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use crate::alarm;
use crate::problem::{Problem, Reason};
use crate::telemetry::names;

/// What one long conversion may need beside its message: the tree of a message of 2 MiB that consists of nothing but brackets, and more than that of usual ones.
const CONVERSION_BYTES: usize = 64 << 20;
/// Resident memory from which on no new call is taken, in percent of what there may be.
const HARD_PERCENT: u8 = 90;

/// The books of one gateway.
#[derive(Debug)]
pub(super) struct Ledger {
    limit: usize,
    held: AtomicUsize,
    conversions: Semaphore,
}

/// What one call holds; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Holding {
    ledger: Arc<Ledger>,
    bytes: usize,
}

/// There is no room for more bytes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom;

impl NoRoom {
    /// What the caller reads.
    pub(super) fn problem(self) -> Problem {
        metrics::counter!(names::CALLS_SHED, "reason" => "bodies").increment(1);
        overload("The gateway has no room for the call's message at the moment.")
    }
}

impl Ledger {
    /// Books of which all bodies together may hold `limit` bytes.
    pub(super) fn new(limit: usize) -> Arc<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let conversions = Semaphore::new((limit / CONVERSION_BYTES).clamp(1, cores));
        Arc::new(Self { limit, held: AtomicUsize::new(0), conversions })
    }

    /// Nothing yet.
    pub(super) fn holding(self: &Arc<Self>) -> Holding {
        Holding { ledger: self.clone(), bytes: 0 }
    }

    /// Bytes that bodies hold now.
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// May a new call come in? Where memory is short that depends on what calls hold of it: what else fills it no refused call would free.
    ///
    /// # Errors
    /// 503.
    pub(super) fn admit(&self) -> Result<(), Problem> {
        if alarm::memory_percent() < HARD_PERCENT || self.held() < self.limit / 4 {
            return Ok(());
        }
        metrics::counter!(names::CALLS_SHED, "reason" => "memory").increment(1);
        Err(overload("The gateway is short of memory at the moment."))
    }

    /// Long work away from the threads of other calls, not more of it at once than there are cores, or memory for it.
    ///
    /// # Errors
    /// It panicked: 500.
    pub(super) async fn beside<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        // Nobody closes it.
        let _turn = self.conversions.acquire().await.map_err(|e| Problem::internal(e.to_string()))?;
        tokio::task::spawn_blocking(work).await.map_err(|e| Problem::internal(e.to_string()))
    }

    fn take(&self, bytes: usize, limit: usize) -> Result<(), NoRoom> {
        let before = self.held.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= limit {
            return Ok(());
        }
        self.held.fetch_sub(bytes, Ordering::Relaxed);
        Err(NoRoom)
    }
}

impl Holding {
    /// More bytes of a request: they may have three quarters of the room, so that the replies of calls that are under way have theirs.
    ///
    /// # Errors
    /// There is no room.
    pub(super) fn request(&mut self, bytes: usize) -> Result<(), NoRoom> {
        self.ledger.take(bytes, self.ledger.limit / 4 * 3)?;
        self.bytes += bytes;
        Ok(())
    }

    /// A reply holds `now` bytes, where it held `before`.
    ///
    /// # Errors
    /// There is no room.
    pub(super) fn reply(&mut self, before: &mut usize, now: usize) -> Result<(), NoRoom> {
        match now.checked_sub(*before) {
            Some(more) => {
                self.ledger.take(more, self.ledger.limit)?;
                self.bytes += more;
            }
            None => self.give_back(*before - now),
        }
        *before = now;
        Ok(())
    }

    /// Bytes that are held no more.
    pub(super) fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.ledger.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.give_back(self.bytes);
    }
}

fn overload(text: &'static str) -> Problem {
    let mut problem = Problem::new(Reason::Overload, 503, text);
    problem.retry_after = Some(1);
    problem.scope = Some("gateway");
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_leave_room_for_replies_and_all_is_given_back() {
        let ledger = Ledger::new(400);
        let (mut first, mut second) = (ledger.holding(), ledger.holding());
        first.request(200).unwrap();
        second.request(100).unwrap();
        assert_eq!(second.request(1), Err(NoRoom));
        let mut held = 0;
        first.reply(&mut held, 100).unwrap();
        assert_eq!(first.reply(&mut held, 101), Err(NoRoom));
        assert_eq!((held, ledger.held()), (100, 400));
        first.reply(&mut held, 40).unwrap();
        assert_eq!(ledger.held(), 340);
        first.give_back(1_000);
        assert_eq!(ledger.held(), 100, "not more than it had");
        drop((first, second));
        assert_eq!(ledger.held(), 0);
    }

    #[tokio::test]
    async fn work_beside_gives_its_result_and_a_panic_is_a_problem() {
        let ledger = Ledger::new(1);
        assert_eq!(ledger.beside(|| 3).await.unwrap(), 3);
        assert_eq!(ledger.beside(|| panic!("no")).await.unwrap_err().status, 500);
    }
}
