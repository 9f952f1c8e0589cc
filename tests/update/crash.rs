//! An update that dies: the folder is the old one or the new one, never a part of each.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::cli::run;
use crate::support;

/// Every file of an API's folder with its text, but what an update keeps of the one before.
fn texts(folder: &Path) -> Vec<(String, String)> {
    let name = |f: &Path| f.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
    let files = support::every_file(folder).into_iter().filter(|f| !name(f).starts_with("previous/"));
    files.map(|f| (name(&f), fs::read_to_string(&f).unwrap())).collect()
}

#[test]
fn an_update_that_is_killed_leaves_the_old_folder_or_the_new_one() {
    let wsdl = |which: &str| support::path("tests/update/breaking").join(which).to_string_lossy().into_owned();
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["import", &wsdl("old"), "--name", "library"]).fine();
    let apis = dir.path().join("apis");
    let api = apis.join("library");
    let old = texts(&api);
    let new_wsdl = wsdl("new");
    let args = ["update", "library", &new_wsdl, "--accept-breaking"];
    let began = Instant::now();
    run(dir.path(), &args).fine();
    let whole = began.elapsed();
    let new = texts(&api);
    assert_ne!(new, old);
    // Files are synced for most of the time: the moments are spread over all of it, and beyond, since a run may be slower than that one.
    let (mut before, mut after) = (0, 0);
    const MOMENTS: u32 = 12;
    for moment in 0..=MOMENTS {
        fs::remove_dir_all(&api).unwrap();
        for (name, text) in &old {
            let path = api.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut command = Command::new(support::castile());
        let mut child =
            command.args(args).current_dir(dir.path()).stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null()).spawn().unwrap();
        if moment < MOMENTS {
            std::thread::sleep(whole.mul_f64(1.2) * moment / (MOMENTS - 1));
            child.kill().unwrap();
        }
        child.wait().unwrap();
        match texts(&api) {
            now if now == old => before += 1,
            now if now == new => after += 1,
            now => panic!("moment {moment}: {:?}", now.iter().map(|(name, _)| name).collect::<Vec<_>>()),
        }
        // What a dead run leaves beside the folder is no API, and stands in nobody's way.
        run(dir.path(), &["check"]).fine();
    }
    assert!(before >= 1 && after >= 1, "{before} old, {after} new, a run takes {whole:?}");
    run(dir.path(), &args);
    assert_eq!(texts(&api), new);
}
