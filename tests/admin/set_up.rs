//! The link of the first administrator, and passwords that users change themselves.

use castile::auth::{Role, User};
use castile::manage::{Manage, first_start, set_up_link};
use castile::net::secret::Secret;
use castile::store::{AnyStore, Keep, Memory, Store};
use serde_json::{Value, json};

use super::{PASSWORD, Server, seal};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_made_once_and_makes_one_administrator() {
    let store = std::sync::Arc::new(AnyStore::from(Memory::new()));
    first_start(&*store, &seal()).await.unwrap();
    let secret = set_up_link(&*store).await.unwrap().unwrap();
    assert!(set_up_link(&*store).await.unwrap().is_none(), "a second start, or another node, gets another link");
    let kept = store.record("set_up_link", "default", "first").await.unwrap().unwrap();
    assert!(!kept.body.contains(secret.reveal()) && kept.expires.is_some(), "{}", kept.body);
    let manage = Manage::new(store.clone());
    let set_up = async |secret: &Secret, name: &str, password: &str| manage.set_up(secret, name, Secret::new(password), "r").await;
    assert!(set_up(&Secret::new("setup_x"), "ada", PASSWORD).await.unwrap_err().to_string().contains("not good"));
    // What was typed wrongly does not use the link up.
    assert!(set_up(&secret, "ada", "short").await.is_err());
    assert!(set_up(&secret, "a:b", PASSWORD).await.is_err());
    let both = tokio::join!(set_up(&secret, "ada", PASSWORD), set_up(&secret, "eve", PASSWORD));
    assert!(both.0.is_ok() ^ both.1.is_ok(), "{both:?}");
    assert!(set_up(&secret, "mallory", PASSWORD).await.is_err());
    let users = store.page::<User>(None, None, 10).await.unwrap().0;
    assert_eq!(users.len(), 1);
    assert!(users[0].value.roles.contains(&Role::Administrator));
    assert!(set_up_link(&*store).await.unwrap().is_none(), "there is an administrator");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_change_their_own_password() {
    let server = Server::start().await;
    let change = |old: &str, new: &str| json!({ "old_password": old, "password": new });
    let (status, _, text) = server.refused("sue", "PUT me/password", change("wrong", "another long one"));
    assert_eq!((status, &*text), (400, "`old_password` is not your password."));
    assert_eq!(server.refused("sue", "PUT me/password", change(PASSWORD, "short")).0, 400);
    assert_eq!(server.refused("sue", "PUT me/password", change(PASSWORD, PASSWORD)).0, 400);
    assert_eq!(server.refused("local", "PUT me/password", change(PASSWORD, "another long one")).0, 403);
    server.fine("sue", "PUT me/password", change(PASSWORD, "another long one"));
    assert_eq!(server.ask("sue", "GET me", Value::Null).status, 401, "the old password is still good");
    let user = server.store.get::<User>("default", "sue").await.unwrap().unwrap().value;
    assert!(user.tokens_since > 0 && !user.stands_for(user.tokens_since - 1) && user.stands_for(user.tokens_since));
    // And back, by the command line.
    let file = |name: &str, text: &str| {
        let path = server.folder.path().join(name);
        std::fs::write(&path, format!("{text}\n")).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (old, new) = (file("old", "another long one"), file("new", PASSWORD));
    let url = format!("http://{}", server.address);
    let change = |old: &str| {
        let arguments = ["user", "password", "sue", "--old-password-file", old, "--password-file", &new, "--server", &url];
        crate::cli::castile(server.folder.path(), &arguments).env_remove("CASTILE_TOKEN").output().unwrap().status.code()
    };
    assert_eq!((change(&new), change(&old)), (Some(1), Some(0)));
    assert_eq!(server.fine("sue", "GET me", Value::Null)["name"], "sue");
    server.stop().await;
}
