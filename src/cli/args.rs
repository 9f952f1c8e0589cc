//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use super::objects::args::{self as objects, Noun};

/// Imports a WSDL and publishes it as an API: REST/JSON from the schemas, the raw SOAP endpoint beside it.
#[derive(Debug, Parser)]
#[command(name = "castile", version, max_term_width = 100, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, clap::Args)]
pub(super) struct Global {
    /// The settings file [default: castile.yaml, where it is there]
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The server that commands about running things speak to
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "URL")]
    pub(super) server: Option<String>,
    /// How answers are written
    #[arg(long, global = true, help_heading = "Everywhere", value_name = "FORMAT", default_value = "table")]
    pub(super) output: Output,
    /// Say less: answers and errors only
    #[arg(short, long, global = true, help_heading = "Everywhere", conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Say more
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    pub(super) verbose: bool,
    /// Never use colours (as NO_COLOR does)
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(super) no_color: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    Table,
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The first minute: a mock of the WSDL, imported and served, with two curl lines to paste
    Try(Try),
    /// Make a commented castile.yaml and the folder apis/; never overwrites
    Init(Init),
    /// Import a WSDL: writes apis/NAME/ and reports what became of every operation
    Import(Import),
    /// Import a newer WSDL of an API: edits and names stay, and everything that breaks callers is listed
    Update(Update),
    /// Make an API of another product's archive, and list what could not be carried over
    Migrate(super::migrate::Migrate),
    /// Check settings and APIs: all errors at once, with their places
    Check(Check),
    /// Gateway and admin listener of the folder of APIs
    Serve(super::serve::Serve),
    /// Run a SOAP service made from a WSDL
    Mock(Mock),
    /// JSON on standard input → SOAP envelope on standard output
    Encode(Translate),
    /// SOAP envelope on standard input → JSON on standard output
    Decode(Translate),
    /// Prove that the mapping loses nothing: messages made from the schemas go through it and must come back the same
    Prove(Prove),
    /// Call an operation of an API
    Call(Call),
    /// Print the OpenAPI document
    Openapi(Openapi),
    /// Print the WSDL as the gateway gives it out
    Wsdl(Wsdl),
    /// Care for the store: migrate, backup, restore, check
    Db(Db),
    /// Look at everything that a server needs, and say in a line each how it is and what to do
    Doctor,
    /// Say how the folder of APIs and a running server differ
    Diff(super::objects::delivery::Diff),
    /// Make the APIs of a running server those of the folder
    Apply(super::objects::delivery::Apply),
    /// Write the APIs of a running server into the folder
    Export(super::objects::delivery::Export),
    /// APIs of a running server: states, revisions, rollback
    Api(Noun<super::objects::api::Api>),
    /// Applications of a running server: what callers register
    App(Noun<objects::App>),
    /// Subscriptions of applications to APIs
    Subscription(Noun<objects::Subscription>),
    /// API keys of applications
    Key(Noun<objects::Key>),
    /// Plans: how often subscriptions may call
    Plan(Noun<objects::Plan>),
    /// Users and their roles
    User(Noun<objects::User>),
    /// Tenants: organisations that own APIs
    Tenant(Noun<objects::Tenant>),
    /// OAuth clients of applications
    Client(Noun<objects::Client>),
    /// Outside issuers of tokens
    Issuer(Noun<objects::Issuer>),
    /// Secrets for SOAP services, sealed in the store
    Secret(Noun<super::objects::secret::Secret>),
    /// Access tokens of applications
    Token(Noun<super::objects::token::Token>),
    /// Keys that sign tokens
    Signing(Noun<super::objects::access::Signing>),
    /// Instances of Castile on the same store
    Instance(Noun<super::objects::access::Instance>),
    /// The audit log of a running server
    Audit(super::objects::Audit),
    /// Print a Postman collection (v2.1) with a sample call of each resource
    Postman(super::plans::Plan),
    /// Print a JMeter test plan (5.x) that calls one resource with one thread
    Jmeter(super::plans::Jmeter),
    /// Print the JSON Schema of a kind of file, for editors
    Schema(super::schema::Schema),
    /// Print a shell's completions
    Completions(super::packaging::Completions),
    /// Write a manual page for each command into a folder
    Man(super::packaging::Man),
    /// Compile texts for a server that started this
    #[command(hide = true)]
    CompileApart(super::apart::Apart),
    /// Explain an error code, or show the compiled plan of an operation
    Explain(Explain),
}

