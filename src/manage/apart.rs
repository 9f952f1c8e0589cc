//! A process of its own that reads and compiles texts: one at a time, of low priority, with bounds on memory and time. However it ends, this one goes on.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::ManageError;
use crate::telemetry::names;

/// Bytes of what the process answers: the texts of an API, what JSON writes around them, and findings.
const MAX_ANSWER: u64 = 256 << 20;
/// Bytes of what it says beside.
const MAX_SAID: u64 = 64 << 10;
/// What the allocator says when the memory that the process may have is used up.
const NO_MEMORY: [&str; 2] = ["memory allocation of", "out of memory"];

/// What the process does: it reads this from its standard input, and answers on standard output, both JSON.
pub trait Work: Serialize + DeserializeOwned + Send + 'static {
    /// The word by which the process is told what it is to do.
    const KIND: &'static str;
    /// What comes of it.
    type Answer: Serialize + DeserializeOwned + Send + 'static;

    /// The API that it is about, for logs and refusals.
    fn api(&self) -> &str;

    /// Does it. Takes as long and as much memory as it asks for.
    fn run(self) -> Self::Answer;

    /// Was nothing wrong with what came in?
    fn is_good(answer: &Self::Answer) -> bool;
}

/// What a process answers.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answered<A> {
    /// Bytes by which its memory grew at most; `None`: the system does not say.
    pub peak: Option<u64>,
    /// What came of its work.
    pub answer: A,
}

/// Reads and compiles texts in a process of its own.
#[derive(Debug)]
pub struct Apart {
    program: PathBuf,
    memory: u64,
    deadline: Duration,
    one: Mutex<()>,
}

/// The words by which the program is told what it is: see `castile::cli`.
pub const COMMAND: &str = "compile-apart";

/// How a process ended that brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Memory,
    Time,
    Other,
}

impl Apart {
    /// Runs `program COMMAND KIND --memory BYTES --seconds N`. `memory` in bytes; `deadline` is rounded up to whole seconds.
    pub fn new(program: PathBuf, memory: u64, deadline: Duration) -> Self {
        Self { program, memory, deadline, one: Mutex::new(()) }
    }

    /// What comes of the work. Waits for those before.
    ///
    /// # Errors
    /// It needs more memory or time than there is, or the process ended for no reason of its own.
    pub async fn run<W: Work>(&self, work: &W) -> Result<Answered<W::Answer>, ManageError> {
        let _one = self.one.lock().await;
        let failed = |e: &dyn std::fmt::Display| ManageError::System(format!("texts cannot be compiled in a process of their own: {e}"));
        let asked = serde_json::to_vec(work).map_err(|e| failed(&e))?;
        let seconds = self.deadline.as_secs_f64().ceil().max(1.0).to_string();
        let mut child = Command::new(&self.program)
            .args([COMMAND, W::KIND, "--memory", &self.memory.to_string(), "--seconds", &seconds])
            // It reads texts of strangers: it has no secret of this process.
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| failed(&e))?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            return Err(failed(&"it has no pipes"));
        };
        let talk = async {
            let asking = async {
                // One that has ended does not listen to the end.
                let _ended = stdin.write_all(&asked).await;
                drop(stdin);
            };
            let ((), answer, said) = tokio::join!(asking, read(stdout, MAX_ANSWER), read(stderr, MAX_SAID));
            (answer, said, child.wait().await)
        };
        let (answer, said, status) = match timeout(self.deadline, talk).await {
            Err(_) => return Err(self.ended(work.api(), End::Time, None)),
            Ok((answer, said, status)) => (answer, said, status.map_err(|e| failed(&e))?),
        };
        let answer = Some(answer).filter(|_| status.success()).and_then(|a| serde_json::from_slice::<Answered<W::Answer>>(&a).ok());
        let Some(answered) = answer else {
            let said = String::from_utf8_lossy(&said);
            let end = if NO_MEMORY.iter().any(|words| said.contains(words)) { End::Memory } else { End::Other };
            return Err(self.ended(work.api(), end, Some(status)));
        };
        count(if W::is_good(&answered.answer) { "good" } else { "refused" });
        Ok(answered)
    }

    /// Says in log and metric how a process ended, and to the publisher what to do.
    fn ended(&self, api: &str, end: End, status: Option<ExitStatus>) -> ManageError {
        let status = status.map(|s| s.to_string());
        tracing::warn!(api, ?end, status, "a process that compiled the texts of an API ended without an answer");
        match end {
            End::Memory => {
                count("memory");
                ManageError::TooLarge {
                    api: api.to_owned(),
                    limit: format!("{} MiB of memory", self.memory >> 20),
                    setting: "limits.import.memory",
                }
            }
            End::Time => {
                count("time");
                let limit = format!("{} s", self.deadline.as_secs());
                ManageError::TooLarge { api: api.to_owned(), limit, setting: "limits.import.deadline" }
            }
            End::Other => {
                count("ended");
                ManageError::Ended { api: api.to_owned() }
            }
        }
    }
}

/// All that comes, up to so many bytes; what is more is read and dropped, so that who writes can end.
async fn read(from: impl AsyncRead + Unpin, max_bytes: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut from = from.take(max_bytes);
    let _broken = from.read_to_end(&mut bytes).await;
    let _broken = tokio::io::copy(&mut from.into_inner(), &mut tokio::io::sink()).await;
    bytes
}

fn count(result: &'static str) {
    metrics::counter!(names::IMPORTS, "result" => result).increment(1);
}
