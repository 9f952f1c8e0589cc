//! What is kept, in memory, SQLite and PostgreSQL.

mod choose;
mod contract;
mod damage;
mod kill;
mod postgres;
mod seal;
pub(crate) mod server;
mod sqlite;

use castile::store::Memory;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_keeps_the_contract() {
    contract::run(|| async { Memory::new() }).await;
}
