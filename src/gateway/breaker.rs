//! Circuit breakers: a SOAP service that fails call after call is left alone for a time, so that calls do not wait for it and it can recover.
//!
//! One for each address (scheme, host and port) that is called by the APIs of a tenant; an API that shows credentials of its own there, or has deadlines of
//! its own, has one for itself, because what fails then may be its own. What it counts: connections that fail, resets, replies that do not
//! come in time, replies that are not SOAP. An envelope is a success, also one with a fault. Kept by each node for itself.
//!
//! What answers well for its own and has no SOAP service at a path (404, a page) is counted for that path alone: a wrong path in one API stops no other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::retries::RetryBudget;
use crate::alarm::{self, Kind};
use crate::catalog::PublishedApi;
use crate::config::BreakerLimits;
use crate::problem::{Problem, Reason};
use crate::telemetry::names;

/// Seconds of which the share of failures is taken.
const WINDOW: usize = 10;
/// Calls in that time below which a share says nothing.
const MIN_CALLS: u32 = 20;
/// Addresses that are watched at most; about 300 bytes each.
const MAX_WATCHED: usize = 4096;

/// The breakers of this process.
#[derive(Debug)]
pub(super) struct Breakers {
    limits: BreakerLimits,
    began: Instant,
    watched: Mutex<HashMap<Key, Arc<Breaker>>>,
    /// Is any path watched? Most processes never have one, and need not look.
    paths: AtomicBool,
}

/// Which calls are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    /// Scheme, host and port; for what is counted of a path, that path too.
    origin: Arc<str>,
    /// The API that is counted for itself, `TENANT/NAME`; of all others the tenant and `/*`.
    whose: Arc<str>,
}

impl Key {
    /// What an alarm is about.
    fn subject(&self) -> String {
        format!("{} for {}", self.origin, self.whose)
    }
}

#[derive(Debug)]
struct Breaker {
    key: Key,
    limits: BreakerLimits,
    began: Instant,
    state: Mutex<State>,
    retries: RetryBudget,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Failures since the last success.
    in_a_row: u32,
    seconds: [Second; WINDOW],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Calls pass.
    Closed,
    /// None passes before that instant; the next time it stays open for `pause` again, doubled.
    Open { until: Instant, pause: Duration },
    /// One call is out to see whether it is well again.
    Probing { pause: Duration },
}

/// What ended in one second.
#[derive(Debug, Default, Clone, Copy)]
struct Second {
    /// Which, from the beginning of the process.
    number: u64,
    calls: u32,
    failed: u32,
}

/// A call that may be made. Dropped without a word it counts as neither well nor failed.
#[derive(Debug)]
pub(super) struct Pass {
    breaker: Option<Arc<Breaker>>,
    is_probe: bool,
    /// That of the path, where it is watched, and whether this call probes it.
    path: Option<(Arc<Breaker>, bool)>,
}

impl Breakers {
    pub(super) fn new(limits: BreakerLimits) -> Self {
        Self { limits, began: Instant::now(), watched: Mutex::default(), paths: AtomicBool::new(false) }
    }

    /// May this API call this address?
    ///
    /// # Errors
    /// 503: it failed lately, and is left alone.
    pub(super) fn enter(&self, api: &PublishedApi, url: &str) -> Result<Pass, Problem> {
        self.pass(whose(api), url)
    }

    fn pass(&self, whose: String, url: &str) -> Result<Pass, Problem> {
        let now = Instant::now();
        let whose: Arc<str> = whose.into();
        let path = match self.paths.load(Ordering::Relaxed) {
            true => lock(&self.watched).get(&Key { origin: place(url).into(), whose: whose.clone() }).cloned(),
            false => None,
        };
        let path = match path {
            Some(breaker) => {
                let is_probe = breaker.enter(now).map_err(left_alone)?;
                Some((breaker, is_probe))
            }
            None => None,
        };
        let mut pass = Pass { breaker: None, is_probe: false, path };
        let Some(breaker) = self.of(Key { origin: origin(url).into(), whose }) else { return Ok(pass) };
        // Refused here, the path's probe is given up with the pass.
        pass.is_probe = breaker.enter(now).map_err(left_alone)?;
        breaker.retries.earn();
        pass.breaker = Some(breaker);
        Ok(pass)
    }

