//! What every limiter does, wherever it counts. A new kind of limiter is one more line in [`every_limiter`].

use std::sync::Arc;
use std::time::Duration;

use castile::throttle::{Decision, Hand, Limiter, Scope, Subject};

use super::{check, local, wait_of};

/// A limiter, and how time goes on for it.
pub(super) struct Bed {
    pub limiter: Arc<Limiter>,
    pub time: Time,
}

pub(super) enum Time {
    ByHand(Hand),
    Real,
}

impl Time {
    async fn pass(&self, time: Duration) {
        match self {
            Self::ByHand(hand) => hand.advance(time),
            Self::Real => tokio::time::sleep(time).await,
        }
    }
}

impl Bed {
    fn local() -> Self {
        let (limiter, hand) = local();
        Self { limiter: Arc::new(limiter), time: Time::ByHand(hand) }
    }

    async fn passes(&self, limits: &[(Scope, &str, &str)]) -> Decision {
        let checks: Vec<_> = limits.iter().map(|(scope, limit, id)| check(&self.limiter, *scope, limit, id)).collect();
        self.limiter.decide(&checks).await
    }

    /// How many of so many calls pass.
    async fn passed(&self, calls: usize, limits: &[(Scope, &str, &str)]) -> usize {
        let mut passed = 0;
        for _ in 0..calls {
            passed += usize::from(self.passes(limits).await.is_allowed());
        }
        passed
    }
}

/// The whole contract. Each part uses ids of its own, so that one limiter can be asked all of it.
pub(super) async fn holds(bed: &Bed) {
    tokio::join!(without_checks(bed), one_quota(bed), refused_calls(bed), callers(bed), changes(bed), fields(bed), tenants(bed));
    many_calls(bed).await;
    rates(bed).await;
    at_the_same_time(bed).await;
}

async fn without_checks(bed: &Bed) {
    let Decision::Allowed(allowed) = bed.passes(&[]).await else { panic!("nothing was asked") };
    assert_eq!(allowed.standing, None);
}

async fn one_quota(bed: &Bed) {
    let limit = [(Scope::Subscription, "5 per 3 seconds", "one")];
    assert_eq!(bed.passed(5, &limit).await, 5);
    let wait = wait_of(&bed.passes(&limit).await);
    assert!(wait > Duration::from_millis(1_500) && wait <= Duration::from_millis(3_001), "{wait:?}");
    // The wait is true: not much sooner, and then.
    bed.time.pass(wait - Duration::from_millis(700)).await;
    let rest = wait_of(&bed.passes(&limit).await);
    bed.time.pass(rest).await;
    assert!(bed.passes(&limit).await.is_allowed(), "after the time that was told");
}

async fn refused_calls(bed: &Bed) {
    let (wide, narrow) = ((Scope::Api, "6/min", "wide"), (Scope::Application, "2/min", "narrow"));
    assert_eq!(bed.passed(9, &[wide, narrow]).await, 2);
    let Decision::Refused(refused) = bed.passes(&[wide, narrow]).await else { panic!("the narrow limit is reached") };
    assert_eq!((refused.index, refused.scope, refused.limit.calls()), (1, Scope::Application, 2));
    // What the narrow limit refused is not counted by the wide one.
    assert_eq!(bed.passed(9, &[wide]).await, 4);
    // The first that refuses is named, whatever the order.
    let Decision::Refused(refused) = bed.passes(&[wide, narrow]).await else { panic!("both limits are reached") };
    assert_eq!((refused.index, refused.scope), (0, Scope::Api));
    // And the wait is that of the slowest.
    let slow = (Scope::Tenant, "1/hour", "slow");
    assert!(bed.passes(&[slow]).await.is_allowed());
    assert!(wait_of(&bed.passes(&[wide, slow]).await) > Duration::from_secs(3_000));
}

async fn callers(bed: &Bed) {
    for id in ["a", "b", "c"] {
        assert_eq!(bed.passed(4, &[(Scope::Application, "3/min", id)]).await, 3, "{id}");
    }
    // The same name under another scope is another count.
    assert_eq!(bed.passed(4, &[(Scope::Resource, "3/min", "a")]).await, 3);
}

