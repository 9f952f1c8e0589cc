//! Attachments that callers fetch by reference: kept for a while under names that nobody can guess.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::body::{AnswerBody, Content, Cut};
use super::respond;
use super::segments::{self, Segment};
use super::spool::Stored;
use crate::mediate::mime::is_media_type;
use crate::problem::{Problem, Reason};

/// Attachments that are kept at once; each large one holds the file of its message open.
const COUNT: usize = 256;
/// Bytes of all of them and of the files that they hold.
const TOTAL_BYTES: u64 = 1 << 30;
/// How long each is kept.
pub(super) const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The attachments of a process. What it holds is gone with it.
#[derive(Debug, Default)]
pub(super) struct Store {
    kept: Arc<Mutex<HashMap<String, Kept>>>,
    /// Each takes one away when its time is over; they end with the store.
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Kept {
    /// The API whose reply it came with, by its base path: names are those of a tenant alone.
    api: Arc<str>,
    stored: Stored,
    media_type: String,
    until: Instant,
}

impl Store {
    /// Keeps an attachment and gives its name; `None` where there is no room.
    ///
    /// # Errors
    /// There is no randomness.
    pub(super) fn keep(&self, api: &Arc<str>, stored: Stored, media_type: &str) -> Result<Option<String>, Problem> {
        let name = super::token::token()?;
        let until = Instant::now() + LIFETIME;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let total = Stored::held_bytes(kept.values().map(|k| &k.stored).chain([&stored]));
        if kept.len() >= COUNT || total > TOTAL_BYTES {
            return Ok(None);
        }
        let media_type = if is_media_type(media_type) { media_type } else { "application/octet-stream" };
        kept.insert(name.clone(), Kept { api: api.clone(), stored, media_type: media_type.to_owned(), until });
        let (all, over) = (self.kept.clone(), name.clone());
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            sleep_until(until).await;
            all.lock().unwrap_or_else(PoisonError::into_inner).remove(&over);
        });
        Ok(Some(name))
    }

    /// Answers with an attachment of that API. A browser saves it, whatever it is, and runs nothing of it.
    ///
    /// # Errors
    /// There is none of that name, or no more.
    pub(super) fn answer(&self, api: &str, name: &str) -> Result<Response<AnswerBody>, Problem> {
        let gone = || Problem::new(Reason::NoSuchResource, 404, "There is no attachment of that name, or it is not kept any more.");
        let (stored, media_type) = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            let found = kept.get(name).filter(|k| *k.api == *api && k.until > Instant::now()).ok_or_else(gone)?;
            (found.stored.clone(), found.media_type.clone())
        };
        let segments = vec![Segment::Raw(stored)];
        let length = segments::length(&segments);
        let rest = segments::stream(segments).map(|piece| piece.map_err(|_| Cut("the gateway failed")));
        let body = AnswerBody::new(Content::Stream(Box::pin(rest), Some(length)));
        let mut response = respond::with_type(StatusCode::OK, "application/octet-stream", body);
        let headers = response.headers_mut();
        if let Ok(media_type) = HeaderValue::from_str(&media_type) {
            headers.insert(CONTENT_TYPE, media_type);
        }
        headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(bytes: &'static [u8]) -> Stored {
        Stored::Memory(bytes.into())
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_an_end_to_what_is_kept() {
        let store = Store::default();
        let api: Arc<str> = "a".into();
        let names: Vec<_> = (0..=COUNT).map(|_| store.keep(&api, stored(b"x"), "text/html\r\nx: y").unwrap()).collect();
        assert_eq!(names.iter().flatten().count(), COUNT, "the count");
        let name = names[0].as_deref().unwrap();
        assert_eq!(store.answer("a", name).unwrap().headers()[CONTENT_TYPE], "application/octet-stream");
        assert!(store.answer("b", name).is_err(), "another API's");
        assert!(store.answer("a", "guess").is_err());
        tokio::time::sleep(LIFETIME + Duration::from_millis(10)).await;
        assert!(store.kept.lock().unwrap().is_empty(), "what is over is gone");
        assert!(store.answer("a", name).is_err(), "its time is over");
        let large = Stored::of_file(TOTAL_BYTES);
        assert!(store.keep(&api, large.clone(), "").unwrap().is_some());
        assert!(store.keep(&api, large, "").unwrap().is_some(), "a part of the same file takes no more room");
        assert!(store.keep(&api, stored(b"x"), "").unwrap().is_none(), "the total");
    }
}
