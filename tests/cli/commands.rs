//! docs/commands.md is what the commands say of themselves.

use std::fmt::Write;
use std::path::Path;

use super::{castile, run};
use crate::support;

/// What stands above the commands.
const HEAD: &str = "\
# Commands
Every command, with its arguments, as `castile COMMAND --help` prints them. `CASTILE_WRITE=1 cargo nextest run cli::commands` writes this page; without the variable the test compares.

| exit code | says |
| --- | --- |
| 0 | all is well |
| 1 | a problem was found: settings or files that are not good, something that was refused, a difference (`diff`), a breaking change (`update`) |
| 2 | wrong usage: an unknown command or argument, a value that does not fit |
| 3 | somebody cannot be reached: the server, the database, a service; or there is no token for the server |

Answers go to standard output, everything else to standard error. Tables and colour are for terminals only; `--output json` is for scripts. A secret that was made is shown once.
The server is the one of the settings file, on this machine by its token file; elsewhere `--server URL` and `CASTILE_TOKEN` ([admin.md](admin.md)). The options under *Everywhere* are those of every command and stand here once.
";

/// The help of a command, without the options of every command.
fn help(folder: &Path, words: &[String]) -> String {
    let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    arguments.push("--help");
    let output = castile(folder, &arguments).env("COLUMNS", "100").output().unwrap();
    assert!(output.status.success(), "{words:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    if words.is_empty() { lines } else { lines.split("\nEverywhere:").next().unwrap().trim_end().to_owned() }
}

/// The commands that a help lists.
fn below(help: &str) -> Vec<String> {
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return Vec::new() };
    let lines = list.lines().take_while(|l| !l.is_empty());
    let names = lines.filter(|l| l.starts_with("  ") && !l.starts_with("   ")).filter_map(|l| l.split_whitespace().next());
    names.filter(|n| *n != "help").map(str::to_owned).collect()
}

fn write(page: &mut String, folder: &Path, words: &[String]) {
    let help = help(folder, words);
    let title = if words.is_empty() { "castile".to_owned() } else { format!("castile {}", words.join(" ")) };
    let _ = write!(page, "\n{} {title}\n```text\n{help}\n```\n", if words.len() < 2 { "##" } else { "###" });
    for name in below(&help) {
        write(page, folder, &[words, &[name]].concat());
    }
}

#[test]
fn the_page_of_commands_is_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let mut page = HEAD.to_owned();
    write(&mut page, folder.path(), &[]);
    assert!(page.contains("### castile app certificate") && page.contains("## castile doctor"), "commands below commands are found");
    let file = support::path("docs/commands.md");
    if std::env::var_os("CASTILE_WRITE").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    let first = written.lines().zip(page.lines()).find(|(a, b)| a != b);
    assert!(written == page, "docs/commands.md is not what the commands say: CASTILE_WRITE=1 writes it; first: {first:?}");
    // The codes that the page promises.
    run(folder.path(), &["version-of-nothing"]).code(2);
    run(folder.path(), &["app", "list", "--server", "http://127.0.0.1:1"]).code(3);
}
