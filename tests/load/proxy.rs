//! A line between the gateway and a good service, on which things go wrong.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// What goes wrong with replies. What callers send arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Connections are closed as soon as they stand.
    Refuse,
    /// Nothing comes back, and nothing is closed.
    Hang,
    /// The line is closed in order after so many bytes.
    CloseAfter(usize),
    /// It is reset after so many bytes.
    ResetAfter(usize),
    /// One byte at a time, so many milliseconds apart.
    Drip(u64),
    /// All of it, so many milliseconds later.
    Late(u64),
}

/// The line.
pub struct Proxy {
    pub address: SocketAddr,
    fault: Arc<Mutex<Fault>>,
}

impl Proxy {
    /// A line to that service.
    pub async fn before(service: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fault = Arc::new(Mutex::new(Fault::None));
        let now = fault.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let now = now.clone();
                if *now.lock().unwrap() != Fault::Refuse {
                    tokio::spawn(carry(stream, service, now));
                }
            }
        });
        Self { address, fault }
    }

    /// From now on this goes wrong, on lines that stand already too.
    pub fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }
}

async fn carry(near: TcpStream, service: SocketAddr, now: Arc<Mutex<Fault>>) {
    let Ok(far) = TcpStream::connect(service).await else { return };
    let ((mut near_in, near_out), (far_in, mut far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        _ = tokio::io::copy(&mut near_in, &mut far_out) => {}
        () = back(far_in, near_out, now) => {}
    }
}

async fn back(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, now: Arc<Mutex<Fault>>) {
    let (mut buffer, mut given) = (vec![0; 16 << 10], 0);
    loop {
        let Ok(n) = from.read(&mut buffer).await else { return };
        if n == 0 {
            return;
        }
        let fault = *now.lock().unwrap();
        let part = match fault {
            Fault::CloseAfter(bytes) | Fault::ResetAfter(bytes) => n.min(bytes.saturating_sub(given)),
            _ => n,
        };
        match fault {
            Fault::Hang => return std::future::pending().await,
            Fault::Refuse => return,
            Fault::Late(ms) => sleep(Duration::from_millis(ms)).await,
            _ => {}
        }
        if let Fault::Drip(ms) = fault {
            for byte in &buffer[..n] {
                if to.write_all(&[*byte]).await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(ms)).await;
            }
        } else if to.write_all(&buffer[..part]).await.is_err() {
            return;
        }
        given += part;
        if part < n {
            if matches!(fault, Fault::ResetAfter(_)) {
                to.as_ref().set_zero_linger().unwrap();
            }
            return;
        }
    }
}