    /// The breaker of these calls; `None`: as many are watched as may be.
    fn of(&self, key: Key) -> Option<Arc<Breaker>> {
        let mut watched = lock(&self.watched);
        if let Some(breaker) = watched.get(&key) {
            return Some(breaker.clone());
        }
        if watched.len() >= MAX_WATCHED {
            watched.retain(|_, b| lock(&b.state).phase != Phase::Closed);
            if watched.len() >= MAX_WATCHED {
                return None;
            }
        }
        let state = State { phase: Phase::Closed, in_a_row: 0, seconds: [Second::default(); WINDOW] };
        let breaker = Arc::new(Breaker {
            key: key.clone(),
            limits: self.limits.clone(),
            began: self.began,
            state: Mutex::new(state),
            retries: RetryBudget::default(),
        });
        watched.insert(key, breaker.clone());
        Some(breaker)
    }

    /// The same pass for a reply that came from a path where no SOAP service may be: if it ends badly, that says nothing of the rest of its host.
    pub(super) fn of_path(&self, mut pass: Pass, url: &str) -> Pass {
        let Some(breaker) = pass.breaker.take_if(|_| self.limits.failures > 0) else { return pass };
        if pass.path.is_none() {
            self.paths.store(true, Ordering::Relaxed);
            let key = Key { origin: place(url).into(), whose: breaker.key.whose.clone() };
            pass.path = self.of(key).map(|path| (path, false));
        }
        // The host answered.
        breaker.ended(true, pass.is_probe, Instant::now());
        pass
    }
}

/// With whom an API is counted.
fn whose(api: &PublishedApi) -> String {
    format!("{}/{}", api.tenant, if api.fails_alone() { &*api.name } else { "*" })
}

impl Breaker {
    /// May a call pass, and is it the one that looks? Else how long none does.
    fn enter(&self, now: Instant) -> Result<bool, Duration> {
        let mut state = lock(&self.state);
        match state.phase {
            Phase::Closed => Ok(false),
            Phase::Open { until, .. } if until > now => Err(until - now),
            Phase::Open { pause, .. } => {
                state.phase = Phase::Probing { pause };
                Ok(true)
            }
            Phase::Probing { .. } => Err(Duration::from_secs(1)),
        }
    }

    /// A call ended.
    fn ended(&self, well: bool, is_probe: bool, now: Instant) {
        if self.limits.failures == 0 {
            return;
        }
        let mut state = lock(&self.state);
        match state.phase {
            Phase::Closed => {
                let opens = state.count(well, now.duration_since(self.began).as_secs(), self.limits.failures);
                if opens {
                    self.open(&mut state, now, self.limits.pause);
                }
            }
            Phase::Probing { .. } if is_probe && well => self.close(&mut state),
            Phase::Probing { pause } if is_probe => self.open(&mut state, now, (pause * 2).min(self.limits.longest_pause)),
            // Calls that began before it opened say nothing new.
            Phase::Open { .. } | Phase::Probing { .. } => {}
        }
    }

    /// The call that looked saw nothing: the next one looks.
    fn given_up(&self, now: Instant) {
        let mut state = lock(&self.state);
        if let Phase::Probing { pause } = state.phase {
            state.phase = Phase::Open { until: now, pause };
        }
    }

    fn open(&self, state: &mut State, now: Instant, pause: Duration) {
        state.phase = Phase::Open { until: now + pause, pause };
        self.gauge(1.0);
        let seconds = pause.as_secs_f64();
        alarm::begin(
            Kind::Upstream,
            &self.key.subject(),
            format!("a SOAP service fails call after call: it is left alone for {seconds} s"),
        );
    }

    fn gauge(&self, value: f64) {
        metrics::gauge!(names::BREAKER_OPEN, "upstream" => self.key.origin.to_string(), "apis" => self.key.whose.to_string()).set(value);
    }

