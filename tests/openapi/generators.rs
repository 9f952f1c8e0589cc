//! What openapi-generator makes of the documents: a Python client that calls every operation through the gateway to the mock and says what
//! the document's examples say, and a TypeScript client that the compiler takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use castile::api::ApiDefinition;
use serde_json::json;

use super::corpus_services;
use super::served::Served;
use crate::support;

/// Services of the corpus, each for what it is known for.
const SERVICES: [&str; 12] = [
    "rubiii-abstract-types", // An abstract type: oneOf with a discriminator.
    "axis-polymorphism",     // A type that another derives from, and that stands by itself.
    "epcis",                 // Substitution groups, wildcards, repeated choices.
    "membrane-recursive",    // Recursion.
    "metro-header",          // SOAP headers.
    "axis-arrays",           // rpc/encoded, arrays.
    "jira",                  // rpc/encoded, graphs, `$type` beside a property `type`.
    "address-rpclit",        // rpc/literal.
    "paypal",                // Enumerations whose values differ in case only.
    "amazon-awse",           // Attributes; operations and elements of one name.
    "rubiii-choice",         // A choice.
    "rubiii-union",          // Unions.
];

/// The generators, and the tool that each client is tried with.
const GENERATORS: [&str; 2] = ["python", "typescript-fetch"];

/// The jar that the Python package carries.
fn jar(python: &Path) -> PathBuf {
    let find = "import openapi_generator_cli as g; print(g.__path__[0])";
    let found = Command::new(python).args(["-c", find]).output().unwrap();
    PathBuf::from(String::from_utf8(found.stdout).unwrap().trim()).join("openapi-generator.jar")
}

/// What one generation is made with: the options that docs/openapi.md recommends.
fn settings(folder: &Path, service: &str, generator: &str) -> PathBuf {
    let file = folder.join(format!("{service}.{generator}.json"));
    let settings = json!({
        "generatorName": generator,
        "inputSpec": folder.join(format!("{service}.openapi.json")),
        "outputDir": folder.join(generator).join(service),
        "nameMappings": { "$type": "xsi_type" },
        "additionalProperties": { "prefixParameterInterfaces": true },
        "globalProperties": { "apiTests": "false", "modelTests": "false", "apiDocs": "false", "modelDocs": "false" },
    });
    fs::write(&file, settings.to_string()).unwrap();
    file
}

/// Runs a command on a thread of its own; gives what it said where it failed.
async fn run(mut command: Command) -> Result<String, String> {
    let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if done.status.success() { Ok(text) } else { Err(format!("{:?}: {}", done.status, text.chars().take(6_000).collect::<String>())) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn generated_clients_work() {
    const TEST: &str = "openapi::generators::generated_clients_work";
    let (Some(java), Some(node)) = (support::program_or_skip(TEST, "java"), support::program_or_skip(TEST, "node")) else { return };
    let (Some(python), Some(typescript)) = (support::python_or_skip(TEST), support::npm_or_skip(TEST, "typescript")) else { return };
    let services: Vec<_> = corpus_services(TEST).into_iter().filter(|(name, _)| SERVICES.contains(&&**name)).collect();
    if services.is_empty() {
        return;
    }
    assert_eq!(services.len(), SERVICES.len());
    let folder = support::path("target/openapi/generated");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let mut served = Vec::new();
    for (name, wsdl) in &services {
        let one = Served::start(&ApiDefinition::named(name), wsdl).await.unwrap_or_else(|| panic!("{name} cannot be imported"));
        fs::write(folder.join(format!("{name}.openapi.json")), one.document.to_string()).unwrap();
        served.push(one);
    }
    let jar = jar(&python);
    let mut generate = Command::new(java);
    generate.arg("-jar").arg(&jar).args(["batch", "--fail-fast", "--threads", "2", "--"]);
    for (name, _) in &services {
        generate.args(GENERATORS.map(|generator| settings(&folder, name, generator)));
    }
    run(generate).await.unwrap_or_else(|e| panic!("openapi-generator: {e}"));

    let mut wrong = Vec::new();
    let mut calls = tokio::task::JoinSet::new();
    for (name, _) in &services {
        let (client, document) = (folder.join("python").join(name), folder.join(format!("{name}.openapi.json")));
        let mut command = Command::new(&python);
        command.arg(support::path("tests/clients/generated_client.py")).arg(client).arg(document);
        let name = name.clone();
        calls.spawn(async move { (name, run(command).await) });
    }
    let mut compile = Command::new(node);
    compile.arg(typescript.join("bin/tsc")).args(["--noEmit", "--strict", "--skipLibCheck", "--target", "es2020", "--lib", "es2020,dom"]);
    compile.args(["--module", "esnext", "--moduleResolution", "node"]);
    compile.args(services.iter().map(|(name, _)| folder.join("typescript-fetch").join(name).join("index.ts")));
    let compiled = run(compile).await;
    while let Some(called) = calls.join_next().await {
        match called.unwrap() {
            (name, Ok(text)) => println!("{name}: {}", text.trim()),
            (name, Err(text)) => wrong.push(format!("{name}: {text}")),
        }
    }
    wrong.extend(compiled.err().map(|text| format!("TypeScript: {text}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
