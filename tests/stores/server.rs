//! A PostgreSQL server of a test's own: in a temporary folder, on a free port of the loopback, ended with the test.

use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use castile::store::PostgresOptions;
use sqlx::{Connection, PgConnection};

use crate::support;

/// What nothing may print.
pub(crate) const PASSWORD: &str = "planted-p%40ss/word";
const USER: &str = "castile";

pub(crate) struct Server {
    folder: tempfile::TempDir,
    bin: PathBuf,
    port: u16,
    running: Option<Child>,
    databases: AtomicU32,
}

/// The folder of PostgreSQL's programs: Debian keeps the server's apart.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|e| e.path().join("bin"));
    let on_path = std::env::var_os("PATH").map(|p| std::env::split_paths(&p).collect::<Vec<_>>()).unwrap_or_default();
    debian.chain(on_path).find(|f| f.join("initdb").is_file() && f.join("postgres").is_file())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

impl Server {
    /// A new server; says so and gives none where PostgreSQL is not installed.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let Some(bin) = programs() else {
            support::skip(test, "PostgreSQL's server, package postgresql (tests/run.sh installs it)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let user = is_root().then(|| {
            // PostgreSQL refuses to be root; the folder belongs to the user that its package made.
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
            let ids = Command::new("id").args(["-u", "postgres"]).output().unwrap();
            let user = String::from_utf8(ids.stdout).unwrap().trim().parse().unwrap();
            chown(folder.path(), Some(user), None).unwrap();
            user
        });
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Self { folder, bin, port, running: None, databases: AtomicU32::new(0) };
        std::fs::write(server.path("password"), PASSWORD).unwrap();
        let made = server
            .command("initdb")
            .args(["--no-sync", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "-U", USER])
            .arg(format!("--pwfile={}", server.path("password").display()))
            .arg("-D")
            .arg(server.path("data"))
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        server.certify(user);
        server.run();
        Some(server)
    }

    /// A certificate of its own for `127.0.0.1`.
    fn certify(&self, user: Option<u32>) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(self.path("server.crt"), made.cert.pem()).unwrap();
        std::fs::write(self.path("server.key"), made.signing_key.serialize_pem()).unwrap();
        std::fs::set_permissions(self.path("server.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
        if user.is_some() {
            chown(self.path("server.key"), user, None).unwrap();
        }
    }

    /// The same database, reached only by TLS, with a server that shows a certificate of that file.
    pub(crate) fn verified(options: &PostgresOptions, authority: &Path) -> PostgresOptions {
        PostgresOptions { url: format!("{}?sslmode=verify-full&sslrootcert={}", options.url, authority.display()), ..options.clone() }
    }

    /// What `pg_dump` writes of a database.
    pub(crate) fn dump(&self, options: &PostgresOptions) -> Vec<u8> {
        let password = options.password.as_deref().unwrap_or(PASSWORD);
        let dumped = Command::new(self.bin.join("pg_dump")).arg(&options.url).env("PGPASSWORD", password).output().unwrap();
        assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
        dumped.stdout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program of PostgreSQL, as a user that it runs for.
    fn command(&self, name: &str) -> Command {
        let program = self.bin.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path());
        command
    }

    /// Runs the server and waits until it answers.
    pub(crate) fn run(&mut self) {
        let log = std::fs::File::create(self.path("log")).unwrap();
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.path("data")).args(["-p", &self.port.to_string(), "-h", "127.0.0.1", "-k", ""]);
        let files =
            [format!("ssl_cert_file={}", self.path("server.crt").display()), format!("ssl_key_file={}", self.path("server.key").display())];
        for file in &files {
            command.args(["-c", "ssl=on", "-c", file]);
        }
        for setting in ["fsync=off", "shared_buffers=16MB", "max_connections=60", "log_statement=all", "log_parameter_max_length=0"] {
            command.args(["-c", setting]);
        }
        self.running = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
        let until = Instant::now() + Duration::from_secs(30);
        while !self.log().contains("ready to accept connections") {
            assert!(Instant::now() < until, "{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Ends the server: its connections are cut.
    pub(crate) fn stop(&mut self) {
        self.signal("INT");
        if let Some(mut running) = self.running.take() {
            running.wait().unwrap();
        }
    }

    /// `STOP`, `CONT`, `INT`, `QUIT`: to the server's first process.
    fn signal(&self, name: &str) {
        if let Some(running) = &self.running {
            let sent = Command::new("kill").args(["-s", name, &running.id().to_string()]).status().unwrap();
            assert!(sent.success());
        }
    }

    /// A new, empty database.
    pub(crate) async fn database(&self) -> PostgresOptions {
        let name = format!("d{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut admin = self.connect("postgres").await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        PostgresOptions { url: self.url(&name), password: Some(PASSWORD.into()) }
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// A connection that is not the store's.
    pub(crate) async fn connect(&self, database: &str) -> PgConnection {
        let options: sqlx::postgres::PgConnectOptions = self.url(database).parse().unwrap();
        PgConnection::connect_with(&options.password(PASSWORD)).await.unwrap()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal("QUIT");
        if let Some(mut running) = self.running.take() {
            let _ = running.wait();
        }
    }
}