    fn close(&self, state: &mut State) {
        *state = State { phase: Phase::Closed, in_a_row: 0, seconds: [Second::default(); WINDOW] };
        self.gauge(0.0);
        alarm::end(Kind::Upstream, &self.key.subject());
    }
}

impl State {
    /// Counts an end. Were there too many failures?
    fn count(&mut self, well: bool, second: u64, failures: u32) -> bool {
        let place = usize::try_from(second % WINDOW as u64).unwrap_or(0);
        if let Some(slot) = self.seconds.get_mut(place) {
            if slot.number != second {
                *slot = Second { number: second, ..Second::default() };
            }
            slot.calls += 1;
            slot.failed += u32::from(!well);
        }
        if well {
            self.in_a_row = 0;
            return false;
        }
        self.in_a_row += 1;
        let recent = self.seconds.iter().filter(|s| second.saturating_sub(s.number) < WINDOW as u64);
        let (calls, failed) = recent.fold((0, 0), |(calls, failed), s| (calls + s.calls, failed + s.failed));
        self.in_a_row >= failures || (calls >= MIN_CALLS && failed * 2 >= calls)
    }
}

impl Pass {
    /// May the call be made once more, where nothing of it was sent?
    pub(super) fn may_retry(&self) -> bool {
        self.breaker.as_ref().is_some_and(|b| b.retries.spend())
    }