#[derive(Debug, clap::Args)]
pub(super) struct Try {
    /// A file, a folder, a zip, or an address [default: a sample that ships with it]
    #[arg(value_name = "WSDL")]
    pub(super) wsdl: Option<String>,
    /// Which WSDL of a folder or zip, by its path in it
    #[arg(long, value_name = "PATH")]
    pub(super) root: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// Where
    #[arg(default_value = ".")]
    pub(super) dir: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// A file, a folder, a zip, or an address
    #[arg(value_name = "WSDL")]
    pub(super) wsdl: String,
    /// The API's name [default: what the WSDL suggests]
    #[arg(long, short = 'n', value_name = "N")]
    pub(super) name: Option<String>,
    /// The API's version [default: 1]
    #[arg(long, value_name = "V")]
    pub(super) api_version: Option<String>,
    /// The API's context [default: its name in lower case]
    #[arg(long, value_name = "C")]
    pub(super) context: Option<String>,
    /// Where the SOAP service is [default: what the WSDL says]
    #[arg(long, value_name = "URL")]
    pub(super) endpoint: Option<String>,
    /// Which faces the API shows
    #[arg(long, default_value = "both")]
    pub(super) mode: Mode,
    /// Say what would happen and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Which WSDL of a folder or zip, by its path in it
    #[arg(long, value_name = "PATH")]
    pub(super) root: Option<String>,
    /// The folder of API definitions [default: `apis` of the settings, else ./apis]
    #[arg(long, value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// Certificates of further authorities for https addresses, PEM
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    Rest,
    Passthrough,
    Both,
}

