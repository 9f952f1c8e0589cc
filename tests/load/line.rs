//! Lines that break: each kind has its answer, and what works again is used again.

use super::proxy::{Fault, Proxy};
use super::{impatient, prompt};
use crate::gateway::bench_of::{Server, Upstream, country};

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_break_has_an_answer_and_ends_with_it() {
    let service = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let proxy = Proxy::before(service.address).await;
    let server = Server::with(proxy.address, "", impatient()).await;
    let (cut, late) = ((502, "castile.upstream_reply"), (504, "castile.upstream_timeout"));
    // The head of the reply is about 70 bytes.
    let kinds = [
        (Fault::Refuse, cut),
        (Fault::Hang, late),
        (Fault::CloseAfter(0), cut),
        (Fault::CloseAfter(20), cut),
        (Fault::CloseAfter(150), cut),
        (Fault::ResetAfter(0), cut),
        (Fault::ResetAfter(150), cut),
        (Fault::Drip(20), late),
        (Fault::Late(2_000), late),
    ];
    for (fault, expected) in kinds {
        assert_eq!(prompt(&server).await.status, 200, "before {fault:?}");
        proxy.set(fault);
        for _ in 0..3 {
            let answer = prompt(&server).await;
            assert_eq!((answer.status, answer.problem().as_str()), expected, "{fault:?}: {}", answer.text());
            assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
        }
        proxy.set(Fault::None);
    }
    assert_eq!(prompt(&server).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_line_within_the_deadline_is_no_failure() {
    let service = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let proxy = Proxy::before(service.address).await;
    let server = Server::with(proxy.address, "", impatient()).await;
    for fault in [Fault::Late(200), Fault::Drip(1)] {
        proxy.set(fault);
        let answer = prompt(&server).await;
        assert_eq!(answer.status, 200, "{fault:?}: {}", answer.text());
        assert!(answer.text().contains("Sri Lanka"));
    }
}
