//! Parts in processes of their own: each has what it needs and no more.

use std::net::TcpStream;

use super::{Bed, Load, judged};

#[tokio::test(flavor = "multi_thread")]
async fn published_apis_do_not_need_management() {
    let Some(bed) = Bed::start_or_skip("nodes::roles::published_apis_do_not_need_management").await else { return };
    let (mut manage, mut gateway) = (bed.node(), bed.node());
    manage.serve(&["--role", "manage", "--dir", "apis"]);
    gateway.serve(&["--role", "gateway"]);
    assert!(TcpStream::connect(manage.gateway).is_err(), "management takes no calls");
    assert_eq!(gateway.ask("/readyz"), (200, "ok\n".into()), "an instance is judged by itself");
    for path in ["/admin/v1/me", "/admin/openapi.json"] {
        assert_eq!(gateway.ask(path).0, 404, "a gateway has no admin API: {path}");
    }
    assert!(!castile::admin::token_file(gateway.folder.path()).exists(), "nor a token for one");
    let key = manage.caller("demo", "unlimited");
    gateway.until("the key is in force", |n| n.call(&key) == 200);
    let load = Load::on(&[gateway.gateway, gateway.gateway], &key);
    for _ in 0..judged(2, 20) {
        load.more(30);
        manage.kill();
        load.more(30);
        manage.serve(&["--role", "manage", "--dir", "apis"]);
    }
    let (calls, failed) = load.end();
    println!("management killed under load: {calls} calls, {} failed", failed.len());
    assert!(failed.is_empty(), "of {calls} calls: {failed:?}\n{}", gateway.log());
}