#[derive(Debug, clap::Args)]
pub(super) struct Update {
    /// The API: its name, or its folder
    #[arg(value_name = "API")]
    pub(super) api: String,
    /// The newer WSDL: a file, a folder, a zip, or an address
    #[arg(value_name = "WSDL")]
    pub(super) wsdl: String,
    /// Report only, write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Carry it out although callers will notice
    #[arg(long)]
    pub(super) accept_breaking: bool,
    /// Which WSDL of a folder or zip, by its path in it
    #[arg(long, value_name = "PATH")]
    pub(super) root: Option<String>,
    /// A file with certificates of authorities that addresses may be signed by
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// A folder with castile.yaml, a folder of APIs, or one API's folder
    #[arg(default_value = ".")]
    pub(super) path: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(super) struct Mock {
    /// A WSDL (file, folder, zip, address) or the name of an API
    #[arg(value_name = "WSDL|API")]
    pub(super) target: String,
    /// The port to listen on; 0: any free one
    #[arg(long, default_value_t = 9000)]
    pub(super) port: u16,
    /// Milliseconds that every answer waits
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(super) delay: u64,
    /// How likely a declared fault is, from 0 to 1
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    pub(super) fault: f64,
    /// Check requests against their schema, and that they have the WS-Security parts that are asked for
    #[arg(long)]
    pub(super) validate: bool,
    /// Varied answers, the same for equal seeds; without it each operation has one readable answer
    #[arg(long, value_name = "S")]
    pub(super) seed: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Translate {
    /// A WSDL (file, folder, zip, address) or the name of an API
    #[arg(value_name = "WSDL|API")]
    pub(super) target: String,
    /// The operation
    pub(super) operation: String,
    /// Which message [default: request for encode, response for decode]
    #[arg(long)]
    pub(super) direction: Option<Direction>,
    /// decode: the message's Content-Type, where it does not begin with MIME header fields
    #[arg(long, value_name = "TYPE")]
    pub(super) content_type: Option<String>,
    /// encode: an MTOM package
    #[arg(long)]
    pub(super) mtom: bool,
    /// The port, where several have the operation
    #[arg(long, value_name = "[SERVICE/]PORT")]
    pub(super) port: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Prove {
    /// A WSDL (file, folder, zip, address) or the name of an API
    #[arg(value_name = "WSDL|API")]
    pub(super) target: String,
    /// Envelopes of each message at least; more follow as long as they show something new
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) cases: u32,
    /// Other messages; the same for equal seeds
    #[arg(long, value_name = "S", default_value_t = crate::prove::DEFAULT_SEED)]
    pub(super) seed: u64,
    /// The same messages as an import; `--operation` says which of them are shown
    #[arg(long, conflicts_with_all = ["cases", "seed"])]
    pub(super) short: bool,
    /// Which WSDL of a folder or zip, by its path in it
    #[arg(long, value_name = "PATH")]
    pub(super) root: Option<String>,
    /// This operation only
    #[arg(long, value_name = "OP")]
    pub(super) operation: Option<String>,
    /// The port, where several have the operation
    #[arg(long, value_name = "[SERVICE/]PORT", requires = "operation")]
    pub(super) port: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Direction {
    Request,
    Response,
}

#[derive(Debug, clap::Args)]
pub(super) struct Call {
    /// The name of an API, or a WSDL
    #[arg(value_name = "API")]
    pub(super) target: String,
    /// The operation
    pub(super) operation: String,
    /// `k=v` (a text, read by the schema), `k:=json`, `@file` (the whole body; `@-` is standard input)
    #[arg(value_name = "k=v|k:=json|@file")]
    pub(super) input: Vec<String>,
    /// The body is an envelope, and the answer is shown as it comes
    #[arg(long)]
    pub(super) soap: bool,
    /// Show all four messages and their times
    #[arg(long)]
    pub(super) trace: bool,
    /// Show the envelope and send nothing
    #[arg(long)]
    pub(super) offline: bool,
    /// Where the SOAP service is [default: what the API or the WSDL says]
    #[arg(long, value_name = "URL")]
    pub(super) endpoint: Option<String>,
    /// The port, where several have the operation
    #[arg(long, value_name = "[SERVICE/]PORT")]
    pub(super) port: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Openapi {
    /// The name of an API, or a WSDL
    #[arg(value_name = "API|WSDL")]
    pub(super) target: String,
    /// 3.1 or 3.0
    #[arg(long, value_name = "V", default_value = "3.1", value_parser = ["3.1", "3.0"])]
    pub(super) openapi_version: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct Wsdl {
    /// The name of an API, or a WSDL
    #[arg(value_name = "API|WSDL")]
    pub(super) target: String,
    /// Which document: 0 is the root
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) xsd: usize,
}

#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// An error code, or the name of an API or a WSDL
    #[arg(value_name = "CODE|API")]
    pub(super) subject: String,
    /// The operation, after an API
    pub(super) operation: Option<String>,
    /// The port, where several have the operation
    #[arg(long, value_name = "[SERVICE/]PORT")]
    pub(super) port: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Db {
    #[command(subcommand)]
    pub(super) command: DbCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum DbCommand {
    /// Bring the database to this version's schema, making it where it is missing; `serve` does so by itself
    Migrate,
    /// Write everything to a file, as of one moment; the server may run meanwhile
    Backup {
        /// The new file
        file: PathBuf,
    },
    /// Read a backup into an empty store, all or nothing
    Restore {
        /// A file that `backup` wrote
        file: PathBuf,
        /// Also into a store that is not empty: everything in it is lost
        #[arg(long)]
        replace: bool,
    },
    /// Read everything and say what is not as it was written: the audit log, records, revisions
    Check,
}
