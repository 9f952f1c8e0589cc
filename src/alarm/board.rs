//! What alarms there are, and what was said of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::broadcast;
use tokio::time::Instant;

use super::{Alarm, Event, Kind};
use crate::telemetry::names;

/// Alarms of one process at most, with those that ended. What comes beyond that has a line in the log and no more.
const MOST: usize = 1_000;
/// Events that wait for a slow reader.
const WAITING: usize = 256;
/// A condition that comes and goes is said once in this time. One that stays is said after it.
const QUIET: Duration = Duration::from_secs(60);

/// The alarms.
#[derive(Debug)]
pub(super) struct Board {
    places: Mutex<BTreeMap<(Kind, String), Place>>,
    events: broadcast::Sender<Event>,
}

#[derive(Debug, Default)]
struct Place {
    /// While it stands.
    alarm: Option<Alarm>,
    /// When its last begin was said.
    said: Option<Instant>,
    /// Was that of the alarm that stands?
    is_said: bool,
}

impl Default for Board {
    fn default() -> Self {
        Self { places: Mutex::default(), events: broadcast::channel(WAITING).0 }
    }
}

impl Board {
    /// A condition holds.
    pub(super) fn begin(&self, kind: Kind, subject: &str, text: String, now: Instant) {
        let mut places = self.lock();
        let key = (kind, subject.to_owned());
        if !places.contains_key(&key) && places.len() >= MOST {
            places.retain(|_, p| p.alarm.is_some());
        }
        if !places.contains_key(&key) && places.len() >= MOST {
            tracing::error!(alarm = kind.word(), subject, text, "an alarm beyond the {MOST} that are kept");
            return;
        }
        let place = places.entry(key).or_default();
        match &mut place.alarm {
            Some(alarm) => alarm.text = text,
            None => {
                gauge(kind, subject, 1.0);
                place.alarm = Some(Alarm { alarm: kind.word(), subject: subject.to_owned(), text, since: Timestamp::now() });
                self.say_of(place, now);
            }
        }
    }

    /// It does not.
    pub(super) fn end(&self, kind: Kind, subject: &str, now: Instant) {
        let mut places = self.lock();
        let Some(place) = places.get_mut(&(kind, subject.to_owned())) else { return };
        let Some(alarm) = place.alarm.take() else { return };
        gauge(kind, subject, 0.0);
        if std::mem::take(&mut place.is_said) {
            let seconds = place.said.map_or(0, |said| now.duration_since(said).as_secs());
            tracing::info!(alarm = alarm.alarm, subject = %alarm.subject, seconds, "an alarm is over");
            self.tell(Event { alarm, ended: Some(Timestamp::now()) });
        }
    }

    /// Says what stands and was held back.
    pub(super) fn say(&self, now: Instant) {
        for place in self.lock().values_mut() {
            self.say_of(place, now);
        }
    }

    fn say_of(&self, place: &mut Place, now: Instant) {
        let Some(alarm) = place.alarm.as_ref().filter(|_| !place.is_said) else { return };
        if place.said.is_some_and(|said| now.duration_since(said) < QUIET) {
            return;
        }
        tracing::error!(alarm = alarm.alarm, subject = %alarm.subject, "{}", alarm.text);
        self.tell(Event { alarm: alarm.clone(), ended: None });
        (place.said, place.is_said) = (Some(now), true);
    }

    pub(super) fn standing(&self) -> Vec<Alarm> {
        self.lock().values().filter_map(|p| p.alarm.clone()).collect()
    }

    pub(super) fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Where nobody listens there is nobody to tell.
    fn tell(&self, event: Event) {
        drop(self.events.send(event));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Kind, String), Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gauge(kind: Kind, subject: &str, value: f64) {
    metrics::gauge!(names::ALARM, "alarm" => kind.word(), "subject" => subject.to_owned()).set(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(events: &mut broadcast::Receiver<Event>) -> Vec<(String, bool)> {
        std::iter::from_fn(|| events.try_recv().ok()).map(|e| (e.alarm.text, e.ended.is_some())).collect()
    }

    #[test]
    fn it_is_said_once_when_it_begins_and_once_when_it_ends() {
        let (board, now) = (Board::default(), Instant::now());
        let mut events = board.events();
        for text in ["first", "second"] {
            board.begin(Kind::StoreAway, "postgres", text.to_owned(), now);
        }
        assert_eq!(said(&mut events), [("first".to_owned(), false)]);
        assert_eq!(board.standing().iter().map(|a| &*a.text).collect::<Vec<_>>(), ["second"]);
        board.end(Kind::StoreAway, "sqlite", now);
        board.end(Kind::StoreAway, "postgres", now);
        board.end(Kind::StoreAway, "postgres", now);
        assert_eq!(said(&mut events), [("second".to_owned(), true)]);
        assert!(board.standing().is_empty());
    }

    #[test]
    fn what_comes_and_goes_is_said_once_a_minute_and_what_stays_is_said() {
        let (board, began) = (Board::default(), Instant::now());
        let mut events = board.events();
        for second in 0..59 {
            let now = began + Duration::from_secs(second);
            board.begin(Kind::RedisAway, "", "away".to_owned(), now);
            board.say(now);
            board.end(Kind::RedisAway, "", now);
        }
        assert_eq!(said(&mut events).len(), 2, "one begin and one end");
        board.begin(Kind::RedisAway, "", "away".to_owned(), began + Duration::from_secs(59));
        assert_eq!(board.standing().len(), 1, "it stands, said or not");
        board.say(began + Duration::from_secs(59));
        assert_eq!(said(&mut events), []);
        board.say(began + Duration::from_secs(60));
        board.say(began + Duration::from_secs(61));
        assert_eq!(said(&mut events), [("away".to_owned(), false)]);
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let (board, now) = (Board::default(), Instant::now());
        for n in 0..MOST + 5 {
            board.begin(Kind::Upstream, &n.to_string(), String::new(), now);
        }
        assert_eq!(board.standing().len(), MOST);
        board.end(Kind::Upstream, "7", now);
        board.begin(Kind::Upstream, "new", String::new(), now);
        assert_eq!(board.standing().len(), MOST, "what is over makes room");
    }
}