    /// The call has ended.
    pub(super) fn end(mut self, well: bool) {
        let now = Instant::now();
        // A failure of the host says nothing of the path: its probe is left to the next call.
        if let Some((path, is_probe)) = self.path.take_if(|_| well || self.breaker.is_none()) {
            path.ended(well, is_probe, now);
        }
        if let Some(breaker) = self.breaker.take() {
            breaker.ended(well, self.is_probe, now);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let host = self.breaker.take().filter(|_| self.is_probe);
        let path = self.path.take().filter(|(_, is_probe)| *is_probe).map(|(path, _)| path);
        for breaker in host.into_iter().chain(path) {
            breaker.given_up(Instant::now());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at + 3);
    let rest = url.get(host..).unwrap_or_default();
    let end = rest.find(['/', '?', '#']).map_or(url.len(), |at| host + at);
    url.get(..end).unwrap_or(url)
}

/// An address without its query.
fn place(url: &str) -> &str {
    url.find(['?', '#']).and_then(|end| url.get(..end)).unwrap_or(url)
}

fn left_alone(wait: Duration) -> Problem {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let text = format!("The SOAP service behind this API fails at the moment. It is asked again in {} s.", seconds.max(1));
    let mut problem = Problem::new(Reason::UpstreamUnreachable, 503, text);
    problem.retry_after = Some(seconds.max(1));
    problem.with_private("the breaker of this upstream is open".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breakers() -> Breakers {
        Breakers::new(BreakerLimits { failures: 5, pause: Duration::from_secs(30), longest_pause: Duration::from_secs(300) })
    }

    fn enter(breakers: &Breakers, url: &str) -> Result<Pass, Problem> {
        breakers.pass("default/*".to_owned(), url)
    }

    fn fail(breakers: &Breakers, url: &str, times: u32) {
        for _ in 0..times {
            enter(breakers, url).unwrap().end(false);
        }
    }

    const URL: &str = "http://a.example:80/x?wsdl";

    #[tokio::test(start_paused = true)]
    async fn five_failures_in_a_row_open_it_and_one_probe_closes_it() {
        let breakers = breakers();
        fail(&breakers, URL, 4);
        enter(&breakers, URL).unwrap().end(true);
        fail(&breakers, URL, 5);
        let refused = enter(&breakers, "http://a.example:80/other").unwrap_err();
        assert_eq!((refused.status, refused.retry_after), (503, Some(30)));
        assert!(
            breakers.pass("default/own".to_owned(), URL).is_ok() && breakers.pass("acme/*".to_owned(), URL).is_ok(),
            "nor with whom else"
        );
        assert!(enter(&breakers, "https://a.example:80/x").is_ok() && enter(&breakers, "http://b.example:80/x").is_ok(), "others are well");
        tokio::time::advance(Duration::from_secs(30)).await;
        let probe = enter(&breakers, URL).unwrap();
        assert_eq!(enter(&breakers, URL).unwrap_err().retry_after, Some(1), "one at a time looks");
        probe.end(true);
        fail(&breakers, URL, 4);
        assert!(enter(&breakers, URL).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_fails_doubles_the_pause_up_to_the_longest() {
        let breakers = breakers();
        fail(&breakers, URL, 5);
        for pause in [30, 60, 120, 240, 300, 300] {
            assert_eq!(enter(&breakers, URL).unwrap_err().retry_after, Some(pause));
            tokio::time::advance(Duration::from_secs(pause)).await;
            enter(&breakers, URL).unwrap().end(false);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_goes_away_leaves_it_to_the_next() {
        let breakers = breakers();
        fail(&breakers, URL, 5);
        tokio::time::advance(Duration::from_secs(30)).await;
        drop(enter(&breakers, URL).unwrap());
        enter(&breakers, URL).unwrap().end(true);
        assert!(enter(&breakers, URL).is_ok_and(|p| !p.is_probe));
    }

    #[tokio::test(start_paused = true)]
    async fn half_of_twenty_calls_in_ten_seconds_open_it() {
        let breakers = breakers();
        let both = |times: u32| {
            for _ in 0..times {
                enter(&breakers, URL).unwrap().end(true);
                enter(&breakers, URL).unwrap().end(false);
            }
        };
        both(9);
        // What is older counts no more.
        tokio::time::advance(Duration::from_secs(11)).await;
        both(9);
        tokio::time::advance(Duration::from_secs(5)).await;
        both(1);
        assert_eq!(enter(&breakers, URL).unwrap_err().status, 503);
    }

    #[tokio::test(start_paused = true)]
    async fn without_failures_to_count_it_never_opens() {
        let breakers = Breakers::new(BreakerLimits { failures: 0, ..BreakerLimits::default() });
        fail(&breakers, URL, 100);
        assert!(enter(&breakers, URL).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_path_stops_no_other_path_of_its_host() {
        let breakers = breakers();
        let wrong = |times: u32| {
            for _ in 0..times {
                breakers.of_path(enter(&breakers, URL).unwrap(), URL).end(false);
            }
        };
        wrong(5);
        assert_eq!(enter(&breakers, URL).unwrap_err().retry_after, Some(30));
        assert_eq!(enter(&breakers, "http://a.example:80/x?other").unwrap_err().status, 503, "the same path");
        let other = "http://a.example:80/other";
        enter(&breakers, other).unwrap().end(true);
        tokio::time::advance(Duration::from_secs(30)).await;
        // It looks again; the host goes meanwhile, which says nothing of the path.
        enter(&breakers, URL).unwrap().end(false);
        breakers.of_path(enter(&breakers, URL).unwrap(), URL).end(false);
        assert_eq!(enter(&breakers, URL).unwrap_err().retry_after, Some(60), "it was a probe, and it failed");
        tokio::time::advance(Duration::from_secs(60)).await;
        enter(&breakers, URL).unwrap().end(true);
        wrong(4);
        assert!(enter(&breakers, URL).is_ok_and(|p| p.path.is_some()));
        // All is left alone where the host fails.
        fail(&breakers, other, 5);
        assert_eq!(enter(&breakers, URL).unwrap_err().status, 503);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_watched_is_not_left_alone() {
        let breakers = breakers();
        for n in 0..MAX_WATCHED {
            fail(&breakers, &format!("http://h{n}.example/"), 5);
        }
        fail(&breakers, URL, 20);
        assert!(enter(&breakers, URL).is_ok());
        assert_eq!(lock(&breakers.watched).len(), MAX_WATCHED);
    }

    #[test]
    fn an_origin_ends_before_the_path() {
        for (url, expected) in [
            ("http://a.example/x/y", "http://a.example"),
            ("https://[::1]:8443?x", "https://[::1]:8443"),
            ("http://a.example", "http://a.example"),
            ("http://a.example#x", "http://a.example"),
        ] {
            assert_eq!(origin(url), expected);
        }
    }
}
