//! Records with a Rust type: other rooms say how theirs are named and found, and this room keeps them without knowing them.

use std::future::Future;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::record::whole_ms;
use super::{Audit, Change, Cursor, DEFAULT_TENANT, Expected, Key, Place, Record, Store, StoreError};

/// A type whose values are kept as records. Written by the room that owns the type.
pub trait Kept: Serialize + DeserializeOwned + Send + Sync {
    /// Its kind: lower-case letters and `_`, for ever the same.
    const KIND: &'static str;

    /// Whose it is.
    fn tenant(&self) -> &str {
        DEFAULT_TENANT
    }

    /// Its name among those of its kind and tenant; stands in clear.
    fn id(&self) -> &str;

    /// By what else it is found.
    fn keys(&self) -> Vec<Key> {
        Vec::new()
    }

    /// From when on it is not given any more.
    fn expires(&self) -> Option<Timestamp> {
        None
    }
}

/// A value as it is kept, with the version to write it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned<T> {
    /// See [`Record::version`].
    pub version: u64,
    /// The value.
    pub value: T,
}

impl<T: Kept> Versioned<T> {
    /// The value of a record.
    ///
    /// # Errors
    /// The record is not of this type: [`StoreError::Damaged`].
    pub fn read(record: &Record) -> Result<Self, StoreError> {
        let unreadable = |reason: String| StoreError::damaged(format!("a {} cannot be read: {reason}", T::KIND));
        if record.kind != T::KIND {
            return Err(unreadable(format!("it is a {}", record.kind)));
        }
        // The position, not the text: a value may be a secret.
        let value = serde_json::from_str(&record.body).map_err(|e| unreadable(format!("line {}, column {}", e.line(), e.column())))?;
        Ok(Self { version: record.version, value })
    }
}

impl Change {
    /// Keeps a value.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn put<T: Kept>(value: &T, expected: Expected) -> Result<Self, StoreError> {
        let body = serde_json::to_string(value)
            .map_err(|_| StoreError::Invalid { kind: T::KIND.to_owned(), reason: "it cannot be written as JSON".to_owned() })?;
        let record = Record {
            kind: T::KIND.to_owned(),
            tenant: value.tenant().to_owned(),
            id: value.id().to_owned(),
            version: 0,
            expires: value.expires().map(whole_ms),
            keys: value.keys(),
            body,
        };
        Ok(Self::Put { record, expected })
    }

    /// Removes a value.
    pub fn remove<T: Kept>(tenant: &str, id: &str, expected: Expected) -> Self {
        Self::Remove { place: Place { kind: T::KIND.to_owned(), tenant: tenant.to_owned(), id: id.to_owned() }, expected }
    }
}

/// The operations of a [`Store`] on values with a type. Every store has them.
pub trait Keep: Store {
    /// A value by its name.
    fn get<T: Kept>(&self, tenant: &str, id: &str) -> impl Future<Output = Result<Option<Versioned<T>>, StoreError>> + Send {
        async move { self.record(T::KIND, tenant, id).await?.as_ref().map(Versioned::read).transpose() }
    }

    /// A value by a key of it; the first, where several have the key.
    fn get_by<T: Kept>(&self, key: &Key) -> impl Future<Output = Result<Option<Versioned<T>>, StoreError>> + Send {
        async move { self.find(T::KIND, key).await?.as_ref().map(Versioned::read).transpose() }
    }

    /// Up to `limit` values of a tenant, or of all, in the order of tenant and id, after a place.
    fn page<T: Kept>(
        &self,
        tenant: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<Versioned<T>>, Option<Cursor>), StoreError>> + Send {
        async move {
            let page = self.records(T::KIND, tenant, after, limit).await?;
            Ok((page.records.iter().map(Versioned::read).collect::<Result<_, _>>()?, page.next))
        }
    }

    /// Up to `limit` values that have a key.
    fn page_by<T: Kept>(
        &self,
        key: &Key,
        after: Option<&Cursor>,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<Versioned<T>>, Option<Cursor>), StoreError>> + Send {
        async move {
            let page = self.records_by(T::KIND, key, after, limit).await?;
            Ok((page.records.iter().map(Versioned::read).collect::<Result<_, _>>()?, page.next))
        }
    }

    /// Keeps a value and gives its version.
    ///
    /// # Errors
    /// As [`Store::write`].
    fn put<T: Kept>(&self, value: &T, expected: Expected, audit: Option<Audit>) -> impl Future<Output = Result<u64, StoreError>> + Send {
        async move { self.write(vec![Change::put(value, expected)?], audit).await }
    }

    /// Removes a value; says whether it was there.
    fn forget<T: Kept>(&self, tenant: &str, id: &str, audit: Option<Audit>) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async move {
            loop {
                let Some(found) = self.record(T::KIND, tenant, id).await? else { return Ok(false) };
                match self.write(vec![Change::remove::<T>(tenant, id, Expected::Version(found.version))], audit.clone()).await {
                    Ok(_) => return Ok(true),
                    // Written in between: it is removed all the same.
                    Err(StoreError::Stale { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Removes the value that has a key and gives it: to one caller only, of however many that ask.
    fn take_by<T: Kept>(&self, key: &Key, audit: Option<Audit>) -> impl Future<Output = Result<Option<T>, StoreError>> + Send {
        async move { Ok(self.take(T::KIND, key, audit).await?.as_ref().map(Versioned::read).transpose()?.map(|v| v.value)) }
    }
}

impl<S: Store + ?Sized> Keep for S {}
