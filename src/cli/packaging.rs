//! `castile completions` and `castile man`: what packages of the binary have beside it, made from the command line's own description.

use std::fs;
use std::path::PathBuf;

use clap::{Args as Arguments, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man as Page;

use super::args::Args;
use super::{Exit, Outcome, Screen};

#[derive(Debug, Arguments)]
pub(super) struct Completions {
    /// Whose
    shell: Shell,
}

#[derive(Debug, Arguments)]
pub(super) struct Man {
    /// The folder, which is made where it is missing; pages of these names are overwritten
    dir: PathBuf,
}

/// Prints the completions of a shell.
pub(super) fn completions(screen: &Screen, args: &Completions) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "castile", &mut script);
    Ok(screen.answer(&script))
}

/// Writes `castile.1`, `castile-import.1`, `castile-app-create.1` and so on.
pub(super) fn man(screen: &Screen, args: &Man) -> Outcome {
    let mut command = Args::command();
    command.build();
    let mut pages = Vec::new();
    describe(&command, "castile", &mut pages);
    let written = fs::create_dir_all(&args.dir).and_then(|()| {
        pages.iter().try_for_each(|(name, page)| {
            let mut text = Vec::new();
            page.render(&mut text)?;
            fs::write(args.dir.join(format!("{name}.1")), text)
        })
    });
    if let Err(e) = written {
        screen.error(&format!("the pages cannot be written into {}: {e}", args.dir.display()));
        return Err(Exit::Problem);
    }
    screen.say(&format!("{} pages in {}", pages.len(), args.dir.display()));
    Ok(Exit::Fine)
}

/// The pages of a command and of those below it.
fn describe(command: &clap::Command, name: &str, pages: &mut Vec<(String, Page)>) {
    pages.push((name.to_owned(), Page::new(command.clone())));
    for below in command.get_subcommands().filter(|c| c.get_name() != "help" && !c.is_hide_set()) {
        describe(below, &format!("{name}-{}", below.get_name()), pages);
    }
}