async fn tenants(bed: &Bed) {
    let of = |tenant, address: &str| {
        let subject = Subject { tenant, ids: &["api"], address: Some(address.parse().unwrap()) };
        bed.limiter.check(Scope::Address, "1/min".parse().unwrap(), &subject)
    };
    assert!(bed.limiter.decide(&[of("x", "2001:db8::1")]).await.is_allowed());
    assert!(!bed.limiter.decide(&[of("x", "2001:db8::2")]).await.is_allowed(), "one /64 is one caller");
    assert!(bed.limiter.decide(&[of("x", "2001:db8:0:1::1")]).await.is_allowed());
    assert!(bed.limiter.decide(&[of("y", "2001:db8::1")]).await.is_allowed(), "tenants are apart");
}

/// A limit that changes while it is in use goes on with what was counted.
async fn changes(bed: &Bed) {
    let quota = |limit| [(Scope::Application, limit, "changes")];
    assert_eq!(bed.passed(10, &quota("10/min")).await, 10);
    assert_eq!(bed.passed(9, &quota("12/min")).await, 2, "raised");
    assert_eq!(bed.passed(3, &quota("5/min")).await, 0, "lowered");
    assert_eq!(bed.passed(3, &quota("12/hour")).await, 0, "a longer window");
    assert_eq!(bed.passed(9, &quota("100/hour")).await, 9, "the other way of counting");
    assert_eq!(bed.passed(9, &quota("22/min")).await, 1, "and back");
}

async fn fields(bed: &Bed) {
    let limits = [(Scope::Api, "50/hour", "fields"), (Scope::Subscription, "20/min", "fields")];
    let standing = bed.passes(&limits).await.standing().unwrap();
    assert_eq!((standing.scope, standing.remaining), (Scope::Subscription, 19));
    assert_eq!(standing.policy(), r#""subscription";q=20;w=60"#);
    assert!(standing.rate_limit().starts_with(r#""subscription";r=19;t="#), "{}", standing.rate_limit());
    bed.passed(19, &limits).await;
    let decision = bed.passes(&limits).await;
    let standing = decision.standing().unwrap();
    assert_eq!((standing.remaining, standing.reset), (0, wait_of(&decision)));
}

/// More calls than are stamped one by one.
async fn many_calls(bed: &Bed) {
    let limit = [(Scope::Application, "600 per 2 seconds", "many")];
    let checks: Vec<_> = limit.iter().map(|(scope, limit, id)| check(&bed.limiter, *scope, limit, id)).collect();
    let begun = tokio::time::Instant::now();
    let mut passed = 0;
    // On a slow machine the first calls leave the window before the last ones come.
    for _ in 0..700 {
        passed += usize::from(bed.limiter.decide(&checks).await.is_allowed());
        assert!(passed <= 600 || begun.elapsed() > Duration::from_secs(2));
    }
    assert!(passed >= 600, "{passed}");
    bed.time.pass(Duration::from_millis(2_000 + 2_000 / 60 + 5)).await;
    assert_eq!(bed.passed(300, &limit).await, 300, "the window is free again");
}

async fn rates(bed: &Bed) {
    let limit = [(Scope::Tenant, "10/s", "rates")];
    let passed = bed.passed(30, &limit).await;
    assert!((10..=20).contains(&passed), "{passed}");
    let wait = wait_of(&bed.passes(&limit).await);
    assert!(wait <= Duration::from_millis(100), "{wait:?}");
    bed.time.pass(wait).await;
    assert!(bed.passes(&limit).await.is_allowed());
    // Nothing of a rate is taken where another limit refuses.
    let (rate, none) = ((Scope::Burst, "3/s", "rates"), (Scope::Subscription, "1/hour", "rates"));
    assert!(bed.passes(&[none]).await.is_allowed());
    assert_eq!(bed.passed(20, &[rate, none]).await, 0);
    assert_eq!(bed.passes(&[rate]).await.standing().unwrap().remaining, 2);
}

async fn at_the_same_time(bed: &Bed) {
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..8 {
        let limiter = bed.limiter.clone();
        tasks.spawn(async move {
            let (a, b) = (check(&limiter, Scope::Api, "300/hour", "together"), check(&limiter, Scope::Application, "300/hour", "too"));
            // Both orders: locks are taken in one.
            let checks = if id % 2 == 0 { [a, b] } else { [b, a] };
            let mut passed = 0;
            for _ in 0..100 {
                passed += usize::from(limiter.decide(&checks).await.is_allowed());
                tokio::task::yield_now().await;
            }
            passed
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<usize>(), 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_limiter() {
    holds(&Bed::local()).await;
}
