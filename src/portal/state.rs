use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use crate::auth::LogIns;
use crate::config::{Config, ForwardedField, PortalSettings};
use crate::manage::{Lifetimes, Manage};
use crate::net::address::{AddressPolicy, Cidr};
use crate::net::fetch::FetchOptions;
use crate::net::forwarded::AddressLists;
use crate::net::relay::Relay;
use crate::publish::Publish;

/// What the portal works with.
#[derive(Debug)]
pub struct Portal {
    /// What people do.
    pub manage: Arc<Manage>,
    /// What publishers do beyond.
    pub publish: Publish,
    /// Names and passwords that were tried, shared with the other doors of the process.
    pub log_ins: Arc<LogIns>,
    /// `portal`.
    pub settings: PortalSettings,
    /// Where callers reach the gateway, without a slash at the end: `https://api.example.org`.
    pub gateway: String,
    /// Is that the address that the operator says it has?
    has_public_gateway: bool,
    /// Does the gateway listen without TLS?
    listens_plain: bool,
    /// Does the gateway have a page on which users log in (`oauth.authorize`)?
    pub has_log_in_page: bool,
    /// Proxies whose word on the caller's address counts, and the field in which they say it.
    pub proxies: (Vec<Cidr>, ForwardedField),
    /// Sends what readers try in the SOAP console; `None`: the client cannot be made.
    pub(super) relay: Option<Relay>,
    /// Where the relay reaches the gateway: of the same process its listener, else `gateway`.
    pub(super) inner_gateway: String,
    /// Who may call the gateway at all.
    pub(super) callers: AddressLists,
}

impl Portal {
    /// With these acts and settings.
    pub fn new(manage: impl Into<Arc<Manage>>, log_ins: Arc<LogIns>, config: &Config) -> Self {
        let gateway = match &config.gateway.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None if config.listen.gateway.tls.is_some() => format!("https://{}", config.listen.gateway.address),
            None => format!("http://{}", config.listen.gateway.address),
        };
        let proxies = (config.network.trusted_proxies.clone(), config.network.forwarded);
        let reachable = AddressPolicy { allow: config.network.allow.clone(), ..AddressPolicy::local() };
        let relay =
            Relay::new(FetchOptions::new(reachable)).inspect_err(|e| tracing::warn!(error = %e, "the SOAP console cannot send")).ok();
        let manage = manage.into();
        Self {
            publish: Publish::new(manage.clone()),
            manage,
            log_ins,
            settings: config.portal.clone(),
            inner_gateway: gateway.clone(),
            gateway,
            has_public_gateway: config.gateway.public_url.is_some(),
            listens_plain: config.listen.gateway.tls.is_none(),
            has_log_in_page: config.oauth.authorize,
            proxies,
            relay,
            callers: config.network.callers.clone(),
        }
    }

    /// The same where publishers work with that.
    #[must_use]
    pub fn publishing(self, publish: impl FnOnce(Publish) -> Publish) -> Self {
        Self { publish: publish(self.publish), ..self }
    }

    /// The same, of a process whose gateway listens there: where no public address of it is set, that is its address.
    #[must_use]
    pub fn beside_gateway(mut self, gateway: Option<SocketAddr>) -> Self {
        if let (Some(address), false) = (gateway, self.has_public_gateway) {
            let scheme = if self.gateway.starts_with("https:") { "https" } else { "http" };
            self.gateway = format!("{scheme}://{address}");
            self.inner_gateway.clone_from(&self.gateway);
        }
        if let (Some(address), true) = (gateway, self.listens_plain) {
            self.inner_gateway = format!("http://{}", near(address));
        }
        self
    }

    /// Are pages sent over TLS, so that cookies may be kept to it?
    pub(super) fn is_secure(&self) -> bool {
        self.settings.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    pub(super) fn lifetimes(&self) -> Lifetimes {
        Lifetimes { idle: self.settings.session_idle, max: self.settings.session_max }
    }
}

/// The address at which this machine reaches a listener of its own.
fn near(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
