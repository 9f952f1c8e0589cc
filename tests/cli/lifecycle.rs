//! The examples of docs/lifecycle.md, run word for word.

use std::fs;
use std::path::Path;

use super::apis::House;
use crate::support;

/// A command of the page: its words, how it shall end, and the lines that follow.
struct Example {
    line: String,
    exit: i32,
    says: Vec<String>,
}

fn examples(page: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut is_inside = false;
    for line in page.lines() {
        match line.strip_prefix("$ ") {
            _ if line.starts_with("```") => is_inside = line == "```console",
            Some(command) if is_inside => {
                let (line, exit) = match command.split_once("# exit code ") {
                    Some((line, code)) => (line, code.trim().parse().unwrap()),
                    None => (command, 0),
                };
                found.push(Example { line: line.trim().to_owned(), exit, says: Vec::new() });
            }
            None if is_inside => found.last_mut().unwrap().says.push(line.to_owned()),
            Some(_) | None => {}
        }
    }
    found
}

/// `edit FILE "FROM" "TO"`: what a person does.
fn edit(folder: &Path, line: &str) {
    let parts: Vec<&str> = line.split('"').collect();
    let file = folder.join(parts[0].trim());
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(parts[1]), "{line}: {text}");
    fs::write(file, text.replace(parts[1], parts[3])).unwrap();
}

#[test]
fn the_examples_of_the_page_do_what_it_says() {
    let house = House::start();
    let folder = house.server.path();
    fs::rename(house.apis(), folder.join("ours")).unwrap();
    fs::create_dir(folder.join("none")).unwrap();
    let page = fs::read_to_string(support::path("docs/lifecycle.md")).unwrap();
    let examples = examples(&page);
    assert!(examples.len() > 30, "{}", examples.len());
    for Example { line, exit, says } in examples {
        if let Some(edited) = line.strip_prefix("edit ") {
            edit(folder, edited);
            continue;
        }
        let words: Vec<&str> = line.strip_prefix("castile ").unwrap().split(' ').collect();
        let said = house.run(&words).code(exit);
        // Columns stand apart by tabs where nobody reads them; acts that only show what they did are not repeated on the page.
        if !(says.is_empty() && (line.ends_with(" -q") || line.contains("--output"))) {
            let columns: Vec<String> = said.out.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
            assert_eq!(columns, says, "{line}\n{}", said.err);
        }
    }
}
