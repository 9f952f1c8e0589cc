//! The heartbeat of a server: says that it lives, and learns how many do.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;
use tokio::time::sleep;

use super::serve::{Role, Running};
use crate::alarm;
use crate::catalog::Catalog;
use crate::manage::{HEARTBEAT_SECONDS, Instance};
use crate::store::AnyStore;
use crate::telemetry::{self, names};

/// Bytes of a machine's name.
const MAX_HOST_BYTES: usize = 255;

/// The record of this process.
pub(super) struct Heart {
    store: Arc<AnyStore>,
    catalog: Arc<Catalog>,
    instance: Instance,
    /// Nodes that the settings name: fewer are not believed.
    at_least: u32,
}

/// The name of this machine; may be empty.
pub(super) fn host_name() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    host.trim().chars().filter(|c| !c.is_control()).take(MAX_HOST_BYTES).collect()
}

/// The words of what stands, each once.
fn alarms() -> Vec<String> {
    let mut words: Vec<String> = alarm::standing().into_iter().map(|a| a.alarm.to_owned()).collect();
    words.dedup();
    words
}

impl Heart {
    /// Of a server that runs.
    pub(super) fn of(running: &Running, role: Role, store: Arc<AnyStore>, catalog: Arc<Catalog>, at_least: u32) -> Self {
        let now = Timestamp::now().as_second();
        let instance = Instance {
            id: telemetry::ulid(),
            host: host_name(),
            role: role.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            gateway: running.gateway.map(|a| a.to_string()),
            admin: running.admin.to_string(),
            started: now,
            seen: now,
            apis: 0,
            alarms: Vec::new(),
        };
        Self { store, catalog, instance, at_least }
    }

    /// Beats every few seconds, and tells the gateway how many there are; never returns. While the store is away the last count stays.
    pub(super) async fn beat(&mut self, running: &Running) {
        loop {
            self.instance.apis = self.catalog.snapshot().apis.len() as u64;
            self.instance.alarms = alarms();
            let counted = match self.instance.beat(&*self.store).await {
                Ok(()) => Instance::gateways(&*self.store).await,
                Err(error) => Err(error),
            };
            match counted {
                Ok(gateways) => {
                    metrics::gauge!(names::NODES).set(f64::from(gateways));
                    running.set_nodes(gateways.max(self.at_least));
                }
                // That the store is away is told elsewhere.
                Err(error) => tracing::debug!(%error, "no heartbeat"),
            }
            sleep(Duration::from_secs(HEARTBEAT_SECONDS)).await;
        }
    }

    /// Says that this process ends.
    pub(super) async fn stop(&self) {
        if let Err(error) = self.instance.leave(&*self.store).await {
            tracing::debug!(%error, "others believe for a while that this process lives");
        }
    }
}
