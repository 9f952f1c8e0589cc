use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use castile::alarm::{self, Kind, Webhook};
use castile::config::{Secret, WebhookSettings};
use castile::net::address::AddressPolicy;

use super::{Receiver, secret, until};

fn settings(address: &str) -> WebhookSettings {
    WebhookSettings { url: Secret::new(format!("http://{address}/hook")), secret: Some(Secret::new(secret())), secret_file: None }
}

fn stands(kind: Kind) -> bool {
    alarm::standing().iter().any(|a| a.alarm == kind.word())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_sent_again_and_then_an_alarm_itself() {
    let status = Arc::new(AtomicU16::new(503));
    let answers = status.clone();
    let receiver = Receiver::answering(move |_| answers.load(Ordering::Relaxed));
    let webhook = Webhook::new(&settings(&receiver.address), Path::new(""), "here".to_owned(), AddressPolicy::local()).unwrap();
    let webhook = webhook.with_waits(vec![Duration::from_millis(10); 3]);
    let sending = tokio::spawn(async move { webhook.follow().await });
    let of = |subject: &str| receiver.got().into_iter().filter(|g| g.body["data"]["subject"] == subject).collect::<Vec<_>>();
    alarm::begin(Kind::Upstream, "http://one.example:80", "it fails");
    tokio::task::block_in_place(|| until("it gave up", || stands(Kind::Webhook)));
    let tried = of("http://one.example:80");
    assert_eq!(tried.len(), 4, "one more than waits: {tried:?}");
    assert!(tried.iter().all(|g| g.id == tried[0].id), "one message, however often it is sent");
    assert_eq!(tried[0].body["type"], "alarm.begins");
    assert_eq!(tried[0].body["data"]["text"], "it fails");
    assert_eq!(tried[0].body["data"]["host"], "here");

    status.store(204, Ordering::Relaxed);
    alarm::end(Kind::Upstream, "http://one.example:80");
    tokio::task::block_in_place(|| until("it is well again", || !stands(Kind::Webhook)));
    let last = of("http://one.example:80").pop().unwrap();
    assert_eq!((last.body["type"].as_str(), last.answered), (Some("alarm.ends"), 204));
    assert_ne!(last.id, tried[0].id);
    assert!(receiver.got().iter().all(|g| g.body["data"]["alarm"] != "webhook"), "its own alarm is not sent");
    sending.abort();
}

#[test]
fn a_secret_that_cannot_be_used_is_said_without_it() {
    let wrong = |settings: &WebhookSettings| {
        Webhook::new(settings, Path::new("/nowhere"), String::new(), AddressPolicy::local()).unwrap_err().to_string()
    };
    let short = WebhookSettings { secret: Some(Secret::new("planted")), ..settings("h.example") };
    assert_eq!(wrong(&short), "the secret of `alarms.webhook` cannot be used: it must have 16 to 4096 bytes");
    let missing = WebhookSettings { secret: None, secret_file: Some("hook.secret".into()), ..settings("h.example") };
    assert!(wrong(&missing).contains("/nowhere/hook.secret"), "{}", wrong(&missing));
}
